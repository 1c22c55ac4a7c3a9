//! `log`: lists recorded deliveries, one line each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::LogArgs;
use crate::commands::args;
use crate::commands::in_order::{CHUNK, in_order};
use crate::commands::recorded::inputs::{Input, Inputs};
use crate::commands::recorded::selected::{Unchosen, as_recorded, choose};
use crate::commands::shutdown::Interrupt;
use crate::error::{Exit, Result};
use crate::io::recording::follow::{Appended, Follow, Seen};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::pump::Stop;
use crate::providers;
use crate::providers::Keys;
use crate::report::{Logged, Notice, Progress, Reporter, Style};
use crate::webhook::{Fault, Fixture, Glob, Receipt, Selection, VerifyOptions};

/// Deliveries that `--follow` begins with.
const FIRST: usize = 10;

/// Time for which a delivery waits for its response (`--follow`) before it is printed without one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Most deliveries that wait for their response.
const WAITING: usize = 1024;

/// Time between two looks at the recordings, where the system reports no change.
const GLANCE: Duration = Duration::from_millis(100);

/// Settings of `log`, made from its flags.
#[derive(Debug)]
pub struct Plan {
    style: Style,
    sources: Vec<String>,
    selection: Selection,
    follow: bool,
    edited: bool,
    keys: Keys,
    public_url: Option<String>,
    notes: Vec<String>,
}

impl Plan {
    /// Makes the settings from the flags; reads secrets.
    pub fn new(args: LogArgs, style: Style) -> Result<Plan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, None)?;
        let selection = args::selection(args.selection);
        Ok(Plan {
            style,
            sources: args.sources,
            selection: Selection {
                provider: provider.map(|provider| provider.name),
                paths: args.path.iter().map(|it| Glob::new(it)).collect(),
                last: selection.last.or(args.follow.then_some(FIRST)),
                ..selection
            },
            follow: args.follow,
            edited: args.edited,
            keys: secrets.keys,
            public_url: args.secrets.public_url,
            notes: secrets.notes,
        })
    }

    /// Applies the selection to a fixture. Returns its receipt, if that had to be read.
    fn choose(&self, fixture: &Fixture) -> std::result::Result<Option<Receipt>, Unchosen> {
        choose(&self.selection, fixture, &self.keys, &self.options(fixture))
    }

    /// Reads a delivery if it is chosen.
    fn judge(
        &self,
        fixture: std::result::Result<Fixture, Fault>,
    ) -> std::result::Result<Judged, Fault> {
        let fixture = fixture?;
        let Ok(receipt) = self.choose(&fixture) else {
            return Ok(None);
        };
        // Without a condition on it, the verdict is not known yet.
        let receipt = receipt.filter(|_| self.selection.reads_verdict());
        let receipt = receipt.unwrap_or_else(|| {
            let named = providers::beneath(&fixture.delivery);
            providers::read(
                &fixture.delivery,
                named,
                &self.keys,
                &self.options(&fixture),
            )
        });
        Ok(Some(Box::new((fixture, receipt))))
    }

    fn options(&self, fixture: &Fixture) -> VerifyOptions {
        as_recorded(fixture, self.public_url.as_ref())
    }
}

/// Lists the deliveries, and returns the exit status.
pub fn run(plan: Plan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.notes);
    let result = list(&Arc::new(plan), &report);
    report.finish();
    result
}

