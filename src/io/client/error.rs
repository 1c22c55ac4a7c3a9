//! Reasons for a missing response, as short English text.

use std::io;

use crate::io::tls;
use crate::webhook::{Cause, Reason};

/// Failure of an exchange before its response was complete.
#[derive(Debug)]
pub(crate) enum Broken {
    /// No byte of the request was sent.
    Unsent,
    /// The request may have been sent, and the connection closed before the first byte of a response.
    Unanswered,
    /// Any other reason.
    Otherwise(Reason),
}

/// True if the peer closed the connection, as hyper reports it; a peer may do so at any time.
pub(crate) fn closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
        || io_error(error).is_some_and(gone)
}

/// True if an I/O error means that the peer closed the connection.
pub(crate) fn gone(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof,
    };
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof
    )
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        source = error.source();
    }
    None
}

/// Error message for a failure reported by hyper.
pub(crate) fn words(error: &hyper::Error) -> String {
    if error.is_parse_too_large() {
        "the response's head is too large".into()
    } else if error.is_parse() {
        "the response is not HTTP/1.1".into()
    } else if closed(error) {
        CLOSED.into()
    } else {
        io_error(error).map_or_else(|| error.to_string(), io_words)
    }
}

/// Error message for a connection that the peer closed before it sent a response.
pub(crate) const CLOSED: &str = "the connection closed before a response";

/// Reason for a failed TLS handshake.
pub(crate) fn no_tls(error: &io::Error) -> Reason {
    match tls::reason(error) {
        Some(why) if why == tls::HTTP_2_ALONE => Reason::new(Cause::Protocol, why),
        Some(why) if tls::is_certificate(error) => Reason::new(Cause::Certificate, why),
        Some(why) => Reason::new(Cause::Tls, why),
        None => Reason::new(Cause::Tls, format!("TLS: {}", tls::words(error))),
    }
}

/// Reason for a failed TCP connection.
pub(crate) fn no_connection(error: &io::Error) -> Reason {
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::TimedOut => Cause::Slow,
        _ => Cause::Connect,
    };
    Reason::new(cause, io_words(error))
}

pub(crate) fn io_words(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    if let Some(reason) = tls::reason(error) {
        return reason;
    }
    match error.kind() {
        Kind::ConnectionRefused => "connection refused".into(),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            "the connection was reset".into()
        }
        Kind::UnexpectedEof => CLOSED.into(),
        Kind::HostUnreachable => "the host cannot be reached".into(),
        Kind::NetworkUnreachable => "the network cannot be reached".into(),
        Kind::TimedOut => "no connection in time".into(),
        _ => error.to_string(),
    }
}
