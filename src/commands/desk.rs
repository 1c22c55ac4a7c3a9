//! The desk of `listen`: each arrival is read, kept, passed on, answered and told, in this order.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::id;
use super::keeper::Keeper;
use super::listen::Plan;
use crate::error::Result;
use crate::io::client::{Client, Pool, Settings};
use crate::io::server::{Answer, Arrival, Handler};
use crate::providers::{self, Keys, Provider};
use crate::report::{Notice, Received, Reporter, Tally};
use crate::webhook::{Delivery, Headers, Judge, Kind, Outcome, Receipt, Reply};

/// The largest answer of a handler that is passed back, in bytes.
const LARGEST_ANSWER: usize = 32 << 20;

/// The answer to give where no handler gives one.
#[derive(Clone, Debug)]
pub(super) struct Canned {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    pub(super) delay: Duration,
}

/// What an arrival meets: everything that is needed to deal with it.
pub(super) struct Desk {
    keys: Arc<Keys>,
    provider: Option<&'static Provider>,
    require_signature: bool,
    tolerance: Option<Duration>,
    public_url: Option<String>,
    topics: Vec<String>,
    pub(super) keeper: Option<Keeper>,
    forward: Option<(Pool, String)>,
    answer: Canned,
    shown: Vec<Kind>,
    count: Option<u64>,
    taken: AtomicU64,
    pub(super) tally: Mutex<Tally>,
    report: Arc<Reporter>,
    pub(super) stop: Notify,
}

impl Desk {
    pub(super) fn new(plan: &Plan, report: Arc<Reporter>) -> Result<Desk> {
        let forward = match &plan.forward_to {
            None => None,
            Some(target) => {
                let connect_timeout = Settings::default().connect_timeout.min(plan.timeout);
                let client = Client::new(Settings {
                    timeout: plan.timeout,
                    connect_timeout,
                    insecure: false,
                });
                Some((client.pool(target), target.to_string()))
            }
        };
        let keeper = plan.record.as_ref();
        let keeper = keeper
            .map(|record| Keeper::open(record, &report))
            .transpose()?;
        Ok(Desk {
            keys: Arc::clone(&plan.keys),
            provider: plan.provider,
            require_signature: plan.require_signature,
            tolerance: plan.tolerance,
            public_url: plan.public_url.clone(),
            topics: plan.topics.clone(),
            keeper,
            forward,
            answer: plan.answer.clone(),
            shown: plan.shown.clone(),
            count: plan.count,
            taken: AtomicU64::new(0),
            tally: Mutex::new(Tally::new("received")),
            report,
            stop: Notify::new(),
        })
    }
}

impl Handler for Desk {
    async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
        let begun = Instant::now();
        let Arrival {
            delivery,
            remote,
            at,
        } = arrival;
        let id = id::new(at);
        let receipt = self.read(&delivery, at);
        let answer = self.answer(&id, &delivery, &receipt, at, begun).await;
        self.told(
            &id,
            at,
            remote,
            &delivery,
            &receipt,
            &answer,
            begun.elapsed(),
        );
        answer
    }
}

impl Desk {
    fn read(&self, delivery: &Delivery, now: Timestamp) -> Receipt {
        let judge = Judge {
            now,
            tolerance: self.tolerance,
            public_url: self.public_url.clone(),
            topics: self.topics.clone(),
        };
        providers::read(delivery, self.provider, &self.keys, &judge)
    }

