//! HTTP server: HTTP/1.1, or HTTP/2 over TLS. Each request becomes an [`Arrival`] for the handler, which returns an
//! [`Answer`].
//!
//! This module sets the limits that hyper does not: time for a head and a body, bytes of one body and of all bodies
//! together, connections. A client that disconnects does not stop the handling of its request.

mod connection;
pub mod connection_timer;
mod handler;
mod listener;
pub mod memory;
pub mod response_fields;
pub mod service;

pub use handler::{Answer, Arrival, Handler, Limits};
pub use listener::{bind, serve};
