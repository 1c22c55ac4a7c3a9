//! `show`: prints recorded deliveries in full, with their responses.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::{RequestFormat, ShowArgs};
use crate::commands::args;
use crate::commands::attachments;
use crate::commands::recorded::selected::as_recorded;
use crate::error::{Exit, Result};
use crate::io::recording::locate;
use crate::providers;
use crate::providers::Keys;
use crate::report::{
    HAR_BETWEEN, HAR_END, Logged, Notice, OutputStyle, Progress, Reporter, ShownParts, curl, har,
    har_start, http, vegeta,
};
use crate::webhook::{Fixture, Receipt, Target};

/// Settings of `show`, made from its flags.
#[derive(Debug)]
pub(crate) struct ShowPlan {
    style: OutputStyle,
    sources: Vec<String>,
    output: PrintedOutput,
    attachments: Option<PathBuf>,
    edited: bool,
    keys: Keys,
    public_url: Option<String>,
    notes: Vec<String>,
}

/// Printed form of a delivery.
#[derive(Debug)]
enum PrintedOutput {
    /// Text, or a JSON line.
    Notice,
    /// Bytes of the body.
    Body,
    /// Request to a target.
    Request(RequestFormat, Box<Target>),
}

impl ShowPlan {
    /// Makes the settings from the flags; reads secrets.
    pub(crate) fn new(args: ShowArgs, style: OutputStyle) -> Result<ShowPlan> {
        let secrets = args::secrets(&args.secrets, None)?;
        Ok(ShowPlan {
            style: OutputStyle {
                // As `listen -v` prints it.
                parts: ShownParts {
                    events: true,
                    headers: true,
                    body: true,
                    reply: true,
                },
                ..style
            },
            sources: args.sources,
            output: match (args.form, args.body) {
                (Some(form), _) => PrintedOutput::Request(form, Box::new(Target::parse(&args.to)?)),
                (None, true) => PrintedOutput::Body,
                (None, false) => PrintedOutput::Notice,
            },
            attachments: args.attachments,
            edited: args.edited,
            keys: secrets.keys,
            public_url: args.secrets.public_url,
            notes: secrets.notes,
        })
    }
}

/// Prints the deliveries, and returns the exit status.
pub(crate) fn run(plan: &ShowPlan) -> Result<Exit> {
    let report = Reporter::new(plan.style, Progress::none());
    args::say_all(&report, &plan.notes);
    let result = show(plan, &report);
    report.finish();
    result
}

fn show(plan: &ShowPlan, report: &Reporter) -> Result<Exit> {
    let sources = locate::open(&plan.sources)?;
    let mut sources = sources
        .edited(plan.edited)
        .answered(matches!(plan.output, PrintedOutput::Notice));
    let mut exit = Exit::Success;
    let mut count = 0u64;
    let is_har = matches!(plan.output, PrintedOutput::Request(RequestFormat::Har, _));
    if is_har {
        report.data(har_start().as_bytes());
    }
    while !report.is_closed()
        && let Some(item) = sources.next()
    {
        let address = item.source.to_string();
        match item.fixture {
            Ok(fixture) => {
                if is_har && count > 0 {
                    report.data(HAR_BETWEEN.as_bytes());
                }
                count += 1;
                exit = exit.or(print(plan, report, &address, &fixture));
            }
            Err(fault) => {
                report.warn(&format!("{address}: {fault}"));
                exit = exit.or(Exit::Input);
            }
        }
        for note in sources.take_notes() {
            report.warn(&note);
        }
    }
    if is_har {
        report.data(HAR_END.as_bytes());
    }
    for note in sources.take_notes() {
        report.warn(&note);
    }
    if count == 0 && exit == Exit::Success && !report.is_closed() {
        exit = Exit::Failure;
        report.warn(&format!("no deliveries in `{}`", plan.sources.join("`, `")));
    }
    Ok(exit)
}

fn print(plan: &ShowPlan, report: &Reporter, address: &str, fixture: &Fixture) -> Exit {
    let mut delivery = fixture.delivery.clone();
    let (form, target) = match &plan.output {
        PrintedOutput::Body => {
            report.data(&delivery.body);
            return Exit::Success;
        }
        PrintedOutput::Request(RequestFormat::Json, _) => {
            report.data(fixture.to_line().as_bytes());
            return Exit::Success;
        }
        PrintedOutput::Request(form, target) => (form, target),
        PrintedOutput::Notice => {
            let options = as_recorded(fixture, plan.public_url.as_ref());
            let receipt = providers::read_beneath(&delivery, None, &plan.keys, &options);
            report.tell(&Notice::Shown(Logged {
                address,
                fixture,
                receipt: &receipt,
            }));
            let folder = plan.attachments.as_deref();
            return folder.map_or(Exit::Success, |folder| save(report, &receipt, folder));
        }
    };
    delivery.aim(target.path_for(&delivery.path));
    report.data(&match form {
        RequestFormat::Http => http(&delivery, target),
        RequestFormat::Curl => curl(&delivery, target),
        RequestFormat::Har => har(&delivery, target, fixture.at.unwrap_or_else(Timestamp::now)),
        RequestFormat::Vegeta => vegeta(&delivery, target),
        RequestFormat::Json => Vec::new(),
    });
    Exit::Success
}

/// Saves the files of the mails in a delivery.
fn save(report: &Reporter, receipt: &Receipt, folder: &Path) -> Exit {
    match attachments::save(&receipt.mails, folder) {
        Ok(lines) => {
            for line in lines {
                report.say(&line);
            }
            Exit::Success
        }
        Err(why) => {
            report.warn(&why);
            Exit::Failure
        }
    }
}
