//! The user's editor: opens a text in a private temporary file and returns what was saved.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::Command;

use crate::error::{Error, Exit, Result};
use crate::io::private_files;
use crate::io::runtime;
use crate::webhook::shell;

/// Variables that name the editor, the first that is set.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// Editor of last resort, on a terminal and if it is installed.
const FALLBACK: &str = "vi";

/// Longest name of a file, so that it is told from others and fits any file system.
const LONGEST_NAME: usize = 60;

/// Command of an editor: program and arguments.
#[derive(Debug)]
pub struct Editor {
    program: String,
    args: Vec<String>,
    /// Variable that names it, if one does.
    variable: Option<&'static str>,
    /// The command as it was given, and where.
    name: String,
}

impl Editor {
    /// Finds the editor: `$VISUAL`, else `$EDITOR`, else `vi` on a terminal.
    pub fn find() -> Result<Editor> {
        let set = VARIABLES.iter().find_map(|variable| {
            let command = std::env::var(variable).ok()?;
            (!command.trim().is_empty()).then_some((*variable, command))
        });
        if let Some((variable, command)) = set {
            let words = shell::words(&command).unwrap_or_default();
            let (program, args) = words.split_first().ok_or_else(|| {
                Error::usage(format!(
                    "`{variable}={command}` is no command: a quote is not closed"
                ))
                .hint(format!("`export {variable}='code --wait'` is one"))
            })?;
            let name = format!("`{command}` ({variable})");
            return Ok(Editor {
                program: program.clone(),
                args: args.to_vec(),
                variable: Some(variable),
                name,
            });
        }
        if io::stdin().is_terminal() && io::stderr().is_terminal() && is_installed(FALLBACK) {
            return Ok(Editor {
                program: FALLBACK.into(),
                args: Vec::new(),
                variable: None,
                name: format!("`{FALLBACK}`"),
            });
        }
        Err(
            Error::usage("there is no editor: neither VISUAL nor EDITOR is set")
                .hint("`export EDITOR=nano` names one"),
        )
    }

    /// Opens a text under this name, and returns it as it was saved. An editor that fails is an error. The file is
    /// removed whatever happens.
    pub fn edit(&self, name: &str, text: &str) -> Result<Vec<u8>> {
        let file = TemporaryFile::create(name, text).map_err(|error| {
            let folder = std::env::temp_dir();
            Error::usage(format!(
                "cannot write a temporary file in `{}`: {error}",
                folder.display()
            ))
        })?;
        let runtime = runtime::on_this_thread()?;
        runtime.block_on(self.run(&file.path))?;
        match fs::read(&file.path) {
            Ok(saved) => Ok(saved),
            // A file that was deleted is as good as an empty one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::usage(format!(
                "what was edited cannot be read: {error}"
            ))),
        }
    }

    async fn run(&self, file: &Path) -> Result<()> {
        let mut signals = EditorSignals::new();
        let child = Command::new(&self.program)
            .args(&self.args)
            .arg(file)
            .stdin(input())
            .stdout(output())
            .spawn();
        let mut child = child.map_err(|error| {
            let from = self.variable.map(|name| format!(" ({name})"));
            let why = match error.kind() {
                io::ErrorKind::NotFound => "there is no such program".to_owned(),
                _ => error.to_string(),
            };
            let (program, from) = (&self.program, from.unwrap_or_default());
            Error::usage(format!("cannot run the editor `{program}`{from}: {why}"))
                .hint("`export EDITOR=nano` names another")
        })?;
        let mut is_interrupted = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                arrived = signals.next() => match arrived {
                    // Ctrl-C is for the editor, which has the terminal.
                    Arrived::Interrupt => is_interrupted = true,
                    Arrived::End => {
                        end(&mut child);
                        let _ = child.wait().await;
                        return Err(interrupted());
                    }
                },
            }
        };
        let status = status.map_err(|error| {
            Error::usage(format!("cannot wait for the editor {}: {error}", self.name))
        })?;
        match status.success() {
            true => Ok(()),
            false if is_interrupted => Err(interrupted()),
            false => Err(Error::usage(format!(
                "the editor {} failed ({}), so nothing was sent",
                self.name,
                said(status)
            ))
            .hint("save the delivery and leave the editor without an error")),
        }
    }
}

fn interrupted() -> Error {
    Error::new(
        Exit::Interrupted,
        "interrupted while a delivery was edited; nothing was sent",
    )
}

