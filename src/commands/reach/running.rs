//! Tunnel and channel of a running listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::commands::listen::handler::ListenHandler;
use crate::commands::listen::plan::ListenPlan;
use crate::commands::reach::channel;
use crate::commands::reach::tunnelling::Tunnelling;
use crate::error::Result;
use crate::io::tunnel::local::Local;
use crate::io::tunnel::tunnel::TunnelKind;
use crate::report::Reporter;
use crate::webhook::Target;

/// Settings of tunnel and channel.
pub(crate) struct ReachPlan {
    tunnel: Option<TunnelKind>,
    channel: Option<Target>,
    local: Local,
    max_body: usize,
    quiet: bool,
}

/// Running tunnel and channel.
pub(crate) struct RunningReach {
    tunnel: Option<Tunnelling>,
    channel: Option<JoinHandle<()>>,
    stop_channel: Arc<Notify>,
}

impl ReachPlan {
    pub(crate) fn of(plan: &ListenPlan, address: SocketAddr) -> Self {
        Self {
            tunnel: plan.tunnel.clone(),
            channel: plan.channel.clone(),
            local: Local::of(address, plan.https.is_some()),
            max_body: plan.limits.max_body,
            quiet: plan.quiet,
        }
    }

    /// Starts both, as far as they are wanted.
    pub(crate) fn start(
        self,
        handler: &Arc<ListenHandler>,
        report: &Arc<Reporter>,
    ) -> RunningReach {
        let stop_channel = Arc::new(Notify::new());
        let (local, quiet) = (self.local, self.quiet);
        let tunnel = self.tunnel;
        let tunnel = tunnel.map(|kind| Tunnelling::start(kind, local, quiet, handler, report));
        let channel = self.channel.map(|target| {
            let (handler, report) = (Arc::clone(handler), Arc::clone(report));
            let stop = Arc::clone(&stop_channel);
            tokio::spawn(async move {
                channel::receive(target, self.max_body, &handler, &report, &stop).await;
            })
        });
        RunningReach {
            tunnel,
            channel,
            stop_channel,
        }
    }
}

impl RunningReach {
    /// Ends both: a delivery of the channel that has begun is handled to its end, within the limit. Returns the reason
    /// why the tunnel could not be opened, if that ended the listener.
    pub(crate) async fn finish(self, limit: Duration) -> Result<()> {
        self.stop_channel.notify_one();
        if let Some(mut channel) = self.channel
            && tokio::time::timeout(limit, &mut channel).await.is_err()
        {
            channel.abort();
        }
        match self.tunnel {
            Some(tunnel) => tunnel.finish().await,
            None => Ok(()),
        }
    }
}
