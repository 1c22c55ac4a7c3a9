//! Fault in a condition that was given.

/// Reason why a condition cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFault {
    /// What is wrong.
    pub what: String,
    /// What can be typed instead.
    pub hint: String,
}
