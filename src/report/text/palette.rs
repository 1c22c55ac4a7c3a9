//! Colours of the output, decided once at the start.
//!
//! Each role has the escape codes that switch its colour on and off; without colour both are empty, so callers need not
//! check. Output must be understandable without colour.

use std::fmt::Display;

use colored::{ColoredString, Colorize};

/// Role of a piece of text, which determines its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Name in a JSON object.
    Key,
    /// JSON string.
    String,
    /// JSON number.
    Number,
    /// JSON literal: `true`, `false` or `null`.
    Literal,
    /// Brackets, commas and colons of JSON.
    Punctuation,
    /// Kind of an event, or provider.
    Kind,
    /// Success.
    Good,
    /// Warning.
    Warn,
    /// Failure, or an invalid signature.
    Bad,
    /// Less important text.
    Dim,
    /// More important text.
    Bold,
}

/// Escape codes of all roles.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    key: Paint,
    string: Paint,
    number: Paint,
    literal: Paint,
    punctuation: Paint,
    kind: Paint,
    good: Paint,
    warn: Paint,
    bad: Paint,
    dim: Paint,
    bold: Paint,
}

impl Palette {
    /// Creates a palette without colour.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Creates a palette with terminal colours. This switches `colored` on for the whole process.
    pub fn colored() -> Self {
        // Otherwise `colored` would decide from the environment, with a precedence other than that of [`wants_color`].
        colored::control::set_override(true);
        Self {
            key: Paint::like(MARKER.cyan()),
            string: Paint::like(MARKER.green()),
            number: Paint::like(MARKER.yellow()),
            literal: Paint::like(MARKER.magenta()),
            // Every second token is punctuation: escape codes around each would be most of the output.
            punctuation: Paint::default(),
            kind: Paint::like(MARKER.bold().cyan()),
            good: Paint::like(MARKER.green()),
            warn: Paint::like(MARKER.yellow()),
            bad: Paint::like(MARKER.red()),
            dim: Paint::like(MARKER.dimmed()),
            bold: Paint::like(MARKER.bold()),
        }
    }

    /// Formats text in the colour of its role. Pass untrusted text as
    /// [`Untrusted`](crate::report::text::escape::Untrusted).
    pub fn paint(&self, role: Role, text: impl Display) -> String {
        let Paint { on, off } = self.of(role);
        format!("{on}{text}{off}")
    }

    /// Appends escaped or trusted bytes, in the colour of a role.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>, role: Role, bytes: &[u8]) {
        self.write_with(out, role, |out| out.extend_from_slice(bytes));
    }

    /// Appends the output of a closure, in the colour of a role.
    #[inline]
    pub(crate) fn write_with(
        &self,
        out: &mut Vec<u8>,
        role: Role,
        append: impl FnOnce(&mut Vec<u8>),
    ) {
        let Paint { on, off } = self.of(role);
        // Fast path without colour.
        if on.is_empty() {
            return append(out);
        }
        out.extend_from_slice(on.as_bytes());
        append(out);
        out.extend_from_slice(off.as_bytes());
    }

    #[inline]
    fn of(&self, role: Role) -> &Paint {
        match role {
            Role::Key => &self.key,
            Role::String => &self.string,
            Role::Number => &self.number,
            Role::Literal => &self.literal,
            Role::Punctuation => &self.punctuation,
            Role::Kind => &self.kind,
            Role::Good => &self.good,
            Role::Warn => &self.warn,
            Role::Bad => &self.bad,
            Role::Dim => &self.dim,
            Role::Bold => &self.bold,
        }
    }
}

/// Choice of `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Colour if the environment and the terminal suggest it.
    #[default]
    Auto,
    /// Colour always.
    Always,
    /// Colour never.
    Never,
}

