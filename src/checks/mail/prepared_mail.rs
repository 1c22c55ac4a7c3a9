//! Requests made of a message, as `send inbound` makes them.

use jiff::Timestamp;

use crate::checks::mail::payload::MailPayload;
use crate::providers::{ApiAnswer, FilterResults, Inbound, IncomingMessage};
use crate::webhook::mail::compose::{AUTHOR, Draft, RECIPIENT};
use crate::webhook::mail::eml::message_bytes;
use crate::webhook::{Delivery, Message, Rng, address};

/// Message that is ready to be posted any number of times.
#[derive(Debug)]
pub struct PreparedMail {
    inbound: &'static Inbound,
    mode: &'static str,
    /// Message of the payload; none for a small one that is made anew for each delivery.
    message: Option<Message>,
    mail_from: String,
    recipients: Vec<String>,
}

impl PreparedMail {
    /// Message of a payload, or a small one without; the error says why it is none.
    pub fn new(
        inbound: &'static Inbound,
        mode: &'static str,
        payload: Option<&MailPayload>,
    ) -> Result<PreparedMail, String> {
        let Some(payload) = payload else {
            return Ok(PreparedMail {
                inbound,
                mode,
                message: None,
                mail_from: address(AUTHOR).to_owned(),
                recipients: vec![RECIPIENT.to_owned()],
            });
        };
        Ok(PreparedMail {
            inbound,
            mode,
            message: Some(Message::read(message_bytes(payload.eml.clone())?)),
            mail_from: payload.mail_from.to_owned(),
            recipients: payload.recipients.to_vec(),
        })
    }

    /// Makes a delivery; `message` is the random stream of a message that is made.
    pub fn fill(
        &self,
        at: Timestamp,
        rng: &mut Rng,
        message: &mut Rng,
    ) -> Result<Delivery, String> {
        let delivery = self.with(at, message, |incoming| {
            self.inbound.delivery(&[incoming], rng)
        });
        delivery.ok_or_else(|| "there is nothing to send".to_owned())
    }

    /// Answers of the content API about a delivery that was made.
    pub fn answers(
        &self,
        at: Timestamp,
        message: &mut Rng,
        delivery: &Delivery,
        origin: &str,
    ) -> Vec<ApiAnswer> {
        self.with(at, message, |incoming| {
            self.inbound.answers(&[incoming], delivery, origin)
        })
    }

    fn with<T>(&self, at: Timestamp, rng: &mut Rng, make: impl FnOnce(IncomingMessage) -> T) -> T {
        let made = match &self.message {
            Some(_) => None,
            None => Some(Message::read(Draft::default().write(at, rng))),
        };
        let Some(message) = self.message.as_ref().or(made.as_ref()) else {
            unreachable!("a message is given or made")
        };
        make(IncomingMessage {
            message,
            mail_from: &self.mail_from,
            recipients: &self.recipients,
            mode: self.mode,
            results: &FilterResults::default(),
            at,
        })
    }
}
