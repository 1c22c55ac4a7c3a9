//! Display filter of `listen`: `--events`, `--path`.

use crate::webhook::{Event, Glob, Kind};

/// Deliveries that are printed; an empty list matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct DisplayFilter {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) paths: Vec<Glob>,
}

impl DisplayFilter {
    pub(crate) fn includes(&self, path: &str, events: &[Event]) -> bool {
        let is_kind = |event: &Event| self.kinds.contains(&event.kind);
        (self.kinds.is_empty() || events.iter().any(is_kind))
            && (self.paths.is_empty() || self.paths.iter().any(|glob| glob.matches(path)))
    }
}
