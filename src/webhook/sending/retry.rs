//! Retries: the decision, and the wait before each.

use std::time::Duration;

use crate::webhook::{Outcome, Rng, Statuses};

/// Retry settings for a target.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Number of retries (`--retries`).
    pub times: u32,
    /// Wait before the first retry; it doubles each time.
    pub backoff: Duration,
    /// Statuses that are retried (`--retry-on`).
    pub on: Statuses,
    /// Longest wait accepted from a target (`Retry-After`).
    pub longest: Duration,
}

/// Decision after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// No retry: it succeeded, or it never will.
    Final,
    /// No more retries, though a later one may succeed.
    GivenUp,
    /// A retry after this wait.
    Again(Duration),
}

/// Longest wait between two attempts, unless the target asks for more.
const LONGEST: Duration = Duration::from_secs(60);

/// Statuses that are retried by default: temporary failures.
pub const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: 3,
            backoff: Duration::from_millis(500),
            on: Statuses::of(&TRANSIENT),
            longest: Duration::from_secs(3600),
        }
    }
}

impl Retry {
    /// Decides about a retry. Jitter only lengthens the wait, and `Retry-After` is a minimum.
    pub fn next(&self, tries: u32, outcome: &Outcome, rng: &mut Rng) -> Next {
        let passes = match outcome {
            outcome if outcome.succeeded() => return Next::Final,
            Outcome::Answered { status, .. } => self.on.accept(*status),
            Outcome::TimedOut(_) | Outcome::Unreachable(_) => true,
            Outcome::Impossible(_) => false,
        };
        if !passes {
            return Next::Final;
        }
        if tries > self.times {
            return Next::GivenUp;
        }
        let doubled = self
            .backoff
            .saturating_mul(2u32.saturating_pow(tries.saturating_sub(1).min(20)))
            .min(LONGEST);
        let asked = self.asked(outcome).unwrap_or_default();
        Next::Again(doubled.max(asked) + doubled.mul_f64(rng.fraction() / 2.0))
    }

    /// Wait before the next attempt; none if there is no retry.
    pub fn wait(&self, tries: u32, outcome: &Outcome, rng: &mut Rng) -> Option<Duration> {
        match self.next(tries, outcome, rng) {
            Next::Again(wait) => Some(wait),
            Next::Final | Next::GivenUp => None,
        }
    }

    /// Wait that the target asks for with `Retry-After`, for all its deliveries.
    pub fn asked(&self, outcome: &Outcome) -> Option<Duration> {
        match outcome {
            Outcome::Answered {
                status,
                retry_after,
                ..
            } if !outcome.succeeded() && self.on.accept(*status) => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Retry};
    use crate::webhook::{Outcome, Rng, Statuses};
    use std::time::Duration;

    fn patient() -> Retry {
        Retry {
            backoff: Duration::from_millis(100),
            ..Retry::default()
        }
    }

    fn answered(status: u16, retry_after: Option<Duration>) -> Outcome {
        let unexpected = (!(200..300).contains(&status)).then(|| String::from("not 2xx"));
        Outcome::Answered {
            status,
            body: bytes::Bytes::new(),
            retry_after,
            location: None,
            unexpected,
        }
    }

    fn again(retry: &Retry, tries: u32, outcome: &Outcome, rng: &mut Rng) -> Duration {
        retry.wait(tries, outcome, rng).unwrap()
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let mut rng = Rng::seeded(1);
        let mut next = |tries, outcome: &Outcome| patient().next(tries, outcome, &mut rng);
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(
                matches!(next(1, &answered(status, None)), Next::Again(_)),
                "{status}"
            );
            assert_eq!(next(4, &answered(status, None)), Next::GivenUp);
        }
        for status in [101, 200, 204, 301, 400, 401, 404, 410, 501, 505] {
            assert_eq!(next(1, &answered(status, None)), Next::Final, "{status}");
        }
        let refused = Outcome::Unreachable("refused".into());
        assert!(matches!(next(3, &refused), Next::Again(_)));
        assert_eq!(next(4, &refused), Next::GivenUp);
        assert_eq!(
            next(1, &Outcome::Impossible("no such host".into())),
            Next::Final
        );
        let other = Retry {
            on: Statuses::parse("404").unwrap(),
            ..patient()
        };
        assert!(matches!(
            other.next(1, &answered(404, None), &mut rng),
            Next::Again(_)
        ));
        assert_eq!(other.next(1, &answered(503, None), &mut rng), Next::Final);
    }

    #[test]
    fn waits_double_and_jitter_only_adds() {
        let mut rng = Rng::seeded(2);
        for (tries, nominal) in [(1, 100), (2, 200), (3, 400)] {
            let waits: Vec<u128> = (0..100)
                .map(|_| again(&patient(), tries, &answered(503, None), &mut rng).as_millis())
                .collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| (nominal..=nominal * 3 / 2).contains(wait)),
                "{waits:?}"
            );
            assert!(
                waits.iter().max().unwrap() - waits.iter().min().unwrap() > nominal / 4,
                "{waits:?}"
            );
        }
    }

    #[test]
    fn a_target_that_asks_to_wait_is_waited_for() {
        let mut rng = Rng::seeded(3);
        let seven = Duration::from_secs(7);
        for _ in 0..100 {
            let wait = again(&patient(), 1, &answered(429, Some(seven)), &mut rng);
            assert!(
                (seven..seven + Duration::from_millis(51)).contains(&wait),
                "{wait:?}"
            );
        }
        assert_eq!(patient().asked(&answered(503, Some(seven))), Some(seven));
        assert_eq!(patient().asked(&answered(404, Some(seven))), None);
        assert_eq!(patient().asked(&answered(200, Some(seven))), None);
    }
}
