//! `send journey` and `send campaign`: all events of one or many messages, in order of time.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::cli::{Ending, Form, SendArgs};
use crate::commands::args;
use crate::commands::args::RequestOptions;
use crate::commands::dispatch;
use crate::commands::dispatch::{Dispatcher, Jobs};
use crate::commands::dry_run::{DryRun, as_sent};
use crate::commands::id;
use crate::commands::job::{Job, JobOrigin};
use crate::commands::send::saver::Saver;
use crate::commands::send::selection::{overrides, settable};
use crate::commands::shutdown::{FINISHING, InFlight, Interrupt};
use crate::commands::signer::Signer;
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::recording::reader::Source;
use crate::io::runtime;
use crate::providers;
use crate::providers::{CompiledTemplate, Provider, Template};
use crate::report::{Length, Notice, Progress, Reporter, Style, Tally};
use crate::webhook;
use crate::webhook::sending::rng;
use crate::webhook::{
    Beat, Campaign, Delivery, Fixture, Kind, Moment, Moments, Rates, Rng, Scheme,
};

/// Scenario to simulate.
#[derive(Clone, Copy, Debug)]
enum Scenario {
    Journey(webhook::Ending),
    Campaign(Campaign),
}

/// Settings of `send journey` or `send campaign`, made from the flags.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    story: Scenario,
    common: Rc<Common>,
    beat: Beat,
    concurrency: u16,
    retries: u32,
    dry_run: Option<Form>,
    save: Option<PathBuf>,
    notes: Vec<String>,
}

