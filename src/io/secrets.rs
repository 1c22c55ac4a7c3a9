//! Reads the secrets of `--secret` from the environment, a file, a prompt or the command line.

use std::fs;
use std::io::{self, BufRead, IsTerminal};

use crate::error::{Error, Result};
use crate::webhook::{Secret, nearest, unwrapped};

/// Secret given with `--secret`.
#[derive(Debug)]
pub struct GivenSecret {
    /// Provider that the secret is limited to.
    pub limit: Option<String>,
    /// The secret itself.
    pub secret: Secret,
    /// Source of the secret.
    pub origin: SecretOrigin,
    /// Warning for the user, such as a file that others can read.
    pub note: Option<String>,
}

/// Source of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOrigin {
    /// An environment variable.
    Environment,
    /// A file.
    File,
    /// The terminal or standard input.
    Prompt,
    /// The command line, visible to other users of the machine.
    CommandLine,
}

/// Reads `[PROVIDER=]env:NAME`, `file:PATH`, `-` or the value itself. Only a name in `known` counts as a provider,
/// because secrets contain `=` too. A byte order mark, white space and quotes around a secret are removed. No error
/// message contains the secret.
pub fn read(spec: &str, known: &[&str]) -> Result<GivenSecret> {
    let (limit, place) = match spec.split_once('=') {
        Some((name, rest)) if known.contains(&name) => (Some(name.to_owned()), rest),
        Some((name, place)) if is_misspelt(name, place) => {
            let error = Error::usage(format!("`{name}` is no provider to have a secret for"));
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}={place}`?")),
                None => error.hint("`webhook-cli events` lists the providers"),
            });
        }
        _ => (None, spec),
    };
    let (text, origin, note) = if let Some(name) = place.strip_prefix("env:") {
        (from_environment(name)?, SecretOrigin::Environment, None)
    } else if let Some(path) = place.strip_prefix("file:") {
        let (text, note) = from_file(path)?;
        (text, SecretOrigin::File, note)
    } else if place == "-" {
        (from_terminal(limit.as_deref())?, SecretOrigin::Prompt, None)
    } else {
        (place.to_owned(), SecretOrigin::CommandLine, None)
    };
    let name = match origin {
        SecretOrigin::Environment | SecretOrigin::File => place,
        SecretOrigin::Prompt => "the prompt",
        SecretOrigin::CommandLine => "the command line",
    };
    let text = unwrapped(&text);
    if text.is_empty() {
        return Err(Error::usage(match origin {
            SecretOrigin::Environment | SecretOrigin::File => {
                format!("the secret `{name}` is empty")
            }
            SecretOrigin::Prompt | SecretOrigin::CommandLine => {
                format!("the secret from {name} is empty")
            }
        }));
    }
    Ok(GivenSecret {
        limit,
        secret: Secret::new(text).named(name),
        origin,
        note,
    })
}

/// True if `name=` precedes `env:`, `file:` or `-`: a misspelt provider, because no secret looks like that.
fn is_misspelt(name: &str, place: &str) -> bool {
    let is_place = place == "-" || place.starts_with("env:") || place.starts_with("file:");
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    is_place && !name.is_empty() && name.bytes().all(is_name)
}

fn from_environment(name: &str) -> Result<String> {
    // The name may be a secret given by mistake: it is shown only if it looks like a variable name.
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(
            Error::usage("`env:` wants the name of an environment variable")
                .hint("`--secret env:NAME`"),
        );
    }
    match std::env::var(name) {
        Ok(text) => Ok(text),
        Err(std::env::VarError::NotPresent) => Err(Error::usage(format!(
            "the environment variable `{name}` is not set"
        ))),
        Err(std::env::VarError::NotUnicode(_)) => Err(Error::usage(format!(
            "the environment variable `{name}` is not UTF-8"
        ))),
    }
}

fn from_file(path: &str) -> Result<(String, Option<String>)> {
    let cannot = |why: &str| Error::usage(format!("cannot read a secret from `{path}`: {why}"));
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => cannot("it does not exist"),
        _ => cannot(&error.to_string()),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| match error.as_bytes() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => cannot("it is UTF-16; save it as UTF-8"),
        [0x30, ..] => {
            cannot("it is binary, as DER is; `openssl pkey -inform DER` makes a PEM of it")
        }
        _ => cannot("it is not UTF-8"),
    })?;
    // Certificates and public keys are not secret.
    let is_secret = !text.contains("-----BEGIN") || text.contains("PRIVATE KEY-----");
    let note = (is_secret && is_open(path))
        .then(|| format!("`{path}` can be read by others: `chmod 600` keeps the secret to you"));
    Ok((text, note))
}

#[cfg(unix)]
fn is_open(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &str) -> bool {
    false
}

/// Asks for a secret without echo where stdin is a terminal; otherwise reads a line of it.
fn from_terminal(limit: Option<&str>) -> Result<String> {
    let cannot = |error: io::Error| Error::usage(format!("cannot read a secret: {error}"));
    if io::stdin().is_terminal() {
        let whose = limit.map(|name| format!(" for {name}")).unwrap_or_default();
        return rpassword::prompt_password(format!("secret{whose}: ")).map_err(cannot);
    }
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text).map_err(cannot)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{SecretOrigin, read};
    use std::fs;

    const KNOWN: [&str; 2] = ["mailgun", "standard-webhooks"];

    #[test]
    fn only_a_known_name_is_a_limit() {
        for (spec, limit, secret) in [
            ("hunter2", None, "hunter2"),
            ("mailgun=hunter2", Some("mailgun"), "hunter2"),
            (
                "standard-webhooks=whsec_YWJj=",
                Some("standard-webhooks"),
                "whsec_YWJj=",
            ),
            ("whsec_YWJj=", None, "whsec_YWJj="),
            ("YWJj==", None, "YWJj=="),
            ("header:x-a=b", None, "header:x-a=b"),
            ("mailgan=x", None, "mailgan=x"),
        ] {
            let given = read(spec, &KNOWN).unwrap();
            assert_eq!(
                (given.limit.as_deref(), given.secret.reveal()),
                (limit, secret),
                "{spec}"
            );
            assert_eq!(given.origin, SecretOrigin::CommandLine);
        }
    }

    #[test]
    fn a_file_loses_its_line_breaks_and_its_rights_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        fs::write(&file, "hunter2\n\n").unwrap();
        let spec = format!("mailgun=file:{}", file.display());
        let given = read(&spec, &KNOWN).unwrap();
        assert_eq!(
            (given.secret.reveal(), given.origin),
            ("hunter2", SecretOrigin::File)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(read(&spec, &KNOWN).unwrap().note.is_some());
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(read(&spec, &KNOWN).unwrap().note.is_none());
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            for (text, warned) in [
                ("-----BEGIN CERTIFICATE-----", false),
                ("-----BEGIN EC PRIVATE KEY-----", true),
            ] {
                fs::write(&file, text).unwrap();
                assert_eq!(
                    read(&spec, &KNOWN).unwrap().note.is_some(),
                    warned,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_provider_that_is_misspelt_before_a_place_is_no_part_of_a_secret() {
        let error = read("mailgan=env:PATH", &KNOWN).unwrap_err();
        assert!(error.what().contains("`mailgan` is no provider"), "{error}");
        assert!(read("a:b=env:PATH", &KNOWN).is_ok());
    }

    #[test]
    fn what_is_missing_is_said_and_a_secret_is_not() {
        let error = |spec: &str| read(spec, &KNOWN).unwrap_err().what().to_owned();
        assert!(error("env:WEBHOOK_CLI_NO_SUCH_NAME").contains("WEBHOOK_CLI_NO_SUCH_NAME"));
        assert!(error("file:/no/such/file").contains("/no/such/file"));
        assert!(!error("env:whsec_hunter2=").contains("hunter2"));
        for empty in ["", "\"\"", " \n", "\u{feff}"] {
            assert!(error(empty).contains("empty"));
        }
        assert_eq!(
            read("env:PATH", &KNOWN).unwrap().origin,
            SecretOrigin::Environment
        );
    }
}
