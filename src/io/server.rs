//! The front door: HTTP/1.1 in, one `Arrival` a request to a handler, its `Answer` back.
//!
//! What hyper leaves open is bounded here: time to send a head and a body, bytes of a body and of all bodies
//! together, connections. A client that goes away does not stop what its request has begun.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::gather::Gather;
use super::pulse::{Due, Patience, Phase, Pulse, Stream};
use crate::error::{Error, Result};
use crate::webhook::{Delivery, Headers};

/// What one client, and all of them together, may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body, in bytes; a larger one gets 413.
    pub max_body: usize,
    /// All larger bodies in memory together, in bytes; past it, reading waits.
    pub in_memory: usize,
    /// From connecting, or from the first byte of a further request, to the end of its head.
    pub head_timeout: Duration,
    /// Between two requests of one connection.
    pub idle: Duration,
    /// From the first byte of a request to the last of its body.
    pub body_timeout: Duration,
    /// Connections at once; past it, accepting waits.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            in_memory: 256 << 20,
            head_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body_timeout: Duration::from_secs(60),
            connections: 1024,
        }
    }
}

/// A request that was read whole.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The request itself.
    pub delivery: Delivery,
    /// Who sent it.
    pub remote: SocketAddr,
    /// When it was read.
    pub at: Timestamp,
}

/// What the sender gets.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The header fields; those that belong to one connection are left out.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// Close the connection in place of answering.
    pub hang_up: bool,
}

impl Answer {
    /// An answer of this status, without fields and body.
    pub fn of(status: StatusCode) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Bytes::new(),
            hang_up: false,
        }
    }
}

/// Who takes what arrives.
pub trait Handler: Send + Sync + 'static {
    /// Takes one arrival. Runs to its end even if the sender does not wait for the answer.
    fn take(self: Arc<Self>, arrival: Arrival) -> impl Future<Output = Answer> + Send;

    /// Is told of a request that was refused before it was whole.
    fn refused(&self, remote: SocketAddr, status: StatusCode, why: &'static str) {
        let _ = (remote, status, why);
    }
}

/// Requests that have begun get so long to end when the server is shut down.
const DRAIN: Duration = Duration::from_secs(10);
/// The longest request target, in bytes.
const LONGEST_TARGET: usize = 16 << 10;
/// The largest head, in bytes; hyper answers 431 to more, and to more than 100 fields.
const LARGEST_HEAD: usize = 64 << 10;
/// Bodies up to this size are not counted: the number of connections bounds them well enough.
const SMALL: usize = 16 << 10;

/// Binds an address such as `127.0.0.1:7878`, so that a port that is taken is known before anything is announced.
pub fn bind(addr: &str) -> Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, InvalidInput, PermissionDenied};
        let cannot = |why: &str| Error::usage(format!("cannot listen on {addr}: {why}"));
        match error.kind() {
            AddrInUse => cannot("address already in use").hint("`--port 0` takes any free port"),
            PermissionDenied => {
                cannot("permission denied").hint("ports below 1024 are for administrators")
            }
            AddrNotAvailable => cannot("this machine has no such address"),
            InvalidInput => cannot("that is no address and port"),
            _ => cannot(&error.to_string()),
        }
    })
}

/// Serves until `shutdown` is ready, then lets end what has begun, for at most ten seconds.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    limits: Limits,
    handler: Arc<H>,
    shutdown: impl Future<Output = ()>,
) {
    let house = Arc::new(House {
        memory: Arc::new(Semaphore::new(limits.in_memory >> 10)),
        limits,
        handler,
    });
    let seats = Arc::new(Semaphore::new(limits.connections));
    let (closing, _) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, remote, seat) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            guest = next(&listener, &seats) => guest,
        };
        tokio::spawn(connection(
            Arc::clone(&house),
            stream,
            remote,
            seat,
            closing.subscribe(),
        ));
    }
    drop(listener);
    // Nobody may be watching.
    let _ = closing.send(());
    let everyone = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(DRAIN, seats.acquire_many(everyone)).await;
}

/// What all connections share.
struct House<H> {
    limits: Limits,
    /// Permits of one KiB each.
    memory: Arc<Semaphore>,
    handler: Arc<H>,
}

