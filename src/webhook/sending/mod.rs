//! Sending of deliveries: pace, retries, order, expectations, campaigns.

pub mod campaign;
pub mod compare;
pub mod expectation;
pub mod keyed_queue;
pub mod pacing;
pub mod reorder;
pub mod retry;
pub mod rng;
pub mod status_set;
