//! Messages of the API: parameters and bodies of requests, responses and errors.

pub mod channel_body;
pub mod orders;
pub mod parameters;
pub mod problem;
pub mod response;
pub mod strict_json;
