//! What several commands make of the same words.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use crate::cli::{Report, RequestArgs, SecretArgs};
use crate::error::{Error, Result};
use crate::io::client::Settings;
use crate::io::recording::detect;
use crate::io::recording::detect::Body;
use crate::io::secrets;
use crate::io::secrets::SecretOrigin;
use crate::providers;
use crate::providers::{ALL, EventDef, Keys, Provider, SCHEMES};
use crate::report::{Format, Reporter};
use crate::webhook::{
    Beat, Delivery, Expectation, Keyring, Kind, Retry, Statuses, Target, is_hop_by_hop, nearest,
};

/// The environment variable that holds the secret where none is given.
const DEFAULT_SECRET: &str = "WEBHOOK_CLI_SECRET";

/// The provider or the scheme of that name, or an error that lists those there are and guesses the nearest.
pub fn provider(name: &str) -> Result<&'static Provider> {
    if providers::is_spelled(name) {
        return providers::spelled(name);
    }
    providers::find(name).ok_or_else(|| unknown(name, "provider"))
}

/// The scheme of that name: a service that only signs, or one that is spelled out.
pub fn scheme(name: &str) -> Result<&'static Provider> {
    if providers::is_spelled(name) {
        return providers::spelled(name);
    }
    match providers::find(name) {
        Some(found) if found.events.is_empty() => Ok(found),
        Some(found) => Err(Error::usage(format!("{} is a provider", found.title))
            .hint(format!("write `--provider {name}`"))),
        None => Err(unknown(name, "scheme")),
    }
}

/// The format that results are written in, where that is not what the reporter tells anyway.
pub fn report_format(report: Report, is_file: bool) -> Option<Format> {
    match report {
        Report::Text => None,
        Report::Json => is_file.then_some(Format::Json),
        Report::Junit => Some(Format::Junit),
        Report::Tap => Some(Format::Tap),
    }
}

fn unknown(name: &str, what: &str) -> Error {
    let names = |of: &[&Provider]| {
        let names: Vec<&str> = of.iter().map(|provider| provider.name).collect();
        names.join(", ")
    };
    let error = Error::usage(format!("unknown {what} `{name}`"));
    let error = match providers::guess(name) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    };
    let error = if what == "provider" {
        error.hint(format!("the providers are {}", names(ALL)))
    } else {
        error
    };
    error.hint(format!(
        "the schemes are {}, or one spelled out: `hmac-sha256:header=X-Signature`",
        names(SCHEMES)
    ))
}

/// The row to start from, of that version of the provider's webhooks if one is named; or an error that lists what can
/// be sent.
pub fn row(
    provider: &'static Provider,
    name: &str,
    version: Option<&str>,
) -> Result<&'static EventDef> {
    if let Some(version) = version {
        has_version(provider, version)?;
    }
    provider.row_of(name, version).ok_or_else(|| {
        if let Some((row, version)) = provider.row(name).zip(version) {
            return Error::usage(format!(
                "{} sends no `{name}` in version {version} of its webhooks",
                provider.title
            ))
            .hint(format!("write `--native-version {}`", row.version));
        }
        let known = providers::kinds_of(provider);
        if provider.events.is_empty() {
            return Error::usage(format!("{} sends no `{name}`", provider.title)).hint(format!(
                "a body of your own is signed so: `--data BODY --scheme {}`",
                provider.name
            ));
        }
        let natives = provider
            .events
            .iter()
            .filter(|row| !row.example.is_empty())
            .map(|row| row.native);
        let what = match Kind::from_name(name) {
            Some(_) => format!("{} sends no `{name}`", provider.title),
            None => format!("unknown event `{name}` for provider {}", provider.name),
        };
        let error = match nearest(name, known.iter().copied().chain(natives.clone())) {
            Some(near) if near != name => Error::usage(format!("{what}; did you mean `{near}`?")),
            _ => Error::usage(what),
        };
        let mut own: Vec<&str> = Vec::new();
        for native in natives {
            // Several versions call an event the same.
            if !known.contains(&native) && !own.contains(&native) {
                own.push(native);
            }
        }
        let error = error.hint(format!("it sends {}", known.join(", ")));
        if own.is_empty() {
            error
        } else {
            error.hint(format!("by its own names: {}", own.join(", ")))
        }
    })
}

/// Refuses a version that a provider's webhooks do not have.
pub fn has_version(provider: &Provider, version: &str) -> Result<()> {
    let versions = provider.versions();
    if versions.contains(&version) {
        return Ok(());
    }
    if versions.is_empty() {
        let error = Error::usage(format!(
            "the webhooks of {} have no versions to choose from",
            provider.title
        ));
        let others = ALL.iter().filter(|one| !one.versions().is_empty());
        let others: Vec<String> = others
            .map(|one| format!("{} ({})", one.name, one.versions().join(", ")))
            .collect();
        return Err(error.hint(format!(
            "`--native-version` goes with {}",
            others.join(", ")
        )));
    }
    let error = Error::usage(format!(
        "the webhooks of {} have no version `{version}`",
        provider.title
    ));
    Err(error.hint(format!(
        "write `--native-version` with one of {}",
        versions.join(", ")
    )))
}

/// What to do with the secrets that were given.
#[derive(Debug)]
pub struct Secrets {
    /// The keys made of them.
    pub keys: Keys,
    /// The secrets themselves.
    pub ring: Keyring,
    /// What the user should know about how they were given.
    pub notes: Vec<String>,
}

