//! Sync mode of a recording (`--sync`).

use std::time::Duration;

/// Sync mode: the time at which written deliveries are synced to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// Before a delivery is acknowledged: nothing is lost.
    #[default]
    Always,
    /// Every [`SYNCED_EVERY`], and at the end. The last acknowledged deliveries may be lost: those of a few
    /// milliseconds if the program is killed, and of a tenth of a second on power loss.
    Interval,
    /// Left to the system: as `Interval`, with up to half a minute lost on power loss.
    Never,
}

/// Time between two syncs in mode `Interval`.
pub(super) const SYNCED_EVERY: Duration = Duration::from_millis(100);
