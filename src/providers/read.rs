//! Reads a delivery into a receipt. Reading never fails: anything odd is listed as a problem.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::providers::behaviour::Handshake;
use crate::providers::catalog::{cloudevents, ses};
use crate::providers::provider::{Envelope, EventDef, Provider, Signal, TimeField};
use crate::providers::{ALL, Keys, SCHEMES};
use crate::providers::{dedup_key, departure};
use crate::webhook::{
    Algorithm, Delivery, Document, Event, Key, Kind, Matcher, Predicate, Prefilter, Receipt,
    Recognition, Scheme, Secret, Signature, SigningContext, Verdict, VerifyOptions, address,
    addresses, name_bit,
};

/// Reads a delivery: its provider, its events, and the verdict on its signature. `named` is the provider given by the
/// user; without it the provider is recognised.
pub fn read(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    keys: &Keys,
    verify_options: &VerifyOptions,
) -> Receipt {
    let mut receipt = look(delivery, named, |provider, document| {
        judge_signature(provider, delivery, document, keys, verify_options)
    });
    let is_refused = receipt.signature.verdict == Verdict::Refused;
    if receipt.handshake
        && is_refused
        && !named
            .or_else(|| super::find(receipt.provider?))
            .is_some_and(|provider| is_signed(provider, delivery))
    {
        // Nobody signs a question, so there is nothing to refuse.
        receipt.signature = Signature {
            reason: Some("a handshake: it only asks for an answer, and nothing is signed".into()),
            scheme: receipt.signature.scheme,
            ..Signature::default()
        };
    }
    receipt
}

/// Returns true if a delivery has a signature of that provider.
fn is_signed(provider: &Provider, delivery: &Delivery) -> bool {
    let mut schemes = provider.schemes.iter();
    schemes.any(|scheme| scheme.is_present(delivery, None))
}

/// True if no secret could verify a delivery, because it did not come as signed SNS posts come (raw delivery or
/// EventBridge, say).
pub fn cannot_be_verified(delivery: &Delivery) -> bool {
    Document::of(delivery).is_ok_and(|document| {
        recognise(delivery, Some(&document))
            .is_some_and(|(provider, _)| provider.name == ses::PROVIDER.name)
            && ses::misuse(delivery, &document).is_some()
    })
}

/// Reads the provider and the events of a delivery, without verifying its signature.
pub fn outline(delivery: &Delivery, named: Option<&'static Provider>) -> Receipt {
    look(delivery, named, |_, _| Signature::default())
}

fn look(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    judge: impl FnOnce(&Provider, Option<&Document>) -> Signature,
) -> Receipt {
    let mut receipt = receipt(delivery, named, judge);
    receipt.handshake = is_handshake(delivery, &receipt);
    if receipt.handshake {
        receipt.asks = asking(delivery, receipt.provider);
    }
    receipt
}

/// Title of the provider that sends this handshake: the named one, if it sends such; without a name, the one known for this
/// method.
fn asking(delivery: &Delivery, provider: Option<&str>) -> Option<&'static str> {
    let method = delivery.method.as_str();
    let name = match (provider, method) {
        (Some(name), _) => name,
        (None, "HEAD") => "mandrill",
        (None, "GET") => "mailchimp",
        (None, "OPTIONS") => "cloudevents",
        (None, _) => return None,
    };
    let provider = crate::providers::find(name)?;
    let asks = provider.conduct.handshake.iter().any(|handshake| {
        matches!(
            (handshake, method),
            (Handshake::Head, "HEAD") | (Handshake::Get, "GET") | (Handshake::Options, "OPTIONS")
        )
    });
    asks.then_some(provider.title)
}

