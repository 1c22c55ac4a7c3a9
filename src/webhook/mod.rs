//! The nouns: what a webhook is, whoever sent it. Pure: no clock, no disk, no network.

mod attempt;
mod chance;
mod delivery;
mod document;
mod event;
mod fixture;
mod json;
mod kind;
mod receipt;
mod recipe;
mod retry;
mod secret;
mod target;

pub use attempt::{Attempt, Outcome};
pub use chance::Chance;
pub use delivery::{Delivery, Headers};
pub use document::{Document, Mark};
pub use event::{BounceClass, Event};
pub use fixture::{Fault, Fixture, Reply};
pub use json::{Span, Style, find, splice, write};
pub use kind::{Kind, nearest};
pub use receipt::{Receipt, Recognition, Signature, Verdict};
pub use recipe::{Algorithm, Encoding, Guard, Judge, Part, Place, Recipe, Seal, TimeForm};
pub use retry::Retry;
pub use secret::{Credentials, Key, KeyForm, Keyring, Secret};
pub use target::Target;
