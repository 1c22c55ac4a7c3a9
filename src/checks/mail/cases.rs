//! Checks of inbound mail: messages as they come from the world.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::checks::mail::payload::MailPayload;
use crate::checks::{Check, CheckRequest, CheckSteps, Context, Group, Page, Payload, expect};
use crate::webhook::mail::compose::RECIPIENT;

/// Internet Message Format.
const FORMAT: Page = Page::At("https://www.rfc-editor.org/rfc/rfc5322.html");

/// MIME, bodies and media types.
const MIME: Page = Page::At("https://www.rfc-editor.org/rfc/rfc2046.html");

/// Sender of the messages, and a second recipient.
const SENDER: &str = "ada@example.org";
const OTHER: &str = "sales@in.example.com";

/// Size of the large message, unless the provider takes less.
const LARGE: u64 = 10 << 20;

/// Checks that only inbound mail has.
pub static CHECKS: &[&Check] = &[
    &Check {
        name: "charset",
        group: Group::Mail,
        title: "a message in any charset must be accepted",
        sends: "a message in ISO-2022-JP, and one whose charset does not exist",
        expects: "2xx for both",
        why: "mail programs name charsets that no library knows, and decoding by such a name throws an exception",
        advice: "decode by the named charset if it is known, else as UTF-8 with replacement characters",
        page: MIME,
        alone: false,
        plan: charset,
        judge: expect::taken,
    },
    &Check {
        name: "no-text",
        group: Group::Mail,
        title: "a message without a text must be accepted",
        sends: "a message with HTML only, one with a file only, and one with no body at all",
        expects: "2xx for each",
        why: "scanners and mail programs send them, and a field that is missing or null is no string",
        advice: "treat the text and the HTML as optional, each by itself",
        page: MIME,
        alone: false,
        plan: no_text,
        judge: expect::taken,
    },
    &Check {
        name: "no-message-id",
        group: Group::Mail,
        title: "a message without Message-ID, Date and Subject must be accepted",
        sends: "a message with From and To alone, and one with a Date that is none",
        expects: "2xx for both",
        why: "none of these fields has to be there, and bounces and devices leave them out",
        advice: "use the provider's own id where it has one, or a hash of the message; take the time of arrival for a \
                 date that cannot be read",
        page: FORMAT,
        alone: false,
        plan: no_message_id,
        judge: expect::taken,
    },
    &Check {
        name: "recipients",
        group: Group::Mail,
        title: "several recipients, and one that the header does not name, must be accepted",
        sends: "a message with several addresses in To and Cc, and one that was sent as a blind copy",
        expects: "2xx for both",
        why: "`To` is a list, and it need not hold the address that the message was delivered to",
        advice: "find the mailbox by the envelope's recipient, as the provider gives it, never by `To`",
        page: FORMAT,
        alone: false,
        plan: recipients,
        judge: expect::taken,
    },
    &Check {
        name: "null-sender",
        group: Group::Mail,
        title: "a bounce with a null return path must be accepted",
        sends: "a message whose sender in the envelope is empty",
        expects: "2xx",
        why: "bounces and automatic replies have an empty sender, and answering them makes a loop",
        advice: "accept an empty envelope sender, and send no automatic reply to it",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc5321.html#section-4.5.5"),
        alone: false,
        plan: null_sender,
        judge: expect::taken,
    },
    &Check {
        name: "file-names",
        group: Group::Mail,
        title: "files with any name must be accepted",
        sends: "a message with files named `../../up.txt`, a name of 300 characters, an empty name, and no name",
        expects: "2xx",
        why: "the sender chooses the name: one that is used as a path writes outside the folder or fails",
        advice: "store files under names of your own, and keep the sender's name as text",
        page: Page::At("https://www.rfc-editor.org/rfc/rfc2183.html#section-5"),
        alone: false,
        plan: file_names,
        judge: expect::taken,
    },
    &Check {
        name: "attached-message",
        group: Group::Mail,
        title: "a message inside a message must be accepted",
        sends: "a message with another message and an invitation attached",
        expects: "2xx",
        why: "the inner message has a subject, a text and files of its own, which are easily mixed up with the outer \
              ones",
        advice: "treat a part of type `message/rfc822` as a file",
        page: MIME,
        alone: false,
        plan: attached_message,
        judge: expect::taken,
    },
    &Check {
        name: "broken-mime",
        group: Group::Mail,
        title: "a malformed message should be accepted, and must not crash the handler",
        sends: "a multipart message that never ends, one without a boundary, base64 that is none, and encoded words \
                that are none",
        expects: "2xx, rather than a rejection; no 5xx and no timeout",
        why: "spam and old programs send such messages every day; the provider delivers them, and retries after an \
              error",
        advice: "catch the exceptions of the parser, store the message as it is, and return 200",
        page: MIME,
        alone: false,
        plan: broken_mime,
        judge: expect::better_taken,
    },
    &Check {
        name: "large-message",
        group: Group::Mail,
        title: "a message of 10 MiB must be accepted",
        sends: "a message with a file of 10 MiB, or as large as the provider takes",
        expects: "2xx",
        why: "limits of proxies and body parsers are often 100 kB or 1 MB; a message above them is lost with a 413",
        advice: "raise the limits of the proxy, the server and the body parser to what the provider sends",
        page: Page::Provider,
        alone: false,
        plan: large_message,
        judge: expect::taken,
    },
];

