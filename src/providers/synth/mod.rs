//! Builds a new delivery from an example: templates, overrides, compiled templates.

pub mod change;
pub mod compiled;
pub mod guess;
pub mod overrides;
pub mod parts;
pub mod placement;
pub mod template;
