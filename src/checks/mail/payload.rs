//! Message of a check, and the command that prints it.

use std::sync::Arc;

use bytes::Bytes;

use crate::webhook::shell;
use crate::webhook::shell::CommandLine;

/// Message to post as the provider would, and its envelope.
#[derive(Clone, Debug)]
pub struct MailPayload {
    /// The message, with line feeds, as a file has it.
    pub eml: Bytes,
    /// `MAIL FROM`; empty for a null return path.
    pub mail_from: &'static str,
    /// `RCPT TO`, each.
    pub recipients: Arc<[String]>,
    /// Command that prints the message, if it is too long to be shown.
    pub command: Option<String>,
}

impl MailPayload {
    /// Writes the flags of `send inbound` for it.
    pub fn write(&self, line: &mut CommandLine) {
        line.option("--eml", "-");
        let mail_from = match self.mail_from {
            "" => "<>",
            given => given,
        };
        line.option("--mail-from", mail_from);
        for recipient in self.recipients.iter() {
            line.option("--rcpt", recipient);
        }
        let printed = || format!("printf {}", shell::printf(&self.eml));
        line.pipe_from(self.command.clone().unwrap_or_else(printed));
    }
}
