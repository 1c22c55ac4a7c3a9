//! Values that the user wants in an event in place of the example's own: `--recipient`, `--set` and the like.

use serde_json::Value;

/// Differences from the example, as given on the command line of `send`.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Recipient address.
    pub recipient: Option<String>,
    /// Clicked link.
    pub url: Option<String>,
    /// Campaign.
    pub campaign: Option<String>,
    /// Message id; a new one if none.
    pub message_id: Option<String>,
    /// Tags of the message.
    pub tags: Vec<String>,
    /// Metadata of the sender, as pairs of name and value.
    pub metadata: Vec<(String, String)>,
    /// Paths in the event with the JSON values to write there (`--set`).
    pub sets: Vec<(String, Value)>,
    /// Paths in the event to remove (`--unset`).
    pub unsets: Vec<String>,
}