fn receipt(
    delivery: &Delivery,
    named: Option<&'static Provider>,
    judge: impl FnOnce(&Provider, Option<&Document>) -> Signature,
) -> Receipt {
    let mut receipt = Receipt::default();
    let document = match Document::of(delivery) {
        Ok(document) => {
            receipt.problems.extend_from_slice(document.problems());
            Some(document)
        }
        Err(_) if is_bare(delivery) => None,
        Err(problem) => {
            receipt.problems.push(problem);
            None
        }
    };
    let recognised = match named {
        Some(provider) => Some((provider, Recognition::Named)),
        None => recognise(delivery, document.as_ref()),
    };
    let Some((provider, reason)) = recognised else {
        return receipt;
    };
    receipt.provider = Some(provider.name);
    receipt.recognised_by = Some(reason);
    receipt.signature = judge(provider, document.as_ref());
    let document = unpacked(provider, delivery, document.as_ref()).or(document);
    if provider.name == ses::PROVIDER.name
        && let Some(document) = &document
        && let Some(why) = ses::misuse(delivery, document).filter(|_| !ses::is_bare(document))
    {
        receipt.problems.push(why.into());
    }
    receipt.identity = dedup_key::of_delivery(provider, delivery, document.as_ref());
    if let Envelope::Own(open) = provider.envelope {
        let opened = open(delivery, document.as_ref());
        if opened.events.is_some() {
            // In that case the body is data, in any format.
            receipt.problems.clear();
        }
        receipt.problems.extend(opened.problems);
        if let Some(events) = opened.events.as_ref().or(document.as_ref()) {
            read_events(provider, delivery, events, &mut receipt);
        }
    } else if let Some(document) = &document {
        receipt.confirm = provider
            .confirm
            .and_then(|at| document.text(at))
            .map(Into::into);
        read_events(provider, delivery, document, &mut receipt);
    }
    receipt
}

/// Recognises the provider of a delivery, and the evidence for it. The order: headers of services that only sign, since
/// their bodies may look like anything; then headers that only one provider sends, since bodies may look alike; then
/// bodies, with the formats shared by several services last; then headers shared by several providers.
pub fn recognise(
    delivery: &Delivery,
    document: Option<&Document>,
) -> Option<(&'static Provider, Recognition)> {
    let names = delivery.headers.bits();
    let by_header = |lead: &HeaderLead| {
        let may_bear = names & lead.name == lead.name;
        let reason = may_bear.then(|| lead.tell.bears(delivery))??;
        Some((lead.provider, reason))
    };
    // A delivery in a CloudEvents envelope may carry another service's signature too.
    let mut packed = None;
    for found in LEADS.schemes.iter().filter_map(by_header) {
        if !found.0.test_secret.is_empty() {
            return Some(found);
        }
        packed = packed.or(Some(found));
    }
    // In such an envelope, only a body signal that asks for the envelope itself takes precedence.
    if let Some(found) = packed {
        let unpacked = cloudevents::unpacked(delivery, document);
        let event = unpacked.as_ref().or(document);
        let inside = event.and_then(|event| by_body(&LEADS.packed_bodies, &Matcher::at(event)));
        return Some(inside.unwrap_or(found));
    }
    if let Some(found) = LEADS.headers.iter().find_map(by_header) {
        return Some(found);
    }
    let found = document.and_then(|document| {
        let look = Matcher::at(document);
        by_body(&LEADS.bodies, &look)
            .or_else(|| by_other_shape(document, &look))
            .or_else(|| by_body(&LEADS.general_bodies, &look))
            .or_else(|| by_later_elements(document))
    });
    found.or_else(|| LEADS.shared_headers.iter().find_map(by_header))
}

/// First of these providers whose signal a body has.
fn by_body(leads: &[BodyLead], look: &Matcher) -> Option<(&'static Provider, Recognition)> {
    let mut leads = leads.iter();
    let lead = leads.find(|lead| look.may_bear(lead.needs) && look.bears(lead.marks))?;
    Some((lead.provider, Recognition::Body(lead.marks)))
}

/// A CloudEvent whose attributes are header fields, put together; none if the provider sends no CloudEvents.
fn unpacked<'a>(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document<'a>>,
) -> Option<Document<'a>> {
    sends_packed(provider)
        .then(|| cloudevents::unpacked(delivery, document))
        .flatten()
}

/// Provider of an event that stands alone where a list is usual, or in a list where it is not.
fn by_other_shape(document: &Document, look: &Matcher) -> Option<(&'static Provider, Recognition)> {
    if let Some(values) = document.values() {
        return by_body(&LEADS.bodies, &Matcher::at(values.first()?));
    }
    let look = look.in_list();
    let mut leads = LEADS.bodies.iter();
    let lead = leads.find(|lead| {
        lead.needs.is_of_list() && look.may_bear(lead.needs) && look.bears(lead.marks)
    })?;
    Some((lead.provider, Recognition::Body(lead.marks)))
}

