//! Glob patterns for paths, as in shells.

/// Glob pattern: `*` matches any run of characters without `/`, `**` any run, `?` one character except `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Creates a pattern. Every text is a valid one.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// True if the pattern matches the whole path.
    pub fn matches(&self, path: &str) -> bool {
        // Position to backtrack to when the rest does not match: the last `*` or `**`, and the length it has matched.
        // The last `**` is stored separately, for a `*` after it cannot match a `/`. So each takes at most pattern
        // times path steps.
        let (pattern, path) = (self.0.as_bytes(), path.as_bytes());
        let (mut at, mut seen) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        let mut stars: Option<(usize, usize)> = None;
        loop {
            let rest = pattern.get(at..).unwrap_or_default();
            let next = path.get(seen).copied();
            match (rest, next) {
                ([b'*', b'*', ..], _) => {
                    at += 2;
                    (star, stars) = (None, Some((at, seen)));
                    continue;
                }
                ([b'*', ..], _) => {
                    at += 1;
                    star = Some((at, seen));
                    continue;
                }
                ([], None) => return true,
                ([b'?', ..], Some(byte)) if byte != b'/' => {
                    // One character may have several bytes.
                    let more = path.get(seen + 1..).unwrap_or_default();
                    let more = more.iter().take_while(|byte| *byte & 0xC0 == 0x80).count();
                    (at, seen) = (at + 1, seen + 1 + more);
                    continue;
                }
                ([wanted, ..], Some(byte)) if *wanted == byte => {
                    (at, seen) = (at + 1, seen + 1);
                    continue;
                }
                _ => {}
            }
            let behind = |eaten: usize| path.get(eaten).copied();
            match (star, stars) {
                (Some((resume, eaten)), _) if behind(eaten).is_some_and(|byte| byte != b'/') => {
                    star = Some((resume, eaten + 1));
                    (at, seen) = (resume, eaten + 1);
                }
                (_, Some((resume, eaten))) if behind(eaten).is_some() => {
                    (star, stars) = (None, Some((resume, eaten + 1)));
                    (at, seen) = (resume, eaten + 1);
                }
                _ => return false,
            }
        }
    }
}

impl std::fmt::Display for Glob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn stars_and_question_marks_are_what_shells_make_of_them() {
        for (pattern, path, matches) in [
            ("/hooks", "/hooks", true),
            ("/hooks", "/hooks/", false),
            ("/hooks/*", "/hooks/email", true),
            ("/hooks/*", "/hooks/email/bounce", false),
            ("/hooks/**", "/hooks/email/bounce", true),
            ("/hooks/*/bounce", "/hooks/email/bounce", true),
            ("**/bounce", "/a/b/bounce", true),
            ("**/b*/x", "/a/bounce/c/bx/x", true),
            ("**/b*/x", "/a/bounce/c/bx/y", false),
            ("/v?/*", "/v1/x", true),
            ("/v?/*", "/v12/x", false),
            ("/?", "/é", true),
            ("/?", "//", false),
            ("*", "/", false),
            ("**", "", true),
            ("/*", "/", true),
            ("", "", true),
            ("", "/", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(path),
                matches,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_pattern_of_stars_ends_soon() {
        let path = "/a".repeat(2_000);
        assert!(!Glob::new(&"**a*".repeat(20)).matches(&format!("{path}/b/")));
    }
}
