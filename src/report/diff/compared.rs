//! Results of `diff` and `drift`, for the reporter.

use jiff::Timestamp;

use crate::webhook::Receipt;
use crate::webhook::diff::compare::Comparison;

/// Two deliveries that were compared, or a delivery and the example of its kind.
#[derive(Debug)]
pub struct Compared<'a> {
    /// Left side.
    pub left: ComparedSide<'a>,
    /// Right side.
    pub right: ComparedSide<'a>,
    /// Differences between them.
    pub comparison: &'a Comparison,
    /// True if the right side is an example, so that members and types are compared, and no values.
    pub is_example: bool,
}

/// Side of a comparison.
#[derive(Debug)]
pub struct ComparedSide<'a> {
    /// Address of the delivery, or name of the example.
    pub address: &'a str,
    /// Time of recording.
    pub at: Option<Timestamp>,
    /// Provider and events of the delivery; none for an example.
    pub receipt: Option<&'a Receipt>,
}

/// Deliveries of a provider and kind, compared with the example.
#[derive(Debug, Default)]
pub struct Drifted {
    /// Name of the provider.
    pub provider: String,
    /// Kind in common words; none if the provider has no such event.
    pub kind: Option<&'static str>,
    /// Provider's own name for the kind.
    pub native: Option<&'static str>,
    /// True if the provider has several events of this kind.
    pub is_one_of_several: bool,
    /// Number of deliveries with such an event.
    pub deliveries: u64,
    /// Number of events.
    pub events: u64,
    /// True if there is an example to compare with.
    pub has_example: bool,
    /// Names of events that the provider is not known to send.
    pub names: Vec<String>,
    /// Members that no example has.
    pub unknown: Vec<UnknownMember>,
    /// Members of the example that never came.
    pub missing: Vec<MissingMember>,
    /// Types and formats that differ.
    pub types: Vec<TypeChange>,
    /// Places with custom data of the sender.
    pub custom: Vec<String>,
    /// Number of deliveries with deviations that are not listed, because there are too many different ones.
    pub cut: u64,
}

/// Member that no example has.
#[derive(Debug)]
pub struct UnknownMember {
    /// JSON pointer, indices folded to `[]`.
    pub place: String,
    /// Types that came.
    pub types: Vec<String>,
    /// Number of deliveries.
    pub deliveries: u64,
}

/// Member of the example that never came.
#[derive(Debug)]
pub struct MissingMember {
    /// Header, or JSON pointer with indices folded to `[]`.
    pub place: String,
    /// Type in the example, or `header`.
    pub expected: String,
    /// True if no page confirms it.
    pub assumed: bool,
}

/// Type or format that differs from the example.
#[derive(Debug)]
pub struct TypeChange {
    /// JSON pointer, indices folded to `[]`.
    pub place: String,
    /// Type in the example.
    pub expected: String,
    /// Type that came.
    pub came: String,
    /// Number of deliveries.
    pub deliveries: u64,
}

/// Totals of `drift`.
#[derive(Debug, Default)]
pub struct DriftTotals {
    /// Deliveries that were compared.
    pub deliveries: u64,
    /// Deliveries of an unknown provider.
    pub unrecognised: u64,
    /// Deliveries without an event that could be read.
    pub without_events: u64,
    /// Kinds in which something differs.
    pub drifting: u64,
}

impl Drifted {
    /// True if the deliveries are like the example.
    pub fn is_like_example(&self) -> bool {
        self.names.is_empty()
            && self.unknown.is_empty()
            && self.missing.is_empty()
            && self.types.is_empty()
            && self.cut == 0
    }
}
