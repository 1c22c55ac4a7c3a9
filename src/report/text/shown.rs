//! Recorded delivery as text, for `show`: what `listen -v` prints of it, and the recorded responses.

use std::io::Write as _;
use std::time::Duration;

use crate::report::notice::{Logged, Received};
use crate::report::text::humanize::span;
use crate::report::text::palette::Role;
use crate::report::text::{GUTTER, TextReport};
use crate::report::{Mode, Untrusted, escape_into};
use crate::webhook::{RecordedAnswer, masked_path};

impl TextReport {
    /// Writes a recorded delivery in full: what `listen -v` shows of it, and the recorded responses.
    pub(super) fn shown(&self, out: &mut Vec<u8>, it: &Logged) {
        let Logged {
            fixture, receipt, ..
        } = it;
        self.shown_head(out, it);
        let received = Received {
            id: fixture.id.as_deref().unwrap_or("-"),
            at: fixture.at.unwrap_or_default(),
            remote: None,
            delivery: &fixture.delivery,
            receipt,
            status: None,
            hung_up: false,
            answer: &[],
            answer_coding: None,
            took: Duration::ZERO,
            rejected: false,
            on_purpose: false,
            again: None,
            handler: None,
            address: None,
        };
        self.remarks(out, &received);
        self.events(out, &receipt.events);
        self.headers(out, &fixture.delivery.headers);
        self.mails(out, &receipt.mails);
        self.content(out, &fixture.delivery);
        if let (Some(reply), true) = (&fixture.reply, fixture.answers.is_empty()) {
            let took = span(Duration::from_micros(reply.micros));
            self.paint(out, Role::Dim, "  response ");
            self.status(out, reply.status);
            let _ = writeln!(out, " in {took}");
            self.body(out, reply.body.as_deref().unwrap_or_default(), GUTTER);
        }
        for answer in &fixture.answers {
            self.shown_response(out, answer);
        }
    }

    /// Writes the first line: address, time, request and status.
    fn shown_head(&self, out: &mut Vec<u8>, it: &Logged) {
        let Logged {
            address,
            fixture,
            receipt,
        } = it;
        self.paint(out, Role::Bold, &Untrusted::new(address).to_string());
        if let Some(at) = fixture.at {
            let _ = write!(out, "  {} ", self.zone.to_datetime(at).date());
            self.clock(out, at);
        }
        out.extend_from_slice(b"  ");
        self.paint(out, Role::Bold, fixture.delivery.method.as_str());
        out.push(b' ');
        let path = masked_path(fixture.delivery.path.as_str());
        escape_into(out, path.as_bytes(), Mode::Line);
        out.extend_from_slice(b"  ");
        self.claims(out, receipt);
        out.extend_from_slice(b"  ");
        match fixture.last_status() {
            Some(status) => self.status(out, status),
            None => self.paint(out, Role::Dim, "no response recorded"),
        }
        out.push(b'\n');
    }

    /// Writes a recorded response, or the reason why there was none.
    fn shown_response(&self, out: &mut Vec<u8>, answer: &RecordedAnswer) {
        let took = span(Duration::from_micros(answer.micros));
        let target = Untrusted::new(&answer.target);
        match answer.status {
            Some(status) => {
                self.paint(out, Role::Dim, "  response ");
                self.status(out, status);
                let _ = write!(out, " in {took} from {target}");
            }
            None => {
                self.paint(out, Role::Bad, "  no response");
                let why = answer.reason.as_deref().unwrap_or(&answer.outcome);
                let _ = write!(out, " from {target}: {}", Untrusted::new(why));
            }
        }
        if answer.attempt > 1 {
            self.paint(out, Role::Dim, &format!("  attempt {}", answer.attempt));
        }
        out.push(b'\n');
        self.headers(out, &answer.headers);
        self.body(out, answer.body.as_deref().unwrap_or_default(), GUTTER);
        if answer.cut {
            self.paint(out, Role::Dim, "  … only the beginning was recorded\n");
        }
    }
}
