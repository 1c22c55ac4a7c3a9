//! Received request, and what becomes of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::commands::forward::forward_result::{ForwardResult, ToForward};
use crate::commands::forward::forwarder::ReservedForward;
use crate::commands::listen::duplicates::Sighting;
use crate::commands::listen::faults::Failure;
use crate::commands::sns::subscription::Confirmation;
use crate::inspector::store::packed::Packed;
use crate::io::recorder::RecordedAt;
use crate::io::server::Answer;
use crate::providers;
use crate::providers::Challenged;
use crate::report::{Received, Repeat};
use crate::webhook::{ANSWER_BODY, Delivery, Receipt, Verdict};

/// Received request with its receipt, duplicate count and challenge.
pub(super) struct Incoming {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) begun: Instant,
    pub(super) remote: SocketAddr,
    pub(super) delivery: Delivery,
    pub(super) receipt: Receipt,
    pub(super) sighting: Option<Sighting>,
    pub(super) challenged: Option<Challenged>,
}

/// Decision on a delivery, before it is recorded and answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    Accept,
    /// Handshake without a valid signature under `--require-signature`: answered, but not forwarded.
    Handshake,
    /// Invalid or missing signature under `--require-signature`: rejected with 401.
    Reject,
    /// Failure injected by `--fail-first`, `--fail-rate`, `--fail-status` or `--hang-up`.
    Fail(Failure),
    /// Forwarding loop: the `Via` header names this listener.
    Loop,
}

/// Response to a delivery, with the results of forwarding and subscription confirmation.
pub(super) struct Handled {
    pub(super) answer: Answer,
    /// True for a 401 because of the signature.
    pub(super) rejected: bool,
    pub(super) on_purpose: bool,
    pub(super) forwarded: Option<ForwardResult>,
    pub(super) reserved: Vec<ReservedForward>,
    pub(super) recorded: Option<RecordedAt>,
    pub(super) confirmed: Option<Confirmation>,
}

impl Incoming {
    /// The delivery with its response, for reporter and inspector.
    pub(super) fn as_received<'a>(
        &'a self,
        done: &'a Handled,
        took: Duration,
        address: Option<&'a str>,
    ) -> Received<'a> {
        let again = self.sighting.filter(|sighting| sighting.count > 1);
        Received {
            id: &self.id,
            at: self.at,
            remote: Some(self.remote),
            delivery: &self.delivery,
            receipt: &self.receipt,
            status: (!done.answer.hang_up).then_some(done.answer.status.as_u16()),
            hung_up: done.answer.hang_up,
            answer: &done.answer.body,
            answer_coding: done.answer.headers.text("content-encoding"),
            took,
            rejected: done.rejected,
            on_purpose: done.on_purpose,
            again: again.map(|Sighting { count, since }| Repeat { count, since }),
            handler: None,
            address,
        }
    }

    /// The delivery for the inspector, with its response.
    pub(super) fn packed(&self, done: &Handled, took: Duration) -> Packed {
        let body = &done.answer.body;
        let address = done.recorded.as_ref().map(|it| it.address(&self.id));
        let received = self.as_received(done, took, address.as_deref());
        Packed::received(&received, body.slice(..body.len().min(ANSWER_BODY)))
    }

    /// Returns the delivery for the forwarder, with the file that it was recorded in.
    pub(super) fn to_forward<'a>(&'a self, recorded: Option<&'a RecordedAt>) -> ToForward<'a> {
        ToForward {
            id: &self.id,
            at: self.at,
            delivery: &self.delivery,
            file: recorded.map(|recorded| &recorded.file),
        }
    }
}

impl Handled {
    /// Returns a request with this response and nothing else done.
    pub(super) fn of(answer: Answer) -> Self {
        Self {
            answer,
            rejected: false,
            on_purpose: false,
            forwarded: None,
            reserved: Vec::new(),
            recorded: None,
            confirmed: None,
        }
    }
}

/// Explains a rejection for which verification gave no reason: no provider, no secret or no signature.
pub(super) fn why_rejected(receipt: &Receipt) -> String {
    match (
        receipt.provider.and_then(providers::find),
        receipt.signature.verdict,
    ) {
        (None, _) => "no provider is recognised, so there is no signature to verify".into(),
        (Some(_), Verdict::Unchecked) => {
            "no secret was given to verify it with, and the test key does not fit".into()
        }
        (Some(provider), _) if provider.schemes.is_empty() => {
            format!(
                "{} signs nothing, so nothing can be verified",
                provider.title
            )
        }
        (Some(_), _) => "it is not signed".into(),
    }
}
