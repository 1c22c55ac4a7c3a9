//! Deliveries of sources that a [`Selection`] chooses.

use jiff::Timestamp;

use crate::providers;
use crate::providers::Keys;
use crate::report::text::inflate::inflated_body;
use crate::webhook::{Delivery, Fixture, LineFilter, Receipt, Selection, VerifyOptions};

/// Mark of a delivery that is not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unchosen;

/// Options to verify a recorded delivery: as of the time of its recording, with the default tolerance (`--tolerance`).
/// `public_url` is that of `--public-url`.
pub(crate) fn as_recorded(fixture: &Fixture, public_url: Option<&String>) -> VerifyOptions {
    VerifyOptions {
        now: fixture.at.unwrap_or_else(Timestamp::now),
        tolerance: None,
        public_url: public_url.cloned(),
        topics: Vec::new(),
    }
}

/// Delivery with its body decompressed; unchanged, if that cannot be done or the body is too large.
pub(crate) fn decompressed(delivery: &Delivery) -> Delivery {
    let mut delivery = delivery.clone();
    if let Some(body) = inflated_body(&delivery) {
        delivery.body = body.into();
        delivery.headers.remove("content-encoding");
    }
    delivery
}

/// Applies a selection to a fixture, `skip`, `limit` and `last` not considered. Returns its receipt, if that had to be
/// read; without the verdict, unless that is asked for.
pub(crate) fn choose(
    selection: &Selection,
    fixture: &Fixture,
    keys: &Keys,
    options: &VerifyOptions,
) -> Result<Option<Receipt>, Unchosen> {
    if !has_wanted_answer(selection, fixture) || !has_wanted_request(selection, fixture) {
        return Err(Unchosen);
    }
    if !selection.reads_events_at(fixture.at) {
        return Ok(None);
    }
    let wants = |receipt: &Receipt| selection.wants_receipt(receipt, fixture.at);
    let receipt = match selection.reads_verdict() {
        true => Some(providers::read_beneath(
            &fixture.delivery,
            None,
            keys,
            options,
        ))
        .filter(wants),
        false => Some(providers::outline_beneath(&fixture.delivery, None)).filter(wants),
    };
    receipt.map(Some).ok_or(Unchosen)
}

/// Applies a selection to a fixture like [`choose`], and reads one that is chosen, its verdict included. `answer` adds the
/// recorded responses.
pub(crate) fn read_chosen(
    selection: &Selection,
    fixture: &mut Fixture,
    keys: &Keys,
    options: &VerifyOptions,
    answer: &mut dyn FnMut(&mut Fixture),
) -> Option<Receipt> {
    if !has_wanted_request(selection, fixture) {
        return None;
    }
    let at = fixture.at;
    let wants = |receipt: &Receipt| selection.wants_receipt(receipt, at);
    let may_want = |receipt: &Receipt| selection.reads_verdict() || wants(receipt);
    // Finding responses and verifying signatures take time, so both are done for as few deliveries as possible.
    if selection.reads_answer() {
        if selection.reads_events_at(at)
            && !may_want(&providers::outline_beneath(&fixture.delivery, None))
        {
            return None;
        }
        answer(fixture);
        if !has_wanted_answer(selection, fixture) {
            return None;
        }
    }
    let receipt = providers::read_beneath_where(&fixture.delivery, None, keys, options, may_want)?;
    if selection.reads_verdict() && !wants(&receipt) {
        return None;
    }
    if !selection.reads_answer() {
        answer(fixture);
    }
    Some(receipt)
}

fn has_wanted_request(selection: &Selection, fixture: &Fixture) -> bool {
    selection.wants_request(&fixture.delivery) && selection.may_want_time(fixture.at)
}

/// True if a selection chooses a fixture by its recorded responses.
fn has_wanted_answer(selection: &Selection, fixture: &Fixture) -> bool {
    !selection.reads_answer() || selection.wants_answer(fixture.last_status(), fixture.has_failed())
}

/// Warning that nothing is chosen of the deliveries of these sources, of which `read` were read.
pub(crate) fn none_chosen(sources: &[String], selection: &Selection, read: u64) -> String {
    match read {
        0 => format!("no deliveries in `{}`", sources.join("`, `")),
        read => selection.none_of(read),
    }
}

/// Filter for the lines of a recording that a selection may choose.
pub(crate) fn line_filter(selection: &Selection) -> LineFilter {
    LineFilter::of(selection, providers::words_of(&selection.events))
}
