//! Deliveries of sources that a [`Selection`] chooses.

use jiff::Timestamp;

use crate::providers;
use crate::providers::{Keys, Provider};
use crate::report::text::inflate::inflate;
use crate::webhook::{Delivery, Fixture, LineFilter, Receipt, Selection, VerifyOptions};

/// Mark of a delivery that is not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchosen;

/// Options to verify a recorded delivery: as of the time of its recording, with the default tolerance (`--tolerance`).
/// `public_url` is that of `--public-url`.
pub fn as_recorded(fixture: &Fixture, public_url: Option<&String>) -> VerifyOptions {
    VerifyOptions {
        now: fixture.at.unwrap_or_else(Timestamp::now),
        tolerance: None,
        public_url: public_url.cloned(),
        topics: Vec::new(),
    }
}

/// Delivery with its body decompressed; unchanged, if that cannot be done or the body is too large.
pub fn decompressed(delivery: &Delivery) -> Delivery {
    let mut delivery = delivery.clone();
    let coding = delivery.headers.text("content-encoding");
    let inflated = coding.and_then(|coding| inflate(coding, &delivery.body));
    if let Some(inflated) = inflated.filter(|it| it.cut.is_none()) {
        delivery.body = inflated.bytes.into();
        delivery.headers.remove("content-encoding");
    }
    delivery
}

/// Applies a selection to a fixture, `skip`, `limit` and `last` not considered. Returns its receipt, if that had to be
/// read; without the verdict, unless that is asked for.
pub fn choose(
    selection: &Selection,
    fixture: &Fixture,
    keys: &Keys,
    options: &VerifyOptions,
) -> Result<Option<Receipt>, Unchosen> {
    if !has_wanted_answer(selection, fixture) {
        return Err(Unchosen);
    }
    let chosen = choose_by_request(selection, fixture, keys, options)?;
    Ok(chosen.map(|(_, receipt)| receipt))
}

/// True if a selection chooses a fixture by its recorded responses.
pub fn has_wanted_answer(selection: &Selection, fixture: &Fixture) -> bool {
    !selection.reads_answer() || selection.wants_answer(fixture.last_status(), fixture.has_failed())
}

/// Applies a selection to a fixture like [`choose`], its recorded responses not considered. With the receipt it returns
/// the provider that the delivery was read for, if that is known otherwise than by its headers or its body.
pub fn choose_by_request(
    selection: &Selection,
    fixture: &Fixture,
    keys: &Keys,
    options: &VerifyOptions,
) -> Result<Option<(Option<&'static Provider>, Receipt)>, Unchosen> {
    let delivery = &fixture.delivery;
    if !selection.wants_request(delivery) || !selection.may_want_time(fixture.at) {
        return Err(Unchosen);
    }
    if !selection.reads_events_at(fixture.at) {
        return Ok(None);
    }
    let named = providers::beneath(delivery);
    let receipt = match selection.reads_verdict() {
        true => providers::read(delivery, named, keys, options),
        false => providers::outline(delivery, named),
    };
    match selection.wants_receipt(&receipt, fixture.at) {
        true => Ok(Some((named, receipt))),
        false => Err(Unchosen),
    }
}

/// Warning that nothing is chosen of the deliveries of these sources, of which `read` were read.
pub fn none_chosen(sources: &[String], selection: &Selection, read: u64) -> String {
    match read {
        0 => format!("no deliveries in `{}`", sources.join("`, `")),
        read => selection.none_of(read),
    }
}

/// Filter for the lines of a recording that a selection may choose.
pub fn line_filter(selection: &Selection) -> LineFilter {
    LineFilter::of(selection, providers::words_of(&selection.events))
}
