//! Project configuration (`webhook-cli.toml`): reading it, adding it to the command line, and the command `config`.
//!
//! A value of the file becomes an argument before those that were typed, and the command line is parsed again. So a value
//! means the same in both places, and an error in it is found by the same rules.

pub mod layers;
pub mod project;
pub mod rules;
pub mod setting;
pub mod show;
pub mod source;
pub mod targets;

pub use source::{Unparsed, configured};