/// Leading elements of a batch that may be unrecognised.
const ODD_ELEMENTS: usize = 8;

/// Provider of a batch whose first elements match nothing, such as an account event or a text message among email
/// events.
fn by_later_elements(document: &Document) -> Option<(&'static Provider, Recognition)> {
    (1..=ODD_ELEMENTS).find_map(|skipped| {
        let document = document.without_first(skipped)?;
        let look = Matcher::at(&document);
        by_body(&LEADS.bodies, &look).or_else(|| by_body(&LEADS.general_bodies, &look))
    })
}

/// Signals of all providers in the order of recognition, each with a bit mask that rules most of them out cheaply.
static LEADS: LazyLock<Leads> = LazyLock::new(|| Leads {
    schemes: header_leads(SCHEMES, |_| true),
    packed_bodies: body_leads(ALL, sends_packed),
    headers: header_leads(ALL, |tell| !matches!(tell, Signal::SharedHeader(_))),
    bodies: body_leads(ALL, |provider| !provider.is_general),
    general_bodies: body_leads(ALL, |provider| provider.is_general),
    shared_headers: header_leads(ALL, |tell| matches!(tell, Signal::SharedHeader(_))),
});

struct Leads {
    schemes: Vec<HeaderLead>,
    /// Subset of `bodies` whose provider sends CloudEvents.
    packed_bodies: Vec<BodyLead>,
    headers: Vec<HeaderLead>,
    bodies: Vec<BodyLead>,
    /// Of forms that several services share.
    general_bodies: Vec<BodyLead>,
    shared_headers: Vec<HeaderLead>,
}

struct HeaderLead {
    provider: &'static Provider,
    tell: &'static Signal,
    /// Bit of the header name in the mask of [`Headers::bits`](crate::webhook::Headers::bits); 0 if any header may
    /// match.
    name: u64,
}

struct BodyLead {
    provider: &'static Provider,
    marks: &'static [(&'static str, Predicate)],
    needs: Prefilter,
}

/// True if the provider sends CloudEvents: a signal of it asks for `specversion`, which every CloudEvent must have.
fn sends_packed(provider: &Provider) -> bool {
    let is_version = |pointer: &str| pointer.rsplit('/').next() == Some("specversion");
    let asks = |tell: &Signal| match tell {
        Signal::Body(marks) => marks.iter().any(|(pointer, _)| is_version(pointer)),
        Signal::Header(_) | Signal::SharedHeader(_) | Signal::ContentType(_) => false,
    };
    provider.signals.iter().any(asks)
}

