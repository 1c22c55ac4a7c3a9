//! The catalogue: what each provider sends and how it signs. Nothing else lists the providers, nor the services that
//! are known only by how they sign.

/// A fixture's text, built into the binary.
macro_rules! example {
    ($path:literal) => {
        include_str!(concat!("../../fixtures/", $path, ".json"))
    };
}

mod carry;
mod certificate;
mod challenge;
mod change;
mod conduct;
mod departure;
mod form;
mod guess;
mod habits;
mod identity;
mod keys;
mod origin;
mod parts;
mod probe;
mod read;
mod spellings;
mod stencil;
mod template;
mod tries;
mod wish;

mod activecampaign;
mod ahasend;
mod azure;
mod braze;
mod brevo;
mod cloudevents;
mod customerio;
mod elasticemail;
mod emailit;
mod forwardemail;
mod generic;
mod github;
mod hubspot;
mod infobip;
mod iterable;
mod klaviyo;
mod lettermint;
mod loops;
mod mailchimp;
mod maileroo;
mod mailersend;
mod mailgun;
mod mailjet;
mod mailomat;
mod mailpace;
mod mailtrap;
mod mandrill;
mod plunk;
mod postal;
mod postmark;
mod resend;
mod rfc9421;
mod scaleway;
mod sendgrid;
mod ses;
mod shopify;
mod slack;
mod smtp2go;
mod socketlabs;
mod sparkpost;
mod spelled;
mod standard_webhooks;
mod stripe;
mod sweego;
mod twilio;
mod unisender_go;
mod usesend;
mod zeptomail;

pub use certificate::{
    NamedCertificate, Proof, certificate_at, certificate_path, confirms_subscription,
    named_certificate,
};
pub use challenge::Challenged;
pub use conduct::{Batch, Beside, Challenge, Conduct, Handshake};
pub use departure::departure_of;
pub use form::{Bounce, Carry, Departure, Envelope, Fields, Provider, Row, Stamp, Tell};
pub use guess::{
    Case, Effort, Explanation, GUESSES, Guess, beneath, explain, next_step, signed_text,
};
pub use habits::{Fact, Habits};
pub use keys::Keys;
pub use origin::{Origin, Page, Standing};
pub use probe::Probe;
pub use read::{cannot_be_verified, outline, read, recognise, sign, signing_scheme};
pub use spelled::{is_spelled, spelled};
pub use stencil::Stencil;
pub use template::Template;
pub use wish::Wish;

use crate::webhook::{Kind, nearest};

/// Every provider, in alphabetical order.
pub static ALL: &[&Provider] = &[
    &activecampaign::PROVIDER,
    &ahasend::PROVIDER,
    &azure::PROVIDER,
    &braze::PROVIDER,
    &brevo::PROVIDER,
    &customerio::PROVIDER,
    &elasticemail::PROVIDER,
    &emailit::PROVIDER,
    &forwardemail::PROVIDER,
    &generic::PROVIDER,
    &infobip::PROVIDER,
    &iterable::PROVIDER,
    &klaviyo::PROVIDER,
    &lettermint::PROVIDER,
    &loops::PROVIDER,
    &mailchimp::PROVIDER,
    &maileroo::PROVIDER,
    &mailersend::PROVIDER,
    &mailgun::PROVIDER,
    &mailjet::PROVIDER,
    &mailomat::PROVIDER,
    &mailpace::PROVIDER,
    &mailtrap::PROVIDER,
    &mandrill::PROVIDER,
    &plunk::PROVIDER,
    &postal::PROVIDER,
    &postmark::PROVIDER,
    &resend::PROVIDER,
    &scaleway::PROVIDER,
    &sendgrid::PROVIDER,
    &ses::PROVIDER,
    &smtp2go::PROVIDER,
    &socketlabs::PROVIDER,
    &sparkpost::PROVIDER,
    &standard_webhooks::PROVIDER,
    &sweego::PROVIDER,
    &unisender_go::PROVIDER,
    &usesend::PROVIDER,
    &zeptomail::PROVIDER,
];

/// Services that are no email providers, in alphabetical order: their deliveries are recognised and verified, and a
/// body of one's own can be signed as they do. They have no kinds, and `all` does not mean them.
pub static SCHEMES: &[&Provider] = &[
    &cloudevents::PROVIDER,
    &github::PROVIDER,
    &hubspot::PROVIDER,
    &rfc9421::PROVIDER,
    &shopify::PROVIDER,
    &slack::PROVIDER,
    &stripe::PROVIDER,
    &twilio::PROVIDER,
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
            .rows
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
