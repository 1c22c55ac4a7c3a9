//! `events`: the catalogue as text and JSON.

pub(crate) mod events;
pub(crate) mod facts;
pub(crate) mod tables;
