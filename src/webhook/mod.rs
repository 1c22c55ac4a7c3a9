//! Types of a webhook that all providers share. Pure: no clock, no disk, no network.

pub mod body;
pub mod diff;
pub mod fixture;
pub mod mail;
pub mod redact;
pub mod select;
pub mod sending;
pub mod signing;

mod address;
mod check_status;
mod delivery;
mod event;
mod glob;
mod headers;
mod kind;
mod name_bit;
mod outcome;
mod receipt;
pub mod shell;
mod target;
mod verify_options;

pub use address::{address, addresses};
pub(crate) use body::block::block_for;
pub use body::document::Document;
pub use body::embedded::document_in;
pub use body::form_part::FormPart;
pub use body::json::{
    Style, as_verbatim, find, is_shallow, splice, verbatim, write, write_escaped,
};
pub use body::json_cursor::Span;
pub use body::matcher::{Matcher, Predicate, Prefilter, name_after};
pub use body::multipart::Multipart;
pub use check_status::CheckStatus;
pub use delivery::Delivery;
pub use event::{BounceClass, Event};
pub use fixture::answer::{ANSWER_BODY, AnswerHead, RecordedAnswer};
pub use fixture::editable::{EditableFixture, marked, without_marks};
pub use fixture::format::Fixture;
pub use fixture::har::{HarSplitter, read_har_entry};
pub use fixture::members::Fault;
pub use fixture::recorded_line::{RecordedLine, add_to_file};
pub use fixture::reply::Reply;
pub use glob::Glob;
pub use headers::{Headers, is_hop_by_hop};
pub use kind::{Kind, nearest};
pub use mail::attachment_name::{numbered, safe_name};
pub use mail::inbound_mail::{Attachment, Authentication, Mail, MailEnvelope};
pub use mail::mailbox::{Mailbox, domain_of};
pub use mail::message::Message;
pub use name_bit::{NAME_SLOTS, name_bit, name_slot};
pub use outcome::{Attempt, Cause, EventSummary, Outcome, Reason};
pub use receipt::{Receipt, Recognition, Signature, Verdict};
pub use redact::redactor::Redactor;
pub use redact::sensitive::{
    MASK, credentials_in, is_credential_field, is_credential_member, masked_path,
};
pub use select::grep::Grep;
pub use select::line_filter::LineFilter;
pub use select::selection::{Selection, StatusFilter, bare as bare_message_id};
pub use select::source_address::{AddressFault, Place, SourceAddress};
pub use select::words::{Word, Words, words_in};
pub use sending::campaign::{Campaign, Ending, Moment, Moments, Rates, journey};
pub use sending::compare::differs;
pub use sending::expectation::Expectation;
pub use sending::keyed_queue::KeyedQueue;
pub use sending::pacing::{Beat, Pace};
pub use sending::reorder::{ReorderBuffer, Reordering};
pub use sending::retry::{Next, Retry, TRANSIENT};
pub use sending::rng::Rng;
pub use sending::status_set::Statuses;
pub use signing::algorithm::Algorithm;
pub use signing::credentials::Credentials;
pub use signing::encoding::Encoding;
pub use signing::location::{CustomLocation, Location};
pub use signing::message::Part;
pub use signing::pasted::unwrapped;
pub use signing::scheme::{Guard, Scheme, SigningContext};
pub use signing::secret::{Key, KeyForm, Keyring, Secret};
pub use signing::shared_key::SharedKey;
pub use signing::tamper::Tamper;
pub use signing::tamper_general::TAMPERS;
pub use signing::tamper_special::{MISFITS, set_topic};
pub use signing::timestamp::TimestampFormat;
pub use target::Target;
pub use verify_options::VerifyOptions;
