//! Program around the inspector: reads, explains, sends and sends again, as the commands `verify`, `send` and `replay` do.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use http::uri::PathAndQuery;
use serde_json::{Map, Value, json};

use crate::cli::{Cli, Command, SendArgs};
use crate::commands::args;
use crate::commands::args::Secrets;
use crate::commands::catalog::events;
use crate::commands::dry_run::as_sent;
use crate::commands::id;
use crate::commands::job::{Job, about};
use crate::commands::listen::faults::SwitchableFaults;
use crate::commands::send::generator::Generator;
use crate::commands::send::journey::JourneyPlan;
use crate::commands::send::{SendPlan, scenario};
use crate::commands::signer::Signer;
use crate::commands::verify::judgement::verify;
use crate::commands::verify::plan::VerifyPlan;
use crate::error::{Error, Result};
use crate::inspector::backend::{Backend, Sent};
use crate::inspector::http::orders::{FaultOrder, ReplayOrder, SendOrder};
use crate::inspector::http::problem::Problem;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::table::Table;
use crate::io::client::{Client, Keep, Settings};
use crate::io::runtime;
use crate::providers;
use crate::providers::{Keys, Provider};
use crate::report;
use crate::report::{ColorChoice, Notice, OutputStyle, ShownParts, View};
use crate::webhook::{
    Attempt, Delivery, Document, EventSummary, Expectation, Fixture, Outcome, Receipt,
    RecordedAnswer, Rng, Statuses, Target, masked_path,
};

/// Most deliveries that one request makes.
const MOST: u64 = 10_000;

/// Most deliveries whose requests are returned.
const SHOWN: usize = 1000;

/// Settings of the engine.
pub(crate) struct EngineSettings {
    /// Keys, options and the provider by which signatures are verified.
    pub(crate) verify: VerifyPlan,
    /// Address of the listener, if there is one.
    pub(crate) listener: Option<String>,
    /// Handlers that deliveries are forwarded to.
    pub(crate) handlers: Vec<Target>,
    /// Names of the targets that may be sent to.
    pub(crate) targets: Vec<Target>,
    /// True to accept any certificate of a handler.
    pub(crate) insecure: bool,
    /// Faults of the listener.
    pub(crate) faults: Option<Arc<SwitchableFaults>>,
}

/// Engine of the inspector.
pub(crate) struct Engine {
    settings: EngineSettings,
    table: Arc<Table>,
}

/// Output style of what is made for the API.
pub(crate) const STYLE: OutputStyle = OutputStyle {
    json: true,
    quiet: false,
    replies: false,
    color: ColorChoice::Never,
    view: View::Parts,
    parts: ShownParts {
        events: false,
        headers: false,
        body: false,
        reply: false,
    },
};

impl Engine {
    pub(crate) fn new(settings: EngineSettings, table: Arc<Table>) -> Engine {
        Engine { settings, table }
    }

    fn keys(&self) -> &Keys {
        &self.settings.verify.keys
    }

    /// Secrets of the run, for a command that would read them from its flags.
    fn secrets(&self, only: Option<&'static Provider>) -> Result<Secrets> {
        let ring = self.settings.verify.ring.clone();
        Ok(Secrets {
            keys: Keys::new(&ring, only)?,
            ring,
            notes: Vec::new(),
        })
    }

    /// Sends jobs one after another, once each; `tried` gets each attempt.
    fn send_all(
        &self,
        jobs: impl Iterator<Item = Result<Job>>,
        target: &Target,
        dry_run: bool,
        mut tried: impl FnMut(&Attempt),
    ) -> std::result::Result<Sent, Problem> {
        let client = Client::new(Settings {
            insecure: self.settings.insecure,
            ..Settings::default()
        });
        let runtime = runtime::on_this_thread().map_err(|error| Problem::of(&error))?;
        let mut line = client.line(target);
        let mut sent = Sent::default();
        for job in jobs {
            let job = job.map_err(|error| Problem::of(&error))?;
            if sent.requests.len() < SHOWN {
                sent.requests.push(self.request(&job, target));
            }
            if dry_run {
                continue;
            }
            let exchange = line.ask(&job.delivery.path, &job.delivery, Keep::Outcome);
            let exchange = runtime.block_on(exchange);
            let took = exchange.took;
            let outcome = exchange.outcome();
            let attempt = attempt(&job, target, outcome, took);
            tried(&attempt);
            let line = report::json_line(&Notice::Attempted(&attempt));
            sent.attempts.push(line);
        }
        Ok(sent)
    }

    /// Request as a fixture. Credentials are masked, unless they are those of the public test key.
    fn request(&self, job: &Job, target: &Target) -> String {
        let fixture = Fixture::new(as_sent(job.delivery.clone(), target));
        let is_public = job
            .provider
            .is_some_and(|provider| self.keys().given(provider).is_empty());
        match is_public {
            true => fixture.to_line(),
            false => report::masked_fixture(&fixture).to_line(),
        }
    }

    fn target(&self, typed: Option<&str>) -> Result<Target> {
        Target::parse(
            typed
                .or(self.settings.listener.as_deref())
                .unwrap_or(DEFAULT),
        )
    }

