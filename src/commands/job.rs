//! Job: one delivery to send, with what is known of it.

use std::time::Duration;

use jiff::Timestamp;

use crate::io::recording::reader::Source;
use crate::io::recording::resume::ResumeStep;
use crate::providers::Provider;
use crate::webhook::{Delivery, Expectation, Fixture, Kind, Outcome, Receipt, Reply, differs};

/// Request to send, with its source, provider and replay data.
#[derive(Debug)]
pub(crate) struct Job {
    /// Delivery id, the same for every attempt.
    pub id: String,
    /// Source of the delivery, for messages: file and line, or the `send` command.
    pub source: Source,
    /// Summary of the first event, for messages; computed when it is printed if none.
    pub about: Option<String>,
    /// Provider of the delivery, if known; needed to sign retries.
    pub provider: Option<&'static Provider>,
    /// Request to send.
    pub delivery: Delivery,
    /// Data of the recorded delivery that this job replays; empty for `send`.
    pub origin: JobOrigin,
}

/// Data of a recorded delivery that is sent again.
#[derive(Debug, Default)]
pub(crate) struct JobOrigin {
    /// Time of recording.
    pub at: Option<Timestamp>,
    /// Step in the resume journal (`--resume`).
    pub step: Option<ResumeStep>,
    /// Expectation from the fixture's `expect` member.
    pub expected: Option<Expectation>,
    /// Recorded response, for `--compare`.
    pub reply: Option<Reply>,
    /// Hashes of the message ids; with `--ordered`, jobs that share one are sent in order.
    pub messages: Vec<u64>,
    /// True if retries keep the signature, because this delivery was not signed here.
    pub keeps_signature: bool,
    /// Fixture of the delivery, for `--failed-to` and `--answers-to`.
    pub fixture: Option<Box<Fixture>>,
}

impl JobOrigin {
    /// Adds to a response why it is no success, by the fixture's own expectation or this one, or by the recorded
    /// response.
    pub(crate) fn judge(
        &self,
        outcome: Outcome,
        took: Duration,
        expected: &Expectation,
    ) -> Outcome {
        let expected = self.expected.as_ref().unwrap_or(expected);
        let why = match &self.reply {
            Some(reply) => differs(reply, &outcome).or_else(|| expected.late(took)),
            None => expected.judge(&outcome, took),
        };
        match outcome {
            Outcome::Answered {
                status,
                body,
                retry_after,
                location,
                ..
            } => Outcome::Answered {
                status,
                body,
                retry_after,
                location,
                unexpected: why,
            },
            other => other,
        }
    }
}

/// Returns a one-line summary of a receipt: the first event, and the number of others.
pub(super) fn about(receipt: &Receipt) -> String {
    let provider = receipt.provider.unwrap_or("unknown");
    match receipt.events.as_slice() {
        [] => format!("{:<11} {provider}", "-"),
        [event, rest @ ..] => {
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} more", rest.len())
            };
            let native = if event.kind == Kind::Other {
                event.native.as_str()
            } else {
                event.kind.name()
            };
            format!(
                "{native:<11} {}{more}  {provider}",
                event.recipient.as_deref().unwrap_or("-")
            )
        }
    }
}
