//! `webhook-cli`: receives, sends, replays and verifies email webhooks on localhost, in each provider's format and with
//! its signature. This page is the map: rooms, places, words, flows, invariants, and what to do to add something.
//!
//! # Rooms
//!
//! ```text
//! main.rs → lib.rs → cli/ (flags and help) → commands/ (listen, send, replay, log, show, verify, check, …)
//!                                                  │ connects
//!        webhook/ (data types, pure) ◄── providers/ (the catalogue, pure) ◄── checks/ (the checks of `check`, pure)
//!               ▲                        io/ (server, client, recordings, TLS, file watching)
//!               │                        inspector/ (page and API over what was received or recorded)
//!               └─────────────────────── report/ (all output: a Notice in, text or JSON out)
//! ```
//!
//! Arrows are imports; this is the whole list:
//!
//! | room | may import | does not know |
//! | --- | --- | --- |
//! | [`webhook`] | nothing | providers, network, disk, clock |
//! | [`providers`] | `webhook` | network, disk, clock |
//! | [`checks`] | `providers`, `webhook` | network, disk, clock |
//! | [`io`] | `webhook` | providers and events: it moves deliveries and fixtures |
//! | [`report`] | `webhook` | the command that runs: it gets every fact in a [`report::Notice`] |
//! | [`inspector`] | `cli`, `io`, `providers`, `report`, `webhook` | `send`, `replay` and `verify`: it asks its [`Backend`](inspector::backend::Backend) |
//! | [`cli`] | `webhook` | the meaning of a flag: parsing has no effects |
//! | [`commands`] | all | |
//!
//! [`error`] is open to all. A large room has sub-rooms, one level deep. `tests/it/architecture.rs` holds these rules.
//!
//! # Where things are
//!
//! | to change | look at |
//! | --- | --- |
//! | a provider: fields, kinds, signature, provenance | `providers/catalog/NAME.rs`, `providers/provider.rs` (its type) |
//! | examples of events | `fixtures/PROVIDER/KIND.json` |
//! | recognising a provider and reading its events | `providers/reading/` |
//! | computing and verifying a signature | `webhook/signing/`: `scheme.rs` (for both), `algorithm.rs`, `secret.rs` |
//! | a scheme on the command line (`hmac-sha256:header=NAME`) | `providers/custom_scheme.rs` |
//! | the diagnosis of an invalid signature (`verify`) | `providers/diagnose/`, `commands/verify/` |
//! | inbound mail: requests made of messages, and read | `providers/inbound/` (one file a provider), `webhook/mail/` (MIME, the neutral model), `commands/send/inbound.rs` |
//! | a generated event (`send`, `check`) | `providers/synth/` (example to delivery; `generator.rs` aims and signs it), `commands/send/` |
//! | a body: JSON, forms, multipart | `webhook/body/` |
//! | recordings, fixtures, HAR | `webhook/fixture/` (format), `io/recording/` (files) |
//! | redaction (`--redact`) | `webhook/redact/` |
//! | an address (`hooks.ndjson:12`) | `webhook/select/source_address.rs` (text), `io/recording/locate.rs` (files) |
//! | filters of `log`, `replay`, `verify`, `diff`, `drift` | `webhook/select/`, `cli/selection.rs`, `commands/recorded/selected.rs` |
//! | `log`, `show` | `commands/recorded/` |
//! | `diff` | `webhook/diff/` (comparison), `providers/shape/expected.rs` (ids and times), `report/diff/` (text, JSON) |
//! | `drift`, `diff --example` | `providers/shape/`: members and types of the examples |
//! | a delivery on one line (`log`, `listen -f`, `listen -q`) | `report/text/delivery_line.rs` |
//! | single keys of `listen` | `commands/listen/keys.rs`, `io/keyboard.rs` (the terminal) |
//! | the inspector: deliveries and search | `inspector/store/` (`table.rs`, `rows.rs`), `inspector/search/` (`filter.rs`, `query.rs`, `scan.rs`) |
//! | the inspector: HTTP API | `inspector/api/` (`router.rs` lists the paths, `guard.rs` keeps strangers out, `openapi.json`), `inspector/http/` (messages) |
//! | the inspector: page | `inspector/page/` (plain JavaScript modules, served as they are) |
//! | the inspector: sending, explaining, reading recordings | `commands/inspect/` |
//! | the listener | `io/server/` (HTTP), `commands/listen/` (handler, recording, duplicates, faults), `commands/forward/` |
//! | a public URL (`--tunnel`), a channel (`--from`) | `io/tunnel/` (programs), `io/sse.rs`, `commands/reach/` |
//! | requests sent | `commands/dispatch.rs`, `webhook/sending/` (retries, pacing, order), `io/client/` (HTTP) |
//! | changes of recorded deliveries (`replay --set`, `--edit`) | `providers/synth/recorded_change.rs`, `webhook/body/json_edit.rs`, `commands/replay/edit.rs`, `io/editor.rs` |
//! | resuming a replay (`--resume`) | `io/recording/resume.rs` |
//! | a check of `check` | `checks/GROUP.rs`, those of inbound mail in `checks/mail/`; its requests are sent by `commands/check/runner.rs` |
//! | the configuration of a project (`webhook-cli.toml`, `config`) | `commands/config/`, `io/project_file.rs` |
//! | a flag and its help | `cli/COMMAND.rs` (`events` and `keys`: `cli/lists.rs`) |
//! | output: text, JSON lines, JUnit, TAP, HAR, curl | `report/text/`, `report/json/`, `report/formats/` |
//! | an exit status | `error.rs` |
//!
//! # Words
//!
//! * [`Delivery`](webhook::Delivery): HTTP request with method, path, headers and body bytes; received or to be sent.
//! * [`Event`](webhook::Event): one thing that happened to a message, in words common to all providers.
//! * [`Kind`](webhook::Kind): kind of an event from a closed list: `delivered`, `bounce`, `click`, …
//! * [`Provider`](providers::Provider): definition of a provider: all that is known about its webhooks, as data.
//! * [`EventDef`](providers::EventDef): one event of a provider: kind, native name, example.
//! * [`Signal`](providers::Signal): property of a delivery by which its provider is recognised.
//! * [`Provenance`](providers::Provenance): source of our knowledge of a field, and our confidence in it.
//! * [`Scheme`](webhook::Scheme): signature scheme: what is signed, by which algorithm, where the signature is.
//! * [`Secret`](webhook::Secret), [`Key`](webhook::Key): text that the user gives, and the key that is read from it.
//! * [`VerifyOptions`](webhook::VerifyOptions): current time, tolerance and URL by which a signature is verified.
//! * [`Verdict`](webhook::Verdict): result of verifying: verified, with the test key, unsigned, unchecked or refused.
//! * [`Receipt`](webhook::Receipt): all that was read from a delivery: provider, events, verdict, problems.
//! * [`Fixture`](webhook::Fixture): delivery as JSON, with its id, time and response; a recording has one a line.
//! * [`SourceAddress`](webhook::SourceAddress): place of deliveries in a source, as it is typed: `hooks.ndjson:12`.
//! * [`Difference`](webhook::diff::difference::Difference): difference between two deliveries at one place (`diff`).
//! * [`Deviation`](providers::Deviation): difference between a delivery and the examples of its provider (`drift`).
//! * [`Message`](webhook::Message): email message as bytes, taken apart into header fields and parts.
//! * [`Mail`](webhook::Mail): inbound mail as read from a request, in words common to all providers.
//! * [`Inbound`](providers::Inbound): definition of a provider's inbound mail: the requests made of a message, and read.
//! * [`Selection`](webhook::Selection): conditions on deliveries (`--events`, `--failed`, `--grep`, …).
//! * [`Recorder`](io::recorder::Recorder): writer of a recording, a file or a folder, synced to disk.
//! * [`ResumeJournal`](io::recording::resume::ResumeJournal): file of `--resume`: the deliveries that are done.
//! * [`Template`](providers::Template): example of an event, taken apart so that its fields can be replaced.
//! * [`CompiledTemplate`](providers::CompiledTemplate): template reduced to what differs between deliveries, for speed.
//! * [`Tamper`](webhook::Tamper): deliberate fault of a signed request (`send --tamper`).
//! * [`Target`](webhook::Target): URL that deliveries are sent to.
//! * [`Attempt`](webhook::Attempt), [`Outcome`](webhook::Outcome): one try to send a delivery, and its result.
//! * `Job` (`commands/job.rs`), `Dispatcher` (`commands/dispatch.rs`): delivery to send, and the loop that sends jobs with
//!   retries.
//! * `ListenHandler` (`commands/listen/handler.rs`): request handler of `listen`. A *handler* elsewhere is the user's.
//! * [`Check`](checks::Check), [`Finding`](checks::Finding): question that `check` asks a handler, and its result.
//! * [`Notice`](report::Notice): fact worth printing; the [`Reporter`](report::Reporter) decides on form and stream.
//! * [`Table`](inspector::store::table::Table), [`Entry`](inspector::store::entry::Entry): deliveries that the inspector
//!   knows, in the order of arrival, and the short facts about one of them.
//! * [`Kept`](inspector::store::kept::Kept): delivery with all that is known about it.
//! * [`Filter`](inspector::search::filter::Filter): conditions of the inspector's search.
//! * [`Tally`](report::Tally): counters of a run, for its summary.
//! * [`Untrusted`](report::Untrusted): received text, escaped before it reaches a terminal.
//!
//! # Flows
//!
//! * **listen**: `io::server::serve` passes an [`io::server::Arrival`] to `ListenHandler`. [`providers::read`] makes a
//!   receipt of it. The delivery is recorded, forwarded and answered, in this order, and reported.
//! * **send**: a `Template` is made from an example and compiled. For each delivery, the `CompiledTemplate` is filled
//!   in and signed by the provider's `Scheme` (or made wrong by a `Tamper`). The `Dispatcher` sends it.
//! * **send inbound**: a `Message` is read from a file or written from a draft. The provider's `Inbound` makes the request
//!   of it, which is signed and sent like an event.
//! * **replay**: `io::recording::reader` reads fixtures one by one. `ReplayQueue` filters, repeats and reorders them,
//!   and signs them again with `--resign`. The `Dispatcher` sends them.
//! * **verify**: deliveries are read as in `replay`. [`providers::read`] verifies each; [`providers::explain`] tries
//!   the usual mistakes on an invalid signature.
//! * **log**, **show**: deliveries are read as in `replay`, from the end with `--last`; a `Selection` chooses, and
//!   [`report`] prints them with their recorded responses.
//! * **listen --ui**: `ListenHandler` puts each delivery into the `Table`, which tells the streams. **ui**: an `Indexer`
//!   makes entries of recordings. A `Search` goes through the entries, and reads bytes only where these do not decide.
//! * **diff**: two deliveries become trees of values ([`webhook::diff`]); what [`providers::Expected`] names is left out.
//! * **drift**: deliveries are read as in `log`; each is compared with the [`providers::ProviderShape`] of its provider,
//!   and what deviates is counted by provider and kind.
//! * **check**: each `Check` plans its steps, `CheckRunner` sends them, the check judges the observations.
//!
//! # Invariants
//!
//! * A body is never parsed and re-serialised on its way through. A signature inside a body is changed in place, and no
//!   other byte with it.
//! * Received text reaches a terminal only through [`report`]'s escaping.
//! * [`providers::read`] never fails: it returns a receipt for any bytes at all.
//! * [`webhook`], [`providers`] and [`checks`] use no clock, no random source, no disk: time and seed are arguments.
//! * A scheme is described once; signing and verifying both follow the description.
//! * Memory does not grow with the number of deliveries: jobs are made one at a time, queues are bounded.
//! * A [`webhook::Secret`] cannot be printed.
//! * With `listen --record`, a delivery is acknowledged only once it is recorded.
//!
//! # How to add a provider
//!
//! 1. Add an example of each kind: `fixtures/PROVIDER/KIND.json`, in the bytes that the provider sends.
//! 2. Define a [`providers::Provider`] in `providers/catalog/PROVIDER.rs`, with an [`providers::EventDef`] for each
//!    kind and the provenance of the fields.
//! 3. Add the module to `providers/catalog/mod.rs` and the definition to [`providers::ALL`] (or to
//!    [`providers::SCHEMES`] for a service that only signs), in alphabetical order.
//! 4. Add a row to the table in the readme. Help, completion, recognition and the tests of `tests/it/providers.rs` use
//!    the list. `providers/provider.rs` has the details.
//!
//! # How to add inbound mail to a provider
//!
//! Write `providers/inbound/PROVIDER.rs` with a [`providers::Inbound`]: its modes, a function that makes the request of a
//! message, and one that reads the mails of a request. Name it in the provider's definition, with a signal and a row of
//! [`Kind::Inbound`](webhook::Kind::Inbound); add the provider to the table in `tests/it/inbound.rs`. The guide with each
//! step is in `providers/inbound/definition.rs`.
//!
//! # How to add a flag
//!
//! 1. Add the field with its help to the arguments in `cli/COMMAND.rs`; flags of several commands are in
//!    `cli/request.rs`, `cli/secrets.rs` and `cli/values.rs`.
//! 2. Turn it into a setting in the plan of that command (`commands/COMMAND/plan.rs`, or `mod.rs`): an enum or a
//!    parsed value, and an error with a hint if it is wrong.
//! 3. If its values come from a list in the program, complete them in `commands/completions.rs`.
//! 4. Test it from end to end in `tests/it/COMMAND.rs`, and mention it in the readme if newcomers need it.
//!
//! # How to add a check
//!
//! 1. Add a [`checks::Check`] to `CHECKS` in the file of its group in `checks/`: name, texts, a function that plans its
//!    steps, and a function that judges the observations (common ones are in `checks/expect.rs`).
//! 2. Add a `Fault` to the test handler in `tests/handlers/handler.rs`, and its case to `tests/it/check.rs`: the check
//!    must find the fault, and correct handlers must pass. `--list`, `--explain` and completion need no change.
//!
//! # How to add an output format
//!
//! * For requests that are printed (`--dry-run --as`): a variant of `cli::Form`, a function in `report/formats/`, and
//!   a match arm in `commands/dry_run.rs`.
//! * For results in a file (`--report`): a variant of `cli::Report` and of [`report::Format`], a writer in
//!   `report/formats/` for its test cases, called by `report_file.rs`, and a match arm in `commands/args.rs`.
//! * For a new fact in text and JSON: a variant of [`report::Notice`]; the compiler then names the places in
//!   `report/text/` and `report/json/`.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::indexing_slicing))]

