//! From an example to a new delivery: templates, compiled templates, overrides.

pub mod change;
pub mod compiled;
pub mod overrides;
pub mod parts;
pub mod placement;
pub mod template;
