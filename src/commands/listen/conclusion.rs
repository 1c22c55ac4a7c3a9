//! End of `listen`: its exit status, and the command that sends the recording again.

use std::path::PathBuf;

use crate::commands::forward::routes::Forwarding;
use crate::commands::listen::plan::ListenPlan;
use crate::error::Exit;
use crate::report::{Reporter, Tally};
use crate::webhook::{Kind, shell};

/// Settings that decide the exit status and the closing hint.
pub(crate) struct Conclusion {
    pub(crate) record: Option<PathBuf>,
    /// Target of most forwarded deliveries, for the `replay` hint.
    target: Option<String>,
    expected: Vec<(Kind, u64)>,
    counts_signatures: bool,
}

impl Conclusion {
    pub(crate) fn of(plan: &ListenPlan) -> Self {
        Self {
            record: plan.record.as_ref().map(|record| record.path.clone()),
            target: plan.forwarding.as_ref().and_then(Forwarding::main),
            expected: plan.expected.clone(),
            counts_signatures: plan.count.is_some() && plan.require_signature,
        }
    }

    /// Returns the `replay` command for what was recorded.
    pub(crate) fn replay(&self) -> Option<String> {
        let path = shell::word(&self.record.as_deref()?.to_string_lossy());
        let target = self.target.as_deref().unwrap_or(":3000");
        Some(format!(
            "send it again: webhook-cli replay {path} --to {target}"
        ))
    }

    /// Returns the exit status: fails if `--expect` is not met, or if deliveries were rejected or lost while
    /// forwarding.
    pub(crate) fn exit(&self, tally: &Tally, report: &Reporter, interrupted: bool) -> Exit {
        let mut exit = if interrupted {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        for (kind, wanted) in &self.expected {
            let came = tally.kinds.get(kind).copied().unwrap_or_default();
            if came < *wanted {
                report.warn(&format!("expected {wanted} {kind}, and {came} came"));
                exit = exit.or(Exit::Failure);
            }
        }
        if self.counts_signatures && tally.refused_signatures > 0 {
            exit = exit.or(Exit::Signature);
        }
        if let Some(forwarded) = &tally.forwarded {
            if forwarded.rejected() > 0 {
                exit = exit.or(Exit::Failure);
            }
            if forwarded.unanswered > 0 {
                exit = exit.or(Exit::NoAnswer);
            }
        }
        exit
    }
}
