//! `send inbound`: a message from a file, or a small one that is made, as the request of the provider that took it in.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::cli::SendArgs;
use crate::commands::send::content_api::ContentStore;
use crate::error::{Error, Result};
use crate::providers;
use crate::providers::{ContentApi, EventDef, FilterResults, Inbound, IncomingMessage, Provider};
use crate::webhook::mail::compose::{Draft, DraftFile, RECIPIENT};
use crate::webhook::mail::eml::message_bytes;
use crate::webhook::{Delivery, Headers, Kind, Mailbox, Message, Rng, address};

/// Word for inbound mail on the command line.
pub(crate) const INBOUND: &str = "inbound";

/// Message to post, whoever the provider is, and its envelope.
#[derive(Debug)]
pub(crate) struct InboundRequest {
    source: MessageSource,
    mail_from: String,
    recipients: Vec<String>,
    results: FilterResults,
    mode: Option<String>,
    batch: usize,
    /// Size of the message in a file, and its name.
    file: Option<(u64, String)>,
    /// Answers of the content API (`--api`).
    content: Option<Arc<ContentStore>>,
}

#[derive(Debug)]
enum MessageSource {
    /// Message from a file.
    File(Message),
    /// Message that is made anew for each delivery.
    Draft(Draft),
}

impl InboundRequest {
    /// Reads the flags and the files that they name.
    pub(crate) fn new(args: &SendArgs) -> Result<InboundRequest> {
        reject_event_flags(args)?;
        let flags = &args.inbound;
        let (source, file) = match &flags.eml {
            Some(path) => {
                let (message, size) = read_eml(path)?;
                let name = path.display().to_string();
                (MessageSource::File(message), Some((size, name)))
            }
            None => (MessageSource::Draft(draft(args)?), None),
        };
        let mail_from = match &flags.mail_from {
            Some(given) => without_brackets(given).to_owned(),
            None => source.mail_from(),
        };
        let mut recipients: Vec<String> = flags
            .rcpts
            .iter()
            .chain(args.recipient.iter().filter(|_| flags.rcpts.is_empty()))
            .map(|given| address(given).to_owned())
            .collect();
        if recipients.is_empty() {
            recipients.extend(source.recipient());
        }
        if recipients
            .iter()
            .all(|recipient| recipient.trim().is_empty())
        {
            return Err(Error::usage(
                "the message has no recipient: none is named in Delivered-To, X-Original-To, To or Cc",
            )
            .hint(format!("name the envelope's recipient: `--rcpt {RECIPIENT}`")));
        }
        Ok(InboundRequest {
            source,
            mail_from,
            recipients,
            results: FilterResults {
                spam_score: flags.spam_score,
                spf: flags.spf.clone(),
                dkim: flags.dkim.clone(),
                dmarc: flags.dmarc.clone(),
            },
            mode: flags.mode.clone(),
            batch: args.batch.unwrap_or(1),
            file,
            content: flags.api.map(|_| Arc::default()),
        })
    }

    /// Items of a provider: one for each recipient, or one for all. Notes are for the user.
    pub(crate) fn items(
        self: &Arc<Self>,
        provider: &'static Provider,
        notes: &mut Vec<String>,
    ) -> Result<Vec<InboundItem>> {
        let inbound = inbound_of(provider)?;
        let mode = mode_of(provider, inbound, self.mode.as_deref())?;
        if self.batch > 1 && !inbound.is_batched() {
            return Err(
                Error::usage(format!("{} sends one message per request", provider.title)).hint(
                    format!(
                        "these send several: {}",
                        providers::names_of(|it| it.inbound.is_some_and(Inbound::is_batched))
                    ),
                ),
            );
        }
        if self.content.is_some() {
            content_api_of(provider, inbound)?;
        }
        if let (Some((size, name)), Some(limit)) = (&self.file, inbound.limit_of(mode))
            && *size > limit.bytes
        {
            notes.push(format!(
                "warning: `{name}` has {size} bytes, more than {} takes: {}",
                provider.title, limit.source
            ));
        }
        let item = |recipients: Vec<String>| InboundItem {
            request: Arc::clone(self),
            inbound,
            mode,
            recipients,
        };
        Ok(match inbound.is_per_recipient {
            true => self
                .recipients
                .iter()
                .map(|recipient| item(vec![recipient.clone()]))
                .collect(),
            false => vec![item(self.recipients.clone())],
        })
    }
}

/// Delivery of inbound mail in each round, of one provider.
#[derive(Debug)]
pub(crate) struct InboundItem {
    request: Arc<InboundRequest>,
    inbound: &'static Inbound,
    mode: &'static str,
    recipients: Vec<String>,
}

