//! `ui`: the inspector over recordings, fixtures, folders and HAR files.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::UiArgs;
use crate::commands::args;
use crate::commands::inspect::engine::{EngineSettings, verify_plan};
use crate::commands::inspect::indexer::Appended;
use crate::commands::inspect::startup::{Access, BoundInspector, bounds};
use crate::commands::shutdown::Interrupt;
use crate::commands::verify::plan::VerifyPlan;
use crate::error::{Error, Exit, Result};
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::names::Names;
use crate::inspector::store::packed::Packed;
use crate::inspector::store::table::Table;
use crate::io::recording::detect::is_plain_recording;
use crate::io::recording::locate;
use crate::io::server::memory::MemoryBudget;
use crate::providers;
use crate::report::{OutputStyle, Progress, Reporter};

/// Largest body of a request to send again, in bytes.
const MAX_BODY: usize = 32 << 20;

/// Memory in bytes for long lines of recordings, with the bodies in them.
const LONG_LINES: usize = 128 << 20;

/// Settings of `ui`, made from its flags.
#[derive(Debug)]
pub(crate) struct UiPlan {
    style: OutputStyle,
    sources: Vec<String>,
    access: Access,
    secrets: args::Secrets,
    public_url: Option<String>,
}

impl UiPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: UiArgs, style: OutputStyle) -> Result<UiPlan> {
        let is_watched = std::io::stdout().is_terminal();
        Ok(UiPlan {
            style,
            sources: args.sources,
            access: Access::new(&args.addr, &args.access, args.open && is_watched)?,
            secrets: args::secrets(&args.secrets, None)?,
            public_url: args.secrets.public_url,
        })
    }
}

/// Serves until Ctrl-C.
pub(crate) fn run(plan: UiPlan) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::usage(format!("cannot start: {error}")))?;
    let report = Arc::new(Reporter::new(plan.style, Progress::none()));
    args::say_all(&report, &plan.secrets.notes);
    let result = runtime.block_on(serve(plan, &report));
    runtime.shutdown_background();
    report.finish();
    result
}

async fn serve(plan: UiPlan, report: &Arc<Reporter>) -> Result<Exit> {
    let table = Arc::new(Table::new(bounds(usize::MAX), true));
    let (recordings, others): (Vec<&String>, Vec<&String>) =
        plan.sources.iter().partition(|source| is_recording(source));
    let others: Vec<String> = others.into_iter().cloned().collect();
    let bound = BoundInspector::bind(plan.access).await?;
    let verify = verify_plan(plan.secrets, None, plan.public_url);
    if !others.is_empty() {
        let read = read(&others, &table, &verify, report)?;
        if read == 0 && recordings.is_empty() {
            report.warn(&format!("no deliveries in `{}`", others.join("`, `")));
        }
    }
    let recordings: Vec<PathBuf> = recordings.into_iter().map(PathBuf::from).collect();
    let recordings: Vec<(&Path, Appended)> = recordings
        .iter()
        .map(|path| (path.as_path(), Appended::New))
        .collect();
    let settings = EngineSettings {
        verify,
        listener: None,
        handlers: Vec::new(),
        targets: Vec::new(),
        insecure: false,
        faults: None,
    };
    let interrupt = Interrupt::start(|| {});
    let memory = MemoryBudget::new(LONG_LINES);
    let running = bound.start(&table, settings, &recordings, MAX_BODY, &memory, report);
    interrupt.wait().await;
    running.finish().await;
    Ok(Exit::Interrupted)
}

/// True for a recording that is read from its file again and again.
fn is_recording(source: &str) -> bool {
    let path = Path::new(source);
    path.is_file() && is_plain_recording(path).unwrap_or(false)
}

/// Reads other sources into the memory; returns the number of deliveries.
fn read(sources: &[String], table: &Table, verify: &VerifyPlan, report: &Reporter) -> Result<u64> {
    let mut all = locate::open(sources)?.answered(true);
    let mut count = 0;
    while let Some(item) = all.next() {
        let address = item.source.to_string();
        match item.fixture {
            Ok(fixture) => {
                count += 1;
                let id = fixture.id.clone().unwrap_or_else(|| address.clone());
                let receipt = providers::read_beneath(
                    &fixture.delivery,
                    None,
                    &verify.keys,
                    &verify.options(&fixture),
                );
                let kept = Kept::recorded(id, address, fixture, receipt);
                let mut names = Names::default();
                let entry = Entry::of(Arc::new(Packed::with_receipt(kept)), &mut names);
                table.add_old(vec![entry], &[], &names);
            }
            Err(fault) => {
                report.warn(&format!("{address}: {fault}"));
                table.add_problem(format!("{address}: {fault}"));
            }
        }
        for note in all.take_notes() {
            report.warn(&note);
        }
    }
    Ok(count)
}
