//! Formatter of notices as text: its settings, and what the lines of all notices share.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::report::notice::{ShownParts, View};
use crate::report::text::humanize::put_number;
use crate::report::text::palette::{Palette, Role};
use crate::report::text::wrap::{columns, elided_to};
use crate::report::text::{body, wrap};
use crate::report::{Untrusted, binary, is_binary, looks_like_json};
use crate::webhook::{Kind, Receipt};

/// Prefix of all untrusted lines, so that none begins at the left edge.
pub const GUTTER: &str = "  ";

/// Formatter of notices as text.
#[derive(Debug)]
pub struct TextReport {
    /// Palette, with or without colours.
    pub palette: Palette,
    /// Form in which received deliveries are shown.
    pub view: View,
    /// Parts shown of a received delivery.
    pub parts: ShownParts,
    /// True if the response to each attempt is shown.
    pub replies: bool,
    /// Width of the terminal in columns, if it is one.
    pub columns: fn() -> Option<usize>,
    /// Local time zone, looked up at first use.
    pub zone: LazyLock<TimeZone>,
}

impl TextReport {
    /// Writes a body: JSON indented, other text as it is, binary data as its size.
    pub(super) fn body(&self, out: &mut Vec<u8>, body: &[u8], gutter: &str) {
        if body.is_empty() {
            return;
        }
        if is_binary(body) {
            let line = format!("{gutter}{}\n", binary(body));
            self.paint(out, Role::Dim, &line);
        } else if looks_like_json(body) {
            body::pretty(out, body, gutter, &self.palette);
        } else {
            body::text(out, body, gutter, &self.palette);
        }
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
    }

    /// Writes a status in its colour.
    pub(crate) fn status(&self, out: &mut Vec<u8>, status: u16) {
        let role = match status {
            200..=299 => Role::Good,
            300..=399 => Role::Kind,
            400..=499 => Role::Warn,
            _ => Role::Bad,
        };
        let digits = [status / 100 % 10, status / 10 % 10, status % 10]
            .map(|digit| b'0' + u8::try_from(digit).unwrap_or(0));
        self.palette.write(out, role, &digits);
    }

    /// Writes the local time of day.
    pub(super) fn clock(&self, out: &mut Vec<u8>, at: jiff::Timestamp) {
        self.clock_of_seconds(out, at);
        let digit = |number: i64| b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or(0);
        let millis = i64::from(at.subsec_millisecond());
        out.extend_from_slice(&[b'.', digit(millis / 100), digit(millis / 10), digit(millis)]);
    }

    /// Writes the local time to the second.
    pub(crate) fn clock_of_seconds(&self, out: &mut Vec<u8>, at: jiff::Timestamp) {
        let local = at.as_second() + i64::from(self.zone.to_offset(at).seconds());
        let digit = |number: i64| b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or(0);
        let hours = local.div_euclid(3600).rem_euclid(24);
        let minutes = local.div_euclid(60).rem_euclid(60);
        let seconds = local.rem_euclid(60);
        out.extend_from_slice(&[digit(hours / 10), digit(hours), b':']);
        out.extend_from_slice(&[digit(minutes / 10), digit(minutes), b':']);
        out.extend_from_slice(&[digit(seconds / 10), digit(seconds)]);
    }

    /// Wraps our own prose to the terminal, for a text that begins in `column`.
    pub(crate) fn prose(&self, text: &str, column: usize) -> String {
        match (self.columns)() {
            // On a narrow terminal, lines after a break begin further to the left.
            Some(width) if column > width / 2 => wrap::prose(text, column, GUTTER.len() * 2, width),
            Some(width) => wrap::prose(text, column, column, width),
            None => text.to_owned(),
        }
    }

    /// Writes a text in the colour of its role, without colouring the line break at its end.
    pub(crate) fn paint(&self, out: &mut Vec<u8>, role: Role, text: &str) {
        let line = text.strip_suffix('\n');
        self.palette
            .write(out, role, line.unwrap_or(text).as_bytes());
        if line.is_some() {
            out.push(b'\n');
        }
    }
}

/// Colour of a kind of event.
pub(super) fn kind_role(kind: Kind) -> Role {
    match kind {
        Kind::Sent
        | Kind::Delivered
        | Kind::Open
        | Kind::Click
        | Kind::Subscribe
        | Kind::Inbound => Role::Good,
        Kind::Deferred | Kind::Unsubscribe => Role::Warn,
        Kind::Bounce | Kind::Rejected | Kind::Complaint => Role::Bad,
        Kind::Other => Role::Kind,
    }
}

/// Appends spaces.
pub(super) fn pad(out: &mut Vec<u8>, width: usize) {
    out.extend(std::iter::repeat_n(b' ', width));
}

/// Local time zone, from `/etc/localtime` if possible; other lookups are slower.
pub fn local_zone() -> TimeZone {
    if std::env::var_os("TZ").is_none()
        && let Ok(rules) = std::fs::read("/etc/localtime")
        && let Ok(zone) = TimeZone::tzif("Local", &rules)
    {
        return zone;
    }
    TimeZone::system()
}

/// Kind of the event of a delivery, or number of its events.
pub(crate) enum EventColumn<'a> {
    /// One event, or none.
    Name(Cow<'a, str>, Role),
    /// Several events.
    Events(usize),
}

impl<'a> EventColumn<'a> {
    /// Subject of a delivery with this receipt.
    pub(crate) fn of(receipt: &'a Receipt) -> EventColumn<'a> {
        match receipt.events.as_slice() {
            [] if receipt.handshake => EventColumn::Name("handshake".into(), Role::Dim),
            [] => EventColumn::Name("no events".into(), Role::Dim),
            [one] if one.kind == Kind::Other => {
                let name = Untrusted::new(&one.native).to_string();
                EventColumn::Name(elided_to(&name, 24).into(), Role::Kind)
            }
            [one] => EventColumn::Name(one.kind.name().into(), kind_role(one.kind)),
            many => EventColumn::Events(many.len()),
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            EventColumn::Name(name, _) => columns(name),
            EventColumn::Events(number) => {
                let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
                digits + EVENTS.len()
            }
        }
    }

    /// Writes it in its colour.
    pub(crate) fn write(&self, out: &mut Vec<u8>, palette: &Palette) {
        match self {
            EventColumn::Name(name, role) => palette.write(out, *role, name.as_bytes()),
            EventColumn::Events(number) => palette.write_with(out, Role::Bold, |out| {
                put_number(out, *number);
                out.extend_from_slice(EVENTS);
            }),
        }
    }
}

const EVENTS: &[u8] = b" events";
