//! `send`: synthetic events in a provider's dress.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

use super::courier::{self, Courier, Parcel, Parcels, Sealer};
use super::id;
use super::interrupt::Interrupt;
use super::plan::{self, Request};
use crate::cli::{Form, SendArgs};
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::recorder::Recorder;
use crate::providers::{self, ALL, Provider, Row, Template, Wish};
use crate::report::{Notice, Progress, Reporter, Style, Tally, curl, http as wire};
use crate::webhook::{Chance, Delivery, Fixture, Kind, Retry};

/// What `send` was asked to do.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    request: Request,
    items: Vec<Item>,
    count: u64,
    concurrency: u16,
    retries: u32,
    wish: Wish,
    at: Option<Timestamp>,
    seed: Option<u64>,
    data: Option<bytes::Bytes>,
    sealer: Rc<Sealer>,
    dry_run: Option<Form>,
    save: Option<PathBuf>,
    notes: Vec<String>,
}

/// One of the deliveries of a round.
#[derive(Debug)]
struct Item {
    name: String,
    provider: &'static Provider,
    template: Template,
}

impl Plan {
    /// Makes a plan of the words.
    pub fn new(args: SendArgs, style: Style) -> Result<Plan> {
        let mut notes = Vec::new();
        let chosen: Vec<&'static Provider> = match &args.scheme {
            Some(name) => vec![plan::scheme(name)?],
            None if args.provider == "all" => ALL.to_vec(),
            None => vec![plan::provider(&args.provider)?],
        };
        let secrets = plan::secrets(
            &args.secrets,
            if chosen.len() == 1 {
                chosen.first().copied()
            } else {
                None
            },
        )?;
        notes.extend(secrets.notes);
        let sealer_at = args
            .signed_at
            .or(if args.seed.is_some() { args.at } else { None });
        let data = args
            .data
            .as_deref()
            .map(plan::body)
            .transpose()?
            .map(bytes::Bytes::from);
        let mut kinds = args.kinds.clone();
        if kinds.is_empty() {
            // With a body of one's own, only the headers of an example are taken.
            kinds.extend(chosen.first().and_then(|provider| {
                providers::kinds_of(provider)
                    .first()
                    .map(|kind| (*kind).to_owned())
            }));
        }
        let mut items = Vec::new();
        if let ([], [scheme]) = (kinds.as_slice(), chosen.as_slice()) {
            items.push(Item {
                name: scheme.name.to_owned(),
                provider: scheme,
                template: Template::bare(scheme),
            });
        }
        for name in &kinds {
            for provider in &chosen {
                match row(provider, name, args.bounce.is_some()) {
                    Ok(row) => {
                        let bounce = args.bounce.as_deref().filter(|_| row.kind == Kind::Bounce);
                        let template = match Template::new(provider, row, bounce) {
                            Err(error) if chosen.len() > 1 => {
                                notes.push(format!("{error}; left out"));
                                continue;
                            }
                            template => template?,
                        };
                        items.push(Item {
                            name: name.clone(),
                            provider,
                            template,
                        });
                    }
                    // Of all providers, those that have such an event are meant.
                    Err(_) if chosen.len() > 1 && Kind::from_name(name).is_some() => {
                        notes.push(format!("{} sends no `{name}`; left out", provider.name));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        if items.is_empty() {
            return Err(Error::usage("nothing is left to send"));
        }
        Ok(Plan {
            style,
            request: Request::new(&args.request)?,
            items,
            count: args.count,
            concurrency: args.concurrency,
            retries: args.retries,
            wish: wish(&args)?,
            at: args.at,
            seed: args.seed,
            data,
            sealer: Rc::new(Sealer {
                keys: secrets.keys,
                at: sealer_at,
                public_url: args.secrets.public_url,
            }),
            dry_run: args.request.dry_run.then_some(args.request.form),
            save: args.save,
            notes,
        })
    }
}

/// The row to start from; `bounce` is whether a sort of bounce was asked for.
fn row(provider: &'static Provider, name: &str, bounce: bool) -> Result<&'static Row> {
    let row = plan::row(provider, name)?;
    if bounce && row.kind != Kind::Bounce {
        return Err(Error::usage(format!(
            "`--bounce` goes with a bounce, not with `{name}`"
        )));
    }
    Ok(row)
}

fn wish(args: &SendArgs) -> Result<Wish> {
    let pair = |given: &str, what: &str| -> Result<(String, String)> {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{given}` has no value"))
                .hint(format!("write it as `{what}=VALUE`"))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    let sets = args.sets.iter().map(|given| {
        let (path, value) = pair(given, "PATH")?;
        let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::from(value));
        Ok((path, value))
    });
    Ok(Wish {
        recipient: args.recipient.clone(),
        url: args.url.clone(),
        campaign: args.campaign.clone(),
        message_id: args.message_id.clone(),
        tags: args.tags.clone(),
        metadata: args
            .metadata
            .iter()
            .map(|given| pair(given, "KEY"))
            .collect::<Result<_>>()?,
        bounce: args.bounce.clone(),
        sets: sets.collect::<Result<_>>()?,
    })
}

/// Carries the plan out.
pub fn run(plan: Plan) -> Result<Exit> {
    let total = plan.count * plan.items.len() as u64;
    let bar =
        total > 1 && plan.dry_run.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let report = Arc::new(Reporter::new(plan.style, Progress::new(Some(total), bar)));
    plan::say_all(&report, &plan.notes);
    let seed = plan.seed.unwrap_or_else(id::fresh_seed);
    check_wishes(&plan, &report, seed);

    if let Some(form) = plan.dry_run {
        for parcel in Rounds::new(&plan, seed) {
            report.data(&printed(&parcel?, form, &plan.request));
        }
        report.finish();
        return Ok(Exit::Success);
    }
    let recorder = plan
        .save
        .as_deref()
        .map(|path| Saver::open(path, total))
        .transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Error::usage(format!("cannot start: {error}")))?;
    let exit = runtime.block_on(async {
        if let Some(saver) = recorder {
            for parcel in Rounds::new(&plan, seed) {
                saver.keep(&parcel?.delivery).await?;
            }
        }
        let interrupt = Interrupt::start({
            let report = Arc::clone(&report);
            move || report.say("finishing what has begun; Ctrl-C again leaves at once")
        });
        send(plan, report.clone(), interrupt, seed).await
    });
    report.finish();
    exit
}

async fn send(plan: Plan, report: Arc<Reporter>, interrupt: Interrupt, seed: u64) -> Result<Exit> {
    // An error in making one shows with the first, before anything is sent.
    for parcel in Rounds::new(&plan, seed).take(plan.items.len()) {
        parcel?;
    }
    let client = Client::new(plan.request.settings);
    if plan.request.settings.insecure {
        report.warn("certificates are not checked");
    }
    let total = plan.count * plan.items.len() as u64;
    let plan = Rc::new(plan);
    let parcels: Parcels =
        Box::new(Rounds::new(Rc::clone(&plan), seed).filter_map(std::result::Result::ok));
    let courier = Courier {
        client,
        target: plan.request.target.clone(),
        retry: Retry {
            times: plan.retries,
            backoff: Duration::from_millis(500),
        },
        concurrency: plan.concurrency,
        expected: plan.request.expected.clone(),
        // A fixed time of signing stays fixed; otherwise a provider signs each attempt at its own time.
        sealer: plan.sealer.at.is_none().then(|| Rc::clone(&plan.sealer)),
        report: Arc::clone(&report),
        interrupt: interrupt.clone(),
    };
    report.progress().start();
    let tally = courier.run(parcels, Tally::new("sent"), seed).await;
    if total > 1 || plan.style.json {
        report.tell(&Notice::Summary(&tally));
    }
    courier::hint(&tally, &report);
    Ok(courier::exit(&tally, interrupt.is_set()))
}

/// Says once what a provider cannot carry.
fn check_wishes(plan: &Plan, report: &Reporter, seed: u64) {
    let mut said = std::collections::BTreeSet::new();
    for item in plan.items.iter().filter(|_| plan.data.is_none()) {
        let (_, notes) =
            item.template
                .fill(&plan.wish, Timestamp::UNIX_EPOCH, &mut Chance::seeded(seed));
        for note in notes {
            if said.insert(note.clone()) {
                report.warn(&note);
            }
        }
    }
}

/// Each round is a life of one message for each provider: its kinds in the order given, with one message id.
struct Rounds<P> {
    plan: P,
    seed: u64,
    next: u64,
}

impl<P: std::ops::Deref<Target = Plan>> Rounds<P> {
    fn new(plan: P, seed: u64) -> Self {
        Self {
            plan,
            seed,
            next: 0,
        }
    }

    fn make(&self, number: u64) -> Option<Result<Parcel>> {
        let plan: &Plan = &self.plan;
        let items = plan.items.len() as u64;
        let (round, place) = (number / items, number % items);
        if round >= plan.count {
            return None;
        }
        let item = plan.items.get(usize::try_from(place).ok()?)?;
        // Two streams of chance: the message's id is the same for all kinds of a round.
        let mut of_round = Chance::seeded(self.seed ^ round.wrapping_mul(0xA076_1D64_78BD_642F));
        let mut of_parcel =
            Chance::seeded(self.seed ^ number.wrapping_mul(0xE703_7ED1_A0B4_28DB) ^ 1);
        let mut wish = plan.wish.clone();
        if wish.message_id.is_none() {
            wish.message_id = item.template.message_id(&mut of_round);
        }
        let at = plan.at.unwrap_or_else(Timestamp::now);
        let (mut delivery, _) = item.template.fill(&wish, at, &mut of_parcel);
        if let Some(data) = &plan.data {
            delivery.body = data.clone();
            if delivery.headers.get("content-type").is_none() {
                let kind = HeaderValue::from_static(content_type(data));
                delivery.headers.set(CONTENT_TYPE, kind);
            }
        }
        delivery.aim(plan.request.target.path.clone());
        // Before it is signed, because a header may say what is signed; and after, so that the user has the last word.
        plan.request.dress(&mut delivery);
        let sealed = plan.sealer.seal(
            item.provider,
            &mut delivery,
            &plan.request.target,
            &mut of_parcel,
        );
        if let Err(why) = sealed {
            return Some(Err(Error::usage(format!(
                "cannot sign as {}: {why}",
                item.provider.title
            ))));
        }
        plan.request.dress(&mut delivery);
        let source = format!("send {}", item.name);
        let about = match &plan.data {
            Some(data) => format!("{} bytes of your own  {}", data.len(), item.provider.name),
            None => courier::about(&providers::outline(&delivery, Some(item.provider))),
        };
        Some(Ok(Parcel {
            id: id_of(number),
            source,
            about,
            provider: Some(item.provider),
            delivery,
        }))
    }
}

impl<P: std::ops::Deref<Target = Plan>> Iterator for Rounds<P> {
    type Item = Result<Parcel>;

    fn next(&mut self) -> Option<Self::Item> {
        let made = self.make(self.next)?;
        self.next += 1;
        Some(made)
    }
}

/// What a body of the user's own looks like.
fn content_type(body: &[u8]) -> &'static str {
    let is_form = body.contains(&b'=')
        && body
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"=&%+-._*~".contains(b));
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        "application/json"
    } else if is_form {
        "application/x-www-form-urlencoded"
    } else if std::str::from_utf8(body).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}

fn id_of(number: u64) -> String {
    format!("{}", number + 1)
}

/// A request printed in place of being sent.
pub fn printed(parcel: &Parcel, form: Form, request: &Request) -> Vec<u8> {
    match form {
        Form::Http => {
            let mut out = wire(&parcel.delivery, &request.target);
            out.extend_from_slice(b"\n");
            out
        }
        Form::Curl => curl(&parcel.delivery, &request.target),
        Form::Json => Fixture::new(parcel.delivery.clone()).to_line().into_bytes(),
    }
}

/// Where `--save` keeps what is sent.
enum Saver {
    One(PathBuf),
    Many(Recorder),
}

impl Saver {
    fn open(path: &std::path::Path, total: u64) -> Result<Saver> {
        if path.extension().is_none_or(|end| end != "json") {
            return Ok(Saver::Many(Recorder::open(path)?));
        }
        if total > 1 {
            return Err(
                Error::usage(format!("{total} deliveries do not fit into one fixture"))
                    .hint("save them into a folder, or into a `.ndjson` recording"),
            );
        }
        Ok(Saver::One(path.to_owned()))
    }

    async fn keep(&self, delivery: &Delivery) -> Result<()> {
        let mut fixture = Fixture::new(delivery.clone());
        fixture.delivery.headers = delivery.headers.end_to_end();
        match self {
            Saver::One(path) => {
                std::fs::write(path, fixture.to_pretty()).map_err(|error| error.to_string())
            }
            Saver::Many(recorder) => {
                fixture.id = Some(id::new(Timestamp::now()));
                fixture.at = Some(Timestamp::now());
                recorder.keep(&fixture).await.map(drop)
            }
        }
        .map_err(|why| Error::usage(format!("cannot save: {why}")))
    }
}
