//! Settings of `replay`.

use std::path::PathBuf;
use std::sync::Arc;

use http::uri::PathAndQuery;

use crate::cli::{ReplayArgs, Report, RequestFormat};
use crate::commands::args;
use crate::commands::args::RequestOptions;
use crate::commands::id;
use crate::commands::recorded::selected::{Unchosen, as_recorded, choose};
use crate::commands::signer::Signer;
use crate::error::{Error, Result};
use crate::io::recording::reader::Sources;
use crate::io::recording::resume::RunIdentity;
use crate::providers::PlaceChanges;
use crate::report::{OutputStyle, ReportFormat};
use crate::webhook::{Beat, Expectation, Fixture, Receipt, Reordering, Retry, Selection};

/// Settings of `replay`, made from its flags.
#[derive(Debug)]
pub(crate) struct ReplayPlan {
    pub(crate) style: OutputStyle,
    pub(crate) sources: Vec<String>,
    pub(crate) request: RequestOptions,
    pub(crate) path: Option<PathAndQuery>,
    pub(crate) choice: Selection,
    pub(crate) disorder: Reordering,
    pub(crate) repeat: u32,
    pub(crate) seed: Option<u64>,
    pub(crate) concurrency: u16,
    pub(crate) ordered: bool,
    pub(crate) beat: Beat,
    pub(crate) retry: Retry,
    pub(crate) expected: Expectation,
    pub(crate) resign: bool,
    /// Changes of each delivery (`--set`, `--unset`).
    pub(crate) changes: PlaceChanges,
    /// True to edit each delivery (`--edit`).
    pub(crate) edit: bool,
    pub(crate) fresh_ids: bool,
    pub(crate) signer: Arc<Signer>,
    pub(crate) resume: Option<PathBuf>,
    pub(crate) failed_to: Option<PathBuf>,
    pub(crate) answers_to: Option<PathBuf>,
    pub(crate) skip_broken: bool,
    pub(crate) edited: bool,
    pub(crate) compare: bool,
    pub(crate) results: Option<ReportFormat>,
    pub(crate) report_to: Option<PathBuf>,
    pub(crate) watch: bool,
    pub(crate) yes: bool,
    pub(crate) dry_run: Option<RequestFormat>,
    pub(crate) notes: Vec<String>,
}

impl ReplayPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: ReplayArgs, style: OutputStyle) -> Result<ReplayPlan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, None)?;
        let path = args.path.as_deref().map(path).transpose()?;
        check(&args)?;
        let disorder = disorder(&args);
        let request = RequestOptions::new(&args.request, "2xx")?;
        Ok(ReplayPlan {
            style: OutputStyle {
                quiet: args.request.quiet,
                json: style.json || (args.report == Report::Json && args.report_to.is_none()),
                ..style
            },
            compare: args.compare,
            results: args::report_format(args.report, args.report_to.is_some()),
            report_to: args.report_to,
            sources: args.sources,
            path,
            disorder,
            choice: args::selection(args.selection, provider, &args.only_path),
            repeat: args.repeat,
            seed: args.seed,
            concurrency: args.concurrency,
            ordered: args.ordered,
            beat: match (request.beat, args.speed) {
                (Beat::Free, Some(faster)) => Beat::Recorded(faster),
                (beat, _) => beat,
            },
            retry: request.retry(args.retries.unwrap_or({
                // A local handler under test shows each failure at once; another target may be down for a moment.
                if request.target.is_loopback() { 0 } else { 3 }
            })),
            expected: request.expected.clone(),
            request,
            resign: args.resign,
            changes: args::place_changes(&args.sets, &args.unsets)?,
            edit: args.edit,
            fresh_ids: args.fresh_ids,
            signer: Arc::new(Signer {
                keys: secrets.keys,
                at: None,
                tamper: None,
                public_url: args.secrets.public_url,
            }),
            resume: args.resume,
            failed_to: args.failed_to,
            answers_to: args.answers_to,
            skip_broken: args.skip_broken,
            edited: args.edited,
            watch: args.watch,
            yes: args.yes,
            dry_run: args.request.dry_run.then_some(args.request.form),
            notes: secrets.notes,
        })
    }

    /// True if every fixture is sent once, in the order of reading.
    pub(crate) fn is_plain(&self) -> bool {
        self.repeat == 1 && self.disorder.is_none()
    }

    /// True if deliveries may be signed: all with `--resign`, else those that are changed.
    pub(crate) fn signs(&self) -> bool {
        self.resign || self.edit || !self.changes.is_empty()
    }

    /// Applies the selection to a fixture. Returns its receipt, if that had to be read; an error if it is not chosen.
    pub(crate) fn chooses(
        &self,
        fixture: &Fixture,
    ) -> std::result::Result<Option<Receipt>, Unchosen> {
        let options = as_recorded(fixture, self.signer.public_url.as_ref());
        choose(&self.choice, fixture, &self.signer.keys, &options)
    }

    /// Returns the identity of this run for its resume journal; `before` is the identity that the journal has.
    pub(crate) fn identity(
        &self,
        sources: &Sources,
        before: Option<&RunIdentity>,
    ) -> Result<RunIdentity> {
        let (heads, identity) = sources.identity(before.map(|before| before.heads.as_slice()))?;
        let target = &self.request.target;
        let path = self.path.as_ref().unwrap_or(&target.path);
        let mut choice = self.choice.said();
        if !self.is_plain() {
            let Reordering {
                duplicate,
                drop,
                shuffle,
                ..
            } = self.disorder;
            choice += &format!(
                ", {} times, {duplicate} twice, {drop} dropped{}",
                self.repeat,
                if shuffle { ", shuffled" } else { "" }
            );
        }
        if !self.changes.is_empty() {
            // The values may be personal data.
            let changes = format!("{:?}", self.changes);
            choice += &format!(", changed {:08x}", crc32c::crc32c(changes.as_bytes()));
        }
        Ok(RunIdentity {
            target: format!("{}{path}", target.origin()),
            choice,
            identity,
            heads,
            // Without `--seed`, the seed of the first run is used.
            seed: match (self.seed, before) {
                (Some(seed), _) => seed,
                (None, Some(before)) => before.seed,
                (None, None) => self.disorder.seed,
            },
        })
    }
}

fn path(given: &str) -> Result<PathAndQuery> {
    let wrong = || Error::usage(format!("`{}` is no path", given.escape_debug()));
    if !given.starts_with('/') {
        return Err(wrong().hint("a path begins with `/`"));
    }
    given.parse().map_err(|_| wrong())
}

/// Rejects flags that contradict each other.
fn check(args: &ReplayArgs) -> Result<()> {
    if args.report == Report::Text && args.report_to.is_some() {
        return Err(Error::usage(
            "a report in a file is `--report json`, `junit` or `tap`",
        ));
    }
    if args.watch && args.sources.iter().any(|source| source == "-") {
        return Err(Error::usage("stdin cannot be watched"));
    }
    Ok(())
}

fn disorder(args: &ReplayArgs) -> Reordering {
    Reordering {
        duplicate: args.duplicate,
        drop: args.drop,
        shuffle: args.shuffle,
        seed: args.seed.unwrap_or_else(id::fresh_seed),
    }
}
