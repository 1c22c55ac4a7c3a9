//! `replay`: sends saved or recorded deliveries again.

pub(crate) mod delivery_changer;
pub(crate) mod edit;
pub(crate) mod job_maker;
pub(crate) mod plan;
pub(crate) mod queue;

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::Receiver;

use crate::cli::RequestFormat;
use crate::commands::args;
use crate::commands::dispatch::{Dispatcher, Jobs};
use crate::commands::dry_run::DryRun;
use crate::commands::id;
use crate::commands::in_order::{CHUNK, Chunks, in_order};
use crate::commands::replay::edit::edit;
use crate::commands::replay::job_maker::JobMaker;
use crate::commands::replay::plan::ReplayPlan;
use crate::commands::replay::queue::{Counts, QueuedFixture, ReplayQueue};
use crate::commands::shutdown::{FINISHING, InFlight, Interrupt};
use crate::error::{Error, Exit, Result};
use crate::io::client::Client;
use crate::io::recorder::{Recorder, Sync};
use crate::io::recording::pump::Stop;
use crate::io::recording::reader;
use crate::io::recording::reader::SourcePosition;
use crate::io::recording::resume;
use crate::io::recording::resume::ResumeJournal;
use crate::io::runtime;
use crate::io::watch::Watch;
use crate::report::{Length, Notice, Progress, ReportFile, Reporter, Suite, Tally};
use crate::webhook::sending::rng::delivery_seed;
use crate::webhook::{Beat, Rng};

/// Sends the fixtures, and returns the exit status.
pub(crate) fn run(plan: ReplayPlan) -> Result<Exit> {
    let bar = plan.dry_run.is_none() && !plan.watch && std::io::stderr().is_terminal();
    let to = plan.report_to.as_deref();
    let results = plan
        .results
        .map(|format| {
            let suite = Suite {
                name: format!("webhook-cli replay to {}", plan.request.target),
                strict: false,
            };
            ReportFile::open(format, suite, to)
        })
        .transpose()?;
    let report = Reporter::new(plan.style, Progress::new(length(&plan), bar));
    let report = Arc::new(report.with_results(results, to.is_none()));
    args::say_all(&report, &plan.notes);
    let plan = Arc::new(plan);
    let result = carry_out(&plan, &report);
    report.finish();
    result
}

/// Returns the length of the run for the progress bar, as far as it is known beforehand.
fn length(plan: &ReplayPlan) -> Length {
    if let (Some(limit), false) = (plan.choice.limit, plan.choice.has_conditions()) {
        return Length::Deliveries(limit as u64 * u64::from(plan.repeat));
    }
    let sizes = plan.sources.iter().map(|path| {
        let about = std::fs::metadata(path).ok()?;
        (about.is_file() && !path.ends_with(".gz")).then_some(about.len())
    });
    match sizes.sum::<Option<u64>>() {
        Some(bytes) if plan.repeat == 1 && bytes > 0 => Length::Bytes(bytes),
        _ => Length::Unknown,
    }
}

fn carry_out(plan: &Arc<ReplayPlan>, report: &Arc<Reporter>) -> Result<Exit> {
    let stop = Stop::default();
    // Before they are opened: what is appended from here on is sent when it is saved.
    let watched = if plan.watch {
        plan.sources.as_slice()
    } else {
        &[]
    };
    let sent = ends(watched);
    let mut stack = ReplayQueue::open(plan, report, &plan.sources, stop.clone())?;
    if plan.dry_run.is_none() {
        allow_target(plan)?;
    }
    if plan.edit && !edit(plan, report, &mut stack)? {
        return Ok(Exit::Success);
    }
    if let Some(form) = plan.dry_run {
        return dry_run(plan, report, stack, form);
    }
    let journal = match &plan.resume {
        Some(path) => Some(go_on(plan, report, &mut stack, path)?),
        None => None,
    };
    let failed_to = plan.failed_to.as_deref().map(Recorder::open).transpose()?;
    // Write errors are reported at the end of the run; nothing depends on them before.
    let open = |path| Recorder::open_with(path, Sync::Interval, |_| {});
    let answers_to = plan.answers_to.as_deref().map(open).transpose()?;
    for recorder in failed_to.iter().chain(&answers_to) {
        args::say_all(report, recorder.notes());
    }
    let runtime = runtime::on_this_thread()?;
    let client = Client::new(plan.request.settings);
    if plan.request.settings.insecure {
        report.warn("certificates are not checked");
    }
    runtime.block_on(async {
        let in_flight = InFlight::default();
        let run = Replay {
            plan: Arc::clone(plan),
            report: Arc::clone(report),
            client,
            interrupt: interrupt(report, &in_flight, stop),
            in_flight,
            journal,
            failed_to: failed_to.map(Rc::new),
            answers_to: answers_to.map(Rc::new),
            unfit: Exit::Success,
            sent,
        };
        run.run(stack).await
    })
}

