//! Resilience checks: a handler responds to malformed requests, and never with a fault of its own.

use bytes::Bytes;
use serde_json::Value;

use crate::checks::check::HTTP;
use crate::checks::{Check, CheckRequest, CheckSteps, Context, Group, batch, expect};
use crate::providers::Envelope;
use crate::webhook::{Delivery, splice};

pub(super) static CHECKS: &[&Check] = &[
    &Check {
        name: "malformed",
        group: Group::Resilience,
        title: "a malformed body must not crash the handler",
        sends: "half of an object, the body of an event cut in half, and bytes that are not UTF-8, signed if the \
                signature is outside the body",
        expects: "no 5xx and no timeout; 400 is right",
        why: "after a 5xx the provider retries the same broken body for days, and the log fills with errors that hide \
              real ones",
        advice: "catch the exceptions of the parser, and return 400",
        page: HTTP,
        alone: false,
        plan: malformed,
        judge: expect::unharmed,
    },
    &Check {
        name: "empty-body",
        group: Group::Resilience,
        title: "an empty body must not crash the handler",
        sends: "an event's request without its body",
        expects: "no 5xx and no timeout",
        why: "monitors, scanners and wrong configurations send such requests",
        advice: "catch the exceptions of the parser, and return 400",
        page: HTTP,
        alone: false,
        plan: |context| {
            CheckSteps::each([CheckRequest::body(context.event(), Bytes::new())
                .labelled("an event without a body")
                .numbered(901)])
        },
        judge: expect::unharmed,
    },
    &Check {
        name: "other-json",
        group: Group::Resilience,
        title: "JSON of another form must not crash the handler",
        sends: "`null`, a number, a string, an empty object and a list of null instead of an event",
        expects: "no 5xx and no timeout",
        why: "`body.event` of null is the most common crash of all",
        advice: "check the type before you use a field, and return 400 if it is wrong",
        page: HTTP,
        alone: false,
        plan: other_json,
        judge: expect::unharmed,
    },
    &Check {
        name: "deep-json",
        group: Group::Resilience,
        title: "deeply nested JSON must not crash the handler",
        sends: "lists nested 5000 deep",
        expects: "no 5xx and no timeout",
        why: "recursive parsers run out of stack, and some of them end the process",
        advice: "verify before you parse; catch the exceptions of the parser, `RecursionError` in Python too",
        page: HTTP,
        alone: false,
        plan: deep_json,
        judge: expect::unharmed,
    },
    &Check {
        name: "content-type",
        group: Group::Resilience,
        title: "another content type must not crash the handler",
        sends: "an event's body as `text/plain`, and as `multipart/form-data` without a boundary",
        expects: "no 5xx and no timeout",
        why: "frameworks choose a parser by this header, and a handler that gets no parsed body crashes",
        advice: "read the raw body for any content type, or return 415",
        page: HTTP,
        alone: false,
        plan: content_type,
        judge: expect::unharmed,
    },
    &Check {
        name: "large-body",
        group: Group::Resilience,
        title: "a body of 1 MiB must not crash the handler",
        sends: "a body of 1 MiB, signed if the signature is outside the body",
        expects: "no 5xx and no timeout; 413 is right",
        why: "without a limit a server can run out of memory, and a limit that throws an exception is a 500",
        advice: "set a limit of a few megabytes, and return 413 above it",
        page: HTTP,
        alone: false,
        plan: large,
        judge: expect::unharmed,
    },
    &Check {
        name: "gzip",
        group: Group::Resilience,
        title: "a compressed body must not crash the handler",
        sends: "an event's body as gzip, with `Content-Encoding: gzip`",
        expects: "no 5xx and no timeout; 415 is right",
        why: "a framework that decompresses before you verify changes the signed bytes, and one that does not passes \
              binary data to the parser",
        advice: "reject compressed bodies with 415, or decompress them with a limit",
        page: HTTP,
        alone: false,
        plan: gzip,
        judge: expect::unharmed,
    },
];

