//! Text output: a line per delivery, a line per event, then the parts chosen with `--show`.

pub mod body;
pub mod checks;
pub mod delivery_line;
pub mod escape;
pub mod histogram;
pub mod humanize;
pub mod inflate;
mod notices;
pub mod palette;
mod received;
mod shown;
pub mod status_line;
pub mod summary;
mod text_report;
pub mod wrap;

pub(crate) use text_report::EventColumn;
pub use text_report::{GUTTER, TextReport, local_zone};
