//! HTTP API of the inspector, and the stream of what arrives.

pub mod actions;
pub mod body_lines;
pub mod compare;
pub mod decoded_body;
pub mod deliveries;
pub mod guard;
pub mod list;
pub mod page;
pub mod router;
pub mod row;
pub mod statistics;
pub mod stream;
