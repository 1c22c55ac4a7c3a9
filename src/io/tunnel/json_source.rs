//! JSON that a tunnel program gives: from its API on this machine, or printed by a command of it.

use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::uri::PathAndQuery;
use serde_json::Value;
use tokio::process::Command;

use crate::io::client::{Client, Keep, Settings};
use crate::io::tunnel::process::without_secrets;
use crate::webhook::{Delivery, Headers, Target};

/// Time limit of a request to an API on this machine.
const API_TIMEOUT: Duration = Duration::from_secs(1);

/// Time limit of a command that only prints.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest response that is read.
const LONGEST: usize = 1 << 20;

/// Gets JSON from a port of this machine; none if there is none yet.
pub(super) async fn get(port: u16, path: &'static str) -> Option<Value> {
    let target = Target::parse(&format!("http://127.0.0.1:{port}")).ok()?;
    let delivery = Delivery {
        method: Method::GET,
        path: PathAndQuery::from_static(path),
        headers: Headers::new(),
        body: Bytes::new(),
    };
    let client = Client::new(Settings {
        timeout: API_TIMEOUT,
        connect_timeout: API_TIMEOUT,
        insecure: false,
    });
    let mut line = client.line(&target);
    let exchange = line.ask(&delivery.path, &delivery, Keep::Answer(LONGEST));
    let response = exchange.await.answer.ok()?;
    let is_whole = response.status.is_success() && !response.cut;
    // The type is not looked at: cloudflared says `text/plain`.
    is_whole.then(|| serde_json::from_slice(&response.body).ok())?
}

/// Runs a command to its end, and reads what it prints as JSON; an error with what it said otherwise.
pub(super) async fn printed(program: &str, args: &[&str]) -> Result<Value, String> {
    let mut command = Command::new(program);
    without_secrets(&mut command);
    let run = command
        .args(args)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let named = || format!("`{program} {}`", args.join(" "));
    let output = tokio::time::timeout(COMMAND_TIMEOUT, run)
        .await
        .map_err(|_| format!("{} did not end within 5 s", named()))?
        .map_err(|error| format!("cannot run {}: {error}", named()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|line| !line.trim().is_empty());
        return Err(match first {
            Some(first) => format!("{} failed: {}", named(), first.trim()),
            None => format!("{} failed", named()),
        });
    }
    serde_json::from_slice(&output.stdout).map_err(|_| format!("{} prints no JSON", named()))
}
