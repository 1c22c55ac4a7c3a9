//! Project configuration (`webhook-cli.toml`): reading it, adding it to the command line, and the command `config`.
//!
//! A value of the file becomes an argument before those that were typed, and the command line is parsed again. So a value
//! means the same in both places, and an error in it is found by the same rules.

pub(crate) mod layers;
pub(crate) mod project;
pub(crate) mod rules;
pub(crate) mod setting;
pub(crate) mod show;
pub(crate) mod source;
pub(crate) mod targets;

pub(crate) use source::{Unparsed, configured};
