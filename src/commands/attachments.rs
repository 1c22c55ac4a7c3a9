//! Files of mails, saved under safe names (`show --attachments`, `listen --save-attachments`).

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::report::Untrusted;
use crate::webhook::{Mail, numbered, safe_name};

/// Most files of one name in a folder.
const MOST_OF_A_NAME: usize = 10_000;

/// Saves the files of mails in a folder, which is made if it is missing. Returns a line about each file; an error says
/// which file could not be saved.
pub(super) fn save(mails: &[Mail], folder: &Path) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for mail in mails {
        for (number, file) in (1..).zip(&mail.attachments) {
            let name = safe_name(file.name.as_deref(), number);
            let Some(content) = &file.content else {
                let place = file.reference.as_deref().unwrap_or("the provider");
                lines.push(format!(
                    "not saved: `{name}` is not in the request, but at {}",
                    Untrusted::new(place)
                ));
                continue;
            };
            let path = write_new(folder, &name, content).map_err(|error| {
                format!("cannot save `{}`: {error}", folder.join(&name).display())
            })?;
            let bytes = if content.len() == 1 { "byte" } else { "bytes" };
            lines.push(format!(
                "saved {} ({} {bytes}, sha256 {})",
                path.display(),
                content.len(),
                hex::encode(Sha256::digest(content))
            ));
        }
    }
    Ok(lines)
}

/// Writes a file that does not exist yet: where the name is taken, a number is put before the extension.
fn write_new(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1..=MOST_OF_A_NAME {
        let path = match number {
            1 => folder.join(name),
            number => folder.join(numbered(name, number)),
        };
        match create(&path) {
            Ok(mut file) => return file.write_all(content).map(|()| path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Creates a file; an existing one, or a link, is an error.
fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::save;
    use crate::webhook::{Attachment, Mail};

    #[test]
    fn files_are_saved_under_safe_names_and_overwrite_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &'static [u8]| Attachment {
            name: Some(name.into()),
            content: Some(content.into()),
            ..Attachment::default()
        };
        let mail = Mail {
            attachments: vec![
                file("../scan.pdf", b"one"),
                file("scan.pdf", b"two\0"),
                file("..", b"three"),
            ],
            ..Mail::default()
        };
        let folder = dir.path().join("new");
        let lines = save(&[mail.clone(), mail], &folder).unwrap();
        assert_eq!(lines.len(), 6);
        assert!(lines[0].contains("3 bytes, sha256 "), "{lines:?}");
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        assert_eq!(read("scan.pdf"), b"one");
        assert_eq!(read("scan-2.pdf"), b"two\0");
        assert_eq!(read("scan-3.pdf"), b"one");
        assert_eq!(read("attachment-3"), b"three");
        assert_eq!(read("attachment-3-2"), b"three");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6);
    }
}
