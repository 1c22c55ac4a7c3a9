//! Reading of a delivery: its provider, its events, and the verdict on its signature. Reading never fails: anything odd is
//! listed as a problem.

mod events;
mod leads;
mod mails;
mod receipt;
mod recognition;
mod signature;
mod time;

pub use receipt::{cannot_be_verified, outline, read, read_where};
pub use recognition::recognise;
pub(super) use signature::verdict_of;
pub use signature::{sign, signing_scheme};
