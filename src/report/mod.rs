//! The voice: is told what happened, decides on words, colour, JSON and where they go. It never asks.
//! Data goes to stdout, talk to stderr.

mod checks;
mod escape;
mod export;
mod har;
mod histogram;
mod inflate;
mod lines;
mod live;
mod markup;
mod notice;
mod numbers;
mod palette;
mod pretty;
mod progress;
mod reporter;
mod results;
mod sink;
mod suite;
mod summary;
mod tally;
mod text;
mod wrap;

pub use escape::{Mode, Untrusted, escape_into, shown_signed};
pub use export::{curl, http};
pub use har::{HAR_BETWEEN, HAR_END, har, har_start, vegeta};
pub use live::Live;
pub use notice::{
    Again, Checked, Detail, Finding, Forwarded, Judged, KeyUsed, Marks, Notice, Parts, Received,
};
pub use palette::{ColorChoice, Palette, Role, wants_color};
pub use pretty::{binary, is_binary, looks_like_json, pretty};
pub use progress::{Length, Progress};
pub use reporter::{Reporter, Style, complain, lost_output};
pub use results::{Form as ReportForm, Results};
pub use sink::{Drain, Failure, Sink};
pub use suite::{Case, Suite};
pub use tally::{Passing, Tally};
