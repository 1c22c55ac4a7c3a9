//! Recorder: writes deliveries and the responses to them, durably, to a file or a folder.

mod batch;
mod file;
mod folder;
mod pending_write;
mod recorded_at;
// The type that the folder is named after.
#[expect(clippy::module_inception, reason = "a file is named after its noun")]
mod recorder;
mod sync;
mod write_queue;
mod writer;

pub use recorded_at::{PlaceInFile, RecordedAt};
pub use recorder::Recorder;
pub(crate) use recorder::file_name;
pub use sync::Sync;
