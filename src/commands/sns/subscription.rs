//! Confirmation of SNS and Scaleway subscriptions (`--confirm-sns`): the link in the message is visited once, and only
//! at
//! the service itself.

use std::time::Duration;

use bytes::Bytes;
use http::Method;

use crate::io::client::{Client, Settings};
use crate::providers;
use crate::report::{Notice, Reporter};
use crate::webhook::{Delivery, Headers, Outcome, Receipt, Target, Verdict};

/// Time limit of the visit; SNS waits 15 seconds for the response, which is sent after the visit.
const PATIENCE: Duration = Duration::from_secs(10);

/// Confirms subscriptions.
pub(crate) struct SubscriptionConfirmer(Client);

/// Confirmation link, with the outcome of visiting it or the reason why it was not visited.
pub(crate) struct Confirmation {
    link: String,
    outcome: Outcome,
    took: Duration,
}

impl SubscriptionConfirmer {
    pub(crate) fn new() -> Self {
        Self(Client::new(Settings {
            timeout: PATIENCE,
            ..Settings::default()
        }))
    }

    /// Visits the confirmation link of a receipt; none if its message asks for no confirmation.
    pub(crate) async fn confirm(&self, receipt: &Receipt) -> Option<Confirmation> {
        let link = receipt.confirm.clone()?;
        // Messages about a cancelled subscription carry such a link too; it would undo the cancellation.
        let asks = |event: &crate::webhook::Event| event.native == "SubscriptionConfirmation";
        if !receipt.events.iter().any(asks) {
            return None;
        }
        let not = |link, why: &str| {
            Some(Confirmation {
                link,
                outcome: Outcome::Unreachable(why.into()),
                took: Duration::ZERO,
            })
        };
        if receipt.signature.verdict == Verdict::Refused {
            return not(link, "not visited, because the signature is not valid");
        }
        let (service, leads_there) = providers::confirms_subscription(receipt.provider, &link);
        if !leads_there {
            let why = format!("not visited, because it is not an address of {service}");
            return not(link, &why);
        }
        let Ok(target) = Target::parse(&link) else {
            return not(link, "not visited, because it is not a URL");
        };
        let visit = Delivery {
            method: Method::GET,
            path: target.path.clone(),
            headers: Headers::new(),
            body: Bytes::new(),
        };
        let (outcome, took) = self.0.line(&target).deliver(&target.path, &visit).await;
        Some(Confirmation {
            link,
            outcome,
            took,
        })
    }
}

impl Confirmation {
    pub(crate) fn tell(&self, id: &str, report: &Reporter) {
        report.tell(&Notice::Confirmed {
            id,
            link: &self.link,
            outcome: &self.outcome,
            took: self.took,
        });
    }
}
