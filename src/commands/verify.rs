//! `verify`: does this signature hold, and if not, why.

use std::time::Duration;

use jiff::Timestamp;

use super::plan;
use crate::cli::VerifyArgs;
use crate::error::{Error, Exit, Result};
use crate::io::source;
use crate::providers::{self, Case, Keys, Provider};
use crate::report::{Judged, Notice, Progress, Reporter, Style};
use crate::webhook::{Delivery, Fixture, Headers, Judge, Keyring, Verdict};

/// What `verify` was asked to do.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    source: String,
    body_headers: Option<Headers>,
    id: Option<String>,
    keys: Keys,
    ring: Keyring,
    provider: Option<&'static Provider>,
    now: Option<Timestamp>,
    url: Option<String>,
    tolerance: Option<Duration>,
    topics: Vec<String>,
    notes: Vec<String>,
}

impl Plan {
    /// Makes a plan of the words.
    pub fn new(args: VerifyArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(plan::provider).transpose()?;
        let secrets = plan::secrets(&args.secrets, provider)?;
        let headers: Headers = plan::headers(&args.headers)?.into_iter().collect();
        Ok(Plan {
            style,
            source: args.source,
            body_headers: (!args.headers.is_empty()).then_some(headers),
            id: args.id,
            keys: secrets.keys,
            ring: secrets.ring,
            provider,
            now: args.now,
            url: args.url.or(args.secrets.public_url),
            tolerance: args.tolerance,
            topics: args.topic_arn,
            notes: secrets.notes,
        })
    }
}

/// Carries the plan out.
pub fn run(plan: &Plan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    plan::say_all(&report, &plan.notes);
    let result = judge_all(plan, &report);
    report.finish();
    result
}

fn judge_all(plan: &Plan, report: &Reporter) -> Result<Exit> {
    let mut exit = Exit::Success;
    let mut judged = 0u64;
    for (source, fixture) in deliveries(plan)? {
        let fixture = match fixture {
            Ok(fixture) => fixture,
            Err(why) => {
                report.warn(&format!("{source}: {why}"));
                exit = exit.or(Exit::Input);
                continue;
            }
        };
        if plan.id.is_some() && plan.id != fixture.id {
            continue;
        }
        judged += 1;
        exit = exit.or(judge(plan, report, &source, &fixture));
    }
    if judged == 0 && exit == Exit::Success {
        return Err(Error::input("there is no such delivery")
            .hint("`--id` takes the id of a recorded delivery"));
    }
    Ok(exit)
}

type Deliveries = Box<dyn Iterator<Item = (String, std::result::Result<Fixture, String>)>>;

/// A body with its headers given, a raw HTTP message, or whatever `replay` takes.
fn deliveries(plan: &Plan) -> Result<Deliveries> {
    let given = if plan.source == "-" {
        plan.source.clone()
    } else {
        format!("@{}", plan.source)
    };
    if let Some(headers) = &plan.body_headers {
        let delivery = Delivery {
            method: http::Method::POST,
            path: http::uri::PathAndQuery::from_static("/"),
            headers: headers.clone(),
            body: plan::body(&given)?.into(),
        };
        return Ok(one(&plan.source, Ok(Fixture::new(delivery))));
    }
    let is_folder = std::path::Path::new(&plan.source).is_dir();
    let is_recording = [".ndjson", ".jsonl"]
        .iter()
        .any(|end| plan.source.ends_with(end));
    if !is_folder && !is_recording {
        let text = plan::body(&given)?;
        if let Some(delivery) = Delivery::from_http(&text) {
            return Ok(one(&plan.source, Ok(Fixture::new(delivery))));
        }
        if plan.source == "-" {
            let lines: Vec<_> = match Fixture::read(&text) {
                Ok(fixture) => vec![("stdin".to_owned(), Ok(fixture))],
                Err(_) => text
                    .split(|b| *b == b'\n')
                    .enumerate()
                    .filter(|(_, line)| !line.trim_ascii().is_empty())
                    .map(|(at, line)| {
                        (
                            format!("stdin:{}", at + 1),
                            Fixture::read_line(line).map_err(|fault| fault.to_string()),
                        )
                    })
                    .collect(),
            };
            return Ok(Box::new(lines.into_iter()));
        }
    }
    let sources = source::open(std::slice::from_ref(&plan.source))?;
    Ok(Box::new(sources.map(|item| {
        (item.source, item.fixture.map_err(|fault| fault.to_string()))
    })))
}

fn one(source: &str, fixture: std::result::Result<Fixture, String>) -> Deliveries {
    Box::new(std::iter::once((source.to_owned(), fixture)))
}

fn judge(plan: &Plan, report: &Reporter, source: &str, fixture: &Fixture) -> Exit {
    let judge = Judge {
        // What was recorded is judged as of when it came.
        now: plan.now.or(fixture.at).unwrap_or_else(Timestamp::now),
        tolerance: plan.tolerance,
        public_url: plan.url.clone(),
        topics: plan.topics.clone(),
    };
    let receipt = providers::read(&fixture.delivery, plan.provider, &plan.keys, &judge);
    let case = receipt
        .provider
        .and_then(providers::find)
        .map(|provider| Case {
            provider,
            delivery: fixture.delivery.clone(),
            keys: match plan.keys.given(provider) {
                [] => plan.keys.tried(provider).cloned().into_iter().collect(),
                given => given.to_vec(),
            },
            secrets: plan.ring.of(provider.name).cloned().collect(),
            judge: judge.clone(),
        });
    let signed = case.as_ref().and_then(providers::signed_text);
    let tried = receipt.signature.verdict == Verdict::Refused;
    let (guess, ruled_out) = match &case {
        Some(case) if tried => providers::explain(case),
        _ => (None, Vec::new()),
    };
    report.tell(&Notice::Judged(Judged {
        id: fixture.id.as_deref(),
        source,
        now: judge.now,
        receipt: &receipt,
        signed: signed.as_deref(),
        finding: guess.map(|guess| (guess.name, guess.finding, guess.advice)),
        ruled_out: &ruled_out,
    }));
    match receipt.signature.verdict {
        Verdict::Verified | Verdict::VerifiedTestKey => Exit::Success,
        Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused => Exit::Signature,
    }
}
