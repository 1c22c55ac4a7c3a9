//! Formats for other programs: JUnit, TAP, HAR, curl, raw HTTP.

pub mod curl;
pub mod har;
pub mod markup;
pub mod report_file;

pub(crate) mod case;
mod junit;
mod tap;
