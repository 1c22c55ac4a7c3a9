//! Selection of `send`: flags turned into the items of one round.

use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::SendArgs;
use crate::commands::args;
use crate::commands::send::generator::Item;
use crate::commands::send::inbound;
use crate::commands::send::inbound::{INBOUND, InboundRequest};
use crate::error::{Error, Result};
use crate::providers;
use crate::providers::{
    Batch, CompiledTemplate, EventDef, HandshakeRequest, Overrides, Provider, Template,
};
use crate::webhook::{Kind, Secret};

/// Returns the items of one round, in order. With several providers, those that do not support an item are left out and
/// noted.
pub(crate) fn items(
    args: &SendArgs,
    chosen: &[&'static Provider],
    notes: &mut Vec<String>,
) -> Result<Vec<Item>> {
    let choice = Candidate {
        args,
        overrides: overrides(args)?,
        kinds: kinds(args, chosen),
        inbound: inbound(args, chosen)?,
    };
    if let ([], [scheme], None) = (choice.kinds.as_slice(), chosen, &args.handshake) {
        let compiled = CompiledTemplate::new(&Template::bare(scheme), &choice.overrides);
        return Ok(vec![Item::new(scheme.name.to_owned(), scheme, compiled)]);
    }
    let mut items = Vec::new();
    for part in choice.parts() {
        for provider in chosen {
            match choice.made(provider, &part, notes) {
                Ok(made) => items.extend(made),
                Err(Unsupported::Plainly(why)) if chosen.len() > 1 => {
                    let what = why.what();
                    let is_named = what.contains(provider.title) || what.contains(provider.name);
                    let note = match is_named {
                        true => format!("{what}; left out"),
                        false => format!("{}: {what}; left out", provider.name),
                    };
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
                Err(Unsupported::Plainly(why) | Unsupported::Anyway(why)) => return Err(why),
            }
        }
    }
    if items.is_empty() {
        return Err(Error::usage("no delivery is left to send"));
    }
    Ok(items)
}

/// Reason why a provider has no item for a part of the round.
enum Unsupported {
    /// Unsupported by this provider; skipped if others are selected too.
    Plainly(Error),
    /// Error for every provider.
    Anyway(Error),
}

/// Part of a round; each provider has its own form of it.
enum RoundPart<'a> {
    /// Event of this kind or native name.
    Kind(&'a str),
    /// Batch with this number of events in one request (`--batch`).
    Batch(usize),
    /// Handshake requests (`--handshake`): the one of this name, or all.
    Handshakes(Option<&'a str>),
}

struct Candidate<'a> {
    args: &'a SendArgs,
    overrides: Overrides,
    kinds: Vec<String>,
    inbound: Option<Arc<InboundRequest>>,
}

impl Candidate<'_> {
    fn parts(&self) -> Vec<RoundPart<'_>> {
        match (&self.args.handshake, self.args.batch) {
            (Some(name), _) => vec![RoundPart::Handshakes(name.as_deref())],
            // A batch of messages is a request of its own.
            (None, Some(_)) if self.inbound.is_some() && self.kinds.len() == 1 => self
                .kinds
                .iter()
                .map(|name| RoundPart::Kind(name))
                .collect(),
            (None, Some(size)) => vec![RoundPart::Batch(size)],
            (None, None) => self
                .kinds
                .iter()
                .map(|name| RoundPart::Kind(name))
                .collect(),
        }
    }

    fn made(
        &self,
        provider: &'static Provider,
        part: &RoundPart,
        notes: &mut Vec<String>,
    ) -> std::result::Result<Vec<Item>, Unsupported> {
        match part {
            RoundPart::Kind(name) if inbound::is_meant(provider, name) => {
                self.mails(provider, notes)
            }
            RoundPart::Kind(name) => {
                let template = self.template(provider, name)?;
                let compiled = CompiledTemplate::new(&template, &self.overrides);
                settable(&compiled).map_err(Unsupported::Plainly)?;
                Ok(vec![Item::new((*name).to_owned(), provider, compiled)])
            }
            RoundPart::Batch(size) => {
                notes.extend(batches(provider, *size).map_err(Unsupported::Plainly)?);
                self.batch(provider, *size)
            }
            RoundPart::Handshakes(name) => handshakes(provider, *name, &self.overrides),
        }
    }

    /// Items of inbound mail.
    fn mails(
        &self,
        provider: &'static Provider,
        notes: &mut Vec<String>,
    ) -> std::result::Result<Vec<Item>, Unsupported> {
        let items = self.inbound.as_ref().map(|it| it.items(provider, notes));
        let items = items.unwrap_or_else(|| Ok(Vec::new()));
        let items = items.map_err(Unsupported::Plainly)?;
        let item = |item| Item::new(INBOUND.to_owned(), provider, item);
        Ok(items.into_iter().map(item).collect())
    }

    fn batch(
        &self,
        provider: &'static Provider,
        size: usize,
    ) -> std::result::Result<Vec<Item>, Unsupported> {
        let version = self.args.native_version.as_deref();
        let is_mail = |name: &&String| {
            let row = args::row(provider, name, version);
            provider.inbound.is_some() && row.is_ok_and(|row| row.kind == Kind::Inbound)
        };
        if let Some(name) = self.kinds.iter().find(is_mail) {
            return Err(Unsupported::Plainly(
                Error::usage(format!("`{name}` of {} is a request of its own", provider.title))
                    .hint("`send inbound --batch NUMBER` posts messages in one request, where the provider does"),
            ));
        }
        let templates = self
            .kinds
            .iter()
            .map(|name| self.template(provider, name))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let alone = self.kinds.iter().zip(&templates);
        let alone = alone.filter(|(_, template)| {
            provider.conduct.batch == Batch::InList && !template.is_listed()
        });
        if let Some((name, _)) = alone.into_iter().next() {
            return Err(Unsupported::Plainly(
                Error::usage(format!("{} sends one `{name}` per request", provider.title))
                    .hint("its other events are sent as a list, such as `delivered`"),
            ));
        }
        let templates: Vec<&Template> = templates.iter().collect();
        let compiled = CompiledTemplate::batch(&templates, size, &self.overrides);
        if let Some(compiled) = &compiled {
            settable(compiled).map_err(Unsupported::Plainly)?;
        }
        let name = self.kinds.join(" ");
        Ok(compiled
            .map(|compiled| Item::new(name, provider, compiled))
            .into_iter()
            .collect())
    }

    fn template(
        &self,
        provider: &'static Provider,
        name: &str,
    ) -> std::result::Result<Template, Unsupported> {
        let version = self.args.native_version.as_deref();
        let row = args::row(provider, name, version);
        let row = row.map_err(|error| match Kind::from_name(name) {
            Some(_) => Unsupported::Plainly(error),
            None => Unsupported::Anyway(error),
        })?;
        self.fits(row, name).map_err(Unsupported::Anyway)?;
        let template = if self.args.machine {
            Template::of_machine(provider, row)
        } else {
            let bounce = self.args.bounce.as_deref();
            Template::new(provider, row, bounce.filter(|_| row.kind == Kind::Bounce))
        };
        template.map_err(Unsupported::Plainly)
    }

    /// Rejects `--bounce` and `--machine` for kinds that they do not apply to.
    fn fits(&self, row: &EventDef, name: &str) -> Result<()> {
        if self.args.bounce.is_some() && row.kind != Kind::Bounce {
            return Err(Error::usage(format!(
                "`--bounce` applies to a bounce, not to `{name}`"
            )));
        }
        if self.args.machine && !matches!(row.kind, Kind::Open | Kind::Click) {
            return Err(Error::usage(format!(
                "`--machine` applies to an open or a click, not to `{name}`"
            )));
        }
        Ok(())
    }
}

