//! Amazon SNS and services like it: certificates named by a message, subscriptions to confirm.

pub mod certificates;
pub mod subscription;
