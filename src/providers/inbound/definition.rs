//! Definition of a provider's inbound mail, in both directions: how a request is made of a message (`send inbound`), and
//! how a request is read (`listen`).
//!
//! # How to add inbound mail to a provider
//!
//! 1. Create `inbound/PROVIDER.rs` with a module comment (format, what is signed, link to the page), and
//!    `pub static INBOUND: Inbound`. Copy the nearest neighbour: `postmark.rs` for JSON, `sendgrid.rs` for a multipart
//!    form, `mailgun.rs` for forms with several modes.
//!
//!    | to describe | field of [`Inbound`] |
//!    | --- | --- |
//!    | values of `--mode`, the default first; empty if there is one form only | `modes` |
//!    | a kind of event, or a request to a URL of its own | `is_event` |
//!    | one request for each recipient, or one for all | `is_per_recipient` |
//!    | the request made of a message: [`InboundForm::One`], or [`InboundForm::Batch`] if a request can hold several | `form` |
//!    | the mails in a request | `read` |
//!    | the API from which a handler fetches what is not in the request | `content_api` |
//!    | the largest message, and where that is said | `limits` |
//!    | what the reference does not confirm | `doubts` |
//!
//! 2. The writer gets an [`IncomingMessage`](super::incoming::IncomingMessage): the message, the envelope, the mode, what
//!    the provider's filters found. It returns a delivery without a signature: the path, the user's headers and the
//!    signature come later, from the provider's own scheme. A signature inside the body needs its fields there, with any
//!    value (see `mailgun.rs`). Random ids come from the [`Rng`] only, times from `at` only, so that a seed makes the
//!    same bytes. Helpers: `incoming.rs` (headers, names, replies), `form.rs` (forms), `json.rs` (JSON).
//! 3. The reader gets the delivery and its parsed body, and must not fail: what is missing is left out. A raw message in
//!    a request is read by [`Message::read`](crate::webhook::Message::read) and
//!    [`Mail::of_message`](crate::webhook::Mail::of_message); the rest is filled in from the request.
//! 4. If the request holds ids only, the answers of the [`ContentApi`] are made of the message and of the request, whose
//!    ids are in their paths (see `resend.rs`).
//! 5. In `catalog/PROVIDER.rs`: `inbound: Some(&inbound::PROVIDER::INBOUND)`, a [`Signal`](crate::providers::Signal)
//!    by which the request is recognised, and a row of [`Kind::Inbound`](crate::webhook::Kind::Inbound) in `events`, with
//!    marks that match inbound requests and no others, the provider's own name of the event (`inbound` if it has none),
//!    and an empty example.
//! 6. Copy the vectors to `tests/vectors/inbound/PROVIDER.json`, and add the provider to `tests/it/inbound.rs`: there,
//!    every request of the vectors is read and verified, and made again from its message. List what is random or ordered
//!    freely in the request.

use crate::providers::inbound::content_api::{ApiAnswer, ContentApi, ContentRequest};
use crate::providers::inbound::incoming::IncomingMessage;
use crate::webhook::{Delivery, Document, Mail, Rng};

/// Inbound mail of a provider.
#[derive(Debug)]
pub struct Inbound {
    /// Values of `--mode`, the default first; empty if the provider has one form only.
    pub modes: &'static [&'static str],
    /// True if a handler of the provider's events may get these requests too, as one kind more; false if they have a route,
    /// a topic or a secret of their own. `check` posts them to a handler of events in the former case.
    pub is_event: bool,
    /// True if each recipient of the envelope gets a request of its own.
    pub is_per_recipient: bool,
    /// Request made of messages.
    pub form: InboundForm,
    /// Mails in a request. Never fails: what is not there is left out.
    pub read: for<'a> fn(&Delivery, &Document<'a>) -> Vec<Mail>,
    /// API from which a handler fetches the mail; none if the request holds it.
    pub content_api: Option<&'static ContentApi>,
    /// Largest messages that the provider takes; empty if none is known.
    pub limits: &'static [SizeLimit],
    /// Doubts: facts about these requests that are not confirmed.
    pub doubts: &'static [&'static str],
}

/// Way in which a request is made.
#[derive(Debug)]
pub enum InboundForm {
    /// Request with one message.
    One(fn(&IncomingMessage, &mut Rng) -> Delivery),
    /// Request that can hold several messages (`--batch`).
    Batch {
        /// JSON of one message.
        item: fn(&IncomingMessage, &mut Rng) -> serde_json::Value,
        /// Request with these.
        wrap: fn(Vec<serde_json::Value>, &mut Rng) -> Delivery,
        /// Largest number of messages, if known.
        most: Option<u16>,
        /// True if each recipient of the envelope gets an item of its own.
        is_per_recipient: bool,
    },
}

/// Largest message that a provider takes.
#[derive(Debug)]
pub struct SizeLimit {
    /// Bytes.
    pub bytes: u64,
    /// Source of the limit: a page, or an observation.
    pub source: &'static str,
    /// Modes to which the limit applies; empty for all.
    pub modes: &'static [&'static str],
}

impl Inbound {
    /// Mode by its name; the default without one. None if there is no such mode.
    pub fn mode(&self, name: Option<&str>) -> Option<&'static str> {
        match (name, self.modes) {
            (None, modes) => Some(modes.first().copied().unwrap_or_default()),
            (Some(name), modes) => modes.iter().copied().find(|mode| *mode == name),
        }
    }

    /// Largest message in this mode.
    pub fn limit_of(&self, mode: &str) -> Option<&SizeLimit> {
        let mut limits = self.limits.iter();
        limits.find(|limit| limit.modes.is_empty() || limit.modes.contains(&mode))
    }

    /// True if a request can hold several messages.
    pub fn is_batched(&self) -> bool {
        matches!(self.form, InboundForm::Batch { .. })
    }

    /// Answers of the content API about the messages of a request that was made of them; `origin` is the address of the
    /// server that gives them, such as `http://127.0.0.1:8080`. Empty if the provider has no such API.
    pub fn answers(
        &self,
        messages: &[IncomingMessage],
        request: &Delivery,
        origin: &str,
    ) -> Vec<ApiAnswer> {
        let (Some(api), Ok(body)) = (self.content_api, serde_json::from_slice(&request.body))
        else {
            return Vec::new();
        };
        (api.answers)(&ContentRequest {
            messages,
            body: &body,
            origin,
        })
    }

    /// Makes the request for these messages; of a provider that sends one a request, the first.
    pub fn delivery(&self, messages: &[IncomingMessage], rng: &mut Rng) -> Option<Delivery> {
        match self.form {
            InboundForm::One(make) => Some(make(messages.first()?, rng)),
            InboundForm::Batch {
                item,
                wrap,
                is_per_recipient,
                ..
            } => {
                let mut items = Vec::new();
                for message in messages {
                    match is_per_recipient {
                        true => items.extend(message.for_each_recipient().map(|it| item(&it, rng))),
                        false => items.push(item(message, rng)),
                    }
                }
                Some(wrap(items, rng))
            }
        }
    }
}