    /// Sends what was received to its handler again, signed anew if it was changed or if that is asked for.
    fn job(&self, kept: &Kept, order: &ReplayOrder, target: &Target) -> Result<Job> {
        let mut delivery = kept.delivery.clone();
        if let Some(headers) = &order.headers {
            delivery.headers = crate::webhook::Headers::new();
            for (name, value) in headers {
                delivery.headers.push(name.clone(), value.clone());
            }
        }
        if let Some(body) = &order.body {
            delivery.body = body.clone().into();
        }
        let is_changed = delivery.body != kept.delivery.body;
        delivery.aim(target.path_for(&delivery.path));
        let document = Document::of(&kept.delivery).ok();
        let recognised = providers::recognise(&kept.delivery, document.as_ref());
        let provider = self
            .settings
            .verify
            .provider
            .or(recognised.map(|(provider, _)| provider));
        if let (Some(provider), true) = (provider, order.resign.unwrap_or(is_changed)) {
            let signer = Signer {
                keys: Keys::new(&self.settings.verify.ring, Some(provider))?,
                at: None,
                public_url: self.settings.verify.url.clone(),
                tamper: None,
            };
            let mut rng = Rng::seeded(id::fresh_seed());
            signer
                .sign(provider, &mut delivery, target, &mut rng)
                .map_err(|why| {
                    Error::usage(format!("it cannot be signed as {}: {why}", provider.title))
                        .hint("`\"resign\": false` sends it with the signature that it has")
                })?;
        }
        Ok(Job {
            id: kept.id.clone(),
            source: kept.address.as_deref().unwrap_or(&kept.id).into(),
            about: None,
            provider,
            delivery,
            origin: Default::default(),
        })
    }
}

/// Target of `send` where nothing is listened to.
const DEFAULT: &str = "http://127.0.0.1:7878";

impl Backend for Engine {
    fn judge(&self, fixture: &Fixture) -> Receipt {
        let plan = &self.settings.verify;
        let options = plan.options(fixture);
        providers::read_beneath(&fixture.delivery, plan.provider, &plan.keys, &options)
    }

    fn outline(&self, fixture: &Fixture) -> Receipt {
        providers::outline_beneath(&fixture.delivery, self.settings.verify.provider)
    }

    fn read_again(&self, delivery: &Delivery) -> Receipt {
        providers::outline(delivery, self.settings.verify.provider)
    }

    fn explain(&self, kept: &Kept) -> String {
        let plan = &self.settings.verify;
        let source = kept.address.clone().unwrap_or_else(|| kept.id.clone());
        let fixture = kept.to_fixture();
        let case = Arc::new((source, Ok(fixture.clone())));
        let judgement = verify(plan, None, &case, &fixture, &[]);
        judgement.with_notice(plan, |notice| report::json_line(&notice))
    }

    fn send(&self, order: &SendOrder) -> std::result::Result<Sent, Problem> {
        let typed = order.to.as_deref();
        let target = self.target(typed).map_err(|error| Problem::of(&error))?;
        let args = send_args(order, typed.or(self.settings.listener.as_deref()))?;
        let total = args.count.max(args.journey.recipients.unwrap_or(0));
        if total > MOST {
            return Err(
                Problem::unprocessable(format!("{total} deliveries are too many")).hint(format!(
                    "one request sends up to {MOST}; `webhook-cli send -n {total}` sends them all"
                )),
            );
        }
        let seed = args.seed.unwrap_or_else(id::fresh_seed);
        let secrets = |only| self.secrets(only);
        if scenario::is_meant(&args) {
            let plan =
                JourneyPlan::with_secrets(args, STYLE, secrets).map_err(|it| Problem::of(&it))?;
            let jobs = plan.jobs().map_err(|it| Problem::of(&it))?;
            return self.send_all(jobs, &target, order.dry_run, |_| {});
        }
        scenario::reject_its_flags(&args).map_err(|it| Problem::of(&it))?;
        let plan = SendPlan::with_secrets(args, STYLE, secrets).map_err(|it| Problem::of(&it))?;
        let jobs = Generator::new(plan.selection(), seed);
        self.send_all(jobs, &target, order.dry_run, |_| {})
    }

    fn replay(&self, kept: &Kept, order: &ReplayOrder) -> std::result::Result<Sent, Problem> {
        let handler = self.settings.handlers.first();
        let target = match (&order.to, handler) {
            (Some(typed), _) => Target::parse(typed),
            (None, Some(handler)) => Ok(handler.clone()),
            (None, None) => self.target(None),
        };
        let target = target.map_err(|error| Problem::of(&error))?;
        let job = self
            .job(kept, order, &target)
            .map_err(|error| Problem::of(&error))?;
        let is_same = job.delivery.body == kept.delivery.body;
        let goes_to_handler = handler.is_some_and(|it| it.origin() == target.origin());
        self.send_all(std::iter::once(Ok(job)), &target, false, |attempt| {
            if goes_to_handler && is_same {
                self.note(kept, attempt);
            }
        })
    }

    fn faults(&self) -> Option<Value> {
        self.settings.faults.as_ref().map(|faults| faults.to_json())
    }