/// Request with a message to the usual recipient.
fn request(what: &str, number: u64, eml: impl Into<Bytes>) -> CheckRequest {
    let payload = MailPayload {
        eml: eml.into(),
        mail_from: SENDER,
        recipients: [RECIPIENT.to_owned()].into(),
        command: None,
    };
    CheckRequest {
        payload: Payload::Mail(payload),
        ..CheckRequest::event("mail")
    }
    .labelled(what)
    .numbered(number)
}

/// Header of a message, whose id is new in each run.
fn head(context: &Context, number: u64) -> String {
    format!(
        "From: Ada Example <{SENDER}>\nTo: {RECIPIENT}\nSubject: A message of a check\n\
         Date: Fri, 2 Jan 2026 00:00:00 +0000\nMessage-ID: {}\nMIME-Version: 1.0\n",
        id(context, number)
    )
}

fn id(context: &Context, number: u64) -> String {
    format!("<check-{:x}-{number}@example.org>", context.seed)
}

/// Message with a header, this `Content-Type`, and this body.
fn message(context: &Context, number: u64, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{}Content-Type: {kind}\n\n", head(context, number));
    [head.as_bytes(), body].concat()
}

/// Multipart body of these parts, each with its header.
fn parts(parts: &[&str]) -> String {
    let mut body = String::new();
    for part in parts {
        let _ = write!(body, "--part\n{part}\n");
    }
    body + "--part--\n"
}

const MIXED: &str = "multipart/mixed; boundary=part";
const TEXT: &str = "Content-Type: text/plain; charset=utf-8\n\nSee the file.";

fn charset(context: &Context) -> CheckSteps {
    const JAPANESE: &[u8] = b"\x1b$BK\\J8\x1b(B\n";
    const ODD: &[u8] = b"Preis: 5 \x80\n";
    CheckSteps::each([
        request(
            "a message in ISO-2022-JP",
            1001,
            message(context, 1001, "text/plain; charset=iso-2022-jp", JAPANESE),
        ),
        request(
            "a message in a charset that does not exist",
            1002,
            message(context, 1002, "text/plain; charset=x-unknown-8", ODD),
        ),
    ])
}

fn no_text(context: &Context) -> CheckSteps {
    const FILE: &str = "application/pdf; name=scan.pdf\nContent-Disposition: attachment; filename=scan.pdf\n\
                        Content-Transfer-Encoding: base64";
    CheckSteps::each([
        request(
            "a message with HTML only",
            1011,
            message(context, 1011, "text/html; charset=utf-8", b"<p>Hello</p>\n"),
        ),
        request(
            "a message with a file only",
            1012,
            message(context, 1012, FILE, b"JVBERi0xLjQK\n"),
        ),
        request("a message with no body", 1013, {
            let head = head(context, 1013);
            format!("{head}\n")
        }),
    ])
}

fn no_message_id(context: &Context) -> CheckSteps {
    let head = format!("From: {SENDER}\nTo: {RECIPIENT}\n");
    CheckSteps::each([
        request(
            "a message without Message-ID, Date and Subject",
            1021,
            format!("{head}\nMessage {}\n", id(context, 1021)),
        ),
        request(
            "a message with a Date that is none",
            1022,
            format!(
                "{head}Date: yesterday\nSubject:\n\nMessage {}\n",
                id(context, 1022)
            ),
        ),
    ])
}

fn recipients(context: &Context) -> CheckSteps {
    let several = format!(
        "From: {SENDER}\nTo: \"Support, first\" <{RECIPIENT}>, Jane <jane@example.net>,\n {OTHER}\n\
         Cc: copy@example.net, Ren\u{e9} <rene@example.net>\nSubject: Several\nMessage-ID: {}\n\nHello\n",
        id(context, 1031)
    );
    let blind = format!(
        "From: {SENDER}\nTo: undisclosed-recipients:;\nSubject: Blind copy\nMessage-ID: {}\n\nHello\n",
        id(context, 1033)
    );
    let is_per_recipient = context
        .provider
        .inbound
        .is_some_and(|it| it.is_per_recipient);
    let envelopes: Vec<Vec<String>> = match is_per_recipient {
        true => vec![vec![RECIPIENT.to_owned()], vec![OTHER.to_owned()]],
        false => vec![vec![RECIPIENT.to_owned(), OTHER.to_owned()]],
    };
    let sent = envelopes.into_iter().zip(1031..).map(|(envelope, number)| {
        addressed(
            request("a message to several recipients", number, several.clone()),
            envelope,
        )
    });
    let blind = addressed(request("a blind copy", 1033, blind), vec![OTHER.to_owned()]);
    CheckSteps::each(sent.chain([blind]))
}

