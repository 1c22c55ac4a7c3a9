//! Events of a simulated campaign (`send campaign`): a timeline for each message, merged in the order of time.
//!
//! A timeline depends only on the seed and the message's number, so it need not be stored: the timelines are computed
//! again for each window of time, and only the current window is in memory, however many recipients there are.

use crate::webhook::{Kind, Rng};

/// Rates of events, as fractions. The defaults are our assumptions, not measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of all messages that bounce.
    pub bounce: f64,
    /// Share of the others that are deferred first.
    pub deferred: f64,
    /// Share of delivered messages that are opened.
    pub open: f64,
    /// Share of opened messages in which a link is clicked.
    pub click: f64,
    /// Share of opened messages whose reader unsubscribes.
    pub unsubscribe: f64,
    /// Share of delivered messages that are reported as spam.
    pub complaint: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            bounce: 0.02,
            deferred: 0.03,
            open: 0.3,
            click: 0.1,
            unsubscribe: 0.005,
            complaint: 0.0005,
        }
    }
}

/// Last event of a timeline that is fixed in advance, not random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A clicked link.
    Click,
    /// A bounce.
    Bounce,
    /// A spam complaint.
    Complaint,
    /// An unsubscription.
    Unsubscribe,
}

/// Simulated campaign; reproducible.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Number of messages.
    pub recipients: u64,
    /// Rates of events.
    pub rates: Rates,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// One event of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Time of the event, in milliseconds from the start.
    pub millis: u64,
    /// Number of the message, from 0.
    pub message: u64,
    /// Position in the message's timeline, from 0.
    pub place: u8,
    /// Kind of event.
    pub kind: Kind,
}

/// Milliseconds between the first events of two messages: a hundred messages a second.
const GAP: u64 = 10;
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// Longest single wait, so that every timeline ends.
const LONGEST: u64 = 48 * HOUR;
/// Longest timeline: it has at most four waits of any length.
const LIFE: u64 = 4 * LONGEST;

/// Target number of events in memory at a time.
const WINDOW: u32 = 32_768;
/// Number of slices into which time is cut to find windows.
const PIECES: u64 = 65_536;

impl Campaign {
    /// All events, in the order of time.
    pub fn moments(&self) -> Moments {
        let width = (self.recipients * GAP + LIFE) / PIECES + 1;
        let mut counts = vec![0u32; usize::try_from(PIECES).unwrap_or(usize::MAX)];
        let mut life = Vec::new();
        for message in 0..self.recipients {
            self.life(message, &mut life);
            for moment in &life {
                let piece = usize::try_from(moment.millis / width).unwrap_or(usize::MAX);
                if let Some(count) = counts.get_mut(piece) {
                    *count = count.saturating_add(1);
                }
            }
        }
        let total = counts.iter().map(|count| u64::from(*count)).sum();
        Moments {
            campaign: *self,
            width,
            counts,
            piece: 0,
            window: Vec::new(),
            total,
        }
    }

    /// Computes the timeline of one message. Each event follows from the one before it, at a later time.
    fn life(&self, message: u64, into: &mut Vec<Moment>) {
        let mut rng = Rng::seeded(self.seed ^ message.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ 0xC0FF);
        let rates = &self.rates;
        let mut teller = MessageTimeline { message, into };
        teller.into.clear();
        let sent = teller.tell(message * GAP, Kind::Sent);
        if rng.fraction() < rates.bounce {
            teller.tell(sent + wait(&mut rng, 5 * SECOND), Kind::Bounce);
            return;
        }
        let mut arrives = sent + wait(&mut rng, 4 * SECOND);
        if rng.fraction() < rates.deferred {
            let deferred = teller.tell(arrives, Kind::Deferred);
            arrives = deferred + wait(&mut rng, 15 * MINUTE);
        }
        let delivered = teller.tell(arrives, Kind::Delivered);
        let complains = rng.fraction() < rates.complaint;
        let mut last = delivered;
        if rng.fraction() < rates.open {
            last = teller.tell(delivered + wait(&mut rng, 2 * HOUR), Kind::Open);
            if rng.fraction() < rates.click {
                last = teller.tell(last + wait(&mut rng, 30 * SECOND), Kind::Click);
            }
            if rng.fraction() < rates.unsubscribe {
                last = teller.tell(last + wait(&mut rng, MINUTE), Kind::Unsubscribe);
            }
        }
        if complains {
            teller.tell(last + wait(&mut rng, HOUR), Kind::Complaint);
        }
    }
}