pub mod checks;
mod cli;
mod commands;
pub mod error;
pub mod inspector;
pub mod io;
pub mod providers;
pub mod report;
pub mod webhook;

use clap::CommandFactory;

use crate::error::Exit;

/// Runs the program: parses the command line, runs the subcommand, and returns the exit status.
pub fn run() -> Exit {
    commands::answer_a_shell();
    let mut command = command().term_width(help_width());
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let matches = parsed.as_ref().ok();
    let color = matches.and_then(|matches| matches.get_one::<cli::Color>("color"));
    let mut color = color.copied().unwrap_or(cli::Color::Auto).into();
    let ran = match commands::configured(&mut command, parsed) {
        Ok(cli) => {
            color = cli.color.into();
            commands::run(cli)
        }
        Err(commands::Unparsed::Configuration(error)) => Err(error),
        Err(commands::Unparsed::Arguments(told)) => return tell(&told),
    };
    let exit = ran.unwrap_or_else(|error| {
        report::complain(&error, color);
        error.exit()
    });
    if report::lost_output() {
        exit.or(Exit::Failure)
    } else {
        exit
    }
}

/// Prints what the parser says: an error, or help and version, which go to stdout and are a success.
fn tell(told: &clap::Error) -> Exit {
    // A closed pipe is no error.
    let printed = told.print().or_else(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    });
    if told.use_stderr() || printed.is_err() {
        Exit::Usage
    } else {
        Exit::Success
    }
}

/// Returns the command line as clap has it, for the tests that hold help and manual against it.
#[doc(hidden)]
pub fn command() -> clap::Command {
    cli::Cli::command()
}

/// Returns the width of the help in columns: that of the terminal, from 80 (so that no command in it is broken) to 100.
fn help_width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    report::width()
        .or_else(columns)
        .unwrap_or(100)
        .clamp(80, 100)
}