    async fn answer(
        &self,
        id: &str,
        delivery: &Delivery,
        receipt: &Receipt,
        at: Timestamp,
        begun: Instant,
    ) -> Answer {
        let handshake = providers::is_handshake(delivery);
        let refused = self.require_signature && !receipt.signature.verdict.holds() && !handshake;
        let status = if refused {
            StatusCode::UNAUTHORIZED
        } else {
            self.answer.status
        };
        if let Some(keeper) = &self.keeper {
            // What a handler will answer is not known yet; to be kept comes first.
            let is_known = self.forward.is_none() || refused;
            let reply = is_known.then(|| Reply {
                status: status.as_u16(),
                micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            });
            match keeper.keep(id, at, delivery, reply).await {
                Ok(file) => self.report.tell(&Notice::Recorded { id, file: &file }),
                Err(why) => {
                    self.report
                        .warn(&format!("not recorded, so not acknowledged: {why}"));
                    return plain(
                        StatusCode::INSUFFICIENT_STORAGE,
                        "the delivery could not be recorded\n",
                    );
                }
            }
        }
        if refused {
            let why = receipt
                .signature
                .reason
                .as_deref()
                .unwrap_or("it is not signed");
            return plain(StatusCode::UNAUTHORIZED, &format!("{why}\n"));
        }
        if let Some((pool, name)) = &self.forward {
            return self.forward(id, delivery, pool, name).await;
        }
        if !self.answer.delay.is_zero() {
            tokio::time::sleep(self.answer.delay).await;
        }
        let mut headers = self.answer.headers.clone();
        // CloudEvents asks, before it sends, whether it may.
        if let (true, Some(origin)) = (
            delivery.method == http::Method::OPTIONS,
            delivery.headers.get("webhook-request-origin"),
        ) {
            headers.push(
                HeaderName::from_static("webhook-allowed-origin"),
                origin.clone(),
            );
            if delivery.headers.get("webhook-request-rate").is_some() {
                headers.push(
                    HeaderName::from_static("webhook-allowed-rate"),
                    HeaderValue::from_static("*"),
                );
            }
            headers.push(http::header::ALLOW, HeaderValue::from_static("POST"));
        }
        Answer {
            status: self.answer.status,
            headers,
            body: self.answer.body.clone(),
            hang_up: false,
        }
    }

    async fn forward(&self, id: &str, delivery: &Delivery, pool: &Pool, target: &str) -> Answer {
        let exchange = pool
            .ask(
                &pool.target().join(&delivery.path),
                delivery,
                LARGEST_ANSWER,
            )
            .await;
        let (outcome, answer) = match exchange.answer {
            Ok(heard) if heard.cut => {
                let why = "its answer is too long to be passed on";
                (
                    Outcome::Unreachable(why.into()),
                    plain(StatusCode::BAD_GATEWAY, &format!("{why}\n")),
                )
            }
            Ok(heard) => {
                let answer = Answer {
                    status: heard.status,
                    headers: heard.headers.end_to_end(),
                    body: heard.body.clone(),
                    hang_up: false,
                };
                (Outcome::from(heard), answer)
            }
            Err(outcome @ Outcome::TimedOut(_)) => (
                outcome,
                plain(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the handler did not answer in time\n",
                ),
            ),
            Err(outcome) => {
                let why = outcome.reason().unwrap_or_default();
                (
                    outcome,
                    plain(
                        StatusCode::BAD_GATEWAY,
                        &format!("the handler gave no answer: {why}\n"),
                    ),
                )
            }
        };
        self.report.tell(&Notice::Forwarded {
            id,
            target,
            outcome: &outcome,
            took: exchange.took,
        });
        answer
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "these are the members of one notice"
    )]
    fn told(
        &self,
        id: &str,
        at: Timestamp,
        remote: SocketAddr,
        delivery: &Delivery,
        receipt: &Receipt,
        answer: &Answer,
        took: Duration,
    ) {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .received(receipt, answer.status.as_u16(), took);
        if self.shown.is_empty()
            || receipt
                .events
                .iter()
                .any(|event| self.shown.contains(&event.kind))
        {
            let (status, answer) = (answer.status.as_u16(), answer.body.as_ref());
            self.report.tell(&Notice::Received(Received {
                id,
                at,
                remote,
                delivery,
                receipt,
                status,
                answer,
                took,
            }));
        }
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        if self.count.is_some_and(|count| taken >= count) {
            self.stop.notify_one();
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let headers = [(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )]
    .into_iter()
    .collect();
    Answer {
        status,
        headers,
        body: Bytes::copy_from_slice(text.as_bytes()),
        hang_up: false,
    }
}
