//! ngrok: its URL comes from the API of its agent, which lists all tunnels of the agent: ours is the one to our address.

use serde_json::Value;

use crate::io::tunnel::host_name;
use crate::io::tunnel::json_source;
use crate::io::tunnel::local::{Local, Told};

pub(super) const PROGRAM: &str = "ngrok";

/// Ports of the API: the agent takes the first that is free.
const API: std::ops::RangeInclusive<u16> = 4040..=4049;

pub(super) fn args(local: &Local) -> Vec<String> {
    ["http", "--log", "stderr", &local.url()]
        .map(str::to_owned)
        .into()
}

/// Asks the APIs of all agents for the URL of the tunnel to our address.
pub(super) async fn ask(local: &Local) -> Told {
    let mut told = Told::Nothing;
    for port in API {
        let Some(answer) = json_source::get(port, "/api/tunnels").await else {
            continue;
        };
        match read(&answer, local) {
            Told::Nothing => {}
            found @ Told::Url(_) => return found,
            unusable => told = unusable,
        }
    }
    told
}

fn read(answer: &Value, local: &Local) -> Told {
    let tunnels = answer.get("tunnels").and_then(Value::as_array);
    let mut told = Told::Nothing;
    for tunnel in tunnels.into_iter().flatten() {
        let addr = tunnel.pointer("/config/addr").and_then(Value::as_str);
        if !addr.is_some_and(|addr| is_ours(addr, local)) {
            continue;
        }
        let url = tunnel.get("public_url").and_then(Value::as_str);
        let url = url.unwrap_or_default();
        match host_name::of_https(url) {
            Some(host) => return Told::Url(format!("https://{}", host.to_ascii_lowercase())),
            // An agent may list a tunnel twice, with http and https.
            None if url.starts_with("http://") => {}
            None => told = Told::Unusable(url.to_owned()),
        }
    }
    told
}

/// True for the address of our listener: `http://localhost:9678`, `127.0.0.1:9678`.
fn is_ours(addr: &str, local: &Local) -> bool {
    let addr = addr.split_once("://").map_or(addr, |(_, rest)| rest);
    let addr = addr.trim_end_matches('/');
    let Some((host, port)) = addr.rsplit_once(':') else {
        return addr == local.port.to_string();
    };
    let host = host.trim_matches(['[', ']']);
    let is_this_machine = ["localhost", "127.0.0.1", "::1"].contains(&host);
    port == local.port.to_string() && (is_this_machine || host == local.ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::io::tunnel::local::{Local, Told};
    use serde_json::json;

    #[test]
    fn the_tunnel_is_the_one_to_our_address() {
        let local = Local {
            ip: [127, 0, 0, 1].into(),
            port: 9678,
            tls: false,
        };
        let tunnel = |url: &str, addr: &str| json!({"public_url": url, "config": {"addr": addr}});
        let told = |tunnels: &[serde_json::Value]| read(&json!({"tunnels": tunnels}), &local);
        let other = tunnel("https://other.ngrok-free.app", "http://localhost:3000");
        let ours = tunnel("https://ours.ngrok-free.app", "http://localhost:9678");
        let url = Told::Url("https://ours.ngrok-free.app".into());
        assert_eq!(told(&[other.clone(), ours]), url);
        assert_eq!(told(&[other]), Told::Nothing);
        let plain = tunnel("http://ours.ngrok.io", "127.0.0.1:9678");
        assert_eq!(told(&[plain]), Told::Nothing);
        let evil = tunnel("https://good@evil.com", "127.0.0.1:9678");
        assert_eq!(
            told(&[evil]),
            Told::Unusable("https://good@evil.com".into())
        );
        assert_eq!(read(&json!([]), &local), Told::Nothing);
    }
}
