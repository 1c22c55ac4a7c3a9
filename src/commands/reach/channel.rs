//! Deliveries from a channel (`--from`): each is handled as if it had been posted to the listener.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::commands::listen::handler::ListenHandler;
use crate::commands::reach::relayed::Relayed;
use crate::io::server::{Arrival, Handler};
use crate::io::sse::{LARGEST_EVENT, SseFact, SseStream};
use crate::report::Reporter;
use crate::webhook::Target;

/// Events by which a channel says that it is there.
const OWN: [&str; 2] = ["ready", "ping"];

/// Receives from a channel until it is stopped.
pub(crate) async fn receive(
    channel: Target,
    max_body: usize,
    handler: &Arc<ListenHandler>,
    report: &Reporter,
    stop: &Notify,
) {
    let stopped = stop.notified();
    tokio::pin!(stopped);
    let mut stream = SseStream::new(channel.clone());
    let mut remote = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut last_failure = String::new();
    loop {
        let fact = tokio::select! {
            biased;
            () = &mut stopped => return,
            fact = stream.next() => fact,
        };
        match fact {
            SseFact::Connected(address) => {
                remote = address.unwrap_or(remote);
                report.say(&format!("receiving from {channel}"));
                last_failure.clear();
            }
            SseFact::Lost(why, wait) => {
                // The same failure again and again is said once.
                if why != last_failure {
                    report.warn(&format!(
                        "cannot receive from {channel}: {why}; connecting again in {} s",
                        wait.as_secs_f64()
                    ));
                }
                last_failure = why;
            }
            SseFact::TooLarge => report.warn(&format!(
                "an event of {channel} is larger than {} MiB, and is dropped",
                LARGEST_EVENT >> 20
            )),
            SseFact::Event(event) if OWN.contains(&event.kind.as_str()) => {}
            SseFact::Event(event) => match Relayed::read(&event.data) {
                Ok(Some(relayed)) if relayed.delivery.body.len() > max_body => {
                    report.warn(&format!(
                        "a body of {} bytes from {channel} is larger than `--max-body`, and is dropped",
                        relayed.delivery.body.len()
                    ));
                }
                Ok(Some(relayed)) => {
                    drop(event);
                    handle(relayed, remote, handler).await;
                }
                Ok(None) => {}
                Err(why) => report.warn(&format!("{why}: {channel}")),
            },
        }
    }
}

async fn handle(relayed: Relayed, remote: SocketAddr, handler: &Arc<ListenHandler>) {
    let arrival = Arrival {
        delivery: relayed.delivery,
        remote,
        at: Timestamp::now(),
    };
    handler.begun();
    // Nobody waits for the response.
    let _ = Arc::clone(handler)
        .receive(arrival, relayed.is_rewritten)
        .await;
    handler.ended();
}
