//! Process of a tunnel program: in a process group of its own, without our stdin, its output read and kept to itself.
//!
//! The group ends with this program. If this program is killed, a small watcher does it: it waits for the end of a pipe
//! that only this program holds open.

use std::collections::VecDeque;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(unix)]
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Lines of output that are kept, to explain a failure.
const KEPT_LINES: usize = 5;

/// Longest line that is kept; the rest of it is dropped.
const LONGEST_LINE: usize = 2000;

/// Lines that wait to be read; more are dropped.
const WAITING_LINES: usize = 1024;

/// Time between SIGTERM and SIGKILL.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(3);

/// Interval at which the end of the group is looked for.
#[cfg(unix)]
const GLANCE: Duration = Duration::from_millis(25);

/// Waits for the end of its stdin, and ends the process group.
#[cfg(unix)]
const WATCHER: &str = "trap '' INT TERM HUP
read -r _
kill -s TERM -- \"-$1\" 2>/dev/null || exit 0
sleep 3
kill -s KILL -- \"-$1\" 2>/dev/null";

/// Environment variables that hold secrets of this program.
const SECRETS: [&str; 1] = ["WEBHOOK_CLI_SECRET"];

/// Removes our secrets from the environment of a program.
pub(super) fn without_secrets(command: &mut Command) {
    for name in SECRETS {
        command.env_remove(name);
    }
}

/// Running tunnel program.
pub(super) struct TunnelProcess {
    child: Child,
    group: ProcessGroup,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    lines: Receiver<String>,
}

impl TunnelProcess {
    /// Starts a program.
    pub(super) fn start(program: &str, args: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        without_secrets(&mut command);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let group = ProcessGroup::of(&child);
        let last_lines = Arc::default();
        let (sender, lines) = channel(WAITING_LINES);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, Arc::clone(&last_lines), sender.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, Arc::clone(&last_lines), sender));
        }
        Ok(Self {
            child,
            group,
            last_lines,
            lines,
        })
    }

    /// Next line of output that has been read, if there is one.
    pub(super) fn line(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// Waits for the end of the program.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => words(status),
            Err(error) => error.to_string(),
        }
    }

    /// Description of the end, if the program has ended.
    pub(super) fn has_ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten();
        status.map(words)
    }

    /// Last lines that it printed.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let lines = self.last_lines.lock();
        let lines = lines.unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    /// Ends the program and all that it has started: SIGTERM, and after three seconds SIGKILL.
    pub(super) async fn end(mut self) {
        self.group.end(&mut self.child).await;
    }
}

fn words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "ended by a signal".into(),
    }
}

/// Reads the output line by line to its end, so that the program is never blocked by a full pipe.
async fn read(
    mut output: impl AsyncRead + Unpin,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    sender: Sender<String>,
) {
    let mut line = Vec::new();
    let mut piece = [0; 4096];
    let keep = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        line.clear();
        if text.is_empty() {
            return;
        }
        let mut last = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(text.clone());
        // Nobody waits for a line that does not fit.
        let _ = sender.try_send(text);
    };
    while let Ok(read @ 1..) = output.read(&mut piece).await {
        for byte in piece.get(..read).unwrap_or_default() {
            match byte {
                b'\n' | b'\r' => keep(&mut line),
                byte if line.len() < LONGEST_LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    keep(&mut line);
}

/// Process group of a program, and the watcher that ends it if this program is killed.
#[cfg(unix)]
struct ProcessGroup {
    leader: Option<rustix::process::Pid>,
    watcher: Option<Child>,
}

#[cfg(unix)]
impl ProcessGroup {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = id.and_then(rustix::process::Pid::from_raw);
        // Without a shell there is no watcher, and all else works.
        let watcher = leader.and_then(|leader| {
            Command::new("sh")
                .args(["-c", WATCHER, "sh", &leader.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .kill_on_drop(true)
                .spawn()
                .ok()
        });
        Self { leader, watcher }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // It may have ended in the meantime.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    fn is_empty(&self) -> bool {
        let test = |leader| rustix::process::test_kill_process_group(leader).is_err();
        self.leader.is_none_or(test)
    }

    async fn end(&mut self, child: &mut Child) {
        self.signal(rustix::process::Signal::TERM);
        let gone = async {
            // Its own end first: a process that nobody waited for still counts as one of the group.
            let _ = child.wait().await;
            while !self.is_empty() {
                tokio::time::sleep(GLANCE).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, gone).await;
        self.signal(rustix::process::Signal::KILL);
        let _ = child.wait().await;
        self.dismiss_watcher();
        // Its id may be given to another process from now on.
        self.leader = None;
    }

    fn dismiss_watcher(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            let _ = watcher.start_kill();
        }
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.dismiss_watcher();
    }
}

/// Stands for the group where there are none: the program itself is ended.
#[cfg(not(unix))]
struct ProcessGroup;

#[cfg(not(unix))]
impl ProcessGroup {
    fn of(_: &Child) -> Self {
        Self
    }

    async fn end(&mut self, child: &mut Child) {
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
}
