//! Deliveries made from the description of a request.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::checks::mail::prepared_mail::PreparedMail;
use crate::checks::{CheckRequest, Context, Payload};
use crate::providers;
use crate::providers::{
    ApiAnswer, CompiledTemplate, HandshakeRequest, Outgoing, Provider, RandomStreams, Template,
};
use crate::webhook::{Delivery, Rng, Secret, Tamper, set_topic};

/// Request whose template is compiled, to make any number of deliveries.
#[derive(Debug)]
pub struct PreparedRequest {
    request: CheckRequest,
    content: RequestSource,
    /// Headers of the user, then those of the request.
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Source of the deliveries of a request.
#[derive(Debug)]
enum RequestSource {
    /// Example of an event, or of a handshake.
    Template(Box<CompiledTemplate>),
    /// Message that came in.
    Mail(PreparedMail),
}

impl PreparedRequest {
    /// Compiles the template of a request.
    pub fn new(request: &CheckRequest, context: &Context) -> Result<PreparedRequest, String> {
        let own = request.headers.iter().map(|(name, value)| {
            let (name, value) = (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            (name, value)
        });
        Ok(PreparedRequest {
            content: content(request, context)?,
            headers: context.headers.iter().cloned().chain(own).collect(),
            request: request.clone(),
        })
    }

    /// Creates delivery `number`, which differs from others in its ids, signed at this time.
    pub fn delivery(
        &self,
        number: u64,
        context: &Context,
        signed: Timestamp,
    ) -> Result<Delivery, String> {
        let request = &self.request;
        let (mut delivery, mut rng) = self.unsigned(number, context)?;
        let tamper = request.tamper.map(|name| {
            let tamper = Tamper::find(name);
            tamper.ok_or_else(|| format!("unknown tampering `{name}`"))
        });
        let outgoing = Outgoing {
            provider: context.provider,
            target: &context.target,
            headers: &self.headers,
            public_url: context.public_url.as_deref(),
            tamper: tamper.transpose()?,
            at: signed.checked_add(request.later).unwrap_or(signed),
        };
        outgoing.address(&mut delivery);
        // Before the handshake there is no secret yet.
        if !matches!(request.payload, Payload::Handshake(_)) {
            sign(
                &outgoing,
                context,
                request.by_test_key,
                &mut delivery,
                &mut rng,
            )?;
        }
        Ok(delivery)
    }

    /// Fills in the template, from the random streams of `send --seed`.
    fn unsigned(&self, number: u64, context: &Context) -> Result<(Delivery, Rng), String> {
        let streams = RandomStreams(self.request.seed(context));
        let mut rng = streams.delivery(number);
        let at = self.request.at(context);
        let mut delivery = match &self.content {
            RequestSource::Template(compiled) => {
                let first = number * compiled.lives() as u64;
                let message = |index: usize| streams.message(first + index as u64);
                compiled.fill(at, &mut rng, message)
            }
            RequestSource::Mail(mail) => mail.fill(at, &mut rng, &mut streams.message(number))?,
        };
        if let Payload::Body(_, body, _) = &self.request.payload {
            delivery.body = Bytes::clone(body);
        }
        Ok((delivery, rng))
    }

    /// Answers of the provider's content API about delivery `number`, for a server at `origin`.
    pub fn answers(
        &self,
        number: u64,
        context: &Context,
        delivery: &Delivery,
        origin: &str,
    ) -> Vec<ApiAnswer> {
        let streams = RandomStreams(self.request.seed(context));
        let at = self.request.at(context);
        match &self.content {
            RequestSource::Template(_) => Vec::new(),
            RequestSource::Mail(mail) => {
                mail.answers(at, &mut streams.message(number), delivery, origin)
            }
        }
    }
}

impl CheckRequest {
    /// Creates the delivery, signed at this time.
    pub fn make(&self, context: &Context, signed: Timestamp) -> Result<Delivery, String> {
        PreparedRequest::new(self, context)?.delivery(0, context, signed)
    }

