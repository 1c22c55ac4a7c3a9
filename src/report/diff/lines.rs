//! Results of `diff` and `drift` as JSON lines.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::report::diff::compared::{Compared, DriftTotals, Drifted};
use crate::webhook::diff::difference::{Difference, Side};

/// A line for each difference, and one for the result.
pub(in crate::report) fn compared(it: &Compared) -> String {
    let sides = (it.left.address, it.right.address);
    let found = it.comparison;
    let lines = found.differences.iter().map(|one| difference(one, sides));
    let mut lines: Vec<String> = lines.collect();
    lines.push(
        json!({
            "type": "compared",
            "a": sides.0,
            "b": sides.1,
            "example": it.is_example,
            "equal": found.count == 0,
            "differences": found.count,
            "left_out": found.left_out,
        })
        .to_string(),
    );
    lines.join("\n")
}

fn difference(it: &Difference, (a, b): (&str, &str)) -> String {
    let mut line = Map::new();
    line.insert("type".into(), "difference".into());
    line.insert("a".into(), a.into());
    line.insert("b".into(), b.into());
    line.insert("part".into(), it.part.name().into());
    line.insert("place".into(), it.place.as_str().into());
    line.insert("change".into(), it.change().into());
    if it.nth > 0 {
        line.insert("nth".into(), (it.nth + 1).into());
    }
    if let Some((left, right)) = it.line {
        line.insert("line".into(), json!([left, right]));
    }
    if let Some(note) = &it.note {
        line.insert("note".into(), note.as_str().into());
    }
    if it.expected {
        line.insert("expected".into(), true.into());
    }
    let sides = [&it.left, &it.right];
    if sides
        .iter()
        .any(|side| side.as_ref().is_some_and(|it| it.is_cut))
    {
        line.insert("cut".into(), true.into());
    }
    let head = Value::Object(line).to_string();
    let mut out = head.strip_suffix('}').unwrap_or(&head).to_owned();
    for (name, side) in ["from", "to"].into_iter().zip(sides) {
        if let Some(side) = side {
            out += &format!(",\"{name}\":{}", value(side));
        }
    }
    out + "}"
}

/// Value of a side, numbers as written.
fn value(side: &Side) -> String {
    let raw = || serde_json::from_str::<&RawValue>(&side.text).ok();
    match side.is_json.then(raw).flatten() {
        // A line break may be between its tokens.
        Some(raw) if !raw.get().contains('\n') => raw.get().to_owned(),
        _ => Value::from(side.text.as_str()).to_string(),
    }
}

/// Line of a provider and kind.
pub(in crate::report) fn drifted(it: &Drifted) -> String {
    let unknown = it
        .unknown
        .iter()
        .map(|it| json!({"place": it.place, "types": it.types, "deliveries": it.deliveries}));
    let missing = it
        .missing
        .iter()
        .map(|it| json!({"place": it.place, "expected": it.expected, "assumed": it.assumed}));
    let types = it.types.iter().map(|it| {
        json!({
            "place": it.place, "expected": it.expected, "came": it.came,
            "deliveries": it.deliveries,
        })
    });
    json!({
        "type": "drift",
        "provider": it.provider,
        "kind": it.kind,
        "native": it.native,
        "deliveries": it.deliveries,
        "events": it.events,
        "example": it.has_example,
        "names": it.names,
        "unknown": unknown.collect::<Vec<_>>(),
        "missing": missing.collect::<Vec<_>>(),
        "types": types.collect::<Vec<_>>(),
        "custom": it.custom,
        "cut": it.cut,
    })
    .to_string()
}

/// Line of the totals.
pub(in crate::report) fn drift_totals(it: &DriftTotals) -> String {
    json!({
        "type": "summary",
        "deliveries": it.deliveries,
        "unrecognised": it.unrecognised,
        "without_events": it.without_events,
        "drifting": it.drifting,
    })
    .to_string()
}
