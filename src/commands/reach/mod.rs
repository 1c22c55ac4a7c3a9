//! Reach of a listener: a public URL by a tunnel (`--tunnel`), and deliveries from a channel (`--from`).

pub(crate) mod channel;
pub(crate) mod public_url;
pub(crate) mod relayed;
pub(crate) mod running;
pub(crate) mod tunnelling;