fn addressed(mut request: CheckRequest, recipients: Vec<String>) -> CheckRequest {
    if let Payload::Mail(mail) = &mut request.payload {
        mail.recipients = recipients.into();
    }
    request
}

fn null_sender(context: &Context) -> CheckSteps {
    let eml = format!(
        "From: MAILER-DAEMON@example.org\nTo: {RECIPIENT}\nSubject: Undelivered mail\nMessage-ID: {}\n\
         Auto-Submitted: auto-replied\n\nIt was not delivered.\n",
        id(context, 1041)
    );
    let mut request = request("a bounce with a null return path", 1041, eml);
    if let Payload::Mail(mail) = &mut request.payload {
        mail.mail_from = "";
    }
    CheckSteps::each([request])
}

fn file_names(context: &Context) -> CheckSteps {
    let long = "n".repeat(296);
    let file = |name: &str| {
        format!("Content-Type: text/plain\nContent-Disposition: attachment{name}\n\nfile\n")
    };
    let files = [
        file("; filename=\"../../up.txt\""),
        file(&format!("; filename=\"{long}.txt\"")),
        file("; filename=\"\""),
        file(""),
    ];
    let [up, long, empty, none] = &files;
    let body = parts(&[TEXT, up, long, empty, none]);
    CheckSteps::each([request(
        "a message with files of odd names",
        1051,
        message(context, 1051, MIXED, body.as_bytes()),
    )])
}

fn attached_message(context: &Context) -> CheckSteps {
    const INNER: &str = "Content-Type: message/rfc822\nContent-Disposition: attachment; filename=forwarded.eml\n\n\
                         From: bob@example.net\nTo: ada@example.org\nSubject: The inner message\n\nInner text\n";
    const INVITATION: &str =
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n";
    let body = parts(&[TEXT, INNER, INVITATION]);
    CheckSteps::each([request(
        "a message with a message attached",
        1061,
        message(context, 1061, MIXED, body.as_bytes()),
    )])
}

fn broken_mime(context: &Context) -> CheckSteps {
    let endless = format!("--part\n{TEXT}\n--part\nContent-Type: text/html\n");
    let base64 = parts(&[
        TEXT,
        "Content-Type: image/png; name=a.png\nContent-Disposition: attachment; filename=a.png\n\
         Content-Transfer-Encoding: base64\n\n!!! this is === no base64 \u{e9}\n",
    ]);
    let words = format!(
        "From: =?utf-8?B?////?= <{SENDER}>\nTo: {RECIPIENT}\nSubject: =?x-none?Q?=ZZ=?= =?utf-8?Q?=FF\n\
         Message-ID: {}\nnot a field\n\nHello\n",
        id(context, 1074)
    );
    CheckSteps::each([
        request(
            "a multipart message that never ends",
            1071,
            message(context, 1071, MIXED, endless.as_bytes()),
        ),
        request(
            "a multipart message without a boundary",
            1072,
            message(context, 1072, "multipart/mixed", endless.as_bytes()),
        ),
        request(
            "a file whose base64 is none",
            1073,
            message(context, 1073, MIXED, base64.as_bytes()),
        ),
        request("encoded words that are none", 1074, words),
    ])
}

fn large_message(context: &Context) -> CheckSteps {
    const LINE: &str = "Widget,33.20,EUR\n";
    let limit = context.provider.inbound.and_then(|inbound| {
        let limit = inbound.limit_of(context.mail.unwrap_or_default())?;
        // A tenth is left for the header, and for line ends of two bytes.
        Some(limit.bytes / 10 * 9)
    });
    let size = limit.unwrap_or(LARGE).min(LARGE);
    // A line takes a byte more on its way, for the carriage return.
    let lines = size / (LINE.len() as u64 + 1);
    let head = format!(
        "{}Content-Type: {MIXED}\n\n--part\n{TEXT}\n--part\nContent-Type: text/csv; name=large.csv\n\
         Content-Disposition: attachment; filename=large.csv\n\n",
        head(context, 1081)
    );
    let end = "--part--\n";
    let eml = [
        head.as_str(),
        &LINE.repeat(usize::try_from(lines).unwrap_or_default()),
        end,
    ]
    .concat();
    let printf = |text: &str| format!("printf {}", crate::webhook::shell::printf(text.as_bytes()));
    let command = format!(
        "{{ {}; yes {} | head -n {lines}; {}; }}",
        printf(&head),
        LINE.trim_end(),
        printf(end)
    );
    let mut request = request("a large message", 1081, eml);
    if let Payload::Mail(mail) = &mut request.payload {
        mail.command = Some(command);
    }
    CheckSteps::each([request])
}
