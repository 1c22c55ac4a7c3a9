//! Keeps what `listen` receives, as it was asked to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::cli::SyncWhen;
use crate::error::{Error, Result};
use crate::io::recording::recorder::{Recorder, Sync};
use crate::io::user_key::own_key;
use crate::report::Reporter;
use crate::webhook::{Delivery, Fixture, Redactor, Reply};

/// Where and how to record.
#[derive(Clone, Debug)]
pub struct Record {
    /// A `.ndjson` file, or a folder.
    pub path: PathBuf,
    /// When it has to be on disk.
    pub sync: Sync,
    /// Whether what identifies somebody is taken out.
    pub redact: bool,
}

/// What is made of deliveries on their way to disk may take so much memory together, in MiB of their bodies: it is a copy
/// of each, and larger than the body where that must be escaped.
const COPIED_AT_ONCE: u32 = 24;

/// How much memory those copies take at most, as far as bodies are no larger than that; in bytes.
pub const COPIES: usize = 64 << 20;

/// Who keeps deliveries.
pub struct ListenRecording {
    recorder: Recorder,
    /// A permit for each MiB that may be copied.
    room: Semaphore,
    redactor: Option<Redactor>,
    notes: Vec<String>,
}

impl ListenRecording {
    /// Opens the recording.
    pub fn open(record: &Record, report: &Arc<Reporter>) -> Result<ListenRecording> {
        let report = Arc::clone(report);
        let tell = move |what: &str| report.warn(what);
        let recorder = Recorder::open_with(&record.path, record.sync, tell)?;
        let mut notes = recorder.notes().to_vec();
        let redactor = match record.redact {
            true => Some(redactor(&mut notes)?),
            false => None,
        };
        Ok(ListenRecording {
            recorder,
            room: Semaphore::new(COPIED_AT_ONCE as usize),
            redactor,
            notes,
        })
    }

    /// What was done to the recording when it was opened, for the user to know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Keeps a delivery. The answer, once it is kept, is the file that it stands in; or why it is not kept.
    pub async fn keep(
        &self,
        id: &str,
        at: Timestamp,
        delivery: &Delivery,
        reply: Option<Reply>,
    ) -> std::result::Result<Arc<Path>, String> {
        let size = u32::try_from(delivery.body.len() >> 20).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _room = self.room.acquire_many(size.min(COPIED_AT_ONCE)).await;
        let mut fixture = Fixture {
            id: Some(id.to_owned()),
            at: Some(at),
            reply,
            ..Fixture::new(delivery.clone())
        };
        if let Some(redactor) = &self.redactor {
            redactor.redact(&mut fixture);
        }
        self.recorder.keep(&fixture).await
    }

    /// Ends when everything is kept.
    pub fn finish(&self) {
        self.recorder.finish();
    }
}

/// With a key that stays the same, so that recordings of different days can be compared.
fn redactor(notes: &mut Vec<String>) -> Result<Redactor> {
    let own = own_key("redact")
        .map_err(|error| Error::usage(format!("cannot redact without a random key: {error}")))?;
    if let Some(why) = own.why {
        notes.push(format!(
            "the placeholders of `--redact` are of this run alone, for the key cannot be kept: {why}"
        ));
    }
    Ok(Redactor::new(own.key))
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
