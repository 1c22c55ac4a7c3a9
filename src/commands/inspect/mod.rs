//! The inspector's side of the program: `ui`, and `listen --ui`.

pub mod engine;
pub mod indexer;
pub mod listener;
pub mod startup;
pub mod ui;
