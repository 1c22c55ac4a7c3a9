//! Flags of `send inbound`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::values::{duration, loopback};

/// Parses a spam score.
fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|score: &f64| score.is_finite());
    score.ok_or_else(|| format!("`{text}` is not a score; write a number such as `1.7`"))
}

/// Message and envelope of `send inbound`, and what the provider reports of them
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InboundArgs {
    /// Message to post as the provider would (`send inbound`): an `.eml` file, or `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "subject", "text", "html", "attachments"], hide_short_help = true, help_heading = "Inbound mail")]
    pub eml: Option<PathBuf>,

    /// Sender in the SMTP envelope; empty or `<>` for a null return path [default: Return-Path, else From]
    #[arg(
        long,
        value_name = "EMAIL",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub mail_from: Option<String>,

    /// Recipient in the SMTP envelope; may be repeated [default: Delivered-To, else the first of To and Cc]
    #[arg(
        long = "rcpt",
        value_name = "EMAIL",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub rcpts: Vec<String>,

    /// Form of the request, where the provider has several: raw, parsed, stored, utf8, base64, s3, hash, json, multipart
    #[arg(
        long,
        value_name = "MODE",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub mode: Option<String>,

    /// Author of the message that is made
    #[arg(
        long,
        value_name = "EMAIL",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub from: Option<String>,

    /// Subject of the message that is made
    #[arg(
        long,
        value_name = "TEXT",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub subject: Option<String>,

    /// Text of the message that is made
    #[arg(
        long,
        value_name = "TEXT",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub text: Option<String>,

    /// HTML of the message that is made
    #[arg(
        long,
        value_name = "HTML",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub html: Option<String>,

    /// File to attach to the message that is made; may be repeated
    #[arg(
        long = "attach",
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub attachments: Vec<PathBuf>,

    /// Serve the provider's content API on this port, for handlers that fetch the mail from there
    ///
    /// Requests of some providers hold ids only. This API has the messages that are sent: their parts, their raw form and
    /// their files. It can be reached from this machine only, and takes any credentials and none. `:0` takes any free port.
    #[arg(long, value_name = "PORT", value_parser = loopback, conflicts_with = "dry_run", hide_short_help = true, help_heading = "Inbound mail")]
    pub api: Option<SocketAddr>,

    /// Time for which `--api` responds after everything was sent [default: until 30s pass without a request]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "api", hide_short_help = true, help_heading = "Inbound mail")]
    pub span: Option<Duration>,

    /// Spam score that the provider reports
    #[arg(long, value_name = "SCORE", value_parser = score, allow_negative_numbers = true, hide_short_help = true, help_heading = "Inbound mail")]
    pub spam_score: Option<f64>,

    /// SPF result that the provider reports: pass, fail, softfail, neutral, none
    #[arg(
        long,
        value_name = "RESULT",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub spf: Option<String>,

    /// DKIM result that the provider reports: pass, fail, none
    #[arg(
        long,
        value_name = "RESULT",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub dkim: Option<String>,

    /// DMARC result that the provider reports: pass, fail, none
    #[arg(
        long,
        value_name = "RESULT",
        hide_short_help = true,
        help_heading = "Inbound mail"
    )]
    pub dmarc: Option<String>,
}

impl InboundArgs {
    /// First of these flags that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--eml", self.eml.is_some()),
            ("--mail-from", self.mail_from.is_some()),
            ("--rcpt", !self.rcpts.is_empty()),
            ("--mode", self.mode.is_some()),
            ("--from", self.from.is_some()),
            ("--subject", self.subject.is_some()),
            ("--text", self.text.is_some()),
            ("--html", self.html.is_some()),
            ("--attach", !self.attachments.is_empty()),
            ("--api", self.api.is_some()),
            ("--spam-score", self.spam_score.is_some()),
            ("--spf", self.spf.is_some()),
            ("--dkim", self.dkim.is_some()),
            ("--dmarc", self.dmarc.is_some()),
        ];
        let given = flags.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag)
    }
}