/// Timeline of one message with a fixed ending.
pub fn journey(ending: Ending) -> Vec<Moment> {
    let steps: &[(u64, Kind)] = match ending {
        Ending::Click => &[
            (0, Kind::Sent),
            (4 * SECOND, Kind::Delivered),
            (42 * MINUTE, Kind::Open),
            (30 * SECOND, Kind::Click),
        ],
        Ending::Bounce => &[(0, Kind::Sent), (5 * SECOND, Kind::Bounce)],
        Ending::Complaint => &[
            (0, Kind::Sent),
            (4 * SECOND, Kind::Delivered),
            (42 * MINUTE, Kind::Open),
            (5 * MINUTE, Kind::Complaint),
        ],
        Ending::Unsubscribe => &[
            (0, Kind::Sent),
            (4 * SECOND, Kind::Delivered),
            (42 * MINUTE, Kind::Open),
            (MINUTE, Kind::Unsubscribe),
        ],
    };
    let mut life = Vec::new();
    let mut teller = MessageTimeline {
        message: 0,
        into: &mut life,
    };
    let mut now = 0;
    for (wait, kind) in steps {
        now = teller.tell(now + wait, *kind);
    }
    life
}

struct MessageTimeline<'a> {
    message: u64,
    into: &'a mut Vec<Moment>,
}

impl MessageTimeline<'_> {
    fn tell(&mut self, millis: u64, kind: Kind) -> u64 {
        self.into.push(Moment {
            millis,
            message: self.message,
            place: u8::try_from(self.into.len()).unwrap_or(u8::MAX),
            kind,
        });
        millis
    }
}

/// Random wait with an about exponential distribution. Computed by halving and not with a logarithm, whose last digit
/// differs between machines.
fn wait(rng: &mut Rng, mean: u64) -> u64 {
    // Half of all waits are over within ln 2 of the mean, half of the rest within another, and so on.
    let halvings = u64::from(rng.next_u64().leading_zeros());
    let half = mean * 693 / 1000 + 1;
    let within = rng.next_u64() % half;
    (1 + halvings * half + within).min(LONGEST)
}

/// Iterator over all events of a campaign, one window of time after another.
#[derive(Debug)]
pub struct Moments {
    campaign: Campaign,
    width: u64,
    counts: Vec<u32>,
    piece: usize,
    /// Events of the current window, the first one last.
    window: Vec<Moment>,
    total: u64,
}

impl Moments {
    /// Total number of events.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Time of the last event in milliseconds, rounded up.
    pub fn end(&self) -> u64 {
        let last = self.counts.iter().rposition(|count| *count > 0);
        last.map_or(0, |piece| (piece as u64 + 1) * self.width)
    }

    /// Computes the next window; false if there is none.
    fn fill(&mut self) -> bool {
        let from = self.piece as u64 * self.width;
        let mut count = 0u32;
        while let Some(more) = self.counts.get(self.piece) {
            if count > 0 && count.saturating_add(*more) > WINDOW {
                break;
            }
            count += more;
            self.piece += 1;
        }
        if count == 0 {
            return false;
        }
        let to = self.piece as u64 * self.width;
        // Only these messages can have events in the window.
        let first = from.saturating_sub(LIFE) / GAP;
        let last = (to / GAP + 1).min(self.campaign.recipients);
        let mut life = Vec::new();
        for message in first..last {
            self.campaign.life(message, &mut life);
            let now = life
                .iter()
                .filter(|moment| (from..to).contains(&moment.millis));
            self.window.extend(now);
        }
        self.window.sort_unstable_by(|one, other| other.cmp(one));
        true
    }
}

impl Iterator for Moments {
    type Item = Moment;