/// Signals of each provider, in order.
fn signals(
    providers: &[&'static Provider],
) -> impl Iterator<Item = (&'static Provider, &'static Signal)> {
    providers.iter().flat_map(|provider| {
        let provider: &'static Provider = provider;
        provider.signals.iter().map(move |tell| (provider, tell))
    })
}

fn header_leads(
    providers: &[&'static Provider],
    wanted: impl Fn(&Signal) -> bool,
) -> Vec<HeaderLead> {
    let lead = |(provider, tell): (&'static Provider, &'static Signal)| {
        let name = match tell {
            Signal::Body(_) => return None,
            _ if !wanted(tell) => return None,
            Signal::Header(name) | Signal::SharedHeader(name) => name_bit(name.as_bytes()),
            Signal::ContentType(_) => 0,
        };
        Some(HeaderLead {
            provider,
            tell,
            name,
        })
    };
    signals(providers).filter_map(lead).collect()
}

fn body_leads(
    providers: &[&'static Provider],
    wanted: impl Fn(&Provider) -> bool,
) -> Vec<BodyLead> {
    let lead = |(provider, tell): (&'static Provider, &'static Signal)| match tell {
        Signal::Body(marks) => wanted(provider).then(|| BodyLead {
            provider,
            marks,
            needs: Prefilter::of(marks),
        }),
        Signal::Header(_) | Signal::SharedHeader(_) | Signal::ContentType(_) => None,
    };
    signals(providers).filter_map(lead).collect()
}

/// True for a GET, HEAD or OPTIONS request without a body.
fn is_bare(delivery: &Delivery) -> bool {
    delivery.body.is_empty() && matches!(delivery.method.as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// True for a request that only checks that the URL responds, as providers send before they trust a URL. The URL that
/// was configured may have a query of its own; a query that contains an event makes the request a delivery.
fn is_handshake(delivery: &Delivery, receipt: &Receipt) -> bool {
    let by_itself = |by: Recognition| !matches!(by, Recognition::Named);
    let signals = || !receipt.events.is_empty() || receipt.recognised_by.is_some_and(by_itself);
    is_bare(delivery) && (delivery.told_by_query().is_none() || !signals())
}

/// The scheme that signs a delivery of this provider: the one it is signed by already, else the first that can sign it.
/// None for a delivery that is all query, or whose body lacks the field for the signature.
pub fn signing_scheme(provider: &Provider, delivery: &Delivery) -> Option<&'static Scheme> {
    let mut schemes = provider.schemes.iter().copied();
    let document = schemes
        .clone()
        .any(|scheme| scheme.signature.is_inside())
        .then(|| Document::of(delivery).ok())
        .flatten();
    schemes
        .clone()
        .find(|scheme| scheme.is_present(delivery, document.as_ref()))
        .or_else(|| {
            schemes
                .find(|scheme| !scheme.signature.is_inside() && delivery.told_by_query().is_none())
        })
}

/// Signs a delivery by one of a provider's schemes, and adds the companion headers if that is the first scheme.
pub fn sign(
    provider: &Provider,
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, key, context)?;
    let first = provider.schemes.first();
    match provider.conduct.beside {
        Some(beside) if first.is_some_and(|first| std::ptr::eq(*first, scheme)) => {
            (beside.sign)(delivery, key, context)
        }
        _ => Ok(()),
    }
}

fn judge_signature(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &Keys,
    verify_options: &VerifyOptions,
) -> Signature {
    let general = verdict_of(
        provider,
        delivery,
        document,
        keys.given(provider),
        || keys.tried(provider),
        verify_options,
    );
    let mut signature =
        departure::judged(provider, delivery, document, keys, verify_options, general);
    if signature.verdict == Verdict::Verified
        && signature
            .key
            .is_some_and(|at| keys.is_certificate(provider, at))
    {
        let own = "with the certificate from `--secret`, whose chain is not checked";
        signature.reason = Some(match signature.reason {
            Some(reason) => format!("{reason}; {own}"),
            None => own.into(),
        });
    }
    if !signature.verdict.holds()
        && provider.name == ses::PROVIDER.name
        && let Some(why) = document.and_then(|document| ses::misuse(delivery, document))
    {
        signature.reason = Some(why.into());
    } else if signature.verdict == Verdict::Unchecked
        && let Some(why) = keys.missing(provider)
    {
        signature.reason = Some(why);
    }
    signature
}

/// Verifies a signature with these keys; `test` returns the test key where it may be tried.
pub(super) fn verdict_of<'a>(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    keys: &[Key],
    test: impl Fn() -> Option<&'a Key>,
    verify_options: &VerifyOptions,
) -> Signature {
    let verify =
        |scheme: &&'static Scheme| scheme.verify(delivery, document, keys, &test, verify_options);
    // Credentials that the user names may be in any header.
    let shows = |scheme: &Scheme| {
        let named = keys.iter().any(|key| matches!(key, Key::Credentials(_)));
        named && scheme.algorithm == Algorithm::Credentials
    };
    // Where a delivery has several signatures (a parent account's beside the account's own), one valid signature is
    // enough.
    let mut present = provider
        .schemes
        .iter()
        .filter(|scheme| scheme.is_present(delivery, document) || shows(scheme))
        .map(verify);
    let signature = match present.next() {
        Some(first) if first.verdict.holds() => first,
        Some(first) => present.find(|other| other.verdict.holds()).unwrap_or(first),
        None => provider.schemes.first().map(verify).unwrap_or_default(),
    };
    if signature.verdict.holds() {
        return signature;
    }
    setup_verdict(provider, delivery, document, verify_options).unwrap_or(signature)
}

/// Verdict on the check of a new URL that a provider signs with a public key: accepted only for a batch without events;
/// none for anything else.
fn setup_verdict(
    provider: &Provider,
    delivery: &Delivery,
    document: Option<&Document>,
    verify_options: &VerifyOptions,
) -> Option<Signature> {
    let secret = provider.conduct.setup_secret?;
    let Envelope::Text(at, _) = provider.envelope else {
        return None;
    };
    let document = document?;
    // A handler that reads another field of the form, or the last of two, must not be given events that anyone could
    // have signed.
    if document.members().is_none_or(|fields| fields.len() != 1) {
        return None;
    }
    let text = document.text(at)?;
    let events = Document::json(text.as_bytes()).ok()?;
    if events.values().is_none_or(|events| !events.is_empty()) {
        return None;
    }
    let scheme = provider.schemes.first()?;
    let key = scheme.key.key(&Secret::new(secret))?;
    let signature = scheme.verify(delivery, Some(document), &[], || Some(&key), verify_options);
    signature.verdict.holds().then(|| Signature {
        reason: Some(format!(
            "the check of a new URL, signed with the public key `{secret}`"
        )),
        ..signature
    })
}

fn read_events(
    provider: &Provider,
    delivery: &Delivery,
    document: &Document,
    receipt: &mut Receipt,
) {
    // Whole bodies in a list, as somebody keeps them, are read one by one.
    let is_body = |it: &&Document| match provider.envelope {
        Envelope::Text(at, _) | Envelope::List(at) => it.at(at).is_some(),
        Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => false,
    };
    let bodies = document.values().unwrap_or_default();
    if bodies.first().filter(is_body).is_some() {
        for body in bodies {
            read_body(provider, delivery, body, receipt);
        }
    } else {
        read_body(provider, delivery, document, receipt);
    }
    let unknown = receipt
        .events
        .iter()
        .filter(|event| event.native.is_empty())
        .count();
    if unknown > 0 && !provider.events.is_empty() {
        receipt.problems.push(format!(
            "{unknown} of {} events are of no kind that {} has",
            receipt.events.len(),
            provider.title
        ));
    }
}

/// Takes the events of one body out of their envelope.
fn read_body(provider: &Provider, delivery: &Delivery, document: &Document, receipt: &mut Receipt) {
    let (inner_text, listed) = match provider.envelope {
        Envelope::Plain | Envelope::Only(_) | Envelope::Own(_) => (None, None),
        Envelope::Text(at, _) => (document.text(at).or_else(|| only_text(document)), None),
        Envelope::List(at) => (None, document.at(at).filter(|it| it.is_list())),
    };
    let inner = inner_text
        .as_deref()
        .and_then(|text| Document::json(text.as_bytes()).ok());
    match &inner {
        // A bare text or number inside is no event; the envelope is.
        Some(inner) if inner.is_map() || inner.is_list() => {
            read_each(provider, delivery, inner, receipt);
        }
        _ => read_each(provider, delivery, listed.unwrap_or(document), receipt),
    }
}

/// The text of a body with a single member, whatever the name of the member.
fn only_text<'d>(document: &'d Document) -> Option<Cow<'d, str>> {
    match document.members() {
        Some([(_, text)]) => text.as_text(),
        _ => None,
    }
}

