//! Email addresses in the value of a header such as `To`: `Ada <ada@example.com>`.

/// Returns the address of `Name <address>`, the first of several; a bare address is returned unchanged.
///
/// A quoted name may contain brackets and commas, and quotes after a backslash.
pub fn address(text: &str) -> &str {
    cut(text.trim()).0
}

/// Returns each address of a comma-separated list.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        let (first, behind) = (!rest.is_empty()).then(|| cut(rest))?;
        let next = behind.find(',').and_then(|at| behind.get(at + 1..));
        rest = next.unwrap_or_default().trim();
        Some(first)
    })
}

/// First address, and the text after it.
fn cut(text: &str) -> (&str, &str) {
    let behind = |at: usize| text.get(at..).unwrap_or_default();
    let (mut quoted, mut escaped, mut open) = (false, false, None);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => open = Some(at + 1),
            '>' if !quoted => {
                let inside = open.and_then(|from| text.get(from..at)).map(str::trim);
                if let Some(inside) = inside.filter(|it| !it.is_empty()) {
                    return (inside, behind(at + 1));
                }
            }
            ',' if !quoted && open.is_none() => {
                let first = text.get(..at).unwrap_or_default().trim();
                if first.contains('@') {
                    return (first, behind(at));
                }
            }
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::{address, addresses};

    #[test]
    fn each_address_of_a_list_is_taken() {
        for (text, wanted) in [
            ("", &[] as &[&str]),
            ("ada@example.com", &["ada@example.com"]),
            (
                "a@example.com,b@example.com",
                &["a@example.com", "b@example.com"],
            ),
            (
                "\"Reader, Ada\" <a@example.com>, Reader, Bob <b@example.com>,c@example.com",
                &["a@example.com", "b@example.com", "c@example.com"],
            ),
            ("a@example.com, ", &["a@example.com"]),
            (
                "Ada <a@example.com> (home), <b@example.com>",
                &["a@example.com", "b@example.com"],
            ),
            ("\"odd,local\"@example.com", &["\"odd,local\"@example.com"]),
        ] {
            assert_eq!(addresses(text).collect::<Vec<_>>(), wanted, "{text}");
        }
    }

    #[test]
    fn the_address_is_what_stands_in_the_brackets() {
        for (text, wanted) in [
            ("ada@example.com", "ada@example.com"),
            (" ada@example.com\t", "ada@example.com"),
            ("Ada <ada@example.com>", "ada@example.com"),
            ("<ada@example.com>", "ada@example.com"),
            ("Ada < ada@example.com > (home)", "ada@example.com"),
            ("\"Reader, Ada <x@y>\" <ada@example.com>", "ada@example.com"),
            (
                r#""a \" <no@example.com>" <ada@example.com>"#,
                "ada@example.com",
            ),
            (
                "Ada <ada@example.com>, Bob <bob@example.com>",
                "ada@example.com",
            ),
            ("ada@example.com, bob@example.com", "ada@example.com"),
            ("Reader, Ada <ada@example.com>", "ada@example.com"),
            ("\"odd,local\"@example.com", "\"odd,local\"@example.com"),
            ("Ada <>", "Ada <>"),
            ("Ada <ada@example.com", "Ada <ada@example.com"),
            ("José <josé@exämple.com>", "josé@exämple.com"),
            ("", ""),
        ] {
            assert_eq!(address(text), wanted, "{text}");
        }
    }
}
