//! Sends a request whose body arrives slowly, as over a bad connection.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Sleep;

use crate::io::client::error::words;
use crate::io::client::replayed_prefix::ReplayedPrefix;
use crate::io::client::{HttpResponse, KEPT};
use crate::io::tls::Wire;

/// Number of pieces of a slow body.
const PIECES: usize = 8;

/// Sends a request over this connection with the head `written`, its body in pieces spread over the time `over`; returns
/// the response.
pub(crate) async fn send(
    wire: Wire,
    written: Vec<u8>,
    head: Request<()>,
    body: Bytes,
    over: Duration,
) -> Result<HttpResponse, String> {
    let wire = ReplayedPrefix::with_head(wire, written);
    let opened = http1::handshake(TokioIo::new(wire)).await;
    let (mut sender, connection) = opened.map_err(|error| words(&error))?;
    let request = head.map(|()| Bits::of(body, over));
    let answer = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| words(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, KEPT)
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(HttpResponse {
            status: head.status,
            headers: head.headers.into(),
            body: body.to_bytes(),
            cut: false,
        })
    };
    let (mut connection, mut answer) = (pin!(connection), pin!(answer));
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            // Errors of the connection reach the response's future through hyper.
            _ = &mut connection, if !ended => ended = true,
        }
    }
}

/// Body sent in pieces, with a pause before each.
struct Bits {
    left: Bytes,
    size: usize,
    pause: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Bits {
    fn of(body: Bytes, over: Duration) -> Bits {
        let pause = over / u32::try_from(PIECES).unwrap_or(1);
        Bits {
            size: body.len().div_ceil(PIECES).max(1),
            left: body,
            pause,
            sleep: Box::pin(tokio::time::sleep(pause)),
        }
    }
}

impl Body for Bits {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let pause = self.pause;
        self.sleep = Box::pin(tokio::time::sleep(pause));
        let size = self.size.min(self.left.len());
        let piece = self.left.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
