//! Project configuration file: found from the working folder upwards, and read with care, because a cloned repository or
//! a shared folder may hold anything under this name.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Name of the file.
pub const NAME: &str = "webhook-cli.toml";

/// Entry that marks the top of a project: no folder above it is searched.
const TOP: &str = ".git";

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Hint of each error: the tool works without the file.
const WITHOUT: &str = "`--config none` does not read it";

/// Content of a configuration file.
#[derive(Debug)]
pub struct ProjectText {
    /// Path as found or given, relative to the working folder where it was found.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// Warnings for the user: who else could have written it.
    pub warnings: Vec<String>,
}

/// Finds the nearest file from the working folder upwards, not above a folder with `.git`.
pub fn find() -> Option<PathBuf> {
    let working = std::env::current_dir().ok()?;
    let mut up = PathBuf::new();
    for folder in working.ancestors() {
        // A broken link is found too: that it cannot be read is an error, and no reason to search on.
        if fs::symlink_metadata(folder.join(NAME)).is_ok() {
            return Some(up.join(NAME));
        }
        if fs::symlink_metadata(folder.join(TOP)).is_ok() {
            return None;
        }
        up.push("..");
    }
    None
}

/// Reads a file. One that was found, and not named by the user, must not belong to somebody else.
pub fn read(path: &Path, is_named: bool) -> Result<ProjectText> {
    let shown = path.display();
    let failed = |error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            _ => error.to_string(),
        };
        Error::usage(format!("cannot read `{shown}`: {why}")).hint(WITHOUT)
    };
    let regular = |about: &Metadata| match about.is_file() {
        true => Ok(()),
        false => Err(Error::usage(format!("`{shown}` is not a regular file")).hint(WITHOUT)),
    };
    // Before it is opened: opening a pipe may wait, and opening a device may do something.
    regular(&fs::metadata(path).map_err(failed)?)?;
    let file = open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    regular(&about)?;
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::usage(format!("`{shown}` is larger than 1 MiB")).hint(WITHOUT));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Error::usage(format!("{shown}:{line}: it is not UTF-8")).hint("save it as UTF-8")
    })?;
    Ok(ProjectText {
        path: path.to_owned(),
        text,
        warnings: distrust(path, &about, is_named)?,
    })
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // Not blocking: it may have been replaced by a pipe in the meantime.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Returns warnings about a file that others could have written; an error if another user owns one that was only found.
#[cfg(unix)]
fn distrust(path: &Path, about: &Metadata, is_named: bool) -> Result<Vec<String>> {
    use std::os::unix::fs::MetadataExt;
    let shown = path.display();
    let mut warnings = Vec::new();
    let user = rustix::process::geteuid();
    if about.uid() != user.as_raw() && about.uid() != 0 {
        let owner = about.uid();
        if !is_named && !user.is_root() {
            return Err(Error::usage(format!(
                "`{shown}` belongs to another user (uid {owner}), so it is not used"
            ))
            .hint(WITHOUT)
            .hint(format!("`--config {shown}` trusts it")));
        }
        warnings.push(format!("`{shown}` belongs to another user (uid {owner})"));
    }
    if about.mode() & 0o002 != 0 {
        warnings.push(format!(
            "`{shown}` can be changed by every user of this machine: `chmod o-w {shown}` ends that"
        ));
    }
    Ok(warnings)
}

#[cfg(not(unix))]
fn distrust(_: &Path, _: &Metadata, _: bool) -> Result<Vec<String>> {
    Ok(Vec::new())
}
