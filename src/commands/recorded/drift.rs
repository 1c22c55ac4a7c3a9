//! `drift`: compares a recording with the examples of its providers, one block a provider and kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cli::DriftArgs;
use crate::commands::args;
use crate::commands::in_order::{CHUNK, in_order};
use crate::commands::recorded::chooser::Chooser;
use crate::commands::recorded::inputs::{Input, Inputs, Unreadable};
use crate::commands::recorded::selected::{decompressed, line_filter, none_chosen};
use crate::error::{Exit, Result};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::pump::Stop;
use crate::providers;
use crate::providers::{ALL, Deviation, EventDef, Observed, Provider, Seen, What, shape_of};
use crate::report::{
    DriftTotals, Drifted, MissingMember, Notice, OutputStyle, Progress, Reporter, TypeChange,
    UnknownMember,
};
use crate::webhook::diff::difference::beginning;
use crate::webhook::{Fixture, Kind};

/// Most different deviations that are kept of a kind.
const MOST_PLACES: usize = 1000;

/// Most that are kept of all kinds together.
const MOST_PLACES_IN_ALL: usize = 20_000;

/// Most names of unknown events that are kept of a provider.
const MOST_NAMES: usize = 20;

/// Longest name of an unknown event that is kept, in bytes.
const LONGEST_NAME: usize = 100;

/// Settings of `drift`, made from its flags.
#[derive(Debug)]
pub(crate) struct DriftPlan {
    style: OutputStyle,
    sources: Vec<String>,
    chooser: Chooser,
}

impl DriftPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: DriftArgs, style: OutputStyle) -> Result<DriftPlan> {
        Ok(DriftPlan {
            style,
            sources: args.sources,
            chooser: Chooser::new(args.recorded)?,
        })
    }

    /// Compares a delivery; none if it is not chosen. `answer` adds its recorded responses.
    fn look(&self, mut fixture: Fixture, answer: &mut dyn FnMut(&mut Fixture)) -> Option<Looked> {
        if self.chooser.selection.reads_answer() {
            answer(&mut fixture);
        }
        self.chooser
            .chooses(&fixture)
            .then(|| self.compare(&fixture))
    }

    fn compare(&self, fixture: &Fixture) -> Looked {
        let delivery = &decompressed(&fixture.delivery);
        let receipt = providers::outline_beneath(delivery, None);
        if receipt.handshake {
            return Looked::WithoutEvents;
        }
        let Some(provider) = receipt.provider.and_then(providers::find) else {
            return Looked::Unrecognised;
        };
        let observed = shape_of(provider).map(|shape| shape.observe(delivery));
        match observed {
            Some(observed) if !observed.is_empty() => {
                let is_unknown = |name: &&str| {
                    let mut rows = provider.events.iter();
                    !name.is_empty() && rows.all(|row| row.native != *name)
                };
                let others = receipt.events.iter().filter(|it| it.kind == Kind::Other);
                let names = others.map(|it| it.native.as_str()).filter(is_unknown);
                let names = names.take(MOST_NAMES).map(shortened).collect();
                Looked::Compared(Box::new((provider, observed, names)))
            }
            _ => Looked::WithoutEvents,
        }
    }
}

fn shortened(name: &str) -> String {
    beginning(name, LONGEST_NAME).to_owned()
}

/// Result of comparing one delivery.
enum Looked {
    /// Events by kind, and names of events that the provider is not known to send.
    Compared(Box<(&'static Provider, Vec<Observed>, Vec<String>)>),
    WithoutEvents,
    Unrecognised,
}

/// Prints the drift, and returns the exit status.
pub(crate) fn run(plan: DriftPlan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.chooser.notes);
    let result = drift(&Arc::new(plan), &report);
    report.finish();
    result
}

fn drift(plan: &Arc<DriftPlan>, report: &Reporter) -> Result<Exit> {
    let stop = Stop::default();
    let chooser = &plan.chooser;
    let selection = &chooser.selection;
    let sources = locate::open(&plan.sources)?
        .edited(chooser.edited)
        .answered(selection.reads_answer())
        .until(stop.clone());
    let sources = last(sources, selection.last, |fixture| chooser.chooses(fixture))?;
    let work = {
        let (plan, filter) = (Arc::clone(plan), line_filter(selection));
        move |input: Input| input.work(&filter, |_, fixture, answer| plan.look(fixture, answer))
    };
    let mut drift = Drift::default();
    let is_done = |drift: &Drift| selection.is_full(drift.matched) || report.is_closed();
    for output in in_order(Inputs::new(sources), Input::chunks(CHUNK), work) {
        drift.read += output.passed_over;
        for looked in output.found {
            if !is_done(&drift) {
                drift.take(plan, report, looked);
            }
        }
        for note in output.notes {
            report.warn(&note);
        }
        if is_done(&drift) {
            stop.set();
            break;
        }
    }
    Ok(drift.finish(plan, report))
}

/// Running comparison.
#[derive(Default)]
struct Drift {
    /// By the number of the provider and of the event in the catalogue; events without a definition last.
    blocks: BTreeMap<(usize, usize), DriftGroup>,
    totals: DriftTotals,
    read: u64,
    matched: usize,
    is_broken: bool,
    /// Different deviations that are kept.
    places: usize,
}

/// Deliveries of a provider with events of a kind.
struct DriftGroup {
    provider: &'static Provider,
    row: Option<&'static EventDef>,
    deliveries: u64,
    events: u64,
    seen: Seen,
    /// Deliveries by deviation.
    deviations: BTreeMap<Deviation, u64>,
    names: Vec<String>,
    cut: u64,
}

impl Drift {
    fn take(
        &mut self,
        plan: &DriftPlan,
        report: &Reporter,
        looked: std::result::Result<Looked, Unreadable>,
    ) {
        self.read += 1;
        let looked = match looked {
            Ok(looked) => looked,
            Err(unreadable) => {
                report.warn(&unreadable.to_string());
                self.is_broken = true;
                return;
            }
        };
        self.matched += 1;
        if !plan.chooser.selection.admits(self.matched - 1) {
            return;
        }
        self.totals.deliveries += 1;
        match looked {
            Looked::Compared(compared) => {
                let (provider, observed, names) = *compared;
                let name = provider.name;
                let at = ALL
                    .iter()
                    .position(|it| it.name == name)
                    .unwrap_or(ALL.len());
                for one in observed {
                    let row = one.row.and_then(|row| {
                        let mut rows = provider.events.iter();
                        rows.position(|it| std::ptr::eq(it, row))
                    });
                    let key = (at, row.unwrap_or(usize::MAX));
                    let names = if one.row.is_none() { &names[..] } else { &[] };
                    let block = self
                        .blocks
                        .entry(key)
                        .or_insert_with(|| DriftGroup::new(provider, one.row));
                    let room = MOST_PLACES_IN_ALL - self.places.min(MOST_PLACES_IN_ALL);
                    self.places += block.add(one, names, room);
                }
            }
            Looked::Unrecognised => self.totals.unrecognised += 1,
            Looked::WithoutEvents => self.totals.without_events += 1,
        }
    }

