//! Subcommands of the program. Each makes a plan from its flags and runs it.

pub mod catalog;
pub mod check;
pub mod config;
pub mod forward;
pub mod inspect;
pub mod listen;
pub mod reach;
pub mod recorded;
pub mod replay;
pub mod send;
pub mod sns;

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

pub use completions::answer_a_shell;
pub use config::{Unparsed, configured};
pub use run::run;
