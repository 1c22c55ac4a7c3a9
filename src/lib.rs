//! x
pub mod error;
pub mod providers;
pub mod webhook;
