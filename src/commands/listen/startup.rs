//! Startup message of `listen`: its address, certificate and warnings.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::commands::args;
use crate::commands::listen::handler::ListenHandler;
use crate::commands::listen::https;
use crate::commands::listen::plan::ListenPlan;
use crate::io::tls::server_certificate::Certificate;
use crate::report::{Notice, Reporter};

/// Startup message: address, certificate and warnings.
pub(crate) struct StartupNotice {
    address: SocketAddr,
    /// Present with HTTPS; inside it, the path of the saved self-signed certificate, if that is used.
    https: Option<Option<PathBuf>>,
    /// True for `--insecure`: certificates of handlers are not checked.
    insecure: bool,
    /// True for `--quiet`: stdout has one line for each delivery and nothing else.
    quiet: bool,
    notes: Vec<String>,
}

impl StartupNotice {
    pub(crate) fn of(
        plan: &ListenPlan,
        address: SocketAddr,
        certificate: Option<&Certificate>,
    ) -> Self {
        Self {
            address,
            https: certificate.map(|it| it.kept.clone()),
            quiet: plan.quiet,
            insecure: plan.forwarding.as_ref().is_some_and(|it| it.insecure),
            notes: plan.notes.clone(),
        }
    }

    /// URL of the listener.
    pub(crate) fn url(&self) -> String {
        let scheme = self.https.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn say(&self, report: &Reporter, handler: &ListenHandler) {
        let address = self.address;
        let to = self.https.as_ref().map_or("", |_| "https://localhost");
        let kept = self.https.as_ref().and_then(Option::as_deref);
        let hint = format!(
            "try it from another terminal: webhook-cli send click --to {to}:{}{}",
            address.port(),
            if to.is_empty() { "" } else { " --insecure" }
        );
        let url = self.url();
        if self.quiet && !report.is_json() {
            // Stdout has one line for each delivery and nothing else.
            report.say(&format!("listening on {url}"));
        } else {
            report.tell(&Notice::Listening {
                url: &url,
                certificate: kept,
                hint: report.progress().is_shown().then_some(hint.as_str()),
            });
        }
        if let Some(path) = kept {
            report.say(&https::how_to_trust(path, address.port()));
        }
        args::say_all(report, &self.notes);
        if self.insecure {
            report.warn("certificates of handlers are not checked");
        }
        if !address.ip().is_loopback() {
            report.warn(&format!(
                "listening on {address}, where other machines can reach it"
            ));
        }
        if let Some(recording) = &handler.recording {
            args::say_all(report, recording.notes());
        }
    }
}
