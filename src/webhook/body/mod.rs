//! Bodies: JSON and forms, read and edited without being re-serialised.

pub mod block;
pub mod document;
pub mod form_part;
pub mod json;
pub mod matcher;
pub mod multipart;
pub mod sniff;
