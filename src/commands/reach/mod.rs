//! Reach of a listener: a public URL by a tunnel (`--tunnel`), and deliveries from a channel (`--from`).

pub mod channel;
pub mod public_url;
pub mod relayed;
pub mod running;
pub mod tunnelling;
