//! Client for deliveries: keep-alive connections to one target, for one worker or pooled.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use http::{HeaderValue, Request};
use tokio::net::TcpStream;

use crate::io::client::connection::Connection;
use crate::io::client::error::{Broken, CLOSED, no_connection, no_tls};
use crate::io::client::slow_body;
use crate::io::client::timer::Timer;
use crate::io::client::{Call, Exchange, HttpResponse, Keep};
use crate::io::tls;
use crate::io::tls::{Tls, Wire};
use crate::webhook::{Cause, Delivery, Outcome, Reason, Target};

/// Timeouts and TLS trust of a [`Client`].
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `--timeout`: limit for a whole attempt, from the DNS lookup to the last byte of the response.
    pub timeout: Duration,
    /// Limit for DNS lookup, TCP connect and TLS handshake together.
    pub connect_timeout: Duration,
    /// `--insecure`: accept any certificate.
    pub insecure: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            insecure: false,
        }
    }
}

/// Most idle connections that a [`Pool`] keeps.
const IDLE: usize = 64;

/// Opens connections to targets.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    /// Additional `Via` field of every request, by which a listener recognizes deliveries that it forwarded itself.
    via: Option<HeaderValue>,
    /// TLS configuration, loaded for the first https target: reading the system's certificates takes time.
    tls: Arc<OnceLock<Result<Tls, String>>>,
}

impl Client {
    /// Creates a client with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            via: None,
            tls: Arc::default(),
        }
    }

    /// Adds a `Via` field to every request, after the fields of the delivery.
    #[must_use]
    pub fn passing_on(self, via: HeaderValue) -> Self {
        Self {
            via: Some(via),
            ..self
        }
    }

    /// Connection to a target for one worker; it is opened by the first request.
    pub fn line(&self, target: &Target) -> TargetConnection {
        TargetConnection {
            client: self.clone(),
            target: target.clone(),
            host: target.host_field(),
            open: None,
            alarm: None,
        }
    }

    /// Pool of connections to a target, as many as there are requests in flight.
    pub fn pool(&self, target: &Target) -> Pool {
        Pool {
            client: self.clone(),
            target: target.clone(),
            idle: Mutex::default(),
        }
    }

    /// Sends a delivery over a new connection, its body in pieces spread over the time `over`.
    pub async fn trickle(
        &self,
        target: &Target,
        path: &PathAndQuery,
        delivery: &Delivery,
        over: Duration,
    ) -> (Outcome, Duration) {
        let start = Instant::now();
        let limit = self.settings.timeout.saturating_add(over);
        let sending = async {
            let wire = self.wire(target).await?;
            let line = self.line(target);
            let call = line.call(path, delivery);
            let mut written = Vec::new();
            call.write_head(&mut written);
            let (head, _) = call.to_request().into_parts();
            let head = Request::from_parts(head, ());
            slow_body::send(wire, written, head, delivery.body.clone(), over)
                .await
                .map_err(|why| Outcome::Unreachable(why.into()))
        };
        let outcome = match tokio::time::timeout(limit, sending).await {
            Ok(answer) => answer.map_or_else(|outcome| outcome, Outcome::from),
            Err(_) => Outcome::TimedOut(limit),
        };
        (outcome, start.elapsed())
    }

    async fn wire(&self, target: &Target) -> Result<Wire, Outcome> {
        let limit = self.settings.connect_timeout;
        let wire = tokio::time::timeout(limit, self.dial(target)).await;
        wire.unwrap_or_else(|_| {
            let why = format!("no connection within {} s", limit.as_secs_f64());
            Err(Outcome::Unreachable(Reason::new(Cause::Slow, why)))
        })
    }

    /// Opens a TCP connection, with TLS for an https target.
    pub(crate) async fn dial(&self, target: &Target) -> Result<Wire, Outcome> {
        let mut failure: Option<io::Error> = None;
        for address in addresses(&target.host, target.port).await? {
            match TcpStream::connect(address).await {
                Ok(tcp) => {
                    // Failing to set TCP_NODELAY costs speed only.
                    let _ = tcp.set_nodelay(true);
                    if !target.tls {
                        return Ok(Wire::Plain(tcp));
                    }
                    let tls = self.tls.get_or_init(|| {
                        Tls::new(self.settings.insecure).map_err(|error| format!("TLS: {error}"))
                    });
                    return tls
                        .as_ref()
                        .map_err(|why| Outcome::Impossible(Reason::new(Cause::Tls, why)))?
                        .open(&target.host, tcp)
                        .await
                        .map_err(|error| match no_tls(&error) {
                            // A retry would fail in the same way.
                            why if tls::is_final(&error) => Outcome::Impossible(why),
                            why => Outcome::Unreachable(why),
                        });
                }
                // For `localhost`, the error of the first address is the more useful one.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(match failure {
            Some(error) => Outcome::Unreachable(no_connection(&error)),
            None => Outcome::Impossible(unresolved(&target.host)),
        })
    }
}

