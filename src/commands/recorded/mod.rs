//! Commands that look back at recorded deliveries, and the selection that they share with `replay` and `verify`.

pub(crate) mod chooser;
pub(crate) mod diff;
pub(crate) mod drift;
pub(crate) mod inputs;
pub(crate) mod log;
pub(crate) mod selected;
pub(crate) mod show;
