//! Redaction: names that mark credentials, and the replacement of sensitive data before it is stored.

pub mod redactor;
pub mod scanner;
pub mod sensitive;
mod text_redactor;
