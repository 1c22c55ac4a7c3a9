//! The catalogue: the events and the signature scheme of each provider. [`ALL`] and [`SCHEMES`] are the only lists of
//! providers and of services known by their signatures alone. To add one, see the guide in `provider.rs`.

/// The text of a fixture under `fixtures/`, built into the binary.
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
pub mod inbound;
pub mod shape;
pub mod synth;

mod behaviour;
mod challenge;
mod custom_scheme;
mod dedup_key;
mod departure;
mod event_words;
mod example_places;
mod habits;
mod handshake;
mod keys;
mod provenance;
mod provider;
mod reading;
mod registry;
mod signature_input;
mod sns_certificate;

pub use behaviour::{Batch, Behaviour, Challenge, CompanionHeaders, Handshake};
pub use challenge::Challenged;
pub use custom_scheme::{custom_scheme, is_custom_scheme};
pub use departure::departure_of;
pub use diagnose::{
    Budget, Evidence, Explanation, HYPOTHESES, Hypothesis, explain, lacks_url, next_step,
    outline_beneath, read_beneath, read_beneath_where, signed_text,
};
pub use event_words::words_of;
pub use habits::{Fact, Habits};
pub use handshake::HandshakeRequest;
pub use inbound::content_api::{ApiAnswer, ContentApi, ContentRequest};
pub use inbound::definition::{Inbound, InboundForm, SizeLimit};
pub use inbound::incoming::{FilterResults, IncomingMessage};
pub use keys::Keys;
pub use provenance::{Confidence, Page, Provenance};
pub use provider::{
    Bounce, Envelope, EventDef, Fields, Placement, Provider, SchemeVariant, Signal, TimeField,
};
pub use reading::{cannot_be_verified, outline, read, read_where, recognise, sign, signing_scheme};
pub use registry::{ALL, SCHEMES, everyone, find, guess, kinds_of, names_of};
pub use shape::deviation::{Deviation, Missing, Observed, Seen, What};
pub use shape::expected::Expected;
pub use shape::provider_shape::{ProviderShape, shape_of};
pub use sns_certificate::{
    NamedCertificate, Proof, certificate_at, certificate_path, confirms_subscription,
    named_certificate,
};
pub use synth::change::{names_no_place, typed};
pub use synth::compiled::CompiledTemplate;
pub use synth::generator::{Outgoing, RandomStreams};
pub use synth::overrides::Overrides;
pub use synth::recorded_change::PlaceChanges;
pub use synth::template::Template;
