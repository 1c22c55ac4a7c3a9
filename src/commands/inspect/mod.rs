//! The inspector's side of the program: `ui`, and `listen --ui`.

pub(crate) mod block_reader;
pub(crate) mod engine;
pub(crate) mod folder_indexer;
pub(crate) mod indexer;
pub(crate) mod listener;
pub(crate) mod startup;
pub(crate) mod ui;
