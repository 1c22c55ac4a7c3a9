//! Commands that look back at recorded deliveries, and the selection that they share with `replay` and `verify`.

pub mod log;
pub mod selected;
pub mod show;
