//! `--save`: what is sent, kept as a fixture or as a recording.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::commands::dry_run::LEFT_OUT;
use crate::commands::{args, id};
use crate::error::{Error, Result};
use crate::io::recorder::{Recorder, Sync};
use crate::report::Reporter;
use crate::webhook::{Fixture, Target};

/// Destination of `--save`.
pub(crate) enum Saver {
    /// One fixture.
    One(PathBuf),
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
        Ok(Saver::One(path.to_owned()))
    }

    /// Keeps one.
    pub(crate) async fn keep(&self, mut fixture: Fixture) -> Result<()> {
        match self {
            Saver::One(path) => {
                std::fs::write(path, fixture.to_pretty()).map_err(|error| error.to_string())
            }
            Saver::Many(recorder) => {
                let now = Timestamp::now();
                fixture.id.get_or_insert_with(|| id::new(now));
                fixture.at.get_or_insert(now);
                recorder.keep(&fixture).await.map(drop)
            }
        }
        .map_err(|why| Error::usage(format!("cannot save: {why}")))
    }

    /// Has all of it on disk.
    pub(crate) fn finish(self) {
        if let Saver::Many(recorder) = self {
            recorder.finish();
        }
    }
}
