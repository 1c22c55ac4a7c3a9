//! HTTP client: sends one delivery to one target and reports the outcome.
//!
//! A [`TargetConnection`] is one keep-alive connection, polled only during an exchange. Redirects are never followed,
//! and nothing of a response is interpreted but its framing.

pub mod connection;
pub mod error;
mod exchange;
pub mod fast_http1;
mod http_client;
pub mod hyper_exchange;
mod replayed_prefix;
mod request;
pub mod retry_after;
pub mod slow_body;
mod timer;

pub(crate) use exchange::KEPT;
pub use exchange::{Exchange, HttpResponse, Keep};
pub use http_client::{Client, Pool, Settings, TargetConnection};
pub(crate) use request::Call;
