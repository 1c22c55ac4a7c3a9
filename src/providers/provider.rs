//! Form that each provider of the catalogue fills in. Reading (`listen`, `verify`) and writing (`send`, `check`) both
//! follow it, so they cannot drift apart.
//!
//! # Adding a provider
//!
//! 1. **Examples.** Write one request for each kind of event to `fixtures/<provider>/<kind>.json`, in the provider's
//!    exact layout (member order, white space, escapes), without signature headers. Values are invented; the
//!    recipient is `ada@example.com`. A second example of a kind has a suffix: `bounce-soft.json`.
//! 2. **Form.** Create `catalog/<provider>.rs` with a module comment (format, signature, link to the documentation) and
//!    `pub static PROVIDER: Provider`. Copy the nearest neighbour: `postmark.rs` if nothing is signed, `resend.rs` for
//!    an HMAC, `sendgrid.rs` for batches and a public key.
//!
//!    | to describe | field of [`Provider`] |
//!    | --- | --- |
//!    | evidence that a delivery is the provider's, and no other's | `signals` |
//!    | signature | `schemes`, `test_secret`, `test_public`; [`CREDENTIALS`] if nothing is signed |
//!    | place of the events in the body, and the layout of its JSON | `envelope`, `style` |
//!    | recipient, message id, time, link, reason, tags | `fields`, ending in `..FIELDS` |
//!    | one kind of event | a [`row`] or [`bounce()`] in `events`, with its `example!("<provider>/<kind>")` |
//!    | `send --bounce`, `send --machine` | `bounces`, `machines` |
//!    | inbound mail (`send inbound`) | `inbound`, see `inbound/definition.rs` |
//!    | batches, retries, timeout, checks of a new URL | `habits` in words, `conduct` as data |
//!
//!    Leave out the rest with `..SIGNER` at the end. Anything that data cannot express (a guard on a certificate's
//!    address, a string to sign) is a function in the same file, called through an `Own` variant.
//! 3. **Provenance.** Cover every field of every example in [`origins`](Provider::origins): `documented` or `captured`
//!    with a [`Page`](crate::providers::provenance::Page) and the day it was read, else `assumed` with the reason. Never
//!    invent a field or a header.
//! 4. **Registration.** Add the module to `catalog/mod.rs`, and `&catalog::<provider>::PROVIDER` to `ALL` in `mod.rs`, in
//!    alphabetical order. Help, completion, recognition, `send` and `check` take the provider from there.
//! 5. **Tests.** Put signatures made by other software, valid and invalid, into `tests/vectors/<provider>.json`, and the
//!    provider into the table of the README. `cargo test --test it` then tries the promises of `tests/it/providers.rs`:
//!    each example is recognised by this provider alone, written back byte for byte, and rejected if one byte changes.
//!
//! A service that is known by its signature and not by its events (GitHub, Stripe) goes into `SCHEMES` instead of `ALL`,
//! and needs neither events nor examples: see `catalog/github.rs`.

use crate::providers::behaviour::{Behaviour, CONDUCT};
use crate::providers::habits::{HABITS, Habits};
use crate::providers::inbound::definition::Inbound;
use crate::providers::provenance::Provenance;
use crate::webhook::{
    Algorithm, BounceClass, Delivery, Document, Encoding, KeyForm, Kind, Location, Predicate,
    Scheme, Style,
};

