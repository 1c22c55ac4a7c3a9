//! Names of headers, members and parameters whose values are credentials: one list for terminal output, JSON output and
//! redaction of recordings.

use std::borrow::Cow;
use std::ops::Range;
/// Headers that hold a credential without a telling name.
const FIELDS: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-auth",
];

/// Headers whose name ends in `key` without being a credential.
const PUBLIC_KEYS: [&str; 3] = ["idempotency-key", "sec-websocket-key", "x-idempotency-key"];

/// Words that mark a header as a credential, separated by `-`, `_` and `.`.
const WORDS: [&str; 13] = [
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "bypass",
    "cookie",
    "jwt",
    "oidc",
    "otp",
    "pass",
    "pin",
    "pwd",
    "session",
];

/// Substrings of the names of credentials, without `-`, `_` and `.`. A member's name must end with one.
const PARTS: [&str; 12] = [
    "accesskey",
    "apikey",
    "authkey",
    "credential",
    "credentials",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "signingkey",
    "token",
];

/// Endings of a query parameter's name that holds the signature of a URL: whoever has that URL may use it.
const SIGNATURES: [&str; 2] = ["sig", "signature"];

/// Text printed in place of a credential.
pub const MASK: &str = "***";

/// Length from which a `code` in a query is a key (as of Azure Functions) and not a status.
const CODE: usize = 16;
/// True if a header of this name holds a credential. Services choose their own names, so a name only has to contain a
/// marker.
pub fn is_credential_field(name: &str) -> bool {
    if ORDINARY.contains(&name) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let short = shortened(&name);
    FIELDS.contains(&name.as_str())
        || PARTS.iter().any(|part| short.contains(part))
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| WORDS.contains(&word))
        // Such as `x-functions-key` and `x-app-key`.
        || (short.ends_with("key") && !PUBLIC_KEYS.contains(&name.as_str()))
}

/// Fields that nearly every request has, so that their names need no closer look.
const ORDINARY: [&str; 8] = [
    "host",
    "content-type",
    "content-length",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "transfer-encoding",
];

/// True if a member of a body, or a parameter, of this name holds a credential. Bodies are full of words, so the name
/// must end with a marker, or be that of such a header.
pub fn is_credential_member(name: &str) -> bool {
    // Most names are ruled out by their last letter.
    let last = name.bytes().rev().find(u8::is_ascii_alphanumeric);
    let last = last.unwrap_or_default().to_ascii_lowercase();
    if !b"dehlnsty".contains(&last) {
        return false;
    }
    FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
        || PARTS.iter().any(|part| ends_with(name, part))
}

/// True if a query parameter holds a credential: as a header of this name would, or the signature of a URL.
pub fn is_credential_parameter(name: &str, value: &str) -> bool {
    is_credential_field(name)
        || SIGNATURES.iter().any(|end| ends_with(name, end))
        || name.eq_ignore_ascii_case("code") && value.len() >= CODE
}

/// Ranges of the credentials in the query of a path or a URL, in order.
pub fn credentials_in(path: &str) -> impl Iterator<Item = Range<usize>> {
    let begin = path.find('?').map_or(path.len(), |at| at + 1);
    let end = path.find('#').unwrap_or(path.len()).max(begin);
    let query = path.get(begin..end).unwrap_or_default();
    let mut at = begin;
    query.split(['&', ';']).filter_map(move |pair| {
        let start = at;
        at += pair.len() + 1;
        let (name, value) = pair.split_once('=')?;
        let is_secret = || {
            let decoded = form_urlencoded::parse(name.as_bytes()).next();
            decoded.is_some_and(|(name, _)| is_credential_parameter(&name, value))
        };
        let value = start + name.len() + 1..start + pair.len();
        (!value.is_empty() && is_secret()).then_some(value)
    })
}

/// Replaces the credentials in the query of a path or a URL by `***`, for printing.
pub fn masked_path(path: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut copied = 0;
    for value in credentials_in(path) {
        shown += path.get(copied..value.start).unwrap_or_default();
        shown += MASK;
        copied = value.end;
    }
    if copied == 0 {
        return path.into();
    }
    shown += path.get(copied..).unwrap_or_default();
    shown.into()
}

/// True if the letters and digits of a name end with these, in either case.
fn ends_with(name: &str, end: &str) -> bool {
    let mut name = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
    let mut end = end.bytes().rev();
    end.all(|letter| {
        name.next()
            .is_some_and(|it| it.eq_ignore_ascii_case(&letter))
    })
}

fn shortened(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_credential_field, is_credential_member, masked_path};

    #[test]
    fn a_credential_is_known_by_the_name_of_its_field() {
        for name in [
            "Authorization",
            "Cookie",
            "X-Auth",
            "x-auth-key",
            "X-Access-Key",
            "api_key",
            "X-Api-Key-Id",
            "x-amz-security-token",
            "x-goog-iap-jwt-assertion",
            "x-hook-secret-2",
        ] {
            assert!(is_credential_field(name), "{name}");
        }
        for name in [
            "idempotency-key",
            "content-type",
            "x-mailgun-signature",
            "svix-id",
            "x-author",
            "user-agent",
            "webhook-signature",
            "x-twilio-email-event-webhook-timestamp",
        ] {
            assert!(!is_credential_field(name), "{name}");
        }
    }

    #[test]
    fn a_member_must_end_with_what_it_holds() {
        assert!(is_credential_member("access_token") && is_credential_member("ApiKey"));
        assert!(!is_credential_member("token_type") && !is_credential_member("secretary"));
    }

    #[test]
    fn a_path_is_printed_without_the_credentials_in_its_query() {
        for (path, shown) in [
            ("/", "/"),
            ("/hooks?x=1&y", "/hooks?x=1&y"),
            ("/token=a?b=token", "/token=a?b=token"),
            ("/?token=a", "/?token=***"),
            ("/?a=1&api_key=b&z=2", "/?a=1&api_key=***&z=2"),
            ("/?Auth=a;key=b&sig=c%26", "/?Auth=***;key=***&sig=***"),
            (
                "/?%74oken=a&token=&token=b=c",
                "/?%74oken=***&token=&token=***",
            ),
            (
                "/?X-Amz-Signature=a&code=550",
                "/?X-Amz-Signature=***&code=550",
            ),
            ("/?code=0123456789abcdef", "/?code=***"),
            ("/?idempotency-key=a&event=b", "/?idempotency-key=a&event=b"),
            (
                "https://a/?password=é#token=x",
                "https://a/?password=***#token=x",
            ),
        ] {
            assert_eq!(masked_path(path), shown);
        }
    }
}
