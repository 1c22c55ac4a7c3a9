//! Routes of `listen --forward-to`: targets and the events that they get.

use std::time::Duration;

use crate::webhook::{Kind, Target};

/// Memory budget of all background deliveries together, in KiB.
pub(crate) const MEMORY: u32 = 64 << 10;

/// Target of `--forward-to` and its event kinds; without kinds, it gets the events that no other route names.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) target: Target,
}

/// Forwarding settings of `listen`.
#[derive(Clone, Debug)]
pub(crate) struct Forwarding {
    pub(crate) routes: Vec<Route>,
    pub(crate) ack_always: bool,
    /// `--insecure`: accept any certificate.
    pub(crate) insecure: bool,
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
}

impl Forwarding {
    /// Memory that bodies waiting in the background may take, in bytes; none if nothing is sent in the background.
    pub(crate) fn in_background(&self) -> usize {
        let is_answered_by_one = !self.ack_always && self.routes.len() == 1;
        if is_answered_by_one {
            0
        } else {
            (MEMORY as usize) << 10
        }
    }

    /// Returns the default target: the first route without kinds, or else the first route.
    pub(crate) fn main(&self) -> Option<String> {
        let mut routes = self.routes.iter();
        let main = routes.clone().find(|route| route.kinds.is_empty());
        Some(main.or_else(|| routes.next())?.target.to_string())
    }
}

/// Merges routes to the same target: their kinds are joined; a route without kinds covers all that are left.
pub(crate) fn merged(routes: &[Route]) -> Vec<Route> {
    let mut merged: Vec<Route> = Vec::new();
    for route in routes {
        match merged.iter_mut().find(|other| other.target == route.target) {
            None => merged.push(route.clone()),
            Some(other) if other.kinds.is_empty() || route.kinds.is_empty() => other.kinds.clear(),
            Some(other) => other.kinds.extend(&route.kinds),
        }
    }
    merged
}
