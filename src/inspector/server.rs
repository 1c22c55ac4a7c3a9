//! Server of the inspector: accepts connections, bounds them, and ends with the program.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::inspector::Inspector;
use crate::inspector::api::router::router;
use crate::inspector::http::problem::Problem;

/// Most connections at once.
const CONNECTIONS: usize = 256;

/// Time for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Bytes that a head may have before it is rejected by the parser; the guard is stricter, and says so.
const PARSED: usize = 64 << 10;

/// Time for responses that are being written when the server ends.
const DRAIN: Duration = Duration::from_secs(1);

/// Address of the inspector, if none is given.
pub const DEFAULT: &str = "127.0.0.1:7879";

/// Ports that are tried after one that is taken.
const TRIED: u16 = 20;

/// Binds the address, or the next port that is free.
pub async fn bind(address: &str) -> std::io::Result<TcpListener> {
    let first = TcpListener::bind(address).await;
    let Err(error) = first else {
        return first;
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(error);
    };
    let is_taken = error.kind() == std::io::ErrorKind::AddrInUse;
    let port: u16 = match port.parse() {
        Ok(port) if is_taken => port,
        _ => return Err(error),
    };
    for next in port.saturating_add(1)..=port.saturating_add(TRIED) {
        if let Ok(listener) = TcpListener::bind(format!("{host}:{next}")).await {
            return Ok(listener);
        }
    }
    Err(error)
}

/// Authorities that this server has: its own address, and the usual names of this machine if they mean it.
pub fn hosts(address: SocketAddr, others: &[String]) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![address.to_string()];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
    }
    hosts.extend(others.iter().map(|name| format!("{name}:{port}")));
    hosts
}

/// Serves until the inspector is closing.
pub async fn serve(listener: TcpListener, inspector: Arc<Inspector>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let service = TowerToHyperService::new(router(&inspector));
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, for example: it may get better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            () = inspector.closing() => break,
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (service, inspector) = (service.clone(), Arc::clone(&inspector));
        connections.spawn(async move {
            let _permit = permit;
            let mut connection = std::pin::pin!(
                http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .max_buf_size(PARSED)
                    .serve_connection(TokioIo::new(stream), service)
            );
            tokio::select! {
                _ = connection.as_mut() => {}
                () = inspector.closing() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = tokio::time::timeout(DRAIN, connection).await;
                }
            }
        });
    }
    while connections.join_next().await.is_some() {}
}

/// Says that there are too many connections.
async fn turn_away(mut stream: TcpStream) {
    let status = http::StatusCode::SERVICE_UNAVAILABLE;
    let body = Problem::new(
        status,
        "too_many_connections",
        "there are too many connections",
    )
    .body();
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = tokio::time::timeout(DRAIN, stream.write_all(response.as_bytes())).await;
}
