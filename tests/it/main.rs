//! Integration tests, all in one binary, which links once.

mod harness;

mod answers;
mod architecture;
mod campaign;
mod channel;
mod check;
mod check_inbound;
mod cli;
#[cfg(unix)]
mod completion;
mod config;
mod cores;
mod corrections;
mod corrections_more;
mod diff;
mod dresses;
mod drift;
mod dry_run;
mod edit;
mod forward;
mod golden;
mod guesses;
mod hostile;
mod https;
mod inbound;
mod inbound_api;
mod inbound_consumers;
mod inbound_send;
mod inspector;
mod inspector_page;
mod inspector_squeeze;
mod interop;
#[cfg(target_os = "linux")]
mod keys;
mod listen;
mod log;
mod mailgun;
mod misbehave;
mod multipart;
mod patience;
mod providers;
mod readings;
mod readme;
mod recording;
mod replay;
mod resume;
mod send;
mod set;
mod signatures;
mod smaller;
#[cfg(unix)]
mod stop;
mod strangers;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod tunnel;
mod vectors;
mod verify;
mod view;
