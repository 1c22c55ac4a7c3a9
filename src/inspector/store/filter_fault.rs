//! Fault in a condition that was given.

/// Reason why a condition cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFault {
    /// Cause of the fault.
    pub what: String,
    /// Text that can be typed instead.
    pub hint: String,
}