/// Settings shared by all deliveries of a scenario.
#[derive(Debug)]
struct Common {
    name: &'static str,
    provider: &'static Provider,
    roles: Vec<EventTemplate>,
    /// Time of the first event (`--at`); if none, chosen so that the last event happens now.
    at: Option<Timestamp>,
    seed: u64,
    /// True if each delivery has the same bytes whenever it is made (`--seed`, `--save`).
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

/// True if the first word is `journey` or `campaign`, not an event kind.
pub fn is_meant(args: &SendArgs) -> bool {
    let first = args.kinds.first().map(String::as_str);
    matches!(first, Some("journey" | "campaign"))
}

/// Rejects flags that apply to a journey or a campaign only.
pub fn refuse_its_words(args: &SendArgs) -> Result<()> {
    let story = &args.story;
    let given = story.recipients.is_some() || story.ending.is_some() || story.compress.is_some();
    if given || story.rates().iter().any(Option::is_some) {
        return Err(Error::usage("there is no campaign to say that of")
            .hint("`send journey` plays one message's life, `send campaign --recipients 1000` those of many"));
    }
    Ok(())
}

impl Plan {
    /// Makes the settings from the flags; reads secrets.
    pub fn new(args: SendArgs, style: Style) -> Result<Plan> {
        let seed = args.seed.unwrap_or_else(id::fresh_seed);
        let story = story(&args, seed)?;
        let others = args.data.is_some() || args.handshake.is_some() || args.batch.is_some();
        if others || args.machine || args.tamper.is_some() || args.count != 1 {
            return Err(Error::usage(
                "a journey and a campaign have their own events: `--data`, `--count`, `--batch`, `--handshake`, `--machine` and `--tamper` are not for them",
            ));
        }
        if args.provider == "all" {
            return Err(Error::usage(
                "a journey or a campaign goes through one provider",
            ));
        }
        let provider = args::provider(&args.provider)?;
        let secrets = args::secrets(&args.secrets, Some(provider))?;
        let mut notes = secrets.notes;
        let name = match story {
            Scenario::Journey(_) => "journey",
            Scenario::Campaign(_) => "campaign",
        };
        if provider.events.iter().any(|row| row.native == name) {
            notes.push(format!(
                "note: this plays a {name}; {}'s own event `{name}` is `send {}{name}`",
                provider.title,
                args::NATIVE
            ));
        }
        let signer = Signer {
            keys: secrets.keys,
            at: args
                .signed_at
                .or(if args.seed.is_some() { args.at } else { None }),
            public_url: args.secrets.public_url.clone(),
            tamper: None,
        };
        let request = RequestOptions::new(&args.request, "2xx")?;
        let roles = roles(&args, provider, name, story, &mut notes)?;
        Ok(Plan {
            style: Style {
                quiet: args.request.quiet,
                replies: args.verbose,
                ..style
            },
            story,
            beat: match (args.story.compress, request.beat) {
                (Some(faster), Beat::Free) => faster.map_or(Beat::Free, Beat::Recorded),
                (_, beat) => beat,
            },
            common: Rc::new(Common {
                name,
                provider,
                roles,
                at: args.at,
                seed,
                request,
                signer: Arc::new(signer),
                // What is saved is made a second time to be sent.
                repeatable: args.seed.is_some() || args.save.is_some(),
            }),
            concurrency: args.concurrency,
            retries: args.retries,
            dry_run: args.request.dry_run.then_some(args.request.form),
            save: args.save,
            notes,
        })
    }
}

fn story(args: &SendArgs, seed: u64) -> Result<Scenario> {
    let story = &args.story;
    if let [_, other, ..] = args.kinds.as_slice() {
        return Err(Error::usage(format!("`{other}` is one word too many"))
            .hint("a journey and a campaign say themselves what happens"));
    }
    if args.kinds.first().is_some_and(|word| word == "journey") {
        if story.recipients.is_some() || story.rates().iter().any(Option::is_some) {
            return Err(Error::usage("a journey is that of one message")
                .hint("`send campaign --recipients N` plays many"));
        }
        return Ok(Scenario::Journey(match story.ending {
            None => webhook::Ending::Click,
            Some(Ending::Bounce) => webhook::Ending::Bounce,
            Some(Ending::Complaint) => webhook::Ending::Complaint,
            Some(Ending::Unsubscribe) => webhook::Ending::Unsubscribe,
        }));
    }
    if story.ending.is_some() {
        return Err(
            Error::usage("the messages of a campaign end each in its own way")
                .hint("`--bounce-rate`, `--complaint-rate` and `--unsubscribe-rate` say how many"),
        );
    }
    if args.recipient.is_some() || args.message_id.is_some() {
        return Err(Error::usage(
            "the messages of a campaign have recipients and ids of their own",
        ));
    }
    let defaults = Rates::default();
    let [bounce, deferred, open, click, unsubscribe, complaint] = story.rates();
    Ok(Scenario::Campaign(Campaign {
        recipients: story.recipients.unwrap_or(100),
        rates: Rates {
            bounce: bounce.unwrap_or(defaults.bounce),
            deferred: deferred.unwrap_or(defaults.deferred),
            open: open.unwrap_or(defaults.open),
            click: click.unwrap_or(defaults.click),
            unsubscribe: unsubscribe.unwrap_or(defaults.unsubscribe),
            complaint: complaint.unwrap_or(defaults.complaint),
        },
        seed,
    }))
}

/// Compiles a template for each kind that the provider has.
fn roles(
    args: &SendArgs,
    provider: &'static Provider,
    name: &str,
    story: Scenario,
    notes: &mut Vec<String>,
) -> Result<Vec<EventTemplate>> {
    let mut overrides = overrides(args)?;
    if matches!(story, Scenario::Campaign(_)) {
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
    let mut roles = Vec::new();
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
        let source = format!("send {name}").as_str().into();
        roles.push(EventTemplate {
            kind,
            source,
            compiled,
            scheme,
        });
    }
    Ok(roles)
}

/// Sends the events, and returns the exit status.
pub fn run(plan: Plan) -> Result<Exit> {
    let shown = plan.dry_run.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let timeline = Timeline::new(&plan);
    let length = Length::Deliveries(timeline.total);
    let report = Arc::new(Reporter::new(plan.style, Progress::new(length, shown)));
    args::say_all(&report, &plan.notes);
    let result = play(&plan, timeline, &report);
    report.finish();
    result
}

fn play(plan: &Plan, timeline: Timeline, report: &Arc<Reporter>) -> Result<Exit> {
    let runtime = runtime::on_this_thread()?;
    runtime.block_on(async {
        if let Some(path) = &plan.save {
            keep(path, plan, report).await?;
        }
        if let Some(form) = plan.dry_run {
            let dry_run = DryRun {
                form,
                at: plan.common.at,
                quiet: plan.style.quiet,
            };
            dry_run.print(timeline, &plan.common.request.target, report)?;
            return Ok(Exit::Success);
        }
        send(plan, timeline, report).await
    })
}

async fn send(plan: &Plan, timeline: Timeline, report: &Arc<Reporter>) -> Result<Exit> {
    // A kind that cannot be signed is reported before anything is sent.
    for template in 0..plan.common.roles.len() {
        plan.common.try_out(template)?;
    }
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
    dispatch::hint(&tally, report);
    Ok(tally.exit(interrupt.is_set()))
}

/// Keeps all of it; it is on disk when this ends.
async fn keep(path: &Path, plan: &Plan, report: &Arc<Reporter>) -> Result<()> {
    let timeline = Timeline::new(plan);
    let saver = Saver::open(path, timeline.total, &plan.common.request.target, report)?;
    for job in timeline {
        let job = job?;
        let mut fixture = Fixture::new(as_sent(job.delivery, &plan.common.request.target));
        if matches!(saver, Saver::Many(_)) {
            fixture.id = Some(job.id);
            fixture.at = job.origin.at;
        }
        saver.keep(fixture).await?;
    }
    saver.finish();
    Ok(())
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
    fn new(plan: &Plan) -> Timeline {
        let (moments, total, end): (Box<dyn Iterator<Item = Moment>>, u64, u64) = match plan.story {
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
                .roles
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
        let Some(template) = self.roles.get(template) else {
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
        // Two random streams: the message id is the same for all events of a message.
        let own = rng::message_seed(self.seed, moment.message);
        let mut rng = Rng::seeded(rng::delivery_seed(own, u64::from(moment.place) + 1))
            .repeatable(self.repeatable);
        let mut delivery = template.compiled.fill(at, &mut rng, |_| Rng::seeded(own));
        name_recipient(&mut delivery, moment.message + 1);
        delivery.aim(self.request.target.path.clone());
        // Before signing, because a header may select what is signed; and after, so that the user's value is final.
        self.request.dress(&mut delivery);
        let key = self.signer.keys.signing(self.provider);
        if let (Some(scheme), Some(key)) = (template.scheme, key) {
            let target = &self.request.target;
            self.signer
                .sign_as(self.provider, scheme, key, &mut delivery, target, &mut rng)
                .map_err(|why| {
                    let title = self.provider.title;
                    Error::usage(format!("cannot sign a {} as {title}: {why}", self.name))
                })?;
        }
        self.request.dress(&mut delivery);
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
