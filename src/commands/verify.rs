//! `verify`: verifies signatures, and diagnoses why one fails.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::VerifyArgs;
use crate::commands::args;
use crate::commands::in_order::{CHUNK, Chunks, in_order};
use crate::commands::recorded::selected::{as_recorded, choose};
use crate::commands::sns::certificates::SnsCertificates;
use crate::error::{Error, Exit, Result};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::reader;
use crate::io::runtime;
use crate::providers;
use crate::providers::{Budget, Evidence, Explanation, Keys, Provider};
use crate::report::{Finding, Judged, KeyUsed, Notice, Progress, Reporter, Style};
use crate::webhook::{
    Delivery, Document, Fixture, Glob, Headers, Key, Keyring, Receipt, Selection, Verdict,
    VerifyOptions,
};

/// Settings of `verify`, made from its flags.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    source: String,
    body_headers: Option<Headers>,
    id: Option<String>,
    selection: Selection,
    edited: bool,
    keys: Keys,
    ring: Keyring,
    provider: Option<&'static Provider>,
    now: Option<Timestamp>,
    url: Option<String>,
    tolerance: Option<Duration>,
    topics: Vec<String>,
    fetch_certs: bool,
    notes: Vec<String>,
}

impl Plan {
    /// Makes the settings from the flags; reads secrets.
    pub fn new(args: VerifyArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, provider)?;
        let headers: Headers = args::headers(&args.headers)?.into_iter().collect();
        Ok(Plan {
            style,
            source: args.source,
            body_headers: (!args.headers.is_empty()).then_some(headers),
            id: args.id,
            selection: Selection {
                paths: args.path.iter().map(|it| Glob::new(it)).collect(),
                ..args::selection(args.selection)
            },
            edited: args.edited,
            keys: secrets.keys,
            ring: secrets.ring,
            provider,
            now: args.now,
            url: args.url.or(args.secrets.public_url),
            tolerance: args.verify_options.tolerance,
            topics: args.verify_options.topic_arn,
            fetch_certs: args.verify_options.fetch_certs,
            notes: secrets.notes,
        })
    }
}

impl Plan {
    /// True if `--id` and the selection choose a delivery.
    fn chooses(&self, fixture: &Fixture) -> bool {
        let options = options(self, fixture);
        (self.id.is_none() || self.id == fixture.id)
            && choose(&self.selection, fixture, &self.keys, &options).is_ok()
    }
}

/// Verifies all deliveries of the source, and returns the exit status.
pub fn run(plan: Plan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.notes);
    let result = judge_all(&Arc::new(plan), &report);
    report.finish();
    result
}

/// Deliveries before and after a failing one that are compared with it, to find swapped signatures.
const NEAR: usize = 4;

fn judge_all(plan: &Arc<Plan>, report: &Reporter) -> Result<Exit> {
    let mut exit = Exit::Success;
    let (mut read, mut judged) = (0u64, 0u64);
    let fetching = plan.fetch_certs.then(Fetching::new).transpose()?;
    let cases = Cases {
        all: deliveries(plan)?,
        plan: Arc::clone(plan),
        matched: 0,
        ahead: VecDeque::new(),
        behind: VecDeque::new(),
        read: 0,
        judged: 0,
        ended: false,
    };
    let chunks = Chunks {
        // What comes through a pipe is judged as it comes.
        items: if Path::new(&plan.source).is_file() || Path::new(&plan.source).is_dir() {
            CHUNK
        } else {
            1
        },
        weigh: Case::bytes,
    };
    let work = {
        let plan = Arc::clone(plan);
        move |case| judge(&plan, fetching.as_ref(), case)
    };
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
        report.warn(&match (&plan.id, read) {
            (_, 0) => format!("no deliveries in `{}`", plan.source),
            (Some(id), 1) => format!("1 delivery read, and its id is not `{id}`"),
            (Some(id), _) => format!("{read} deliveries read, and none has the id `{id}`"),
            (None, _) => plan.selection.none_of(read),
        });
    }
    Ok(exit)
}

