//! Inspector: a server of its own, beside the listener, with a page for people and an API for tests and programs. It shows
//! what arrived, searches in it, and sends it again.
//!
//! It never shares a port with the listener, which tunnels open to the world.

pub mod api;
pub mod backend;
pub mod http;
pub mod locked;
pub mod search;
pub mod server;
pub mod store;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore, watch};

use crate::inspector::backend::Backend;
use crate::inspector::search::scan::Search;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::table::Table;
use crate::io::recording::answers::SharedAnswers;
use crate::webhook::Target;

/// Most streams that are open at once.
const STREAMS: usize = 32;

/// Settings of the inspector.
pub struct InspectorPlan {
    /// Authorities that are taken in `Host`, the first for messages.
    pub hosts: Vec<String>,
    /// Key that requests of the API must have (`--ui-key`).
    pub key: Option<String>,
    /// Targets that may be sent to besides loopback (`--forward-to`, `--ui-target`).
    pub targets: Vec<Target>,
    /// Largest body of a delivery in bytes (`--max-body`).
    pub max_body: usize,
}

/// State of the inspector, shared by all requests.
pub struct Inspector {
    /// Deliveries.
    pub table: Arc<Table>,
    /// Program around the inspector.
    pub backend: Arc<dyn Backend>,
    pub(crate) hosts: Vec<String>,
    pub(crate) key: Option<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) max_body: usize,
    pub(crate) started: Timestamp,
    /// Permits for streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Turn of those who gave a wrong key.
    pub(crate) wrong_keys: Mutex<()>,
    /// True once the server is to end.
    closing: watch::Receiver<bool>,
}

impl Inspector {
    /// Creates the state; the server ends once `closing` is true.
    pub fn new(
        table: Arc<Table>,
        backend: Arc<dyn Backend>,
        plan: InspectorPlan,
        closing: watch::Receiver<bool>,
    ) -> Inspector {
        Inspector {
            table,
            backend,
            hosts: plan.hosts,
            key: plan.key,
            targets: plan.targets,
            max_body: plan.max_body,
            started: Timestamp::now(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            wrong_keys: Mutex::new(()),
            closing,
        }
    }

    /// The table with what is needed to search it.
    pub fn search(&self) -> Search<'_> {
        Search {
            table: &self.table,
            backend: &*self.backend,
        }
    }

    /// Adds its recorded responses to a delivery that was read from a recording.
    pub fn with_answers(&self, kept: &Arc<Kept>, file: u16, offset: u64) -> Arc<Kept> {
        let path = self.table.rows().recording(file);
        let size = path
            .as_ref()
            .and_then(|path| Some(path.metadata().ok()?.len()));
        let (Some(path), Some(size)) = (path, size) else {
            return Arc::clone(kept);
        };
        let mut fixture = kept.to_fixture();
        // Without them, the delivery is shown all the same.
        if SharedAnswers::of(&path, offset, size, false)
            .add_to(&mut fixture)
            .is_ok()
        {
            for answer in fixture.answers {
                kept.answered(answer);
            }
        }
        Arc::clone(kept)
    }

    /// Resolves once the server is to end.
    pub async fn closing(&self) {
        let mut closing = self.closing.clone();
        // An error means that the sender is gone, which ends the server too.
        let _ = closing.wait_for(|closes| *closes).await;
    }
}
