//! Recordings and other sources of deliveries, read line by line, and the journal of `--resume`.

pub mod answers;
pub mod detect;
pub mod follow;
pub mod har;
pub mod last;
pub mod line_block;
pub mod lines;
pub mod locate;
pub mod pump;
pub mod reader;
pub mod resume;
mod source_input;
mod source_item;
mod source_position;
pub mod tail;
