//! What the fuzz targets do, each a function of any bytes. A function that returns has found nothing.

use std::sync::OnceLock;

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use webhook_cli::inspector::api::body_lines::BodyLines;
use webhook_cli::inspector::http::orders::{FaultOrder, ReplayOrder, SendOrder};
use webhook_cli::inspector::http::strict_json;
use webhook_cli::inspector::search::filter::Filter;
use webhook_cli::inspector::search::query;
use webhook_cli::io::recording::resume;
use webhook_cli::providers;
use webhook_cli::providers::{Budget, Evidence, FilterResults, IncomingMessage, Keys, Provider};
use webhook_cli::report::text::body;
use webhook_cli::report::{Mode, Palette, Untrusted, escape_into, is_binary, looks_like_json};
use webhook_cli::webhook::body::form_part::NewPart;
use webhook_cli::webhook::body::multipart;
use webhook_cli::webhook::body::multipart::Multipart;
use webhook_cli::webhook::mail::eml::message_bytes;
use webhook_cli::webhook::{
    Delivery, Document, Fixture, Headers, Key, KeyForm, Keyring, Mail, Mailbox, Message,
    RecordedAnswer, RecordedLine, Rng, Secret, Target, Verdict, VerifyOptions, numbered, safe_name,
};

/// Nobody has signed anything with this.
const OURS: &str = "d2hhdCBub2JvZHkga25vd3M=";

fn judge() -> VerifyOptions {
    VerifyOptions {
        now: Timestamp::from_second(1_790_000_000).expect("it is in range"),
        tolerance: None,
        public_url: Some("https://hooks.example.com/in?x=1".into()),
        topics: Vec::new(),
    }
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let shared = |provider: &&Provider| {
            let form = provider.schemes.first().map(|scheme| scheme.key);
            matches!(
                form,
                Some(KeyForm::Text | KeyForm::Base64 | KeyForm::Whsec | KeyForm::Any)
            )
        };
        let secrets = providers::everyone().filter(shared);
        let secrets = secrets.map(|it| (Some(it.name.to_owned()), Secret::new(OURS)));
        Keys::new(&Keyring::new(secrets.collect()), None).expect("the secrets have their forms")
    })
}

/// A raw request where it is one; otherwise a body alone.
fn delivery(data: &[u8]) -> Delivery {
    Delivery::from_http(data).unwrap_or_else(|| Delivery {
        method: Method::POST,
        path: http::uri::PathAndQuery::from_static("/"),
        headers: Headers::new(),
        body: bytes::Bytes::copy_from_slice(data),
    })
}

/// Reads a delivery as that provider's, and as whoever's it is.
pub fn signature(name: &str, data: &[u8]) {
    let provider = providers::find(name);
    assert!(provider.is_some(), "{name} is no provider");
    let delivery = delivery(data);
    for named in [provider, None] {
        let receipt = providers::read(&delivery, named, keys(), &judge());
        assert_ne!(receipt.signature.verdict, Verdict::Verified, "{receipt:?}");
    }
}

/// The same for all of them: the first byte says which. What is refused is explained.
pub fn any_signature(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let all: Vec<_> = providers::everyone().collect();
    let provider = all[usize::from(*first) % all.len()];
    signature(provider.name, data);
    let case = Evidence {
        provider,
        delivery: delivery(data),
        keys: vec![Key::Shared(OURS.as_bytes().to_vec().into())],
        secrets: vec![Secret::new(OURS)],
        others: Vec::new(),
        neighbours: vec![("another".into(), delivery(b"{}"))],
        verify_options: judge(),
    };
    let _ = providers::signed_text(&case);
    let _ = providers::explain(&case, &mut Budget::new(1 << 18));
}

/// A scheme that is spelled out.
pub fn spelled(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // What is spelled out lives as long as the program.
    if text.len() < 200 {
        let _ = providers::custom_scheme(text);
    }
}

/// A secret in each of its forms.
pub fn secret(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for form in [
        KeyForm::Text,
        KeyForm::Hex,
        KeyForm::Base64,
        KeyForm::Whsec,
        KeyForm::P256,
        KeyForm::Rsa,
        KeyForm::Credentials,
        KeyForm::Bearer,
        KeyForm::Any,
    ] {
        let key = form.key(&Secret::new(text));
        assert!(key.is_none() || !text.trim().is_empty(), "{form:?}");
    }
}

