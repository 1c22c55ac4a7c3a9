//! One connection: TLS handshake, requests within their timeouts, and the report of a connection that failed.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::StatusCode;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::io::client::error::closed;
use crate::io::heads::Heads;
use crate::io::server::connection_timer::{ConnectionTimer, Due, Phase, Stream, Timeouts};
use crate::io::server::service::{ConnectionService, Service};
use crate::io::server::{Handler, Limits};
use crate::io::tls;
use crate::io::tls::{Host, Wire};

/// Largest head in bytes; hyper responds 431 to a larger one, and to more than 100 fields.
const LARGEST_HEAD: u32 = 64 << 10;
/// Most HTTP/2 requests in flight on one connection.
const STREAMS: u32 = 100;
/// HTTP/2 flow control window of each request, in bytes. The window of the connection is as large as all of them
/// together: a body that waits for memory must not hold up another.
const WINDOW: u32 = 32 << 10;
/// Time after which a connection without a request is closed at shutdown.
const SHUTDOWN_IDLE: Duration = Duration::from_secs(1);

/// Serves a connection until it ends or the server shuts down.
pub(super) async fn connection<H: Handler>(
    service: Arc<Service<H>>,
    tls: Option<Host>,
    tcp: TcpStream,
    remote: SocketAddr,
    permit: OwnedSemaphorePermit,
    mut closing: watch::Receiver<()>,
) {
    let limits = service.limits;
    let connection_timer = Arc::new(ConnectionTimer::new(permit));
    let (wire, is_http2) = match tls {
        None => (Wire::Plain(tcp), false),
        Some(host) => tokio::select! {
            _ = closing.changed() => return,
            met = timeout(limits.head_timeout, host.greet(tcp)) => match met {
                Ok(Ok(met)) => met,
                Ok(Err(error)) => return service.handler.unmet(remote, &tls::words(&error)),
                Err(_) => return service.handler.unmet(remote, "it took too long"),
            },
        },
    };
    let heads = (!is_http2).then(|| Arc::new(Heads::default()));
    let stream = TokioIo::new(Stream::new(
        wire,
        Arc::clone(&connection_timer),
        heads.clone(),
    ));
    let handler = Arc::clone(&service.handler);
    let connection_service = Arc::new(ConnectionService::new(
        service,
        remote,
        Arc::clone(&connection_timer),
        heads.clone(),
    ));
    let timing = Timing {
        limits,
        connection_timer,
        closing,
    };
    if is_http2 {
        // Boxed, because it is large and would enlarge the future of every HTTP/1 connection.
        let ended = Box::pin(serve_http2(stream, connection_service, timing)).await;
        if let Ended::Failed(error) = ended {
            // A client that disconnects is not reported.
            let source = std::error::Error::source(&error).map(ToString::to_string);
            if let Some(why) = source.filter(|_| !closed(&error)) {
                handler.unmet(remote, &format!("HTTP/2: {why}"));
            }
        }
        return;
    }
    let ended = serve_http1(stream, connection_service, timing).await;
    report_end(&*handler, remote, &ended, heads.as_deref());
}

/// Tells the handler why an HTTP/1 connection did not end well.
fn report_end<H: Handler>(handler: &H, remote: SocketAddr, ended: &Ended, heads: Option<&Heads>) {
    match ended {
        Ended::Well => {}
        Ended::Late => handler.unmet(remote, "a request's head took too long"),
        Ended::Failed(error) => {
            let begun = heads.map_or_else(Vec::new, Heads::begun);
            match rejected(error, &begun) {
                Some((Some(status), why)) => handler.refused(remote, status, &why),
                Some((None, why)) => handler.unmet(remote, &why),
                None => {}
            }
        }
    }
}

/// Timeouts of a connection, and the signal to close it.
struct Timing {
    limits: Limits,
    connection_timer: Arc<ConnectionTimer>,
    closing: watch::Receiver<()>,
}

async fn serve_http1<H: Handler>(
    stream: TokioIo<Stream>,
    service: Arc<ConnectionService<H>>,
    timing: Timing,
) -> Ended {
    let requests = http1::Builder::new()
        .half_close(true)
        .max_header_size(LARGEST_HEAD as usize)
        .header_read_timeout(None)
        .serve_connection(
            stream,
            service_fn(move |request| Arc::clone(&service).answer(request)),
        );
    attend(requests, timing).await
}