/// The next connection, as soon as there is a seat for it.
async fn next(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(seat) = Arc::clone(seats).acquire_owned().await else {
            std::future::pending().await
        };
        match listener.accept().await {
            Ok((stream, remote)) => {
                // A stream that is gone already will say so when it is read.
                let _ = stream.set_nodelay(true);
                return (stream, remote, seat);
            }
            // Out of file descriptors or memory: trying again at once would only spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection<H: Handler>(
    house: Arc<House<H>>,
    stream: TcpStream,
    remote: SocketAddr,
    seat: OwnedSemaphorePermit,
    mut closing: watch::Receiver<()>,
) {
    let limits = &house.limits;
    let patience = Patience {
        head: limits.head_timeout,
        body: limits.body_timeout,
        idle: limits.idle,
    };
    let pulse = Arc::new(Pulse::new(seat));
    let stream = TokioIo::new(Stream::new(stream, Arc::clone(&pulse)));
    let door = Arc::new(Door {
        house,
        remote,
        pulse: Arc::clone(&pulse),
    });
    let requests = http1::Builder::new()
        .half_close(true)
        .max_header_size(LARGEST_HEAD)
        .header_read_timeout(None)
        .serve_connection(
            stream,
            service_fn(move |request| Arc::clone(&door).answer(request)),
        );

    let mut requests = pin!(requests);
    let mut closing = pin!(closing.changed());
    let mut told = false;
    let mut timer = pin!(tokio::time::sleep(patience.head));
    poll_fn(|cx| {
        if !told && closing.as_mut().poll(cx).is_ready() {
            told = true;
            requests.as_mut().graceful_shutdown();
        }
        if requests.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        while timer.as_mut().poll(cx).is_ready() {
            match pulse.due(&patience) {
                Due::Later(when) => timer.as_mut().reset(when),
                Due::Close => return Poll::Ready(()),
                Due::Late => {
                    timer
                        .as_mut()
                        .reset(tokio::time::Instant::now() + patience.idle);
                    if requests.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(());
                    }
                }
            }
        }
        Poll::Pending
    })
    .await;
}

/// One connection, as its requests see it.
struct Door<H> {
    house: Arc<House<H>>,
    remote: SocketAddr,
    pulse: Arc<Pulse>,
}

/// Why a request is refused before it is whole.
struct Refusal(StatusCode, &'static str);

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}

impl<H: Handler> Door<H> {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> std::result::Result<Response<Full<Bytes>>, HungUp> {
        let (head, body) = request.into_parts();
        self.pulse.go_on(Phase::Body);
        let (body, room) = match self.read(&head, body).await {
            Ok(read) => read,
            Err(refusal) => return Ok(self.refuse(&refusal)),
        };
        self.pulse.go_on(Phase::Busy);
        let delivery = Delivery {
            method: head.method,
            path: head
                .uri
                .into_parts()
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
            headers: head.headers.into(),
            body,
        };
        let arrival = Arrival {
            delivery,
            remote: self.remote,
            at: Timestamp::now(),
        };
        let taking = Arc::clone(&self.house.handler).take(arrival);
        let pulse = Arc::clone(&self.pulse);
        let answer = ToTheEnd(Some(Box::pin(async move {
            let answer = taking.await;
            // Both are held until the handler is done, whether anybody still waits for the answer or not.
            drop((room, pulse));
            answer
        })));
        let answer = answer.await;
        self.pulse.enter(Phase::Idle);
        if answer.hang_up {
            Err(HungUp)
        } else {
            Ok(response(answer))
        }
    }

    /// The whole body, and the room that it takes in memory.
    async fn read(
        &self,
        head: &Parts,
        mut body: Incoming,
    ) -> std::result::Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        check(head)?;
        let limits = &self.house.limits;
        let too_large = Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        let declared = body
            .size_hint()
            .exact()
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let mut room = match declared {
            Some(0) => return Ok((Bytes::new(), None)),
            // Unread, and without a "100 Continue", which hyper sends when the body is first asked for.
            Some(bytes) if bytes > limits.max_body => return Err(too_large),
            Some(bytes @ SMALL..) => Some(self.room(bytes).await),
            _ => None,
        };
        let mut whole = Gather::default();
        while let Some(frame) = self.frame(&mut body).await? {
            // Trailers are not passed on.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let length = whole.len() + data.len();
            if length > limits.max_body {
                return Err(too_large);
            }
            if room.is_none() && length > SMALL {
                // Nobody knows how long it will get. Asking for more bit by bit, while others do the same,
                // could end in all of them waiting for each other.
                room = Some(self.room(limits.max_body).await);
            }
            whole.push(data, declared);
            if body.is_end_stream() {
                break;
            }
        }
        let body = whole.finish();
        if let Some(room) = &mut room {
            // A body of unknown length gives back what it did not need.
            let spare = room.num_permits().saturating_sub(body.len().div_ceil(1024));
            drop(room.split(spare));
        }
        Ok((body, room))
    }

    async fn frame(
        &self,
        body: &mut Incoming,
    ) -> std::result::Result<Option<hyper::body::Frame<Bytes>>, Refusal> {
        poll_fn(|cx| {
            if self.pulse.phase() == Phase::Late {
                return Poll::Ready(Err(Refusal(
                    StatusCode::REQUEST_TIMEOUT,
                    "the body took too long",
                )));
            }
            Pin::new(&mut *body).poll_frame(cx).map(|frame| {
                frame.transpose().map_err(|_| {
                    Refusal(
                        StatusCode::BAD_REQUEST,
                        "the body is broken off or malformed",
                    )
                })
            })
        })
        .await
    }

    /// Waits until there is room in memory. That is not the client's fault, so its time stands still.
    async fn room(&self, bytes: usize) -> OwnedSemaphorePermit {
        let all = self.house.limits.in_memory >> 10;
        let needed = u32::try_from(bytes.div_ceil(1024).min(all)).unwrap_or(u32::MAX);
        let memory = &self.house.memory;
        if let Ok(room) = Arc::clone(memory).try_acquire_many_owned(needed) {
            return room;
        }
        self.pulse.go_on(Phase::Busy);
        let room = Arc::clone(memory)
            .acquire_many_owned(needed)
            .await
            .expect("the semaphore is never closed");
        self.pulse.enter(Phase::Body);
        room
    }

    fn refuse(&self, Refusal(status, why): &Refusal) -> Response<Full<Bytes>> {
        self.house.handler.refused(self.remote, *status, why);
        self.pulse.enter(Phase::Refused);
        let mut response = Response::new(Full::new(Bytes::from(format!("{why}\n"))));
        *response.status_mut() = *status;
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response
    }
}