/// A fixture, or a line of a recording: what can be read is written, and read the same.
pub fn fixture(data: &[u8]) {
    if let Ok(fixture) = Fixture::read(data) {
        let again = Fixture::read(fixture.to_pretty().as_bytes()).expect("ours is read");
        assert_eq!(again.delivery, fixture.delivery);
    }
    if let Ok(fixture) = Fixture::read_line(data) {
        let line = fixture.to_line();
        assert!(!line.trim_end().contains('\n'), "one line is written");
        let again = Fixture::read_line(line.as_bytes()).expect("ours is read");
        assert_eq!(again.delivery, fixture.delivery);
    }
}

/// A line whose checksum is right is read quickly where it can be, and as it would be read carefully. It was written by
/// this tool, so what could not have been is taken as it stands.
pub fn line(data: &[u8]) {
    let Some(inner) = data.strip_suffix(b"}") else {
        return;
    };
    let mut line = inner.to_vec();
    line.extend_from_slice(format!(",\"crc32c\":\"{:08x}\"}}", crc32c::crc32c(inner)).as_bytes());
    let quick = Fixture::of_line(&line.clone().into());
    let careful = Fixture::read_line(&line);
    if let Ok(careful) = careful {
        let quick = quick.expect("it can be read");
        assert_eq!(quick.delivery, careful.delivery);
        assert_eq!(
            (quick.id, quick.at, quick.reply),
            (careful.id, careful.at, careful.reply)
        );
    }
    // An answer is no delivery, and is written as it was read.
    let line = line.into();
    if let Ok(RecordedLine::Answer(answer)) = RecordedLine::read(&line, false) {
        assert!(RecordedLine::delivery(&line, false).is_ok_and(|it| it.is_none()));
        let again = answer.to_line();
        assert!(!again.trim_end().contains('\n'), "one line is written");
        let again = RecordedAnswer::read_line(again.as_bytes()).expect("ours is read");
        assert_eq!(format!("{again:?}"), format!("{answer:?}"));
    }
}

/// The journal of a run: as it stands, and as lines whose checksums are right, which say more.
pub fn ledger(data: &[u8]) {
    let (_, _, good) = resume::read(data).expect("bytes can be read");
    assert!(good as usize <= data.len());
    let mut text =
        br#"{"journal":1,"target":"","choice":"","identity":"","heads":[],"seed":1}"#.to_vec();
    text.push(b'\n');
    for line in data.split(|byte| *byte == b'\n') {
        text.extend_from_slice(line);
        text.extend_from_slice(format!(" {:08x}\n", crc32c::crc32c(line)).as_bytes());
    }
    let (errand, past, good) = resume::read(&text[..]).expect("bytes can be read");
    assert!(errand.is_some() && good as usize == text.len());
    let (done, _) = past.start();
    assert!((1..=done.min(1000)).all(|number| past.has(number)));
    assert!(done == u64::MAX || !past.has(done + 1));
}

/// A raw request.
pub fn message(data: &[u8]) {
    if let Some(delivery) = Delivery::from_http(data) {
        assert!(
            data.windows(delivery.body.len().max(1))
                .any(|it| it == delivery.body)
                || delivery.body.is_empty()
        );
        let _ = Document::of(&delivery);
    }
}

/// A message in a file, and any bytes as one that came by SMTP: its parts are inside it, and none is larger than what it
/// was decoded from.
pub fn mail(data: &[u8]) {
    let bytes = bytes::Bytes::copy_from_slice(data);
    if let Ok(bytes) = message_bytes(bytes.clone()) {
        let has_bare = |end: &[u8]| end.ends_with(b"\n") && !end.ends_with(b"\r\n");
        assert!(!bytes.split_inclusive(|byte| *byte == b'\n').any(has_bare));
        assert_eq!(message_bytes(bytes.clone()), Ok(bytes));
    }
    let message = Message::read(bytes.clone());
    assert_eq!(*message.raw(), bytes);
    for part in message.parts() {
        assert!(part.content().len() <= data.len());
        let _ = (
            part.text(),
            part.content_id(),
            part.is_inline(),
            part.is_file(),
        );
    }
    for field in message.headers() {
        let _ = (
            field.decoded(),
            field.title_cased(),
            Mailbox::list(&field.value),
        );
    }
    let mail = Mail::of_message(&message);
    assert_eq!(mail.attachments.len(), message.attachments().count());
}

