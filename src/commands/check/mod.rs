//! `check`: tests a handler with valid, invalid, repeated and slow requests.

pub(crate) mod listing;
pub(crate) mod mail;
pub(crate) mod runner;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::checks;
use crate::checks::{Check, CheckRequest, CheckSteps, Context, Finding, Group, Observations, Step};
use crate::cli::{CheckArgs, CheckKind, Report};
use crate::commands::check::listing::{explained, listed, page};
use crate::commands::check::mail::MailSettings;
use crate::commands::check::runner::CheckRunner;
use crate::commands::shutdown::{FINISHING, Interrupt};
use crate::commands::{args, id};
use crate::error::{Error, Exit, Result};
use crate::io::client::{Client, Settings};
use crate::io::probe::ProbeCounter;
use crate::io::runtime;
use crate::providers::Provider;
use crate::report::{
    CheckTotals, Checked, Detail, Notice, OutputStyle, Progress, ReportFile, ReportFormat,
    Reporter, Suite,
};
use crate::webhook::{CheckStatus, Outcome, Target};

/// Time limit for a crashed handler to come back; a supervisor may restart it.
const RETURN: Duration = Duration::from_secs(3);

/// Action of `check`, with its settings.
#[derive(Debug)]
pub(crate) enum CheckPlan {
    /// `--list`: lists the checks.
    List(OutputStyle, Vec<&'static Check>),
    /// `--explain`: explains one check.
    Explain(OutputStyle, &'static Check, Option<&'static Provider>),
    /// Runs checks against a handler.
    CheckRun(Box<CheckRun>),
}

/// Settings of a run against a handler.
#[derive(Debug)]
pub(crate) struct CheckRun {
    style: OutputStyle,
    results: Option<ReportFormat>,
    checks: Vec<&'static Check>,
    context: Arc<Context>,
    client: Settings,
    gauge: Option<ProbeCounter>,
    /// Settings of `--kind inbound`.
    mail: Option<MailSettings>,
    strict: bool,
    notes: Vec<String>,
}

impl CheckPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: CheckArgs, mut style: OutputStyle) -> Result<CheckPlan> {
        style.json |= args.report == Report::Json;
        let checks = chosen(&args)?;
        if args.list {
            return Ok(CheckPlan::List(style, checks));
        }
        let provider = args::provider(&args.provider)?;
        if let Some(name) = &args.explain {
            let check = checks::find(name).ok_or_else(|| unknown(name))?;
            let named = args.provider != "generic";
            return Ok(CheckPlan::Explain(style, check, named.then_some(provider)));
        }
        CheckRun::new(args, style, checks, provider).map(|run| CheckPlan::CheckRun(Box::new(run)))
    }
}

impl CheckRun {
    fn new(
        args: CheckArgs,
        style: OutputStyle,
        checks: Vec<&'static Check>,
        provider: &'static Provider,
    ) -> Result<CheckRun> {
        let mail = MailSettings::of(&args, provider)?;
        if mail.is_none() && provider.events.is_empty() && provider.conduct.handshake.is_empty() {
            return Err(
                Error::usage(format!("{} has no events to send", provider.title))
                    .hint("`webhook-cli events` lists the providers with events"),
            );
        }
        let secrets = args::secrets(&args.secrets, Some(provider))?;
        let own_key = !secrets.keys.given(provider).is_empty();
        let mut target = Target::parse(args.target.as_deref().unwrap_or_default())?;
        let headers = args::request_headers(&args.headers, &mut target)?;
        let gauge = match (&args.probe, args.probe_cmd) {
            (Some(url), _) => Some(ProbeCounter::Url(Target::parse(url)?)),
            (None, command) => command.map(ProbeCounter::Command),
        };
        let context = Context {
            provider,
            key: secrets.keys.signing(provider).cloned(),
            own_key,
            secret: args.secrets.secrets.first().map(|spec| spoken(spec)),
            seed: args.seed.unwrap_or_else(|| id::fresh_seed() >> 32),
            now: whole(Timestamp::now()),
            target,
            public_url: args.secrets.public_url.clone(),
            headers,
            topic: args.topic_arn,
            within: args.within,
            insecure: args.insecure,
            mail: mail.as_ref().map(|it| it.mode),
            probe: gauge.is_some(),
        };
        let mut notes = secrets.notes;
        notes.extend(mail.as_ref().and_then(MailSettings::note));
        Ok(CheckRun {
            style,
            results: args::report_format(args.report, false),
            checks,
            context: Arc::new(context),
            client: Settings {
                timeout: args.timeout,
                connect_timeout: args.connect_timeout,
                insecure: args.insecure,
            },
            gauge,
            mail,
            strict: args.strict,
            notes,
        })
    }
}

