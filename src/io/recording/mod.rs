//! Recordings: files and folders, written durably and read line by line, and the journal of `--resume`.

pub mod answers;
pub mod detect;
pub mod file;
pub mod folder;
pub mod follow;
pub mod har;
pub mod last;
pub mod lines;
pub mod locate;
pub mod pump;
pub mod reader;
pub mod recorder;
pub mod resume;
pub mod sync;
pub mod tail;
