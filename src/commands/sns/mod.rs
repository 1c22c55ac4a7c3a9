//! SNS and what is like it: certificates that a message names, and subscriptions to confirm.

pub mod certificates;
pub mod subscription;
