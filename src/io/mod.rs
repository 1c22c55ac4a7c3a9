//! The doors: what comes in and goes out over the network, the disk and the terminal.
//! No file here knows what an event or a provider is; it hands on deliveries and fixtures.

pub mod client;
mod heads;
pub mod recording;
pub mod server;
pub mod tls;

mod body_buffer;
pub mod keygen;
pub mod loopback;
mod private_files;
pub mod probe;
pub mod secrets;
pub mod user_key;
pub mod watch;
