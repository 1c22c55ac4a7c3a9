//! Signatures: schemes, algorithms, keys, where they are in a request, and deliveries made invalid on purpose.

pub mod algorithm;
pub mod credentials;
pub mod encoding;
pub mod location;
pub mod message;
pub mod pasted;
pub mod private_key;
pub mod public_key;
pub mod scheme;
pub mod secret;
pub mod shared_key;
pub mod tamper;
pub mod tamper_general;
pub mod tamper_special;
pub mod timestamp;
