//! Subcommands of the program. Each makes a plan from its flags and runs it.

pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod forward;
pub(crate) mod inspect;
pub(crate) mod listen;
pub(crate) mod reach;
pub(crate) mod recorded;
pub(crate) mod replay;
pub(crate) mod send;
pub(crate) mod sns;

mod args;
mod attachments;
mod completions;
mod dispatch;
mod dry_run;
mod id;
mod in_order;
mod job;
mod keys;
mod man;
mod print;
mod run;
mod shutdown;
mod signer;
mod verify;

pub(crate) use completions::answer_a_shell;
pub(crate) use config::{Unparsed, configured};
pub(crate) use run::run;