/// Rejects `--set` and `--unset` paths that the event does not have.
pub(crate) fn settable(compiled: &CompiledTemplate) -> Result<()> {
    match compiled.faults().first() {
        None => Ok(()),
        Some(why) => Err(Error::usage(format!("`--set` is not possible: {why}"))
            .hint("`--dry-run --as json` prints the payload")),
    }
}

/// Message of `send inbound`, if a word means that of any provider; its flags are rejected otherwise.
fn inbound(args: &SendArgs, chosen: &[&'static Provider]) -> Result<Option<Arc<InboundRequest>>> {
    let mut words = args.kinds.iter();
    let is_meant = words.any(|word| chosen.iter().any(|it| inbound::is_meant(it, word)));
    if !is_meant {
        inbound::reject_its_flags(args)?;
        return Ok(None);
    }
    Ok(Some(Arc::new(InboundRequest::new(args)?)))
}

/// Returns the kinds to send; with none given, the first of the provider, whose example supplies the headers for
/// `--data`.
fn kinds(args: &SendArgs, chosen: &[&'static Provider]) -> Vec<String> {
    if !args.kinds.is_empty() {
        return args.kinds.clone();
    }
    let first = chosen
        .first()
        .map(|provider| providers::kinds_of(provider))
        .unwrap_or_default();
    first
        .iter()
        .take(1)
        .map(|kind| (*kind).to_owned())
        .collect()
}

/// Rejects a batch for a provider that sends single events; otherwise returns notes for the user.
fn batches(provider: &Provider, size: usize) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    match provider.conduct.batch {
        Batch::Never => {
            let error = Error::usage(format!("{} sends one event per request", provider.title));
            return Err(error.hint(format!(
                "these send several: {}",
                providers::names_of(|it| it.conduct.batch != Batch::Never && !it.events.is_empty())
            )));
        }
        Batch::UpTo(most) if size > usize::from(most) => notes.push(format!(
            "{} sends at most {most} events per request; {size} are more",
            provider.title
        )),
        Batch::UpTo(_) | Batch::Some | Batch::InList => {}
    }
    if let Some(doubt) = provider.habits.batching.doubt() {
        notes.push(format!(
            "the format of several events per request is unconfirmed for {}: {doubt}",
            provider.title
        ));
    }
    Ok(notes)
}

fn handshakes(
    provider: &'static Provider,
    name: Option<&str>,
    overrides: &Overrides,
) -> std::result::Result<Vec<Item>, Unsupported> {
    let all = HandshakeRequest::all(provider);
    let meant: Vec<&HandshakeRequest> = match name {
        None => all.iter().collect(),
        Some(name) => all
            .iter()
            .filter(|request| request.is_meant(name))
            .collect(),
    };
    if meant.is_empty() {
        let names: Vec<&str> = all.iter().map(|request| request.name).collect();
        let error = match (names.as_slice(), name) {
            ([], _) | (_, None) => Error::usage(format!("{} has no handshake", provider.title))
                .hint(format!(
                    "these have one: {}",
                    providers::names_of(|it| !HandshakeRequest::all(it).is_empty())
                )),
            (names, Some(name)) => {
                Error::usage(format!("{} has no handshake `{name}`", provider.title))
                    .hint(format!("it has {}", names.join(", ")))
            }
        };
        return Err(Unsupported::Plainly(error));
    }
    let item = |request: &&HandshakeRequest| {
        let template = request.template(provider).map_err(Unsupported::Anyway)?;
        let compiled = CompiledTemplate::new(&template, overrides);
        settable(&compiled).map_err(Unsupported::Plainly)?;
        let item = Item::new(format!("--handshake {}", request.name), provider, compiled);
        Ok(match request.secret {
            Some(secret) => item.signed_with(&Secret::new(secret)),
            None => item,
        })
    };
    meant.iter().map(item).collect()
}

/// Signing time (`--signed-at`); with `--seed`, the time of the events.
pub(crate) fn signing_time(args: &SendArgs) -> Option<Timestamp> {
    let of_events = args.seed.and(args.at);
    args.signed_at.or(of_events)
}

/// Reads the flags that change an event: `--recipient`, `--tag`, `--set` and others.
pub(crate) fn overrides(args: &SendArgs) -> Result<Overrides> {
    let pair = |given: &str, what: &str| -> Result<(String, String)> {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{given}` has no value"))
                .hint(format!("write it as `{what}=VALUE`"))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    let providers::PlaceChanges { sets, unsets } = args::place_changes(&args.sets, &args.unsets)?;
    Ok(Overrides {
        recipient: args.recipient.clone(),
        url: args.url.clone(),
        campaign: args.campaign.clone(),
        message_id: args.message_id.clone(),
        tags: args.tags.clone(),
        metadata: args
            .metadata
            .iter()
            .map(|given| pair(given, "KEY"))
            .collect::<Result<_>>()?,
        sets,
        unsets,
    })
}
