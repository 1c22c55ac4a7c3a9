//! Keeps what `listen` receives, as it was asked to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::SyncWhen;
use crate::error::Result;
use crate::io::recorder::{Recorder, Sync};
use crate::report::Reporter;
use crate::webhook::{Delivery, Fixture, Reply};

/// Where and how to record.
#[derive(Clone, Debug)]
pub struct Record {
    /// A `.ndjson` file, or a folder.
    pub path: PathBuf,
    /// When it has to be on disk.
    pub sync: Sync,
}

/// Who keeps deliveries.
pub struct Keeper {
    recorder: Recorder,
}

impl Keeper {
    /// Opens the recording.
    pub fn open(record: &Record, report: &Arc<Reporter>) -> Result<Keeper> {
        let report = Arc::clone(report);
        let tell = move |what: &str| report.warn(what);
        Ok(Keeper {
            recorder: Recorder::open_with(&record.path, record.sync, tell)?,
        })
    }

    /// What was done to the recording when it was opened, for the user to know.
    pub fn notes(&self) -> &[String] {
        self.recorder.notes()
    }

    /// Keeps a delivery. The answer, once it is kept, is the file that it stands in; or why it is not kept.
    pub async fn keep(
        &self,
        id: &str,
        at: Timestamp,
        delivery: &Delivery,
        reply: Option<Reply>,
    ) -> std::result::Result<Arc<Path>, String> {
        let fixture = Fixture {
            id: Some(id.to_owned()),
            at: Some(at),
            reply,
            ..Fixture::new(delivery.clone())
        };
        self.recorder.keep(&fixture).await
    }

    /// Ends when everything is kept.
    pub fn finish(&self) {
        self.recorder.finish();
    }
}

impl From<SyncWhen> for Sync {
    fn from(when: SyncWhen) -> Self {
        match when {
            SyncWhen::Always => Sync::Always,
            SyncWhen::Interval => Sync::Interval,
            SyncWhen::None => Sync::Never,
        }
    }
}
