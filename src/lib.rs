//! `webhook-cli`: listen for, send and replay email webhooks on localhost, shaped and signed as the providers do.
//!
//! # Rooms
//!
//! ```text
//! main.rs → lib.rs → cli/ (words) → commands/ (verbs: listen, send, replay, verify, check)
//!                                         │ connects
//!        webhook/ (nouns, pure) ◄── providers/ (the catalogue, pure) ◄── checks/ (the checks of `check`, pure)
//!               ▲                   io/ (doors: server, client, recording, tls, watch)
//!               └────────────────── report/ (the voice: Notice in, text or JSON out)
//! ```
//!
//! [`webhook`] imports no other room. [`io`] does not know what an event is. [`report`] is told and never asks. Only
//! [`commands`] sees everything. [`error`] is everybody's. A room of many files has sub-rooms, one level deep.
//! `tests/it/architecture.rs` holds this as a table.
//!
//! # Where things are
//!
//! | to change | look at |
//! | --- | --- |
//! | a provider: fields, kinds, signature, provenance | `providers/catalog/NAME.rs`; the form that it fills in, and how to add one: `providers/provider.rs` |
//! | how a signature is computed and verified | `webhook/signing/scheme.rs` (one description for both), `algorithm.rs`, `secret.rs` |
//! | why a signature fails (`verify`) | `providers/diagnose/` |
//! | a made event (`send`) | `providers/synth/` (from an example to a delivery), `commands/send/` |
//! | a body: JSON, forms, multipart | `webhook/body/` |
//! | recordings, fixtures, HAR | `webhook/fixture/` (the format), `io/recording/` (files) |
//! | the listener: handler, forwarding, recording, fault injection | `commands/listen/`, `io/server/` |
//! | requests that we send: retries, pace, order | `webhook/sending/`, `commands/dispatch.rs`, `io/client/` |
//! | a check of `check` | a value in `checks/<group>.rs` |
//! | a flag | `cli/<command>.rs`, then the plan of that command |
//! | text, JSON lines, JUnit, TAP, HAR, curl | `report/text/`, `report/json_lines.rs`, `report/formats/` |
//!
//! # Words
//!
//! **Delivery**: a request as it travels. **Event**: what happened, in common words. **Kind**: one of a closed list of
//! these. **Provider**: a filled-in form. **Scheme**: what is signed, how, and where the signature is.
//! **Secret**, **Key**: what the user gives, and what is computed with. **Verdict**: what a signature is worth.
//! **Receipt**: what was read from a delivery. **Fixture**: a delivery as text. **Recording**: fixtures, a line each.
//! **Template**, **CompiledTemplate**: an example taken apart, and compiled. **Target**, **Attempt**, **Outcome**: where a
//! delivery is sent, one try, and what came of it. **Check**, **Finding**: a question of `check`, and its result.
//! **Notice**: anything worth printing. **Tally**: what a run came to.
//!
//! # Flows
//!
//! * **listen**: `io::server` gives an arrival to `commands::listen::handler`; `providers::read` makes a receipt of it;
//!   it is recorded, forwarded, answered, and told to the reporter.
//! * **send**: a `providers::Template` takes an example apart, a `providers::CompiledTemplate` is what differs from one delivery
//!   to the next cut out of it, a `webhook::Scheme` signs it (or a `webhook::Tamper` gets it wrong on purpose), and
//!   `commands::dispatch` delivers it.
//! * **replay**: `io::recording::reader` reads fixtures one by one, and the dispatcher delivers them, signed anew if wanted.
//! * **check**: each check of [`checks`] plans its steps, `commands::check::runner` carries them out, the check judges
//!   what was seen, and the reporter is told.
//!
//! # Invariants
//!
//! * The bytes of a body are never parsed and printed again on their way through. Signing a body changes the
//!   signature's own bytes in place, and no others.
//! * What a stranger wrote reaches a terminal only through [`report`]'s escaping.
//! * Reading never fails: [`providers::read`] gives a receipt for any bytes at all.
//! * No clock, no randomness, no disk in [`webhook`], [`providers`] and [`checks`]: `now` and a seed are arguments.
//! * A secret has no way to be printed.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::indexing_slicing))]

pub mod checks;
pub mod cli;
pub mod commands;
pub mod error;
pub mod io;
pub mod providers;
pub mod report;
pub mod webhook;

use clap::{CommandFactory, FromArgMatches};

use crate::error::Exit;

/// Reads the command line, does what it says, and tells how it ended.
pub fn run() -> Exit {
    commands::answer_a_shell();
    let command = cli::Cli::command().term_width(help_width());
    let parsed = command.try_get_matches();
    let cli = match parsed.and_then(|matches| cli::Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version go to stdout and are a success; a closed pipe is none of our business.
            let printed = told.print().or_else(|error| match error.kind() {
                std::io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(error),
            });
            return if told.use_stderr() || printed.is_err() {
                Exit::Usage
            } else {
                Exit::Success
            };
        }
    };
    let color = cli.color.into();
    let exit = commands::run(cli).unwrap_or_else(|error| {
        report::complain(&error, color);
        error.exit()
    });
    if report::lost_output() {
        exit.or(Exit::Failure)
    } else {
        exit
    }
}

/// Columns of the help: those of the terminal, and at least 80, so that no command in it is broken; a narrower terminal
/// wraps it.
fn help_width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    report::width()
        .or_else(columns)
        .unwrap_or(100)
        .clamp(80, 100)
}