/// A message as each provider would post it, in each of its modes: it is made of any bytes, recognised, and read as one
/// mail. The first byte says which provider and mode.
pub fn inbound(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let providers = providers::everyone().filter_map(|it| Some((it, it.inbound?)));
    let all: Vec<_> = providers
        .flat_map(|(provider, inbound)| {
            let modes = match inbound.modes {
                [] => &[""],
                modes => modes,
            };
            modes.iter().map(move |mode| (provider, inbound, *mode))
        })
        .collect();
    let (provider, inbound, mode) = all[usize::from(*first) % all.len()];
    let message = Message::read(bytes::Bytes::copy_from_slice(data));
    let incoming = IncomingMessage {
        message: &message,
        mail_from: "ada@example.org",
        recipients: &["support@in.example.com".to_owned()],
        mode,
        results: &FilterResults::default(),
        at: judge().now,
    };
    let request = inbound.delivery(&[incoming], &mut Rng::seeded(1));
    let request = request.expect("there is a message");
    let receipt = providers::outline(&request, None);
    assert_eq!(receipt.provider, Some(provider.name), "{mode}");
    assert_eq!(receipt.mails.len(), 1, "{} {mode}", provider.name);
    for answer in inbound.answers(&[incoming], &request, "http://127.0.0.1:1") {
        assert!(answer.path.starts_with('/'), "{answer:?}");
    }
    // A request with any body is read too, as its type says.
    let any = Delivery {
        body: bytes::Bytes::copy_from_slice(data),
        ..request
    };
    let _ = providers::outline(&any, Some(provider));
}

/// The name of an attachment: it is one step of a path on every system.
pub fn attachment_name(data: &[u8]) {
    let given = String::from_utf8_lossy(data);
    let safe = safe_name(Some(&given), 3);
    for name in [numbered(&safe, 2), safe] {
        assert!((1..=255).contains(&name.len()), "{name:?}");
        assert!(name.chars().all(is_harmless), "{name:?}");
        assert!(
            !name.contains(['/', '\\', ':', '<', '>', '"', '|', '?', '*']),
            "{name:?}"
        );
        assert!(!name.starts_with(['.', '-', '~', ' ']), "{name:?}");
        assert!(!name.ends_with(['.', ' ']), "{name:?}");
        let stem = name.split('.').next().unwrap_or_default();
        let devices = ["con", "prn", "aux", "nul", "com1", "lpt9"];
        assert!(
            !devices.iter().any(|it| stem.eq_ignore_ascii_case(it)),
            "{name:?}"
        );
        // A safe name stays.
        assert_eq!(safe_name(Some(&name), 3), name);
    }
}

/// What a terminal would obey.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The escaper: whatever comes in, harmless text comes out.
pub fn escaper(data: &[u8]) {
    for mode in [Mode::Line, Mode::Block] {
        let mut out = Vec::new();
        escape_into(&mut out, data, mode);
        let text = String::from_utf8(out).expect("it writes UTF-8");
        let is_break = |c: char| mode == Mode::Block && matches!(c, '\n' | '\t');
        assert!(
            text.chars().all(|c| is_break(c) || is_harmless(c)),
            "{text:?}"
        );
    }
    assert!(Untrusted::new(data).to_string().chars().all(is_harmless));
}

/// The re-indenter: tokens stay, and every line has its gutter.
pub fn indenter(data: &[u8]) {
    let _ = (looks_like_json(data), is_binary(data));
    let mut out = Vec::new();
    body::pretty(&mut out, data, "  | ", &Palette::plain());
    let text = String::from_utf8(out).expect("it writes UTF-8");
    assert!(
        text.lines().all(|line| line.starts_with("  | ")),
        "{text:?}"
    );
    assert!(
        text.chars().all(|c| c == '\n' || is_harmless(c)),
        "{text:?}"
    );
    // What needs no escape, and is short enough to be shown whole, is the same JSON.
    let plain = data.len() < 1000 && data.iter().all(|b| (b' '..=b'~').contains(b));
    if let (true, Ok(value)) = (plain, serde_json::from_slice::<serde_json::Value>(data)) {
        let shown: String = text
            .lines()
            .map(|line| line.trim_start_matches("  | "))
            .collect();
        let again: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON still");
        assert_eq!(again, value);
    }
}

/// The filter of what is passed on.
pub fn header_filter(data: &[u8]) {
    let fields = data.split(|b| *b == b'\n').filter_map(|line| {
        let at = line.iter().position(|b| *b == b':')?;
        let name = HeaderName::from_bytes(line.get(..at)?).ok()?;
        Some((name, HeaderValue::from_bytes(line.get(at + 1..)?).ok()?))
    });
    let headers: Headers = fields.collect();
    let passed = headers.end_to_end();
    let named: Vec<String> = headers
        .all("connection")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for (name, _) in passed.iter() {
        let name = name.as_str();
        assert!(
            !named.iter().any(|it| it == name),
            "{name} belongs to one connection"
        );
        assert!(!matches!(
            name,
            "connection" | "transfer-encoding" | "te" | "host" | "content-length" | "upgrade"
        ));
    }
    // What is left is what there was, in its order.
    let mut rest = headers.iter();
    assert!(passed.iter().all(|field| rest.any(|other| other == field)));
    assert_eq!(passed.end_to_end(), passed);
}

