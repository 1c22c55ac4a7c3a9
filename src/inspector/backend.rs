//! Program around the inspector, as the inspector uses it: it reads, sends and explains deliveries.

use serde_json::Value;

use crate::inspector::http::orders::{FaultOrder, ReplayOrder, SendOrder};
use crate::inspector::http::problem::Problem;
use crate::inspector::store::kept::Kept;
use crate::webhook::{Delivery, Fixture, Receipt};

/// Program around the inspector. Calls may block.
pub trait Backend: Send + Sync + 'static {
    /// Reads events and signature of a recorded delivery, as of the time of its recording.
    fn judge(&self, fixture: &Fixture) -> Receipt;

    /// Reads the events of a recorded delivery, without its signature.
    fn outline(&self, fixture: &Fixture) -> Receipt;

    /// Reads the events of a delivery again, as they were read when it was received.
    fn read_again(&self, delivery: &Delivery) -> Receipt;

    /// Explains the signature of a delivery: the line of `verify --json`.
    fn explain(&self, kept: &Kept) -> String;

    /// Makes deliveries of events, and sends them.
    fn send(&self, order: &SendOrder) -> Result<Sent, Problem>;

    /// Sends a delivery again, as it is or changed.
    fn replay(&self, kept: &Kept, order: &ReplayOrder) -> Result<Sent, Problem>;

    /// Faults in force; none if nothing is listened to.
    fn faults(&self) -> Option<Value>;

    /// Replaces the faults, or restores those that the listener was started with, and returns those in force; none if
    /// nothing is listened to.
    fn set_faults(&self, order: Option<&FaultOrder>) -> Option<Value>;

    /// Lines of the catalogue: all providers, one, or the payload of an event.
    fn catalogue(&self, provider: Option<&str>, kind: Option<&str>)
    -> Result<Vec<String>, Problem>;

    /// Facts for the session: targets, names of secrets, URL that is listened on.
    fn session(&self) -> Value;
}

/// Requests that were made, and the attempts to send them: lines of `--json`.
#[derive(Debug, Default)]
pub struct Sent {
    /// Lines of type `attempted`.
    pub attempts: Vec<String>,
    /// Lines of `--dry-run --as json`, with credentials masked.
    pub requests: Vec<String>,
}