/// Returns the present ends of those sources that are recordings.
fn ends(sources: &[String]) -> HashMap<PathBuf, (SourcePosition, u64)> {
    let sources = sources.iter().map(PathBuf::from);
    let ends = sources.filter_map(|path| {
        let end = reader::end_of(&path)?;
        Some((path, end))
    });
    ends.collect()
}

/// Starts listening for Ctrl-C, which also stops the reading of the sources.
fn interrupt(report: &Arc<Reporter>, in_flight: &InFlight, stop: Stop) -> Interrupt {
    let report = Arc::clone(report);
    let in_flight = in_flight.clone();
    Interrupt::start(move || {
        stop.set();
        if in_flight.count() > 0 {
            report.say(FINISHING);
        }
    })
}

/// Makes the jobs of the queue: with `--resign` on all cores, ahead of their sending. Not with `soon` false, where a
/// signature would wait long to be sent; nor with a seed, which makes one sequence of ids.
fn jobs(plan: &Arc<ReplayPlan>, report: &Arc<Reporter>, stack: ReplayQueue, soon: bool) -> Jobs {
    let maker = Arc::new(JobMaker::new(plan, report, stack.counts()));
    let seed = plan.disorder.seed;
    let mut rng = Rng::seeded(seed).repeatable(plan.seed.is_some());
    if !plan.signs() || !soon || plan.seed.is_some() {
        return Box::new(stack.filter_map(move |queued| maker.make(queued, &mut rng)));
    }
    let chunks = Chunks {
        items: CHUNK,
        weigh: |(_, queued): &(u64, QueuedFixture)| queued.bytes(),
    };
    let work = {
        let maker = Arc::clone(&maker);
        move |(number, queued): (u64, QueuedFixture)| {
            let mut rng = Rng::seeded(delivery_seed(seed, number)).repeatable(false);
            (maker.make(queued, &mut rng), Instant::now())
        }
    };
    let signed = in_order((0..).zip(stack), chunks, work);
    Box::new(signed.filter_map(move |(job, made)| {
        let mut job = job?;
        maker.renew(&mut job, made, &mut rng);
        Some(job)
    }))
}

/// Prints the requests instead of sending them; with `--quiet`, only reads them.
fn dry_run(
    plan: &Arc<ReplayPlan>,
    report: &Arc<Reporter>,
    stack: ReplayQueue,
    form: RequestFormat,
) -> Result<Exit> {
    let counts = stack.counts();
    let dry_run = DryRun {
        form,
        at: None,
        quiet: plan.style.quiet,
    };
    dry_run.print(
        jobs(plan, report, stack, true).map(Ok),
        &plan.request.target,
        report,
    )?;
    counts.result(plan.skip_broken)?;
    // The exit status is that of a real run.
    let exit = match counts.broken() {
        0 => Exit::Success,
        _ => Exit::Input,
    };
    Ok(exit
        .or(unfit(&counts))
        .or(say_nothing(plan, report, &counts)))
}

/// Exit status for deliveries that could not be changed or signed anew, and were not sent.
fn unfit(counts: &Counts) -> Exit {
    match counts.has_unfit() {
        true => Exit::Usage,
        false => Exit::Success,
    }
}

/// Warns that there was nothing to send, which is a failure; other exit statuses take precedence.
fn say_nothing(plan: &ReplayPlan, report: &Reporter, counts: &Counts) -> Exit {
    args::say_all(report, counts.left_out().as_slice());
    match counts.nothing(&plan.sources) {
        Some(why) => {
            report.warn(&why);
            Exit::Failure
        }
        None => Exit::Success,
    }
}

/// Opens the resume journal, and skips what it lists as done.
fn go_on(
    plan: &ReplayPlan,
    report: &Reporter,
    stack: &mut ReplayQueue,
    path: &Path,
) -> Result<ResumeJournal> {
    let (journal, completed, identity) =
        resume::open(path, |before| plan.identity(stack.sources(), before))?;
    let done = completed.accepted + completed.refused;
    if done > 0 {
        let refused = match completed.refused {
            0 => String::new(),
            1 => ", one of them rejected".into(),
            many => format!(", {many} of them rejected"),
        };
        report.say(&format!("resuming after {done} already done{refused}"));
    }
    if completed.damaged > 0 {
        report.warn(&format!(
            "`{}` has {} damaged lines, whose deliveries are sent again",
            path.display(),
            completed.damaged
        ));
    }
    stack.go_on(completed, identity.seed)?;
    Ok(journal)
}

/// Running replay; with `--watch`, it delivers one queue after another.
struct Replay {
    plan: Arc<ReplayPlan>,
    report: Arc<Reporter>,
    client: Client,
    interrupt: Interrupt,
    in_flight: InFlight,
    journal: Option<ResumeJournal>,
    failed_to: Option<Rc<Recorder>>,
    answers_to: Option<Rc<Recorder>>,
    /// Exit status for what could not be changed or signed anew.
    unfit: Exit,
    /// Position up to which each watched recording was sent.
    sent: HashMap<PathBuf, (SourcePosition, u64)>,
}

