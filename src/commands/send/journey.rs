//! `send journey` and `send campaign`: all events of one or many messages, in order of time.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::cli::{RequestFormat, SendArgs};
use crate::commands::args;
use crate::commands::args::{RequestOptions, Secrets};
use crate::commands::dispatch::{Dispatcher, Jobs};
use crate::commands::dry_run::DryRun;
use crate::commands::id;
use crate::commands::job::{Job, JobOrigin};
use crate::commands::send::saver;
use crate::commands::send::saver::Saver;
use crate::commands::send::scenario::{Scenario, reject_other_flags};
use crate::commands::send::selection::{overrides, settable, signing_time};
use crate::commands::shutdown::{FINISHING, InFlight, Interrupt};
use crate::commands::signer::Signer;
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::recording::reader::Source;
use crate::io::runtime;
use crate::providers;
use crate::providers::{CompiledTemplate, Provider, RandomStreams, Template};
use crate::report::{Length, Notice, OutputStyle, Progress, Reporter, Tally};
use crate::webhook;
use crate::webhook::{Beat, Delivery, Kind, Moment, Moments, Scheme};

/// Settings of `send journey` or `send campaign`, made from the flags.
#[derive(Debug)]
pub(crate) struct JourneyPlan {
    style: OutputStyle,
    scenario: Scenario,
    common: Rc<Common>,
    beat: Beat,
    concurrency: u16,
    retries: u32,
    dry_run: Option<RequestFormat>,
    save: Option<PathBuf>,
    notes: Vec<String>,
}

/// Settings shared by all deliveries of a scenario.
#[derive(Debug)]
struct Common {
    name: &'static str,
    provider: &'static Provider,
    templates: Vec<EventTemplate>,
    /// Time of the first event (`--at`); if none, chosen so that the last event happens now.
    at: Option<Timestamp>,
    seed: u64,
    /// True if each delivery has the same bytes whenever it is made (`--seed`).
    repeatable: bool,
    request: RequestOptions,
    signer: Arc<Signer>,
}

/// Compiled template of one event kind of the provider.
#[derive(Debug)]
struct EventTemplate {
    kind: Kind,
    source: Source,
    compiled: CompiledTemplate,
    scheme: Option<&'static Scheme>,
}

/// Placeholder for the recipients of a campaign, of the same length as any of them.
const RECIPIENT: &str = "reader-0000000000@example.com";
const DIGITS: usize = 10;

impl JourneyPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: SendArgs, style: OutputStyle) -> Result<JourneyPlan> {
        let given = args.secrets.clone();
        Self::with_secrets(args, style, |only| args::secrets(&given, only))
    }

    /// Deliveries in order of time; an error if a kind cannot be signed.
    pub(crate) fn jobs(&self) -> Result<impl Iterator<Item = Result<Job>>> {
        for template in 0..self.common.templates.len() {
            self.common.try_out(template)?;
        }
        Ok(Timeline::new(self))
    }

    /// Makes the settings from the flags, with secrets that are read already.
    pub(crate) fn with_secrets(
        args: SendArgs,
        style: OutputStyle,
        secrets: impl FnOnce(Option<&'static Provider>) -> Result<Secrets>,
    ) -> Result<JourneyPlan> {
        let seed = args.seed.unwrap_or_else(id::fresh_seed);
        let scenario = Scenario::new(&args, seed)?;
        reject_other_flags(&args)?;
        let provider = args::provider(&args.provider)?;
        let secrets = secrets(Some(provider))?;
        let mut notes = secrets.notes;
        let name = scenario.name();
        if provider.events.iter().any(|row| row.native == name) {
            notes.push(format!(
                "note: this sends a {name}; for {}'s own event `{name}`, use `send {}{name}`",
                provider.title,
                args::NATIVE
            ));
        }
        let signer = Signer {
            keys: secrets.keys,
            at: signing_time(&args),
            public_url: args.secrets.public_url.clone(),
            tamper: None,
        };
        let request = RequestOptions::new(&args.request, "2xx")?;
        let templates = templates(&args, provider, scenario, &mut notes)?;
        Ok(JourneyPlan {
            style: OutputStyle {
                quiet: args.request.quiet,
                replies: args.verbose,
                ..style
            },
            scenario,
            beat: match (args.journey.compress, request.beat) {
                (Some(faster), Beat::Free) => faster.map_or(Beat::Free, Beat::Recorded),
                (_, beat) => beat,
            },
            common: Rc::new(Common {
                name,
                provider,
                templates,
                at: args.at,
                seed,
                request,
                signer: Arc::new(signer),
                repeatable: args.seed.is_some(),
            }),
            concurrency: args.concurrency,
            retries: args.retries,
            dry_run: args.request.dry_run.then_some(args.request.form),
            save: args.save,
            notes,
        })
    }
}

