//! JSON output (`--json`): one object a line.

mod body;
mod delivery;
mod escape;
mod mail;
mod notices;

pub use delivery::{EventJson, LongLine, masked_fixture, received_json, recorded_answer_json};
pub use escape::harmless;
pub use notices::{forwarded_answer_json, json_line, write};
