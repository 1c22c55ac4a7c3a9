//! Deliveries that the inspector knows: a short entry in memory for each, and its bytes in memory or in a recording.

pub mod entry;
pub mod inbox;
pub mod kept;
pub mod kind_set;
pub mod line_place;
pub mod live;
pub mod names;
pub mod packed;
pub mod position;
pub mod rows;
pub mod segments;
pub mod stats;
pub mod table;
