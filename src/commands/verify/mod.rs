//! `verify`: verifies signatures, and diagnoses why one fails.

pub(super) mod cases;
pub(super) mod judgement;
pub(super) mod plan;

use std::path::Path;
use std::sync::Arc;

use crate::commands::args;
use crate::commands::in_order::{CHUNK, Chunks, in_order};
use crate::commands::verify::cases::{Case, Cases};
use crate::commands::verify::judgement::{Fetching, Judgement, verify};
use crate::commands::verify::plan::VerifyPlan;
use crate::error::{Error, Exit, Result};
use crate::providers;
use crate::report::{Progress, Reporter};
use crate::webhook::Fixture;

/// Verifies all deliveries of the source, and returns the exit status.
pub(super) fn run(plan: VerifyPlan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.notes);
    let result = verify_all(&Arc::new(plan), &report);
    report.finish();
    result
}

fn verify_all(plan: &Arc<VerifyPlan>, report: &Reporter) -> Result<Exit> {
    let fetching = plan.fetch_certs.then(Fetching::new).transpose()?;
    let cases = Cases::open(plan)?;
    let is_stored = Path::new(&plan.source).is_file() || Path::new(&plan.source).is_dir();
    let chunks = Chunks {
        // Deliveries from a pipe are verified as they come.
        items: if is_stored { CHUNK } else { 1 },
        weigh: Case::bytes,
    };
    let work = {
        let plan = Arc::clone(plan);
        move |case| work_on(&plan, fetching.as_ref(), case)
    };
    let mut exit = Exit::Success;
    let (mut read, mut judged) = (0, 0);
    for done in in_order(cases, chunks, work) {
        match done {
            Done::Judged(judgement) => exit = exit.or(judgement.tell(plan, report)),
            Done::Broken(why) => {
                report.warn(&why);
                exit = exit.or(Exit::Input);
            }
            Done::Unfit(error) => return Err(error),
            Done::Ended(counts, notes) => {
                (read, judged) = counts;
                for note in notes {
                    report.warn(&note);
                }
            }
        }
    }
    if judged == 0 && exit == Exit::Success {
        exit = Exit::Failure;
        report.warn(&nothing_verified(plan, read));
    }
    Ok(exit)
}

/// Reason for which no delivery was verified, of `read` that were read.
fn nothing_verified(plan: &VerifyPlan, read: u64) -> String {
    match (&plan.id, read) {
        (_, 0) => format!("no deliveries in `{}`", plan.source),
        (Some(id), 1) => format!("1 delivery read, and its id is not `{id}`"),
        (Some(id), _) => format!("{read} deliveries read, and none has the id `{id}`"),
        (None, _) => plan.selection.none_of(read),
    }
}

/// Result of the work on a case.
enum Done {
    Judged(Box<Judgement>),
    Broken(String),
    /// The secret cannot be a key of the delivery's provider.
    Unfit(Error),
    Ended((u64, u64), Vec<String>),
}

fn work_on(plan: &VerifyPlan, fetching: Option<&Fetching>, case: Case) -> Done {
    match case {
        Case::Delivery { it, near, alone } => match &it.1 {
            Ok(fixture) => match alone.then(|| fits(plan, fixture)) {
                Some(Err(error)) => Done::Unfit(error),
                _ => Done::Judged(Box::new(verify(plan, fetching, &it, fixture, &near))),
            },
            Err(why) => Done::Broken(format!("{}: {why}", it.0)),
        },
        Case::Broken(why) => Done::Broken(why),
        Case::Ended(counts, notes) => Done::Ended(counts, notes),
    }
}

/// Rejects a secret that cannot be a key of this delivery's provider.
fn fits(plan: &VerifyPlan, fixture: &Fixture) -> Result<()> {
    let receipt = providers::outline(&fixture.delivery, plan.provider);
    let provider = receipt.provider.and_then(providers::find);
    match provider.and_then(|provider| plan.keys.unfit(provider)) {
        Some(unfit) => Err(Error::usage(unfit.why).hint(format!("wanted: {}", unfit.wanted))),
        None => Ok(()),
    }
}
