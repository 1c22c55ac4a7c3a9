//! Differences between two deliveries, part by part. Knows no provider: the caller says which places are expected to
//! differ.

pub mod compare;
pub mod difference;
pub mod node;

mod layout;
pub mod lines;
mod trees;