/// Reads the events of a list, or the only event.
fn read_each(provider: &Provider, delivery: &Delivery, root: &Document, receipt: &mut Receipt) {
    let events = root.values().unwrap_or(std::slice::from_ref(root));
    for event in events {
        let parts = provider.split.and_then(|split| split(event));
        for event in parts.as_deref().unwrap_or(std::slice::from_ref(event)) {
            read_event(provider, delivery, event, &mut receipt.events);
        }
    }
    if let (None, Some(event), Some(found)) =
        (receipt.identity, receipt.events.first(), events.first())
    {
        receipt.identity = dedup_key::of_event(provider, event, found);
    }
}

/// Reads an event; it counts as one event for each recipient that it names.
fn read_event(provider: &Provider, delivery: &Delivery, event: &Document, into: &mut Vec<Event>) {
    let fields = &provider.fields;
    let event = match provider.envelope {
        Envelope::Only(at) => only(event, at, provider.native),
        _ => event,
    };
    let look = Matcher::at(event);
    let row: Option<&EventDef> = provider.events.iter().find(|row| look.bears(row.marks));
    let text = |pointers: &[&str]| {
        let text = pointers.iter().find_map(|at| text_of(event, at, 0));
        text.map(Cow::into_owned)
    };
    let is_inside = |location: &&&str| location.starts_with('/');
    let inside = provider.native.iter().filter(is_inside);
    let mut outside = provider
        .native
        .iter()
        .filter(|location| !is_inside(location));
    let native = inside
        .copied()
        .find_map(|location| event.text(location))
        .filter(|text| !text.is_empty())
        .map(|text| text.into_owned())
        .or_else(|| outside.find_map(|name| delivery.headers.text(name).map(str::to_owned)))
        .or_else(|| row.map(|row| row.native.to_owned()))
        .unwrap_or_default();
    let has_message = row.is_none_or(|row| row.has_message);
    let mut ids = fields.message_id.iter();
    let id = || ids.find_map(|at| text_of(event, at, 0).filter(|id| id != NO_ID));
    let message_id = has_message.then(id).flatten().map(Cow::into_owned);
    let message_id = message_id.map(|id| match fields.message_id_end {
        Some(end) => id.split(end).next().unwrap_or_default().to_owned(),
        None => id,
    });
    let kind = row.map_or(Kind::Other, |row| row.kind);
    let recipient = fields
        .recipient
        .iter()
        .find_map(|at| Some((*at, text_of(event, at, 0)?)));
    let reason = |nth| {
        let mut reasons = fields.reason.iter();
        reasons
            .find_map(|at| text_of(event, at, nth))
            .map(Cow::into_owned)
            .or_else(|| together(event, fields.reason_parts))
    };
    let first = Event {
        kind,
        native,
        recipient: recipient.as_ref().map(|(_, text)| address(text).to_owned()),
        message_id,
        at: fields.at.iter().find_map(|stamp| stamp.read(event)),
        url: if kind == Kind::Click {
            text(fields.url)
        } else {
            None
        },
        bounce: row.and_then(|row| row.bounce),
        reason: reason(0),
    };
    let others = recipient.iter().flat_map(|(at, text)| {
        let in_text = text.contains(',').then(|| addresses(text).skip(1));
        let in_text = in_text.into_iter().flatten();
        let each = 1..listed(event, at);
        let in_list = each.filter_map(|nth| Some((nth, text_of(event, at, nth)?)));
        in_text.map(|one| (0, Cow::from(one))).chain(in_list)
    });
    let others: Vec<Event> = others
        .map(|(nth, text)| Event {
            recipient: Some(address(&text).to_owned()),
            reason: reason(nth),
            ..first.clone()
        })
        .collect();
    into.push(first);
    into.extend(others);
}

