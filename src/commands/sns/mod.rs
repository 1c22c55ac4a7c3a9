//! Amazon SNS and services like it: certificates named by a message, subscriptions to confirm.

pub(crate) mod certificates;
pub(crate) mod subscription;