fn said(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "ended by a signal".into(),
    }
}

fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// Input of the editor: the terminal, if stdin is another file, such as the recording.
fn input() -> Stdio {
    if io::stdin().is_terminal() {
        return Stdio::inherit();
    }
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    terminal.map_or_else(|_| Stdio::null(), Stdio::from)
}

/// Output of the editor: never our stdout if that is a file or a pipe, which is for data.
fn output() -> Stdio {
    if io::stdout().is_terminal() {
        return Stdio::inherit();
    }
    let terminal = OpenOptions::new().write(true).open("/dev/tty");
    terminal.map_or_else(|_| Stdio::from(io::stderr()), Stdio::from)
}

/// Asks the editor to end, so that it can leave the terminal as it was.
#[cfg(unix)]
fn end(child: &mut tokio::process::Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(pid) = pid {
        // It may have ended by now.
        let _ = kill_process(pid, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn end(child: &mut tokio::process::Child) {
    let _ = child.start_kill();
}

/// Signal that arrived while the editor runs.
enum Arrived {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP where the terminal is closed.
    #[cfg_attr(not(unix), allow(dead_code, reason = "Unix has these signals"))]
    End,
}

#[cfg(unix)]
struct EditorSignals([Option<tokio::signal::unix::Signal>; 3]);

#[cfg(unix)]
impl EditorSignals {
    fn new() -> EditorSignals {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        // A signal that cannot be listened for keeps its default handling.
        EditorSignals(kinds.map(|kind| signal(kind).ok()))
    }

    async fn next(&mut self) -> Arrived {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            Some(()) = async { interrupt.as_mut()?.recv().await } => Arrived::Interrupt,
            Some(()) = async { terminate.as_mut()?.recv().await } => Arrived::End,
            Some(()) = async { hangup.as_mut()?.recv().await } => Arrived::End,
            else => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct EditorSignals;

#[cfg(not(unix))]
impl EditorSignals {
    fn new() -> EditorSignals {
        EditorSignals
    }

    async fn next(&mut self) -> Arrived {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Arrived::Interrupt
    }
}

/// A private file in a private folder, so that what an editor writes beside it is private too; both are removed when it
/// is dropped.
#[derive(Debug)]
struct TemporaryFile {
    folder: PathBuf,
    path: PathBuf,
}

impl TemporaryFile {
    fn create(name: &str, text: &str) -> io::Result<TemporaryFile> {
        let number = getrandom::u64().map_err(io::Error::other)?;
        let folder = std::env::temp_dir().join(format!("webhook-cli-{number:016x}"));
        private_files::create_folder(&folder)?;
        let file = TemporaryFile {
            path: folder.join(file_name(name)),
            folder,
        };
        private_files::create(&file.path)?.write_all(text.as_bytes())?;
        Ok(file)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // What is not removed now is left to the system.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Name of a JSON file for an address: its last characters, as far as they are plain.
fn file_name(address: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let last = address.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = last.strip_suffix(".json").unwrap_or(last);
    let count = name.chars().count();
    let plain = name.chars().skip(count.saturating_sub(LONGEST_NAME));
    let plain: String = plain.map(|c| if is_plain(c) { c } else { '-' }).collect();
    match plain.trim_start_matches(['.', '-']) {
        "" => "delivery.json".into(),
        name => format!("{name}.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::{TemporaryFile, file_name};

    #[test]
    fn a_file_is_named_after_the_address() {
        for (address, name) in [
            ("hooks.ndjson:12", "hooks.ndjson-12.json"),
            ("rec/a b/01JD.json", "01JD.json"),
            ("../.x:1", "x-1.json"),
            ("-", "delivery.json"),
        ] {
            assert_eq!(file_name(address), name);
        }
        assert_eq!(file_name(&"é".repeat(500)), "delivery.json");
        assert_eq!(file_name(&"a".repeat(500)).len(), 65);
    }

    #[test]
    fn nothing_of_the_file_is_left() {
        let file = TemporaryFile::create("a:1", "{}").unwrap();
        let folder = file.folder.clone();
        std::fs::write(folder.join("a~"), "").unwrap();
        assert!(file.path.is_file());
        drop(file);
        assert!(!folder.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let file = TemporaryFile::create("a:1", "{}").unwrap();
        for (path, mode) in [(&file.folder, 0o700), (&file.path, 0o600)] {
            let permissions = std::fs::metadata(path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode);
        }
    }
}
