//! Choice of deliveries by the flags of `log`, `diff` and `drift`.

use crate::cli::RecordedArgs;
use crate::commands::args;
use crate::commands::recorded::selected::{as_recorded, choose};
use crate::error::Result;
use crate::providers::Keys;
use crate::webhook::{Fixture, Selection, VerifyOptions};

/// Selection of a command, with the keys that verify what it may choose.
#[derive(Debug)]
pub(crate) struct Chooser {
    /// Conditions on deliveries.
    pub selection: Selection,
    /// Keys that verify signatures.
    pub keys: Keys,
    /// `--edited`: accept lines of a recording whose checksum differs.
    pub edited: bool,
    /// Notes on the secrets, for the user.
    pub notes: Vec<String>,
    public_url: Option<String>,
}

impl Chooser {
    /// Makes it from the flags; reads secrets.
    pub(crate) fn new(args: RecordedArgs) -> Result<Chooser> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, None)?;
        Ok(Chooser {
            selection: args::selection(args.selection, provider, &args.path),
            keys: secrets.keys,
            edited: args.edited,
            notes: secrets.notes,
            public_url: args.secrets.public_url,
        })
    }

    /// True if a fixture is chosen, `skip`, `limit` and `last` not considered.
    pub(crate) fn chooses(&self, fixture: &Fixture) -> bool {
        choose(&self.selection, fixture, &self.keys, &self.options(fixture)).is_ok()
    }

    /// Options to verify a fixture, as of the time of its recording.
    pub(crate) fn options(&self, fixture: &Fixture) -> VerifyOptions {
        as_recorded(fixture, self.public_url.as_ref())
    }
}
