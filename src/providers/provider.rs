//! The form that a provider fills in. Reading and writing both go by it.
//!
//! # Adding a provider
//!
//! 1. Put an example of each kind into `fixtures/<provider>/<kind>.json`, in the exact bytes that the provider sends,
//!    without signature headers.
//! 2. Fill in a [`Provider`] in a file of its own: what it is recognised by, how it signs, where its fields stand,
//!    and a [`EventDef`] for each kind. Say where the fields of the examples are known from ([`Provenance`]), and how it delivers
//!    ([`Habits`]).
//! 3. Add it to `ALL` in `mod.rs`, in alphabetical order.
//!
//! Help, completion, recognition, `send` and every promise in `tests/providers.rs` take it from there.
//! A service that is known by how it signs and not by what it tells stands in `SCHEMES`, and fills in [`SIGNER`].
//! What no form can say (a guard on a certificate's address, a string to sign) is a function in that same file.

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::provenance::Provenance;
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Predicate,
    Scheme, Style,
};

/// Everything we know of a provider.
#[derive(Debug)]
pub struct Provider {
    /// The name to type.
    pub name: &'static str,
    /// The name to read.
    pub title: &'static str,
    /// The provider's page about its webhooks.
    pub docs: &'static str,
    /// What it is recognised by; any of these.
    pub signals: &'static [Signal],
    /// A form that several services share: asked after all that are one provider's.
    pub is_general: bool,
    /// How it signs: the first signs what we send, any verifies what comes.
    pub schemes: &'static [&'static Scheme],
    /// Providers that sign by its schemes but for a detail: what comes of them under its name verifies as well.
    pub departures: &'static [SchemeVariant],
    /// The public test key: what `send` signs with where no secret is given.
    pub test_secret: &'static str,
    /// The same key in the form to paste into a handler's environment.
    pub test_public: &'static str,
    /// Where its events stand in the body.
    pub envelope: Envelope,
    /// How it writes JSON.
    pub style: Style,
    /// Where its own word for the event stands; the first that is there counts. What does not begin with `/` is the
    /// name of a header field.
    pub native: &'static [&'static str],
    /// Where its fields stand.
    pub fields: Fields,
    /// Its kinds of event; the first whose marks are there counts.
    pub events: &'static [EventDef],
    /// The bounces it can tell apart.
    pub bounces: &'static [Bounce],
    /// How it marks what a machine opened or clicked.
    pub machines: &'static [Machine],
    /// Ids of the delivery that stand outside of its events; a header that repeats one of the body follows it.
    pub ids: &'static [Location],
    /// Where a link stands that must be visited to confirm a subscription.
    pub confirm: Option<&'static str>,
    /// How it delivers.
    pub habits: Habits,
    /// The same, as far as it can be tried out.
    pub conduct: Behaviour,
    /// Where the fields of its examples are known from.
    pub origins: &'static [Provenance],
}

/// A service that signs, whatever it tells: no kinds and no examples, so there is nothing to send of it but a body of
/// one's own. A provider's form says `..SIGNER` at its end for what it has nothing to say of.
pub const SIGNER: Provider = Provider {
    name: "",
    title: "",
    docs: "",
    signals: &[],
    is_general: false,
    schemes: &[],
    departures: &[],
    test_secret: "",
    test_public: "",
    envelope: Envelope::Plain,
    style: Style::COMPACT,
    native: &["/type"],
    fields: FIELDS,
    events: &[],
    bounces: &[],
    machines: &[],
    ids: &[],
    confirm: None,
    habits: HABITS,
    conduct: CONDUCT,
    origins: &[],
};

/// A provider that signs by a general scheme but for a detail.
#[derive(Debug)]
pub struct SchemeVariant {
    /// Whose bodies are signed so, and how.
    pub provider: &'static Provider,
    /// The form in which a secret that was given for the general scheme is read.
    pub key: KeyForm,
    /// Whether a secret that has not the general form is read in this one, whoever the sender is.
    pub stretches: bool,
    /// What differs, for the verdict.
    pub says: &'static str,
}