impl InboundItem {
    /// Content API of its provider, and the store of its answers; none without `--api`.
    pub(crate) fn content_api(&self) -> Option<(&'static ContentApi, &Arc<ContentStore>)> {
        self.inbound.content_api.zip(self.request.content.as_ref())
    }

    /// Number of messages in a delivery.
    pub(crate) fn messages(&self) -> usize {
        self.request.batch
    }

    /// Makes a delivery; `message` returns the random stream of a message.
    pub(crate) fn fill(
        &self,
        at: Timestamp,
        rng: &mut Rng,
        message: impl Fn(usize) -> Rng,
    ) -> Delivery {
        let made: Vec<Message> = match &self.request.source {
            MessageSource::File(_) => Vec::new(),
            MessageSource::Draft(draft) => (0..self.request.batch)
                .map(|index| Message::read(draft.write(at, &mut message(index))))
                .collect(),
        };
        let messages: Vec<&Message> = match &self.request.source {
            MessageSource::File(message) => vec![message; self.request.batch],
            MessageSource::Draft(_) => made.iter().collect(),
        };
        let incoming = messages.into_iter().map(|it| self.incoming(it, at));
        let incoming: Vec<IncomingMessage> = incoming.collect();
        let delivery = self.delivery(&incoming, rng);
        if let Some(store) = &self.request.content
            && let Some(origin) = store.origin()
        {
            store.keep(self.inbound.answers(&incoming, &delivery, origin));
        }
        delivery
    }
}

impl InboundItem {
    /// Makes a delivery in this form with a small message in place of its own.
    pub(crate) fn fill_small(&self, at: Timestamp, rng: &mut Rng) -> Delivery {
        let message = Message::read(Draft::default().write(at, rng));
        self.delivery(&[self.incoming(&message, at)], rng)
    }

    fn incoming<'a>(&'a self, message: &'a Message, at: Timestamp) -> IncomingMessage<'a> {
        IncomingMessage {
            message,
            mail_from: &self.request.mail_from,
            recipients: &self.recipients,
            mode: self.mode,
            results: &self.request.results,
            at,
        }
    }

    fn delivery(&self, incoming: &[IncomingMessage], rng: &mut Rng) -> Delivery {
        let delivery = self.inbound.delivery(incoming, rng);
        delivery.unwrap_or_else(|| Delivery {
            method: http::Method::POST,
            path: http::uri::PathAndQuery::from_static("/"),
            headers: Headers::new(),
            body: Bytes::new(),
        })
    }
}

impl MessageSource {
    /// Sender of the envelope, by default.
    fn mail_from(&self) -> String {
        let given = match self {
            MessageSource::Draft(draft) => Some(address(&draft.from).to_owned()),
            MessageSource::File(message) => {
                let path = message.header("return-path");
                match path {
                    Some(path) => Some(without_brackets(&path.value).to_owned()),
                    None => first_address(message, "from"),
                }
            }
        };
        given.unwrap_or_default()
    }

    /// Recipient of the envelope, by default.
    fn recipient(&self) -> Option<String> {
        match self {
            MessageSource::Draft(draft) => Some(address(&draft.to).to_owned()),
            MessageSource::File(message) => ["delivered-to", "x-original-to", "to", "cc"]
                .iter()
                .find_map(|name| first_address(message, name)),
        }
    }
}

fn first_address(message: &Message, name: &str) -> Option<String> {
    let mut fields = message.headers().iter().filter(|field| field.is(name));
    fields.find_map(|field| Some(Mailbox::first(&field.value)?.address))
}

/// Address without the brackets of SMTP.
fn without_brackets(given: &str) -> &str {
    let given = given.trim();
    match given.strip_prefix('<').and_then(|it| it.strip_suffix('>')) {
        Some(inside) => inside.trim(),
        None => address(given),
    }
}

/// Reads a message from a file or stdin, and its size.
fn read_eml(path: &Path) -> Result<(Message, u64)> {
    let is_stdin = path.as_os_str() == "-";
    let name = match is_stdin {
        true => "stdin".to_owned(),
        false => format!("`{}`", path.display()),
    };
    let bytes = match is_stdin {
        true => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
        }
        false => std::fs::read(path),
    };
    let bytes = bytes.map_err(|error| Error::input(format!("cannot read {name}: {error}")))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let bytes = message_bytes(bytes.into()).map_err(|why| {
        Error::input(format!("cannot read {name} as a message: {why}")).hint(
            "`--eml` takes an email message with its header fields, as mail programs save it; without it, a small message is made",
        )
    })?;
    Ok((Message::read(bytes), size))
}