    fn next(&mut self) -> Option<Moment> {
        while self.window.is_empty() {
            if !self.fill() {
                return None;
            }
        }
        self.window.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::{Campaign, Ending, LONGEST, Moment, Rates, WINDOW, journey, wait};
    use crate::webhook::{Kind, Rng};
    use std::collections::HashMap;

    fn all(recipients: u64, seed: u64) -> Vec<Moment> {
        let campaign = Campaign {
            recipients,
            rates: Rates::default(),
            seed,
        };
        let moments = campaign.moments();
        let total = moments.total();
        let end = moments.end();
        let all: Vec<Moment> = moments.collect();
        assert_eq!(all.len() as u64, total);
        assert!(all.iter().all(|moment| moment.millis < end));
        all
    }

    #[test]
    fn every_life_is_told_once_in_order_and_in_the_order_of_causes() {
        let told = all(40_000, 7);
        assert!(told.len() as u64 > u64::from(WINDOW) * 2, "{}", told.len());
        assert!(told.is_sorted());
        let mut lives: HashMap<u64, Vec<Kind>> = HashMap::new();
        for moment in &told {
            let life = lives.entry(moment.message).or_default();
            assert_eq!(usize::from(moment.place), life.len(), "{moment:?}");
            life.push(moment.kind);
        }
        assert_eq!(lives.len(), 40_000);
        for life in lives.values() {
            assert_eq!(life[0], Kind::Sent);
            let at = |kind| life.iter().position(|it| *it == kind);
            assert!(at(Kind::Bounce).is_none() || life.len() == 2, "{life:?}");
            assert!(
                at(Kind::Delivered).is_some() != at(Kind::Bounce).is_some(),
                "{life:?}"
            );
            for (after, before) in [
                (Kind::Delivered, Kind::Deferred),
                (Kind::Open, Kind::Delivered),
                (Kind::Click, Kind::Open),
                (Kind::Unsubscribe, Kind::Open),
                (Kind::Complaint, Kind::Delivered),
            ] {
                assert!(at(after).is_none() || at(before) < at(after), "{life:?}");
            }
        }
    }

    #[test]
    fn shares_are_about_what_was_asked_for_and_a_seed_says_it_again() {
        let told = all(40_000, 1);
        assert_eq!(told, all(40_000, 1));
        assert_ne!(told, all(40_000, 2));
        let count = |kind| told.iter().filter(|moment| moment.kind == kind).count() as f64;
        let near = |kind, wanted: f64| (count(kind) / wanted - 1.0).abs() < 0.1;
        assert!(
            near(Kind::Bounce, 800.0) && near(Kind::Open, 39_200.0 * 0.3),
            "{}",
            count(Kind::Open)
        );
        assert!(near(Kind::Click, count(Kind::Open) * 0.1));
        let none = Rates {
            bounce: 1.0,
            ..Rates::default()
        };
        let mut only = Campaign {
            recipients: 10,
            rates: none,
            seed: 1,
        }
        .moments();
        assert!(only.all(|moment| matches!(moment.kind, Kind::Sent | Kind::Bounce)));
        assert_eq!(
            Campaign {
                recipients: 0,
                rates: none,
                seed: 1
            }
            .moments()
            .count(),
            0
        );
    }

    #[test]
    fn waits_are_short_more_often_than_long() {
        let mut rng = Rng::seeded(3);
        let waits: Vec<u64> = (0..10_000).map(|_| wait(&mut rng, 1000)).collect();
        let mean = waits.iter().sum::<u64>() as f64 / 10_000.0;
        assert!((900.0..1150.0).contains(&mean), "{mean}");
        let short = waits.iter().filter(|wait| **wait < 694).count();
        assert!((4800..5200).contains(&short), "{short}");
        assert!(waits.iter().all(|wait| (1..=LONGEST).contains(wait)));
    }

    #[test]
    fn a_journey_ends_as_told() {
        for (ending, last) in [
            (Ending::Click, Kind::Click),
            (Ending::Bounce, Kind::Bounce),
            (Ending::Complaint, Kind::Complaint),
            (Ending::Unsubscribe, Kind::Unsubscribe),
        ] {
            let life = journey(ending);
            assert!(
                life.is_sorted() && life[0].kind == Kind::Sent && life.last().unwrap().kind == last
            );
        }
    }
}
