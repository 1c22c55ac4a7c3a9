//! The catalogue: what each provider sends and how it signs. Nothing else lists the providers, nor the services that
//! are known only by how they sign.

/// A fixture's text, built into the binary.
macro_rules! example {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/",
            $path,
            ".json"
        ))
    };
}

pub mod catalog;
pub mod diagnose;
pub mod synth;

mod behaviour;
mod challenge;
mod dedup_key;
mod departure;
mod habits;
mod handshake;
mod keys;
mod provenance;
mod provider;
mod read;
mod sns_certificate;

mod custom_scheme;

pub use behaviour::{Batch, Behaviour, Challenge, CompanionHeaders, Handshake};
pub use challenge::Challenged;
pub use custom_scheme::{is_spelled, spelled};
pub use departure::departure_of;
pub use diagnose::{
    Budget, Evidence, Explanation, GUESSES, Hypothesis, beneath, explain, next_step, signed_text,
};
pub use habits::{Fact, Habits};
pub use handshake::Probe;
pub use keys::Keys;
pub use provenance::{Confidence, Page, Provenance};
pub use provider::{
    Bounce, Envelope, EventDef, Fields, Placement, Provider, SchemeVariant, Signal, TimeField,
};
pub use read::{cannot_be_verified, outline, read, recognise, sign, signing_scheme};
pub use sns_certificate::{
    NamedCertificate, Proof, certificate_at, certificate_path, confirms_subscription,
    named_certificate,
};
pub use synth::compiled::CompiledTemplate;
pub use synth::overrides::Overrides;
pub use synth::template::Template;

use crate::webhook::{Kind, nearest};

/// Every provider, in alphabetical order.
pub static ALL: &[&Provider] = &[
    &catalog::activecampaign::PROVIDER,
    &catalog::ahasend::PROVIDER,
    &catalog::azure::PROVIDER,
    &catalog::braze::PROVIDER,
    &catalog::brevo::PROVIDER,
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

/// Services that are no email providers, in alphabetical order: their deliveries are recognised and verified, and a
/// body of one's own can be signed as they do. They have no kinds, and `all` does not mean them.
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

/// Every provider, then every service that only signs.
pub fn everyone() -> impl Iterator<Item = &'static Provider> {
    ALL.iter().chain(SCHEMES).copied()
}

/// The provider or the scheme of that name.
pub fn find(name: &str) -> Option<&'static Provider> {
    everyone().find(|provider| provider.name == name)
}

/// The names that can be sent for a provider: the kinds it has, then its own words.
pub fn kinds_of(provider: &Provider) -> Vec<&'static str> {
    let has = |kind: Kind| {
        provider
            .events
            .iter()
            .any(|row| row.kind == kind && !row.example.is_empty())
    };
    Kind::ALL
        .into_iter()
        .filter(|kind| has(*kind))
        .map(Kind::name)
        .collect()
}

/// The nearest provider or scheme to a name that is not known.
pub fn guess(name: &str) -> Option<&'static str> {
    nearest(name, everyone().map(|provider| provider.name))
}

/// The names of the providers and schemes of which something is true, for a sentence.
pub fn names_of(is: impl Fn(&Provider) -> bool) -> String {
    let names: Vec<&str> = everyone()
        .filter(|one| is(one))
        .map(|one| one.name)
        .collect();
    names.join(", ")
}
