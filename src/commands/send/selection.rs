//! What one round of `send` sends: which examples, in whose dress.

use crate::cli::SendArgs;
use crate::commands::args;
use crate::commands::send::generator::Item;
use crate::error::{Error, Result};
use crate::providers;
use crate::providers::{Batch, Probe, Provider, Row, Stencil, Template, Wish};
use crate::webhook::{Kind, Secret};

/// The deliveries that were asked for, in their order; of all providers, those that send such. A note says what is left
/// out.
pub fn items(
    args: &SendArgs,
    chosen: &[&'static Provider],
    notes: &mut Vec<String>,
) -> Result<Vec<Item>> {
    let choice = Choice {
        args,
        wish: wish(args)?,
        kinds: kinds(args, chosen),
    };
    if let ([], [scheme], None) = (choice.kinds.as_slice(), chosen, &args.probe) {
        let stencil = Stencil::new(&Template::bare(scheme), &choice.wish);
        return Ok(vec![Item::new(scheme.name.to_owned(), scheme, stencil)]);
    }
    let mut items = Vec::new();
    for part in choice.parts() {
        for provider in chosen {
            match choice.made(provider, &part, notes) {
                Ok(made) => items.extend(made),
                Err(Lack::Plainly(why)) if chosen.len() > 1 => {
                    let note = format!("{}; left out", why.what());
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
                Err(Lack::Plainly(why) | Lack::Anyway(why)) => return Err(why),
            }
        }
    }
    if items.is_empty() {
        return Err(Error::usage("nothing is left to send"));
    }
    Ok(items)
}

/// Why a provider sends nothing of the sort.
enum Lack {
    /// It has no such thing, which is no fault where all providers are meant.
    Plainly(Error),
    /// Nobody can have it.
    Anyway(Error),
}

/// A part of a round that each provider has its own form of.
enum Part<'a> {
    /// One delivery of that name.
    Kind(&'a str),
    /// Several events of these names in one request.
    Batch(usize),
    /// What a provider asks of a URL: the one of that name, or all.
    Probes(Option<&'a str>),
}

struct Choice<'a> {
    args: &'a SendArgs,
    wish: Wish,
    kinds: Vec<String>,
}

impl Choice<'_> {
    fn parts(&self) -> Vec<Part<'_>> {
        match (&self.args.probe, self.args.batch) {
            (Some(name), _) => vec![Part::Probes(name.as_deref())],
            (None, Some(size)) => vec![Part::Batch(size)],
            (None, None) => self.kinds.iter().map(|name| Part::Kind(name)).collect(),
        }
    }

    fn made(
        &self,
        provider: &'static Provider,
        part: &Part,
        notes: &mut Vec<String>,
    ) -> std::result::Result<Vec<Item>, Lack> {
        match part {
            Part::Kind(name) => {
                let template = self.template(provider, name)?;
                let stencil = Stencil::new(&template, &self.wish);
                settable(&stencil).map_err(Lack::Plainly)?;
                Ok(vec![Item::new((*name).to_owned(), provider, stencil)])
            }
            Part::Batch(size) => {
                notes.extend(batches(provider, *size).map_err(Lack::Plainly)?);
                self.batch(provider, *size)
            }
            Part::Probes(name) => probes(provider, *name, &self.wish),
        }
    }

    fn batch(
        &self,
        provider: &'static Provider,
        size: usize,
    ) -> std::result::Result<Vec<Item>, Lack> {
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
            return Err(Lack::Plainly(
                Error::usage(format!("{} sends one `{name}` a request", provider.title))
                    .hint("others of its events come as a list, such as `delivered`"),
            ));
        }
        let templates: Vec<&Template> = templates.iter().collect();
        let stencil = Stencil::batch(&templates, size, &self.wish);
        if let Some(stencil) = &stencil {
            settable(stencil).map_err(Lack::Plainly)?;
        }
        let name = self.kinds.join(" ");
        Ok(stencil
            .map(|stencil| Item::new(name, provider, stencil))
            .into_iter()
            .collect())
    }

    fn template(
        &self,
        provider: &'static Provider,
        name: &str,
    ) -> std::result::Result<Template, Lack> {
        let version = self.args.native_version.as_deref();
        let row = args::row(provider, name, version);
        let row = row.map_err(|error| match Kind::from_name(name) {
            Some(_) => Lack::Plainly(error),
            None => Lack::Anyway(error),
        })?;
        self.fits(row, name).map_err(Lack::Anyway)?;
        let template = if self.args.machine {
            Template::of_machine(provider, row)
        } else {
            let bounce = self.args.bounce.as_deref();
            Template::new(provider, row, bounce.filter(|_| row.kind == Kind::Bounce))
        };
        template.map_err(Lack::Plainly)
    }

    /// Whether what was said of an event goes with one of this kind.
    fn fits(&self, row: &Row, name: &str) -> Result<()> {
        if self.args.bounce.is_some() && row.kind != Kind::Bounce {
            return Err(Error::usage(format!(
                "`--bounce` goes with a bounce, not with `{name}`"
            )));
        }
        if self.args.machine && !matches!(row.kind, Kind::Open | Kind::Click) {
            return Err(Error::usage(format!(
                "`--machine` goes with an open or a click, not with `{name}`"
            )));
        }
        Ok(())
    }
}

