//! Output: receives notices and writes them as text or JSON lines, with or without colour. Data and results go to
//! stdout, messages to stderr. It never asks the user anything.

pub mod diff;
pub mod formats;
pub mod json;
pub mod text;

mod consumer;
mod held;
mod mail_text;
mod notice;
mod progress;
mod reporter;
mod sink;
mod stdout;
mod tally;

pub use consumer::Consumer;
pub use diff::compared::{
    Compared, ComparedSide, DriftTotals, Drifted, MissingMember, TypeChange, UnknownMember,
};
pub use formats::curl::{curl, http};
pub use formats::har::{HAR_BETWEEN, HAR_END, har, har_start, vegeta};
pub use formats::report_file::{ReportFile, ReportFormat, Suite};
pub use json::{
    EventJson, forwarded_answer_json, harmless, json_line, masked_fixture, received_json,
    recorded_answer_json,
};
pub use notice::{
    CheckTotals, Checked, Detail, Forwarded, HandlerRequest, Judged, KeyUsed, Logged, Notice,
    ProvenCause, Received, Repeat, ShownParts, View,
};
pub use progress::{Length, Progress};
pub use reporter::{NoticeLine, OutputStyle, Reporter, complain, lost_output, note, warn, width};
pub use sink::{Drain, Sink, WriteFailure};
pub use tally::{ForwardTally, Tally};
pub use text::body::{binary, is_binary, looks_like_json, pretty};
pub use text::delivery_line::DeliveryLine;
pub use text::escape::{Mode, Untrusted, escape_into, shown_signed};
pub use text::palette::{ColorChoice, Palette, Role, wants_color};
pub use text::status_line::StatusLine;
