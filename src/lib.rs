//! `webhook-cli`: listen for, send and replay email webhooks on localhost, shaped and signed as the providers do.
//!
//! # Rooms
//!
//! ```text
//! main.rs → lib.rs → cli/ (words) → commands/ (verbs: listen, send, replay, verify, check)
//!                                         │ connects
//!        webhook/ (nouns, pure) ◄── providers/ (the catalogue, pure) ◄── battery/ (the questions of check, pure)
//!               ▲                   io/ (doors: server, client, recorder, watch)
//!               └────────────────── report/ (the voice: Notice in, text or JSON out)
//! ```
//!
//! [`webhook`] imports no other room. [`io`] does not know what an event is. [`report`] is told and never asks. Only
//! [`commands`] sees everything. [`error`] is everybody's. `tests/architecture.rs` holds this as a table.
//!
//! # Flows
//!
//! * **listen**: `io::server` gives an arrival to `commands::desk`; `providers::read` makes a receipt of it;
//!   it is recorded, forwarded, answered, and told to the reporter.
//! * **send**: a `providers::Template` takes an example apart, a `providers::Stencil` is what differs from one delivery
//!   to the next cut out of it, a `webhook::Recipe` signs it (or a `webhook::Tamper` gets it wrong on purpose), and
//!   `commands::courier` delivers it.
//! * **replay**: `io::source` reads fixtures one by one, and the courier delivers them, signed anew if wanted.
//! * **check**: each check of the [`battery`] plans its steps, `commands::examiner` carries them out, the check judges
//!   what was seen, and the reporter is told.
//!
//! # Invariants
//!
//! * The bytes of a body are never parsed and printed again on their way through. Signing a body changes the
//!   signature's own bytes in place, and no others.
//! * What a stranger wrote reaches a terminal only through [`report`]'s escaping.
//! * Reading never fails: [`providers::read`] gives a receipt for any bytes at all.
//! * No clock, no randomness, no disk in [`webhook`], [`providers`] and [`battery`]: `now` and a seed are arguments.
//! * A secret has no way to be printed.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::indexing_slicing))]

pub mod battery;
pub mod cli;
pub mod commands;
pub mod error;
pub mod io;
pub mod providers;
pub mod report;
pub mod webhook;

use clap::Parser;

use crate::error::Exit;

/// Reads the command line, does what it says, and tells how it ended.
pub fn run() -> Exit {
    commands::answer_a_shell();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version go to stdout and are a success; a closed pipe is none of our business.
            let _ = told.print();
            return if told.use_stderr() {
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