    fn finish(mut self, plan: &DriftPlan, report: &Reporter) -> Exit {
        let exit = if self.is_broken {
            Exit::Input
        } else {
            Exit::Success
        };
        if self.totals.deliveries == 0 {
            let selection = &plan.chooser.selection;
            report.warn(&none_chosen(&plan.sources, selection, self.read));
            return exit.or(Exit::Failure);
        }
        for block in self.blocks.values() {
            let drifted = block.told();
            self.totals.drifting += u64::from(!drifted.is_like_example());
            report.tell(&Notice::Drifted(&drifted));
        }
        report.tell(&Notice::DriftTotals(&self.totals));
        exit
    }
}

impl DriftGroup {
    fn new(provider: &'static Provider, row: Option<&'static EventDef>) -> DriftGroup {
        DriftGroup {
            provider,
            row,
            deliveries: 0,
            events: 0,
            seen: Seen::default(),
            deviations: BTreeMap::new(),
            names: Vec::new(),
            cut: 0,
        }
    }

    /// Adds the events of a delivery; returns the number of deviations that are new, of which there may be `room`.
    fn add(&mut self, observed: Observed, names: &[String], room: usize) -> usize {
        let before = self.deviations.len();
        self.deliveries += 1;
        self.events += u64::try_from(observed.events).unwrap_or(0);
        self.seen.add(&observed.seen);
        let mut is_cut = observed.is_cut;
        for deviation in observed.deviations {
            let is_full = self.deviations.len() >= MOST_PLACES.min(before + room);
            match self.deviations.get_mut(&deviation) {
                Some(count) => *count += 1,
                None if is_full => is_cut = true,
                None => {
                    self.deviations.insert(deviation, 1);
                }
            }
        }
        for name in names {
            if self.names.len() < MOST_NAMES && !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
        self.cut += u64::from(is_cut);
        self.deviations.len() - before
    }

    fn told(&self) -> Drifted {
        let row = self.row;
        let kind = row.map(|row| row.kind);
        let mut alike = self
            .provider
            .events
            .iter()
            .filter(|it| Some(it.kind) == kind);
        let shape = shape_of(self.provider);
        let mut told = Drifted {
            provider: self.provider.name.to_owned(),
            kind: kind.map(Kind::name),
            native: row.map(|row| row.native),
            is_one_of_several: alike.nth(1).is_some(),
            deliveries: self.deliveries,
            events: self.events,
            has_example: row.is_some_and(|row| shape.is_some_and(|it| it.has_example(row))),
            names: self.names.clone(),
            cut: self.cut,
            ..Drifted::default()
        };
        self.tell_deviations(&mut told);
        let missing = row
            .zip(shape)
            .map(|(row, shape)| shape.missing(row, &self.seen));
        told.missing = missing
            .into_iter()
            .flatten()
            .map(|it| MissingMember {
                place: it.place,
                expected: it.types,
                assumed: it.assumed,
            })
            .collect();
        told
    }
    fn tell_deviations(&self, told: &mut Drifted) {
        for (deviation, deliveries) in &self.deviations {
            let (place, deliveries) = (deviation.place.clone(), *deliveries);
            match &deviation.what {
                What::Custom => told.custom.push(place),
                What::Unknown(came) => match told.unknown.last_mut() {
                    Some(last) if last.place == place => {
                        last.types.push(came.clone());
                        // One delivery may have several types in a list.
                        last.deliveries = (last.deliveries + deliveries).min(self.deliveries);
                    }
                    _ => told.unknown.push(UnknownMember {
                        place,
                        types: vec![came.clone()],
                        deliveries,
                    }),
                },
                What::Type(expected, came) => told.types.push(TypeChange {
                    place,
                    expected: expected.clone(),
                    came: came.clone(),
                    deliveries,
                }),
            }
        }
    }
}
