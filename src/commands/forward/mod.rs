//! Forwarding of received deliveries to the handlers of the user (`listen --forward-to`).

pub mod forward_counts;
pub mod forward_result;
pub mod forwarder;
pub mod routes;
pub mod upstream;
