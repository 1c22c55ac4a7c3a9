//! When a delivery is tried again, and how long to wait first.

use std::time::Duration;

use super::{Chance, Outcome};

/// How patient to be with a target.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries after the first.
    pub times: u32,
    /// The wait before the second try; it doubles from there.
    pub backoff: Duration,
}

/// No wait between two tries is longer than this by our own choice.
const LONGEST: Duration = Duration::from_secs(60);

/// What says "not now" rather than "never".
const TRANSIENT: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

impl Retry {
    /// How long to wait before the next try; none if there is to be none.
    /// Jitter only ever adds, and `Retry-After` is a minimum.
    pub fn wait(&self, tries: u32, outcome: &Outcome, chance: &mut Chance) -> Option<Duration> {
        if tries > self.times || outcome.succeeded() {
            return None;
        }
        let asked = match outcome {
            Outcome::Answered {
                status,
                retry_after,
                ..
            } if TRANSIENT.contains(status) => retry_after.unwrap_or_default(),
            Outcome::Answered { .. } => return None,
            Outcome::TimedOut(_) | Outcome::Unreachable(_) => Duration::ZERO,
        };
        let doubled = self
            .backoff
            .saturating_mul(2u32.saturating_pow(tries.saturating_sub(1).min(20)));
        let own = doubled.min(LONGEST).max(asked);
        Some(own.mul_f64(1.0 + chance.fraction() / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Retry;
    use crate::webhook::{Chance, Outcome};
    use std::time::Duration;

    const PATIENT: Retry = Retry {
        times: 3,
        backoff: Duration::from_millis(100),
    };

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

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let mut chance = Chance::seeded(1);
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(
                PATIENT
                    .wait(1, &answered(status, None), &mut chance)
                    .is_some(),
                "{status}"
            );
        }
        for status in [200, 204, 301, 400, 401, 404, 410, 501, 505] {
            assert!(
                PATIENT
                    .wait(1, &answered(status, None), &mut chance)
                    .is_none(),
                "{status}"
            );
        }
        assert!(
            PATIENT
                .wait(1, &Outcome::Unreachable("refused".into()), &mut chance)
                .is_some()
        );
        assert!(
            PATIENT
                .wait(4, &Outcome::Unreachable("refused".into()), &mut chance)
                .is_none()
        );
    }

    #[test]
    fn waits_double_and_jitter_only_adds() {
        let mut chance = Chance::seeded(2);
        for (tries, nominal) in [(1, 100), (2, 200), (3, 400)] {
            for _ in 0..100 {
                let wait = PATIENT
                    .wait(tries, &answered(503, None), &mut chance)
                    .unwrap()
                    .as_millis();
                assert!(
                    (nominal..=nominal * 3 / 2).contains(&wait),
                    "{wait} for {nominal}"
                );
            }
        }
        let asked = PATIENT
            .wait(1, &answered(429, Some(Duration::from_secs(7))), &mut chance)
            .unwrap();
        assert!(asked >= Duration::from_secs(7));
    }
}
