//! Keys of `listen` on a terminal: what each of them does.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::commands::inspect::startup::open_browser;
use crate::commands::listen::faults::Failure;
use crate::commands::listen::handler::ListenHandler;
use crate::commands::listen::recent::KeptDelivery;
use crate::commands::shutdown::interrupt_self;
use crate::io::keyboard::Keyboard;
use crate::report::{Notice, Received, Reporter, Role, curl};
use crate::webhook::Target;

/// Longest body that is printed as part of a curl command.
const LONGEST_BODY: usize = 64 << 10;

/// Keys and what they do, as `?` prints them.
const HELP: &str = "  \
  r      send the last delivery to the handler again
  f      fail the next delivery
  c      print the last delivery as a curl command
  o      open the inspector in the browser
  space  pause the output, and go on; deliveries get their responses
  Enter  print a blank line
  q      end, as Ctrl-C does
  ?      print this list
";

/// Keys of a running listener.
#[derive(Clone)]
pub(crate) struct KeyCommands {
    handler: Arc<ListenHandler>,
    report: Arc<Reporter>,
    /// URL of this listener, for a curl command where there is no handler.
    own: String,
    /// URL of the inspector, if there is one.
    inspector: Option<String>,
    runtime: Handle,
}

impl KeyCommands {
    /// Starts to read keys, if both ends are a terminal. They are read until the keyboard is dropped.
    pub(crate) fn start(
        handler: &Arc<ListenHandler>,
        report: &Arc<Reporter>,
        own: &str,
        inspector: Option<String>,
    ) -> Option<Keyboard> {
        if report.is_json() {
            return None;
        }
        let keys = KeyCommands {
            handler: Arc::clone(handler),
            report: Arc::clone(report),
            own: own.to_owned(),
            inspector,
            runtime: Handle::current(),
        };
        let keyboard = Keyboard::open(move |key| keys.press(key))?;
        let report = Arc::clone(report);
        tokio::spawn(Keyboard::watch_signals(move |stop| {
            report.progress().aside(stop);
        }));
        Some(keyboard)
    }

    fn press(&self, key: u8) {
        match key {
            b'?' => self.report.show(HELP),
            b'r' => self.resend(),
            b'f' => self.fail_next(),
            b'c' => self.print_curl(),
            b'o' => self.open_inspector(),
            b' ' => self.pause(),
            b'\r' | b'\n' => self.report.show("\n"),
            b'q' => interrupt_self(),
            _ => {}
        }
    }

    /// Prints a line about a key.
    fn say(&self, line: &str) {
        let line = self.report.palette().paint(Role::Dim, line);
        self.report.show(&format!("  {line}\n"));
    }

    fn last(&self) -> Option<Arc<KeptDelivery>> {
        let Some(recent) = &self.handler.recent else {
            self.say("no delivery is kept: `--keep` is 0");
            return None;
        };
        let last = recent.last();
        if last.is_none() {
            self.say("there is no delivery yet");
        }
        last
    }

    fn resend(&self) {
        if self.handler.forwarder.is_none() {
            return self.say("there is no handler to send it to: start with `--forward-to :3000`");
        }
        let Some(last) = self.last() else {
            return;
        };
        let (handler, report) = (Arc::clone(&self.handler), Arc::clone(&self.report));
        self.runtime.spawn(async move {
            let Some(forwarder) = &handler.forwarder else {
                return;
            };
            let begun = Instant::now();
            let attempt = last.next_attempt();
            let events = &last.receipt.events;
            let sent = forwarder.resend(last.to_forward(), events, attempt).await;
            let Some((result, answer)) = sent else {
                return report.note("no handler gets events of this kind");
            };
            let recorded = last.recorded.as_ref();
            let address = recorded.map(|recorded| recorded.address(&last.id));
            report.tell(&Notice::Resent(Received {
                id: &last.id,
                at: Timestamp::now(),
                remote: None,
                delivery: &last.delivery,
                receipt: &last.receipt,
                status: Some(answer.status.as_u16()),
                hung_up: answer.hang_up,
                answer: &answer.body,
                answer_coding: answer.headers.text("content-encoding"),
                took: begun.elapsed(),
                rejected: false,
                on_purpose: false,
                again: None,
                handler: Some(result.as_notice()),
                address: address.as_deref(),
            }));
        });
    }

    fn fail_next(&self) {
        let faults = self.handler.faults.current();
        let count = faults.fail_next();
        let which = match count {
            1 => "the next delivery gets".to_owned(),
            count => format!("the next {count} deliveries get"),
        };
        let what = match faults.failure {
            Failure::Status(status) => status.as_u16().to_string(),
            Failure::HangUp => "no response: the connection is closed".to_owned(),
        };
        self.say(&format!("{which} {what}"));
    }

    fn open_inspector(&self) {
        match &self.inspector {
            Some(url) => open_browser(url, &self.report),
            None => self.say("there is no inspector: start with `--ui`"),
        }
    }

    fn print_curl(&self) {
        let Some(last) = self.last() else {
            return;
        };
        let body = last.delivery.body.len();
        if body > LONGEST_BODY {
            return self.say(&match &last.recorded {
                Some(recorded) => format!(
                    "its body is too long to be printed: webhook-cli show {} --as curl > request.sh",
                    recorded.address(&last.id)
                ),
                None => format!("its body is too long to be printed: {body} bytes"),
            });
        }
        let forwarder = self.handler.forwarder.as_ref();
        let target = forwarder.and_then(|it| it.target(&last.receipt.events));
        let Some(target) = target.or_else(|| Target::parse(&self.own).ok()) else {
            return;
        };
        let mut delivery = last.delivery.clone();
        delivery.aim(target.path_for(&delivery.path));
        self.report.data(&curl(&delivery, &target));
    }

    fn pause(&self) {
        if self.report.is_paused() {
            self.report.resume();
        } else {
            self.report.pause();
            if !self.report.progress().is_shown() {
                self.say("paused; space goes on");
            }
        }
    }
}
