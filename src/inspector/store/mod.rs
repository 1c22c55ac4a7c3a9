//! Deliveries that the inspector knows: a short entry in memory for each, and its bytes in memory or in a recording.

pub mod entry;
pub mod filter;
pub mod filter_fault;
pub mod kept;
pub mod line_place;
pub mod live;
pub mod names;
pub mod position;
pub mod query;
pub mod scan;
pub mod segments;
pub mod stats;
pub mod table;
