//! cloudflared: a quick tunnel of Cloudflare. The host name comes from the program's own API, never from its log, in
//! which error lines have URLs too.

use std::net::{Ipv4Addr, TcpListener};

use serde_json::Value;

use crate::io::tunnel::host_name;
use crate::io::tunnel::json_source;
use crate::io::tunnel::local::{Local, Told};

pub(super) const PROGRAM: &str = "cloudflared";

/// Domain of quick tunnels, and the hosts in it that are Cloudflare's own.
const DOMAIN: &str = "trycloudflare.com";
const NOT_TUNNELS: [&str; 2] = ["api.trycloudflare.com", "www.trycloudflare.com"];

/// Port for the program's API, free at this moment.
pub(super) fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

pub(super) fn args(local: &Local, api: u16) -> Vec<String> {
    let mut args = vec![
        "tunnel".to_owned(),
        "--no-autoupdate".to_owned(),
        "--metrics".to_owned(),
        format!("127.0.0.1:{api}"),
    ];
    if local.tls {
        // Our own certificate, on this machine.
        args.push("--no-tls-verify".to_owned());
    }
    args.extend(["--url".to_owned(), local.url()]);
    args
}

/// Asks the API for the host name.
pub(super) async fn ask(api: u16) -> Told {
    match json_source::get(api, "/quicktunnel").await {
        Some(answer) => read(&answer),
        None => Told::Nothing,
    }
}

fn read(answer: &Value) -> Told {
    let host = answer.get("hostname").and_then(Value::as_str);
    match host.map(str::trim) {
        None | Some("") => Told::Nothing,
        Some(host)
            if host_name::is_below(host, &[DOMAIN])
                && !NOT_TUNNELS.contains(&host.to_ascii_lowercase().as_str()) =>
        {
            Told::Url(format!("https://{}", host.to_ascii_lowercase()))
        }
        Some(host) => Told::Unusable(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::io::tunnel::local::Told;
    use serde_json::json;

    #[test]
    fn the_host_name_is_one_of_a_quick_tunnel() {
        let good = read(&json!({"hostname": "quick-fox.trycloudflare.com"}));
        assert_eq!(
            good,
            Told::Url("https://quick-fox.trycloudflare.com".into())
        );
        assert_eq!(read(&json!({"hostname": ""})), Told::Nothing);
        assert_eq!(read(&json!({})), Told::Nothing);
        for bad in [
            "api.trycloudflare.com",
            "evil.com",
            "good@evil.trycloudflare.com",
            "a b.trycloudflare.com",
        ] {
            let told = read(&json!({"hostname": bad}));
            assert_eq!(told, Told::Unusable(bad.into()));
        }
    }
}