async fn serve_http2<H: Handler>(
    stream: TokioIo<Stream>,
    service: Arc<ConnectionService<H>>,
    timing: Timing,
) -> Ended {
    let requests = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(LARGEST_HEAD)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(STREAMS * WINDOW)
        .serve_connection(
            stream,
            service_fn(move |request| Arc::clone(&service).answer_one_of_many(request)),
        );
    attend(requests, timing).await
}

/// Response of hyper to a request that it could not parse, and the reason; no status if it sent none.
fn rejected(error: &hyper::Error, begun: &[u8]) -> Option<(Option<StatusCode>, String)> {
    if !error.is_parse() {
        return None;
    }
    if begun.starts_with(b"PRI * HTTP/2") {
        let why = "HTTP/2 without TLS is not spoken; `--tls` speaks it";
        return Some((None, why.into()));
    }
    let bad = |why: &str| Some((Some(StatusCode::BAD_REQUEST), why.into()));
    if begun.starts_with(&[0x16, 3]) {
        return bad("that is TLS, which is spoken with `--tls`");
    }
    let words = error.to_string();
    let says = |part: &str| words.to_ascii_lowercase().contains(part);
    match () {
        () if error.is_parse_too_large() => {
            let why = format!(
                "its head is larger than {} KiB, or has more than 100 fields",
                LARGEST_HEAD >> 10
            );
            Some((Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE), why))
        }
        () if says("uri too long") => {
            let why = "the path is too long";
            Some((Some(StatusCode::URI_TOO_LONG), why.into()))
        }
        () if says("content-length") => bad("its Content-Length is no length, or there are two"),
        () if says("transfer-encoding") => bad("its Transfer-Encoding is not understood"),
        () if says("method") => bad("its request line is not HTTP"),
        () if says("version") => bad("its version of HTTP is not spoken"),
        () if says("uri") => bad("its path has characters that no path has"),
        () if says("header") => bad("a header field of it has characters that no field has"),
        () => bad("it is not HTTP/1.1"),
    }
}

/// End of a connection.
enum Ended {
    /// Closed by either side, or timed out between two requests.
    Well,
    /// The head of a request timed out.
    Late,
    /// Failed with this error.
    Failed(hyper::Error),
}

/// Serves the requests of a connection within its timeouts.
async fn attend(requests: impl GracefulConnection<Error = hyper::Error>, timing: Timing) -> Ended {
    let Timing {
        limits,
        connection_timer,
        mut closing,
    } = timing;
    let ended = |result: hyper::Result<()>| result.map_or_else(Ended::Failed, |()| Ended::Well);
    let mut timeouts = Timeouts {
        head: limits.head_timeout,
        body: limits.body_timeout,
        idle: limits.idle,
    };
    let mut requests = pin!(requests);
    let told = closing.clone();
    let mut closing = pin!(closing.changed());
    let mut is_closing = false;
    let mut timer = pin!(sleep(timeouts.least()));
    // Signal and timer wake this task once they were polled; a task that goes on for another reason only looks at them,
    // which costs far less.
    let (mut awaits_closing, mut awaits_timer) = (false, false);
    poll_fn(|cx| {
        if !is_closing && (!awaits_closing || told.has_changed().unwrap_or(true)) {
            awaits_closing = true;
            if closing.as_mut().poll(cx).is_ready() {
                is_closing = true;
                requests.as_mut().graceful_shutdown();
                // HTTP/2 sends GOAWAY and waits for the client, which may never respond.
                timeouts.idle = timeouts.idle.min(SHUTDOWN_IDLE);
                timer.as_mut().reset(Instant::now());
                awaits_timer = false;
            }
        }
        if let Poll::Ready(result) = requests.as_mut().poll(cx) {
            return Poll::Ready(ended(result));
        }
        if awaits_timer && !timer.is_elapsed() {
            return Poll::Pending;
        }
        awaits_timer = true;
        while timer.as_mut().poll(cx).is_ready() {
            match connection_timer.due(&timeouts) {
                Due::Later(when) => timer.as_mut().reset(when),
                Due::Close if connection_timer.phase() == Phase::Head => {
                    return Poll::Ready(Ended::Late);
                }
                Due::Close => return Poll::Ready(Ended::Well),
                Due::Late => {
                    timer.as_mut().reset(Instant::now() + timeouts.idle);
                    if let Poll::Ready(result) = requests.as_mut().poll(cx) {
                        return Poll::Ready(ended(result));
                    }
                }
            }
        }
        Poll::Pending
    })
    .await
}
