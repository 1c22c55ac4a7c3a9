//! Baseline for `benches/compare.py`: a hyper server without our code. It reads the body and responds 200; with a file,
//! it first appends the body and syncs it to disk, one request after another.
//! Not a benchmark by itself: `benches/compare.py` starts it as `bare serve [FILE]`. Prints its address.
//!
//! `bare sink` is the cheapest receiver there can be: it looks for the end of each request and nothing else. A sender's
//! cost is measured against it too, because a slower receiver hides part of it.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

type Kept = Option<Arc<Mutex<File>>>;

async fn answer(
    request: Request<Incoming>,
    kept: Kept,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await;
    if let (Some(file), Ok(body)) = (kept, body) {
        let mut line = body.to_bytes().to_vec();
        // As long as the line that `listen` records for it.
        line.resize(853, b' ');
        let written = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap();
            file.write_all(&line).and_then(|()| file.sync_data())
        });
        written.await.unwrap().unwrap();
    }
    Ok(Response::new(Full::new(Bytes::new())))
}

/// Length of the request at the start of `bytes`: its head, and the body of the length that the head tells.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().unwrap())
    });
    Some(head + length.unwrap_or(0))
}

async fn sink(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = Vec::with_capacity(64 << 10);
    while stream.read_buf(&mut buffer).await? > 0 {
        while let Some(length) = request_length(&buffer).filter(|length| *length <= buffer.len()) {
            buffer.drain(..length);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await?;
        }
    }
    Ok(())
}

/// Serves as `sink` on one thread.
fn serve_sink() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            tokio::task::spawn_local(sink(stream));
        }
    });
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("sink") {
        return serve_sink();
    }
    // `cargo bench` and `cargo test` start every target; this one only serves when it is asked to.
    if std::env::args().nth(1).as_deref() != Some("serve") {
        return;
    }
    let kept: Kept = std::env::args()
        .nth(2)
        .map(|path| Arc::new(Mutex::new(File::create(path).unwrap())));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            let kept = kept.clone();
            let answer = move |request| answer(request, kept.clone());
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), hyper::service::service_fn(answer)),
            );
        }
    });
}
