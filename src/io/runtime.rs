//! The asynchronous runtime of commands that need one thread only.

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// Creates a runtime on the calling thread.
pub fn on_this_thread() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::usage(format!("cannot start: {error}")))
}
