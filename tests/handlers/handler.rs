//! Handlers as careful people write them, for seven providers, verified by code that is not this program's own where
//! there is some; and the faults that less careful people make, one at a time.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde_json::Value;
use webhook_verify::{Provider, Secret, VerifyOptions, VerifyingKeyMaterial};

/// Whose deliveries a handler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dress {
    SendGrid,
    Resend,
    Mailgun,
    Mandrill,
    Postmark,
    Ses,
    MailerSend,
    Mailchimp,
}

/// What is wrong with a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    RefusesEverything,
    Redirects,
    AcceptsEverything,
    AcceptsUnsigned,
    AcceptsEmptySignature,
    ChecksTheFormOfTheSignatureOnly,
    VerifiesPrintedJson,
    IgnoresTime,
    TakesTheFuture,
    CrashesWithoutTimestamp,
    TakesTheLastOfTwo,
    TakesTheTestKeyToo,
    TakesAnyTopic,
    TakesAnyCertificate,
    LooksAtTheUserOnly,
    CountsTwice,
    CountsTwiceAtOnce,
    KnowsSignaturesNotIds,
    ForgetsSoon,
    RefusesDuplicates,
    CrashesOnDuplicatesAtOnce,
    RefusesTwins,
    RefusesLateDelivered,
    RefusesComplaintsOfTheUnsubscribed,
    RefusesOldEvents,
    RefusesUnknownKinds,
    CrashesOnDeferred,
    RefusesUnknownFields,
    CrashesOnTwoEvents,
    RefusesLargeBatches,
    CrashesOnAnOddMember,
    CrashesOnNoEvents,
    CrashesOnMetadata,
    CrashesOnMachines,
    CrashesBeyondAscii,
    ReadsIdsAs32Bits,
    WantsAFraction,
    CrashesOnMalformed,
    CrashesOnNull,
    CrashesOnDepth,
    CrashesOnEmpty,
    CrashesOnContentType,
    CrashesOnLarge,
    CrashesOnGzip,
    HangsUpOnMalformed,
    DiesOnMalformed,
    RefusesHead,
    RefusesGet,
    RefusesForeignMail,
    RefusesSubscriptions,
    RefusesTheTest,
    AnswersLate,
    AnswersOneAtATime,
    HurriesClients,
    Answers204,
}

/// A handler on a free port.
pub(crate) struct Handler {
    pub url: String,
}

/// A request, read whole.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What a handler remembers.
#[derive(Default)]
struct DuplicateTracker {
    ids: HashSet<String>,
    order: Vec<String>,
    clicked: HashSet<String>,
    unsubscribed: HashSet<String>,
}

struct Desk {
    dress: Dress,
    fault: Fault,
    secret: String,
    url: String,
    memory: Mutex<DuplicateTracker>,
    kept: AtomicU64,
    at_once: Mutex<()>,
}

/// One event as the handler understands it.
struct Event {
    id: String,
    kind: String,
    message: String,
    at: Option<f64>,
    json: Value,
}

impl Handler {
    /// One that verifies with this secret.
    pub(crate) fn start(dress: Dress, fault: Fault, secret: &str) -> Handler {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let desk = Arc::new(Desk {
            dress,
            fault,
            secret: secret.to_owned(),
            url: url.clone(),
            memory: Mutex::default(),
            kept: AtomicU64::new(0),
            at_once: Mutex::default(),
        });
        std::thread::spawn(move || {
            let dead = Arc::new(AtomicU64::new(0));
            for stream in listener.incoming() {
                if dead.load(Ordering::SeqCst) > 0 {
                    return;
                }
                let (desk, dead, stream) = (Arc::clone(&desk), Arc::clone(&dead), stream.unwrap());
                let own = listener.local_addr().unwrap();
                std::thread::spawn(move || {
                    if desk.serve(&stream, &dead) {
                        dead.store(1, Ordering::SeqCst);
                        // The listener is let go of.
                        let _ = TcpStream::connect(own);
                    }
                });
            }
        });
        Handler { url }
    }

    /// Where the number of kept events is told.
    pub(crate) fn count(&self) -> String {
        self.url.replace("/hooks", "/count")
    }
}