/// Returns the checks of `--kind` that `--only` and `--skip` leave, by check name or group name.
fn chosen(args: &CheckArgs) -> Result<Vec<&'static Check>> {
    let (only, skip) = (&args.only, &args.skip);
    let all: Vec<&'static Check> = match args.kind {
        CheckKind::Events => checks::all().collect(),
        CheckKind::Inbound => checks::all_of_mail().collect(),
    };
    let names = |check: &Check, name: &String| name == check.name || name == check.group.name();
    let is_in = |checks: &[&Check], name: &String| checks.iter().any(|check| names(check, name));
    if let Some(name) = only.iter().chain(skip).find(|name| !is_in(&all, name)) {
        let everything: Vec<&Check> = checks::everything().collect();
        return Err(match (is_in(&everything, name), args.kind) {
            (false, _) => unknown(name),
            (true, CheckKind::Events) => {
                Error::usage(format!("`{name}` checks inbound mail")).hint("add `--kind inbound`")
            }
            (true, CheckKind::Inbound) => Error::usage(format!("`{name}` checks events")).hint(
                "leave out `--kind inbound`, or see `webhook-cli check --kind inbound --list`",
            ),
        });
    }
    let wanted = |check: &&'static Check| {
        (only.is_empty() || only.iter().any(|name| names(check, name)))
            && !skip.iter().any(|name| names(check, name))
    };
    let checks: Vec<&'static Check> = all.into_iter().filter(wanted).collect();
    if checks.is_empty() {
        return Err(Error::usage("no check is left to run"));
    }
    Ok(checks)
}

fn unknown(name: &str) -> Error {
    let error = Error::usage(format!("unknown check `{name}`"));
    let error = match checks::guess(name) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    };
    error.hint("`webhook-cli check --list` lists them")
}

/// Returns a secret's flag value for a printed command line: `env:` and `file:` stay, a literal secret becomes `-`.
fn spoken(spec: &str) -> String {
    let is_place = ["env:", "file:"].iter().any(|place| spec.contains(place));
    if is_place { spec } else { "-" }.to_owned()
}

/// Rounds a time down to milliseconds.
fn whole(now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Runs the action.
pub(crate) fn run(plan: CheckPlan) -> Result<Exit> {
    match plan {
        CheckPlan::List(style, checks) => print(style, &listed(&checks, style.json)),
        CheckPlan::Explain(style, check, provider) => {
            print(style, &explained(check, provider, style.json))
        }
        CheckPlan::CheckRun(run) => examine(&run),
    }
}

fn print(style: OutputStyle, text: &str) -> Result<Exit> {
    let report = Reporter::new(style, Progress::none());
    report.data(text.as_bytes());
    report.finish();
    Ok(Exit::Success)
}

fn examine(run: &CheckRun) -> Result<Exit> {
    let results = run.results.map(|format| {
        let (target, provider) = (&run.context.target, run.context.provider.name);
        let suite = Suite {
            name: format!("webhook-cli check {target} as {provider}"),
            strict: run.strict,
        };
        ReportFile::open(format, suite, None)
    });
    let report = Reporter::new(run.style, Progress::none());
    let report = Arc::new(report.with_results(results.transpose()?, true));
    args::say_all(&report, &run.notes);
    if run.client.insecure {
        report.warn("certificates are not checked");
    }
    let runtime = runtime::on_this_thread()?;
    let exit = runtime.block_on(async {
        let interrupt = Interrupt::start({
            let report = Arc::clone(&report);
            move || report.say(FINISHING)
        });
        let api = run.mail.as_ref().and_then(|it| it.serve(&report));
        let api = api.transpose()?;
        let runner = CheckRunner::new(
            Arc::clone(&run.context),
            Client::new(run.client),
            run.gauge.clone(),
            run.mail.as_ref().map(|it| Arc::clone(&it.content)),
        );
        let session = Session {
            run,
            report: &report,
            runner,
        };
        let exit = session.all(&interrupt).await;
        if let Some(api) = api {
            api.close().await;
        }
        exit
    });
    report.finish();
    exit
}

/// Run of the checks against one handler.
struct Session<'a> {
    run: &'a CheckRun,
    report: &'a Reporter,
    runner: CheckRunner,
}

