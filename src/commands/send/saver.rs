//! `--save`: what is sent, kept as a fixture or as a recording.

use std::fmt::Display;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::commands::dry_run::{LEFT_OUT, as_sent};
use crate::commands::job::Job;
use crate::commands::{args, id};
use crate::error::{Error, Result};
use crate::io::recorder::{Recorder, Sync};
use crate::report::Reporter;
use crate::webhook::{Fixture, Target};

/// Destination of `--save`.
pub(crate) enum Saver {
    /// One fixture.
    One(File),
    /// A recording or a folder.
    Many(Recorder),
}

impl Saver {
    /// Opens `path` for so many deliveries to a target: `.json` holds one only.
    pub(crate) fn open(
        path: &Path,
        total: u64,
        target: &Target,
        report: &Arc<Reporter>,
    ) -> Result<Saver> {
        if target.has_credentials() {
            report.note(LEFT_OUT);
        }
        let is_fixture = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if !is_fixture || path.is_dir() {
            let told = Arc::clone(report);
            let recorder = Recorder::open_with(path, Sync::Interval, move |note| told.warn(note))?;
            args::say_all(report, recorder.notes());
            return Ok(Saver::Many(recorder));
        }
        if total > 1 {
            let recording = path.with_extension("ndjson");
            let folder = path.with_extension("");
            return Err(Error::usage(format!(
                "cannot save {total} deliveries into `{}`: a `.json` file holds one",
                path.display()
            ))
            .hint(format!(
                "`--save {}` is a recording, `--save {}` a folder with a file for each",
                recording.display(),
                folder.display()
            )));
        }
        let mut options = File::options();
        // What is there stays until there is something to take its place.
        let opened = options.write(true).create(true).truncate(false).open(path);
        opened
            .map(Saver::One)
            .map_err(|error| cannot_save(format!("`{}`: {error}", path.display())))
    }

    async fn keep(&self, mut fixture: Fixture) -> Result<()> {
        let kept = match self {
            Saver::One(file) => write_whole(file, &fixture.to_pretty()),
            Saver::Many(recorder) => {
                let now = Timestamp::now();
                fixture.id.get_or_insert_with(|| id::new(now));
                fixture.at.get_or_insert(now);
                recorder.keep(&fixture).await.map(drop)
            }
        };
        kept.map_err(cannot_save)
    }

    /// Fixture of a delivery as it is sent. Events of a scenario keep their number and their time in a recording.
    fn fixture(&self, job: &Job, target: &Target) -> Fixture {
        let mut fixture = Fixture::new(as_sent(job.delivery.clone(), target));
        if let (Saver::Many(_), Some(at)) = (self, job.origin.at) {
            fixture.id = Some(job.id.clone());
            fixture.at = Some(at);
        }
        fixture
    }
}

/// Keeps a delivery as it is when this is called, if there is a saver.
pub(crate) fn keep<'a>(
    saver: Option<&'a Saver>,
    job: &Job,
    target: &Target,
) -> impl Future<Output = Result<()>> + use<'a> {
    let kept = saver.map(|saver| saver.keep(saver.fixture(job, target)));
    async {
        match kept {
            Some(kept) => kept.await,
            None => Ok(()),
        }
    }
}

/// Jobs that are kept as they pass, for a run that sends nothing.
pub(crate) fn keeping(
    saver: Option<&Saver>,
    jobs: impl Iterator<Item = Result<Job>>,
    target: &Target,
    runtime: &Runtime,
) -> impl Iterator<Item = Result<Job>> {
    jobs.map(move |job| {
        let job = job?;
        runtime.block_on(keep(saver, &job, target))?;
        Ok(job)
    })
}

/// Replaces what a file holds.
fn write_whole(mut file: &File, text: &str) -> std::result::Result<(), String> {
    let written = match file.metadata() {
        // What is no plain file has no length: a pipe, a terminal.
        Ok(known) if known.is_file() => file.set_len(0),
        _ => Ok(()),
    };
    let written = written.and_then(|()| file.write_all(text.as_bytes()));
    written.map_err(|error| error.to_string())
}

fn cannot_save(why: impl Display) -> Error {
    Error::usage(format!("cannot save: {why}"))
}
