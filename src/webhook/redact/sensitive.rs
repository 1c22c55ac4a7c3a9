//! Names of headers, members and parameters whose values are credentials: one list for terminal output, JSON output and
//! redaction of recordings.

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

/// True if a header of this name holds a credential. Services choose their own names, so a name only has to contain a
/// marker.
pub fn is_credential_field(name: &str) -> bool {
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

/// True if a member of a body, or a parameter, of this name holds a credential. Bodies are full of words, so the name
/// must end with a marker, or be that of such a header.
pub fn is_credential_member(name: &str) -> bool {
    let short = shortened(&name.to_ascii_lowercase());
    FIELDS.contains(&name.to_ascii_lowercase().as_str())
        || PARTS.iter().any(|part| short.ends_with(part))
}

fn shortened(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_credential_field, is_credential_member};

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
}
