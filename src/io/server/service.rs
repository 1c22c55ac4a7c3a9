//! Service of one connection: checks a request, reserves memory for its body, calls the handler and returns the
//! response.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::io::body_buffer::BodyBuffer;
use crate::io::heads::Heads;
use crate::io::runtime::others_catch_up;
use crate::io::server::connection_timer::{ConnectionTimer, Phase};
use crate::io::server::memory::{MemoryBudget, Reserved};
use crate::io::server::{Answer, Arrival, Handler, Limits};
use crate::webhook::{Delivery, Headers};

/// Longest request target (path and query), in bytes.
const LONGEST_TARGET: usize = 16 << 10;
/// Largest body in bytes that is not counted against the budget of memory: the number of connections bounds these.
const SMALL: usize = 16 << 10;

/// State shared by all connections.
pub(crate) struct Service<H> {
    pub(crate) limits: Limits,
    /// Memory for all bodies above 16 KiB together; reading waits when it is used up.
    memory: MemoryBudget,
    pub(crate) handler: Arc<H>,
}

impl<H> Service<H> {
    pub(crate) fn new(limits: Limits, memory: MemoryBudget, handler: Arc<H>) -> Self {
        Self {
            limits,
            memory,
            handler,
        }
    }
}

/// State of one connection, shared by its requests.
pub(crate) struct ConnectionService<H> {
    shared: Arc<Service<H>>,
    remote: SocketAddr,
    connection_timer: Arc<ConnectionTimer>,
    /// Parser of request heads, for HTTP/1.
    heads: Option<Arc<Heads>>,
    /// Share of the memory that one connection may use: the size of one body.
    share: MemoryBudget,
}

/// Request in flight, from its head until it is dropped.
struct OpenRequest<H: Handler>(Arc<Service<H>>);

impl<H: Handler> OpenRequest<H> {
    fn new(shared: &Arc<Service<H>>) -> Self {
        shared.handler.begun();
        Self(Arc::clone(shared))
    }
}

impl<H: Handler> Drop for OpenRequest<H> {
    fn drop(&mut self) {
        self.0.handler.ended();
    }
}

/// Memory reserved for a body.
struct BodyPermit([Reserved; 2]);

impl BodyPermit {
    /// Releases the memory that a body of unknown length did not need.
    fn shrink(&mut self, bytes: usize) {
        self.0.iter_mut().for_each(|part| part.shrink(bytes));
    }
}

