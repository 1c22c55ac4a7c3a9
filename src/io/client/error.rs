//! Why there was no answer, in words.

use std::io;

use crate::io::tls;
use crate::webhook::{Cause, Reason};

/// Why there was no whole answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The request did not leave.
    Unsent,
    /// It may have left, and the connection closed without a byte of an answer.
    Unanswered,
    /// Another reason.
    Otherwise(Reason),
}

/// Whether the other side went away, which it may do at any time.
pub(crate) fn closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
        || io_error(error).is_some_and(gone)
}

/// The same of the connection itself.
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

/// What went wrong, in words.
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

/// The other side went away.
pub(crate) const CLOSED: &str = "the connection closed before a response";

/// Why TLS did not come about.
pub(crate) fn no_tls(error: &io::Error) -> Reason {
    match tls::reason(error) {
        Some(why) if why == tls::HTTP_2_ALONE => Reason::new(Cause::Protocol, why),
        Some(why) if tls::is_certificate(error) => Reason::new(Cause::Certificate, why),
        Some(why) => Reason::new(Cause::Tls, why),
        None => Reason::new(Cause::Tls, format!("TLS: {}", tls::words(error))),
    }
}

/// Why there is no connection.
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
