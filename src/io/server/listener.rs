//! Listening socket: binds it, accepts connections as far as the limit allows, and drains them at shutdown.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::error::{Error, Result};
use crate::io::server::connection::connection;
use crate::io::server::memory::MemoryBudget;
use crate::io::server::service::Service;
use crate::io::server::{Handler, Limits};
use crate::io::tls::Host;

/// Time for requests in flight to end at shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// Binds an address such as `127.0.0.1:7878`; a port in use is an error before the listener is announced. `any` is the
/// flag that takes any free port.
pub fn bind(addr: &str, any: &str) -> Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, InvalidInput, PermissionDenied};
        let cannot = |why: &str| Error::usage(format!("cannot listen on {addr}: {why}"));
        match error.kind() {
            AddrInUse => {
                cannot("address already in use").hint(format!("`{any}` takes any free port"))
            }
            PermissionDenied => {
                cannot("permission denied").hint("ports below 1024 are for administrators")
            }
            AddrNotAvailable => cannot("this machine has no such address"),
            InvalidInput => cannot("that is no address and port"),
            _ => cannot(&error.to_string()),
        }
    })
}

/// Serves requests until `shutdown` is ready, then waits up to ten seconds for those in flight. Large bodies wait until
/// there is `memory` for them.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    limits: Limits,
    memory: MemoryBudget,
    tls: Option<Host>,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
) {
    let service = Arc::new(Service::new(limits, memory, handler));
    let permits = Arc::new(Semaphore::new(limits.connections));
    let (closing, _) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, remote, permit) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = next(&listener, &permits) => accepted,
        };
        tokio::spawn(connection(
            Arc::clone(&service),
            tls.clone(),
            stream,
            remote,
            permit,
            closing.subscribe(),
        ));
    }
    drop(listener);
    // Fails if there are no connections.
    let _ = closing.send(());
    let everyone = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(DRAIN, permits.acquire_many(everyone)).await;
}