/// Number in place of a message's id where there is no message.
const NO_ID: &str = "0";

/// The text at a location, if it is not blank; a step `*` is the `nth` value of a list.
fn text_of<'d>(event: &'d Document, location: &str, nth: usize) -> Option<Cow<'d, str>> {
    let text = match of_each(location) {
        None => event.text(location),
        Some((list, below)) => event.at(list)?.values()?.get(nth)?.text(below),
    };
    text.filter(|text| !text.trim().is_empty())
}

/// Length of the list at a location with a step `*`; 0 for a location without one.
fn listed(event: &Document, location: &str) -> usize {
    let list = of_each(location).and_then(|(list, _)| event.at(list)?.values());
    list.map_or(0, <[_]>::len)
}

/// Splits a location at its step `*`: the pointer of the list, and the rest.
pub(super) fn of_each(location: &str) -> Option<(&str, &str)> {
    // Locations are short: a plain loop is faster than setting up a search.
    let star = location.bytes().position(|byte| byte == b'*')?;
    Some((
        location.get(..star.checked_sub(1)?)?,
        location.get(star + 1..)?,
    ))
}

/// The texts at these locations, joined by `: `; none if all are missing.
fn together(event: &Document, places: &[&str]) -> Option<String> {
    let texts: Vec<_> = places
        .iter()
        .filter_map(|at| text_of(event, at, 0))
        .collect();
    (!texts.is_empty()).then(|| texts.join(": "))
}

/// The only member of the object at this pointer, or of several the one that says what it is; else the event itself.
fn only<'a, 'b>(event: &'a Document<'b>, at: &str, native: &[&str]) -> &'a Document<'b> {
    match event.at(at).and_then(Document::members) {
        Some([(_, inner)]) if inner.is_map() => inner,
        Some(several) => {
            let mut several = several.iter().map(|(_, inner)| inner);
            several
                .find(|inner| inner.is_map() && inner.first(native).is_some())
                .unwrap_or(event)
        }
        None => event,
    }
}