/// A provider: everything that recognition, reading, signing and `send` need to know of it.
#[derive(Debug)]
pub struct Provider {
    /// Name to type: `postmark`.
    pub name: &'static str,
    /// Name to show: `Postmark`.
    pub title: &'static str,
    /// Address of the provider's page about its webhooks.
    pub docs: &'static str,
    /// Signals that a delivery is recognised by; one match is enough.
    pub signals: &'static [Signal],
    /// True for a format that several services share: its body signals are tried after those of single providers.
    pub is_general: bool,
    /// Signature schemes: `send` signs by the first, and a delivery is accepted if any of them verifies it.
    pub schemes: &'static [&'static Scheme],
    /// Providers whose signatures differ from these schemes in a detail; their deliveries verify under this name too.
    pub departures: &'static [SchemeVariant],
    /// Public test key: `send` signs with it if no secret is given. Empty if nothing is signed.
    pub test_secret: &'static str,
    /// Counterpart of `test_secret` to paste into a handler's configuration: the public key, the certificate, or the
    /// secret itself.
    pub test_public: &'static str,
    /// Location of the events in the body.
    pub envelope: Envelope,
    /// Splits an object that tells of several events into an object for each; none if it tells of one.
    pub split: Option<Split>,
    /// Layout of the provider's JSON: white space, order, escapes.
    pub style: Style,
    /// Locations of the provider's own name for an event; the first that has a value counts. A JSON pointer, or a
    /// header name if it does not begin with `/`.
    pub native: &'static [&'static str],
    /// Locations of the fields of an event.
    pub fields: Fields,
    /// Kinds of event; the first whose `marks` all match counts.
    pub events: &'static [EventDef],
    /// Bounces for `send --bounce`.
    pub bounces: &'static [Bounce],
    /// Marks of machine opens and clicks, for `send --machine`.
    pub machines: &'static [Machine],
    /// Ids of the delivery outside of its events, new in each delivery; a header with the value of an id in the body
    /// follows it.
    pub ids: &'static [Location],
    /// JSON pointer to the link that must be visited to confirm a subscription.
    pub confirm: Option<&'static str>,
    /// Delivery habits in words: batching, success, retries, timeout.
    pub habits: Habits,
    /// Delivery behaviour as data, for `check` and `send --handshake`.
    pub conduct: Behaviour,
    /// Inbound mail: requests made of messages, and read; none if the provider has none that is known.
    pub inbound: Option<&'static Inbound>,
    /// Provenance of the fields of the examples.
    pub origins: &'static [Provenance],
}

/// Default form, for `..SIGNER` at the end of a provider's own: nothing is known but the JSON member `type`. A service
/// of `SCHEMES` keeps it without events and examples, so that only a body of one's own can be sent (`send --data`).
pub(super) const SIGNER: Provider = Provider {
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
    split: None,
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
    inbound: None,
    origins: &[],
};

/// Function that splits an object into one for each event.
pub(super) type Split = for<'a> fn(&Document<'a>) -> Option<Vec<Document<'a>>>;

/// Provider whose signatures differ from a general scheme in a detail.
#[derive(Debug)]
pub struct SchemeVariant {
    /// The provider whose bodies are signed by this variant.
    pub provider: &'static Provider,
    /// Form in which a secret given for the general scheme is parsed.
    pub key: KeyForm,
    /// True if a secret without the general scheme's form is parsed in this form, whoever the sender is.
    pub stretches: bool,
    /// The difference, for the reason of the verdict.
    pub says: &'static str,
}

/// Evidence by which a provider's deliveries are recognised.
#[derive(Debug)]
pub enum Signal {
    /// Values in the body: pairs of a JSON pointer and a predicate, all of which must match.
    Body(&'static [(&'static str, Predicate)]),
    /// A header that no other provider sends; it takes precedence over the body.
    Header(&'static str),
    /// A header that other services send as well; tried last.
    SharedHeader(&'static str),
    /// A prefix of the content type, in any case.
    ContentType(&'static str),
}

/// Result of opening an [`Envelope::Own`].
#[derive(Debug)]
pub struct Opened<'a> {
    /// The event or the list of events; none if the body itself is.
    pub events: Option<Document<'a>>,
    /// Problems found in them.
    pub problems: Vec<String>,
}

/// Location of the events in a body. A list there is a batch.
#[derive(Debug)]
pub enum Envelope {
    /// The body is the event, or the list of events.
    Plain,
    /// A string (or form field) at this pointer contains them as JSON, in this layout; if it is missing, the body's
    /// only member does, whatever its name. If its content is no JSON, the body itself is the event.
    Text(&'static str, Style),
    /// A list at this pointer. If it is missing, the body itself is the event, or the list of events.
    List(&'static str),
    /// The body, or each value of its list, wraps an event: it is the only member, of any name, of the object at this
    /// pointer. If that object does not have exactly one member, the wrapper itself is the event.
    Only(&'static str),
    /// A format that needs code: the function gets the delivery, and its body if that could be parsed.
    Own(for<'a> fn(&Delivery, Option<&Document<'a>>) -> Opened<'a>),
}

/// JSON pointers to the fields of an event. Of several pointers, the first with a text that is not blank is read, and
/// all are written. A step `*` is each value of a list: `/to/*/email` in [`recipient`](Fields::recipient) makes an
/// event for each.
#[derive(Debug)]
pub struct Fields {
    /// Recipient address, with or without a display name; a text with several addresses makes an event for each.
    pub recipient: &'static [&'static str],
    /// Domain of the recipient address.
    pub domain: &'static [&'static str],
    /// Message id, by which events of one message are correlated.
    pub message_id: &'static [&'static str],
    /// Character that ends the message id, if more text follows it.
    pub message_id_end: Option<char>,
    /// Further ids of the message: new for each message, and equal in all events of it.
    pub message_also: &'static [&'static str],
    /// Time of the event; the first that has a value is read, and the others move with it.
    pub at: &'static [TimeField],
    /// Other times: `send` moves them with the time of the event, and they are never read.
    pub other_times: &'static [TimeField],
    /// Clicked link.
    pub url: &'static [&'static str],
    /// Reason of a failure: an SMTP reply, a text.
    pub reason: &'static [&'static str],
    /// Texts that are joined by `: ` if there is no reason: a type and its subtype.
    pub reason_parts: &'static [&'static str],
    /// Ids that no two events share.
    pub unique: &'static [&'static str],
    /// Location for `--campaign`.
    pub campaign: Placement,
    /// Location for `--tag`.
    pub tag: Placement,
    /// Location for `--metadata`.
    pub metadata: Placement,
}

