//! Choice of deliveries of a recording: addresses, and the conditions of the selection flags.

pub mod grep;
pub mod selection;
pub mod source_address;