/// Reads the secrets. `only` is the one provider in play, if there is one.
pub fn secrets(args: &SecretArgs, only: Option<&'static Provider>) -> Result<Secrets> {
    let known: Vec<&str> = providers::everyone()
        .chain(only)
        .map(|provider| provider.name)
        .collect();
    let mut notes = Vec::new();
    let mut ring = Vec::new();
    let mut specs = args.secrets.clone();
    if specs.is_empty() && std::env::var_os(DEFAULT_SECRET).is_some_and(|secret| !secret.is_empty())
    {
        specs.push(format!("env:{DEFAULT_SECRET}"));
    }
    for spec in &specs {
        let given = secrets::read(spec, &known)?;
        if given.origin == SecretOrigin::CommandLine {
            notes.push(
                "a secret on the command line can be seen by other users of this machine; use `env:NAME` or `file:PATH`"
                    .into(),
            );
        }
        notes.extend(given.note);
        ring.push((given.limit, given.secret));
    }
    let ring = Keyring::new(ring);
    let keys = Keys::new(&ring, only)?;
    notes.extend(keys.notes());
    Ok(Secrets { keys, ring, notes })
}

/// Headers given as `NAME:VALUE`.
pub fn headers(given: &[String]) -> Result<Vec<(HeaderName, HeaderValue)>> {
    given
        .iter()
        .map(|field| {
            let wrong = || {
                Error::usage(format!("`{}` is not a header", field.escape_debug()))
                    .hint("write it as `name: value`")
            };
            let (name, value) = field
                .split_once(':')
                .filter(|_| !field.contains(|c: char| c.is_control()))
                .ok_or_else(wrong)?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
            Ok((
                name,
                HeaderValue::from_str(value.trim()).map_err(|_| wrong())?,
            ))
        })
        .collect()
}

/// Header fields of requests to a target: those that belong to each connection become the target's, the others are left.
pub fn request_headers(
    given: &[String],
    target: &mut Target,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let mut left = Vec::new();
    for (name, value) in headers(given)? {
        if matches!(name, CONTENT_LENGTH | TRANSFER_ENCODING) {
            return Err(Error::usage(format!(
                "header `{name}` cannot be given: it is computed for each request"
            )));
        }
        if name == HOST || is_hop_by_hop(&name) {
            target.carry(name, value);
        } else {
            // A user and a password of the target's are no longer meant.
            target.drop_field(&name);
            left.push((name, value));
        }
    }
    Ok(left)
}

/// A body given as a text or as `@FILE`, or `-` for stdin.
pub fn body(given: &str) -> Result<Vec<u8>> {
    let failed =
        |what: &str, error: std::io::Error| Error::input(format!("cannot read {what}: {error}"));
    match given.strip_prefix('@') {
        Some(path) => std::fs::read(path).map_err(|error| failed(&format!("`{path}`"), error)),
        None if given == "-" => {
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut body)
                .map_err(|error| failed("stdin", error))?;
            Ok(body)
        }
        None => Ok(given.as_bytes().to_vec()),
    }
}

/// A body of the user's own, given so. What is a fixture or a raw HTTP request has a body, and that is meant.
pub fn data(given: &str, notes: &mut Vec<String>) -> Result<Vec<u8>> {
    let bytes = body(given)?;
    let path = match given.strip_prefix('@') {
        Some(path) => path,
        None if given == "-" => "stdin",
        None => return Ok(bytes),
    };
    match detect::body(&bytes) {
        Body::Plain => Ok(bytes),
        Body::Inside(body, what) => {
            notes.push(format!("note: `{path}` is {what}; its body is sent"));
            Ok(body)
        }
        Body::Several(what) => Err(Error::usage(format!(
            "`{path}` is {what}, and `--data` takes one body"
        ))
        .hint(format!(
            "`webhook-cli replay {path} --resign` sends what is in it"
        ))),
    }
}

/// How requests are made, for `send` and `replay`.
#[derive(Debug)]
pub struct RequestOptions {
    /// Where they go.
    pub target: Target,
    /// Header fields to set.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How patient and how trusting to be.
    pub settings: Settings,
    /// What counts as success.
    pub expected: Expectation,
    /// When the next one goes.
    pub beat: Beat,
    patience: Retry,
}

impl RequestOptions {
    /// Makes it of the words. `expected` are the statuses that count as success where the user does not say.
    pub fn new(args: &RequestArgs, expected: &str) -> Result<RequestOptions> {
        let mut target = Target::parse(&args.to)?;
        Ok(RequestOptions {
            headers: request_headers(&args.headers, &mut target)?,
            target,
            settings: Settings {
                timeout: args.timeout,
                connect_timeout: args.connect_timeout,
                insecure: args.insecure,
            },
            expected: Expectation {
                status: Statuses::parse(args.expect_status.as_deref().unwrap_or(expected))?,
                within: args.expect_within,
                contains: None,
                member: None,
            },
            beat: args.rate.map_or(Beat::Free, Beat::Every),
            patience: Retry {
                times: 0,
                backoff: args.backoff,
                on: Statuses::parse(&args.retry_on)?,
                longest: args.max_retry_after,
            },
        })
    }

    /// How patient to be, with so many tries after the first.
    pub fn retry(&self, times: u32) -> Retry {
        Retry {
            times,
            ..self.patience.clone()
        }
    }

    /// Puts the user's header fields into a delivery.
    pub fn dress(&self, delivery: &mut Delivery) {
        for (name, value) in &self.headers {
            delivery.headers.set(name.clone(), value.clone());
        }
    }
}

/// Says what the user should know before it begins.
pub fn say_all(report: &Reporter, notes: &[String]) {
    for note in notes {
        match note.strip_prefix("note: ") {
            Some(note) => report.note(note),
            None => report.warn(note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(headers(&["X-A:  1:2 ".into()]).unwrap()[0].1, "1:2");
        for odd in ["X=1", "", ":", "a b:1", "a:\r\nb"] {
            assert!(headers(&[odd.into()]).is_err(), "{odd}");
        }
    }
}