/// Delivery with its address in the source.
type Addressed = Arc<(String, std::result::Result<Fixture, String>)>;

/// Item of the source to work on.
enum Case {
    Delivery {
        it: Addressed,
        /// Deliveries before it and after it.
        near: Vec<Addressed>,
        /// True if the source has no other delivery.
        alone: bool,
    },
    Broken(String),
    /// End of the source: numbers of deliveries read and judged, and notes on skipped parts.
    Ended((u64, u64), Vec<String>),
}

impl Case {
    fn bytes(&self) -> usize {
        match self {
            Case::Delivery { it, .. } => it.1.as_ref().map_or(0, |it| it.delivery.body.len()),
            Case::Broken(_) | Case::Ended(..) => 0,
        }
    }
}

/// Result of the work on an item.
enum Done {
    Judged(Box<Judgement>),
    Broken(String),
    Unfit(Error),
    Ended((u64, u64), Vec<String>),
}

/// Iterator over the source: selects deliveries, and puts their neighbours beside them.
struct Cases {
    all: Deliveries,
    plan: Arc<Plan>,
    /// Deliveries that the selection chooses, less `--skip` and `--limit`.
    matched: usize,
    ahead: VecDeque<Addressed>,
    behind: VecDeque<Addressed>,
    read: u64,
    judged: u64,
    ended: bool,
}

impl Iterator for Cases {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        loop {
            let missing = (NEAR + 1).saturating_sub(self.ahead.len());
            self.ahead
                .extend(self.all.by_ref().take(missing).map(Arc::new));
            let next = match self.plan.selection.is_full(self.matched) {
                true => None,
                false => self.ahead.pop_front(),
            };
            let Some(it) = next else {
                let ended = std::mem::replace(&mut self.ended, true);
                let counts = (self.read, self.judged);
                return (!ended).then(|| Case::Ended(counts, self.all.take_notes()));
            };
            self.read += 1;
            let (source, fixture) = &*it;
            let fixture = match fixture {
                Ok(fixture) => fixture,
                Err(why) => return Some(Case::Broken(format!("{source}: {why}"))),
            };
            if !self.plan.chooses(fixture) {
                continue;
            }
            self.matched += 1;
            if !self.plan.selection.admits(self.matched - 1) {
                continue;
            }
            self.judged += 1;
            let near = self.behind.iter().rev().chain(&self.ahead);
            let near = near.map(Arc::clone).collect();
            self.behind.push_back(Arc::clone(&it));
            if self.behind.len() > NEAR {
                self.behind.pop_front();
            }
            return Some(Case::Delivery {
                near,
                // With several deliveries, the secret may be for another of them.
                alone: self.judged == 1 && self.ahead.is_empty(),
                it,
            });
        }
    }
}

/// Rejects a secret that cannot be a key of this delivery's provider.
fn fits(plan: &Plan, fixture: &Fixture) -> Result<()> {
    let receipt = providers::outline(&fixture.delivery, plan.provider);
    let provider = receipt.provider.and_then(providers::find);
    match provider.and_then(|provider| plan.keys.unfit(provider)) {
        Some(unfit) => Err(Error::usage(unfit.why).hint(format!("wanted: {}", unfit.wanted))),
        None => Ok(()),
    }
}

/// Certificate fetching (`--fetch-certs`), with the runtime that it needs.
struct Fetching {
    certificates: SnsCertificates,
    runtime: tokio::runtime::Runtime,
}

impl Fetching {
    fn new() -> Result<Self> {
        Ok(Self {
            certificates: SnsCertificates::new()?,
            runtime: runtime::on_this_thread()?,
        })
    }
}

/// Returns a neighbouring delivery with its name for messages; none if it could not be read.
fn neighbour(it: &Addressed) -> Option<(String, Delivery)> {
    let (source, fixture) = &**it;
    let fixture = fixture.as_ref().ok()?;
    let name = match &fixture.id {
        Some(id) => format!("the delivery `{id}`"),
        None => format!("the delivery `{source}`"),
    };
    Some((name, fixture.delivery.clone()))
}

