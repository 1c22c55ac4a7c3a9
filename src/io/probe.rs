//! Counter of `check --probe` and `--probe-cmd`: a number read from the response of a URL or the output of a command.

use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use tokio::process::Command;

use crate::io::client::{Client, Keep};
use crate::webhook::{Delivery, Headers, Target};

/// Timeout of a probe command.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for which the number must not change to be taken as final.
const REST: Duration = Duration::from_millis(300);
/// Longest wait for the number to stop changing.
const RESTLESS: Duration = Duration::from_secs(5);
/// Pause between two readings.
const PAUSE: Duration = Duration::from_millis(50);

/// Source of the number.
#[derive(Clone, Debug)]
pub enum ProbeCounter {
    /// Response body of this URL to a GET.
    Url(Target),
    /// Output of this shell command.
    Command(String),
}

impl ProbeCounter {
    /// Reads the number until it stops changing: a handler may still be working after its response.
    pub async fn read(&self, client: &Client) -> Result<i64, String> {
        let begun = Instant::now();
        let (mut number, mut since) = (self.once(client).await?, Instant::now());
        while since.elapsed() < REST && begun.elapsed() < RESTLESS {
            tokio::time::sleep(PAUSE).await;
            let next = self.once(client).await?;
            if next != number {
                (number, since) = (next, Instant::now());
            }
        }
        Ok(number)
    }

    async fn once(&self, client: &Client) -> Result<i64, String> {
        let text = match self {
            ProbeCounter::Url(target) => asked(client, target).await?,
            ProbeCounter::Command(command) => printed(command).await?,
        };
        number(&text).ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            format!("the probe gives no number but `{}`", shown.trim())
        })
    }
}

async fn asked(client: &Client, target: &Target) -> Result<String, String> {
    let get = Delivery {
        method: Method::GET,
        path: target.path.clone(),
        headers: Headers::new(),
        body: Bytes::new(),
    };
    let exchange = client
        .line(target)
        .ask(&target.path, &get, Keep::Outcome)
        .await;
    let heard = exchange.answer.map_err(|outcome| {
        let why = outcome.reason().unwrap_or_default();
        format!("no response from the probe at {target}: {why}")
    })?;
    if !heard.status.is_success() {
        return Err(format!(
            "the probe at {target} responded {}",
            heard.status.as_u16()
        ));
    }
    Ok(String::from_utf8_lossy(&heard.body).into_owned())
}

async fn printed(command: &str) -> Result<String, String> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let run = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .map_err(|_| format!("the probe's command did not end within {PATIENCE:?}"))?
        .map_err(|error| format!("the probe's command cannot be run: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "the probe's command failed: {}",
            why.lines().next().unwrap_or_default()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// First integer in a text.
fn number(text: &str) -> Option<i64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = text.get(start..)?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let number: i64 = digits.get(..end)?.parse().ok()?;
    let is_negative = text.get(..start)?.ends_with('-');
    Some(if is_negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_is_found_where_tools_put_it() {
        for (text, found) in [
            ("3\n", Some(3)),
            (" count \n-------\n    12\n(1 row)\n", Some(12)),
            ("{\"rows\": 7}", Some(7)),
            ("-4", Some(-4)),
            ("none", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(number(text), found, "{text}");
        }
    }
}
