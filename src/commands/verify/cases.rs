//! Deliveries of a source to verify, each with its neighbours.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::commands::args;
use crate::commands::verify::plan::VerifyPlan;
use crate::error::Result;
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::reader;
use crate::webhook::{Delivery, Fixture};

/// Deliveries before and after a failing one that are compared with it, to find swapped signatures.
const NEAR: usize = 4;

/// Bytes of the bodies of those on one side, about: large ones are compared with fewer.
const NEAR_BYTES: usize = 16 << 20;

/// Delivery with its address in the source.
pub(crate) type Addressed = Arc<(String, std::result::Result<Fixture, String>)>;

/// Item of the source to work on.
pub(crate) enum Case {
    Delivery {
        it: Addressed,
        /// Deliveries before it and after it.
        near: Vec<Addressed>,
        /// True if the source has no other delivery.
        alone: bool,
    },
    Broken(String),
    /// End of the source: numbers of deliveries read and judged, and notes on skipped parts.
    Ended((u64, u64), Vec<String>),
}

impl Case {
    /// Bytes of its body.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Case::Delivery { it, .. } => length(it),
            Case::Broken(_) | Case::Ended(..) => 0,
        }
    }
}

/// Length of a delivery's body in bytes.
fn length(it: &Addressed) -> usize {
    it.1.as_ref().map_or(0, |it| it.delivery.body.len())
}

/// True if these are more than the neighbours of one side may be, or several that take as much memory as they may.
fn is_full(side: &VecDeque<Addressed>) -> bool {
    let bytes = || side.iter().map(length).sum::<usize>();
    side.len() > NEAR || side.len() > 1 && bytes() >= NEAR_BYTES
}

/// Iterator over the source: selects deliveries, and puts their neighbours beside them.
pub(crate) struct Cases {
    all: Deliveries,
    plan: Arc<VerifyPlan>,
    /// Deliveries that the selection chooses, less `--skip` and `--limit`.
    matched: usize,
    ahead: VecDeque<Addressed>,
    behind: VecDeque<Addressed>,
    read: u64,
    judged: u64,
    ended: bool,
}

impl Cases {
    /// Opens the source.
    pub(crate) fn open(plan: &Arc<VerifyPlan>) -> Result<Cases> {
        Ok(Cases {
            all: deliveries(plan)?,
            plan: Arc::clone(plan),
            matched: 0,
            ahead: VecDeque::new(),
            behind: VecDeque::new(),
            read: 0,
            judged: 0,
            ended: false,
        })
    }

    /// Reads the next delivery and those after it: one at least, which tells if the next is alone.
    fn look_ahead(&mut self) {
        while !is_full(&self.ahead)
            && let Some(next) = self.all.next()
        {
            self.ahead.push_back(Arc::new(next));
        }
    }
}

impl Iterator for Cases {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        loop {
            self.look_ahead();
            let next = match self.plan.selection.is_full(self.matched) {
                true => None,
                false => self.ahead.pop_front(),
            };
            let Some(it) = next else {
                let ended = std::mem::replace(&mut self.ended, true);
                let counts = (self.read, self.judged);
                return (!ended).then(|| Case::Ended(counts, self.all.take_notes()));
            };
            self.read += 1;
            let (source, fixture) = &*it;
            let fixture = match fixture {
                Ok(fixture) => fixture,
                Err(why) => return Some(Case::Broken(format!("{source}: {why}"))),
            };
            if !self.plan.chooses(fixture) {
                continue;
            }
            self.matched += 1;
            if !self.plan.selection.admits(self.matched - 1) {
                continue;
            }
            self.judged += 1;
            let near = self.behind.iter().rev().chain(&self.ahead);
            let near = near.map(Arc::clone).collect();
            self.behind.push_back(Arc::clone(&it));
            while is_full(&self.behind) {
                self.behind.pop_front();
            }
            return Some(Case::Delivery {
                near,
                // With several deliveries, the secret may be for another of them.
                alone: self.judged == 1 && self.ahead.is_empty(),
                it,
            });
        }
    }
}

/// Deliveries to verify, each with its address in the source.
enum Deliveries {
    One(Option<(String, std::result::Result<Fixture, String>)>),
    Sources(reader::Sources),
}

impl Iterator for Deliveries {
    type Item = (String, std::result::Result<Fixture, String>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Deliveries::One(one) => one.take(),
            Deliveries::Sources(sources) => sources.next().map(|item| {
                let fixture = item.fixture.map_err(|fault| fault.to_string());
                (item.source.to_string(), fixture)
            }),
        }
    }
}

impl Deliveries {
    /// Returns notes on skipped parts since the last call, such as a torn last line.
    fn take_notes(&mut self) -> Vec<String> {
        match self {
            Deliveries::One(_) => Vec::new(),
            Deliveries::Sources(sources) => sources.take_notes(),
        }
    }
}

/// Opens the source: one body with headers from `--header`, or anything that `replay` reads.
fn deliveries(plan: &VerifyPlan) -> Result<Deliveries> {
    if let Some(headers) = &plan.body_headers {
        let given = if plan.source == "-" {
            plan.source.clone()
        } else {
            format!("@{}", plan.source)
        };
        let delivery = Delivery {
            method: http::Method::POST,
            path: http::uri::PathAndQuery::from_static("/"),
            headers: headers.clone(),
            body: args::body(&given)?.into(),
        };
        let body = Fixture::new(delivery);
        return Ok(Deliveries::One(Some((plan.source.clone(), Ok(body)))));
    }
    let sources = locate::open(std::slice::from_ref(&plan.source))?;
    let sources = sources
        .edited(plan.edited)
        .answered(plan.selection.reads_answer());
    let sources = last(sources, plan.selection.last, |fixture| {
        plan.chooses(fixture)
    })?;
    Ok(Deliveries::Sources(sources))
}
