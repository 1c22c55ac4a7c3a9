//! Interface of the server: the request that a handler gets, the response that it returns, and the limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;

use crate::webhook::{Delivery, Headers};

/// Limits for one client and for all clients together.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `--max-body`: largest body in bytes; a larger one gets 413.
    pub max_body: usize,
    /// Time for a request head, from connecting or from its first byte.
    pub head_timeout: Duration,
    /// Longest time between two requests of a connection.
    pub idle: Duration,
    /// Time for a body, from the first byte of the request to the last of the body.
    pub body_timeout: Duration,
    /// Most connections at once; accepting waits for one to close.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            head_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body_timeout: Duration::from_secs(60),
            connections: 1024,
        }
    }
}

/// Request received completely.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The request itself.
    pub delivery: Delivery,
    /// Address of the client.
    pub remote: SocketAddr,
    /// Time at which it was received completely.
    pub at: Timestamp,
}

/// Response of a handler.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// Header fields; hop-by-hop fields are left out.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// True to close the connection without a response.
    pub hang_up: bool,
}

impl Answer {
    /// Response with this status, without fields and body.
    pub fn of(status: StatusCode) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Bytes::new(),
            hang_up: false,
        }
    }
}

/// Handles requests accepted by [`serve`].
pub trait Handler: Send + Sync + 'static {
    /// Handles one request. Runs to its end even if the client disconnects.
    fn take(self: Arc<Self>, arrival: Arrival) -> impl Future<Output = Answer> + Send;

    /// Called when the head of a request was received.
    fn begun(&self) {}

    /// Called when a request is over, with or without a response.
    fn ended(&self) {}

    /// Called for a request rejected before it was received completely.
    fn refused(&self, remote: SocketAddr, status: StatusCode, why: &str) {
        let _ = (remote, status, why);
    }

    /// Called for a connection that failed before a request: a failed TLS handshake, or a protocol not supported.
    fn unmet(&self, remote: SocketAddr, why: &str) {
        let _ = (remote, why);
    }
}