/// What hyper lets through and no webhook has.
fn check(head: &Parts) -> std::result::Result<(), Refusal> {
    let bad = |why| Err(Refusal(StatusCode::BAD_REQUEST, why));
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(Refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "the method is not allowed",
        ));
    }
    if head
        .uri
        .path_and_query()
        .is_some_and(|path| path.as_str().len() > LONGEST_TARGET)
    {
        return Err(Refusal(StatusCode::URI_TOO_LONG, "the path is too long"));
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version >= Version::HTTP_11 => return bad("the Host field is missing"),
        (Some(_), Some(_)) => return bad("there is more than one Host field"),
        (Some(host), None)
            if !host
                .as_bytes()
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(b)) =>
        {
            return bad("the Host field is no host");
        }
        _ => {}
    }
    let mut encodings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => Ok(()),
        (Some(one), None) if one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Refusal(
            StatusCode::NOT_IMPLEMENTED,
            "the only transfer coding is chunked",
        )),
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers.iter() {
        // Both are hyper's to say. The others of one connection are left to the caller, who knows where they are from.
        if !matches!(*name, CONTENT_LENGTH | TRANSFER_ENCODING) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// Work that goes on in a task of its own when nobody waits for it any more.
struct ToTheEnd<F: Future<Output = Answer> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output = Answer> + Send + 'static> Future for ToTheEnd<F> {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let answer = work.as_mut().poll(cx);
        if answer.is_ready() {
            self.0 = None;
        }
        answer
    }
}