    fn set_faults(&self, order: Option<&FaultOrder>) -> Option<Value> {
        let faults = self.settings.faults.as_ref()?;
        match order {
            Some(order) => faults.set(order),
            None => faults.reset(),
        }
        Some(faults.to_json())
    }

    fn catalogue(
        &self,
        provider: Option<&str>,
        kind: Option<&str>,
    ) -> std::result::Result<Vec<String>, Problem> {
        let Some(name) = provider else {
            let all = providers::everyone().map(events::provider_line);
            return Ok(all.map(|line| line.trim_end().to_owned()).collect());
        };
        let provider = args::provider(name).map_err(|error| Problem::of(&error))?;
        let Some(kind) = kind else {
            return Ok(vec![events::provider_line(provider)]);
        };
        let row = args::row(provider, kind, None).map_err(|error| Problem::of(&error))?;
        Ok(vec![events::payload_line(provider, row)])
    }

    fn session(&self) -> Value {
        let origin = |target: &Target| masked_path(&target.at(&path_of(target))).into_owned();
        let handlers: Vec<String> = self.settings.handlers.iter().map(origin).collect();
        let targets: Vec<String> = self.settings.targets.iter().map(origin).collect();
        let mut secrets = Map::new();
        for provider in providers::everyone() {
            let names = self.keys().names(provider);
            if !self.keys().given(provider).is_empty() {
                secrets.insert(provider.name.to_owned(), json!(names));
            }
        }
        json!({
            "listening": self.settings.listener, "forward_to": handlers, "targets": targets,
            "providers": providers::everyone().map(|it| it.name).collect::<Vec<_>>(), "secrets": secrets,
            "can_fail": self.settings.faults.is_some(),
        })
    }
}

impl Engine {
    /// Adds an attempt to the delivery that was sent to its handler again.
    fn note(&self, kept: &Kept, attempt: &Attempt) {
        let before = u32::try_from(kept.answers().len()).unwrap_or(u32::MAX);
        let number = before.saturating_add(1);
        let mut answer = RecordedAnswer::new(&kept.id, &attempt.target, number, &attempt.outcome);
        answer.reason = attempt.outcome.reason();
        answer.micros = u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX);
        answer.at = Some(jiff::Timestamp::now());
        self.table.forwarded(answer);
    }
}

fn path_of(target: &Target) -> PathAndQuery {
    target.path_for(&PathAndQuery::from_static("/"))
}

/// Arguments of `send`, as if the flags were typed.
fn send_args(order: &SendOrder, to: Option<&str>) -> std::result::Result<SendArgs, Problem> {
    let mut typed = vec!["webhook-cli".to_owned(), "send".to_owned()];
    typed.extend(order.kinds.iter().cloned());
    typed.extend(
        order
            .provider
            .iter()
            .map(|name| format!("--provider={name}")),
    );
    typed.extend(to.map(|to| format!("--to={to}")));
    typed.extend(order.flags.iter().map(|(flag, value)| match *flag {
        "--machine" => (*flag).to_owned(),
        _ => format!("{flag}={value}"),
    }));
    match Cli::try_parse_from(typed).map(|cli| cli.command) {
        Ok(Command::Send(args)) => Ok(*args),
        Ok(_) => Err(Problem::bad_request("it is no request to send")),
        Err(error) => {
            let text = error.to_string();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let what = lines.next().unwrap_or_default();
            let hint = lines.next().filter(|line| !line.starts_with("For more"));
            Err(
                Problem::unprocessable(what.strip_prefix("error: ").unwrap_or(what))
                    .hint(hint.unwrap_or_default()),
            )
        }
    }
}

/// The attempt of a job with this outcome.
fn attempt(job: &Job, target: &Target, outcome: Outcome, took: Duration) -> Attempt {
    let receipt = providers::outline(&job.delivery, job.provider);
    let outcome = job.origin.judge(outcome, took, &accepted());
    Attempt {
        id: job.id.clone(),
        source: job.source.to_string(),
        about: about(&receipt),
        target: masked_path(&target.at(&job.delivery.path)).into_owned(),
        provider: receipt.provider,
        number: 1,
        outcome,
        took,
        last: true,
        repeats: false,
        events: Some(EventSummary::of(&receipt.events)),
    }
}

/// Expectation of a response that counts as success.
fn accepted() -> Expectation {
    Expectation {
        status: Statuses::parse("2xx").unwrap_or_else(|_| unreachable!("a valid class")),
        within: None,
        contains: None,
        member: None,
    }
}

/// Options by which the deliveries of a listener or of recordings are verified.
pub(crate) fn verify_plan(
    secrets: Secrets,
    provider: Option<&'static Provider>,
    url: Option<String>,
) -> VerifyPlan {
    VerifyPlan {
        style: STYLE,
        source: String::new(),
        body_headers: None,
        id: None,
        selection: Default::default(),
        edited: false,
        keys: secrets.keys,
        ring: secrets.ring,
        provider,
        now: None,
        url,
        tolerance: None,
        topics: Vec::new(),
        fetch_certs: false,
        notes: Vec::new(),
    }
}
