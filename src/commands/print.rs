//! Output of scripts and pages, which are data and no report.

use std::io::{ErrorKind, Write};

use crate::error::{Error, Result};

/// Prints a script or a page. A closed pipe is success, a full disk is an error.
pub(super) fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::usage(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
