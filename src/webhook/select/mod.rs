//! Choice of deliveries of a recording: addresses, and the conditions of the selection flags.

pub mod grep;
pub mod line_filter;
pub mod selection;
pub mod source_address;
pub mod words;