impl Replay {
    /// Sends the queue, and with `--watch` what is saved afterwards. Returns the exit status.
    async fn run(mut self, stack: ReplayQueue) -> Result<Exit> {
        let report = Arc::clone(&self.report);
        let plan = Arc::clone(&self.plan);
        // Watching begins before the first run, so that nothing saved meanwhile is missed.
        let sources = plan.sources.iter().map(PathBuf::from);
        let watch = match plan.watch {
            true => Some(Watch::start(&sources.collect::<Vec<_>>())?),
            false => None,
        };
        report.progress().start();
        let counts = stack.counts();
        let mut tally = self.deliver(stack, Tally::new("sent")).await;
        let nothing = match self.interrupt.is_set() || plan.watch {
            true => Exit::Success,
            false => say_nothing(&plan, &report, &counts),
        };
        if let Some((_watch, saved)) = watch {
            tally = self.watch(saved, tally).await;
        }
        report.progress().finish();
        // Where nothing could be sent, the errors have said so.
        if tally.deliveries > 0 || self.unfit == Exit::Success || report.is_json() {
            report.tell(&Notice::Summary(&tally));
        }
        report.advise(&tally);
        let exit = tally.exit(self.interrupt.is_set());
        Ok(exit.or(self.unfit).or(nothing))
    }

    /// Sends each fixture that is saved, until Ctrl-C.
    async fn watch(&mut self, mut saved: Receiver<PathBuf>, mut tally: Tally) -> Tally {
        let plan = Arc::clone(&self.plan);
        for source in plan.sources.iter().filter(|it| !Path::new(it).exists()) {
            self.report.warn(&format!("`{source}` does not exist yet"));
        }
        self.report
            .say("watching; each fixture is sent when it is saved");
        loop {
            let path = tokio::select! {
                path = saved.recv() => path,
                () = self.interrupt.wait() => None,
            };
            let Some(path) = path else { return tally };
            tally = again(self, &path, tally).await;
        }
    }

    async fn deliver(&mut self, stack: ReplayQueue, tally: Tally) -> Tally {
        let dispatcher = Dispatcher {
            client: self.client.clone(),
            target: self.plan.request.target.clone(),
            retry: self.plan.retry.clone(),
            concurrency: self.plan.concurrency,
            beat: self.plan.beat,
            expected: self.plan.expected.clone(),
            signer: self.plan.signs().then(|| Arc::clone(&self.plan.signer)),
            journal: self.journal.take(),
            failed_to: self.failed_to.clone(),
            answers_to: self.answers_to.clone(),
            saver: None,
            report: Arc::clone(&self.report),
            interrupt: self.interrupt.clone(),
            in_flight: self.in_flight.clone(),
        };
        let (counts, before) = (stack.counts(), tally.broken);
        let soon = self.plan.beat == Beat::Free;
        let jobs = jobs(&self.plan, &self.report, stack, soon);
        let mut tally = dispatcher.run(jobs, tally, id::fresh_seed()).await;
        tally.broken = before + counts.broken();
        self.unfit = self.unfit.or(unfit(&counts));
        tally
    }
}

/// Sends a fixture that was saved (`--watch`), or the lines appended to a recording. An unreadable one is reported, and
/// watching goes on.
async fn again(run: &mut Replay, path: &Path, tally: Tally) -> Tally {
    match ReplayQueue::open(
        &run.plan,
        &run.report,
        &[path.to_string_lossy().into_owned()],
        Stop::default(),
    ) {
        Ok(mut stack) => {
            let before = run.sent.get(path).copied();
            if let Some(before) = before.filter(|before| reader::begins_as(path, *before))
                && let Err(why) = stack.begin_at(before.0)
            {
                run.report.warn(&why);
            }
            if let Some(end) = reader::end_of(path) {
                run.sent.insert(path.to_owned(), end);
            }
            run.deliver(stack, tally).await
        }
        Err(error) => {
            run.report.warn(error.what());
            tally
        }
    }
}

/// Asks before recordings, which hold personal data, are sent to a public host; `--yes` allows it.
fn allow_target(plan: &ReplayPlan) -> Result<()> {
    let target = &plan.request.target;
    if target.is_private() || plan.yes {
        return Ok(());
    }
    let refused = || {
        Error::usage(format!(
            "`{}` is a public host, and recordings may hold personal data",
            target.host
        ))
        .hint("`--yes` sends them there all the same")
    };
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(refused());
    }
    let _ = write!(
        std::io::stderr(),
        "send these recordings to {}? [y/N] ",
        target.origin()
    );
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(refused())
    }
}
