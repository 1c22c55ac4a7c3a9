//! Start of the inspector's server, beside a listener or alone.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::AccessArgs;
use crate::commands::inspect::engine::{Engine, EngineSettings};
use crate::commands::inspect::folder_indexer::FolderIndexer;
use crate::commands::inspect::indexer::{Appended, Indexer};
use crate::commands::listen::recent;
use crate::error::{Error, Result};
use crate::inspector::backend::Backend;
use crate::inspector::store::inbox::Bounds;
use crate::inspector::store::table::Table;
use crate::inspector::{Inspector, InspectorPlan, server};
use crate::io::recording::detect::is_recording;
use crate::io::secrets;
use crate::io::server::memory::MemoryBudget;
use crate::report::{Notice, Reporter};
use crate::webhook::Target;

/// Access to the inspector, made from its flags.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Address to bind.
    pub(crate) address: String,
    pub(crate) key: Option<String>,
    hosts: Vec<String>,
    targets: Vec<Target>,
    open: bool,
    /// True for `--quiet`: stdout has one line for each delivery and nothing else.
    pub(crate) quiet: bool,
}

impl Access {
    /// Makes it from the flags; reads the key.
    pub(crate) fn new(address: &str, args: &AccessArgs, open: bool) -> Result<Access> {
        let targets = args.ui_target.iter().map(|typed| Target::parse(typed));
        Ok(Access {
            address: address.to_owned(),
            key: args.ui_key.as_deref().map(key).transpose()?,
            hosts: args.ui_host.clone(),
            targets: targets.collect::<Result<_>>()?,
            open,
            quiet: false,
        })
    }
}

/// Reads the key of `--ui-key`.
fn key(spec: &str) -> Result<String> {
    if !spec.starts_with("env:") && !spec.starts_with("file:") {
        return Err(Error::usage(
            "`--ui-key` takes no key on the command line, where others can see it",
        )
        .hint("`--ui-key env:NAME` or `--ui-key file:PATH`"));
    }
    let given = secrets::read(spec, &[])?;
    let key = given.secret.reveal().trim().to_owned();
    match key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Err(Error::usage(format!(
            "the key in `{spec}` is empty, or not printable ASCII"
        ))),
        false => Ok(key),
    }
}

/// Inspector that is bound to its address.
pub(crate) struct BoundInspector {
    listener: TcpListener,
    address: SocketAddr,
    access: Access,
}

impl BoundInspector {
    /// Binds the address, or the next free port.
    pub(crate) async fn bind(access: Access) -> Result<BoundInspector> {
        let failed = |error| {
            Error::usage(format!(
                "the inspector cannot use {}: {error}",
                access.address
            ))
            .hint("`--ui=127.0.0.1:0` takes any free port")
        };
        let listener = server::bind(&access.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if !address.ip().is_loopback() && access.key.is_none() {
            return Err(Error::usage(format!(
                "other machines can reach the inspector on {address}, so it needs a key"
            ))
            .hint("`--ui-key env:NAME` names it; without a key, use a loopback address such as 127.0.0.1:7879"));
        }
        Ok(BoundInspector {
            listener,
            address,
            access,
        })
    }

    /// URL of the page.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts the server.
    pub(crate) fn start(
        self,
        table: &Arc<Table>,
        settings: EngineSettings,
        recordings: &[(&Path, Appended)],
        max_body: usize,
        memory: &MemoryBudget,
        report: &Reporter,
    ) -> RunningInspector {
        let url = self.url();
        // Before the URL is told: whoever gets it may ask at once.
        recordings.iter().for_each(|_| table.begin_reading());
        self.announce(&url, report);
        let mut targets = settings.handlers.clone();
        targets.extend(self.access.targets.iter().cloned());
        let settings = EngineSettings {
            targets: targets.clone(),
            ..settings
        };
        let backend: Arc<dyn Backend> = Arc::new(Engine::new(settings, Arc::clone(table)));
        let stop = Arc::new(AtomicBool::new(false));
        for (path, appended) in recordings {
            if !is_recording(path) {
                let indexer = FolderIndexer::new(path, table, &backend, &stop, memory);
                start_indexer(|| indexer.run(), table);
                continue;
            }
            let indexer = Indexer {
                path: path.to_path_buf(),
                table: Arc::clone(table),
                backend: Arc::clone(&backend),
                appended: *appended,
                stop: Arc::clone(&stop),
                memory: memory.clone(),
                file: table.add_recording(path),
            };
            start_indexer(|| indexer.run(), table);
        }
        let (close, closing) = watch::channel(false);
        let plan = InspectorPlan {
            hosts: server::hosts(self.address, &self.access.hosts),
            key: self.access.key.clone(),
            targets,
            max_body,
        };
        let inspector = Arc::new(Inspector::new(Arc::clone(table), backend, plan, closing));
        let serving = tokio::spawn(server::serve(self.listener, inspector));
        if self.access.open {
            open_browser(&url, report);
        }
        RunningInspector {
            url,
            close,
            stop,
            serving,
        }
    }

    /// Says the URL, and that others can reach it.
    fn announce(&self, url: &str, report: &Reporter) {
        if self.address.to_string() != self.access.address && !self.access.address.ends_with(":0") {
            let taken = &self.access.address;
            report.say(&format!(
                "{taken} is taken, so the inspector uses another port"
            ));
        }
        match self.access.quiet && !report.is_json() {
            true => report.say(&format!("inspector on {url}")),
            false => report.tell(&Notice::Inspector { url }),
        }
        if !self.address.ip().is_loopback() {
            report.warn(&format!(
                "other machines can reach the inspector on {}",
                self.address
            ));
        }
    }
}

/// Starts to read a recording into the table.
fn start_indexer(run: impl FnOnce() + Send + 'static, table: &Table) {
    let started = std::thread::Builder::new()
        .name("indexer".to_owned())
        .spawn(run);
    // Without the thread, only what arrives is shown.
    if started.is_err() {
        table.end_reading();
    }
}

/// Inspector that serves until it is finished.
pub(crate) struct RunningInspector {
    /// URL of the page.
    pub(crate) url: String,
    close: watch::Sender<bool>,
    stop: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

impl RunningInspector {
    /// Ends streams and connections.
    pub(crate) async fn finish(self) {
        self.stop.store(true, Relaxed);
        let _ = self.close.send(true);
        // A server that panicked has printed its message.
        let _ = self.serving.await;
    }
}

/// Bounds of a table that keeps so many deliveries in memory.
pub(crate) fn bounds(keep: usize) -> Bounds {
    Bounds {
        deliveries: keep,
        bytes: recent::MOST_BYTES,
    }
}

/// Creates the table of a listener that keeps so many deliveries in memory, and records them into this file or folder.
pub(crate) fn table(keep: usize, recorded: Option<&Path>) -> Arc<Table> {
    let table = Table::new(bounds(keep), recorded.is_some());
    Arc::new(match recorded {
        Some(path) if !is_recording(path) => table.in_folder(path.to_owned()),
        _ => table,
    })
}

/// Opens a page in the user's browser, on a terminal.
pub(crate) fn open_browser(url: &str, report: &Reporter) {
    let program = match std::env::consts::OS {
        "macos" => ("open", &[][..]),
        "windows" => ("cmd", &["/C", "start"][..]),
        _ => ("xdg-open", &[][..]),
    };
    let started = std::process::Command::new(program.0)
        .args(program.1)
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if let Err(error) = started {
        report.warn(&format!(
            "`{}` cannot open the browser: {error}; the page is {url}",
            program.0
        ));
    }
}
