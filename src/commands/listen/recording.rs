//! Recording of `listen`: `--record`, `--sync`, `--redact`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::cli::SyncWhen;
use crate::error::{Error, Result};
use crate::io::recorder::{RecordedAt, Recorder, Sync};
use crate::io::user_key::own_key;
use crate::report::Reporter;
use crate::webhook::{ANSWER_BODY, Fixture, RecordedAnswer, Redactor};

/// Recording settings.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// `.ndjson` file, or a folder with one file for each delivery.
    pub path: PathBuf,
    /// Sync policy: `--sync always`, `interval` or `none`.
    pub sync: Sync,
    /// True for `--redact`: personal data, tokens and credentials are replaced.
    pub redact: bool,
}

/// Bodies that are serialised at once, in MiB.
const COPIED_AT_ONCE: u32 = 32;

impl Record {
    /// Memory that their copies take at most, in bytes, for bodies within `COPIED_AT_ONCE`. A line is up to twice as long
    /// as the body, where bytes are escaped; a redacted body is one copy more.
    pub(crate) fn copies(&self) -> usize {
        let each = if self.redact { 3 } else { 2 };
        ((COPIED_AT_ONCE as usize) << 20) * each
    }
}

/// Bytes of a response's body that are searched with `--redact`: more than are recorded, so that nothing sensitive is cut
/// in two before it is recognised.
pub(crate) const SEARCHED: usize = ANSWER_BODY + (4 << 10);

/// Writes received deliveries to the recording.
pub(crate) struct ListenRecording {
    recorder: Recorder,
    /// Permits, one for each MiB of body that may be serialised at once.
    serialising: Semaphore,
    redactor: Option<Redactor>,
    notes: Vec<String>,
}

impl ListenRecording {
    /// Opens the recording, and loads the redaction key if `--redact` is set.
    pub(crate) fn open(record: &Record, report: &Arc<Reporter>) -> Result<ListenRecording> {
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
            serialising: Semaphore::new(COPIED_AT_ONCE as usize),
            redactor,
            notes,
        })
    }

    /// Returns notes on what was done to the recording when it was opened, such as a torn last line cut off.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Records a delivery. Returns its place, or the reason why it was not recorded.
    pub(crate) async fn keep(
        &self,
        mut fixture: Fixture,
    ) -> std::result::Result<RecordedAt, String> {
        let size = u32::try_from(fixture.delivery.body.len() >> 20).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _permit = self
            .serialising
            .acquire_many(size.min(COPIED_AT_ONCE))
            .await;
        if let Some(redactor) = &self.redactor {
            fixture.is_json = false;
            redactor.redact(&mut fixture);
        }
        self.recorder.keep(&fixture).await
    }

    /// Records a handler's answer to a delivery that was recorded in `file`, without a wait. `replied` is true if it goes
    /// back to the sender.
    pub(crate) fn answer(&self, file: &Arc<Path>, mut answer: RecordedAnswer, replied: bool) {
        if let Some(redactor) = &self.redactor {
            answer.shorten(SEARCHED);
            redactor.redact_answer(&mut answer);
        }
        answer.shorten(ANSWER_BODY);
        self.recorder.answer(file, answer, replied);
    }

    /// Blocks until everything is written and synced.
    pub(crate) fn finish(&self) {
        self.recorder.finish();
    }
}

/// Returns a redactor whose key is saved for later runs, so that recordings of different days can be compared.
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
