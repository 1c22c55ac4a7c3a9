//! What the sender wants to differ from an example.

use serde_json::Value;

/// What the sender wants to differ from the example.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The address it is about.
    pub recipient: Option<String>,
    /// The link that was clicked.
    pub url: Option<String>,
    /// The campaign it belongs to.
    pub campaign: Option<String>,
    /// The message's id; a new one if none.
    pub message_id: Option<String>,
    /// Tags of the message.
    pub tags: Vec<String>,
    /// The sender's own members.
    pub metadata: Vec<(String, String)>,
    /// Places in the event and the JSON values to put there.
    pub sets: Vec<(String, Value)>,
    /// Places in the event to take away.
    pub unsets: Vec<String>,
}
