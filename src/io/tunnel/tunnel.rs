//! Tunnel to a local listener: the program that runs it, and its public URL.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::io::tunnel::local::{Local, Told};
use crate::io::tunnel::process::TunnelProcess;
use crate::io::tunnel::tailscale::TailscaleMachine;
use crate::io::tunnel::{cloudflared, ngrok, ssh, tailscale};

/// Time in which a program must give a URL.
const PATIENCE: Duration = Duration::from_secs(20);

/// Interval at which a program is asked for its URL.
const INTERVAL: Duration = Duration::from_millis(100);

/// Time after which a funnel is taken as open if tailscale says nothing at all.
const SILENT: Duration = Duration::from_secs(1);

/// Program that runs a tunnel (`--tunnel`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TunnelKind {
    /// A quick tunnel of Cloudflare.
    Cloudflared,
    /// A tunnel of ngrok.
    Ngrok,
    /// A funnel of Tailscale.
    Tailscale,
    /// A port of a server of the user: `[USER@]HOST`.
    Ssh(String),
}

/// Open tunnel.
pub struct Tunnel {
    /// Public URL, without a path.
    pub url: String,
    process: TunnelProcess,
}

impl TunnelKind {
    /// Name of the program.
    pub fn program(&self) -> &'static str {
        match self {
            Self::Cloudflared => cloudflared::PROGRAM,
            Self::Ngrok => ngrok::PROGRAM,
            Self::Tailscale => tailscale::PROGRAM,
            Self::Ssh(_) => ssh::PROGRAM,
        }
    }

    /// Checks that the program is installed.
    pub fn check_installed(&self) -> Result<()> {
        match is_installed(self.program()) {
            true => Ok(()),
            false => Err(self.missing()),
        }
    }

    fn missing(&self) -> Error {
        let install = match (self, cfg!(windows)) {
            (Self::Cloudflared, false) => "brew install cloudflared",
            (Self::Cloudflared, true) => "winget install --id Cloudflare.cloudflared",
            (Self::Ngrok, false) => "brew install ngrok",
            (Self::Ngrok, true) => "winget install --id Ngrok.Ngrok",
            (Self::Tailscale, false) => "curl -fsSL https://tailscale.com/install.sh | sh",
            (Self::Tailscale, true) => "winget install --id Tailscale.Tailscale",
            (Self::Ssh(_), false) => "sudo apt-get install openssh-client",
            (Self::Ssh(_), true) => "winget install --id Microsoft.OpenSSH.Preview",
        };
        Error::usage(format!("`{}` is not installed", self.program()))
            .hint(format!("`{install}` installs it"))
    }
}

impl fmt::Display for TunnelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

impl Tunnel {
    /// Starts the program, and waits for its URL.
    pub async fn open(kind: &TunnelKind, local: &Local) -> Result<Tunnel> {
        let limit = Instant::now() + PATIENCE;
        let (args, source) = match kind {
            TunnelKind::Cloudflared => {
                let api = cloudflared::free_port().map_err(|error| {
                    Error::usage(format!("no free port for the API of cloudflared: {error}"))
                })?;
                (cloudflared::args(local, api), UrlSource::Cloudflared(api))
            }
            TunnelKind::Ngrok => (ngrok::args(local), UrlSource::Ngrok),
            TunnelKind::Ssh(destination) => {
                (ssh::args(local, destination), UrlSource::Ssh(destination))
            }
            TunnelKind::Tailscale => return Tunnel::funnel(kind, local, limit).await,
        };
        let process = start(kind, &args)?;
        Tunnel::wait(kind, local, process, limit, source).await
    }

    /// Opens a funnel on the first port that tailscale gives.
    async fn funnel(kind: &TunnelKind, local: &Local, limit: Instant) -> Result<Tunnel> {
        let machine = TailscaleMachine::ask().await.map_err(|why| {
            Error::usage(format!("no tunnel by tailscale: {why}"))
                .hint("`tailscale funnel status` shows what is in use")
        })?;
        let mut failure = None;
        for &port in &machine.free {
            let process = start(kind, &tailscale::args(local, port))?;
            let source = UrlSource::Funnel {
                machine: &machine,
                port,
                begun: Instant::now(),
            };
            match Tunnel::wait(kind, local, process, limit, source).await {
                Ok(tunnel) => return Ok(tunnel),
                // The port may be in use by what tailscale does not list.
                Err(error) => failure = failure.or(Some(error)),
            }
            if Instant::now() >= limit {
                break;
            }
        }
        Err(failure.unwrap_or_else(|| Error::usage("no tunnel by tailscale")))
    }