/// Something by which a provider's deliveries are recognised.
#[derive(Debug)]
pub enum Signal {
    /// All of these marks in the body.
    Body(&'static [(&'static str, Predicate)]),
    /// A header field of that name, which nobody else sends: it outweighs what the body looks like.
    Header(&'static str),
    /// A header field of that name, which others send as well: asked last.
    SharedHeader(&'static str),
    /// A content type that begins so, in whatever case.
    ContentType(&'static str),
}

/// What an envelope of its own sort holds.
#[derive(Debug)]
pub struct Opened<'a> {
    /// The event or the list of events, where it is not the body.
    pub events: Option<Document<'a>>,
    /// What is wrong with them.
    pub problems: Vec<String>,
}

/// Where the events stand in a body. A list there is a batch.
#[derive(Debug)]
pub enum Envelope {
    /// The body is the event, or the list of events.
    Plain,
    /// A text at that pointer holds them as JSON, written in that style; where it is missing, the only member does,
    /// whatever it is called. Where that is no JSON, the body itself is the event.
    Text(&'static str, Style),
    /// A list at that pointer holds them. Where it is missing, the body itself is the event, or the list of events.
    List(&'static str),
    /// The body, or each value of its list, holds an event as the only member, of whatever name, of the object at
    /// that pointer. Where that object has no members, what holds it is the event.
    Only(&'static str),
    /// What neither can say; the body may be none that can be read.
    Own(for<'a> fn(&Delivery, Option<&Document<'a>>) -> Opened<'a>),
}

/// Where the fields of an event stand. Of several places the first with a text that is not empty is read, and all are
/// written. A step `*` is each value of a list: `/to/*/email` in [`recipient`](Fields::recipient) makes an event for each.
#[derive(Debug)]
pub struct Fields {
    /// The address it is about, with or without a name before it; each of a text of several makes an event.
    pub recipient: &'static [&'static str],
    /// The domain of that address.
    pub domain: &'static [&'static str],
    /// What users correlate on.
    pub message_id: &'static [&'static str],
    /// The character at which that id ends, if more follows.
    pub message_id_end: Option<char>,
    /// Further ids of the message: new with each, and the same in all that tells of it.
    pub message_also: &'static [&'static str],
    /// When it happened; the first that is there counts, and the others move with it.
    pub at: &'static [TimeField],
    /// Times that are not the event's: they move with it, and are not read.
    pub other_times: &'static [TimeField],
    /// The link that was clicked.
    pub url: &'static [&'static str],
    /// Why: an SMTP reply, a reason.
    pub reason: &'static [&'static str],
    /// Texts that are put together with `: ` where there is no reason: a type and its subtype.
    pub reason_parts: &'static [&'static str],
    /// Ids that no two events share.
    pub unique: &'static [&'static str],
    /// Where a campaign goes.
    pub campaign: Placement,
    /// Where a tag goes.
    pub tag: Placement,
    /// Where the sender's own members go.
    pub metadata: Placement,
}

/// No fields at all, to be filled in.
pub const FIELDS: Fields = Fields {
    recipient: &[],
    domain: &[],
    message_id: &[],
    message_id_end: None,
    message_also: &[],
    at: &[],
    other_times: &[],
    url: &[],
    reason: &[],
    reason_parts: &[],
    unique: &[],
    campaign: Placement::Nowhere,
    tag: Placement::Nowhere,
    metadata: Placement::Nowhere,
};

