//! Arguments that several commands share: providers, secrets, headers, bodies, request options.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use crate::cli::{Report, RequestArgs, SecretArgs, SelectionArgs};
use crate::error::{Error, Result};
use crate::io::client::Settings;
use crate::io::recording::detect;
use crate::io::recording::detect::Body;
use crate::io::secrets;
use crate::io::secrets::SecretOrigin;
use crate::providers;
use crate::providers::{ALL, EventDef, Keys, PlaceChanges, Provider, SCHEMES};
use crate::report::{ReportFormat, Reporter};
use crate::webhook::{
    Beat, Delivery, Expectation, Glob, Keyring, Kind, Retry, Selection, Statuses, Target,
    is_hop_by_hop, nearest,
};

/// Stands before a provider's own name of an event that is a word of `send` too.
pub(super) const NATIVE: &str = "native:";

/// Environment variable that is read if no `--secret` is given.
pub(crate) const DEFAULT_SECRET: &str = "WEBHOOK_CLI_SECRET";

/// Returns the provider or scheme called `name`; the error lists the known ones and suggests the nearest.
pub(super) fn provider(name: &str) -> Result<&'static Provider> {
    if providers::is_custom_scheme(name) {
        return providers::custom_scheme(name);
    }
    providers::find(name).ok_or_else(|| unknown(name, "provider"))
}

/// Returns the scheme called `name`: a service that only signs, or a custom scheme such as `hmac-sha256:header=NAME`.
pub(super) fn scheme(name: &str) -> Result<&'static Provider> {
    if providers::is_custom_scheme(name) {
        return providers::custom_scheme(name);
    }
    match providers::find(name) {
        Some(found) if found.events.is_empty() => Ok(found),
        Some(found) => Err(Error::usage(format!("{} is a provider", found.title))
            .hint(format!("write `--provider {name}`"))),
        None => Err(unknown(name, "scheme")),
    }
}

/// Returns the selection of these flags; the flags for provider and paths differ by command.
pub(super) fn selection(
    args: SelectionArgs,
    provider: Option<&'static Provider>,
    paths: &[String],
) -> Selection {
    Selection {
        events: args.events,
        provider: provider.map(|provider| provider.name),
        recipient: args.recipient,
        message_id: args.message_id,
        status: args.status,
        failed: args.failed,
        verdicts: args.verdicts,
        paths: paths.iter().map(|path| Glob::new(path)).collect(),
        grep: args.grep,
        since: args.since,
        until: args.until,
        skip: args.skip,
        limit: args.limit,
        last: args.last,
    }
}

/// Returns the report format for a [`ReportFile`](crate::report::ReportFile); none where the reporter prints it anyway.
pub(super) fn report_format(report: Report, is_file: bool) -> Option<ReportFormat> {
    match report {
        Report::Text => None,
        Report::Json => is_file.then_some(ReportFormat::Json),
        Report::Junit => Some(ReportFormat::Junit),
        Report::Tap => Some(ReportFormat::Tap),
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

/// Returns the event definition called `name`, of that version of the provider's webhooks if one is given; the error
/// lists
/// the events that can be sent.
pub(super) fn row(
    provider: &'static Provider,
    name: &str,
    version: Option<&str>,
) -> Result<&'static EventDef> {
    let name = name.strip_prefix(NATIVE).unwrap_or(name);
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
            // Several versions may use the same name for an event.
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

/// Rejects a `--native-version` that the provider does not have.
pub(super) fn has_version(provider: &Provider, version: &str) -> Result<()> {
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

/// Secrets that were given, and the keys made of them.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Keys by provider.
    pub keys: Keys,
    /// Secrets as given, before they are read in a provider's key format.
    pub ring: Keyring,
    /// Warnings about the way they were given, for the user.
    pub notes: Vec<String>,
}

/// Reads the secrets. `only` is the single provider of this run, if there is one.
pub(super) fn secrets(args: &SecretArgs, only: Option<&'static Provider>) -> Result<Secrets> {
    let known: Vec<&str> = providers::everyone()
        .chain(only)
        .map(|provider| provider.name)
        .collect();
    let mut notes = Vec::new();
    let mut ring = Vec::new();
    let mut specs = args.secrets.clone();
    if specs.is_empty() {
        specs.extend(default_secret());
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

/// Returns the secret of the environment, as `--secret` would name it.
pub(crate) fn default_secret() -> Option<String> {
    let secret = std::env::var_os(DEFAULT_SECRET).filter(|secret| !secret.is_empty());
    secret.map(|_| format!("env:{DEFAULT_SECRET}"))
}

/// Parses headers given as `NAME:VALUE`.
pub(super) fn headers(given: &[String]) -> Result<Vec<(HeaderName, HeaderValue)>> {
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

/// Parses headers for requests: `Host` and hop-by-hop headers are stored in the target, the others are returned.
pub(super) fn request_headers(
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
            target.set_header(name, value);
        } else {
            // The header replaces the user and password of the target's URL.
            target.remove_header(&name);
            left.push((name, value));
        }
    }
    Ok(left)
}

/// Reads a body given as text, as `@FILE`, or as `-` for stdin.
pub(super) fn body(given: &str) -> Result<Vec<u8>> {
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

/// Reads the body of `--data`; from a file that is a fixture or a raw HTTP request, only the body in it.
pub(super) fn data(given: &str, notes: &mut Vec<String>) -> Result<Vec<u8>> {
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

/// Reads the values of `--set` and `--unset`.
pub(super) fn place_changes(sets: &[String], unsets: &[String]) -> Result<PlaceChanges> {
    let named = |given: &str, path: &str, flag: &str| match providers::names_no_place(path) {
        false => Ok(()),
        true => Err(Error::usage(format!(
            "`{flag} {given}` names no field: a name is missing"
        ))
        .hint("write a JSON pointer or names with dots, such as `/data/email` or `data.email`")),
    };
    let sets = sets.iter().map(|given| {
        let (path, value) = given.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{given}` has no value")).hint("write it as `PATH=VALUE`")
        })?;
        named(given, path, "--set")?;
        Ok((path.to_owned(), providers::typed(value)))
    });
    let sets = sets.collect::<Result<_>>()?;
    for path in unsets {
        named(path, path, "--unset")?;
    }
    Ok(PlaceChanges {
        sets,
        unsets: unsets.to_vec(),
    })
}

/// Request options of `send` and `replay`: target, headers, timeouts, expectation, pacing, retries.
#[derive(Debug)]
pub(crate) struct RequestOptions {
    /// Target of the requests (`--to`).
    pub target: Target,
    /// Headers to set (`--header`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Timeouts and certificate checking.
    pub settings: Settings,
    /// Expectation of a response that counts as success.
    pub expected: Expectation,
    /// Pacing (`--rate`).
    pub beat: Beat,
    patience: Retry,
}

impl RequestOptions {
    /// Makes the options from the flags. `expected` lists the statuses that count as success without `--expect-status`.
    pub(crate) fn new(args: &RequestArgs, expected: &str) -> Result<RequestOptions> {
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

    /// Returns the retry policy with `times` retries.
    pub(crate) fn retry(&self, times: u32) -> Retry {
        Retry {
            times,
            ..self.patience.clone()
        }
    }

    /// Sets the headers of `--header` in a delivery.
    pub(crate) fn dress(&self, delivery: &mut Delivery) {
        for (name, value) in &self.headers {
            delivery.headers.set(name.clone(), value.clone());
        }
    }
}

/// Prints notes and warnings before a run begins.
pub(super) fn say_all(report: &Reporter, notes: &[String]) {
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