/// What comes of a request.
enum Reply {
    Status(u16),
    Text(String),
    HangUp,
    Die,
}

impl Desk {
    /// Whether it died.
    fn serve(&self, stream: &TcpStream, dead: &AtomicU64) -> bool {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream);
        while let Some((request, took)) = read(&mut reader) {
            if dead.load(Ordering::SeqCst) > 0 {
                return false;
            }
            let reply = if self.fault == Fault::HurriesClients && took > Duration::from_millis(700)
            {
                Reply::Status(408)
            } else {
                self.answer(&request)
            };
            let (status, text, more) = match reply {
                Reply::Status(status) => {
                    let more = if (300..400).contains(&status) {
                        "location: /elsewhere\r\n"
                    } else {
                        ""
                    };
                    (status, format!("{{\"status\":{status}}}"), more)
                }
                Reply::Text(text) => (200, text, ""),
                Reply::HangUp => return false,
                Reply::Die => return true,
            };
            let body = if request.method == "HEAD" || status == 204 {
                ""
            } else {
                &text
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\n{more}content-length: {}\r\n\r\n{body}",
                if status == 204 { 0 } else { text.len() }
            );
            if (&mut &*stream).write_all(head.as_bytes()).is_err() {
                return false;
            }
        }
        false
    }

    fn answer(&self, request: &Request) -> Reply {
        if request.path == "/count" {
            return Reply::Text(self.kept.load(Ordering::SeqCst).to_string());
        }
        match self.fault {
            Fault::RefusesEverything => return Reply::Status(403),
            Fault::Redirects => return Reply::Status(308),
            Fault::AnswersLate => std::thread::sleep(Duration::from_millis(200)),
            _ => {}
        }
        let _lock = (self.fault == Fault::AnswersOneAtATime).then(|| {
            let lock = self.at_once.lock().unwrap();
            std::thread::sleep(Duration::from_millis(12));
            lock
        });
        match self.take(request) {
            Ok(()) if self.fault == Fault::Answers204 => Reply::Status(204),
            Ok(()) => Reply::Status(200),
            Err(reply) => reply,
        }
    }

    fn take(&self, request: &Request) -> Result<(), Reply> {
        let no = |status| Err(Reply::Status(status));
        let is = |fault| self.fault == fault;
        if request.method == "HEAD" && !is(Fault::RefusesHead) {
            return Ok(());
        }
        if request.method == "GET" && !is(Fault::RefusesGet) {
            return Ok(());
        }
        if request.method != "POST" {
            return no(405);
        }
        if request.header("content-encoding").is_some() {
            return no(if is(Fault::CrashesOnGzip) { 500 } else { 415 });
        }
        let kind = request.header("content-type").unwrap_or_default();
        if is(Fault::CrashesOnContentType) && kind.starts_with("multipart/") {
            return no(500);
        }
        let limit = if is(Fault::RefusesLargeBatches) {
            100_000
        } else {
            4_000_000
        };
        if request.body.len() > limit {
            return no(413);
        }
        if is(Fault::CrashesOnLarge) && request.body.len() > 1_000_000 {
            return no(500);
        }
        if is(Fault::CrashesOnEmpty) && request.body.is_empty() {
            return no(500);
        }
        let before = match self.fault {
            // Frameworks parse before anything is verified.
            Fault::CrashesOnMalformed
                if serde_json::from_slice::<Value>(&request.body).is_err() =>
            {
                Some(500)
            }
            Fault::CrashesOnDepth if request.body.starts_with(&b"[".repeat(1000)) => Some(500),
            _ => None,
        };
        if let Some(status) = before {
            return no(status);
        }
        let malformed = request.body == b"{\"event\":";
        if is(Fault::HangsUpOnMalformed) && malformed {
            return Err(Reply::HangUp);
        }
        if is(Fault::DiesOnMalformed) && malformed {
            return Err(Reply::Die);
        }
        self.verify(request).map_err(Reply::Status)?;
        let events = self.events(request).map_err(Reply::Status)?;
        let Some(events) = events else { return Ok(()) };
        if is(Fault::CrashesOnTwoEvents) && events.len() > 1
            || is(Fault::CrashesOnNoEvents) && events.is_empty()
        {
            return no(500);
        }
        let many = events.len() > 1;
        for event in events {
            self.keep(request, &event, many).map_err(Reply::Status)?;
        }
        Ok(())
    }

    fn keep(&self, request: &Request, event: &Event, many: bool) -> Result<(), u16> {
        const KNOWN: &str = "processed dropped delivered deferred bounce open click spamreport unsubscribe \
            group_unsubscribe group_resubscribe email. contact. domain. suppression. topic. inbox. accepted failed opened \
            clicked unsubscribed complained rejected send deferral hard_bounce soft_bounce spam unsub reject Delivery Bounce \
            SpamComplaint Open Click SubscriptionChange Send Complaint Reject Rendering Subscription DeliveryDelay activity. \
            account_status_change received stored list_ inbound blacklist whitelist Inbound AmazonSnsSubscriptionSucceeded \
            webhook.test";
        let is = |fault| self.fault == fault;
        let known = KNOWN
            .split_whitespace()
            .any(|known| event.kind.starts_with(known));
        let text = event.json.to_string();
        let fails = is(Fault::RefusesUnknownKinds) && !known
            || is(Fault::CrashesOnAnOddMember) && many && !known
            || is(Fault::CrashesOnDeferred) && event.kind == "deferred"
            || is(Fault::RefusesUnknownFields) && text.contains("\"new_text\"")
            || is(Fault::CrashesOnMetadata) && text.contains("\"constructor\"")
            || is(Fault::CrashesOnMachines) && text.contains("\"sg_machine_open\":true")
            || is(Fault::CrashesBeyondAscii) && !text.is_ascii() && text.contains("b\u{fc}cher")
            || is(Fault::ReadsIdsAs32Bits)
                && event.json["ID"]
                    .as_i64()
                    .is_some_and(|id| i32::try_from(id).is_err() && id > 1 << 53)
            || is(Fault::WantsAFraction) && event.json["timestamp"].is_u64()
            || is(Fault::RefusesForeignMail) && event.json.get("FromFull").is_some()
            || is(Fault::RefusesTwins) && event.kind.ends_with("_unique")
            || is(Fault::RefusesTheTest) && event.kind == "webhook.test"
            || is(Fault::RefusesOldEvents) && event.at.is_some_and(|at| now() - at > 3600.0);
        if fails {
            return Err(500);
        }
        let known_by = if is(Fault::KnowsSignaturesNotIds) {
            request.signature(self.dress)
        } else {
            event.id.clone()
        };
        if !many && (is(Fault::CountsTwiceAtOnce) || is(Fault::CrashesOnDuplicatesAtOnce)) {
            // Looks, and inserts later.
            if !self.memory.lock().unwrap().ids.contains(&known_by) {
                std::thread::sleep(Duration::from_millis(60));
                let new = self.memory.lock().unwrap().ids.insert(known_by);
                if !new && is(Fault::CrashesOnDuplicatesAtOnce) {
                    return Err(500);
                }
                self.kept.fetch_add(1, Ordering::SeqCst);
            }
            return Ok(());
        }
        let mut memory = self.memory.lock().unwrap();
        if is(Fault::RefusesLateDelivered)
            && event.kind.ends_with("delivered")
            && memory.clicked.contains(&event.message)
            || is(Fault::RefusesComplaintsOfTheUnsubscribed)
                && event.kind == "spamreport"
                && memory.unsubscribed.contains(&event.message)
        {
            return Err(500);
        }
        if event.kind.contains("click") {
            memory.clicked.insert(event.message.clone());
        }
        if event.kind == "unsubscribe" {
            memory.unsubscribed.insert(event.message.clone());
        }
        let new = memory.ids.insert(known_by.clone());
        if new {
            memory.order.push(known_by);
        }
        if is(Fault::ForgetsSoon) && memory.order.len() > 5 {
            let oldest = memory.order.remove(0);
            memory.ids.remove(&oldest);
        }
        if !new && is(Fault::RefusesDuplicates) {
            return Err(409);
        }
        if new || is(Fault::CountsTwice) {
            self.kept.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn verify(&self, request: &Request) -> Result<(), u16> {
        if self.fault == Fault::AcceptsEverything {
            return Ok(());
        }
        let (signature, timestamp) = match self.dress {
            Dress::SendGrid => (
                "x-twilio-email-event-webhook-signature",
                "x-twilio-email-event-webhook-timestamp",
            ),
            Dress::Resend => ("svix-signature", "svix-timestamp"),
            Dress::Mandrill => ("x-mandrill-signature", ""),
            Dress::MailerSend => ("signature", ""),
            Dress::Postmark => ("authorization", ""),
            Dress::Mailgun | Dress::Ses | Dress::Mailchimp => ("", ""),
        };
        if !signature.is_empty() {
            let all: Vec<&str> = request.all(signature).collect();
            match all.as_slice() {
                [] if self.fault == Fault::AcceptsUnsigned => return Ok(()),
                [] => return Err(401),
                ["v1,"] if self.fault == Fault::AcceptsEmptySignature => return Ok(()),
                [_, _, ..] if self.fault != Fault::TakesTheLastOfTwo => return Err(400),
                _ => {}
            }
        }
        if self.fault == Fault::CrashesWithoutTimestamp && request.header(timestamp).is_none() {
            return Err(500);
        }
        let holds = match self.dress {
            Dress::SendGrid => self.sendgrid(request),
            Dress::Resend => self.resend(request),
            Dress::Mailgun => self.mailgun(request),
            Dress::Mandrill => self.mandrill(request),
            Dress::Postmark => self.postmark(request),
            Dress::Ses => self.ses(request),
            Dress::MailerSend => self.mailersend(request),
            Dress::Mailchimp => request.path.ends_with(&format!("?key={}", self.secret)),
        };
        if holds { Ok(()) } else { Err(401) }
    }

    fn in_time(&self, at: Option<f64>) -> bool {
        let Some(age) = at.map(|at| now() - at) else {
            return false;
        };
        match self.fault {
            Fault::IgnoresTime => true,
            Fault::TakesTheFuture => age < 300.0,
            _ => age.abs() < 300.0,
        }
    }

    fn sendgrid(&self, request: &Request) -> bool {
        let key = STANDARD.decode(&self.secret).unwrap();
        let options = VerifyOptions::default()
            .with_verifying_material(VerifyingKeyMaterial::EcdsaP256PublicKey(key));
        let at = request
            .header("x-twilio-email-event-webhook-timestamp")
            .and_then(|at| at.parse().ok());
        let holds = webhook_verify::verify(
            Provider::SendGrid,
            &request.headers,
            &request.body,
            &Secret::new(""),
            options,
        );
        self.in_time(at) && holds.is_ok()
    }

    fn resend(&self, request: &Request) -> bool {
        let mut headers = http::HeaderMap::new();
        for part in ["id", "timestamp", "signature"] {
            let name = format!("svix-{part}");
            let value = request
                .all(&name)
                .last()
                .and_then(|value| value.parse().ok());
            let Some(value) = value else {
                return false;
            };
            headers.insert(
                http::HeaderName::try_from(format!("webhook-{part}")).unwrap(),
                value,
            );
        }
        let at = request
            .header("svix-timestamp")
            .and_then(|at| at.parse().ok());
        let body = if self.fault == Fault::VerifiesPrintedJson {
            match serde_json::from_slice::<Value>(&request.body) {
                Ok(value) => value.to_string().into_bytes(),
                Err(_) => return false,
            }
        } else {
            request.body.clone()
        };
        let given = headers["webhook-signature"].to_str().unwrap_or_default();
        if self.fault == Fault::ChecksTheFormOfTheSignatureOnly {
            return self.in_time(at) && given.starts_with("v1,") && given.len() > 40;
        }
        let lax = matches!(self.fault, Fault::IgnoresTime | Fault::TakesTheFuture);
        let holds = |secret: &str| {
            let webhook = standardwebhooks::Webhook::new(secret).unwrap();
            if !lax {
                return webhook.verify(&body, &headers).is_ok();
            }
            let text = |name: &str| headers[name].to_str().unwrap_or_default();
            let signed = webhook.sign(
                text("webhook-id"),
                text("webhook-timestamp").parse().unwrap_or_default(),
                &body,
            );
            signed.is_ok_and(|signed| signed == text("webhook-signature"))
        };
        let test = self.fault == Fault::TakesTheTestKeyToo && holds(&test_key("resend"));
        self.in_time(at) && (holds(&self.secret) || test)
    }

    fn mailgun(&self, request: &Request) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return false;
        };
        let text = |name: &str| {
            body["signature"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(text("timestamp").as_bytes());
        mac.update(text("token").as_bytes());
        let given = hex::decode(text("signature")).unwrap_or_default();
        mac.verify_slice(&given).is_ok() && self.in_time(text("timestamp").parse().ok())
    }

    fn mandrill(&self, request: &Request) -> bool {
        let mut fields: Vec<_> = form_urlencoded::parse(&request.body).collect();
        fields.sort();
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(self.url.as_bytes());
        for (name, value) in fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        let given = STANDARD.decode(request.header("x-mandrill-signature").unwrap_or_default());
        mac.verify_slice(&given.unwrap_or_default()).is_ok()
    }

    fn mailersend(&self, request: &Request) -> bool {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(&request.body);
        let given = hex::decode(request.header("signature").unwrap_or_default());
        mac.verify_slice(&given.unwrap_or_default()).is_ok()
    }

    fn postmark(&self, request: &Request) -> bool {
        let given = request.header("authorization").unwrap_or_default();
        let given = STANDARD.decode(given.strip_prefix("Basic ").unwrap_or_default());
        let given = String::from_utf8(given.unwrap_or_default()).unwrap_or_default();
        if self.fault == Fault::LooksAtTheUserOnly {
            let user = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
            return user(&given) == user(&self.secret);
        }
        given == self.secret
    }

    fn ses(&self, request: &Request) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return false;
        };
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let fields: &[&str] = match text("Type").as_deref() {
            Some("Notification") => &[
                "Message",
                "MessageId",
                "Subject",
                "Timestamp",
                "TopicArn",
                "Type",
            ],
            Some(_) => &[
                "Message",
                "MessageId",
                "SubscribeURL",
                "Timestamp",
                "Token",
                "TopicArn",
                "Type",
            ],
            None => return false,
        };
        let signed: String = fields
            .iter()
            .filter_map(|name| Some(format!("{name}\n{}\n", text(name)?)))
            .collect();
        let given = STANDARD.decode(text("Signature").unwrap_or_default());
        let Ok(given) = rsa::pkcs1v15::Signature::try_from(given.unwrap_or_default().as_slice())
        else {
            return false;
        };
        let key = rsa::PublicKey::from_public_key_pem(&self.secret).unwrap();
        let holds = match text("SignatureVersion").as_deref() {
            Some("1") => rsa::pkcs1v15::VerifyingKey::<sha1::Sha1>::new(key)
                .verify(signed.as_bytes(), &given),
            _ => rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key)
                .verify(signed.as_bytes(), &given),
        };
        let host = text("SigningCertURL").unwrap_or_default();
        let at = text("Timestamp").and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let age = at.map_or(f64::MAX, |at| now() - at.as_millisecond() as f64 / 1000.0);
        let topic = text("TopicArn").unwrap_or_default();
        holds.is_ok()
            && (host.starts_with("https://sns.eu-central-1.amazonaws.com/")
                || self.fault == Fault::TakesAnyCertificate)
            && (topic == "arn:aws:sns:eu-central-1:111122223333:ses-events"
                || self.fault == Fault::TakesAnyTopic)
            && (age.abs() < 3600.0 || self.fault == Fault::IgnoresTime)
    }

    /// The events of a request; none where it is no event at all.
    fn events(&self, request: &Request) -> Result<Option<Vec<Event>>, u16> {
        let body = if self.dress == Dress::Mandrill {
            form_urlencoded::parse(&request.body)
                .find(|(name, _)| name == "mandrill_events")
                .map(|(_, value)| value.into_owned().into_bytes())
                .ok_or(400u16)?
        } else {
            request.body.clone()
        };
        if self.dress == Dress::Mailchimp {
            let fields = form_urlencoded::parse(&body)
                .map(|(name, value)| (name.into_owned(), Value::from(value)));
            let json = Value::Object(fields.collect());
            return json.get("type").map(|_| None).ok_or(400);
        }
        let json: Value = serde_json::from_slice(&body).map_err(|_| 400u16)?;
        if self.fault == Fault::CrashesOnNull && json.is_null() {
            return Err(500);
        }
        let json = if self.dress == Dress::Ses {
            let kind = json["Type"].as_str().unwrap_or_default();
            if kind != "Notification" {
                return match self.fault {
                    Fault::RefusesSubscriptions => Err(400),
                    _ => Ok(None),
                };
            }
            // SES sends a sentence when the topic is set up.
            match serde_json::from_str(json["Message"].as_str().unwrap_or_default()) {
                Ok(Value::Object(event)) => Value::Object(event),
                _ => return Ok(None),
            }
        } else {
            json
        };
        let list = match json {
            Value::Array(list) => list,
            one => vec![one],
        };
        list.into_iter()
            .map(|event| self.event(request, event).ok_or(400u16))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn event(&self, request: &Request, json: Value) -> Option<Event> {
        let json = match self.dress {
            Dress::Mailgun => json.get("event-data")?.clone(),
            _ => json,
        };
        if !json.is_object() {
            return None;
        }
        let text = |pointer: &str| {
            json.pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let number = |pointer: &str| json.pointer(pointer).and_then(Value::as_f64);
        let time = |pointer: &str| {
            let at: jiff::Timestamp = text(pointer)?.parse().ok()?;
            Some(at.as_second() as f64)
        };
        let (id, kind, message, at) = match self.dress {
            Dress::SendGrid => (
                text("/sg_event_id")?,
                text("/event")?,
                text("/sg_message_id"),
                number("/timestamp"),
            ),
            Dress::Resend => (
                request.header("svix-id")?.to_owned(),
                text("/type")?,
                text("/data/email_id"),
                time("/created_at"),
            ),
            Dress::Mailgun => (
                text("/id")?,
                text("/event")?,
                text("/message/headers/message-id"),
                number("/timestamp"),
            ),
            Dress::Mandrill => {
                let kind = text("/event").or_else(|| text("/type"))?;
                let id = format!("{kind} {:?} {:?}", text("/_id"), number("/ts"));
                (id, kind, text("/_id"), number("/ts"))
            }
            Dress::Postmark => {
                // Mail that came in says no kind.
                let kind = text("/RecordType").unwrap_or_default();
                (json.to_string(), kind, text("/MessageID"), None)
            }
            Dress::Ses => {
                let id =
                    serde_json::from_slice::<Value>(&request.body).ok()?["MessageId"].to_string();
                let kind = text("/eventType").or_else(|| text("/notificationType"))?;
                (id, kind, text("/mail/messageId"), time("/mail/timestamp"))
            }
            Dress::Mailchimp => return None,
            Dress::MailerSend => (
                text("/data/id").unwrap_or_default(),
                text("/type")?,
                text("/data/email/message/id"),
                time("/created_at"),
            ),
        };
        Some(Event {
            id,
            kind,
            message: message.unwrap_or_default(),
            at,
            json,
        })
    }
}

impl Request {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(at, _)| at.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(at, _)| at.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn signature(&self, dress: Dress) -> String {
        let name = match dress {
            Dress::Resend => "svix-signature",
            _ => "x-twilio-email-event-webhook-signature",
        };
        self.header(name).unwrap_or_default().to_owned()
    }
}

fn now() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1e6
}

/// The public test key of this program, as `keys` prints it.
fn test_key(provider: &str) -> String {
    let found = webhook_cli::providers::find(provider).unwrap();
    found.test_public.to_owned()
}

/// Reads a request, and how long its body took to arrive; none when nothing more comes.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<(Request, Duration)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let begun = Instant::now();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = Request {
        method,
        path,
        headers,
        body,
    };
    Some((request, begun.elapsed()))
}
