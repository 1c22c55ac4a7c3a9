//! Settings of the file that are in force for a command line, in the order of precedence: what is typed, what a named
//! target brings, the environment, the file.

use clap::{Arg, ArgMatches, Command};

use crate::commands::args;
use crate::commands::config::project::{Project, ProjectTarget};
use crate::commands::config::setting::Setting;
use crate::commands::config::targets;
use crate::commands::config::targets::is_typed;
use crate::error::Result;

/// Commands to which the provider of the project applies. For `log` and others, `--provider` is a filter.
pub(crate) const WITH_PROVIDER: [&str; 4] = ["listen", "send", "check", "verify"];

/// Flags of the file that a typed flag replaces, besides itself and those that it conflicts with.
const REPLACED_BY: [(&str, &str); 4] = [
    ("port", "addr"),
    ("cert", "tls"),
    ("key", "tls"),
    ("public-url", "tunnel"),
];

/// Returns the settings of the file that are in force for a command with these typed arguments. Headers stand in the
/// order in which later ones replace earlier ones.
pub(crate) fn in_force<'p>(
    project: &'p Project,
    command: &str,
    definitions: Option<&Command>,
    matches: &ArgMatches,
) -> Result<Vec<&'p Setting>> {
    let table = project.table(command);
    let named = targets::named(project, command, matches)?;
    let typed = TypedFlags {
        flags: definitions,
        matches,
    };
    let mut settings: Vec<&Setting> = Vec::new();
    let has_own_provider = table.iter().any(|setting| setting.name == "provider");
    if WITH_PROVIDER.contains(&command) && !has_own_provider {
        settings.extend(project.provider.iter());
    }
    settings.extend(table.iter().filter(|it| it.name != "secret"));
    settings.retain(|setting| !typed.replaces(&setting.name));
    if !typed.has("secret") {
        settings.extend(secrets(table, &named));
    }
    // A listener sets the headers of a target only on what goes to that target.
    if command != "listen" {
        settings.extend(named.iter().filter_map(|target| target.headers.as_ref()));
    }
    Ok(settings)
}

/// Secrets: those of the targets, else that of the environment, else those of the table.
fn secrets<'p>(table: &'p [Setting], named: &[&'p ProjectTarget]) -> Vec<&'p Setting> {
    let own: Vec<&Setting> = named.iter().filter_map(|it| it.secrets.as_ref()).collect();
    match () {
        () if !own.is_empty() => own,
        () if args::default_secret().is_some() => Vec::new(),
        () => table.iter().filter(|it| it.name == "secret").collect(),
    }
}

/// Flags that were typed.
struct TypedFlags<'m> {
    /// Definitions of the flags of the command.
    flags: Option<&'m Command>,
    matches: &'m ArgMatches,
}

impl TypedFlags<'_> {
    /// True if a flag was typed.
    fn has(&self, name: &str) -> bool {
        // The ids of the flags that are asked for without a definition.
        let id = match name {
            "secret" => "secrets",
            name => name,
        };
        is_typed(self.matches, id)
    }

    /// True if a flag of the file does not apply, because it or one that excludes it was typed.
    fn replaces(&self, name: &str) -> bool {
        let Some(flags) = self.flags else {
            return self.has(name);
        };
        let find = |name: &str| flags.get_arguments().find(|it| it.get_long() == Some(name));
        let Some(flag) = find(name) else {
            return false;
        };
        let is_typed = |flag: &Arg| is_typed(self.matches, flag.get_id().as_str());
        let excludes = |one: &Arg, other: &Arg| {
            let conflicts = flags.get_arg_conflicts_with(one);
            conflicts.iter().any(|it| it.get_id() == other.get_id())
        };
        let mut typed = flags.get_arguments().filter(|it| is_typed(it));
        typed.any(|typed| {
            typed.get_id() == flag.get_id()
                || excludes(flag, typed)
                || excludes(typed, flag)
                || REPLACED_BY.contains(&(name, typed.get_long().unwrap_or_default()))
        })
    }
}