/// Deliveries to verify, each with its address in the source.
enum Deliveries {
    One(Option<(String, std::result::Result<Fixture, String>)>),
    Sources(reader::Sources),
}

impl Iterator for Deliveries {
    type Item = (String, std::result::Result<Fixture, String>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Deliveries::One(one) => one.take(),
            Deliveries::Sources(sources) => sources.next().map(|item| {
                let fixture = item.fixture.map_err(|fault| fault.to_string());
                (item.source.to_string(), fixture)
            }),
        }
    }
}

impl Deliveries {
    /// Returns notes on skipped parts since the last call, such as a torn last line.
    fn take_notes(&mut self) -> Vec<String> {
        match self {
            Deliveries::One(_) => Vec::new(),
            Deliveries::Sources(sources) => sources.take_notes(),
        }
    }
}

/// Opens the source: one body with headers from `--header`, or anything that `replay` reads.
fn deliveries(plan: &Plan) -> Result<Deliveries> {
    if let Some(headers) = &plan.body_headers {
        let given = if plan.source == "-" {
            plan.source.clone()
        } else {
            format!("@{}", plan.source)
        };
        let delivery = Delivery {
            method: http::Method::POST,
            path: http::uri::PathAndQuery::from_static("/"),
            headers: headers.clone(),
            body: args::body(&given)?.into(),
        };
        let body = Fixture::new(delivery);
        return Ok(Deliveries::One(Some((plan.source.clone(), Ok(body)))));
    }
    let sources = locate::open(std::slice::from_ref(&plan.source))?;
    let sources = sources
        .edited(plan.edited)
        .answered(plan.selection.reads_answer());
    let sources = last(sources, plan.selection.last, |fixture| {
        plan.chooses(fixture)
    })?;
    Ok(Deliveries::Sources(sources))
}

fn options(plan: &Plan, fixture: &Fixture) -> VerifyOptions {
    let recorded = as_recorded(fixture, plan.url.as_ref());
    VerifyOptions {
        now: plan.now.unwrap_or(recorded.now),
        tolerance: plan.tolerance,
        topics: plan.topics.clone(),
        ..recorded
    }
}

/// Delivery with its verdict, ready to be reported.
struct Judgement {
    it: Addressed,
    id: Option<String>,
    now: Timestamp,
    provider: Option<&'static Provider>,
    receipt: Receipt,
    signed: Option<Vec<u8>>,
    explanation: Explanation,
    next: Option<String>,
}

