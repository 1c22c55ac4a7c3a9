//! Forwarding of received deliveries to the handlers of the user (`listen --forward-to`).

pub(crate) mod forward_counts;
pub(crate) mod forward_result;
pub(crate) mod forwarder;
pub(crate) mod routes;
pub(crate) mod upstream;