/// Rejection of a request before it was received completely: status and reason.
struct Rejection(StatusCode, &'static str);

const TOO_SLOW: Rejection = Rejection(StatusCode::REQUEST_TIMEOUT, "the body took too long");

/// Error that makes hyper close the connection without a response.
#[derive(Debug)]
pub(crate) struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HangUp {}

impl<H: Handler> ConnectionService<H> {
    pub(crate) fn new(
        shared: Arc<Service<H>>,
        remote: SocketAddr,
        connection_timer: Arc<ConnectionTimer>,
        heads: Option<Arc<Heads>>,
    ) -> Self {
        Self {
            share: MemoryBudget::new(shared.limits.max_body),
            shared,
            remote,
            connection_timer,
            heads,
        }
    }

    /// Handles an HTTP/1 request, the only one of its connection at this time.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, HangUp> {
        let begun = OpenRequest::new(&self.shared);
        let (mut head, body) = request.into_parts();
        let fields = Headers::from(std::mem::take(&mut head.headers));
        let fields = match &self.heads {
            Some(heads) => heads.arrange(head.method.as_str(), fields),
            None => fields,
        };
        self.connection_timer.go_on(Phase::Body);
        let (body, permit) = match self.read(&head, &fields, body).await {
            Ok(read) => read,
            Err(rejection) => {
                self.connection_timer.enter(Phase::Rejected);
                let mut response = self.reject(&rejection);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
                return Ok(response);
            }
        };
        self.connection_timer.go_on(Phase::Busy);
        let answer = self.take(head, fields, body, (permit, begun)).await;
        self.connection_timer.enter(Phase::Idle);
        answer
    }

    /// Handles an HTTP/2 request, one of many of its connection, with its own timeout.
    pub(crate) async fn answer_one_of_many(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, HangUp> {
        let _opened = self.connection_timer.open();
        let begun = OpenRequest::new(&self.shared);
        let (mut head, body) = request.into_parts();
        let named = name_host(&mut head);
        let fields = Headers::from(std::mem::take(&mut head.headers));
        let read = async {
            named?;
            self.read(&head, &fields, body).await
        };
        match timeout(self.shared.limits.body_timeout, read).await {
            Ok(Ok((body, permit))) => self.take(head, fields, body, (permit, begun)).await,
            Ok(Err(rejection)) => Ok(self.reject(&rejection)),
            Err(_) => Ok(self.reject(&TOO_SLOW)),
        }
    }

    /// Runs the handler to its end.
    async fn take(
        &self,
        head: Parts,
        headers: Headers,
        body: Bytes,
        (permit, begun): (Option<BodyPermit>, OpenRequest<H>),
    ) -> Result<Response<Full<Bytes>>, HangUp> {
        let delivery = Delivery {
            method: head.method,
            path: head
                .uri
                .into_parts()
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
            headers,
            body,
        };
        let arrival = Arrival {
            delivery,
            remote: self.remote,
            at: Timestamp::now(),
        };
        let handler = Arc::clone(&self.shared.handler);
        let taking = async move {
            others_catch_up().await;
            handler.take(arrival).await
        };
        let held = (permit, begun, Arc::clone(&self.connection_timer));
        let answer = Detached(Some((Box::pin(taking), held))).await;
        others_catch_up().await;
        if answer.hang_up {
            Err(HangUp)
        } else {
            if self.heads.is_some() {
                self.connection_timer.response.set(&answer.headers);
            }
            Ok(response(answer))
        }
    }

    /// Reads the whole body; returns it with its memory reservation.
    async fn read(
        &self,
        head: &Parts,
        fields: &Headers,
        mut body: Incoming,
    ) -> Result<(Bytes, Option<BodyPermit>), Rejection> {
        check(head, fields)?;
        let limits = &self.shared.limits;
        let too_large = Rejection(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        let declared = body
            .size_hint()
            .exact()
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let mut permit = match declared {
            Some(0) => return Ok((Bytes::new(), None)),
            // Rejected unread, and without a "100 Continue", which hyper sends when the body is first polled.
            Some(bytes) if bytes > limits.max_body => return Err(too_large),
            Some(bytes @ SMALL..) => Some(self.permit(bytes).await),
            _ => None,
        };
        let mut whole = BodyBuffer::default();
        while let Some(frame) = self.frame(&mut body).await? {
            // Trailers are dropped.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let length = whole.len() + data.len();
            if length > limits.max_body {
                return Err(too_large);
            }
            if permit.is_none() && length > SMALL {
                // The length is unknown, so the most is reserved at once: requests that reserve more bit by bit could
                // end up waiting for each other.
                permit = Some(self.permit(limits.max_body).await);
            }
            whole.push(data, declared);
            if body.is_end_stream() {
                break;
            }
        }
        let body = whole.finish();
        if let Some(permit) = &mut permit {
            permit.shrink(body.len());
        }
        Ok((body, permit))
    }

    async fn frame(
        &self,
        body: &mut Incoming,
    ) -> Result<Option<hyper::body::Frame<Bytes>>, Rejection> {
        poll_fn(|cx| {
            if self.connection_timer.phase() == Phase::Late {
                return Poll::Ready(Err(TOO_SLOW));
            }
            Pin::new(&mut *body).poll_frame(cx).map(|frame| {
                frame.transpose().map_err(|_| {
                    Rejection(
                        StatusCode::BAD_REQUEST,
                        "the body is broken off or malformed",
                    )
                })
            })
        })
        .await
    }

    /// Reserves memory for a body, waiting if needed. The client's timeouts are paused, because it does not cause the
    /// wait.
    async fn permit(&self, bytes: usize) -> BodyPermit {
        let (share, memory) = (&self.share, &self.shared.memory);
        if let Some(own) = share.try_reserve(bytes)
            && let Some(part) = memory.try_reserve(bytes)
        {
            return BodyPermit([own, part]);
        }
        let is_timed = self.connection_timer.phase() == Phase::Body;
        if is_timed {
            self.connection_timer.go_on(Phase::Busy);
        }
        // The connection's own share first: a request that holds shared memory must not wait for it.
        let permit = BodyPermit([share.reserve(bytes).await, memory.reserve(bytes).await]);
        if is_timed {
            self.connection_timer.enter(Phase::Body);
        }
        permit
    }

    fn reject(&self, Rejection(status, why): &Rejection) -> Response<Full<Bytes>> {
        self.shared.handler.refused(self.remote, *status, why);
        let mut response = Response::new(Full::new(Bytes::from(format!("{why}\n"))));
        *response.status_mut() = *status;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response
    }
}

/// Copies the `:authority` of HTTP/2 into a Host field, as in HTTP/1.
fn name_host(head: &mut Parts) -> Result<(), Rejection> {
    let bad = |why| Err(Rejection(StatusCode::BAD_REQUEST, why));
    let Some(authority) = head.uri.authority() else {
        return Ok(());
    };
    match head.headers.get(HOST) {
        Some(host) if host.as_bytes() != authority.as_str().as_bytes() => {
            bad("there are two hosts")
        }
        Some(_) => Ok(()),
        None => {
            if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
                head.headers.insert(HOST, host);
            }
            Ok(())
        }
    }
}

/// Rejects requests that hyper accepts and no webhook needs.
fn check(head: &Parts, fields: &Headers) -> Result<(), Rejection> {
    let bad = |why| Err(Rejection(StatusCode::BAD_REQUEST, why));
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(Rejection(
            StatusCode::METHOD_NOT_ALLOWED,
            "the method is not allowed",
        ));
    }
    match head.uri.path_and_query() {
        None => return bad("the path is missing"),
        Some(path) if path.as_str().len() > LONGEST_TARGET => {
            return Err(Rejection(StatusCode::URI_TOO_LONG, "the path is too long"));
        }
        Some(_) => {}
    }
    let mut hosts = fields.all(HOST.as_str());
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
    let mut encodings = fields.all(TRANSFER_ENCODING.as_str());
    match (encodings.next(), encodings.next()) {
        (None, _) => Ok(()),
        (Some(one), None) if one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Rejection(
            StatusCode::NOT_IMPLEMENTED,
            "the only transfer coding is chunked",
        )),
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers.iter() {
        // hyper sets these two itself. Other hop-by-hop fields are left out by the caller, which knows their origin.
        if !matches!(*name, CONTENT_LENGTH | TRANSFER_ENCODING) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// Future that continues in a task of its own when it is dropped, as on a disconnect. Memory and connection permits are
/// held until it ends.
struct Detached<F, T>(Option<(Pin<Box<F>>, T)>)
where
    F: Future<Output = Answer> + Send + 'static,
    T: Send + Unpin + 'static;

impl<F, T> Future for Detached<F, T>
where
    F: Future<Output = Answer> + Send + 'static,
    T: Send + Unpin + 'static,
{
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let Some((work, _)) = &mut self.0 else {
            return Poll::Pending;
        };
        let answer = work.as_mut().poll(cx);
        if answer.is_ready() {
            self.0 = None;
        }
        answer
    }
}

impl<F, T> Drop for Detached<F, T>
where
    F: Future<Output = Answer> + Send + 'static,
    T: Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if let (Some((work, held)), Ok(runtime)) =
            (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                work.await;
                drop(held);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Detached;
    use crate::io::server::Answer;
    use http::StatusCode;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn work_that_nobody_waits_for_goes_on() {
        let (begun, begins) = oneshot::channel();
        let (let_go, wait) = oneshot::channel::<()>();
        let (done, end) = oneshot::channel();
        let work = async {
            begun.send(()).unwrap();
            wait.await.unwrap();
            done.send(()).unwrap();
            Answer::of(StatusCode::OK)
        };
        let mut work = Detached(Some((Box::pin(work), ())));
        tokio::select! {
            biased;
            _ = &mut work => panic!("not yet"),
            _ = begins => {}
        }
        drop(work);
        let_go.send(()).unwrap();
        end.await.unwrap();
    }
}
