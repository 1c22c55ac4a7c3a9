//! What a body holds: JSON, forms and their parts, looked into without being written again.

pub mod document;
pub mod json;
pub mod matcher;
pub mod multipart;
pub mod sniff;