/// True if output is to be coloured. The first of these that is set decides: the option, `NO_COLOR`, `FORCE_COLOR`,
/// `CLICOLOR_FORCE`, `CLICOLOR=0`, `TERM=dumb`; otherwise a terminal is coloured.
pub fn wants_color(
    choice: ColorChoice,
    env: &dyn Fn(&str) -> Option<String>,
    is_terminal: bool,
) -> bool {
    let set = |name| env(name).filter(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => return true,
        ColorChoice::Never => return false,
        ColorChoice::Auto => {}
    }
    if set("NO_COLOR").is_some() {
        return false;
    }
    if let Some(force) = set("FORCE_COLOR") {
        return force != "0" && !force.eq_ignore_ascii_case("false");
    }
    if set("CLICOLOR_FORCE").is_some_and(|force| force != "0") {
        return true;
    }
    let refused = set("CLICOLOR").is_some_and(|value| value == "0")
        || set("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !refused
}

/// Character that occurs in no escape code.
const MARKER: &str = "|";

/// Escape codes before and after coloured text.
#[derive(Clone, Debug, Default)]
struct Paint {
    on: String,
    off: String,
}

impl Paint {
    /// Extracts the escape codes from a styled marker.
    fn like(sample: ColoredString) -> Self {
        let sample = sample.to_string();
        let (on, off) = sample.split_once(MARKER).unwrap_or_default();
        Self {
            on: on.to_owned(),
            off: off.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 11] = [
        Role::Key,
        Role::String,
        Role::Number,
        Role::Literal,
        Role::Punctuation,
        Role::Kind,
        Role::Good,
        Role::Warn,
        Role::Bad,
        Role::Dim,
        Role::Bold,
    ];

    #[test]
    fn the_first_with_an_opinion_decides_about_colour() {
        use ColorChoice::{Always, Auto, Never};
        for (choice, env, is_terminal, expected) in [
            (Auto, &[][..], true, true),
            (Auto, &[], false, false),
            (Always, &[("NO_COLOR", "1"), ("TERM", "dumb")], false, true),
            (Never, &[("FORCE_COLOR", "1")], true, false),
            (Auto, &[("NO_COLOR", "1")], true, false),
            (Auto, &[("NO_COLOR", "0")], true, false),
            (Auto, &[("NO_COLOR", "")], true, true),
            (
                Auto,
                &[
                    ("NO_COLOR", "1"),
                    ("FORCE_COLOR", "1"),
                    ("CLICOLOR_FORCE", "1"),
                ],
                true,
                false,
            ),
            (Auto, &[("FORCE_COLOR", "1")], false, true),
            (Auto, &[("FORCE_COLOR", "0")], true, false),
            (Auto, &[("FORCE_COLOR", "false")], true, false),
            (
                Auto,
                &[("FORCE_COLOR", "FALSE"), ("CLICOLOR_FORCE", "1")],
                true,
                false,
            ),
            (Auto, &[("FORCE_COLOR", "")], false, false),
            (
                Auto,
                &[("FORCE_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")],
                false,
                true,
            ),
            (Auto, &[("CLICOLOR_FORCE", "1")], false, true),
            (
                Auto,
                &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")],
                false,
                true,
            ),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Auto, &[("CLICOLOR_FORCE", "0")], true, true),
            (Auto, &[("CLICOLOR_FORCE", "")], false, false),
            (Auto, &[("CLICOLOR", "0")], true, false),
            (Auto, &[("CLICOLOR", "1")], true, true),
            (Auto, &[("CLICOLOR", "1")], false, false),
            (Auto, &[("TERM", "dumb")], true, false),
            (Auto, &[("TERM", "dumb"), ("CLICOLOR", "1")], true, false),
            (Auto, &[("TERM", "xterm-256color")], true, true),
            (Auto, &[("TERM", "xterm-256color")], false, false),
        ] {
            let read = |name: &str| {
                env.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                wants_color(choice, &read, is_terminal),
                expected,
                "{choice:?} {env:?} terminal: {is_terminal}"
            );
        }
    }

    #[test]
    fn without_colour_the_text_is_all_there_is() {
        for role in ROLES {
            assert_eq!(Palette::plain().paint(role, "text"), "text");
        }
    }

    #[test]
    fn with_colour_each_role_ends_what_it_begins() {
        let palette = Palette::colored();
        for role in ROLES {
            let painted = palette.paint(role, "text");
            let plain = role == Role::Punctuation;
            assert_eq!(
                painted.starts_with("\x1b["),
                !plain,
                "{role:?}: {painted:?}"
            );
            assert_eq!(
                painted.ends_with("text\x1b[0m"),
                !plain,
                "{role:?}: {painted:?}"
            );
            let mut written = Vec::new();
            palette.write(&mut written, role, b"text");
            assert_eq!(written, painted.as_bytes());
        }
        assert_eq!(palette.paint(Role::Bad, "no"), "\x1b[31mno\x1b[0m");
    }
}