/// A time and how it is written.
#[derive(Debug)]
pub enum TimeField {
    /// RFC 3339 with that many digits behind the second; in UTC, or at the offset that the example has.
    Rfc3339(&'static str, u8),
    /// The same with as many digits as the example has.
    Like(&'static str),
    /// In UTC, in that form of `strftime`.
    Utc(&'static str, &'static str),
    /// Whole seconds since 1970, as a number or as digits.
    Seconds(&'static str),
    /// The same in a form where a field of the sender's own may have that name as well: the last of them.
    LastSeconds(&'static str),
    /// Seconds since 1970 with six digits of a fraction, as a number; whole where the example has a whole one.
    Fraction(&'static str),
    /// Whole milliseconds since 1970, as a number or as digits.
    Millis(&'static str),
    /// `YYYY-MM-DD HH:MM:SS` in a zone that is not told. Read as UTC; it moves with the others and keeps its distance.
    Local(&'static str),
}

/// How a provider carries what the sender adds.
#[derive(Debug)]
pub enum Placement {
    /// Not at all.
    Nowhere,
    /// As one text.
    Text(&'static str),
    /// As one text at the first of these places that is there, and not at all where none is.
    First(&'static [&'static str]),
    /// As one more of a list of texts.
    List(&'static str),
    /// As an object of `id` and `name` in a list.
    Named(&'static str),
    /// As objects in a list, each with a name and a value, which stand under these two names.
    Pairs(&'static str, &'static str, &'static str),
    /// As the members of an object of their own.
    Members(&'static str),
    /// The same, and only where there is one.
    Into(&'static str),
    /// As members of an object that has others; the empty pointer is the event itself. Those of that name are the
    /// example's own.
    Among(&'static str, &'static [&'static str]),
    /// As members of an object, each a list of one. Those whose names begin so are the provider's.
    Lists(&'static str, &'static str),
    /// As members of each of these objects that is there, or null; not at all where none is.
    There(&'static [&'static str]),
    /// In place of a text, and only where there is one.
    Instead(&'static str),
    /// As a list of texts that is itself written as text, and only where there is one.
    ListText(&'static str),
    /// As members of an object that is written as text, and only where there is a text.
    MembersText(&'static str),
    /// In all of these ways, up to the first that the event has no place for.
    Each(&'static [Placement]),
    /// In the first of these ways that the event has a place for.
    Either(&'static [Placement]),
}

/// A kind of event in a provider's words.
#[derive(Debug)]
pub struct EventDef {
    /// What it is in common words.
    pub kind: Kind,
    /// The provider's own name for it, which can be typed too.
    pub native: &'static str,
    /// What must be there for an event to be this.
    pub marks: &'static [(&'static str, Predicate)],
    /// How final it is, for a bounce.
    pub bounce: Option<BounceClass>,
    /// An example, in exactly the bytes that the provider sends: a fixture. Empty if there is none.
    pub example: &'static str,
    /// Whether it tells of a message; otherwise what stands in place of the message's id is the id of something else.
    pub has_message: bool,
    /// The version of the provider's webhooks that the example is of; empty where the provider does not tell versions
    /// apart, or all have it alike. A provider's newest version stands first.
    pub version: &'static str,
}

/// In place of a JSON value: that there is none.
pub const ABSENT: &str = "absent";

/// A bounce with a common name, as the provider tells it.
#[derive(Debug)]
pub struct Bounce {
    /// The common name: `hard`, `soft`, `mailbox-full`, `blocked`.
    pub name: &'static str,
    /// The row to start from, by its native name.
    pub row: &'static str,
    /// What differs from that row's example: places and JSON values.
    pub sets: &'static [(&'static str, &'static str)],
}

/// How a provider marks that it was no person: a proxy that keeps its users private, a scanner that follows links.
#[derive(Debug)]
pub struct Machine {
    /// The kind of event.
    pub kind: Kind,
    /// The row to start from, by its native name.
    pub row: &'static str,
    /// What differs from that row's example: places and JSON values.
    pub sets: &'static [(&'static str, &'static str)],
}

/// What receivers demand where a provider signs nothing: a user and password, a header, or a secret in the URL.
pub static CREDENTIALS: Scheme = Scheme {
    name: "credentials",
    algorithm: Algorithm::Credentials,
    key: KeyForm::Credentials,
    id: None,
    timestamp: None,
    signed: &[],
    signature: Location::Header("authorization"),
    encoding: Encoding::Base64,
    fresh: &[],
    tolerance: 300,
    uncovered: None,
    guard: None,
};

/// A row that is no bounce.
pub const fn row(
    kind: Kind,
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    EventDef {
        kind,
        native,
        marks,
        bounce: None,
        example,
        has_message: true,
        version: "",
    }
}

/// A row that is a bounce.
pub const fn bounce(
    class: BounceClass,
    native: &'static str,
    marks: &'static [(&'static str, Predicate)],
    example: &'static str,
) -> EventDef {
    EventDef {
        kind: Kind::Bounce,
        native,
        marks,
        bounce: Some(class),
        example,
        has_message: true,
        version: "",
    }
}

impl EventDef {
    /// The same of something else than a message.
    pub const fn without_message(self) -> EventDef {
        EventDef {
            has_message: false,
            ..self
        }
    }

    /// The same, of that version of the provider's webhooks.
    pub const fn of_version(self, version: &'static str) -> EventDef {
        EventDef { version, ..self }
    }

    /// Whether it is sent where that version is wanted, or where none is.
    pub(super) fn is_of(&self, version: Option<&str>) -> bool {
        version.is_none_or(|version| self.version.is_empty() || self.version == version)
    }
}

impl Provider {
    /// The row to send for a kind or for a provider's own name, of the newest version that has it.
    pub fn row(&self, name: &str) -> Option<&'static EventDef> {
        self.row_of(name, None)
    }

    /// The row to send for a kind or for a provider's own name, of that version of its webhooks; of the newest that has
    /// it if none is named. Of several rows of a kind the one counts that the provider calls so itself, else the first.
    pub fn row_of(&self, name: &str, version: Option<&str>) -> Option<&'static EventDef> {
        let events = || {
            let sent = |row: &&EventDef| !row.example.is_empty() && row.is_of(version);
            self.events.iter().filter(sent)
        };
        let is_kind = |row: &&EventDef| row.kind != Kind::Other && row.kind.name() == name;
        let is_native = |row: &&EventDef| row.native.eq_ignore_ascii_case(name);
        events()
            .find(|row| is_kind(row) && is_native(row))
            .or_else(|| events().find(is_kind))
            .or_else(|| events().find(is_native))
    }

    /// The versions of its webhooks that its examples are of, the newest first; none where it does not tell any apart.
    pub fn versions(&self) -> Vec<&'static str> {
        let mut versions = Vec::new();
        for row in self.events.iter().filter(|row| !row.version.is_empty()) {
            if !versions.contains(&row.version) {
                versions.push(row.version);
            }
        }
        versions
    }
}
