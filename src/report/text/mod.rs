//! Text output: a line per delivery, a line per event, then the parts chosen with `--show`.

pub mod body;
pub mod checks;
pub mod escape;
pub mod histogram;
pub mod humanize;
pub mod inflate;
pub mod line;
pub mod live;
mod notices;
pub mod palette;
mod received;
mod shown;
pub mod summary;
mod text_report;
pub mod wrap;

pub(crate) use text_report::Subject;
pub use text_report::{GUTTER, TextReport, local_zone};
