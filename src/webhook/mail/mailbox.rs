//! Mailboxes in the value of a header such as `To` (RFC 5322): quoted names, comments, groups, encoded words.

use crate::webhook::mail::encoded_word;

/// Email address with its display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Display name, decoded; empty if there is none.
    pub name: String,
    /// Address, such as `ada@example.com`.
    pub address: String,
}

/// Entry of a list of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressEntry {
    /// Single mailbox.
    Mailbox(Mailbox),
    /// Group, such as `undisclosed-recipients:;`.
    Group {
        /// Display name, decoded.
        name: String,
        /// Mailboxes, possibly none.
        members: Vec<Mailbox>,
    },
}

/// Most entries and mailboxes that are read from one header.
const MOST_MAILBOXES: usize = 10_000;

impl Mailbox {
    /// Mailboxes of a header value, those of groups included. A group without members, such as
    /// `undisclosed-recipients:;`, gives none.
    pub fn list(value: &str) -> Vec<Mailbox> {
        let members = |entry| match entry {
            AddressEntry::Mailbox(mailbox) => vec![mailbox],
            AddressEntry::Group { members, .. } => members,
        };
        let all = AddressEntry::list(value).into_iter();
        all.flat_map(members).collect()
    }

    /// First mailbox of a header value.
    pub fn first(value: &str) -> Option<Mailbox> {
        Self::list(value).into_iter().next()
    }

    /// Domain of the address; empty if it has none.
    pub fn domain(&self) -> &str {
        domain_of(&self.address)
    }
}

impl AddressEntry {
    /// Entries of a header value.
    pub fn list(value: &str) -> Vec<AddressEntry> {
        let mut scanner = AddressScanner::default();
        let mut found = Vec::new();
        let mut count = 0;
        let mut group: Option<(String, Vec<Mailbox>)> = None;
        let close = |group: Option<(String, Vec<Mailbox>)>| {
            group.map(|(name, members)| AddressEntry::Group { name, members })
        };
        for c in value.chars() {
            let mailbox = scanner.take(c);
            count += usize::from(mailbox.is_some());
            match &mut group {
                Some((_, members)) => members.extend(mailbox),
                None => found.extend(mailbox.map(AddressEntry::Mailbox)),
            }
            match scanner.boundary.take() {
                Some(GroupBoundary::Start(name)) => {
                    count += 1;
                    found.extend(close(group.replace((name, Vec::new()))));
                }
                Some(GroupBoundary::End) => found.extend(close(group.take())),
                None => {}
            }
            if count >= MOST_MAILBOXES {
                break;
            }
        }
        let last = (count < MOST_MAILBOXES).then(|| scanner.finish()).flatten();
        match &mut group {
            Some((_, members)) => members.extend(last),
            None => found.extend(last.map(AddressEntry::Mailbox)),
        }
        found.extend(close(group));
        found
    }
}

/// Domain of an address; empty if it has none.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// State of reading a list: what was read of the current mailbox.
#[derive(Default)]
struct AddressScanner {
    /// Text outside of brackets.
    text: String,
    /// True if the text has a part in quotes, which is a name whatever is in it.
    was_quoted: bool,
    address: Option<String>,
    is_quoted: bool,
    is_escaped: bool,
    is_in_brackets: bool,
    comments: usize,
    /// Boundary of a group that was just read.
    boundary: Option<GroupBoundary>,
}

/// Boundary of a group of mailboxes.
enum GroupBoundary {
    /// The colon behind its name.
    Start(String),
    /// The semicolon.
    End,
}

