//! JSON output (`--json`): one object per line. Its first member is always `type`; README.md lists the others.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::report::diff::lines;
use crate::report::json::delivery;
use crate::report::json::escape::{harmless, quoted};
use crate::report::notice::{Forwarded, Judged, Notice};
use crate::report::text::checks;
use crate::report::text::humanize::micros;
use crate::report::{Tally, shown_signed};
use crate::webhook::{Attempt, RecordedAnswer};

/// Version of the format; it is raised when a member changes its meaning.
const VERSION: u32 = 1;

/// Writes a notice as one line, or nothing if it is for people only.
pub fn write(out: &mut Vec<u8>, notice: &Notice) {
    let line = match notice {
        Notice::Listening {
            url, certificate, ..
        } => listening(url, *certificate),
        Notice::Tunnel { url } => format!("{{\"type\":\"tunnel\",\"url\":{}}}", quoted(url)),
        Notice::Inspector { url } => {
            format!("{{\"type\":\"inspector\",\"url\":{}}}", quoted(url))
        }
        Notice::ContentApi { provider, url, .. } => format!(
            "{{\"type\":\"content_api\",\"provider\":{},\"url\":{}}}",
            quoted(provider),
            quoted(url)
        ),
        Notice::ContentFetched {
            method,
            path,
            status,
            bytes,
        } => format!(
            "{{\"type\":\"content_fetched\",\"method\":{},\"path\":{},\"status\":{status},\"bytes\":{bytes}}}",
            quoted(method.as_str()),
            quoted(path)
        ),
        Notice::Received(received) => delivery::received(received),
        Notice::Logged(logged) => delivery::delivery(logged, false),
        Notice::Shown(logged) => delivery::delivery(logged, true),
        Notice::Compared(compared) => lines::compared(compared),
        Notice::Drifted(drifted) => lines::drifted(drifted),
        Notice::DriftTotals(totals) => lines::drift_totals(totals),
        Notice::Recorded { id, file } => {
            json!({"type": "recorded", "id": id, "file": file.to_string_lossy()}).to_string()
        }
        Notice::Forwarded(forwarded) => self::forwarded(forwarded),
        Notice::Confirmed {
            id,
            link,
            outcome,
            took,
        } => json!({
            "type": "confirmed", "id": id, "url": link, "outcome": outcome.name(),
            "status": outcome.status(), "reason": outcome.reason(), "micros": micros(*took),
        })
        .to_string(),
        Notice::Attempted(attempt) => attempted(attempt),
        Notice::Waiting { .. } | Notice::Paused { .. } | Notice::Resent(_) => return,
        Notice::Judged(judged) => self::judged(judged),
        Notice::Read { deliveries, bytes } => {
            json!({"type": "read", "deliveries": deliveries, "bytes": bytes}).to_string()
        }
        Notice::Checked(checked) => checks::line(checked),
        Notice::CheckTotals(marks) => checks::summary(marks),
        Notice::Summary(tally) => summary(tally),
    };
    out.extend_from_slice(harmless(&line).as_bytes());
    out.push(b'\n');
}

/// Object of type `forwarded` for a recorded response.
pub fn forwarded_answer_json(it: &RecordedAnswer) -> String {
    let line = json!({
        "type": "forwarded", "id": it.to, "target": it.target, "attempt": it.attempt,
        "outcome": it.outcome, "status": it.status, "reason": it.reason, "micros": it.micros,
    })
    .to_string();
    harmless(&line).into_owned()
}

/// Line of a notice, as `--json` prints it.
pub fn json_line(notice: &Notice) -> String {
    let mut out = Vec::new();
    write(&mut out, notice);
    String::from_utf8(out).unwrap_or_default()
}

/// First line, with the version of the format.
fn listening(url: &str, certificate: Option<&Path>) -> String {
    let certificate = certificate.map_or_else(String::new, |path| {
        format!(",\"certificate\":{}", quoted(&path.to_string_lossy()))
    });
    // Written by hand, because `json!` would sort the members.
    format!(
        "{{\"type\":\"listening\",\"version\":{VERSION},\"url\":{}{certificate}}}",
        quoted(url)
    )
}

fn forwarded(it: &Forwarded) -> String {
    json!({
        "type": "forwarded", "id": it.id, "target": it.target, "attempt": it.attempt,
        "outcome": it.outcome.name(), "status": it.outcome.status(), "reason": it.outcome.reason(),
        "micros": micros(it.took), "final": it.again_in.is_none(),
    })
    .to_string()
}

fn attempted(it: &Attempt) -> String {
    let events = it.events.as_ref();
    json!({
        "type": "attempted", "id": it.id, "source": it.source, "target": it.target, "provider": it.provider,
        "kinds": events.map(|it| &it.kinds), "recipient": events.map(|it| &it.recipient),
        "message_id": events.map(|it| &it.message_id), "attempt": it.number,
        "outcome": it.outcome.name(), "status": it.outcome.status(), "reason": it.outcome.reason(),
        "micros": micros(it.took), "final": it.last,
    })
    .to_string()
}

fn judged(it: &Judged) -> String {
    let signed = it.signed.map(|bytes| match std::str::from_utf8(bytes) {
        Ok(text) => json!({"text": text, "shown": shown_signed(bytes)}),
        Err(_) => json!({"base64": STANDARD.encode(bytes), "shown": shown_signed(bytes)}),
    });
    let key = it
        .key
        .map(|key| json!({"name": key.name, "number": key.number, "of": key.of}));
    json!({
        "type": "verified", "id": it.id, "source": it.source, "provider": it.receipt.provider,
        "scheme": it.receipt.signature.scheme, "verdict": it.receipt.signature.verdict.name(),
        "reason": it.receipt.signature.reason, "now": it.now.to_string(), "key": key,
        "signed": signed, "cause": it.finding.map(|it| it.name), "finding": it.finding.map(|it| it.finding),
        "fits": it.finding.map(|it| it.fits), "advice": it.finding.map(|it| it.advice).or(it.next),
        "ruled_out": it.ruled_out, "not_tried": it.not_tried, "hint": it.hint,
        "problems": it.receipt.problems,
    })
    .to_string()
}

fn summary(it: &Tally) -> String {
    let statuses: serde_json::Map<String, Value> = it
        .statuses
        .iter()
        .map(|(status, count)| (status.to_string(), json!(count)))
        .collect();
    let kinds: serde_json::Map<String, Value> = it
        .kinds
        .iter()
        .map(|(kind, count)| (kind.name().to_owned(), json!(count)))
        .collect();
    let forwarded = it.forwarded.as_ref().map(
        |it| json!({"passed": it.passed, "refused": it.rejected(), "unanswered": it.unanswered}),
    );
    json!({
        "type": "summary", "deliveries": it.deliveries, "failed": it.failed, "unanswered": it.unanswered,
        "retries": it.retries, "maybe_duplicate": it.maybe_duplicate, "stopped": it.stopped,
        "refused_signatures": it.refused_signatures, "broken": it.broken,
        "hung_up": it.hung_up, "forwarded": forwarded, "per_second": (it.rate() * 10.0).round() / 10.0,
        "statuses": statuses, "kinds": kinds,
        "micros": {
            "p50": micros(it.quantile(0.5)), "p90": micros(it.quantile(0.9)), "p99": micros(it.quantile(0.99)),
            "max": it.micros.max(), "elapsed": micros(it.elapsed),
        },
    })
    .to_string()
}