    /// Waits for the URL; ends the program if it gives none.
    async fn wait(
        kind: &TunnelKind,
        local: &Local,
        mut process: TunnelProcess,
        limit: Instant,
        source: UrlSource<'_>,
    ) -> Result<Tunnel> {
        let mut unusable = None;
        let why = loop {
            match source.ask(&mut process, local).await {
                Told::Url(url) => return Ok(Tunnel { url, process }),
                Told::Unusable(text) => unusable = Some(text),
                Told::Nothing => {}
            }
            if let Some(end) = process.has_ended() {
                // Its last lines may not have been read yet.
                tokio::time::sleep(INTERVAL).await;
                break format!("`{kind}` ended ({end}) before it gave a public URL");
            }
            if Instant::now() >= limit {
                break format!(
                    "`{kind}` gave no public URL within {} s",
                    PATIENCE.as_secs()
                );
            }
            tokio::time::sleep(INTERVAL).await;
        };
        let lines = process.last_lines();
        process.end().await;
        let mut error = Error::usage(why);
        if let Some(text) = unusable {
            let text: String = text.chars().take(200).collect();
            error = error.hint(format!(
                "it gave `{text}`, which is no public URL of `{kind}`"
            ));
        }
        Err(said(error, &lines))
    }

    /// Waits for the end of the program, and says how it ended.
    pub async fn ended(&mut self) -> String {
        self.process.ended().await
    }

    /// Last lines that the program printed.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Ends the program.
    pub async fn close(self) {
        self.process.end().await;
    }
}

/// Source of a program's URL.
enum UrlSource<'a> {
    /// API of cloudflared on this port.
    Cloudflared(u16),
    /// API of ngrok.
    Ngrok,
    /// Output of ssh to this server.
    Ssh(&'a str),
    /// Name of the machine, once tailscale says that the port is open.
    Funnel {
        machine: &'a TailscaleMachine,
        port: u16,
        begun: Instant,
    },
}

impl UrlSource<'_> {
    async fn ask(&self, process: &mut TunnelProcess, local: &Local) -> Told {
        match self {
            Self::Cloudflared(api) => cloudflared::ask(*api).await,
            Self::Ngrok => ngrok::ask(local).await,
            Self::Ssh(destination) => of_lines(process, |line| ssh::read(line, local, destination)),
            Self::Funnel {
                machine,
                port,
                begun,
            } => {
                let is_silent = process.last_lines().is_empty() && begun.elapsed() > SILENT;
                match of_lines(process, |line| tailscale::read(line, machine, *port)) {
                    Told::Nothing if is_silent => Told::Url(machine.url(*port)),
                    told => told,
                }
            }
        }
    }
}

fn start(kind: &TunnelKind, args: &[String]) -> Result<TunnelProcess> {
    TunnelProcess::start(kind.program(), args).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => kind.missing(),
        _ => Error::usage(format!("cannot start `{kind}`: {error}")),
    })
}

/// Adds the last lines of a program to an error.
fn said(error: Error, lines: &[String]) -> Error {
    let lines = lines.iter();
    lines.fold(error, |error, line| error.hint(format!("it said: {line}")))
}

/// Reads the lines that have come, up to one that tells the URL.
fn of_lines(process: &mut TunnelProcess, read: impl Fn(&str) -> Told) -> Told {
    let mut told = Told::Nothing;
    while let Some(line) = process.line() {
        match read(&line) {
            Told::Nothing => {}
            url @ Told::Url(_) => return url,
            unusable => told = unusable,
        }
    }
    told
}

fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = match cfg!(windows) {
        true => vec![format!("{program}.exe"), format!("{program}.cmd")],
        false => vec![program.to_owned()],
    };
    std::env::split_paths(&folders)
        .any(|folder| names.iter().any(|name| is_program(&folder.join(name))))
}

#[cfg(unix)]
fn is_program(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let about = std::fs::metadata(path);
    about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &std::path::Path) -> bool {
    path.is_file()
}
