//! Output of `diff` and `drift`: differences of two deliveries, and of a recording from the examples.

pub mod compared;

mod differences;
mod drift;
pub(super) mod lines;
