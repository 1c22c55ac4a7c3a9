//! HTTP API of the inspector, and the stream of what arrives.

pub mod actions;
pub mod body_lines;
pub mod compare;
pub mod deliveries;
pub mod guard;
pub mod list;
pub mod orders;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod router;
pub mod row;
pub mod statistics;
pub mod stream;
pub mod strict_json;