/// Resolves a host name. `localhost` is always the loopback address (RFC 6761, 6.3).
async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Outcome> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return Ok(vec![
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]);
    }
    match tokio::net::lookup_host((host, port)).await {
        Ok(found) => Ok(found.collect()),
        // A DNS resolver may be unreachable for a moment.
        Err(error) if error.to_string().contains("emporary") => {
            Err(Outcome::Unreachable(unresolved(host)))
        }
        Err(_) => Err(Outcome::Impossible(unresolved(host))),
    }
}

fn unresolved(host: &str) -> Reason {
    Reason::new(Cause::Name, format!("cannot resolve {host}"))
}

/// A worker's connection to one target, kept alive from one delivery to the next.
pub struct TargetConnection {
    client: Client,
    target: Target,
    host: HeaderValue,
    open: Option<Connection>,
    alarm: Option<Timer>,
}

impl TargetConnection {
    /// Sends a delivery to a path of the target; returns its outcome and duration.
    pub async fn deliver(
        &mut self,
        path: &PathAndQuery,
        delivery: &Delivery,
    ) -> (Outcome, Duration) {
        let exchange = self.ask(path, delivery, Keep::Outcome).await;
        let took = exchange.took;
        (exchange.outcome(), took)
    }

    /// Sends a delivery like [`Self::deliver`], and returns the response as far as `keep` says.
    pub async fn ask(&mut self, path: &PathAndQuery, delivery: &Delivery, keep: Keep) -> Exchange {
        let start = Instant::now();
        let limit = self.client.settings.timeout;
        let mut sent_twice = false;
        let mut alarm = self.alarm.take().unwrap_or_else(|| Timer::new(limit));
        let answer = {
            let asking = pin!(self.attempt(path, delivery, keep, &mut sent_twice));
            alarm.within(start, limit, asking).await
        };
        self.alarm = Some(alarm);
        let answer = answer.unwrap_or(Err(Outcome::TimedOut(limit)));
        Exchange {
            answer,
            took: start.elapsed(),
            sent_twice,
        }
    }

    async fn attempt(
        &mut self,
        path: &PathAndQuery,
        delivery: &Delivery,
        keep: Keep,
        sent_twice: &mut bool,
    ) -> Result<HttpResponse, Outcome> {
        loop {
            // The open connection is taken out, so that one whose exchange was cancelled is never reused.
            let mut used = self.open.take();
            if let Some(open) = &mut used
                && !open.is_usable().await
            {
                used = None;
            }
            let is_new = used.is_none();
            let open = match used {
                Some(open) => open,
                // Boxed: connecting is rare, and its future is large.
                None => Connection::new(Box::pin(self.client.wire(&self.target)).await?),
            };
            match open.exchange(&self.call(path, delivery), keep).await {
                Ok((heard, open)) => {
                    self.open = open;
                    return Ok(heard);
                }
                Err(Broken::Otherwise(why)) => return Err(Outcome::Unreachable(why)),
                Err(Broken::Unsent | Broken::Unanswered) if is_new => {
                    return Err(Outcome::Unreachable(CLOSED.into()));
                }
                // The target closed the idle connection at this moment, as it may: send on a new one.
                Err(Broken::Unsent) => {}
                Err(Broken::Unanswered) => *sent_twice = true,
            }
        }
    }

    fn call<'a>(&'a self, path: &'a PathAndQuery, delivery: &'a Delivery) -> Call<'a> {
        Call {
            path,
            delivery,
            target: &self.target,
            host: &self.host,
            via: self.client.via.as_ref(),
        }
    }
}

/// Connections to one target for several deliveries in flight.
pub struct Pool {
    client: Client,
    target: Target,
    idle: Mutex<Vec<TargetConnection>>,
}

impl Pool {
    /// Target of the connections.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a delivery over an idle connection or a new one.
    pub async fn deliver(&self, path: &PathAndQuery, delivery: &Delivery) -> (Outcome, Duration) {
        let exchange = self.ask(path, delivery, Keep::Outcome).await;
        let took = exchange.took;
        (exchange.outcome(), took)
    }

