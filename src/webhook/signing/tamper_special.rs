//! Tampers that only some schemes support: changes to headers, to JSON formatting, to the certificate's URL.

use serde_json::Value;

use crate::webhook::body::json;
use crate::webhook::{
    Algorithm, Delivery, Encoding, Key, Location, Part, Scheme, SigningContext, Style, Tamper,
    splice,
};

/// Tampers that only some schemes support; each names the reason where a scheme does not.
pub static MISFITS: &[Tamper] = &[
    Tamper {
        name: "empty",
        about: "with an empty signature",
        refusals: &[
            "does not match",
            "the signature is ",
            "missing",
            "or differ",
        ],
        make: empty,
    },
    Tamper {
        name: "doubled",
        about: "with a forged signature in a second header after the right one",
        refusals: &["more than once"],
        make: |scheme, delivery, key, context| doubled(scheme, delivery, key, context, true),
    },
    Tamper {
        name: "doubled-last",
        about: "with a forged signature in a header before the right one",
        refusals: &["more than once"],
        make: |scheme, delivery, key, context| doubled(scheme, delivery, key, context, false),
    },
    Tamper {
        name: "no-timestamp",
        about: "without the signed timestamp",
        refusals: &["missing", "does not match", "is not a valid timestamp"],
        make: |scheme, delivery, key, context| {
            let time = scheme.signed_time();
            let location = time.as_ref().map(|(location, _)| location);
            without(
                scheme,
                delivery,
                key,
                context,
                location,
                "no time is signed",
            )
        },
    },
    Tamper {
        name: "no-id",
        about: "without the signed id",
        refusals: &["missing", "does not match"],
        make: |scheme, delivery, key, context| {
            let location = scheme.id.as_ref();
            without(scheme, delivery, key, context, location, "no id is signed")
        },
    },
    Tamper {
        name: "reserialised",
        about: "signed over the same JSON with different bytes",
        refusals: &["does not match", "is not the digest"],
        make: reserialised,
    },
    Tamper {
        name: "topic",
        about: "from the topic of another account",
        refusals: &["another topic"],
        make: topic,
    },
    Tamper {
        name: "certificate",
        about: "with a certificate from a host that imitates the service",
        refusals: &["is not an address of SNS", "is not an address of Scaleway"],
        make: certificate,
    },
];

fn empty(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    scheme.sign(delivery, key, context)?;
    present(scheme, delivery)?;
    scheme.signature.write(delivery, &nothing(scheme.encoding))
}

/// Encoding of an empty signature.
fn nothing(encoding: Encoding) -> String {
    match encoding {
        Encoding::Versioned => "v1,".into(),
        Encoding::After(prefix, inner) => format!("{prefix}{}", nothing(*inner)),
        _ => String::new(),
    }
}

fn present(scheme: &Scheme, delivery: &Delivery) -> Result<(), String> {
    if scheme.is_present(
        delivery,
        crate::webhook::Document::of(delivery).ok().as_ref(),
    ) {
        return Ok(());
    }
    Err("there is no signature".into())
}

fn doubled(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
    right_first: bool,
) -> Result<(), String> {
    let name = match scheme.signature {
        Location::Header(name) if scheme.algorithm != Algorithm::Credentials => name,
        _ => return Err("the signature is in no header of its own".into()),
    };
    scheme.sign(delivery, key, context)?;
    let right = delivery.headers.get(name).cloned();
    let right = right.ok_or("there is no signature")?;
    let text = right.to_str().map_err(|error| error.to_string())?;
    let wrong = forged(text, context)
        .parse()
        .map_err(|_| "the signature cannot be forged")?;
    let (first, second) = if right_first {
        (right, wrong)
    } else {
        (wrong, right)
    };
    let name = http::HeaderName::from_static(name);
    delivery.headers.set(name.clone(), first);
    delivery.headers.push(name, second);
    Ok(())
}

/// Random text in the format of a signature. The version stays, and so does the padding at the end.
fn forged(given: &str, context: &mut SigningContext) -> String {
    let keep = given
        .find([',', '='])
        .filter(|at| *at < 8)
        .map_or(0, |at| at + 1);
    let end = given.len().saturating_sub(4).max(keep);
    match (given.get(..keep), given.get(keep..end), given.get(end..)) {
        (Some(head), Some(middle), Some(tail)) => {
            format!("{head}{}{tail}", context.rng.like(middle))
        }
        _ => given.to_owned(),
    }
}

fn without(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
    location: Option<&Location>,
    otherwise: &str,
) -> Result<(), String> {
    let location = location.ok_or(otherwise)?;
    scheme.sign(delivery, key, context)?;
    location.remove(delivery)
}

fn reserialised(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    let in_header = !scheme.signature.is_inside();
    let raw = scheme.signed.iter().any(|part| matches!(part, Part::Body));
    if !raw || !in_header {
        return Err("the signature does not cover JSON bytes".into());
    }
    let body = delivery.body.clone();
    let value: Value =
        serde_json::from_slice(&body).map_err(|_| "the body is not JSON".to_owned())?;
    delivery.body = json::write(&value, &Style::COMPACT).into();
    scheme.sign(delivery, key, context)?;
    // If the original is compact already, write it with spaces instead.
    delivery.body = if delivery.body == body {
        json::write(&value, &Style::SPACED).into()
    } else {
        body
    };
    Ok(())
}

const NO_SNS: &str = "it does not come through SNS";

fn topic(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    const AMAZONS: &str = "arn:aws:sns:eu-central-1:999988887777:somebody-elses-topic";
    const SCALEWAYS: &str =
        "arn:scw:sns:fr-par:project-99999999-8888-4777-8666-555544443333:somebody-elses-topic";
    let body = crate::webhook::Document::of(delivery);
    let own = body.as_ref().ok().and_then(|body| body.text("/TopicArn"));
    let is_scaleways = own.ok_or(NO_SNS)?.starts_with("arn:scw:");
    let foreign = if is_scaleways { SCALEWAYS } else { AMAZONS };
    drop(body);
    set_topic(delivery, foreign).ok_or(NO_SNS)?;
    scheme.sign(delivery, key, context)
}

/// Sets the topic ARN of an SNS delivery; none if it has none.
pub fn set_topic(delivery: &mut Delivery, topic: &str) -> Option<()> {
    let value = topic.parse().ok()?;
    let text = Value::from(topic).to_string();
    delivery.body = splice(&delivery.body, "/TopicArn", &text)?.into();
    let name = http::HeaderName::from_static("x-amz-sns-topic-arn");
    if delivery.headers.get(name.as_str()).is_some() {
        delivery.headers.set(name, value);
    }
    Some(())
}

fn certificate(
    scheme: &Scheme,
    delivery: &mut Delivery,
    key: &Key,
    context: &mut SigningContext,
) -> Result<(), String> {
    let body = crate::webhook::Document::of(delivery);
    let own = body
        .as_ref()
        .ok()
        .and_then(|body| body.text("/SigningCertURL"));
    let own = own.ok_or(NO_SNS)?.into_owned();
    drop(body);
    // The same path at a host whose name begins with the right one.
    let host_end = own
        .find("//")
        .and_then(|at| own.get(at + 2..)?.find('/').map(|end| at + 2 + end));
    let (host, path) = own.split_at(host_end.unwrap_or(own.len()));
    let foreign = Value::from(format!("{host}.example.net{path}")).to_string();
    delivery.body = splice(&delivery.body, "/SigningCertURL", &foreign)
        .ok_or(NO_SNS)?
        .into();
    scheme.sign(delivery, key, context)
}
