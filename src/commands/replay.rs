//! `replay`: what was saved or recorded, sent again.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use http::uri::PathAndQuery;

use super::courier::{self, Courier, Parcel, Parcels, Sealer};
use super::id;
use super::interrupt::Interrupt;
use super::plan::{self, Request};
use super::send::printed;
use crate::cli::{Form, ReplayArgs};
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::source::{self, Sources};
use crate::io::watch::Watch;
use crate::providers::{self, Provider};
use crate::report::{Notice, Progress, Reporter, Style, Tally};
use crate::webhook::{Chance, Fixture, Kind, Receipt, Retry};

/// What `replay` was asked to do.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    sources: Vec<String>,
    request: Request,
    path: Option<PathAndQuery>,
    choice: Choice,
    concurrency: u16,
    retry: Retry,
    resign: bool,
    sealer: Rc<Sealer>,
    skip_broken: bool,
    watch: bool,
    yes: bool,
    dry_run: Option<Form>,
    notes: Vec<String>,
}

/// Which deliveries are sent.
#[derive(Clone, Debug)]
struct Choice {
    events: Vec<Kind>,
    provider: Option<&'static Provider>,
    recipient: Option<String>,
    skip: usize,
    limit: Option<usize>,
}

impl Plan {
    /// Makes a plan of the words.
    pub fn new(args: ReplayArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(plan::provider).transpose()?;
        let secrets = plan::secrets(&args.secrets, None)?;
        let path = match &args.path {
            None => None,
            Some(path) if path.starts_with('/') => Some(
                path.parse()
                    .map_err(|_| Error::usage(format!("`{}` is no path", path.escape_debug())))?,
            ),
            Some(path) => {
                return Err(
                    Error::usage(format!("`{}` is no path", path.escape_debug()))
                        .hint("a path begins with `/`"),
                );
            }
        };
        if args.watch && args.sources.iter().any(|source| source == "-") {
            return Err(Error::usage("stdin cannot be watched"));
        }
        Ok(Plan {
            style,
            sources: args.sources,
            request: Request::new(&args.request)?,
            path,
            choice: Choice {
                events: args.events,
                provider,
                recipient: args.recipient,
                skip: args.skip,
                limit: args.limit,
            },
            concurrency: args.concurrency,
            retry: Retry {
                times: args.retries,
                backoff: args.backoff,
            },
            resign: args.resign,
            sealer: Rc::new(Sealer {
                keys: secrets.keys,
                at: None,
                public_url: args.secrets.public_url,
            }),
            skip_broken: args.skip_broken,
            watch: args.watch,
            yes: args.yes,
            dry_run: args.request.dry_run.then_some(args.request.form),
            notes: secrets.notes,
        })
    }
}

/// Carries the plan out.
pub fn run(plan: Plan) -> Result<Exit> {
    let bar = plan.dry_run.is_none() && !plan.watch && std::io::stderr().is_terminal();
    let report = Arc::new(Reporter::new(plan.style, Progress::new(None, bar)));
    plan::say_all(&report, &plan.notes);
    let plan = Rc::new(plan);
    let result = carry_out(&plan, &report);
    report.finish();
    result
}

fn carry_out(plan: &Rc<Plan>, report: &Arc<Reporter>) -> Result<Exit> {
    let stack = Stack::open(plan, report, &plan.sources)?;
    if let Some(form) = plan.dry_run {
        let broken = stack.broken();
        for parcel in stack {
            report.data(&printed(&parcel, form, &plan.request));
        }
        return broken.result(plan.skip_broken).map(|()| Exit::Success);
    }
    allow_target(plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Error::usage(format!("cannot start: {error}")))?;
    let client = Client::new(plan.request.settings);
    if plan.request.settings.insecure {
        report.warn("certificates are not checked");
    }
    runtime.block_on(async {
        let interrupt = Interrupt::start({
            let report = Arc::clone(report);
            move || report.say("finishing what has begun; Ctrl-C again leaves at once")
        });
        let run = Replay {
            plan: Rc::clone(plan),
            report: Arc::clone(report),
            client,
            interrupt,
        };
        // Watching begins before the first run, so that nothing saved meanwhile is missed.
        let watch = if plan.watch {
            Some(Watch::start(
                &plan.sources.iter().map(PathBuf::from).collect::<Vec<_>>(),
            )?)
        } else {
            None
        };
        report.progress().start();
        let mut tally = run.deliver(stack, Tally::new("sent")).await;
        if let Some((_watch, mut saved)) = watch {
            report.say("watching; each fixture is sent when it is saved");
            loop {
                let path = tokio::select! {
                    path = saved.recv() => path,
                    () = run.interrupt.wait() => None,
                };
                let Some(path) = path else { break };
                tally = again(&run, &path, tally).await;
            }
        }
        report.progress().finish();
        report.tell(&Notice::Summary(&tally));
        courier::hint(&tally, report);
        Ok(courier::exit(&tally, run.interrupt.is_set()))
    })
}

/// A replay under way.
struct Replay {
    plan: Rc<Plan>,
    report: Arc<Reporter>,
    client: Client,
    interrupt: Interrupt,
}

impl Replay {
    async fn deliver(&self, stack: Stack, tally: Tally) -> Tally {
        let courier = Courier {
            client: self.client.clone(),
            target: self.plan.request.target.clone(),
            retry: self.plan.retry,
            concurrency: self.plan.concurrency,
            expected: self.plan.request.expected.clone(),
            sealer: self.plan.resign.then(|| Rc::clone(&self.plan.sealer)),
            report: Arc::clone(&self.report),
            interrupt: self.interrupt.clone(),
        };
        let (broken, before) = (stack.broken(), tally.broken);
        let parcels: Parcels = Box::new(stack);
        let mut tally = courier.run(parcels, tally, id::fresh_seed()).await;
        tally.broken = before + broken.count();
        tally
    }
}