impl Provider {
    /// True if a body alone identifies this provider.
    pub fn claims_body(&self, document: &Document) -> bool {
        let look = Matcher::at(document);
        self.signals
            .iter()
            .any(|tell| matches!(tell, Signal::Body(marks) if look.bears(marks)))
    }
}

impl Signal {
    /// Matches the signal against the headers of a delivery; a body signal never matches here.
    pub fn bears(&self, delivery: &Delivery) -> Option<Recognition> {
        match self {
            Signal::Header(name) | Signal::SharedHeader(name) => {
                let there = delivery.headers.get(name).is_some();
                there.then_some(Recognition::Header(name))
            }
            Signal::ContentType(wanted) => {
                let kind = delivery.headers.text("content-type")?.trim_start();
                let begins = kind
                    .get(..wanted.len())
                    .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
                begins.then_some(Recognition::ContentType(wanted))
            }
            Signal::Body(_) => None,
        }
    }
}

impl TimeField {
    /// JSON pointer to the time.
    pub fn pointer(&self) -> &'static str {
        match self {
            TimeField::Rfc3339(pointer, _)
            | TimeField::Like(pointer)
            | TimeField::Utc(pointer, _)
            | TimeField::Seconds(pointer)
            | TimeField::LastSeconds(pointer)
            | TimeField::Fraction(pointer)
            | TimeField::Millis(pointer)
            | TimeField::Local(pointer) => pointer,
        }
    }

    /// Reads the time from an event.
    pub fn read(&self, event: &Document) -> Option<Timestamp> {
        let pointer = self.pointer();
        let text = match self {
            TimeField::LastSeconds(_) => {
                let name = pointer.strip_prefix('/')?;
                let mut fields = event.members()?.iter().rev();
                fields.find(|(at, _)| at == name)?.1.as_text()?
            }
            _ => event.text(pointer)?,
        };
        self.parse(&text)
    }

    /// Parses a time as this provider writes it, and leniently: for display only.
    pub fn parse(&self, text: &str) -> Option<Timestamp> {
        self.as_written(text).or_else(|| in_any_form(text))
    }

    /// Parses a time in the provider's own form.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked by the timestamp"
    )]
    fn as_written(&self, text: &str) -> Option<Timestamp> {
        match self {
            TimeField::Rfc3339(..) | TimeField::Like(_) => text.parse().ok(),
            TimeField::Utc(_, form) => text.parse().ok().or_else(|| {
                let civil = DateTime::strptime(form, text).ok()?;
                TimeZone::UTC.to_timestamp(civil).ok()
            }),
            TimeField::Local(_) => {
                let local: DateTime = text.parse().ok()?;
                TimeZone::UTC.to_timestamp(local).ok()
            }
            TimeField::Seconds(_)
            | TimeField::LastSeconds(_)
            | TimeField::Fraction(_)
            | TimeField::Millis(_) => {
                // Some senders write a date instead.
                if text.contains(':') {
                    return text.parse().ok();
                }
                match text.parse::<i64>() {
                    // Some senders write milliseconds where seconds are documented, some the other way round.
                    Ok(whole) if whole >= 1_000_000_000_000 => {
                        Timestamp::from_millisecond(whole).ok()
                    }
                    Ok(whole) => Timestamp::from_second(whole).ok(),
                    Err(_) => Timestamp::from_microsecond(
                        (text.parse::<f64>().ok().filter(|it| it.is_finite())? * 1e6).round()
                            as i64,
                    )
                    .ok(),
                }
            }
        }
    }
}

/// The year 2001, in seconds: a smaller number is a date, or a count.
const LEAST_SECONDS: f64 = 1e9;

/// Parses a time in any common form: many providers do not document theirs, or have changed it. Without a zone it is UTC.
fn in_any_form(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let is_time = number.is_finite() && number >= LEAST_SECONDS;
        return is_time.then(|| TimeField::Seconds("").as_written(text))?;
    }
    let utc = |civil: DateTime| TimeZone::UTC.to_timestamp(civil).ok();
    let mut zones = ["UTC", "GMT", "Z"].iter();
    let plain = zones.find_map(|zone| text.strip_suffix(zone));
    let plain = plain.unwrap_or(text).trim_end();
    text.parse()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", text).ok())
        .or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp()))
        .or_else(|| utc(plain.parse().ok()?))
        .or_else(|| utc(DateTime::strptime("%a %b %d %H:%M:%S %Y", plain).ok()?))
}