/// Works on an item of the source.
fn judge(plan: &Plan, fetching: Option<&Fetching>, case: Case) -> Done {
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

/// Verifies a delivery, and explains why its signature does not hold.
fn verify(
    plan: &Plan,
    fetching: Option<&Fetching>,
    it: &Addressed,
    fixture: &Fixture,
    near: &[Addressed],
) -> Judgement {
    let verify_options = options(plan, fixture);
    let named = plan
        .provider
        .or_else(|| providers::beneath(&fixture.delivery));
    let mut receipt = providers::read(&fixture.delivery, named, &plan.keys, &verify_options);
    if let Some(Fetching {
        certificates,
        runtime,
    }) = fetching
    {
        runtime.block_on(certificates.verify(&fixture.delivery, &verify_options, &mut receipt));
    }
    let signature = &receipt.signature;
    // A custom scheme from the command line is in no registry.
    let provider = plan
        .provider
        .or_else(|| receipt.provider.and_then(providers::find));
    let refused = signature.verdict == Verdict::Refused;
    let document = Document::of(&fixture.delivery).ok();
    let case = provider.map(|provider| {
        let departure = providers::departure_of(provider, document.as_ref());
        let given: Vec<Key> = match departure {
            Some(departure) => {
                let keys = plan.keys.in_form(provider, departure.key);
                keys.map(|(_, key)| key).collect()
            }
            None => plan.keys.given(provider).to_vec(),
        };
        let test = || plan.keys.tried(provider).cloned().into_iter().collect();
        Evidence {
            provider: departure.map_or(provider, |departure| departure.provider),
            delivery: fixture.delivery.clone(),
            keys: if given.is_empty() { test() } else { given },
            secrets: plan.ring.of(provider.name).cloned().collect(),
            others: plan.ring.but(provider.name).cloned().collect(),
            neighbours: if refused {
                near.iter().filter_map(neighbour).collect()
            } else {
                Vec::new()
            },
            verify_options: verify_options.clone(),
        }
    });
    let signed = case.as_ref().and_then(providers::signed_text);
    // Each delivery has its own budget, so that its diagnosis does not depend on the others.
    let effort = &mut Budget::default();
    // The signature may be inside a body that cannot be parsed.
    let unread = signature.verdict == Verdict::Unsigned && named.is_some();
    let explanation = match &case {
        Some(case) if refused => providers::explain(case, effort),
        // Without a secret only the test key is tried; a mismatch rules nothing out.
        Some(case) if signature.verdict == Verdict::Unchecked || unread => {
            let tried = providers::explain(case, effort);
            Explanation {
                found: tried.found,
                hint: tried.hint,
                ..Explanation::default()
            }
        }
        _ => Explanation::default(),
    };
    let next = match (&case, signature.verdict) {
        (None, _) => {
            Some("name whose it is: `--provider NAME`; `webhook-cli events` lists them".to_owned())
        }
        (Some(_), Verdict::Verified | Verdict::VerifiedTestKey) => None,
        _ if providers::cannot_be_verified(&fixture.delivery) => None,
        (Some(case), Verdict::Refused) => Some(providers::next_step(case)),
        (Some(case), Verdict::Unchecked) if case.provider.name == "ses" => {
            Some("verify with the certificate that the message names: `--fetch-certs`".to_owned())
        }
        (Some(case), Verdict::Unchecked) if providers::lacks_url(case) => Some(format!(
            "give the secret, and the URL as it was typed into {}: `--secret {}=env:NAME --url URL`",
            case.provider.title, case.provider.name
        )),
        (Some(case), Verdict::Unchecked) => Some(format!(
            "give the secret: `--secret {}=env:NAME`",
            case.provider.name
        )),
        (Some(_), Verdict::Unsigned) => None,
    };
    Judgement {
        it: Arc::clone(it),
        id: fixture.id.clone(),
        now: verify_options.now,
        provider,
        signed,
        explanation,
        next,
        receipt,
    }
}

impl Judgement {
    /// Reports the verdict, and returns its exit status.
    fn tell(&self, plan: &Plan, report: &Reporter) -> Exit {
        let Judgement {
            receipt,
            explanation,
            ..
        } = self;
        let signature = &receipt.signature;
        let names = self
            .provider
            .map_or(&[][..], |provider| plan.keys.names(provider));
        let key = match (signature.verdict, signature.key) {
            (Verdict::VerifiedTestKey, _) => Some(KeyUsed {
                name: "the public test key",
                number: 1,
                of: 1,
            }),
            (_, Some(at)) => names.get(at).map(|name| KeyUsed {
                name,
                number: at + 1,
                of: names.len(),
            }),
            (_, None) => None,
        };
        report.tell(&Notice::Judged(Judged {
            id: self.id.as_deref(),
            source: &self.it.0,
            now: self.now,
            receipt,
            signed: self.signed.as_deref(),
            key,
            finding: explanation.found.as_ref().map(|(guess, fits)| Finding {
                name: guess.name,
                finding: guess.finding,
                fits,
                advice: guess.advice,
            }),
            ruled_out: &explanation.ruled_out,
            not_tried: &explanation.not_tried,
            untried: &explanation.untried,
            next: self.next.as_deref(),
            hint: explanation.hint,
        }));
        match signature.verdict {
            Verdict::Verified | Verdict::VerifiedTestKey => Exit::Success,
            Verdict::Unsigned | Verdict::Unchecked | Verdict::Refused => Exit::Signature,
        }
    }
}
