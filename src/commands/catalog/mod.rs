//! `events`: the catalogue as text and JSON.

pub mod events;
pub mod facts;
pub mod tables;
