//! x
pub mod error;
pub mod webhook;
