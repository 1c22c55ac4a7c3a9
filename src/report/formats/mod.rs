//! Formats for other programs: JUnit, TAP, HAR, curl, raw HTTP.

pub mod curl;
pub mod har;
pub mod markup;
pub mod report_file;
pub mod suite;