impl<F: Future<Output = Answer> + Send + 'static> Drop for ToTheEnd<F> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Arrival, Handler, Limits, ToTheEnd, bind, serve};
    use crate::webhook::Headers;
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, StatusCode};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::{Semaphore, mpsc, oneshot};
    use tokio::task::JoinHandle;

    /// Passes on what it takes, and answers 200 with the body's length, once it is let.
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

        fn refused(&self, _: SocketAddr, status: StatusCode, _: &'static str) {
            let _ = self.refused.send(status);
        }
    }

    struct House {
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

    impl House {
        fn open(limits: Limits, permits: usize, answer: fn(&Arrival) -> Answer) -> House {
            let listener = tokio::net::TcpListener::from_std(bind("127.0.0.1:0").unwrap()).unwrap();
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
            let serving = tokio::spawn(serve(listener, limits, handler, async {
                let _ = closed.await;
            }));
            House {
                addr,
                desk,
                taken,
                refused,
                close,
                serving,
            }
        }

        fn usual() -> House {
            Self::open(Limits::default(), 1, length)
        }

        async fn call(&self) -> TcpStream {
            TcpStream::connect(self.addr).await.unwrap()
        }

        /// Sends these bytes on a connection of their own and gives all that comes back until it is closed.
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

    /// Reads one answer that has a body with its length.
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
        let mut house = House::usual();
        let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let mut request = b"PUT /a/../b?x=%00&y=[]&z HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: \xff\xfe\r\nx-a: 2\r\n\
            Connection: close\r\nContent-Length: 100000\r\n\r\n"
            .to_vec();
        request.extend(&body);
        let answer = house.say(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n100000"),
            "{answer}"
        );
        let delivery = house.taken.recv().await.unwrap().delivery;
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
        assert!(house.say(&request).await.starts_with("HTTP/1.1 200"));
        let delivery = house.taken.recv().await.unwrap().delivery;
        assert_eq!(delivery.path, "/p?q");
        assert_eq!(delivery.body, body);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_unread() {
        let mut house = House::open(
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
            house
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
            let answer = house.say(request.as_bytes()).await;
            assert!(
                answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"),
                "{answer}"
            );
            assert_eq!(
                house.refused.recv().await,
                Some(StatusCode::PAYLOAD_TOO_LARGE)
            );
        }
        house.taken.recv().await.unwrap();
        assert!(house.taken.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_no_webhook_has_is_refused() {
        let mut house = House::usual();
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
            let answer = house.say(request.as_bytes()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{answer} for {request:.60}"
            );
        }
        assert!(house.taken.try_recv().is_err());
        // HTTP/1.0 had no Host.
        assert!(
            house
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
        let mut house = House::open(Limits::default(), 1, answer);
        let mut stream = house.call().await;
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
        let remotes = [house.taken.recv().await, house.taken.recv().await]
            .map(|arrival| arrival.unwrap().remote);
        assert_eq!(remotes, [stream.local_addr().unwrap(); 2]);
        // Half closed is not gone.
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        assert!(all(&mut stream).await.ends_with("yes"));
    }

    #[tokio::test]
    async fn hanging_up_says_nothing() {
        let house = House::open(Limits::default(), 1, |_| Answer {
            hang_up: true,
            ..Answer::of(StatusCode::OK)
        });
        assert_eq!(house.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await, "");
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
        let mut house = House::open(limits, 1, length);
        for (start, answer) in [
            ("", ""),
            ("POST / HT", ""),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
                "HTTP/1.1 408",
            ),
        ] {
            let said = house.say(start.as_bytes()).await;
            assert!(
                said.starts_with(answer) && said.is_empty() == answer.is_empty(),
                "{said} for {start}"
            );
        }
        assert!(house.taken.try_recv().is_err());
        // Between two requests.
        let said = house.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }

    #[tokio::test]
    async fn all_bodies_together_are_bounded_and_all_are_read() {
        let limits = Limits {
            in_memory: 64 << 10,
            ..Limits::default()
        };
        let mut house = House::open(limits, 0, length);
        let mut streams = Vec::new();
        for request in [
            "Content-Length: 40000\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n9c40\r\n",
        ] {
            let mut stream = house.call().await;
            let request = format!(
                "POST / HTTP/1.1\r\nHost: h\r\n{request}{}",
                "x".repeat(40_000)
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let _ = stream.write_all(b"\r\n0\r\n\r\n").await;
            streams.push(stream);
        }
        // Small ones need not wait. While many of them come and go, the second large one is not taken.
        for number in 0..50 {
            let mut small = house.call().await;
            small
                .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
                .await
                .unwrap();
            let taken = house.taken.recv().await.unwrap().delivery.body.len();
            assert_eq!(taken > 2, number == 0, "{taken} bytes as number {number}");
        }
        house.desk.let_go.add_permits(1);
        for stream in &mut streams {
            assert!(one(stream).await.ends_with("40000"));
        }
    }

    #[tokio::test]
    async fn what_has_begun_is_answered_at_shutdown() {
        let mut house = House::open(Limits::default(), 0, length);
        let mut idle = house.call().await;
        let mut busy = house.call().await;
        busy.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        house.taken.recv().await.unwrap();
        house.close.send(()).unwrap();
        assert_eq!(all(&mut idle).await, "");
        house.desk.let_go.add_permits(1);
        assert!(all(&mut busy).await.starts_with("HTTP/1.1 200"));
        house.serving.await.unwrap();
        assert!(TcpStream::connect(house.addr).await.is_err());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_goes_on() {
        let (begun, begins) = oneshot::channel();
        let (let_go, wait) = oneshot::channel::<()>();
        let (done, end) = oneshot::channel();
        let mut work = ToTheEnd(Some(Box::pin(async {
            begun.send(()).unwrap();
            wait.await.unwrap();
            done.send(()).unwrap();
            Answer::of(StatusCode::OK)
        })));
        tokio::select! {
            biased;
            _ = &mut work => panic!("not yet"),
            _ = begins => {}
        }
        drop(work);
        let_go.send(()).unwrap();
        end.await.unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_said() {
        let taken = bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let error = bind(&addr).unwrap_err();
        assert_eq!(
            error.what(),
            format!("cannot listen on {addr}: address already in use")
        );
        assert_eq!((error.exit() as u8, error.hints().len()), (2, 1));
        assert!(bind("nonsense").is_err());
    }
}
