//! Escaping of untrusted text in JUnit XML and TAP.

use crate::report::Untrusted;

/// Escapes a text for XML. XML cannot contain control characters, not even escaped, so they are spelled out.
pub(crate) fn xml(text: impl AsRef<[u8]>) -> String {
    Untrusted::new(text.as_ref())
        .to_string()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Escapes a text for a TAP line, where `#` begins a directive.
pub(crate) fn tap(text: &str) -> String {
    Untrusted::new(text)
        .to_string()
        .replace('\\', "\\\\")
        .replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::{tap, xml};

    #[test]
    fn nothing_of_a_stranger_means_anything() {
        assert_eq!(
            xml("<a b=\"&\">\u{1b}"),
            "&lt;a b=&quot;&amp;&quot;&gt;\\x1b"
        );
        assert_eq!(tap("a # SKIP \\ \u{1b}"), "a \\# SKIP \\\\ \\\\x1b");
    }
}
