//! `send`: synthetic events in a provider's format, signed as the provider signs.

pub(crate) mod content_api;
pub(crate) mod generator;
pub(crate) mod inbound;
pub(crate) mod journey;
pub(crate) mod saver;
pub(crate) mod scenario;
pub(crate) mod selection;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::dispatch::{Dispatcher, Jobs};
use crate::commands::id;
use crate::commands::shutdown::{FINISHING, InFlight, Interrupt};

use crate::cli::{RequestFormat, SendArgs};
use crate::commands::args;
use crate::commands::args::{RequestOptions, Secrets};
use crate::commands::dry_run::DryRun;
use crate::commands::send::content_api::{ContentServer, Shown};
use crate::commands::send::generator::{Generator, Item, SUCCESS, SendSelection};
use crate::commands::send::saver::Saver;
use crate::commands::send::selection::signing_time;
use crate::commands::signer::Signer;
use crate::error::{Exit, Result};
use crate::io::client::Client;
use crate::io::runtime;
use crate::providers::{ALL, Provider};
use crate::report::{Length, Notice, OutputStyle, Progress, Reporter, Tally};
use crate::webhook::Tamper;

/// Settings of `send`, made from its flags.
#[derive(Debug)]
pub(crate) struct SendPlan {
    style: OutputStyle,
    selection: Arc<SendSelection>,
    concurrency: u16,
    retries: u32,
    seed: Option<u64>,
    dry_run: Option<RequestFormat>,
    save: Option<PathBuf>,
    /// Address of the content API (`--api`), and the time for which it responds.
    api: Option<(SocketAddr, Option<Duration>)>,
    notes: Vec<String>,
}

impl SendPlan {
    /// Makes the settings from the flags; reads secrets and `--data`.
    pub(crate) fn new(args: SendArgs, style: OutputStyle) -> Result<SendPlan> {
        let given = args.secrets.clone();
        Self::with_secrets(args, style, |only| args::secrets(&given, only))
    }

    /// Deliveries to generate.
    pub(crate) fn selection(&self) -> &Arc<SendSelection> {
        &self.selection
    }

    /// Makes the settings from the flags, with secrets that are read already.
    pub(crate) fn with_secrets(
        args: SendArgs,
        style: OutputStyle,
        secrets: impl FnOnce(Option<&'static Provider>) -> Result<Secrets>,
    ) -> Result<SendPlan> {
        let mut notes = Vec::new();
        let providers = chosen(&args)?;
        let is_several = providers.len() > 1;
        let only = providers.first().copied().filter(|_| !is_several);
        let secrets = secrets(only)?;
        notes.extend(secrets.notes);
        let data = args
            .data
            .as_deref()
            .map(|given| args::data(given, &mut notes))
            .transpose()?;
        let items = selection::items(&args, &providers, &mut notes)?;
        if data.is_none() {
            notes.extend(merged(&items, is_several));
        }
        let tamper = args.tamper.as_deref().and_then(Tamper::find);
        // A delivery with `--tamper` is meant to be rejected.
        let expected = if tamper.is_some() { "4xx" } else { SUCCESS };
        let signer = Signer {
            tamper,
            keys: secrets.keys,
            at: signing_time(&args),
            public_url: args.secrets.public_url,
        };
        let mut selection = SendSelection {
            items,
            count: args.count,
            at: args.at,
            data: data.map(Into::into),
            request: RequestOptions::new(&args.request, expected)?,
            signer: Arc::new(signer),
            repeatable: args.seed.is_some(),
        };
        notes.extend(selection.leave_out(is_several)?);
        Ok(SendPlan {
            style: OutputStyle {
                quiet: args.request.quiet,
                replies: args.verbose,
                ..style
            },
            selection: Arc::new(selection),
            concurrency: args.concurrency,
            retries: args.retries,
            seed: args.seed,
            dry_run: args.request.dry_run.then_some(args.request.form),
            save: args.save,
            api: args.inbound.api.map(|at| (at, args.inbound.span)),
            notes,
        })
    }
}

/// Providers that `--provider` or `--scheme` names.
fn chosen(args: &SendArgs) -> Result<Vec<&'static Provider>> {
    Ok(match &args.scheme {
        Some(name) => vec![args::scheme(name)?],
        None if args.provider == "all" => ALL.to_vec(),
        None => vec![args::provider(&args.provider)?],
    })
}