/// Default fields, for `..FIELDS`: none is known.
pub(super) const FIELDS: Fields = Fields {
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

/// Time format, with the JSON pointer to the time.
#[derive(Debug)]
pub enum TimeField {
    /// RFC 3339 with this many fractional digits; in UTC, or at the offset of the example.
    Rfc3339(&'static str, u8),
    /// RFC 3339 with as many fractional digits as the example.
    Like(&'static str),
    /// UTC in this `strftime` format.
    Utc(&'static str, &'static str),
    /// Whole seconds since 1970, as a number or a string of digits; milliseconds if the example's are.
    Seconds(&'static str),
    /// Like `Seconds`, in a form in which the sender's own data may repeat the field's name: the last of them.
    LastSeconds(&'static str),
    /// Seconds since 1970 with six fractional digits, as a number; whole if the example's is.
    Fraction(&'static str),
    /// Whole milliseconds since 1970, as a number or a string of digits.
    Millis(&'static str),
    /// `YYYY-MM-DD HH:MM:SS` in an unknown time zone. Read as UTC; `send` moves it by as much as the time of the event.
    Local(&'static str),
}

/// Location and format of what the sender attaches to a message: campaign, tags, metadata. Pointers are JSON pointers
/// in the event.
#[derive(Debug)]
pub enum Placement {
    /// No place: the values are left out, with a note.
    Nowhere,
    /// A string; of several values, the last.
    Text(&'static str),
    /// A string at the first of these pointers that exists; nothing if none does.
    First(&'static [&'static str]),
    /// A list of strings.
    List(&'static str),
    /// A list of objects with `id` and `name`.
    Named(&'static str),
    /// A list of objects, each with a name and a value; the two strings are the member names of these.
    Pairs(&'static str, &'static str, &'static str),
    /// An object of names and values; it is created if missing.
    Members(&'static str),
    /// Like `Members`, only if the object exists.
    Into(&'static str),
    /// Members of an object that has other members too; the empty pointer is the event itself. The names listed are the
    /// example's own metadata, which is replaced.
    Among(&'static str, &'static [&'static str]),
    /// Members of an object, each a list with one value. Members whose names have this prefix are the provider's, and
    /// stay.
    Lists(&'static str, &'static str),
    /// Like `Members`, in each of these objects that exists or is null; nothing if none does.
    There(&'static [&'static str]),
    /// A string in place of the existing one; nothing if there is none.
    Instead(&'static str),
    /// A JSON list of strings, serialised as a string; nothing if there is no such string.
    ListText(&'static str),
    /// A JSON object, serialised as a string; nothing if there is no string.
    MembersText(&'static str),
    /// All of these placements in order, up to the first that the event has no place for.
    Each(&'static [Placement]),
    /// The first of these placements that the event has a place for.
    Either(&'static [Placement]),
}

/// Kind of event, as a provider sends it.
#[derive(Debug)]
pub struct EventDef {
    /// Kind in common words.
    pub kind: Kind,
    /// Provider's own name for it, which can be typed too.
    pub native: &'static str,
    /// Values that identify this kind: pairs of a JSON pointer and a predicate, all of which must match.
    pub marks: &'static [(&'static str, Predicate)],
    /// Class of a bounce: hard or soft.
    pub bounce: Option<BounceClass>,
    /// Example: the text of a fixture, with the exact bytes that the provider sends. Empty if there is none.
    pub example: &'static str,
    /// True if the event is about a message; if false, the value at [`Fields::message_id`] is an id of something else.
    pub has_message: bool,
    /// Version of the provider's webhooks that the example is of; empty if the provider has no versions, or if all
    /// versions are alike. Events of the newest version come first.
    pub version: &'static str,
    /// True for a special case, listed before the ordinary event because it is recognised first: not the one that is sent
    /// for its kind.
    pub is_special: bool,
}

/// Marker for [`Bounce::sets`] and [`Machine::sets`], in place of a JSON value: the member is removed.
pub(super) const ABSENT: &str = "absent";

/// Bounce for `send --bounce`.
#[derive(Debug)]
pub struct Bounce {
    /// Common name: `hard`, `soft`, `mailbox-full`, `blocked`.
    pub name: &'static str,
    /// Native name of the event to start from.
    pub row: &'static str,
    /// Differences from the example of that event: JSON pointers and JSON values.
    pub sets: &'static [(&'static str, &'static str)],
}

/// Mark of a machine open or click, for `send --machine`: a privacy proxy, a link scanner.
#[derive(Debug)]
pub struct Machine {
    /// Kind of event.
    pub kind: Kind,
    /// Native name of the event to start from.
    pub row: &'static str,
    /// Differences from the example of that event: JSON pointers and JSON values.
    pub sets: &'static [(&'static str, &'static str)],
}

/// Scheme of providers that sign nothing: the receiver demands basic authentication, a header, or a secret in the URL.
pub(super) static CREDENTIALS: Scheme = Scheme {
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

/// An event that is no bounce.
pub(super) const fn row(
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
        is_special: false,
    }
}

/// An event that is a bounce.
pub(super) const fn bounce(
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
        is_special: false,
    }
}

impl EventDef {
    /// Marks the event as not being about a message.
    pub const fn without_message(self) -> EventDef {
        EventDef {
            has_message: false,
            ..self
        }
    }

    /// Marks the event as a special case of another one.
    pub const fn special(self) -> EventDef {
        EventDef {
            is_special: true,
            ..self
        }
    }

    /// Sets the version of the provider's webhooks.
    pub const fn of_version(self, version: &'static str) -> EventDef {
        EventDef { version, ..self }
    }

    /// True if the event belongs to this version, or if no version is asked for.
    pub(super) fn is_of(&self, version: Option<&str>) -> bool {
        version.is_none_or(|version| self.version.is_empty() || self.version == version)
    }
}

impl Provider {
    /// The event to send for a kind or a native name, of the newest version that has it.
    pub fn row(&self, name: &str) -> Option<&'static EventDef> {
        self.row_of(name, None)
    }

    /// The event to send for a kind or a native name, of this version of the webhooks, or of the newest that has it. Of
    /// several events of a kind, the one whose native name is the kind's name counts, else the first that is no special
    /// case.
    pub fn row_of(&self, name: &str, version: Option<&str>) -> Option<&'static EventDef> {
        let events = || {
            let sent = |row: &&EventDef| !row.example.is_empty() && row.is_of(version);
            self.events.iter().filter(sent)
        };
        let is_kind = |row: &&EventDef| row.kind != Kind::Other && row.kind.name() == name;
        let is_native = |row: &&EventDef| row.native.eq_ignore_ascii_case(name);
        events()
            .find(|row| is_kind(row) && is_native(row))
            .or_else(|| events().find(|row| is_kind(row) && !row.is_special))
            .or_else(|| events().find(is_kind))
            .or_else(|| events().find(is_native))
    }

    /// Versions of the webhooks that the examples are of, newest first; empty if the provider has no versions.
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
