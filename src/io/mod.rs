//! Input and output: network, disk and terminal. Nothing here knows events or providers; the modules exchange
//! deliveries and fixtures with the rest of the program.

pub mod client;
mod gzip;
mod heads;
pub mod recorder;
pub mod recording;
pub mod server;
pub mod tls;
pub mod tunnel;

mod body_buffer;
pub mod editor;
pub mod keyboard;
pub mod keygen;
pub mod loopback;
mod private_files;
pub mod probe;
pub mod project_file;
pub mod runtime;
pub mod secrets;
pub mod sse;
pub mod user_key;
pub mod watch;
