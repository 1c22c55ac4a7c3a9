//! Builds a new delivery from an example: templates, overrides, compiled templates.

pub mod change;
mod change_places;
pub mod compiled;
pub mod filling;
pub mod generator;
pub mod guess;
pub mod overrides;
pub mod parts;
pub mod placement;
pub mod recorded_change;
pub mod route;
pub mod template;
pub mod time_field;
