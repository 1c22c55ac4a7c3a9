//! Open HTTP connection to a target: plain exchanges use `FastHttp1`, all others `HyperExchange`.

use crate::io::client::error::Broken;
use crate::io::client::fast_http1::{FastHttp1, FastReply};
use crate::io::client::hyper_exchange::HyperExchange;
use crate::io::client::{Call, HttpResponse, Keep};
use crate::io::tls::Wire;

/// Open connection to a target, by the HTTP implementation that drives it.
pub(crate) enum Connection {
    /// Fast path: every response so far was a plain HTTP/1.1 response.
    FastHttp1(Box<FastHttp1>),
    /// Driven by hyper, from the first request or response that the fast path does not handle.
    HyperExchange(Box<HyperExchange>),
}

impl Connection {
    /// Creates a connection over a transport that has carried nothing yet.
    pub(crate) fn new(wire: Wire) -> Self {
        Self::FastHttp1(Box::new(FastHttp1::new(wire)))
    }

    /// True if the connection can probably carry one more request.
    pub(crate) async fn is_usable(&mut self) -> bool {
        match self {
            Self::FastHttp1(fast) => fast.is_usable().await,
            Self::HyperExchange(careful) => careful.is_usable().await,
        }
    }

    /// Sends a request and reads the response, kept as far as `keep` says; returns the connection too if it can be
    /// reused.
    pub(crate) async fn exchange(
        self,
        call: &Call<'_>,
        keep: Keep,
    ) -> Result<(HttpResponse, Option<Self>), Broken> {
        let careful = match self {
            Self::HyperExchange(careful) => careful,
            Self::FastHttp1(fast) if !FastHttp1::suits(call) => {
                HyperExchange::new(fast.into_wire())
                    .await
                    .map_err(|why| Broken::Otherwise(why.into()))?
            }
            Self::FastHttp1(mut fast) => match fast.exchange(call, keep).await? {
                FastReply::Plain(heard, usable) => {
                    return Ok((heard, usable.then_some(Self::FastHttp1(fast))));
                }
                FastReply::NotPlain(begun) => HyperExchange::retelling(fast.into_wire(), begun)
                    .await
                    .map_err(|why| Broken::Otherwise(why.into()))?,
            },
        };
        // Boxed: the future is large, and most deliveries do not need it.
        Box::pin(Self::carefully(careful, call, keep)).await
    }

