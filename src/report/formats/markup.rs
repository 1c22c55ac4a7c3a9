//! Texts of strangers in what continuous integration reads.

use crate::report::Untrusted;

/// A text in XML: controls have no place there, not even escaped, so they are spelled out.
pub(crate) fn xml(text: impl AsRef<[u8]>) -> String {
    Untrusted::new(text.as_ref())
        .to_string()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A text on a line of the Test Anything Protocol, where a `#` begins what counts.
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
