//! `diff`: compares two deliveries, or one with the example of its provider and kind.

use crate::cli::DiffArgs;
use crate::commands::args;
use crate::commands::recorded::chooser::Chooser;
use crate::commands::recorded::selected::decompressed;
use crate::error::{Error, Exit, Result};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::providers;
use crate::providers::{Expected, Observed, Provider, ProviderShape, What, shape_of};
use crate::report::{Compared, ComparedSide, Notice, OutputStyle, Progress, Reporter};
use crate::webhook::diff::compare::{Comparison, MOST, Rules, Subject, compare};
use crate::webhook::diff::difference::{DeliveryPart, Difference, Side};
use crate::webhook::diff::node::Content;
use crate::webhook::shell::word;
use crate::webhook::{Delivery, Fixture, Receipt};

/// Most deliveries that an error names.
const CANDIDATES: usize = 6;

/// Settings of `diff`, made from its flags.
#[derive(Debug)]
pub(crate) struct DiffPlan {
    style: OutputStyle,
    sources: Vec<String>,
    /// Number of deliveries that each source must hold.
    each: usize,
    all: bool,
    chooser: Chooser,
}

impl DiffPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: DiffArgs, style: OutputStyle) -> Result<DiffPlan> {
        let is_alone = args.other.is_none();
        Ok(DiffPlan {
            style,
            sources: [Some(args.source), args.other]
                .into_iter()
                .flatten()
                .collect(),
            each: if is_alone && !args.example { 2 } else { 1 },
            all: args.all,
            chooser: Chooser::new(args.recorded)?,
        })
    }
}

/// Prints the differences, and returns the exit status.
pub(crate) fn run(plan: &DiffPlan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.chooser.notes);
    let result = differ(plan, &report);
    report.finish();
    result
}

fn differ(plan: &DiffPlan, report: &Reporter) -> Result<Exit> {
    let mut found = Vec::new();
    for source in &plan.sources {
        found.extend(gather(plan, source, report)?);
    }
    let is_equal = match found.as_slice() {
        [one, other] => two(plan, report, one, other),
        [one] => example(report, one)?,
        // `gather` returns as many as are asked for.
        _ => true,
    };
    Ok(if is_equal {
        Exit::Success
    } else {
        Exit::Failure
    })
}

/// Delivery to compare.
struct ComparedDelivery {
    address: String,
    fixture: Fixture,
    /// The request, decompressed if that is possible.
    delivery: Delivery,
    receipt: Receipt,
}

impl ComparedDelivery {
    fn new(address: String, fixture: Fixture) -> ComparedDelivery {
        let delivery = decompressed(&fixture.delivery);
        let receipt = providers::outline_beneath(&delivery, None);
        ComparedDelivery {
            address,
            fixture,
            delivery,
            receipt,
        }
    }

    fn provider(&self) -> Option<&'static Provider> {
        providers::find(self.receipt.provider?)
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            delivery: &self.fixture.delivery,
            content: Content::of(&self.delivery),
            provider: self.receipt.provider,
            events: &self.receipt.events,
        }
    }

    fn side(&self) -> ComparedSide<'_> {
        ComparedSide {
            address: &self.address,
            at: self.fixture.at,
            receipt: Some(&self.receipt),
        }
    }

    /// Address, with what the delivery is about.
    fn named(&self) -> String {
        let event = self.receipt.events.first();
        let about = event.map(|it| {
            let recipient = it.recipient.as_deref().unwrap_or("-");
            format!(" ({}, {recipient})", it.kind.name())
        });
        format!("`{}`{}", self.address, about.unwrap_or_default())
    }
}

/// Reads the deliveries of a source that are selected; an error if they are more or fewer than are compared.
fn gather(plan: &DiffPlan, source: &String, report: &Reporter) -> Result<Vec<ComparedDelivery>> {
    let chooser = &plan.chooser;
    let selection = &chooser.selection;
    let sources = locate::open(std::slice::from_ref(source))?
        .edited(chooser.edited)
        .answered(selection.reads_answer());
    let mut sources = last(sources, selection.last, |it| chooser.chooses(it))?;
    let (mut found, mut read, mut matched) = (Vec::new(), 0u64, 0);
    while found.len() <= plan.each + CANDIDATES
        && let Some(item) = sources.next()
    {
        let address = item.source.to_string();
        let fixture = item
            .fixture
            .map_err(|fault| Error::input(format!("{address}: {fault}")))?;
        read += 1;
        if !chooser.chooses(&fixture) {
            continue;
        }
        matched += 1;
        if selection.admits(matched - 1) {
            found.push(ComparedDelivery::new(address, fixture));
        }
    }
    for note in sources.take_notes() {
        report.warn(&note);
    }
    match found.len() == plan.each {
        true => Ok(found),
        false => Err(wrong_number(plan, source, &found, read)),
    }
}

