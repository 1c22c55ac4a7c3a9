//! `send`: synthetic events in a provider's dress.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::courier::{self, Courier, Parcel, Parcels};
use super::id;
use super::interrupt::Interrupt;
use super::plan::{self, Request};
use super::rounds::{Item, Rounds, Works};
use super::sealer::Sealer;
use crate::cli::{Form, SendArgs};
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::recorder::Recorder;
use crate::providers::{self, ALL, Provider, Row, Stencil, Template, Wish};
use crate::report::{Length, Notice, Progress, Reporter, Style, Tally, curl, http as wire};
use crate::webhook::{Delivery, Fixture, Kind};

/// What `send` was asked to do.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    works: Rc<Works>,
    concurrency: u16,
    retries: u32,
    seed: Option<u64>,
    dry_run: Option<Form>,
    save: Option<PathBuf>,
    notes: Vec<String>,
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
        let data = args.data.as_deref().map(plan::body).transpose()?;
        let items = items(&args, &chosen, &mut notes)?;
        if data.is_none() {
            for note in items.iter().flat_map(Item::notes) {
                if !notes.contains(note) {
                    notes.push(note.clone());
                }
            }
        }
        let sealer = Sealer {
            keys: secrets.keys,
            at: args
                .signed_at
                .or(if args.seed.is_some() { args.at } else { None }),
            public_url: args.secrets.public_url,
        };
        Ok(Plan {
            style: Style {
                quiet: args.request.quiet,
                ..style
            },
            works: Rc::new(Works {
                items,
                count: args.count,
                at: args.at,
                data: data.map(Into::into),
                request: Request::new(&args.request)?,
                sealer: Rc::new(sealer),
            }),
            concurrency: args.concurrency,
            retries: args.retries,
            seed: args.seed,
            dry_run: args.request.dry_run.then_some(args.request.form),
            save: args.save,
            notes,
        })
    }
}

/// What one round sends.
fn items(
    args: &SendArgs,
    chosen: &[&'static Provider],
    notes: &mut Vec<String>,
) -> Result<Vec<Item>> {
    let wish = wish(args)?;
    let mut kinds = args.kinds.clone();
    if kinds.is_empty() {
        // With a body of one's own, only the headers of an example are taken.
        kinds.extend(chosen.first().and_then(|provider| {
            providers::kinds_of(provider)
                .first()
                .map(|kind| (*kind).to_owned())
        }));
    }
    if let ([], [scheme]) = (kinds.as_slice(), chosen) {
        let stencil = Stencil::new(&Template::bare(scheme), &wish);
        return Ok(vec![Item::new(scheme.name.to_owned(), scheme, stencil)]);
    }
    let mut items = Vec::new();
    for name in &kinds {
        for provider in chosen {
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
                    let stencil = Stencil::new(&template, &wish);
                    items.push(Item::new(name.clone(), provider, stencil));
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
    Ok(items)
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
        sets: sets.collect::<Result<_>>()?,
    })
}

/// Carries the plan out.
pub fn run(plan: Plan) -> Result<Exit> {
    let total = plan.works.total();
    let bar =
        total > 1 && plan.dry_run.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let report = Arc::new(Reporter::new(
        plan.style,
        Progress::new(Length::Deliveries(total), bar),
    ));
    plan::say_all(&report, &plan.notes);
    let seed = plan.seed.unwrap_or_else(id::fresh_seed);

    if let Some(form) = plan.dry_run {
        for parcel in Rounds::new(&plan.works, seed) {
            report.data(&printed(&parcel?, form, &plan.works.request));
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
            for parcel in Rounds::new(&plan.works, seed) {
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
    for parcel in Rounds::new(&plan.works, seed).take(plan.works.items.len()) {
        parcel?;
    }
    let client = Client::new(plan.works.request.settings);
    if plan.works.request.settings.insecure {
        report.warn("certificates are not checked");
    }
    let total = plan.works.total();
    let parcels: Parcels =
        Box::new(Rounds::new(&plan.works, seed).filter_map(std::result::Result::ok));
    let courier = Courier {
        client,
        target: plan.works.request.target.clone(),
        retry: plan.works.request.retry(plan.retries),
        concurrency: plan.concurrency,
        beat: plan.works.request.beat,
        expected: plan.works.request.expected.clone(),
        // A fixed time of signing stays fixed; otherwise a provider signs each attempt at its own time.
        sealer: plan
            .works
            .sealer
            .at
            .is_none()
            .then(|| Rc::clone(&plan.works.sealer)),
        journal: None,
        failed_to: None,
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
