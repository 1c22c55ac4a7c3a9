//! Bodies: JSON and forms, read and edited without being re-serialised.

pub mod document;
pub mod embedded;
pub mod form_part;
pub mod json;
pub(crate) mod json_cursor;
pub(crate) mod json_edit;
pub(crate) mod json_escape;
pub(crate) mod json_limits;
pub(crate) mod json_node;
pub mod matcher;
pub mod multipart;
pub mod sniff;
pub(crate) mod text_edit;
pub(crate) mod url_form;