/// Error for a source that holds more or fewer deliveries than are compared.
fn wrong_number(plan: &DiffPlan, source: &str, found: &[ComparedDelivery], read: u64) -> Error {
    let selection = &plan.chooser.selection;
    let selects = selection.has_conditions() || selection.counts();
    let needed = match plan.each {
        1 => "one is compared",
        _ => "two are compared",
    };
    if read == 0 {
        return Error::input(format!("no deliveries in `{source}`"));
    }
    let deliveries = |number: usize| match number {
        1 => "1 delivery".to_owned(),
        number => format!("{number} deliveries"),
    };
    let count = match found.len() > plan.each + CANDIDATES {
        true => format!("more than {} deliveries", plan.each + CANDIDATES),
        false => deliveries(found.len()),
    };
    let error = Error::usage(match (selects, found.len()) {
        (true, 0) => format!("{} in `{source}`, and {needed}", selection.none_of(read)),
        (true, _) => format!("{count} of `{source}` selected, and {needed}"),
        (false, _) => format!("`{source}` holds {count}, and {needed}"),
    });
    let named: Vec<String> = found
        .iter()
        .take(CANDIDATES)
        .map(ComparedDelivery::named)
        .collect();
    let error = match (found.len(), plan.each) {
        (0, _) => error,
        (1, _) => error.hint(format!(
            "name another delivery, or compare with the example: `webhook-cli diff {} --example`",
            word(source)
        )),
        _ => error.hint(format!("name one of {}", named.join(", "))),
    };
    error.hint(format!("`webhook-cli log {}` lists all", word(source)))
}

/// Compares two deliveries; true if they are equal.
fn two(
    plan: &DiffPlan,
    report: &Reporter,
    one: &ComparedDelivery,
    other: &ComparedDelivery,
) -> bool {
    let mut expected = Expected::new();
    for found in [one, other] {
        if let Some(provider) = found.provider() {
            expected.add(provider, &found.delivery);
        }
    }
    let rules = Rules {
        header: &|name| expected.has_header(name),
        body: &|pointer| expected.has_place(pointer),
    };
    let comparison = compare(&one.subject(), &other.subject(), &rules, plan.all);
    report.tell(&Notice::Compared(&Compared {
        left: one.side(),
        right: other.side(),
        comparison: &comparison,
        is_example: false,
    }));
    comparison.count == 0
}

/// Compares a delivery with the examples of its events; true if members and types are the same.
fn example(report: &Reporter, found: &ComparedDelivery) -> Result<bool> {
    let address = &found.address;
    let Some(provider) = found.provider() else {
        return Err(
            Error::usage(format!("the provider of `{address}` is not known"))
                .hint("`webhook-cli events` lists the providers that have examples"),
        );
    };
    let no_example = |what: String| {
        Error::usage(format!("no example to compare `{address}` with: {what}")).hint(format!(
            "`webhook-cli events {}` lists the examples",
            provider.name
        ))
    };
    let Some(shape) = shape_of(provider) else {
        return Err(no_example(format!("{} has none", provider.title)));
    };
    let all = shape.observe(&found.delivery);
    let has_example = |it: &&Observed| it.row.is_some_and(|it| shape.has_example(it));
    let Some(first) = all.iter().find(has_example) else {
        let native = found.receipt.events.first().map(|it| it.native.as_str());
        return Err(no_example(match native {
            Some(native) => format!("{} has none for its `{native}`", provider.title),
            None => "it has no event that could be read".to_owned(),
        }));
    };
    let comparison = deviations(shape, &all);
    let row = first.row.map_or("", |row| row.native);
    let kinds = all.iter().filter(has_example).count();
    let name = match kinds {
        1 => format!("example of {} {row}", provider.name),
        kinds => format!("examples of {} ({kinds} kinds)", provider.name),
    };
    report.tell(&Notice::Compared(&Compared {
        left: found.side(),
        right: ComparedSide {
            address: &name,
            at: None,
            receipt: None,
        },
        comparison: &comparison,
        is_example: true,
    }));
    Ok(comparison.count == 0)
}

/// Differences in members and types: `left` is what came, `right` what the examples have.
fn deviations(shape: &ProviderShape, all: &[Observed]) -> Comparison {
    let mut comparison = Comparison::default();
    let mut tell = |difference: Difference| {
        comparison.count += 1;
        if comparison.differences.len() < MOST {
            comparison.differences.push(difference);
        }
    };
    for observed in all {
        for deviation in &observed.deviations {
            let place = &deviation.place;
            let (came, known) = match &deviation.what {
                What::Custom => continue,
                What::Unknown(came) => (Some(came), None),
                What::Type(known, came) => (Some(came), Some(known)),
            };
            let side = |text: Option<&String>| text.map(|it| Side::text(it));
            tell(Difference::of(
                DeliveryPart::Body,
                place,
                side(came),
                side(known),
            ));
        }
        let missing = observed.row.map(|row| shape.missing(row, &observed.seen));
        for member in missing.into_iter().flatten() {
            let part = match member.place.starts_with('/') {
                true => DeliveryPart::Body,
                false => DeliveryPart::Headers,
            };
            let types = Side::text(&member.types);
            let note = member.assumed.then(|| "assumed, not documented".to_owned());
            tell(Difference {
                note,
                ..Difference::of(part, &member.place, None, Some(types))
            });
        }
    }
    comparison.differences.sort_by_key(|it| it.part);
    comparison
}