fn request(context: &Context, body: impl Into<Bytes>, what: &str, number: u64) -> CheckRequest {
    CheckRequest::body(context.event(), body)
        .labelled(what)
        .numbered(number)
}

/// Body with this text in place of the events; none if there is no such place.
fn holding(context: &Context, text: &str) -> Option<Bytes> {
    let sample = context.sample()?;
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    match context.provider.envelope {
        Envelope::Text(at, _) if context.is_form() => form_with(&sample, at, text),
        Envelope::Text(at, _) => {
            splice(&sample.body, at, &Value::from(text).to_string()).map(Bytes::from)
        }
        _ if context.is_form() => None,
        _ => Some(bytes),
    }
}

fn form_with(sample: &Delivery, at: &str, text: &str) -> Option<Bytes> {
    let name = at.strip_prefix('/')?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (field, value) in form_urlencoded::parse(&sample.body) {
        form.append_pair(&field, if field == name { text } else { &value });
    }
    Some(form.finish().into())
}

fn malformed(context: &Context) -> CheckSteps {
    let Some(sample) = context.sample() else {
        return CheckSteps::skip("there is nothing to send");
    };
    let half = sample.body.slice(..sample.body.len() / 2);
    let broken = match holding(context, "{\"event\":") {
        Some(body) => request(context, body, "half of an object", 911),
        None => request(context, "type=%ZZ&data[[=", "an invalid form", 911),
    };
    CheckSteps::each([
        broken,
        request(context, half, "the body of an event, cut in half", 912),
        request(
            context,
            Bytes::from_static(b"{\"event\":\"\xff\xfe\"}"),
            "bytes that are not UTF-8",
            913,
        ),
    ])
}

fn other_json(context: &Context) -> CheckSteps {
    let texts = ["null", "42", "\"text\"", "{}", "[null]"];
    let shots: Vec<CheckRequest> = texts
        .iter()
        .zip(921..)
        .filter_map(|(text, number)| {
            let body = holding(context, text)?;
            Some(request(
                context,
                body,
                &format!("`{text}` instead of an event"),
                number,
            ))
        })
        .collect();
    if shots.is_empty() {
        return CheckSteps::skip(format!("{} sends no JSON", context.provider.title));
    }
    CheckSteps::each(shots)
}

fn deep_json(context: &Context) -> CheckSteps {
    const DEPTH: usize = 5000;
    let text = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let Some(body) = holding(context, &text) else {
        return CheckSteps::skip(format!("{} sends no JSON", context.provider.title));
    };
    let mut request = request(context, body.clone(), "lists nested 5000 deep", 931);
    if body == text.as_bytes() {
        request = request.printed_by("{ printf '[%.0s' $(seq 5000); printf ']%.0s' $(seq 5000); }");
    }
    CheckSteps::each([request])
}

fn content_type(context: &Context) -> CheckSteps {
    let as_type = |kind: &'static str, number: u64| {
        let mut request = CheckRequest::event(context.event())
            .labelled(format!("an event as `{kind}`"))
            .numbered(number);
        request.headers.push(("content-type", kind));
        request
    };
    CheckSteps::each([
        as_type("text/plain", 941),
        as_type("multipart/form-data", 942),
    ])
}

fn large(context: &Context) -> CheckSteps {
    const SIZE: usize = 1 << 20;
    let filler = "a".repeat(SIZE);
    let (body, command) = if context.is_form() {
        (format!("filler={filler}"), "filler=%s")
    } else {
        (
            format!("{{\"filler\":\"{filler}\"}}"),
            "{\"filler\":\"%s\"}",
        )
    };
    let command = format!("printf '{command}' \"$(head -c {SIZE} /dev/zero | tr '\\0' a)\"");
    CheckSteps::each([request(context, body, "a body of 1 MiB", 951).printed_by(command)])
}

fn gzip(context: &Context) -> CheckSteps {
    let Some(sample) = context.sample() else {
        return CheckSteps::skip("there is nothing to send");
    };
    let mut request = request(context, batch::gzip(&sample.body), "an event as gzip", 961);
    request.headers.push(("content-encoding", "gzip"));
    CheckSteps::each([request])
}
