//! `log`: lists recorded deliveries, one line each.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::LogArgs;
use crate::commands::args;
use crate::commands::in_order::{CHUNK, in_order};
use crate::commands::recorded::chooser::Chooser;
use crate::commands::recorded::inputs::{Input, Inputs, Output, Unreadable};
use crate::commands::recorded::selected::{line_filter, none_chosen, read_chosen};
use crate::commands::shutdown::Interrupt;
use crate::error::{Exit, Result};
use crate::io::recording::follow::{AppendedDelivery, Follow, FollowedLine};
use crate::io::recording::last::last;
use crate::io::recording::locate;
use crate::io::recording::pump::Stop;
use crate::report::{Logged, Notice, NoticeLine, OutputStyle, Progress, Reporter};
use crate::webhook::{Fixture, LineFilter};

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
pub(crate) struct LogPlan {
    style: OutputStyle,
    sources: Vec<String>,
    chooser: Chooser,
    filter: LineFilter,
    follow: bool,
}

impl LogPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: LogArgs, style: OutputStyle) -> Result<LogPlan> {
        let mut chooser = Chooser::new(args.recorded)?;
        if args.follow {
            chooser.selection.last.get_or_insert(FIRST);
        }
        Ok(LogPlan {
            style,
            sources: args.sources,
            filter: line_filter(&chooser.selection),
            chooser,
            follow: args.follow,
        })
    }

    /// Reads a delivery, and makes its line, if it is chosen; `answer` adds its recorded responses.
    fn judge(
        &self,
        report: &Reporter,
        address: &dyn fmt::Display,
        mut fixture: Fixture,
        answer: &mut dyn FnMut(&mut Fixture),
    ) -> Option<NoticeLine> {
        let Chooser {
            selection, keys, ..
        } = &self.chooser;
        let options = self.chooser.options(&fixture);
        let receipt = read_chosen(selection, &mut fixture, keys, &options, answer)?;
        Some(report.line(&Notice::Logged(Logged {
            address: &address.to_string(),
            fixture: &fixture,
            receipt: &receipt,
        })))
    }
}

/// Lists the deliveries, and returns the exit status.
pub(crate) fn run(plan: LogPlan) -> Result<Exit> {
    let report = Arc::new(Reporter::new(plan.style, Progress::none()));
    args::say_all(&report, &plan.chooser.notes);
    let result = list(&Arc::new(plan), &report);
    report.finish();
    result
}

fn list(plan: &Arc<LogPlan>, report: &Arc<Reporter>) -> Result<Exit> {
    let stop = Stop::default();
    let chooser = &plan.chooser;
    let mut sources = locate::open(&plan.sources)?
        .edited(chooser.edited)
        .answered(true)
        .until(stop.clone());
    let follow = match plan.follow {
        true => Some(Follow::start(&mut sources, chooser.edited)?),
        false => None,
    };
    // What comes through a pipe is printed as it comes.
    let items = if sources.size().is_some() { CHUNK } else { 1 };
    let sources = last(sources, chooser.selection.last, |it| chooser.chooses(it))?;
    let mut log = Log {
        plan,
        report,
        read: 0,
        matched: 0,
        exit: Exit::Success,
    };
    let (inputs, chunks) = (Inputs::new(sources), Input::chunks(items));
    let work = {
        let (plan, report) = (Arc::clone(plan), Arc::clone(report));
        move |input: Input| {
            input.work(&plan.filter, |address, fixture, answer| {
                plan.judge(&report, address, fixture, answer)
            })
        }
    };
    for output in in_order(inputs, chunks, work) {
        log.take_all(output);
        if log.is_done() {
            stop.set();
            break;
        }
    }
    if let Some(follow) = follow {
        return Ok(log.follow(follow));
    }
    let is_told = log.exit != Exit::Success && !chooser.selection.has_conditions();
    if log.matched == 0 && !is_told {
        log.exit = log.exit.or(Exit::Failure);
        report.warn(&none_chosen(&plan.sources, &chooser.selection, log.read));
    }
    Ok(log.exit)
}

/// Running list.
struct Log<'a> {
    plan: &'a LogPlan,
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
        self.plan.chooser.selection.is_full(self.matched) || self.report.is_closed()
    }

    /// Prints the deliveries found in a part of the sources.
    fn take_all(&mut self, output: Output<NoticeLine>) {
        self.read += output.passed_over;
        for found in output.found {
            if self.is_done() {
                return;
            }
            self.take(found);
        }
        for note in output.notes {
            self.report.warn(&note);
        }
    }

    /// Prints a delivery that is chosen.
    fn take(&mut self, found: std::result::Result<NoticeLine, Unreadable>) {
        self.read += 1;
        let line = match found {
            Ok(line) => line,
            Err(unreadable) => {
                self.report.warn(&unreadable.to_string());
                self.exit = self.exit.or(Exit::Input);
                return;
            }
        };
        self.matched += 1;
        if self.plan.chooser.selection.admits(self.matched - 1) {
            self.report.print(&line);
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
                    FollowedLine::Note(note) => self.report.warn(&note),
                    FollowedLine::Delivery(appended) => waiting.push_back(Waiting {
                        since: Instant::now(),
                        appended: *appended,
                    }),
                    FollowedLine::Answer(answer) => {
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
                let AppendedDelivery { address, fixture } = first.appended;
                let (plan, report) = (self.plan, self.report);
                let judged = fixture.map(|it| plan.judge(report, &address, it, &mut |_| {}));
                match judged.transpose() {
                    Some(found) => self.take(found.map_err(|fault| Unreadable { address, fault })),
                    None => self.read += 1,
                }
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
    appended: AppendedDelivery,
}

impl Waiting {
    fn is_ready(&self) -> bool {
        let has_response = |fixture: &Fixture| fixture.last_status().is_some();
        let fixture = self.appended.fixture.as_ref();
        fixture.map_or(true, has_response) || self.since.elapsed() > PATIENCE
    }
}
