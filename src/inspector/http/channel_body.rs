//! Body of a response that is made while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::Frame;
use tokio::sync::mpsc;

/// Pieces that wait for a slow reader.
const WAITING: usize = 16;

/// Body of a response whose pieces come through a channel.
pub struct ChannelBody(mpsc::Receiver<Bytes>);

impl ChannelBody {
    /// Creates a body, and the sender of its pieces.
    pub fn new() -> (mpsc::Sender<Bytes>, ChannelBody) {
        let (give, take) = mpsc::channel(WAITING);
        (give, ChannelBody(take))
    }
}

impl hyper::body::Body for ChannelBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.0.poll_recv(context);
        piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