/// Message to make from the flags.
fn draft(args: &SendArgs) -> Result<Draft> {
    let flags = &args.inbound;
    let file = |path: &std::path::PathBuf| {
        let content = std::fs::read(path).map_err(|error| {
            Error::input(format!("cannot read `{}`: {error}", path.display()))
                .hint("`--attach` takes a file")
        })?;
        let name = path.file_name().map(|name| name.to_string_lossy());
        Ok(DraftFile {
            name: name.unwrap_or_default().into_owned(),
            content: content.into(),
        })
    };
    let to = args.recipient.as_ref().or(flags.rcpts.first());
    let usual = Draft::default();
    Ok(Draft {
        from: flags.from.clone().unwrap_or(usual.from),
        to: to.cloned().unwrap_or(usual.to),
        subject: flags.subject.clone().unwrap_or(usual.subject),
        text: match (&flags.text, &flags.html) {
            (None, None) => usual.text,
            (text, _) => text.clone(),
        },
        html: flags.html.clone(),
        files: flags.attachments.iter().map(file).collect::<Result<_>>()?,
    })
}

/// Inbound mail of a provider; the error names those that have it.
pub(crate) fn inbound_of(provider: &Provider) -> Result<&'static Inbound> {
    provider.inbound.ok_or_else(|| {
        let names = providers::names_of(|it| it.inbound.is_some());
        Error::usage(format!(
            "{} has no inbound mail that is known here",
            provider.title
        ))
        .hint(format!("these have: {names}"))
    })
}

/// Mode of `--mode`, or the default; the error names the modes.
pub(crate) fn mode_of(
    provider: &Provider,
    inbound: &Inbound,
    name: Option<&str>,
) -> Result<&'static str> {
    inbound.mode(name).ok_or_else(|| {
        let name = name.unwrap_or_default();
        let error = Error::usage(format!("{} has no mode `{name}`", provider.title));
        match inbound.modes {
            [] => error.hint("it has one form only: leave out `--mode`"),
            modes => error.hint(format!("its modes are {}", modes.join(", "))),
        }
    })
}

/// Content API of a provider; the error names those that have one.
pub(crate) fn content_api_of(
    provider: &Provider,
    inbound: &Inbound,
) -> Result<&'static ContentApi> {
    inbound.content_api.ok_or_else(|| {
        let has_api = |it: &Provider| it.inbound.is_some_and(|it| it.content_api.is_some());
        Error::usage(format!(
            "the requests of {} hold the whole mail: there is no API to fetch it from",
            provider.title
        ))
        .hint(format!("`--api` is for {}", providers::names_of(has_api)))
    })
}

/// Rejects flags that apply to events only.
fn reject_event_flags(args: &SendArgs) -> Result<()> {
    let flags = [
        ("--set", !args.sets.is_empty()),
        ("--unset", !args.unsets.is_empty()),
        ("--url", args.url.is_some()),
        ("--campaign", args.campaign.is_some()),
        ("--message-id", args.message_id.is_some()),
        ("--tag", !args.tags.is_empty()),
        ("--metadata", !args.metadata.is_empty()),
        ("--bounce", args.bounce.is_some()),
        ("--machine", args.machine),
    ];
    match flags.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => Err(
            Error::usage(format!("`{flag}` does not apply to `send inbound`")).hint(
                "the request is made of a message: change that, as with `--subject` or `--eml`",
            ),
        ),
    }
}

/// Rejects flags of inbound mail without `send inbound`.
pub(crate) fn reject_its_flags(args: &SendArgs) -> Result<()> {
    match args.inbound.given() {
        Some(flag) => Err(
            Error::usage(format!("`{flag}` applies to inbound mail only"))
                .hint("write `send inbound --provider NAME`"),
        ),
        None => Ok(()),
    }
}

/// True if a word means the inbound mail of a provider: the kind, or the provider's own name for it. Behind `native:`, it
/// means the example, and so does the name of a special case, such as that of a mode.
pub(crate) fn is_meant(provider: &Provider, word: &str) -> bool {
    let is_native = |row: &EventDef| {
        row.kind == Kind::Inbound && !row.is_special && row.native.eq_ignore_ascii_case(word)
    };
    match provider.inbound {
        Some(_) => word == INBOUND || provider.events.iter().any(is_native),
        // Of other providers, an example may be known.
        None => word == INBOUND && provider.row(INBOUND).is_none(),
    }
}
