//! `completions`: a short script for each shell, which asks the program itself. So new providers, kinds and checks
//! complete at once, and an installed script need not change.

use std::ffi::OsStr;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::engine::{PathCompleter, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};

use crate::checks;
use crate::cli::Cli;
use crate::commands::config;
use crate::commands::config::project::ProjectTarget;
use crate::commands::print::print;
use crate::error::{Error, Exit, Result};
use crate::providers;
use crate::providers::{ALL, Provider, SCHEMES, kinds_of};
use crate::webhook::Kind;

/// Environment variable by which a script asks for completions; set by no other program.
const ASKED_BY: &str = "_WEBHOOK_CLI_COMPLETE";

const NAME: &str = "webhook-cli";

/// Prints the completion script of a shell.
pub(super) fn run(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    Shells::builtins()
        .completer(&shell.to_string())
        .ok_or_else(|| Error::usage(format!("no completion for `{shell}`")))?
        .write_registration(ASKED_BY, NAME, NAME, NAME, &mut script)
        .map_err(|error| Error::usage(format!("cannot write the script: {error}")))?;
    print(script.trim_ascii_start())?;
    Ok(Exit::Success)
}

/// Prints the completions and exits if a completion script has started the program; otherwise does nothing.
pub(crate) fn answer_a_shell() {
    if std::env::var_os(ASKED_BY).is_some() {
        CompleteEnv::with_factory(command).var(ASKED_BY).complete();
    }
}

/// Returns the command line with completions attached to its arguments.
fn command() -> clap::Command {
    let mut command = Cli::command();
    // The arguments of each command are added only by `build`.
    command.build();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|one| one.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(&name, |one| one.mut_args(|arg| completed(&name, arg)));
    }
    command
}

/// Attaches to an argument the values that it completes to.
fn completed(command: &str, arg: clap::Arg) -> clap::Arg {
    let one_of = |arg: clap::Arg, values: fn() -> Vec<CompletionCandidate>| {
        arg.add(ArgValueCandidates::new(values))
    };
    match (command, arg.get_id().as_str()) {
        ("send", "kinds") => one_of(arg, sendable),
        ("send", "provider") => one_of(arg, || {
            let all = CompletionCandidate::new("all").help(Some("every provider".into()));
            named(ALL).chain([all]).collect()
        }),
        ("events" | "keys" | "verify", "provider") | ("listen", "provider") => {
            one_of(arg, || named(ALL).chain(named(SCHEMES)).collect())
        }
        (_, "provider") => one_of(arg, || named(ALL).collect()),
        ("send", "scheme") => one_of(arg, || named(SCHEMES).collect()),
        ("events", "kind") => one_of(arg, sendable),
        (_, "events" | "expect") => one_of(arg, || {
            Kind::ALL
                .map(Kind::name)
                .map(CompletionCandidate::new)
                .into()
        }),
        ("send", "bounce") => one_of(arg, || {
            let mut names: Vec<&str> = ALL
                .iter()
                .flat_map(|it| it.bounces.iter().map(|bounce| bounce.name))
                .collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().map(CompletionCandidate::new).collect()
        }),
        (_, "verdicts") => one_of(arg, || {
            let names = ["verified", "test-key", "unsigned", "unchecked", "refused"];
            names.map(CompletionCandidate::new).into()
        }),
        (_, "status") if command != "listen" => one_of(arg, || {
            let classes = ["2xx", "3xx", "4xx", "5xx", "none"];
            classes.map(CompletionCandidate::new).into()
        }),
        ("check", "only" | "skip" | "explain") => one_of(arg, checks),
        (_, "to" | "forward_to" | "target") => one_of(arg, targets),
        (_, "sources" | "source") | ("diff", "other") => {
            arg.add(ArgValueCompleter::new(PathCompleter::any().stdio()))
        }
        (_, "data" | "body") => arg.add(ArgValueCompleter::new(at_file)),
        _ => arg,
    }
}

/// Returns providers as candidates, with their titles as help.
fn named(providers: &[&'static Provider]) -> impl Iterator<Item = CompletionCandidate> {
    providers
        .iter()
        .map(|it| CompletionCandidate::new(it.name).help(Some(it.title.into())))
}

/// Returns the kinds and native names of the provider given on the line; all kinds if none is given.
fn sendable() -> Vec<CompletionCandidate> {
    let line: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let at = line.iter().position(|word| word == flag)?;
        line.get(at + 1).cloned()
    };
    let given = after("--provider").or_else(|| {
        let mut words = line.iter();
        words.find_map(|it| it.strip_prefix("--provider=").map(str::to_owned))
    });
    // `events NAME KIND` has the provider as its first argument.
    let given = given.or_else(|| after("events"));
    let stories = ["journey", "campaign"].map(CompletionCandidate::new);
    let Some(provider) = given.as_deref().and_then(providers::find) else {
        let kinds = Kind::ALL.map(Kind::name).map(CompletionCandidate::new);
        return kinds.into_iter().chain(stories).collect();
    };
    let native = provider.events.iter().filter(|row| !row.example.is_empty());
    let native = native.map(|row| {
        CompletionCandidate::new(row.native).help(Some(row.kind.name().to_owned().into()))
    });
    let kinds = kinds_of(provider).into_iter().map(CompletionCandidate::new);
    once_each(kinds.chain(native))
}

/// Candidates without those whose words were there before: some native names are kinds, and several rows may share one.
fn once_each(candidates: impl Iterator<Item = CompletionCandidate>) -> Vec<CompletionCandidate> {
    let mut found: Vec<CompletionCandidate> = Vec::new();
    for candidate in candidates {
        if found
            .iter()
            .all(|it| it.get_value() != candidate.get_value())
        {
            found.push(candidate);
        }
    }
    found
}

/// Returns checks and their groups as candidates.
fn checks() -> Vec<CompletionCandidate> {
    let mut found: Vec<CompletionCandidate> = Vec::new();
    let mut last = "";
    for check in checks::everything() {
        let group = check.group.name();
        if group != last {
            found.push(CompletionCandidate::new(group).help(Some("a group of checks".into())));
            last = group;
        }
        found.push(CompletionCandidate::new(check.name).help(Some(check.title.into())));
    }
    once_each(found.into_iter())
}

/// Returns the targets of the project; none if its configuration cannot be read.
fn targets() -> Vec<CompletionCandidate> {
    let project = config::source::load(None, None).ok().flatten();
    let targets = project.map_or_else(Vec::new, |project| project.targets);
    let candidate = |target: ProjectTarget| {
        let to = target.to.texts().concat();
        CompletionCandidate::new(format!("@{}", target.name)).help(Some(to.into()))
    };
    targets.into_iter().map(candidate).collect()
}

/// Completes `@` and a file path.
fn at_file(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(path) = current.to_str().and_then(|it| it.strip_prefix('@')) else {
        return Vec::new();
    };
    let found = PathCompleter::any().complete(OsStr::new(path));
    found.into_iter().map(|it| it.add_prefix("@")).collect()
}