impl AddressScanner {
    /// Takes a character; returns a mailbox that ends with it.
    fn take(&mut self, c: char) -> Option<Mailbox> {
        if self.is_escaped {
            self.is_escaped = false;
            self.keep(c);
            return None;
        }
        match c {
            '\\' if self.is_quoted || self.comments > 0 => self.is_escaped = true,
            '"' if self.comments == 0 && !self.is_in_brackets => {
                self.is_quoted = !self.is_quoted;
                self.was_quoted = true;
            }
            _ if self.is_quoted => self.keep(c),
            '(' if !self.is_in_brackets => self.comments += 1,
            ')' if self.comments > 0 => self.comments -= 1,
            _ if self.comments > 0 => {}
            '<' => {
                self.is_in_brackets = true;
                self.address = Some(String::new());
            }
            '>' => self.is_in_brackets = false,
            // The colon ends the name of a group.
            ':' if !self.is_in_brackets => {
                let name = std::mem::take(&mut self.text);
                let name = encoded_word::decoded(name.trim()).into_owned();
                self.was_quoted = false;
                self.boundary = Some(GroupBoundary::Start(name));
            }
            ',' if !self.is_in_brackets => return self.finish(),
            ';' if !self.is_in_brackets => {
                let last = self.finish();
                self.boundary = Some(GroupBoundary::End);
                return last;
            }
            _ => self.keep(c),
        }
        None
    }

    fn keep(&mut self, c: char) {
        match &mut self.address {
            Some(address) if self.is_in_brackets => address.push(c),
            _ if self.comments > 0 => {}
            _ => self.text.push(c),
        }
    }

    /// The mailbox read so far, if it has an address.
    fn finish(&mut self) -> Option<Mailbox> {
        let read = std::mem::take(self);
        let text = read.text.trim();
        match read.address {
            Some(address) => {
                let address = address.trim().to_owned();
                let name = encoded_word::decoded(text).trim().to_owned();
                (!address.is_empty()).then_some(Mailbox { name, address })
            }
            None if text.is_empty() || read.was_quoted && !text.contains('@') => None,
            None => Some(Mailbox {
                name: String::new(),
                address: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressEntry, Mailbox};

    #[test]
    fn groups_keep_their_names_and_their_members() {
        let mailbox = |address: &str| Mailbox {
            name: String::new(),
            address: address.into(),
        };
        let group = |name: &str, members: &[&str]| AddressEntry::Group {
            name: name.into(),
            members: members.iter().map(|it| mailbox(it)).collect(),
        };
        let single = |address: &str| AddressEntry::Mailbox(mailbox(address));
        for (value, wanted) in [
            (
                "undisclosed-recipients:;",
                vec![group("undisclosed-recipients", &[])],
            ),
            (
                "a@b.c, \"My: Team\": d@b.c, e@b.c; , f@b.c",
                vec![
                    single("a@b.c"),
                    group("My: Team", &["d@b.c", "e@b.c"]),
                    single("f@b.c"),
                ],
            ),
            ("open: a@b.c", vec![group("open", &["a@b.c"])]),
            (";;", vec![]),
        ] {
            assert_eq!(AddressEntry::list(value), wanted, "{value}");
        }
    }

    #[test]
    fn mailboxes_are_read_with_their_names() {
        let read = |value: &str| -> Vec<(String, String)> {
            let all = Mailbox::list(value).into_iter();
            all.map(|it| (it.name, it.address)).collect()
        };
        for (value, wanted) in [
            ("", &[][..]),
            ("ada@example.org", &[("", "ada@example.org")]),
            (
                "Ada Example <ada@example.org>",
                &[("Ada Example", "ada@example.org")],
            ),
            (
                "=?utf-8?q?Op=C3=A9rateur_de_test?= <a@b.c>, \"Doe, \\\"J\\\" <x>\" <jane@b.c>",
                &[
                    ("Op\u{e9}rateur de test", "a@b.c"),
                    ("Doe, \"J\" <x>", "jane@b.c"),
                ],
            ),
            ("undisclosed-recipients:;", &[]),
            (
                "Team: a@b.c, Bob <b@b.c>;, c@b.c (a comment, with a comma)",
                &[("", "a@b.c"), ("Bob", "b@b.c"), ("", "c@b.c")],
            ),
            ("<>", &[]),
            (",, <a@b.c>,", &[("", "a@b.c")]),
        ] {
            let wanted: Vec<_> = wanted
                .iter()
                .map(|(name, address)| ((*name).to_owned(), (*address).to_owned()))
                .collect();
            assert_eq!(read(value), wanted, "{value}");
        }
    }
}
