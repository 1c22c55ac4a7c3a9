//! Commands that look back at recorded deliveries, and the selection that they share with `replay` and `verify`.

pub mod chooser;
pub mod diff;
pub mod drift;
pub mod inputs;
pub mod log;
pub mod selected;
pub mod show;