/// Notes of the items, each once. With several providers, each has notes of its own.
fn merged(items: &[Item], several: bool) -> Vec<String> {
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for item in items {
        for note in item.notes() {
            let at = match notes.iter().position(|(other, _)| other == note) {
                Some(at) => at,
                None => {
                    notes.push((note.as_str(), Vec::new()));
                    notes.len() - 1
                }
            };
            if let Some((_, names)) = notes.get_mut(at)
                && !names.contains(&item.provider())
            {
                names.push(item.provider());
            }
        }
    }
    let said = notes.into_iter().map(|(note, names)| {
        match (note.strip_prefix("note: "), names.as_slice()) {
            (Some(what), names) if several && names.len() <= NAMED => {
                format!("note: {}: {what}", names.join(", "))
            }
            (Some(what), names) if several => format!("note: {} providers: {what}", names.len()),
            _ => note.to_owned(),
        }
    });
    said.collect()
}

/// Most providers named in a note.
const NAMED: usize = 4;

/// Sends the deliveries, and returns the exit status.
pub(crate) fn run(plan: SendPlan) -> Result<Exit> {
    let total = plan.selection.total();
    let bar =
        total > 1 && plan.dry_run.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let report = Arc::new(Reporter::new(
        plan.style,
        Progress::new(Length::Deliveries(total), bar),
    ));
    args::say_all(&report, &plan.notes);
    let seed = plan.seed.unwrap_or_else(id::fresh_seed);

    let saver = plan
        .save
        .as_deref()
        .map(|path| Saver::open(path, total, &plan.selection.request.target, &report))
        .transpose()?;
    let runtime = runtime::on_this_thread()?;
    if let Some(form) = plan.dry_run {
        let dry_run = DryRun {
            form,
            at: plan.selection.at,
            quiet: plan.style.quiet,
        };
        let target = &plan.selection.request.target;
        let jobs = Generator::new(&plan.selection, seed).on_all_cores();
        let jobs = saver::keeping(saver.as_ref(), jobs, target, &runtime);
        let printed = dry_run.print(jobs, target, &report);
        drop(saver);
        report.finish();
        return printed.map(|()| Exit::Success);
    }
    let exit = runtime.block_on(async {
        let in_flight = InFlight::default();
        let interrupt = Interrupt::start({
            let report = Arc::clone(&report);
            let in_flight = in_flight.clone();
            move || {
                if in_flight.count() > 0 {
                    report.say(FINISHING);
                }
            }
        });
        send(plan, saver, report.clone(), (interrupt, in_flight), seed).await
    });
    report.finish();
    exit
}

async fn send(
    plan: SendPlan,
    saver: Option<Saver>,
    report: Arc<Reporter>,
    (interrupt, in_flight): (Interrupt, InFlight),
    seed: u64,
) -> Result<Exit> {
    let client = Client::new(plan.selection.request.settings);
    if plan.selection.request.settings.insecure {
        report.warn("certificates are not checked");
    }
    let api = plan.api.zip(plan.selection.content_api());
    let api = api.map(|((address, span), (provider, api, store))| {
        let server = ContentServer::start(address, (provider, api), store, (&report, Shown::All))?;
        Ok((server, span))
    });
    let api = api.transpose()?;
    let total = plan.selection.total();
    let jobs: Jobs =
        Box::new(Generator::new(&plan.selection, seed).filter_map(std::result::Result::ok));
    let dispatcher = Dispatcher {
        client,
        target: plan.selection.request.target.clone(),
        retry: plan.selection.request.retry(plan.retries),
        concurrency: plan.concurrency,
        beat: plan.selection.request.beat,
        expected: plan.selection.request.expected.clone(),
        // With a fixed signing time, retries keep their signature; otherwise each attempt is signed at its own time.
        signer: plan
            .selection
            .signer
            .renews()
            .then(|| Arc::clone(&plan.selection.signer)),
        journal: None,
        failed_to: None,
        answers_to: None,
        saver,
        report: Arc::clone(&report),
        interrupt: interrupt.clone(),
        in_flight,
    };
    report.progress().start();
    let tally = dispatcher.run(jobs, Tally::new("sent"), seed).await;
    if let Some((server, span)) = api {
        // Nobody fetches mails of which no handler knows.
        if tally.failed < tally.deliveries || span.is_some() {
            server.serve_on(span, &interrupt).await;
        }
        server.close().await;
    }
    if total > 1 || plan.style.json {
        report.tell(&Notice::Summary(&tally));
    }
    report.advise(&tally);
    Ok(tally.exit(interrupt.is_set()))
}
