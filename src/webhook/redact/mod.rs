//! Redaction: which names hold credentials, and what is replaced on the way to disk.

pub mod redactor;
pub mod scanner;
pub mod sensitive;