/// Compiles a template for each kind that the provider has.
fn templates(
    args: &SendArgs,
    provider: &'static Provider,
    scenario: Scenario,
    notes: &mut Vec<String>,
) -> Result<Vec<EventTemplate>> {
    let mut overrides = overrides(args)?;
    if matches!(scenario, Scenario::Campaign(_)) {
        overrides.recipient = Some(RECIPIENT.into());
    }
    let kinds = [
        Kind::Sent,
        Kind::Deferred,
        Kind::Delivered,
        Kind::Open,
        Kind::Click,
        Kind::Bounce,
        Kind::Unsubscribe,
        Kind::Complaint,
    ];
    let version = args.native_version.as_deref();
    if let Some(version) = version {
        args::has_version(provider, version)?;
    }
    let mut templates = Vec::new();
    for kind in kinds {
        let Some(row) = provider.row_of(kind.name(), version) else {
            notes.push(format!("{} sends no `{kind}`; left out", provider.name));
            continue;
        };
        let sort = args.bounce.as_deref().filter(|_| kind == Kind::Bounce);
        let compiled = CompiledTemplate::new(&Template::new(provider, row, sort)?, &overrides);
        settable(&compiled)?;
        for note in compiled.notes() {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        let scheme = providers::signing_scheme(provider, &compiled.unchanged());
        let source = format!("send {}", scenario.name()).as_str().into();
        templates.push(EventTemplate {
            kind,
            source,
            compiled,
            scheme,
        });
    }
    Ok(templates)
}

/// Sends the events, and returns the exit status.
pub(crate) fn run(plan: JourneyPlan) -> Result<Exit> {
    let shown = plan.dry_run.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let timeline = Timeline::new(&plan);
    let length = Length::Deliveries(timeline.total);
    let report = Arc::new(Reporter::new(plan.style, Progress::new(length, shown)));
    args::say_all(&report, &plan.notes);
    let result = play(&plan, timeline, &report);
    report.finish();
    result
}

fn play(plan: &JourneyPlan, timeline: Timeline, report: &Arc<Reporter>) -> Result<Exit> {
    // A kind that cannot be signed is reported before anything is sent.
    for template in 0..plan.common.templates.len() {
        plan.common.try_out(template)?;
    }
    let target = &plan.common.request.target;
    let saver = plan
        .save
        .as_deref()
        .map(|path| Saver::open(path, timeline.total, target, report))
        .transpose()?;
    let runtime = runtime::on_this_thread()?;
    if let Some(form) = plan.dry_run {
        let dry_run = DryRun {
            form,
            at: plan.common.at,
            quiet: plan.style.quiet,
        };
        let jobs = saver::keeping(saver.as_ref(), timeline, target, &runtime);
        dry_run.print(jobs, target, report)?;
        return Ok(Exit::Success);
    }
    runtime.block_on(send(plan, timeline, saver, report))
}

async fn send(
    plan: &JourneyPlan,
    timeline: Timeline,
    saver: Option<Saver>,
    report: &Arc<Reporter>,
) -> Result<Exit> {
    let in_flight = InFlight::default();
    let interrupt = Interrupt::start({
        let report = Arc::clone(report);
        let in_flight = in_flight.clone();
        move || {
            if in_flight.count() > 0 {
                report.say(FINISHING);
            }
        }
    });
    let request = &plan.common.request;
    if request.settings.insecure {
        report.warn("certificates are not checked");
    }
    let signer = &plan.common.signer;
    let dispatcher = Dispatcher {
        client: Client::new(request.settings),
        target: request.target.clone(),
        retry: request.retry(plan.retries),
        concurrency: plan.concurrency,
        beat: plan.beat,
        expected: request.expected.clone(),
        // With a fixed signing time, retries keep their signature; otherwise each attempt is signed at its own time.
        signer: signer.renews().then(|| Arc::clone(signer)),
        journal: None,
        failed_to: None,
        answers_to: None,
        saver,
        report: Arc::clone(report),
        interrupt: interrupt.clone(),
        in_flight,
    };
    let jobs: Jobs = Box::new(timeline.filter_map(std::result::Result::ok));
    report.progress().start();
    let tally = dispatcher
        .run(jobs, Tally::new("sent"), plan.common.seed)
        .await;
    report.tell(&Notice::Summary(&tally));
    report.advise(&tally);
    Ok(tally.exit(interrupt.is_set()))
}

/// Iterator over the jobs of a scenario, in order of time.
struct Timeline {
    common: Rc<Common>,
    moments: Box<dyn Iterator<Item = Moment>>,
    start: Timestamp,
    total: u64,
    number: u64,
}

impl Timeline {
    fn new(plan: &JourneyPlan) -> Timeline {
        let (moments, total, end): (Box<dyn Iterator<Item = Moment>>, u64, u64) =
            match plan.scenario {
                Scenario::Journey(ending) => {
                    let life = webhook::journey(ending);
                    let end = life.last().map_or(0, |last| last.millis);
                    let total = life.len() as u64;
                    (Box::new(life.into_iter()), total, end)
                }
                Scenario::Campaign(campaign) => {
                    let moments: Moments = campaign.moments();
                    let (total, end) = (moments.total(), moments.end());
                    (Box::new(moments), total, end)
                }
            };
        let ago = Duration::from_millis(end);
        let start = plan
            .common
            .at
            .or_else(|| Timestamp::now().checked_sub(ago).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH);
        Timeline {
            common: Rc::clone(&plan.common),
            moments,
            start,
            total,
            number: 0,
        }
    }
}

impl Iterator for Timeline {
    type Item = Result<Job>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let moment = self.moments.next()?;
            let Some(template) = self
                .common
                .templates
                .iter()
                .find(|template| template.kind == moment.kind)
            else {
                continue;
            };
            self.number += 1;
            let at = self.start.checked_add(Duration::from_millis(moment.millis));
            let at = at.unwrap_or(self.start);
            return Some(self.common.make(template, &moment, at).map(|delivery| Job {
                id: self.number.to_string(),
                source: template.source.clone(),
                about: None,
                provider: Some(self.common.provider),
                delivery,
                origin: JobOrigin {
                    at: Some(at),
                    ..JobOrigin::default()
                },
            }));
        }
    }
}

