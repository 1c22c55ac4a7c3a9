//! Kinds of events of a message, in the common words of email.

use std::fmt;

/// Kind of event. A closed list: each provider's table of events maps its own names to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Accepted by the provider, not yet delivered.
    Sent,
    /// Accepted by the receiving mail server.
    Delivered,
    /// Rejected for now; the provider retries.
    Deferred,
    /// The message was opened, by a person or by a machine.
    Open,
    /// A link in the message was followed.
    Click,
    /// Rejected by the receiving mail server.
    Bounce,
    /// Rejected by the provider, never sent.
    Rejected,
    /// Reported as spam by the recipient.
    Complaint,
    /// The recipient unsubscribed.
    Unsubscribe,
    /// The recipient subscribed again.
    Subscribe,
    /// A mail came in.
    Inbound,
    /// Anything outside a message's life cycle: a handshake, a contact, an account.
    Other,
}

impl Kind {
    /// Kinds that `send` accepts by name, in the order of a message's life cycle.
    pub const ALL: [Kind; 11] = [
        Kind::Sent,
        Kind::Delivered,
        Kind::Deferred,
        Kind::Open,
        Kind::Click,
        Kind::Bounce,
        Kind::Rejected,
        Kind::Complaint,
        Kind::Unsubscribe,
        Kind::Subscribe,
        Kind::Inbound,
    ];

    /// Name, as typed and as printed.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sent => "sent",
            Kind::Delivered => "delivered",
            Kind::Deferred => "deferred",
            Kind::Open => "open",
            Kind::Click => "click",
            Kind::Bounce => "bounce",
            Kind::Rejected => "rejected",
            Kind::Complaint => "complaint",
            Kind::Unsubscribe => "unsubscribe",
            Kind::Subscribe => "subscribe",
            Kind::Inbound => "inbound",
            Kind::Other => "other",
        }
    }

    /// Finds a kind by name, `other` included.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .chain([Kind::Other])
            .find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Finds the known name closest to a mistyped one, if any is close.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            let close = strsim::jaro_winkler(&typed, &name.to_lowercase());
            // Most providers say `opened` and `clicked`.
            (
                if typed.starts_with(name) {
                    close + 1.0
                } else {
                    close
                },
                name,
            )
        })
        .filter(|(close, _)| *close > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{Kind, nearest};

    #[test]
    fn a_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("clicked"), None);
    }

    #[test]
    fn the_nearest_kind_is_guessed() {
        let names = || Kind::ALL.map(Kind::name);
        for (typed, meant) in [
            ("clicked", "click"),
            ("opened", "open"),
            ("bounced", "bounce"),
            ("complain", "complaint"),
            ("Delivery", "delivered"),
            ("defered", "deferred"),
            ("unsub", "unsubscribe"),
        ] {
            assert_eq!(nearest(typed, names()), Some(meant), "{typed}");
        }
        assert_eq!(nearest("xyzzy", names()), None);
    }
}