impl Session<'_> {
    async fn all(&self, interrupt: &Interrupt) -> Result<Exit> {
        let begun = Instant::now();
        if self.run.results.is_none() && !self.run.style.json {
            let context = &self.run.context;
            self.report.say(&format!(
                "checking {} as {}, {}",
                context.target,
                context.provider.title,
                context.signed_with()
            ));
        }
        let mut results: Vec<Checked> = Vec::new();
        let first = self.first().await?;
        let refuses = first.grade == CheckStatus::Fail;
        if refuses || self.run.checks.iter().any(|check| is_first(check)) {
            self.tell(&mut results, first);
        }
        let mut gone: Option<&'static str> = None;
        for check in &self.run.checks {
            if interrupt.is_set() {
                break;
            }
            if is_first(check) {
                continue;
            }
            let result = match gone {
                Some(since) => skipped(
                    check,
                    format!("the handler does not respond since `{since}`"),
                ),
                None if refuses && !check.alone => {
                    skipped(check, "not meaningful while `valid` fails")
                }
                None => self.one(check).await?,
            };
            if gone.is_none() && result.lost && !self.is_back().await {
                gone = Some(check.name);
            }
            self.tell(&mut results, result.checked);
        }
        let target = self.run.context.target.to_string();
        let marks = CheckTotals {
            target: &target,
            provider: self.run.context.provider.name,
            checks: &results,
            seed: self.run.context.seed,
            elapsed: begun.elapsed(),
        };
        self.report.tell(&Notice::CheckTotals(&marks));
        let bad = marks.count(CheckStatus::Fail) > 0
            || (self.run.strict && marks.count(CheckStatus::Warn) > 0);
        Ok(match (interrupt.is_set(), bad) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Failure,
            (false, false) => Exit::Success,
        })
    }

    /// Runs the first check, which decides what the others are worth; without a response, the run ends with an error.
    async fn first(&self) -> Result<Checked<'static>> {
        let result = self.one(checks::FIRST).await?;
        match result.unanswered {
            None => Ok(result.checked),
            Some(outcome) => {
                let target = self.run.context.target.to_string();
                let why = outcome.reason_at(&target).unwrap_or_default();
                let error = Error::new(Exit::NoAnswer, why);
                Err(match outcome.hint("TARGET") {
                    Some(hint) => error.hint(hint),
                    None => error,
                })
            }
        }
    }

    async fn one(&self, check: &'static Check) -> Result<CheckResult> {
        let begun = Instant::now();
        let context = &*self.run.context;
        let has_events = !context.provider.events.is_empty() || context.mail.is_some();
        if !has_events && check.group != Group::Handshake {
            let title = context.provider.title;
            return Ok(skipped(check, format!("{title} has no events of its own")));
        }
        let steps = match (check.plan)(context) {
            CheckSteps::Skip(why) => return Ok(skipped(check, why)),
            CheckSteps::Run(steps) => steps,
        };
        let observations = match self.runner.carry_out(&steps).await {
            Ok(observations) => observations,
            // Without its first delivery no other check can run.
            Err(why) if is_first(check) => {
                return Err(Error::usage(format!(
                    "cannot send as {}: {why}",
                    context.provider.title
                )));
            }
            Err(why) => return Ok(skipped(check, why)),
        };
        let finding = (check.judge)(context, &observations);
        let last = observations.answers.last().map(|seen| &seen.outcome);
        let unanswered = match last {
            Some(
                outcome @ (Outcome::Unreachable(_) | Outcome::TimedOut(_) | Outcome::Impossible(_)),
            ) => Some(outcome.clone()),
            _ => None,
        };
        let lost = observations
            .answers
            .iter()
            .any(|seen| matches!(seen.outcome, Outcome::Unreachable(_)));
        let deciding = finding.at.and_then(|at| observations.answers.get(at));
        let crashed = finding.grade == CheckStatus::Fail
            && deciding.is_some_and(|seen| match &seen.outcome {
                Outcome::Answered { status, .. } => *status >= 500,
                Outcome::Unreachable(_) => true,
                Outcome::TimedOut(_) | Outcome::Impossible(_) => false,
            });
        let checked = Checked {
            crashed,
            detail: self.detail(check, &steps, &observations, &finding),
            grade: finding.grade,
            said: finding.said,
            requests: observations.answers.len(),
            took: begun.elapsed(),
            ..blank(check)
        };
        Ok(CheckResult {
            checked,
            unanswered,
            lost,
        })
    }

    fn detail(
        &self,
        check: &'static Check,
        steps: &[Step],
        observations: &Observations,
        finding: &Finding,
    ) -> Option<Detail<'static>> {
        if !matches!(finding.grade, CheckStatus::Fail | CheckStatus::Warn) {
            return None;
        }
        let seen = finding.at.and_then(|at| observations.answers.get(at));
        let step = seen.and_then(|seen| steps.get(seen.step));
        let came = seen.and_then(|seen| match &seen.outcome {
            Outcome::Answered { status, body, .. } => Some((*status, body.clone())),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) | Outcome::Impossible(_) => None,
        });
        Some(Detail {
            sent: seen.map_or_else(|| check.sends.to_owned(), |seen| seen.request.what.clone()),
            came,
            expected: check.expects,
            why: check.why,
            advice: check.advice,
            page: page(check, Some(self.run.context.provider)),
            again: step.and_then(|step| step.line(&self.run.context)),
        })
    }

    /// True once the handler accepts connections again, within [`RETURN`].
    async fn is_back(&self) -> bool {
        let begun = Instant::now();
        let request = CheckRequest::event(self.run.context.event());
        loop {
            let outcome = self.runner.ask(&request).await;
            if !matches!(outcome, Ok(Outcome::Unreachable(_)) | Err(_)) {
                return true;
            }
            if begun.elapsed() > RETURN {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn tell(&self, results: &mut Vec<Checked<'static>>, mut checked: Checked<'static>) {
        // Skipped checks are not printed.
        let mut events = results.iter().filter(|it| it.grade != CheckStatus::Skip);
        checked.opens = events
            .next_back()
            .is_none_or(|last| last.group != checked.group);
        self.report.tell(&Notice::Checked(&checked));
        results.push(checked);
    }
}

/// Result of one check, and its consequences for the run.
struct CheckResult {
    checked: Checked<'static>,
    /// Outcome of the last request, if it got no response.
    unanswered: Option<Outcome>,
    /// True if a connection was refused or broken.
    lost: bool,
}

fn is_first(check: &Check) -> bool {
    check.name == checks::FIRST.name
}

fn blank(check: &'static Check) -> Checked<'static> {
    Checked {
        name: check.name,
        group: check.group.name(),
        opens: false,
        title: check.title,
        grade: CheckStatus::Skip,
        crashed: false,
        said: String::new(),
        detail: None,
        requests: 0,
        took: Duration::ZERO,
    }
}

fn skipped(check: &'static Check, why: impl Into<String>) -> CheckResult {
    CheckResult {
        checked: Checked {
            said: why.into(),
            ..blank(check)
        },
        unanswered: None,
        lost: false,
    }
}
