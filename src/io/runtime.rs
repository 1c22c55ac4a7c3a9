//! The asynchronous runtime of commands that need one thread only, and how tasks share a thread.

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// Creates a runtime on the calling thread.
pub fn on_this_thread() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::usage(format!("cannot start: {error}")))
}

/// Lets other tasks that can go on come as far as this one. The steps of a request are together more code than the
/// instruction cache of a processor holds, and evict each other if every request takes them all at once; so each step is
/// taken by all requests in flight, one after another. A request that is alone waits for nothing.
pub(crate) async fn others_catch_up() {
    tokio::task::yield_now().await;
}
