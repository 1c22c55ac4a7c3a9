//! Pacing of deliveries: at a rate, or with the gaps of the recording.
//!
//! Pure: `now` is an argument, from a monotonic clock.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Spacing of deliveries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beat {
    /// None: the next follows as soon as the responses allow.
    Free,
    /// A fixed interval.
    Every(Duration),
    /// The recorded gaps, divided by this factor.
    Recorded(f64),
}

/// Most lateness that is made up for. A timer is always a little late, and without this the mean rate would never be
/// reached; but after a longer stall nothing is made up for, because a burst was not asked for. Any half second then
/// holds at most a tenth more than the rate.
const SLACK: Duration = Duration::from_millis(40);

/// Schedule that tells the time of the next delivery.
#[derive(Clone, Debug)]
pub struct Pace {
    beat: Beat,
    /// Due time of the last delivery; below, its recorded time.
    last: Option<Instant>,
    recorded: Option<Timestamp>,
}

impl Pace {
    /// Creates a schedule for which nothing has been sent yet.
    pub fn new(beat: Beat) -> Self {
        Self {
            beat,
            last: None,
            recorded: None,
        }
    }

    /// True if deliveries never wait.
    pub fn is_free(&self) -> bool {
        self.beat == Beat::Free
    }

    /// True if a retry takes a slot of its own.
    pub fn counts_tries(&self) -> bool {
        matches!(self.beat, Beat::Every(_))
    }

    /// Due time of the next delivery, which was recorded at `at`; none if it goes at once.
    pub fn due(&self, at: Option<Timestamp>) -> Option<Instant> {
        let gap = match self.beat {
            Beat::Free => return None,
            Beat::Every(gap) => gap,
            Beat::Recorded(faster) => {
                let gap = at?.duration_since(self.recorded?);
                // A delivery recorded out of order goes at once.
                Duration::try_from(gap).unwrap_or_default().div_f64(faster)
            }
        };
        self.last?.checked_add(gap)
    }

    /// Records that a delivery goes now.
    pub fn go(&mut self, now: Instant, at: Option<Timestamp>) {
        let due = self.due(at).unwrap_or(now);
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        // A delivery that goes before it is due, because it does not wait for its slot, takes no slot from others.
        self.last = Some(due.max(earliest));
        self.recorded = at.max(self.recorded);
    }
}

#[cfg(test)]
mod tests {
    use super::{Beat, Pace};
    use std::time::{Duration, Instant};

    const MS: Duration = Duration::from_millis(1);

    /// Send times of `count` deliveries in ms, if every wait ends `late` and one is preceded by `stall`.
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

    /// Most deliveries within any half second.
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
            // The five seconds are a delay that is not made up for.
            assert!(*went.last().unwrap() >= 14_800, "{went:?}");
        }
    }

    #[test]
    fn recorded_gaps_are_kept_and_scaled() {
        let start = Instant::now();
        for (faster, wanted) in [(1.0, [0, 2000, 2000, 5000]), (2.0, [0, 1000, 1000, 2500])] {
            let (mut now, mut pace) = (start, Pace::new(Beat::Recorded(faster)));
            let mut went = Vec::new();
            // The third is out of order; the fourth has no time.
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
