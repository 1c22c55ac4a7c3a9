//! Recordings: files and folders, written durably and read line by line, and the journal of `--resume`.

pub mod answers;
pub mod detect;
pub mod file;
pub mod folder;
pub mod gzip;
pub mod har;
pub mod lines;
pub mod pump;
pub mod reader;
pub mod recorder;
pub mod resume;
pub mod sync;