fn list(plan: &Arc<Plan>, report: &Reporter) -> Result<Exit> {
    let stop = Stop::default();
    let mut sources = locate::open(&plan.sources)?
        .edited(plan.edited)
        .answered(true)
        .until(stop.clone());
    let follow = match plan.follow {
        true => Some(Follow::start(&mut sources, plan.edited)?),
        false => None,
    };
    // What comes through a pipe is printed as it comes.
    let items = if sources.size().is_some() { CHUNK } else { 1 };
    let mut sources = last(sources, plan.selection.last, |fixture| {
        plan.choose(fixture).is_ok()
    })?;
    if let Some(grep) = plan.selection.grep.clone() {
        sources = sources.only_lines(move |line| grep.may_be_in_line(line));
    }
    let mut log = Log {
        plan,
        report,
        read: 0,
        matched: 0,
        exit: Exit::Success,
    };
    let (inputs, chunks) = (Inputs::new(sources), Input::chunks(items));
    let work = {
        let plan = Arc::clone(plan);
        move |input| match input {
            Input::Delivery(address, fixture) => Output::Delivery(address, plan.judge(*fixture)),
            Input::Note(note) => Output::Note(note),
            Input::Ended(passed_over) => Output::Ended(passed_over),
        }
    };
    for output in in_order(inputs, chunks, work) {
        match output {
            Output::Delivery(address, judged) => log.take(&address, judged),
            Output::Note(note) => report.warn(&note),
            Output::Ended(passed_over) => log.read += passed_over,
        }
        if log.is_done() {
            stop.set();
            break;
        }
    }
    if let Some(follow) = follow {
        return Ok(log.follow(follow));
    }
    if log.matched == 0 && log.exit == Exit::Success {
        log.exit = Exit::Failure;
        report.warn(&match log.read {
            0 => format!("no deliveries in `{}`", plan.sources.join("`, `")),
            read => plan.selection.none_of(read),
        });
    }
    Ok(log.exit)
}

/// Result of judging an input.
enum Output {
    Delivery(String, std::result::Result<Judged, Fault>),
    Note(String),
    Ended(u64),
}

/// Delivery with its receipt; none if it is not chosen.
type Judged = Option<Box<(Fixture, Receipt)>>;

/// Running list.
struct Log<'a> {
    plan: &'a Plan,
    report: &'a Reporter,
    /// Deliveries read, broken ones included.
    read: u64,
    /// Deliveries that match.
    matched: usize,
    exit: Exit,
}

impl Log<'_> {
    /// True if no more deliveries are printed.
    fn is_done(&self) -> bool {
        self.plan.selection.is_full(self.matched) || self.report.is_closed()
    }

    /// Prints a delivery if it is selected.
    fn take(&mut self, address: &str, judged: std::result::Result<Judged, Fault>) {
        self.read += 1;
        let (fixture, receipt) = match judged {
            Ok(Some(chosen)) => *chosen,
            Ok(None) => return,
            Err(fault) => {
                self.report.warn(&format!("{address}: {fault}"));
                self.exit = self.exit.or(Exit::Input);
                return;
            }
        };
        self.matched += 1;
        if self.plan.selection.admits(self.matched - 1) {
            self.report.tell(&Notice::Logged(Logged {
                address,
                fixture: &fixture,
                receipt: &receipt,
            }));
        }
    }

    /// Prints deliveries as they are recorded, until Ctrl-C.
    fn follow(mut self, mut follow: Follow) -> Exit {
        let interrupt = Interrupt::start(|| {});
        let mut waiting: VecDeque<Waiting> = VecDeque::new();
        while !self.is_done() {
            if interrupt.is_set() {
                return Exit::Interrupted;
            }
            for seen in follow.wait(GLANCE) {
                match seen {
                    Seen::Note(note) => self.report.warn(&note),
                    Seen::Delivery(appended) => waiting.push_back(Waiting {
                        since: Instant::now(),
                        appended: *appended,
                    }),
                    Seen::Answer(answer) => {
                        let mut fixtures = waiting.iter_mut();
                        let to = fixtures.find_map(|it| {
                            let fixture = it.appended.fixture.as_mut().ok()?;
                            (fixture.id.as_ref() == Some(&answer.to)).then_some(fixture)
                        });
                        if let Some(fixture) = to {
                            fixture.answers.push(*answer);
                        }
                    }
                }
            }
            while waiting
                .front()
                .is_some_and(|it| it.is_ready() || waiting.len() > WAITING)
                && let Some(first) = waiting.pop_front()
            {
                let judged = self.plan.judge(first.appended.fixture);
                self.take(&first.appended.address, judged);
                if self.is_done() {
                    break;
                }
            }
        }
        self.exit
    }
}

/// Delivery that waits for its response, which is recorded later.
struct Waiting {
    since: Instant,
    appended: Appended,
}

impl Waiting {
    fn is_ready(&self) -> bool {
        let has_response = |fixture: &Fixture| fixture.last_status().is_some();
        let fixture = self.appended.fixture.as_ref();
        fixture.map_or(true, has_response) || self.since.elapsed() > PATIENCE
    }
}