impl Common {
    fn try_out(&self, template: usize) -> Result<()> {
        let Some(template) = self.templates.get(template) else {
            return Ok(());
        };
        let moment = Moment {
            millis: 0,
            message: 0,
            place: 0,
            kind: template.kind,
        };
        self.make(template, &moment, Timestamp::UNIX_EPOCH)
            .map(drop)
    }

    fn make(&self, template: &EventTemplate, moment: &Moment, at: Timestamp) -> Result<Delivery> {
        let streams = RandomStreams(self.seed);
        let mut rng = streams
            .delivery_of(moment.message, moment.place.into())
            .repeatable(self.repeatable);
        // The message id is the same for all events of a message.
        let message = |_| streams.message(moment.message);
        let mut delivery = template.compiled.fill(at, &mut rng, message);
        name_recipient(&mut delivery, moment.message + 1);
        let request = &self.request;
        let outgoing = self
            .signer
            .outgoing(self.provider, &request.target, &request.headers);
        outgoing.address(&mut delivery);
        let key = self.signer.keys.signing(self.provider);
        if let (Some(scheme), Some(key)) = (template.scheme, key) {
            let signed = outgoing.sign(scheme, key, &mut delivery, &mut rng);
            signed.map_err(|why| {
                let title = self.provider.title;
                Error::usage(format!("cannot sign a {} as {title}: {why}", self.name))
            })?;
        }
        Ok(delivery)
    }
}

/// Replaces the placeholder by recipient `number`. Both have the same length, so no byte offset changes.
fn name_recipient(delivery: &mut Delivery, number: u64) {
    let (stands, _) = RECIPIENT.split_once('@').unwrap_or((RECIPIENT, ""));
    let name = format!("reader-{number:0DIGITS$}");
    if memchr::memmem::find(&delivery.body, stands.as_bytes()).is_some() {
        let mut body = Vec::with_capacity(delivery.body.len());
        let mut rest = delivery.body.as_ref();
        while let Some(at) = memchr::memmem::find(rest, stands.as_bytes()) {
            let (before, after) = rest.split_at(at);
            body.extend_from_slice(before);
            body.extend_from_slice(name.as_bytes());
            rest = after.get(stands.len()..).unwrap_or_default();
        }
        body.extend_from_slice(rest);
        delivery.body = Bytes::from(body);
    }
    if delivery.path.as_str().contains(stands)
        && let Ok(path) = delivery.path.as_str().replace(stands, &name).parse()
    {
        delivery.path = path;
    }
}
