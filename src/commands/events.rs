//! `events`: what each provider sends, and what it looks like.

use serde_json::json;

use super::plan;
use crate::cli::EventsArgs;
use crate::error::{Exit, Result};
use crate::providers::{self, ALL, Provider, Row};
use crate::report::{Progress, Reporter, Style};
use crate::webhook::Fixture;

/// The JSON Schema of a fixture.
const SCHEMA: &str = include_str!("schema.json");

/// Prints the providers, one provider's events, one event's payload, or the fixture's schema.
pub fn run(args: &EventsArgs, style: Style) -> Result<Exit> {
    let report = Reporter::new(style, Progress::none());
    let result = print(args, style, &report);
    report.finish();
    result
}

fn print(args: &EventsArgs, style: Style, report: &Reporter) -> Result<Exit> {
    if args.schema {
        report.data(SCHEMA.as_bytes());
        return Ok(Exit::Success);
    }
    let Some(name) = &args.provider else {
        let names = ALL
            .iter()
            .map(|provider| provider.name.len())
            .max()
            .unwrap_or(0);
        let lines = ALL.iter().map(|provider| {
            if style.json {
                described(provider)
            } else {
                overview(provider, names)
            }
        });
        report.data(lines.collect::<String>().as_bytes());
        return Ok(Exit::Success);
    };
    let provider = plan::provider(name)?;
    let text = match &args.kind {
        None if style.json => described(provider),
        None => table(provider),
        Some(kind) => payload(plan::row(provider, kind)?, style),
    };
    report.data(text.as_bytes());
    Ok(Exit::Success)
}

fn overview(provider: &Provider, width: usize) -> String {
    format!(
        "{:width$}  {}\n",
        provider.name,
        providers::kinds_of(provider).join(" ")
    )
}

fn table(provider: &Provider) -> String {
    let schemes: Vec<&str> = provider.schemes.iter().map(|scheme| scheme.name).collect();
    let signs = if schemes.is_empty() {
        "nothing".to_owned()
    } else {
        unique(&schemes).join(", ")
    };
    let mut out = format!(
        "{}\n  documented at  {}\n  signs with     {signs}\n",
        provider.title, provider.docs
    );
    if !provider.bounces.is_empty() {
        let names: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
        out += &format!("  bounces        {}\n", names.join(", "));
    }
    out.push('\n');
    for row in sendable(provider) {
        let class = row
            .bounce
            .map(|class| format!("  {}", class.name()))
            .unwrap_or_default();
        out += &format!("  {:<12} {}{class}\n", row.kind.name(), row.native);
    }
    out
}

fn described(provider: &Provider) -> String {
    let events: Vec<_> = sendable(provider)
        .map(|row| json!({"kind": row.kind.name(), "native": row.native, "bounce": row.bounce.map(|class| class.name())}))
        .collect();
    let schemes: Vec<&str> = provider.schemes.iter().map(|scheme| scheme.name).collect();
    let bounces: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
    let line = json!({
        "type": "provider", "provider": provider.name, "title": provider.title, "docs": provider.docs,
        "schemes": unique(&schemes), "bounces": bounces, "events": events,
    });
    format!("{line}\n")
}

fn payload(row: &Row, style: Style) -> String {
    // An example that could not be read would have failed the tests.
    let body = Fixture::read(row.example.as_bytes())
        .map(|fixture| fixture.delivery.body)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&body).into_owned();
    if style.json {
        return format!(
            "{}\n",
            json!({"type": "payload", "kind": row.kind.name(), "native": row.native, "text": text})
        );
    }
    text.trim_end().to_owned() + "\n"
}

fn sendable(provider: &Provider) -> impl Iterator<Item = &'static Row> {
    provider.rows.iter().filter(|row| !row.example.is_empty())
}

fn unique<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(name) {
            seen.push(name);
        }
    }
    seen
}
