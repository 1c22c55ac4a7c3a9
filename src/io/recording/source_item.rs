//! Delivery of a source, with its address and its position.

use std::fmt;
use std::sync::Arc;

use crate::io::recording::source_position::SourcePosition;
use crate::webhook::{Fault, Fixture};

/// Delivery with its source.
#[derive(Debug)]
pub struct SourceItem {
    /// Source of the delivery, to show to the user.
    pub source: Source,
    /// The delivery, or the parse error; in a recording, the line number of an error is that of the file.
    pub fixture: std::result::Result<Fixture, Fault>,
    /// Position after this delivery, to resume from.
    pub after: SourcePosition,
}

/// Source of a delivery as shown, which is its address: `recording.ndjson:12`, `fixtures/click.json`, `stdin:3`.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) name: Arc<str>,
    /// Line of a recording or entry of a HAR file, from 1; 0 if the file is a single delivery.
    pub(super) number: usize,
    /// Id of the delivery, in place of the number, where lines before it were not counted.
    pub(super) id: Option<Arc<str>>,
}

impl Source {
    /// Number within the file; 1 if the file is a single delivery.
    pub(crate) fn number(&self) -> usize {
        self.number.max(1)
    }
}

impl Source {
    /// Address in a recording; the id, if the lines were not counted.
    pub(super) fn in_recording(
        name: &Arc<str>,
        number: usize,
        uncounted: bool,
        fixture: &std::result::Result<Fixture, Fault>,
    ) -> Source {
        let id = fixture.as_ref().ok().and_then(|it| it.id.as_deref());
        Source {
            name: Arc::clone(name),
            number,
            id: id.filter(|_| uncounted).map(Arc::from),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (&self.id, self.number) {
            (Some(id), _) => write!(f, ":{id}"),
            (None, 0) => Ok(()),
            (None, number) => write!(f, ":{number}"),
        }
    }
}

impl From<&str> for Source {
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            number: 0,
            id: None,
        }
    }
}
