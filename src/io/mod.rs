//! The doors: what comes in and goes out over the network, the disk and the terminal.
//! No door knows what an event or a provider is; it hands on deliveries and fixtures.

mod broken;
mod careful;
pub mod certificate;
pub mod chain;
pub mod client;
mod connection;
pub mod detect;
mod door;
mod folder;
mod gather;
pub mod gauge;
mod gunzip;
mod har;
mod journal;
pub mod ledger;
mod lines;
pub mod mint;
pub mod own;
pub mod own_key;
mod private;
mod pulse;
pub mod pump;
mod quick;
pub mod recorder;
pub mod retry_after;
pub mod secrets;
pub mod server;
pub mod source;
pub mod tls;
mod trickle;
mod trust;
pub mod watch;
