//! Delivery with all that is known about it, as it was received or as it was read from a recording.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::report::{Received, Repeat};
use crate::webhook::{Delivery, Fixture, Receipt, RecordedAnswer};

/// Delivery with its receipt and the responses to it.
#[derive(Debug)]
pub struct Kept {
    /// Id of the delivery.
    pub id: String,
    /// Time at which it was received.
    pub at: Timestamp,
    /// Address of the sender; none if it was read from a recording.
    pub remote: Option<SocketAddr>,
    /// The request.
    pub delivery: Delivery,
    /// Provider, events and signature found in it.
    pub receipt: Receipt,
    /// Status that the sender got.
    pub status: Option<u16>,
    /// True if its connection was closed in place of a response.
    pub hung_up: bool,
    /// Body that the sender got: its first 64 KiB.
    pub response: Bytes,
    /// Content coding of that body.
    pub response_coding: Option<String>,
    /// Time until the response.
    pub took: Duration,
    /// True if it was rejected for its signature.
    pub rejected: bool,
    /// True if it was failed on purpose.
    pub on_purpose: bool,
    /// Repetition of an earlier delivery, if it is one.
    pub again: Option<Repeat>,
    /// Address in a recording.
    pub address: Option<String>,
    /// Attempts to pass it on to handlers, in order.
    pub(crate) answers: Mutex<Vec<RecordedAnswer>>,
}

impl Kept {
    /// Creates it of a request and what was read from it, without a response.
    pub fn new(id: String, at: Timestamp, delivery: Delivery, receipt: Receipt) -> Kept {
        Kept {
            id,
            at,
            remote: None,
            delivery,
            receipt,
            status: None,
            hung_up: false,
            response: Bytes::new(),
            response_coding: None,
            took: Duration::ZERO,
            rejected: false,
            on_purpose: false,
            again: None,
            address: None,
            answers: Mutex::default(),
        }
    }

    /// Makes it of a recorded delivery with its receipt.
    pub fn recorded(id: String, address: String, fixture: Fixture, receipt: Receipt) -> Kept {
        let last = fixture.answers.last();
        let status = fixture.last_status();
        let micros = match (last, &fixture.reply) {
            (Some(last), _) => last.micros,
            (None, Some(reply)) => reply.micros,
            (None, None) => 0,
        };
        let response = last.and_then(|it| it.body.clone()).unwrap_or_default();
        let at = fixture.at.unwrap_or(Timestamp::UNIX_EPOCH);
        Kept {
            status,
            response,
            took: Duration::from_micros(micros),
            address: Some(address),
            answers: Mutex::new(fixture.answers),
            ..Kept::new(id, at, fixture.delivery, receipt)
        }
    }

    /// Adds an attempt to pass it on.
    pub fn answered(&self, answer: RecordedAnswer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push(answer);
    }

    /// Attempts to pass it on, in order.
    pub fn answers(&self) -> Vec<RecordedAnswer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.clone()
    }

    /// The delivery as the reporter takes it.
    pub fn as_received(&self) -> Received<'_> {
        Received {
            id: &self.id,
            at: self.at,
            remote: self.remote,
            delivery: &self.delivery,
            receipt: &self.receipt,
            status: self.status,
            answer: &self.response,
            answer_coding: self.response_coding.as_deref(),
            hung_up: self.hung_up,
            took: self.took,
            rejected: self.rejected,
            on_purpose: self.on_purpose,
            again: self.again,
            handler: None,
            address: self.address.as_deref(),
        }
    }

    /// The delivery as a fixture, with the responses to it.
    pub fn to_fixture(&self) -> Fixture {
        Fixture {
            id: Some(self.id.clone()),
            at: Some(self.at),
            answers: self.answers(),
            ..Fixture::new(self.delivery.clone())
        }
    }
}
