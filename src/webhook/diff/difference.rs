//! Difference between two deliveries at one place.

/// Part of a delivery in which a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryPart {
    /// Method, path and query.
    Request,
    /// Header fields.
    Headers,
    /// Body, or the query that stands for it.
    Body,
    /// Events that were read from it, in common words.
    Events,
}

impl DeliveryPart {
    /// Name, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryPart::Request => "request",
            DeliveryPart::Headers => "headers",
            DeliveryPart::Body => "body",
            DeliveryPart::Events => "events",
        }
    }
}

/// Difference at one place. A side without a value lacks the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Part of the delivery.
    pub part: DeliveryPart,
    /// Place in the part: `method`, `path`, `?name` of the query, the name of a header, a JSON pointer into the body, or
    /// a field of an event. Empty for the body as a whole.
    pub place: String,
    /// Number of earlier members, fields or headers of this name.
    pub nth: usize,
    /// Line numbers of both sides, from 1, if a text of several lines differs only in these.
    pub line: Option<(usize, usize)>,
    /// Value on the left.
    pub left: Option<Side>,
    /// Value on the right.
    pub right: Option<Side>,
    /// Description of a difference that no value shows.
    pub note: Option<String>,
    /// True if it is an id, a time, a signature, or another difference between any two deliveries.
    pub expected: bool,
}

/// Value of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// JSON text, or plain text.
    pub text: String,
    /// True if it is JSON, numbers as written.
    pub is_json: bool,
    /// True if the text is only the beginning of the value.
    pub is_cut: bool,
}

/// Longest text that is kept of a value, in bytes.
pub(super) const LONGEST: usize = 16 << 10;

impl Side {
    /// Plain text.
    pub fn text(text: &str) -> Side {
        Side::new(text, false)
    }

    /// JSON text.
    pub fn json(text: &str) -> Side {
        Side::new(text, true)
    }

    fn new(text: &str, is_json: bool) -> Side {
        if text.len() <= LONGEST {
            return Side {
                text: text.to_owned(),
                is_json,
                is_cut: false,
            };
        }
        Side {
            text: beginning(text, LONGEST).to_owned(),
            // A piece of JSON is no JSON.
            is_json: false,
            is_cut: true,
        }
    }
}

/// Beginning of a text, at most so many bytes of it.
pub fn beginning(text: &str, bytes: usize) -> &str {
    let mut ends = (0..4).filter_map(|less| text.get(..bytes.min(text.len()).checked_sub(less)?));
    ends.next().unwrap_or_default()
}

impl Difference {
    /// Difference of two values, of which one may be missing.
    pub fn of(
        part: DeliveryPart,
        place: &str,
        left: Option<Side>,
        right: Option<Side>,
    ) -> Difference {
        Difference {
            part,
            place: place.to_owned(),
            nth: 0,
            line: None,
            left,
            right,
            note: None,
            expected: false,
        }
    }

    /// Difference that no value shows.
    pub fn noted(part: DeliveryPart, place: &str, note: String) -> Difference {
        Difference {
            note: Some(note),
            ..Difference::of(part, place, None, None)
        }
    }

    /// Direction of the difference, from left to right: `changed`, `added` or `removed`.
    pub fn change(&self) -> &'static str {
        match (&self.left, &self.right) {
            (Some(_), None) => "removed",
            (None, Some(_)) => "added",
            (Some(_), Some(_)) | (None, None) => "changed",
        }
    }
}
