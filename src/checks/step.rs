//! Steps of a check: the requests that it sends, and in which way.

use std::time::Duration;

use crate::checks::{CheckRequest, Context};

/// One step of a check.
#[derive(Clone, Debug)]
pub enum Step {
    /// One request.
    Send(CheckRequest),
    /// The identical bytes of the earlier request with this number.
    Again(CheckRequest),
    /// Identical requests, this many in parallel.
    Together(CheckRequest, u16),
    /// Requests with different ids: the number of them, and the number in parallel.
    Burst(CheckRequest, u16, u16),
    /// One request whose body is sent slowly, over this time.
    Slowly(CheckRequest, Duration),
    /// A reading of the probe's number, once it no longer changes.
    Count,
}

impl Step {
    /// Command line for this step; none if nothing is sent.
    pub fn line(&self, context: &Context) -> Option<String> {
        match self {
            Step::Send(request) | Step::Again(request) => Some(request.line(context)),
            Step::Together(request, times) => {
                let numbers: Vec<String> = (1..=*times).map(|number| number.to_string()).collect();
                Some(format!(
                    "for i in {}; do {} & done; wait",
                    numbers.join(" "),
                    request.line(context)
                ))
            }
            Step::Burst(request, count, at_once) => {
                Some(format!("{} -n {count} -c {at_once}", request.line(context)))
            }
            Step::Slowly(request, _) => Some(format!(
                "{} --dry-run --as curl | sed 's/^curl/curl --limit-rate 300/' | sh",
                request.line(context)
            )),
            Step::Count => None,
        }
    }

    /// Request of this step, if it sends one.
    pub fn request(&self) -> Option<&CheckRequest> {
        match self {
            Step::Send(request)
            | Step::Again(request)
            | Step::Together(request, _)
            | Step::Burst(request, ..)
            | Step::Slowly(request, _) => Some(request),
            Step::Count => None,
        }
    }
}
