//! When the next delivery goes: at a rate, or in the rhythm in which deliveries were recorded.
//!
//! Pure: `now` is an argument, and it is a monotonic clock's.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// How deliveries follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beat {
    /// As fast as they are answered.
    Free,
    /// One each so often.
    Every(Duration),
    /// In the recorded gaps, shortened by this factor.
    Recorded(f64),
}

/// So much lateness is made up for. A timer is always a little late, and without making up for it the mean would
/// never be reached; but after a stall nothing is, for a burst is not what was asked for. Half a second then never
/// holds more than a tenth above the rate.
const SLACK: Duration = Duration::from_millis(40);

/// Says when the next one goes.
#[derive(Clone, Debug)]
pub struct Pace {
    beat: Beat,
    /// When the last one was due, and when it was recorded.
    last: Option<Instant>,
    recorded: Option<Timestamp>,
}

impl Pace {
    /// A pace at which nothing has gone yet.
    pub fn new(beat: Beat) -> Self {
        Self {
            beat,
            last: None,
            recorded: None,
        }
    }

    /// Whether anything ever waits.
    pub fn is_free(&self) -> bool {
        self.beat == Beat::Free
    }

    /// Whether a further try at the same delivery takes a turn of its own.
    pub fn counts_tries(&self) -> bool {
        matches!(self.beat, Beat::Every(_))
    }

    /// When the next one goes, which was recorded at `at`; none if at once.
    pub fn due(&self, at: Option<Timestamp>) -> Option<Instant> {
        let gap = match self.beat {
            Beat::Free => return None,
            Beat::Every(gap) => gap,
            Beat::Recorded(faster) => {
                let gap = at?.duration_since(self.recorded?);
                // What was recorded out of order goes at once.
                Duration::try_from(gap).unwrap_or_default().div_f64(faster)
            }
        };
        self.last?.checked_add(gap)
    }

    /// One goes now.
    pub fn go(&mut self, now: Instant, at: Option<Timestamp>) {
        let due = self.due(at).unwrap_or(now);
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        // One that goes before it is due, because it does not wait for its turn, takes no turn from others.
        self.last = Some(due.max(earliest));
        self.recorded = at.max(self.recorded);
    }
}

#[cfg(test)]
mod tests {
    use super::{Beat, Pace};
    use std::time::{Duration, Instant};

    const MS: Duration = Duration::from_millis(1);

    /// When each of so many goes, in milliseconds, if every wait ends that much late and `stall` is added before one.
    fn run(beat: Beat, count: u32, late: Duration, stall: (u32, Duration)) -> Vec<u128> {
        let start = Instant::now();
        let (mut now, mut pace) = (start, Pace::new(beat));
        let mut went = Vec::new();
        for number in 0..count {
            if number == stall.0 {
                now += stall.1;
            }
            if let Some(due) = pace.due(None).filter(|due| *due > now) {
                now = due + late;
            }
            pace.go(now, None);
            went.push((now - start).as_millis());
        }
        went
    }

    /// The most that go within any half second.
    fn peak(went: &[u128]) -> usize {
        let from = |start: &u128| {
            went.iter()
                .filter(|at| (*start..*start + 500).contains(at))
                .count()
        };
        went.iter().map(from).max().unwrap()
    }

    #[test]
    fn the_mean_is_kept_although_every_wait_ends_late() {
        for (rate, late) in [(20u32, 1), (20, 9), (200, 1), (200, 9), (2000, 2)] {
            let went = run(
                Beat::Every(Duration::from_secs(1) / rate),
                rate * 10,
                MS * late,
                (0, Duration::ZERO),
            );
            let mean = f64::from(rate * 10 - 1) / (*went.last().unwrap() as f64 / 1000.0);
            assert!(
                (mean / f64::from(rate) - 1.0).abs() < 0.03,
                "{mean} for {rate}"
            );
            assert!(
                peak(&went) as f64 <= f64::from(rate) * 0.55,
                "{} for {rate}",
                peak(&went)
            );
        }
    }

    #[test]
    fn no_burst_follows_a_stall() {
        for rate in [20u32, 200, 2000] {
            let went = run(
                Beat::Every(Duration::from_secs(1) / rate),
                rate * 10,
                MS,
                (rate * 3, MS * 5000),
            );
            assert!(
                peak(&went) as f64 <= f64::from(rate) * 0.55,
                "{} for {rate}",
                peak(&went)
            );
            // It delays and does not make up for the five seconds.
            assert!(*went.last().unwrap() >= 14_800, "{went:?}");
        }
    }

    #[test]
    fn recorded_gaps_are_kept_and_scaled() {
        let start = Instant::now();
        for (faster, wanted) in [(1.0, [0, 2000, 2000, 5000]), (2.0, [0, 1000, 1000, 2500])] {
            let (mut now, mut pace) = (start, Pace::new(Beat::Recorded(faster)));
            let mut went = Vec::new();
            // The third is out of order; a fourth without a time is taken along.
            for at in ["00:00:00", "00:00:02", "00:00:01", "00:00:05"] {
                let at = Some(format!("2026-01-02T{at}Z").parse().unwrap());
                now = pace.due(at).map_or(now, |due| due.max(now));
                pace.go(now, at);
                went.push((now - start).as_millis());
            }
            assert_eq!(went, wanted);
            assert_eq!(pace.due(None), None);
        }
        assert!(Pace::new(Beat::Free).due(None).is_none());
    }
}