    /// Creates the delivery without a signature, to inspect.
    pub fn bare(&self, context: &Context) -> Option<Delivery> {
        let prepared = PreparedRequest::new(self, context).ok()?;
        Some(prepared.unsigned(0, context).ok()?.0)
    }
}

impl Context {
    /// Sample delivery, to inspect.
    pub(super) fn sample(&self) -> Option<Delivery> {
        CheckRequest::event(self.event()).bare(self)
    }

    /// True if bodies are forms.
    pub(super) fn is_form(&self) -> bool {
        self.sample().is_some_and(|sample| {
            let kind = sample.headers.text("content-type").unwrap_or_default();
            let kinds = ["application/x-www-form-urlencoded", "multipart/form-data"];
            kinds.iter().any(|form| kind.starts_with(form))
        })
    }
}

/// Signs a delivery with the user's secret, or with the public test key.
fn sign(
    outgoing: &Outgoing,
    context: &Context,
    by_test_key: bool,
    delivery: &mut Delivery,
    rng: &mut Rng,
) -> Result<(), String> {
    if let Some(topic) = &context.topic {
        // Only SNS messages have a topic.
        let _ = set_topic(delivery, topic);
    }
    let scheme = providers::signing_scheme(context.provider, delivery);
    let (Some(scheme), Some(own)) = (scheme, &context.key) else {
        return Ok(());
    };
    let test_secret = Secret::new(context.provider.test_secret);
    let test = by_test_key.then(|| scheme.key.key(&test_secret)).flatten();
    outgoing.sign(scheme, test.as_ref().unwrap_or(own), delivery, rng)
}

fn content(request: &CheckRequest, context: &Context) -> Result<RequestSource, String> {
    let Some(mode) = context.mail else {
        return Ok(RequestSource::Template(Box::new(compiled(
            request, context,
        )?)));
    };
    let provider = context.provider;
    let inbound = provider.inbound;
    let inbound = inbound.ok_or_else(|| format!("{} has no inbound mail", provider.title))?;
    let payload = match &request.payload {
        Payload::Mail(payload) => Some(payload),
        _ => None,
    };
    PreparedMail::new(inbound, mode, payload).map(RequestSource::Mail)
}

fn compiled(request: &CheckRequest, context: &Context) -> Result<CompiledTemplate, String> {
    let overrides = &request.overrides;
    let provider = context.provider;
    match &request.payload {
        Payload::Handshake(method) => Ok(CompiledTemplate::new(
            &handshake(provider, method)?,
            overrides,
        )),
        Payload::Event(name) => {
            let template = template(provider, name, request.by_machine)?;
            Ok(CompiledTemplate::new(&template, overrides))
        }
        Payload::Body(name, ..) => {
            let template = template(provider, name, false)?;
            Ok(CompiledTemplate::new(&template, overrides))
        }
        Payload::Mail(_) => Err("a message is sent as inbound mail only".to_owned()),
        Payload::Batch(name, count) => {
            let template = template(provider, name, false)?;
            let compiled = CompiledTemplate::batch(&[&template], usize::from(*count), overrides);
            compiled.ok_or_else(|| "there is nothing to batch".to_owned())
        }
    }
}

fn handshake(provider: &'static Provider, method: &Method) -> Result<Template, String> {
    let mut requests = HandshakeRequest::all(provider).into_iter();
    let request = requests.find(|request| request.name.eq_ignore_ascii_case(method.as_str()));
    let request = request.ok_or_else(|| format!("{} sends no {method}", provider.title))?;
    let template = request.template(provider);
    template.map_err(|error| error.to_string())
}

fn template(provider: &'static Provider, name: &str, by_machine: bool) -> Result<Template, String> {
    let row = provider
        .row(name)
        .ok_or_else(|| format!("{} sends no `{name}`", provider.title))?;
    let template = match by_machine {
        true => Template::of_machine(provider, row),
        false => Template::new(provider, row, None),
    };
    template.map_err(|error| error.to_string())
}