/// Sends one fixture that was saved. A broken one is named, and watching goes on.
async fn again(run: &Replay, path: &Path, tally: Tally) -> Tally {
    match Stack::open(
        &run.plan,
        &run.report,
        &[path.to_string_lossy().into_owned()],
    ) {
        Ok(stack) => run.deliver(stack, tally).await,
        Err(error) => {
            run.report.warn(error.what());
            tally
        }
    }
}

/// Recordings are somebody's data: they do not leave for the internet unasked.
fn allow_target(plan: &Plan) -> Result<()> {
    let target = &plan.request.target;
    if target.is_private() || plan.yes {
        return Ok(());
    }
    let refused = || {
        Error::usage(format!(
            "`{}` is neither this machine nor in a private network, and recordings are somebody's data",
            target.host
        ))
        .hint("`--yes` sends them there all the same")
    };
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(refused());
    }
    let _ = write!(
        std::io::stderr(),
        "send these recordings to {}? [y/N] ",
        target.origin()
    );
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(refused())
    }
}

/// Inputs that could not be read, counted while the run goes on.
#[derive(Clone, Debug, Default)]
struct Broken(Rc<std::cell::Cell<u64>>);

impl Broken {
    fn count(&self) -> u64 {
        self.0.get()
    }

    fn result(&self, allowed: bool) -> Result<()> {
        if self.count() == 0 || allowed {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} could not be read",
            if self.count() == 1 {
                "an input"
            } else {
                "some inputs"
            }
        ))
        .hint("`--skip-broken` names what is broken and goes on"))
    }
}

/// The deliveries to send, read one by one.
struct Stack {
    plan: Rc<Plan>,
    report: Arc<Reporter>,
    sources: Sources,
    broken: Broken,
    chance: Chance,
    passed: usize,
    sent: usize,
    number: u64,
    waiting: VecDeque<Parcel>,
}

impl Stack {
    fn open(plan: &Rc<Plan>, report: &Arc<Reporter>, sources: &[String]) -> Result<Stack> {
        Ok(Stack {
            plan: Rc::clone(plan),
            report: Arc::clone(report),
            sources: source::open(sources)?,
            broken: Broken::default(),
            chance: Chance::seeded(id::fresh_seed()),
            passed: 0,
            sent: 0,
            number: 0,
            waiting: VecDeque::new(),
        })
    }

    fn broken(&self) -> Broken {
        self.broken.clone()
    }
}

impl Iterator for Stack {
    type Item = Parcel;

    fn next(&mut self) -> Option<Parcel> {
        loop {
            if let Some(parcel) = self.waiting.pop_front() {
                return Some(parcel);
            }
            if self
                .plan
                .choice
                .limit
                .is_some_and(|limit| self.sent >= limit)
            {
                return None;
            }
            let item = self.sources.next();
            for note in self.sources.take_notes() {
                self.report.warn(&note);
            }
            let item = item?;
            self.number += 1;
            match item.fixture {
                Ok(fixture) => {
                    let parcel = self.parcel(item.source, fixture);
                    self.waiting.extend(parcel);
                }
                Err(fault) => {
                    self.broken.0.set(self.broken.0.get() + 1);
                    self.report.warn(&format!("{}: {fault}", item.source));
                    if !self.plan.skip_broken {
                        self.report
                            .say("stopped there; `--skip-broken` goes on with the rest");
                        return None;
                    }
                }
            }
        }
    }
}

impl Stack {
    fn parcel(&mut self, source: String, fixture: Fixture) -> Option<Parcel> {
        let plan = Rc::clone(&self.plan);
        let mut delivery = fixture.delivery;
        let receipt = providers::outline(&delivery, None);
        if !plan.choice.wants(&receipt) {
            return None;
        }
        self.passed += 1;
        if self.passed <= plan.choice.skip {
            return None;
        }
        self.sent += 1;
        let provider = receipt.provider.and_then(providers::find);
        delivery.aim(match &plan.path {
            Some(path) => path.clone(),
            None => plan.request.target.instead_of(&delivery.path),
        });
        if plan.resign {
            match provider {
                None => self.report.warn(&format!(
                    "{source}: no provider is recognised, so it is not signed"
                )),
                Some(provider) => {
                    if let Err(why) = plan.sealer.seal(
                        provider,
                        &mut delivery,
                        &plan.request.target,
                        &mut self.chance,
                    ) {
                        self.report
                            .warn(&format!("{source}: cannot be signed: {why}"));
                    }
                }
            }
        }
        plan.request.dress(&mut delivery);
        let id = fixture.id.unwrap_or_else(|| self.number.to_string());
        Some(Parcel {
            id,
            about: courier::about(&receipt),
            source,
            provider,
            delivery,
        })
    }
}

impl Choice {
    fn wants(&self, receipt: &Receipt) -> bool {
        let kind = self.events.is_empty()
            || receipt
                .events
                .iter()
                .any(|event| self.events.contains(&event.kind));
        let provider = self
            .provider
            .is_none_or(|provider| receipt.provider == Some(provider.name));
        let recipient = self.recipient.as_deref().is_none_or(|wanted| {
            receipt.events.iter().any(|event| {
                event
                    .recipient
                    .as_deref()
                    .is_some_and(|it| it.eq_ignore_ascii_case(wanted))
            })
        });
        kind && provider && recipient
    }
}