/// Whether everything can be set that the user wants to be.
pub fn settable(stencil: &Stencil) -> Result<()> {
    match stencil.faults().first() {
        None => Ok(()),
        Some(why) => Err(Error::usage(format!("`--set` cannot do that: {why}"))
            .hint("`--dry-run --as json` prints what there is")),
    }
}

/// With a body of one's own and no kind, only the headers of an example are taken.
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

/// Whether a provider puts so many events into a request; what the user should know of it.
fn batches(provider: &Provider, size: usize) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    match provider.conduct.batch {
        Batch::Never => {
            let error = Error::usage(format!("{} sends one event a request", provider.title));
            return Err(error.hint(format!(
                "these send several: {}",
                providers::names_of(|it| it.conduct.batch != Batch::Never && !it.rows.is_empty())
            )));
        }
        Batch::UpTo(most) if size > usize::from(most) => notes.push(format!(
            "{} is known to put up to {most} events into a request; {size} are more",
            provider.title
        )),
        Batch::UpTo(_) | Batch::Some | Batch::InList => {}
    }
    if let Some(doubt) = provider.habits.batching.doubt() {
        notes.push(format!(
            "how {} puts several events into a request is unconfirmed: {doubt}",
            provider.title
        ));
    }
    Ok(notes)
}

fn probes(
    provider: &'static Provider,
    name: Option<&str>,
    wish: &Wish,
) -> std::result::Result<Vec<Item>, Lack> {
    let all = Probe::all(provider);
    let meant: Vec<&Probe> = match name {
        None => all.iter().collect(),
        Some(name) => all.iter().filter(|probe| probe.is_meant(name)).collect(),
    };
    if meant.is_empty() {
        let names: Vec<&str> = all.iter().map(|probe| probe.name).collect();
        let error = match (names.as_slice(), name) {
            ([], _) | (_, None) => {
                Error::usage(format!("{} has no probe", provider.title)).hint(format!(
                    "these ask something of a URL: {}",
                    providers::names_of(|it| !Probe::all(it).is_empty())
                ))
            }
            (names, Some(name)) => {
                Error::usage(format!("{} has no probe `{name}`", provider.title))
                    .hint(format!("it has {}", names.join(", ")))
            }
        };
        return Err(Lack::Plainly(error));
    }
    let item = |probe: &&Probe| {
        let template = probe.template(provider).map_err(Lack::Anyway)?;
        let stencil = Stencil::new(&template, wish);
        settable(&stencil).map_err(Lack::Plainly)?;
        let item = Item::new(format!("--probe {}", probe.name), provider, stencil);
        Ok(match probe.secret {
            Some(secret) => item.signed_with(&Secret::new(secret)),
            None => item,
        })
    };
    meant.iter().map(item).collect()
}

/// What the words ask of the event.
pub fn wish(args: &SendArgs) -> Result<Wish> {
    let pair = |given: &str, what: &str| -> Result<(String, String)> {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Error::usage(format!("`{given}` has no value"))
                .hint(format!("write it as `{what}=VALUE`"))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    let sets = args.sets.iter().map(|given| {
        let (path, value) = pair(given, "PATH")?;
        let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::from(value));
        Ok((path, value))
    });
    Ok(Wish {
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
        sets: sets.collect::<Result<_>>()?,
        unsets: args.unsets.clone(),
    })
}
