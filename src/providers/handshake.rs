//! Requests by which a provider checks a new URL or reports on the webhook itself: `send --handshake`.

use crate::error::Result;
use crate::providers::behaviour::Handshake;
use crate::providers::provider::Provider;
use crate::providers::synth::template::Template;

/// Request about the webhook itself, without an event of a message.
#[derive(Debug)]
pub struct HandshakeRequest {
    /// Name to type after `--handshake`.
    pub name: &'static str,
    /// Secret that signs the request while the webhook has no secret of its own.
    pub secret: Option<&'static str>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// A request of this method without a body; nothing is signed.
    Bare(&'static str),
    /// A list without events.
    Empty,
    /// The example of the event with this native name.
    EventDef(&'static str),
}

impl HandshakeRequest {
    /// All such requests of a provider, in its order.
    pub fn all(provider: &Provider) -> Vec<HandshakeRequest> {
        let conduct = &provider.conduct;
        let asked = conduct.handshake.iter().map(|handshake| {
            let (name, shape) = match *handshake {
                Handshake::Head => ("head", Shape::Bare("HEAD")),
                Handshake::Get => ("get", Shape::Bare("GET")),
                Handshake::Options => ("options", Shape::Bare("OPTIONS")),
                Handshake::EmptyBatch => ("test-webhook", Shape::Empty),
                Handshake::Event(name) => (name, Shape::EventDef(name)),
                Handshake::Challenge(challenge) => {
                    (challenge.event, Shape::EventDef(challenge.event))
                }
            };
            HandshakeRequest {
                name,
                secret: conduct.setup_secret,
                shape,
            }
        });
        let later = conduct.later.iter().map(|name| HandshakeRequest {
            name,
            secret: None,
            shape: Shape::EventDef(name),
        });
        asked.chain(later).collect()
    }

    /// True if the typed name is contained in this one, in any case.
    pub fn is_meant(&self, typed: &str) -> bool {
        self.name
            .to_ascii_lowercase()
            .contains(&typed.to_ascii_lowercase())
    }

    /// The template of the request.
    pub fn template(&self, provider: &'static Provider) -> Result<Template> {
        match self.shape {
            Shape::Bare(method) => {
                let mut template = Template::bare(provider);
                template.ask(method, provider.conduct.asks_with);
                Ok(template)
            }
            Shape::Empty => {
                let example = provider.events.iter().find(|row| !row.example.is_empty());
                let example = example.map_or("", |row| row.example);
                Template::of_example(provider, example).map(Template::emptied)
            }
            Shape::EventDef(name) => {
                let row = provider.events.iter().find(|row| row.native == name);
                Template::of_example(provider, row.map_or("", |row| row.example))
            }
        }
    }
}