/// Accepts the next connection once the connection limit allows it.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
            std::future::pending().await
        };
        match listener.accept().await {
            Ok((stream, remote)) => {
                // An error of a closed connection is reported when it is read.
                let _ = stream.set_nodelay(true);
                return (stream, remote, permit);
            }
            // Out of file descriptors or memory: a pause, because retrying at once would spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Handler, Host, Limits, MemoryBudget, bind, serve};
    use crate::io::server::memory::BODIES;
    use crate::io::server::{Answer, Arrival};
    use crate::webhook::Headers;
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, StatusCode};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::{Semaphore, mpsc, oneshot};
    use tokio::task::JoinHandle;
    use tokio_rustls::client::TlsStream;

    /// Handler that passes requests on and responds 200 with the length of the body, once it has a permit.
    struct Desk {
        taken: mpsc::UnboundedSender<Arrival>,
        refused: mpsc::UnboundedSender<StatusCode>,
        let_go: Semaphore,
        answer: fn(&Arrival) -> Answer,
    }

    impl Handler for Desk {
        async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
            let answer = (self.answer)(&arrival);
            let _ = self.taken.send(arrival);
            let _permit = self.let_go.acquire().await.unwrap();
            answer
        }

        fn refused(&self, _: SocketAddr, status: StatusCode, _: &str) {
            let _ = self.refused.send(status);
        }
    }

    struct TestServer {
        addr: SocketAddr,
        desk: Arc<Desk>,
        taken: mpsc::UnboundedReceiver<Arrival>,
        refused: mpsc::UnboundedReceiver<StatusCode>,
        close: oneshot::Sender<()>,
        serving: JoinHandle<()>,
    }

    fn length(arrival: &Arrival) -> Answer {
        Answer {
            body: arrival.delivery.body.len().to_string().into(),
            ..Answer::of(StatusCode::OK)
        }
    }

    impl TestServer {
        fn open(limits: Limits, permits: usize, answer: fn(&Arrival) -> Answer) -> TestServer {
            let memory = MemoryBudget::new(BODIES);
            Self::open_with(limits, memory, None, permits, answer)
        }

        fn open_with(
            limits: Limits,
            memory: MemoryBudget,
            tls: Option<Host>,
            permits: usize,
            answer: fn(&Arrival) -> Answer,
        ) -> TestServer {
            let listener =
                tokio::net::TcpListener::from_std(bind("127.0.0.1:0", "--port 0").unwrap())
                    .unwrap();
            let addr = listener.local_addr().unwrap();
            let (taken_in, taken) = mpsc::unbounded_channel();
            let (refused_in, refused) = mpsc::unbounded_channel();
            let desk = Arc::new(Desk {
                taken: taken_in,
                refused: refused_in,
                let_go: Semaphore::new(permits),
                answer,
            });
            let (close, closed) = oneshot::channel::<()>();
            let handler = Arc::clone(&desk);
            let serving = tokio::spawn(serve(listener, limits, memory, tls, handler, async {
                let _ = closed.await;
            }));
            TestServer {
                addr,
                desk,
                taken,
                refused,
                close,
                serving,
            }
        }

        fn usual() -> TestServer {
            Self::open(Limits::default(), 1, length)
        }

        async fn call(&self) -> TcpStream {
            TcpStream::connect(self.addr).await.unwrap()
        }

        /// Sends these bytes on a new connection and returns all that is received until it closes.
        async fn say(&self, bytes: &[u8]) -> String {
            let mut stream = self.call().await;
            stream.write_all(bytes).await.unwrap();
            all(&mut stream).await
        }
    }

    async fn all(stream: &mut TcpStream) -> String {
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .expect("the server should close")
            .unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Reads one response with a `Content-Length`.
    async fn one(stream: &mut TcpStream) -> String {
        let mut answer = String::new();
        loop {
            let mut byte = [0];
            tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut byte))
                .await
                .unwrap()
                .unwrap();
            answer.push(char::from(byte[0]));
            if let Some(head) = answer.strip_suffix("\r\n\r\n") {
                let length = head.to_ascii_lowercase();
                let length = length
                    .split("content-length: ")
                    .nth(1)
                    .unwrap()
                    .lines()
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.unwrap();
                return answer + &String::from_utf8(body).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_was_sent() {
        let mut server = TestServer::usual();
        let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let mut request = b"PUT /a/../b?x=%00&y=[]&z HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: \xff\xfe\r\nx-a: 2\r\n\
            Connection: close\r\nContent-Length: 100000\r\n\r\n"
            .to_vec();
        request.extend(&body);
        let answer = server.say(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n100000"),
            "{answer}"
        );
        let delivery = server.taken.recv().await.unwrap().delivery;
        assert_eq!(delivery.method, "PUT");
        assert_eq!(delivery.path, "/a/../b?x=%00&y=[]&z");
        assert_eq!(delivery.body, body);
        assert_eq!(delivery.headers.all("x-a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(delivery.headers.get("x-b").unwrap().as_bytes(), b"\xff\xfe");

        let mut request = b"POST http://elsewhere/p?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
            Transfer-Encoding: chunked\r\n\r\n"
            .to_vec();
        for piece in body.chunks(777) {
            request.extend(format!("{:x}\r\n", piece.len()).bytes());
            request.extend(piece);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        assert!(server.say(&request).await.starts_with("HTTP/1.1 200"));
        let delivery = server.taken.recv().await.unwrap().delivery;
        assert_eq!(delivery.path, "/p?q");
        assert_eq!(delivery.body, body);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_unread() {
        let mut server = TestServer::open(
            Limits {
                max_body: 1000,
                ..Limits::default()
            },
            1,
            length,
        );
        let post = "POST / HTTP/1.1\r\nHost: h\r\n";
        let exactly = format!(
            "{post}Connection: close\r\nContent-Length: 1000\r\n\r\n{}",
            "x".repeat(1000)
        );
        assert!(
            server
                .say(exactly.as_bytes())
                .await
                .starts_with("HTTP/1.1 200")
        );
        for request in [
            format!("{post}Content-Length: 1001\r\n\r\n"),
            format!("{post}Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n"),
            format!(
                "{post}Content-Length: 5000000\r\n\r\n{}",
                "x".repeat(5_000_000)
            ),
            format!(
                "{post}Transfer-Encoding: chunked\r\n\r\n3e8\r\n{}\r\n1\r\nx\r\n",
                "x".repeat(1000)
            ),
        ] {
            let answer = server.say(request.as_bytes()).await;
            assert!(
                answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"),
                "{answer}"
            );
            assert_eq!(
                server.refused.recv().await,
                Some(StatusCode::PAYLOAD_TOO_LARGE)
            );
        }
        server.taken.recv().await.unwrap();
        assert!(server.taken.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_no_webhook_has_is_refused() {
        let mut server = TestServer::usual();
        let path = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(17_000));
        let head = format!(
            "GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n",
            "x".repeat(70_000)
        );
        let fields = format!(
            "GET / HTTP/1.1\r\nHost: h\r\n{}\r\n",
            "x: y\r\n".repeat(101)
        );
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"),
            ("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "405"),
            ("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "405"),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "501",
            ),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                "501",
            ),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "400",
            ),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\nx",
                "400",
            ),
            ("nonsense\r\n\r\n", "400"),
            (&path, "414"),
            (&head, "431"),
            (&fields, "431"),
        ] {
            let answer = server.say(request.as_bytes()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer} for {request:.60}"
            );
        }
        assert!(server.taken.try_recv().is_err());
        // HTTP/1.0 has no Host field.
        assert!(
            server
                .say(b"GET / HTTP/1.0\r\n\r\n")
                .await
                .starts_with("HTTP/1.0 200")
        );
    }

    #[tokio::test]
    async fn a_connection_carries_many_requests_and_the_answers_fields() {
        fn answer(_: &Arrival) -> Answer {
            let name = HeaderName::from_static("x-twice");
            let fields = ["a", "b"].map(|value| (name.clone(), HeaderValue::from_static(value)));
            let length = (
                HeaderName::from_static("content-length"),
                HeaderValue::from_static("999"),
            );
            let headers: Headers = fields.into_iter().chain([length]).collect();
            Answer {
                status: StatusCode::ACCEPTED,
                headers,
                body: Bytes::from("yes"),
                hang_up: false,
            }
        }
        let mut server = TestServer::open(Limits::default(), 1, answer);
        let mut stream = server.call().await;
        for _ in 0..3 {
            stream
                .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                .await
                .unwrap();
            let answer = one(&mut stream).await;
            assert!(
                answer.starts_with("HTTP/1.1 202") && answer.ends_with("\r\n\r\nyes"),
                "{answer}"
            );
            assert!(answer.contains("x-twice: a\r\nx-twice: b\r\n"), "{answer}");
        }
        let remotes = [server.taken.recv().await, server.taken.recv().await]
            .map(|arrival| arrival.unwrap().remote);
        assert_eq!(remotes, [stream.local_addr().unwrap(); 2]);
        // A half-closed connection still gets its response.
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        assert!(all(&mut stream).await.ends_with("yes"));
    }

    #[tokio::test]
    async fn hanging_up_says_nothing() {
        let server = TestServer::open(Limits::default(), 1, |_| Answer {
            hang_up: true,
            ..Answer::of(StatusCode::OK)
        });
        assert_eq!(server.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await, "");
    }

    #[tokio::test]
    async fn whoever_is_too_slow_is_closed() {
        let tiny = Duration::from_millis(50);
        let limits = Limits {
            head_timeout: tiny,
            idle: tiny,
            body_timeout: tiny,
            ..Limits::default()
        };
        let mut server = TestServer::open(limits, 1, length);
        for (start, answer) in [
            ("", ""),
            ("POST / HT", ""),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
                "HTTP/1.1 408",
            ),
        ] {
            let said = server.say(start.as_bytes()).await;
            assert!(
                said.starts_with(answer) && said.is_empty() == answer.is_empty(),
                "{said} for {start}"
            );
        }
        assert!(server.taken.try_recv().is_err());
        // Idle between two requests.
        let said = server.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded_and_all_are_read() {
        let memory = MemoryBudget::new(64 << 10);
        let mut server = TestServer::open_with(Limits::default(), memory, None, 0, length);
        let mut streams = Vec::new();
        for request in [
            "Content-Length: 40000\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n9c40\r\n",
        ] {
            let mut stream = server.call().await;
            let request = format!(
                "POST / HTTP/1.1\r\nHost: h\r\n{request}{}",
                "x".repeat(40_000)
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let _ = stream.write_all(b"\r\n0\r\n\r\n").await;
            streams.push(stream);
        }
        // Small bodies do not wait; even while many come and go, the second large one is not read.
        for number in 0..50 {
            let mut small = server.call().await;
            small
                .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                .await
                .unwrap();
            let taken = server.taken.recv().await.unwrap().delivery.body.len();
            assert_eq!(taken > 2, number == 0, "{taken} bytes as number {number}");
        }
        server.desk.let_go.add_permits(1);
        for stream in &mut streams {
            assert!(one(stream).await.ends_with("40000"));
        }
    }

    #[tokio::test]
    async fn what_has_begun_is_answered_at_shutdown() {
        let mut server = TestServer::open(Limits::default(), 0, length);
        let mut idle = server.call().await;
        let mut busy = server.call().await;
        busy.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        server.taken.recv().await.unwrap();
        server.close.send(()).unwrap();
        assert_eq!(all(&mut idle).await, "");
        server.desk.let_go.add_permits(1);
        assert!(all(&mut busy).await.starts_with("HTTP/1.1 200"));
        server.serving.await.unwrap();
        assert!(TcpStream::connect(server.addr).await.is_err());
    }

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    /// HEADERS frame of a `POST /` to host `h`; the body follows.
    const POST: &[u8] = b"\0\0\x06\x01\x04\0\0\0\x01\x83\x84\x87\x01\x01h";

    /// Opens an HTTP/2 connection over TLS to a server whose handler has one permit.
    async fn over_tls(limits: Limits) -> (TestServer, TlsStream<TcpStream>) {
        let (host, certificate) = throwaway();
        let server =
            TestServer::open_with(limits, MemoryBudget::new(BODIES), Some(host), 1, length);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = "localhost".try_into().unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, server.call().await).await.unwrap();
        (server, stream)
    }

    fn throwaway() -> (Host, CertificateDer<'static>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["localhost".to_owned()];
        let signed = rcgen::CertificateParams::new(names)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let host = Host::new(vec![signed.der().clone()], secret).unwrap();
        (host, signed.der().clone())
    }

    fn tiny(of: fn(&mut Limits) -> &mut Duration) -> Limits {
        let mut limits = Limits::default();
        *of(&mut limits) = Duration::from_millis(50);
        limits
    }

    /// Reads until the connection closes.
    async fn last(stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
        let mut heard = Vec::new();
        let read = stream.read_to_end(&mut heard);
        // A close without a TLS close_notify counts too.
        let _ = tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .expect("the server should close");
        heard
    }

    #[tokio::test]
    async fn whoever_is_too_slow_in_tls_or_http2_is_closed() {
        let (server, mut stream) = over_tls(tiny(|limits| &mut limits.head_timeout)).await;
        // No TLS handshake at all, and then nothing after the preface.
        assert_eq!(all(&mut server.call().await).await, "");
        stream.write_all(PREFACE).await.unwrap();
        last(&mut stream).await;

        let (mut server, mut stream) = over_tls(tiny(|limits| &mut limits.body_timeout)).await;
        stream.write_all(&[PREFACE, POST].concat()).await.unwrap();
        assert_eq!(
            server.refused.recv().await,
            Some(StatusCode::REQUEST_TIMEOUT)
        );
        assert!(server.taken.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_quiet_connection_of_http2_is_closed_and_a_busy_one_is_not() {
        let limits = tiny(|limits| &mut limits.idle);
        let (mut server, mut stream) = over_tls(limits).await;
        let body = b"\0\0\x02\0\x01\0\0\0\x01hi";
        let of_second =
            |frame: &[u8]| [frame.get(..8).unwrap(), &[3], frame.get(9..).unwrap()].concat();
        let start = [PREFACE, POST, body, &of_second(POST)].concat();
        stream.write_all(&start).await.unwrap();
        assert_eq!(server.taken.recv().await.unwrap().delivery.body, "hi");
        // The body of the second request has its own timeout.
        let waits = tokio::time::timeout(3 * limits.idle, server.taken.recv());
        assert!(waits.await.is_err());
        stream.write_all(&of_second(body)).await.unwrap();
        let second = tokio::time::timeout(Duration::from_secs(20), server.taken.recv());
        assert_eq!(second.await.unwrap().unwrap().delivery.body, "hi");
        last(&mut stream).await;
    }

    #[tokio::test]
    async fn a_quiet_client_of_http2_does_not_keep_the_server_from_ending() {
        let (mut server, mut stream) = over_tls(Limits::default()).await;
        let whole = [PREFACE, POST, b"\0\0\x02\0\x01\0\0\0\x01hi"].concat();
        stream.write_all(&whole).await.unwrap();
        server.taken.recv().await.unwrap();
        server.close.send(()).unwrap();
        let ended = tokio::time::timeout(super::DRAIN / 2, server.serving);
        ended
            .await
            .expect("it should not wait for the client")
            .unwrap();
        drop(stream);
    }

    #[test]
    fn a_port_that_is_taken_is_said() {
        let taken = bind("127.0.0.1:0", "--port 0").unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let error = bind(&addr, "--port 0").unwrap_err();
        assert_eq!(
            error.what(),
            format!("cannot listen on {addr}: address already in use")
        );
        assert_eq!((error.exit() as u8, error.hints().len()), (2, 1));
        assert!(bind("nonsense", "--port 0").is_err());
    }
}