    async fn carefully(
        mut careful: Box<HyperExchange>,
        call: &Call<'_>,
        keep: Keep,
    ) -> Result<(HttpResponse, Option<Self>), Broken> {
        let mut head = Vec::new();
        call.write_head(&mut head);
        let (heard, usable) = careful.exchange(head, call.to_request(), keep).await?;
        Ok((heard, usable.then_some(Self::HyperExchange(careful))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Connection};
    use crate::io::client::hyper_exchange::HyperExchange;
    use crate::io::client::replayed_prefix::ReplayedPrefix;
    use crate::io::client::{Call, Keep};
    use crate::io::tls::Wire;
    use crate::webhook::{Delivery, Headers, Target};
    use bytes::Bytes;
    use http::uri::PathAndQuery;
    use http::{HeaderMap, HeaderValue, Method};
    use proptest::prelude::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// Sends a small request and returns the result, and the connection if it can be reused.
    async fn exchange(
        connection: Connection,
        keep: Keep,
    ) -> (Result<String, Broken>, Option<Connection>) {
        exchange_body(connection, keep, Bytes::from_static(b"{}")).await
    }

    async fn exchange_body(
        connection: Connection,
        keep: Keep,
        body: Bytes,
    ) -> (Result<String, Broken>, Option<Connection>) {
        let delivery = Delivery {
            method: Method::POST,
            path: PathAndQuery::from_static("/"),
            headers: Headers::new(),
            body,
        };
        let call = Call {
            path: &delivery.path,
            delivery: &delivery,
            target: &Target::parse("localhost").unwrap(),
            host: &HeaderValue::from_static("localhost"),
            via: None,
        };
        match connection.exchange(&call, keep).await {
            Ok((mut heard, connection)) => {
                // A `HeaderMap` groups repeated fields; both paths are compared in that order.
                heard.headers = HeaderMap::from(heard.headers).into();
                (Ok(format!("{heard:?}")), connection)
            }
            Err(broken) => (Err(broken), None),
        }
    }

    async fn wire(addr: SocketAddr) -> Wire {
        Wire::Plain(TcpStream::connect(addr).await.unwrap())
    }

    /// Server that sends these pieces as its response on each connection, and then closes it if `closes`.
    async fn answering(pieces: Vec<Vec<u8>>, closes: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let pieces = pieces.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while let Ok(1..) = stream.read_buf(&mut request).await {
                        if !request.ends_with(b"\r\n\r\n{}") {
                            continue;
                        }
                        request.clear();
                        for piece in &pieces {
                            // The client may close once it has read enough.
                            if stream.write_all(piece).await.is_err() {
                                return;
                            }
                            tokio::task::yield_now().await;
                        }
                        if closes {
                            let _ = stream.shutdown().await;
                        }
                    }
                });
            }
        });
        addr
    }

    fn any_answer() -> impl Strategy<Value = Vec<u8>> {
        let start = prop_oneof![
            8 => Just("HTTP/1.1 200 OK"),
            1 => Just("HTTP/1.1 204 No Content"),
            1 => Just("HTTP/1.1 304 Not Modified"),
            1 => Just("HTTP/1.1 503"),
            1 => Just("HTTP/1.0 200 OK"),
            1 => Just("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created"),
            1 => Just("HTTP/1.1 999 Odd"),
            1 => Just("HTTP/2 200"),
            1 => Just("\r\nHTTP/1.1 200 OK"),
        ];
        let field = prop_oneof![
            8 => Just("Content-Length: 2"),
            2 => Just("content-length: 5"),
            1 => Just("Content-Length: 0"),
            1 => Just("Content-Length: +2"),
            1 => Just("Content-Length: 2, 2"),
            1 => Just("Content-Length: 99999999999999999999"),
            1 => Just("Content-Length: 18446744073709551610"),
            2 => Just("Transfer-Encoding: chunked"),
            2 => Just("Connection: keep-alive"),
            2 => Just("Connection: close"),
            2 => Just("X-Odd: \u{e4}\tx"),
            1 => Just("X-Empty:"),
            1 => Just("X Space: 1"),
            1 => Just("Retry-After: 2"),
            1 => Just(" folded"),
        ];
        let body = prop_oneof![
            Just("ok"),
            Just("2\r\nok\r\n0\r\n\r\n"),
            Just("ok and more than was said"),
            Just("")
        ];
        (start, prop::collection::vec(field, 0..4), body).prop_map(|(start, fields, body)| {
            let mut text = format!("{start}\r\n");
            for field in fields {
                text += &format!("{field}\r\n");
            }
            (text + "\r\n" + body).into_bytes()
        })
    }

    proptest! {
        #[test]
        fn what_is_read_quickly_is_what_hyper_reads(
            mut answer in any_answer(),
            changed in prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
            cut in 0..400_usize,
            size in 1..200_usize,
            keep in 1..30_usize,
        ) {
            if let Some((at, byte)) = changed {
                *at.get_mut(&mut answer) = byte;
            }
            // Most responses are sent whole.
            let sent = if cut < answer.len() { &answer[..cut] } else { &answer[..] };
            let pieces = sent.chunks(size).map(<[u8]>::to_vec).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (fast, careful) = runtime.block_on(async {
                let addr = answering(pieces, true).await;
                let fast = exchange(Connection::new(wire(addr).await), Keep::Answer(keep)).await.0;
                let careful = HyperExchange::new(wire(addr).await).await.unwrap();
                (fast, exchange(Connection::HyperExchange(careful), Keep::Answer(keep)).await.0)
            });
            // hyper's error for a truncated head depends on the pieces in which it came.
            prop_assert_eq!(fast.ok(), careful.ok());
        }
    }

    #[tokio::test]
    async fn a_connection_is_used_again_where_it_can_be() {
        const ODD: &str =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        for (answer, fast, again) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, true),
            ("HTTP/1.1 204 No Content\r\n\r\n", true, true),
            (
                "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n",
                true,
                true,
            ),
            (ODD, false, true),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                false,
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                false,
                false,
            ),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                false,
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
                true,
                false,
            ),
        ] {
            let addr = answering(vec![answer.into()], false).await;
            let (first, connection) =
                exchange(Connection::new(wire(addr).await), Keep::Answer(100)).await;
            assert_eq!(connection.is_some(), again, "{answer}");
            let Some(mut connection) = connection else {
                continue;
            };
            assert_eq!(
                matches!(connection, Connection::FastHttp1(_)),
                fast,
                "{answer}"
            );
            assert!(connection.is_usable().await, "{answer}");
            let (second, connection) = exchange(connection, Keep::Answer(100)).await;
            assert_eq!(second.unwrap(), first.unwrap(), "{answer}");
            assert!(connection.is_some(), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_connection_on_which_half_a_body_waits_is_not_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|it| it == b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            // The rest of the request is never read, and the connection stays open.
            std::future::pending::<()>().await;
        });
        let (connection, body) = (Connection::new(wire(addr).await), vec![0; 64 << 20].into());
        let (answer, connection) = exchange_body(connection, Keep::Outcome, body).await;
        assert!(answer.unwrap().contains("413"));
        assert!(connection.is_none());
    }

    #[tokio::test]
    async fn a_response_before_a_reset_is_read_although_the_body_cannot_be_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        stream.write_all(b"never read").await.unwrap();
        server
            .write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        // Closed with bytes that were not read: the peer gets a reset behind the response.
        drop(server);
        stream.writable().await.unwrap();
        let mut prefix = ReplayedPrefix::with_head(Wire::Plain(stream), Vec::new());
        for _ in 0..1000 {
            prefix.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
            prefix.flush().await.unwrap();
        }
        let mut heard = Vec::new();
        prefix.read_buf(&mut heard).await.unwrap();
        assert!(heard.starts_with(b"HTTP/1.1 413"), "{heard:?}");
    }

    #[tokio::test]
    async fn what_the_other_side_has_left_is_not_used_again() {
        for farewell in [&b""[..], b"HTTP/1.1 408 Request Timeout\r\n\r\n"] {
            let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", farewell].concat();
            let addr = answering(vec![answer], true).await;
            let (_, connection) =
                exchange(Connection::new(wire(addr).await), Keep::Answer(100)).await;
            let Some(mut connection) = connection else {
                // The notice of closing came with the response.
                continue;
            };
            while connection.is_usable().await {
                tokio::task::yield_now().await;
            }
        }
    }
}
