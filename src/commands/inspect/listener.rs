//! Inspector of a listener (`--ui`).

use std::path::PathBuf;
use std::sync::Arc;

use crate::commands::args::Secrets;
use crate::commands::inspect::engine::{EngineSettings, verify_plan};
use crate::commands::inspect::indexer::Appended;
use crate::commands::inspect::startup::{BoundInspector, RunningInspector};
use crate::commands::listen::handler::ListenHandler;
use crate::commands::listen::plan::ListenPlan;
use crate::commands::verify::plan::VerifyPlan;
use crate::error::Result;
use crate::inspector::store::table::Table;
use crate::io::server::memory::MemoryBudget;
use crate::providers::Keys;
use crate::report::Reporter;
use crate::webhook::Target;

/// Inspector that is bound, before the listener serves.
pub(crate) struct ListenInspector {
    bound: BoundInspector,
    table: Arc<Table>,
    verify: VerifyPlan,
    handlers: Vec<Target>,
    insecure: bool,
    recording: Option<PathBuf>,
    max_body: usize,
}

impl ListenInspector {
    /// Binds the inspector, if there is to be one.
    pub(crate) async fn bind(plan: &ListenPlan) -> Result<Option<ListenInspector>> {
        let (Some(access), Some(table)) = (&plan.access, &plan.table) else {
            return Ok(None);
        };
        let forwarding = plan.forwarding.as_ref();
        let routes = forwarding.map_or(&[][..], |it| &it.routes);
        let secrets = Secrets {
            keys: Keys::new(&plan.ring, plan.provider)?,
            ring: plan.ring.clone(),
            notes: Vec::new(),
        };
        let verify = VerifyPlan {
            tolerance: plan.tolerance,
            topics: plan.topics.clone(),
            ..verify_plan(secrets, plan.provider, plan.public_url.clone())
        };
        let recording = plan.record.as_ref().map(|record| record.path.clone());
        Ok(Some(ListenInspector {
            bound: BoundInspector::bind(access.clone()).await?,
            table: Arc::clone(table),
            verify,
            handlers: routes.iter().map(|route| route.target.clone()).collect(),
            insecure: forwarding.is_some_and(|it| it.insecure),
            recording,
            max_body: plan.limits.max_body,
        }))
    }

    /// Starts it beside the listener with this URL.
    pub(crate) fn start(
        self,
        handler: &ListenHandler,
        url: &str,
        memory: &MemoryBudget,
        report: &Reporter,
    ) -> RunningInspector {
        let settings = EngineSettings {
            verify: self.verify,
            listener: Some(url.to_owned()),
            targets: Vec::new(),
            handlers: self.handlers,
            insecure: self.insecure,
            faults: Some(Arc::clone(&handler.faults)),
        };
        let recording = self.recording.as_deref();
        let recordings: Vec<_> = recording
            .map(|path| (path, Appended::Known))
            .into_iter()
            .collect();
        self.bound.start(
            &self.table,
            settings,
            &recordings,
            self.max_body,
            memory,
            report,
        )
    }
}
