//! `events`: events, delivery habits and example payloads of each provider.

use serde_json::{Value, json};

use crate::cli::EventsArgs;
use crate::commands::args;
use crate::commands::catalog::tables::PageStyle;
use crate::commands::catalog::{facts, tables};
use crate::error::{Exit, Result};
use crate::providers::{Batch, EventDef, Fact, Provider, everyone};
use crate::report::{OutputStyle, Progress, Reporter};

/// JSON Schema of a fixture (`--schema`).
const SCHEMA: &str = include_str!("schema.json");

/// Prints the overview, a provider's page, an event's payload, unconfirmed claims (`--unconfirmed`) or the fixture
/// schema.
pub(crate) fn run(args: &EventsArgs, style: OutputStyle) -> Result<Exit> {
    let report = Reporter::new(style, Progress::none());
    let result = print(args, style, &report);
    report.finish();
    result
}

fn print(args: &EventsArgs, style: OutputStyle, report: &Reporter) -> Result<Exit> {
    let provider = args.provider.as_deref().map(args::provider).transpose()?;
    let chosen = || match provider {
        Some(provider) => vec![provider],
        None => everyone().collect(),
    };
    let lines = |of: &dyn Fn(&Provider) -> String| chosen().into_iter().map(of).collect::<String>();
    let look = look(report);
    match (provider, &args.kind) {
        _ if args.schema => report.data(SCHEMA.as_bytes()),
        _ if args.unconfirmed && style.json => report.data(lines(&doubts).as_bytes()),
        _ if args.unconfirmed => report.show(&lines(&|one| tables::unconfirmed(one, look))),
        (Some(provider), Some(kind)) => {
            let row = args::row(provider, kind, args.native_version.as_deref())?;
            payload(provider, row, args, report);
        }
        _ if style.json => report.data(lines(&provider_line).as_bytes()),
        (Some(provider), None) => report.show(&tables::page(provider, look)),
        (None, _) => report.show(&tables::overview(look)),
    }
    Ok(Exit::Success)
}

/// Returns colours and width for pages on stdout.
fn look(report: &Reporter) -> PageStyle<'_> {
    PageStyle {
        palette: report.palette(),
        width: report.columns(),
    }
}

/// Prints the payload byte for byte; on a terminal or with `--provenance`, also the provenance of its fields, which a
/// reader cannot mistake for the payload.
fn payload(
    provider: &'static Provider,
    row: &'static EventDef,
    args: &EventsArgs,
    report: &Reporter,
) {
    let bytes = facts::payload(row);
    if report.is_json() {
        return report.data(payload_line(provider, row).as_bytes());
    }
    report.data(&bytes);
    if args.provenance || report.on_terminal() {
        let gap = if bytes.ends_with(b"\n") { "\n" } else { "\n\n" };
        report.show(gap);
        report.show(&tables::provenance(provider, row, look(report)));
    }
}

/// Line of `--json` for a provider.
pub(crate) fn provider_line(provider: &Provider) -> String {
    let events: Vec<Value> = facts::sendable(provider)
        .map(|row| json!({
            "kind": row.kind.name(), "native": row.native, "bounce": row.bounce.map(|class| class.name()),
            "version": version(row),
        }))
        .collect();
    let mut schemes: Vec<&str> = provider.schemes.iter().map(|scheme| scheme.name).collect();
    schemes.dedup();
    let signing: Vec<Value> = facts::recipes(provider)
        .iter()
        .map(|scheme| {
            json!({
                "scheme": scheme.name, "algorithm": scheme.algorithm.name(), "covers": scheme.covers(),
                "signature": scheme.signature.name(), "uncovered": scheme.uncovered,
            })
        })
        .collect();
    let bounces: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
    let pages: Vec<Value> = provider
        .pages()
        .iter()
        .map(|page| json!({"title": page.title, "url": page.url, "read": page.read}))
        .collect();
    let most = match provider.conduct.batch {
        Batch::Never if provider.habits.batching == Fact::NotDocumented => None,
        Batch::Never => Some(1),
        Batch::UpTo(most) => Some(most),
        Batch::Some | Batch::InList => None,
    };
    let habits = &provider.habits;
    let line = json!({
        "type": "provider", "provider": provider.name, "title": provider.title, "docs": provider.docs,
        "schemes": schemes, "signing": signing, "most_events": most, "batching": fact(&habits.batching),
        "success": fact(&habits.success), "retries": fact(&habits.retries), "timeout": fact(&habits.timeout),
        "bounces": bounces, "versions": provider.versions(), "events": events, "pages": pages,
    });
    format!("{line}\n")
}

/// Returns a documented claim and its doubt as JSON; null for each that is absent.
fn fact<T: serde::Serialize>(fact: &Fact<T>) -> Value {
    json!({"said": fact.value(), "unconfirmed": fact.doubt()})
}

/// Line of `--json` for the payload of an event.
pub(crate) fn payload_line(provider: &Provider, row: &EventDef) -> String {
    let bytes = facts::payload(row);
    let fields: Vec<Value> = facts::known(provider, row)
        .iter()
        .map(|(place, origin)| json!({
            "place": place, "standing": origin.confidence.name(), "page": origin.page.map(|page| page.url),
            "read": origin.page.map(|page| page.read), "reason": reason(origin.doubt),
        }))
        .collect();
    let line = json!({
        "type": "payload", "provider": provider.name, "kind": row.kind.name(), "native": row.native, "version": version(row),
        "text": String::from_utf8_lossy(&bytes), "fields": fields,
    });
    format!("{line}\n")
}

fn doubts(provider: &Provider) -> String {
    let doubts = facts::doubts(provider);
    let mut lines: Vec<Value> = doubts
        .iter()
        .map(|doubt| json!({
            "type": "unconfirmed", "provider": provider.name, "what": doubt.what, "natives": doubt.rows,
            "standing": doubt.confidence.name(), "reason": reason(doubt.reason),
        }))
        .collect();
    let silent = facts::undocumented(provider);
    if !silent.is_empty() {
        lines.push(json!({
            "type": "unconfirmed", "provider": provider.name, "what": silent, "natives": [],
            "standing": "not documented", "reason": null,
        }));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Returns the version of the provider's webhooks; none where it has no versions.
fn version(row: &EventDef) -> Option<&'static str> {
    Some(row.version).filter(|version| !version.is_empty())
}

fn reason(doubt: &str) -> Option<&str> {
    Some(doubt).filter(|doubt| !doubt.is_empty())
}
