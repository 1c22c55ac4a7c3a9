//! Random 32-byte key of the user, kept in a file and stable across runs.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use etcetera::BaseStrategy;

use crate::io::private_files;

/// Key of the user, or of this run alone if it could not be stored.
pub struct UserKey {
    /// The key.
    pub key: [u8; 32],
    /// Reason why the key could not be stored; it is then of this run alone.
    pub why: Option<String>,
}

/// Reads the key `NAME.key` from the user's state folder, or creates it.
pub fn own_key(name: &str) -> io::Result<UserKey> {
    let kept = etcetera::choose_base_strategy()
        .map_err(|_| "there is no home folder".to_owned())
        .and_then(|user| {
            let folder = user.state_dir().unwrap_or_else(|| user.data_dir());
            let path = folder.join("webhook-cli").join(format!("{name}.key"));
            read_or_make(&path).map_err(|error| format!("`{}`: {error}", path.display()))
        });
    Ok(match kept {
        Ok(key) => UserKey { key, why: None },
        Err(why) => UserKey {
            key: random()?,
            why: Some(why),
        },
    })
}

fn read_or_make(path: &Path) -> io::Result<[u8; 32]> {
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder)?;
    }
    if !path.try_exists()? {
        let key = random()?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        private_files::create(&temporary).and_then(|mut file| {
            file.write_all(hex::encode(key).as_bytes())?;
            file.sync_all()
        })?;
        fs::rename(&temporary, path)?;
    }
    // Read back: if two processes create the key at once, both use the one renamed last.
    let mut key = [0; 32];
    hex::decode_to_slice(fs::read_to_string(path)?.trim(), &mut key)
        .map_err(|_| io::Error::other("it is no key of ours"))?;
    Ok(key)
}

fn random() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::read_or_make;
    use std::fs;

    #[test]
    fn a_key_stays_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/redact.key");
        let key = read_or_make(&path).unwrap();
        assert_eq!(read_or_make(&path).unwrap(), key);
        assert_ne!(read_or_make(&dir.path().join("other.key")).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "nonsense").unwrap();
        assert!(read_or_make(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense");
    }
}