/// `Retry-After`.
pub fn retry_after(data: &[u8]) {
    let now = judge().now;
    if let Some(wait) = webhook_cli::io::client::retry_after::read(data, now) {
        // The last date that can be written is in the year 9999.
        assert!(wait.as_secs() < 400_000_000_000);
    }
}

/// A query of the inspector: what is read is written, and read back as it was.
pub fn inspector_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = Filter::default().add("q", text);
    if let Ok(terms) = query::parse(text) {
        assert_eq!(query::parse(&query::write(&terms)).ok(), Some(terms));
    }
}

/// Bodies of requests to the inspector.
pub fn inspector_orders(data: &[u8]) {
    let Ok(value) = strict_json::read(data) else {
        return;
    };
    let _ = SendOrder::of(&value);
    let _ = ReplayOrder::of(&value);
    let _ = FaultOrder::of(&value);
}

/// A body in the lines of the inspector: nothing but white space changes.
pub fn inspector_lines(data: &[u8]) {
    let bare = |text: &str| text.replace([' ', '\t', '\r', '\n'], "");
    let lines = BodyLines::of(data);
    let mut all = String::new();
    for at in 0..lines.count() {
        let (line, cut) = lines.line(at, data).expect("it is there");
        if cut.is_some() {
            return;
        }
        all += &line;
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(bare(&all), bare(text));
    }
}

/// A target, and a path joined to it: never another host.
pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (typed, wanted) = text.split_once('\n').unwrap_or((text, "/"));
    let Ok(target) = Target::parse(typed) else {
        return;
    };
    let _ = (target.is_private(), target.origin());
    if let Ok(wanted) = wanted.parse() {
        for joined in [target.path_for(&wanted)] {
            assert!(joined.as_str().starts_with(['/', '?', '*']), "{joined}");
        }
    }
}

/// A form as a document, and a body as whatever its type says.
pub fn form(data: &[u8]) {
    let document = Document::form(data);
    let _ = (document.text("/a"), document.at("/a/0"), document.as_text());
    for kind in [
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/cloudevents-batch+json",
    ] {
        let mut headers = Headers::new();
        headers.push(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let _ = Document::read(&headers, data);
        let delivery = Delivery {
            headers,
            ..delivery(data)
        };
        let receipt = providers::outline(&delivery, None);
        assert!(receipt.provider.is_some() || receipt.events.is_empty());
    }
}

/// A form of parts: its first line is the boundary. Spans are in order, edits of nothing change nothing, a part more is
/// one part more, and what is read can be written and read again.
pub fn multipart(data: &[u8]) {
    let _ = multipart::sniff(data);
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (boundary, body) = (&data[..end], &data[end + 1..]);
    let Ok(boundary) = std::str::from_utf8(boundary) else {
        return;
    };
    let _ = multipart::boundary(boundary);
    if boundary.is_empty() || boundary.contains(['\r', ' ', '\t']) {
        return;
    }
    let Ok(form) = Multipart::split(body, boundary) else {
        return;
    };
    let mut at = 0;
    for part in form.parts() {
        assert!(at <= part.start && part.start < part.head.start);
        assert!(part.head.end <= part.span.start && part.span.end <= body.len());
        assert_eq!(&body[part.span.clone()], part.content);
        at = part.span.end;
    }
    assert_eq!(form.edited(Vec::new()), body);
    let more = form.edited(vec![form.append(&NewPart::default(), boundary)]);
    let more = Multipart::split(&more, boundary).unwrap();
    assert!(more.parts().len() > form.parts().len() || more.parts().len() == multipart::MOST_PARTS);
    let parts: Vec<NewPart> = form
        .parts()
        .iter()
        .map(|part| NewPart {
            name: part.name.as_deref().unwrap_or_default().into(),
            filename: part.filename.as_deref().map(Into::into),
            content_type: None,
            content: part.content.into(),
        })
        .collect();
    let fresh = multipart::fresh_boundary("y", parts.iter().map(|part| &*part.content));
    let written = multipart::write(&parts, &fresh);
    let again = Multipart::split(&written, &fresh).unwrap();
    assert!(again.problems().is_empty());
    assert_eq!(again.parts().len(), parts.len());
    for (read, part) in again.parts().iter().zip(&parts) {
        assert_eq!(read.content, &*part.content);
        // A name that looks escaped is read as what it stands for.
        if !part.name.contains('%') {
            assert_eq!(read.name.as_deref(), Some(&*part.name));
        }
    }
}
