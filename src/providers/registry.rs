//! Registry of the catalogue: the only lists of providers, and of services known by their signatures alone.

use crate::providers::catalog;
use crate::providers::provider::{EventDef, Provider};
use crate::webhook::{Kind, nearest};

/// Every provider, in alphabetical order.
pub static ALL: &[&Provider] = &[
    &catalog::activecampaign::PROVIDER,
    &catalog::ahasend::PROVIDER,
    &catalog::azure::PROVIDER,
    &catalog::braze::PROVIDER,
    &catalog::brevo::PROVIDER,
    &catalog::cloudmailin::PROVIDER,
    &catalog::customerio::PROVIDER,
    &catalog::elasticemail::PROVIDER,
    &catalog::emailit::PROVIDER,
    &catalog::forwardemail::PROVIDER,
    &catalog::generic::PROVIDER,
    &catalog::infobip::PROVIDER,
    &catalog::iterable::PROVIDER,
    &catalog::klaviyo::PROVIDER,
    &catalog::lettermint::PROVIDER,
    &catalog::loops::PROVIDER,
    &catalog::mailchimp::PROVIDER,
    &catalog::maileroo::PROVIDER,
    &catalog::mailersend::PROVIDER,
    &catalog::mailgun::PROVIDER,
    &catalog::mailjet::PROVIDER,
    &catalog::mailomat::PROVIDER,
    &catalog::mailpace::PROVIDER,
    &catalog::mailtrap::PROVIDER,
    &catalog::mandrill::PROVIDER,
    &catalog::plunk::PROVIDER,
    &catalog::postal::PROVIDER,
    &catalog::postmark::PROVIDER,
    &catalog::resend::PROVIDER,
    &catalog::scaleway::PROVIDER,
    &catalog::sendgrid::PROVIDER,
    &catalog::ses::PROVIDER,
    &catalog::smtp2go::PROVIDER,
    &catalog::socketlabs::PROVIDER,
    &catalog::sparkpost::PROVIDER,
    &catalog::standard_webhooks::PROVIDER,
    &catalog::sweego::PROVIDER,
    &catalog::unisender_go::PROVIDER,
    &catalog::usesend::PROVIDER,
    &catalog::zeptomail::PROVIDER,
];

/// Services other than email providers, in alphabetical order: their deliveries are recognised and verified, and `send
/// --data` can sign a body as they do. They have no kinds of event, and `all` does not include them.
pub static SCHEMES: &[&Provider] = &[
    &catalog::cloudevents::PROVIDER,
    &catalog::github::PROVIDER,
    &catalog::hubspot::PROVIDER,
    &catalog::rfc9421::PROVIDER,
    &catalog::shopify::PROVIDER,
    &catalog::slack::PROVIDER,
    &catalog::stripe::PROVIDER,
    &catalog::twilio::PROVIDER,
];

/// Every provider, then every service of [`SCHEMES`].
pub fn everyone() -> impl Iterator<Item = &'static Provider> {
    ALL.iter().chain(SCHEMES).copied()
}

/// The provider or service of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    everyone().find(|provider| provider.name == name)
}

/// Names of the kinds of event that can be sent for a provider.
pub fn kinds_of(provider: &Provider) -> Vec<&'static str> {
    let has = |kind: Kind| {
        let sent = |row: &EventDef| row.kind == kind && !row.example.is_empty();
        let is_made = kind == Kind::Inbound && provider.inbound.is_some();
        is_made || provider.events.iter().any(sent)
    };
    Kind::ALL
        .into_iter()
        .filter(|kind| has(*kind))
        .map(Kind::name)
        .collect()
}

/// The provider or service with the name nearest to a misspelt one.
pub fn guess(name: &str) -> Option<&'static str> {
    nearest(name, everyone().map(|provider| provider.name))
}

/// Names of the providers and services for which `is` is true, joined by commas.
pub fn names_of(is: impl Fn(&Provider) -> bool) -> String {
    let names: Vec<&str> = everyone()
        .filter(|one| is(one))
        .map(|one| one.name)
        .collect();
    names.join(", ")
}
