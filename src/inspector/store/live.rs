//! News about deliveries, for the stream and for those who wait.

use std::sync::Arc;

use crate::inspector::store::packed::Packed;
use crate::inspector::store::position::Position;
use crate::webhook::RecordedAnswer;

/// Piece of news, in the order of the table.
#[derive(Clone, Debug)]
pub enum Live {
    /// A delivery was received, and has this position in the table.
    Received(Position, Arc<Packed>),
    /// A delivery was passed on to a handler.
    Forwarded(Arc<RecordedAnswer>),
}