    /// Sends a delivery like [`Self::deliver`], and returns the response as far as `keep` says.
    pub async fn ask(&self, path: &PathAndQuery, delivery: &Delivery, keep: Keep) -> Exchange {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut line = idle.unwrap_or_else(|| self.client.line(&self.target));
        let exchange = line.ask(path, delivery, keep).await;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if line.open.is_some() && idle.len() < IDLE {
            idle.push(line);
        }
        exchange
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, Keep, Settings};
    use crate::io::client::KEPT;
    use crate::io::server::{Answer, Arrival, Handler, Limits, serve};
    use crate::webhook::{Delivery, Headers, Outcome, Target};
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method, StatusCode};
    use rustls::pki_types::pem::PemObject;
    use std::net::SocketAddr;
    use std::pin::pin;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// Each exchange has its own limit, although the timer was set for an earlier one.
    #[tokio::test]
    async fn an_alarm_rings_for_the_work_at_hand_and_for_no_other() {
        let limit = Duration::from_millis(200);
        let mut alarm = super::Timer::new(limit);
        let begun = std::time::Instant::now();
        for _ in 0..5 {
            let fast = pin!(tokio::time::sleep(limit / 4));
            let now = std::time::Instant::now();
            assert!(alarm.within(now, limit, fast).await.is_some());
        }
        assert!(begun.elapsed() >= limit);
        for _ in 0..2 {
            let begun = std::time::Instant::now();
            let never = pin!(std::future::pending::<()>());
            assert!(alarm.within(begun, limit, never).await.is_none());
            assert!(begun.elapsed() >= limit);
        }
    }

    fn delivery(body: &[u8]) -> Delivery {
        let fields: [(&'static str, &[u8]); 6] = [
            ("content-type", b"application/json"),
            ("x-twice", b"1"),
            ("connection", b"x-once"),
            ("x-once", b"1"),
            ("x-twice", b"2"),
            ("x-odd", b"\xff"),
        ];
        let headers = fields
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_bytes(value).unwrap(),
                )
            })
            .into_iter()
            .collect();
        let body = Bytes::copy_from_slice(body);
        Delivery {
            method: Method::POST,
            path: "/recorded".parse().unwrap(),
            headers,
            body,
        }
    }

    fn client() -> Client {
        Client::new(Settings::default())
    }

    fn target(addr: SocketAddr) -> Target {
        Target::parse(&addr.to_string()).unwrap()
    }

    async fn send(target: &Target, client: &Client) -> Outcome {
        client
            .line(target)
            .deliver(&"/".parse().unwrap(), &delivery(b"{}"))
            .await
            .0
    }

    #[derive(Default)]
    struct Desk(Mutex<Vec<Arrival>>);

    impl Handler for Desk {
        async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
            let body = arrival.delivery.body.clone();
            self.0.lock().unwrap().push(arrival);
            let headers: Headers = [(
                HeaderName::from_static("x-answer"),
                HeaderValue::from_static("1"),
            )]
            .into_iter()
            .collect();
            Answer {
                body,
                headers,
                ..Answer::of(StatusCode::OK)
            }
        }
    }

    async fn desk() -> (SocketAddr, Arc<Desk>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, desk) = (listener.local_addr().unwrap(), Arc::new(Desk::default()));
        tokio::spawn(serve(
            listener,
            Limits::default(),
            crate::io::server::memory::MemoryBudget::new(crate::io::server::memory::BODIES),
            None,
            Arc::clone(&desk),
            std::future::pending(),
        ));
        (addr, desk)
    }

    /// Reads a request whose body is `{}`; false if none comes.
    async fn read(stream: &mut (impl AsyncRead + Unpin)) -> bool {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n{}") {
            match stream.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return false,
            }
        }
        true
    }

    /// Target that reads one request on each connection and responds with these bytes.
    async fn saying(answer: &'static [u8]) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target(listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if read(&mut stream).await {
                    let _ = stream.write_all(answer).await;
                }
            }
        });
        target
    }

    #[tokio::test]
    async fn a_delivery_arrives_as_it_is_over_one_connection() {
        let (addr, desk) = desk().await;
        let mut line = client().line(&target(addr));
        // Small bodies are sent in one write, and large ones over hyper; the received requests must not differ.
        let sizes = [0, 500, 300_000, 500, 300_000];
        let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        for body in sizes.map(|size| &body[..size]) {
            let (outcome, took) = line
                .deliver(&"/hooks?x=%00&y".parse().unwrap(), &delivery(body))
                .await;
            assert!(outcome.succeeded() && took > Duration::ZERO, "{outcome:?}");
            match outcome {
                Outcome::Answered { body: kept, .. } => {
                    assert_eq!(kept, body[..body.len().min(KEPT)])
                }
                other => panic!("{other:?}"),
            }
        }
        let arrivals = desk.0.lock().unwrap();
        for (arrival, size) in arrivals.iter().zip(sizes) {
            assert_eq!(arrival.remote, arrivals[0].remote);
            assert_eq!(arrival.delivery.path, "/hooks?x=%00&y");
            assert_eq!(arrival.delivery.body, body[..size]);
            let headers = &arrival.delivery.headers;
            assert_eq!(headers.all("x-twice").collect::<Vec<_>>(), ["1", "2"]);
            assert_eq!(headers.get("x-odd").unwrap().as_bytes(), b"\xff");
            assert_eq!(
                headers.all("host").collect::<Vec<_>>(),
                [addr.to_string().as_str()]
            );
            assert_eq!(headers.text("content-length"), Some(&*size.to_string()));
            let names = |headers: &Headers| {
                headers
                    .iter()
                    .map(|field| field.0.clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(names(headers), names(&arrivals[0].delivery.headers));
            assert_eq!(
                (headers.get("connection"), headers.get("x-once")),
                (None, None)
            );
        }
    }

    #[tokio::test]
    async fn a_pool_gives_the_whole_answer_and_uses_its_lines_again() {
        let (addr, desk) = desk().await;
        let pool = client().pool(&target(addr));
        let body = vec![b'x'; 2 << 20];
        let (path, delivery) = ("/".parse().unwrap(), delivery(&body));
        let both = tokio::join!(
            pool.ask(&path, &delivery, Keep::Answer(32 << 20)),
            pool.ask(&path, &delivery, Keep::Answer(32 << 20))
        );
        for exchange in [both.0, both.1] {
            let heard = exchange.answer.unwrap();
            assert_eq!(
                (heard.body.len(), heard.cut, heard.headers.text("x-answer")),
                (body.len(), false, Some("1"))
            );
        }
        for _ in 0..4 {
            assert!(pool.deliver(&path, &delivery).await.0.succeeded());
        }
        let remotes: Vec<_> = desk
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|arrival| arrival.remote)
            .collect();
        assert_ne!(remotes[0], remotes[1]);
        // The response was too long for the connection to be reused.
        assert!(
            remotes.len() == 6
                && remotes[2..4]
                    .iter()
                    .all(|remote| remotes[..2].contains(remote)),
            "{remotes:?}"
        );
    }

    #[tokio::test]
    async fn a_connection_that_closed_meanwhile_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = client().line(&target(listener.local_addr().unwrap()));
        let (closed, mut closes) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // The server closes after the response, without a `Connection: close` in it.
                assert!(read(&mut stream).await);
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await
                    .unwrap();
                drop(stream);
                closed.send(()).unwrap();
            }
        });
        for _ in 0..5 {
            let exchange = line
                .ask(&"/".parse().unwrap(), &delivery(b"{}"), Keep::Outcome)
                .await;
            assert_eq!(exchange.answer.unwrap().status, 200);
            assert!(!exchange.sent_twice);
            closes.recv().await.unwrap();
            // Yields, so that the runtime polls its sockets.
            for _ in 0..3 {
                tokio::task::spawn_blocking(|| ()).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn what_may_have_arrived_twice_is_said() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = client().line(&target(listener.local_addr().unwrap()));
        tokio::spawn(async move {
            for requests in [2, 1] {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(read(&mut stream).await);
                stream
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .await
                    .unwrap();
                // The second request is read and gets no response.
                assert!(requests == 1 || read(&mut stream).await);
            }
        });
        for sent_twice in [false, true] {
            let exchange = line
                .ask(&"/".parse().unwrap(), &delivery(b"{}"), Keep::Outcome)
                .await;
            assert_eq!(exchange.answer.unwrap().status, 204);
            assert_eq!(exchange.sent_twice, sent_twice);
        }
    }

    /// The reason for the missing response; a response is returned whole.
    fn told(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Unreachable(why) => why.words().to_string(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_odd_about_an_answer_is_said() {
        for (answer, said) in [
            (&b""[..], "the connection closed before a response"),
            (
                b"HTTP/1.1 200 OK\r\nX",
                "the connection closed before a response",
            ),
            (
                b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
                "the response is not HTTP/1.1",
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                "the connection closed in the middle of the response",
            ),
            (
                b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
                "Answered { status: 302, body: b\"\", retry_after: None, location: Some(\"http://elsewhere/\"), \
                 unexpected: Some(\"not a 2xx\") }",
            ),
            (
                b"HTTP/1.1 503 Oh\r\nRetry-After: 2\r\n\r\nbusy",
                "Answered { status: 503, body: b\"busy\", retry_after: Some(2s), location: None, \
                 unexpected: Some(\"not a 2xx\") }",
            ),
        ] {
            let outcome = send(&saying(answer).await, &client()).await;
            assert_eq!(told(&outcome), said);
        }
        let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000)).into_bytes();
        let outcome = send(&saying(head.leak()).await, &client()).await;
        assert_eq!(told(&outcome), "the response's head is too large");
    }

    #[tokio::test]
    async fn an_endless_answer_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = client().line(&target(listener.local_addr().unwrap()));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
        });
        let exchange = line
            .ask(&"/".parse().unwrap(), &delivery(b"{}"), Keep::Answer(1000))
            .await;
        let heard = exchange.answer.unwrap();
        assert_eq!((heard.body.len(), heard.cut), (1000, true));
    }

    #[tokio::test]
    async fn no_answer_is_told_with_its_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target(listener.local_addr().unwrap());
        let limit = Duration::from_millis(50);
        let hasty = Client::new(Settings {
            timeout: limit,
            ..Settings::default()
        });
        // The connection is not accepted; the kernel completes the TCP handshake all the same.
        assert!(matches!(send(&target, &hasty).await, Outcome::TimedOut(said) if said == limit));
        // A body larger than the kernel's buffer is not read either.
        let large = delivery(&vec![0; 64 << 20]);
        let (outcome, _) = hasty
            .line(&target)
            .deliver(&"/".parse().unwrap(), &large)
            .await;
        assert!(matches!(outcome, Outcome::TimedOut(_)), "{outcome:?}");
        drop(listener);
        let refused = send(&target, &client()).await;
        assert!(
            matches!(&refused, Outcome::Unreachable(why) if why.words() == "connection refused"),
            "{refused:?}"
        );
        let local = Target::parse(&format!("any.localhost:{}", target.port)).unwrap();
        let refused = send(&local, &client()).await;
        assert!(
            matches!(&refused, Outcome::Unreachable(why) if why.words() == "connection refused"),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_certificate_is_checked_unless_told_otherwise() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let certificate =
            rustls::pki_types::CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(tcp).await {
                    read(&mut stream).await;
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                        .await;
                }
            }
        });
        let target = Target::parse(&format!("https://localhost:{port}")).unwrap();
        let outcome = send(&target, &client()).await;
        assert!(
            matches!(&outcome, Outcome::Impossible(why) if why.words() == "certificate is not signed by a trusted CA (`--insecure` accepts it)"),
            "{outcome:?}"
        );
        let trusting = Client::new(Settings {
            insecure: true,
            ..Settings::default()
        });
        let outcome = send(&target, &trusting).await;
        assert!(outcome.succeeded(), "{outcome:?}");
        // A server without TLS.
        let mut garbled = saying(b"").await;
        let talking = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (garbled.tls, garbled.port) = (true, talking.local_addr().unwrap().port());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = talking.accept().await {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                let _ = stream.read_u8().await;
                let _: TcpStream = stream;
            }
        });
        let outcome = send(&garbled, &trusting).await;
        assert!(
            matches!(&outcome, Outcome::Unreachable(why) if why.words().starts_with("TLS: ")),
            "{outcome:?}"
        );
    }

    // Self-signed certificate for localhost, made for this test.
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBmzCCAUGgAwIBAgIUWpwlrKscT1Cm7YuQP8WpRMuJ/bAwCgYIKoZIzj0EAwIw\n\
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIzMzAyMVoYDzIxMjYxMDMw\n\
        MjMzMDIxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n\
        PQMBBwNCAAQj/CxdVqlovR/n6TSZcRXuR8en/lafKharGATTV08rodGV1TLBJaE5\n\
        n5lrPODmfI9IQdmdRl74ZSbzusl9PGLZo28wbTAdBgNVHQ4EFgQU2yoxigq+DK1I\n\
        NA/qbbCSxcfrrdYwHwYDVR0jBBgwFoAU2yoxigq+DK1INA/qbbCSxcfrrdYwDwYD\n\
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI\n\
        zj0EAwIDSAAwRQIgC8/nn3UlzZfdiAN+vR5RZkITnBZZyT0Z32ojF8zWNicCIQD4\n\
        lmu3nv/NoQtDzHrINXwCaAFFp08dxRp6T0j88nUD0g==\n\
        -----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnh3Wijk6FekDGi58\n\
        gH1XbyyBdjPJgsQK2K0umo4/aJahRANCAAQj/CxdVqlovR/n6TSZcRXuR8en/laf\n\
        KharGATTV08rodGV1TLBJaE5n5lrPODmfI9IQdmdRl74ZSbzusl9PGLZ\n\
        -----END PRIVATE KEY-----\n";
}
