//! Runner of `check`: sends the requests of a check's steps, and collects the responses.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::checks::{CheckRequest, Context, Observation, Observations, PreparedRequest, Step};
use crate::commands::send::content_api::ContentStore;
use crate::io::client::{Client, Pool};
use crate::io::probe::ProbeCounter;
use crate::webhook::{Delivery, Outcome};

/// Sends requests to the handler under test.
pub(crate) struct CheckRunner {
    context: Arc<Context>,
    client: Client,
    pool: Arc<Pool>,
    gauge: Option<ProbeCounter>,
    /// Answers of the content API for inbound mail (`--api`).
    content: Option<Arc<ContentStore>>,
}

type TimedOutcome = (Outcome, Duration);

impl CheckRunner {
    /// Creates a runner for the target of `context`.
    pub(crate) fn new(
        context: Arc<Context>,
        client: Client,
        gauge: Option<ProbeCounter>,
        content: Option<Arc<ContentStore>>,
    ) -> CheckRunner {
        let pool = Arc::new(client.pool(&context.target));
        CheckRunner {
            context,
            client,
            pool,
            gauge,
            content,
        }
    }

    /// Runs the steps and returns their observations; the error says why a step cannot be run.
    pub(crate) async fn carry_out(&self, steps: &[Step]) -> Result<Observations, String> {
        let mut observations = Observations::default();
        // Keyed by request number, to repeat the same bytes.
        let mut sent: HashMap<u64, Delivery> = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            let Some(request) = step.request() else {
                observations.counts.push(self.count().await?);
                continue;
            };
            let answers = match step {
                Step::Again(_) => {
                    let before = sent.get(&request.number).cloned();
                    let delivery = before.map_or_else(|| self.make(request), Ok)?;
                    vec![self.deliver(&delivery).await]
                }
                Step::Send(_) => {
                    let delivery = self.make(request)?;
                    let answer = self.deliver(&delivery).await;
                    sent.insert(request.number, delivery);
                    vec![answer]
                }
                Step::Together(_, times) => self.together(self.make(request)?, *times).await,
                Step::Burst(_, count, at_once) => self.burst(request, *count, *at_once).await?,
                Step::Slowly(_, over) => {
                    let delivery = self.make(request)?;
                    let target = &self.context.target;
                    let path = &delivery.path;
                    vec![self.client.trickle(target, path, &delivery, *over).await]
                }
                Step::Count => Vec::new(),
            };
            observations
                .answers
                .extend(answers.into_iter().map(|(outcome, took)| Observation {
                    request: request.clone(),
                    step: number,
                    outcome,
                    took,
                }));
        }
        Ok(observations)
    }

    /// Sends one request and returns its outcome.
    pub(crate) async fn ask(&self, request: &CheckRequest) -> Result<Outcome, String> {
        Ok(self.deliver(&self.make(request)?).await.0)
    }

    fn make(&self, request: &CheckRequest) -> Result<Delivery, String> {
        let prepared = PreparedRequest::new(request, &self.context)?;
        let delivery = prepared.delivery(0, &self.context, Timestamp::now())?;
        if let Some(store) = &self.content
            && let Some(origin) = store.origin()
        {
            store.keep(prepared.answers(0, &self.context, &delivery, origin));
        }
        Ok(delivery)
    }

    async fn deliver(&self, delivery: &Delivery) -> TimedOutcome {
        self.pool.deliver(&delivery.path, delivery).await
    }

    async fn count(&self) -> Result<i64, String> {
        match &self.gauge {
            Some(gauge) => gauge.read(&self.client).await,
            None => Err("there is no probe".into()),
        }
    }

    async fn together(&self, delivery: Delivery, times: u16) -> Vec<TimedOutcome> {
        let delivery = Arc::new(delivery);
        let mut tasks = JoinSet::new();
        for _ in 0..times {
            let (pool, delivery) = (Arc::clone(&self.pool), Arc::clone(&delivery));
            tasks.spawn(async move { pool.deliver(&delivery.path, &delivery).await });
        }
        tasks.join_all().await
    }

    async fn burst(
        &self,
        request: &CheckRequest,
        count: u16,
        at_once: u16,
    ) -> Result<Vec<TimedOutcome>, String> {
        let next = Arc::new(AtomicU64::new(0));
        let prepared = Arc::new(PreparedRequest::new(request, &self.context)?);
        let mut tasks: JoinSet<Result<Vec<TimedOutcome>, String>> = JoinSet::new();
        for _ in 0..at_once {
            let (pool, context) = (Arc::clone(&self.pool), Arc::clone(&self.context));
            let (next, prepared) = (Arc::clone(&next), Arc::clone(&prepared));
            tasks.spawn(async move {
                let mut answers = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= u64::from(count) {
                        return Ok(answers);
                    }
                    let delivery = prepared.delivery(number, &context, Timestamp::now())?;
                    answers.push(pool.deliver(&delivery.path, &delivery).await);
                }
            });
        }
        let mut all = Vec::new();
        for answers in tasks.join_all().await {
            all.extend(answers?);
        }
        Ok(all)
    }
}
