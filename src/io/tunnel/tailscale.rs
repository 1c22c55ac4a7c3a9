//! tailscale: Funnel, in the foreground, so that it ends with its process and nothing is left to turn off. The name of
//! the machine comes from `tailscale status`. A port that is already served is left alone.

use serde_json::Value;

use crate::io::tunnel::host_name;
use crate::io::tunnel::json_source::printed;
use crate::io::tunnel::local::{Local, Told};

pub(super) const PROGRAM: &str = "tailscale";

/// Ports on which Funnel is possible.
const PORTS: [u16; 3] = [443, 8443, 10000];

/// Domain of the machines of all tailnets.
const DOMAIN: &str = "ts.net";

/// Name of this machine, and the ports on which nothing is served yet.
#[derive(Debug)]
pub(super) struct TailscaleMachine {
    pub(super) host: String,
    pub(super) free: Vec<u16>,
}

impl TailscaleMachine {
    /// Asks tailscale for the name and the ports in use.
    pub(super) async fn ask() -> Result<TailscaleMachine, String> {
        let status = printed(PROGRAM, &["status", "--json"]).await?;
        let host = name(&status)?;
        // An older version prints nothing where nothing is served.
        let served = match printed(PROGRAM, &["serve", "status", "--json"]).await {
            Ok(served) => served,
            Err(_) => printed(PROGRAM, &["funnel", "status", "--json"])
                .await
                .unwrap_or_default(),
        };
        let mut taken = Vec::new();
        ports_in(&served, &mut taken);
        let free: Vec<u16> = PORTS
            .into_iter()
            .filter(|port| !taken.contains(port))
            .collect();
        if free.is_empty() {
            return Err("all ports of Funnel (443, 8443, 10000) are in use".into());
        }
        Ok(TailscaleMachine { host, free })
    }

    /// Public URL of a port.
    pub(super) fn url(&self, port: u16) -> String {
        match port {
            443 => format!("https://{}", self.host),
            port => format!("https://{}:{port}", self.host),
        }
    }
}

pub(super) fn args(local: &Local, port: u16) -> Vec<String> {
    let to = match local.tls {
        true => format!("https+insecure://{}", local.authority()),
        false => local.url(),
    };
    vec!["funnel".to_owned(), format!("--https={port}"), to]
}

/// Reads a line of the running program: it prints the URL once the port is open.
pub(super) fn read(line: &str, machine: &TailscaleMachine, port: u16) -> Told {
    let shown = line.trim().trim_end_matches('/');
    let is_open = shown.eq_ignore_ascii_case(&machine.url(port))
        || shown
            .to_ascii_lowercase()
            .starts_with("available on the internet");
    match is_open {
        true => Told::Url(machine.url(port)),
        false => Told::Nothing,
    }
}

/// Name of this machine in the tailnet.
fn name(status: &Value) -> Result<String, String> {
    let name = status.pointer("/Self/DNSName").and_then(Value::as_str);
    let name = name.unwrap_or_default().trim_end_matches('.');
    if host_name::is_below(name, &[DOMAIN]) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(match name {
        "" => "this machine has no name in a tailnet; `tailscale up` connects it".into(),
        name => format!("`{name}` is no name of a machine in a tailnet"),
    })
}

/// Collects the ports that are served, also by sessions in the foreground.
fn ports_in(served: &Value, ports: &mut Vec<u16>) {
    let Value::Object(members) = served else {
        return;
    };
    for (name, value) in members {
        match (name.as_str(), value) {
            ("TCP" | "Web" | "AllowFunnel", Value::Object(by_port)) => {
                let port = |key: &String| key.rsplit(':').next()?.parse::<u16>().ok();
                ports.extend(by_port.keys().filter_map(port));
            }
            (_, value) => ports_in(value, ports),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{name, ports_in};
    use serde_json::json;

    #[test]
    fn the_name_is_that_of_a_machine_in_a_tailnet() {
        let named = |name: &str| super::name(&json!({"Self": {"DNSName": name}}));
        assert_eq!(
            named("laptop.tail1a2b.ts.net."),
            Ok("laptop.tail1a2b.ts.net".into())
        );
        for bad in ["", "ts.net.", "laptop.evil.com.", "good@evil.ts.net"] {
            assert!(named(bad).is_err(), "{bad}");
        }
        assert!(name(&json!({})).is_err());
    }

    #[test]
    fn ports_in_use_are_found_at_every_level() {
        let mut ports = Vec::new();
        ports_in(
            &json!({
                "TCP": {"443": {"HTTPS": true}},
                "Web": {"laptop.ts.net:443": {"Handlers": {"/": {"Proxy": "http://127.0.0.1:3000"}}}},
                "Foreground": {"a1": {"TCP": {"8443": {"HTTPS": true}}}},
            }),
            &mut ports,
        );
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports, [443, 8443]);
    }
}
