//! Scenario of `send`: a journey or a campaign, made from the flags.

use crate::cli::{JourneyEnd, SendArgs};
use crate::commands::send::inbound;
use crate::error::{Error, Result};
use crate::webhook;
use crate::webhook::{Campaign, Rates};

/// Scenario to simulate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// Events of one message.
    Journey(webhook::Ending),
    /// Events of many messages.
    Campaign(Campaign),
}

/// True if the first word is `journey` or `campaign`, not an event kind.
pub(crate) fn is_meant(args: &SendArgs) -> bool {
    let first = args.kinds.first().map(String::as_str);
    matches!(first, Some("journey" | "campaign"))
}

/// Rejects flags that apply to a journey or a campaign only.
pub(crate) fn reject_its_flags(args: &SendArgs) -> Result<()> {
    let flags = &args.journey;
    let given = flags.recipients.is_some() || flags.ending.is_some() || flags.compress.is_some();
    if given || flags.rates().iter().any(Option::is_some) {
        return Err(Error::usage("these flags need a journey or a campaign")
            .hint("use `send journey` for the events of one message, `send campaign --recipients 1000` for those of many"));
    }
    Ok(())
}

/// Rejects flags that apply to single events only.
pub(crate) fn reject_other_flags(args: &SendArgs) -> Result<()> {
    inbound::reject_its_flags(args)?;
    let others = args.data.is_some() || args.handshake.is_some() || args.batch.is_some();
    if others || args.machine || args.tamper.is_some() || args.count != 1 {
        return Err(Error::usage(
            "a journey or a campaign has its own events: `--data`, `--count`, `--batch`, `--handshake`, `--machine` and \
             `--tamper` do not apply",
        ));
    }
    match args.provider.as_str() {
        "all" => Err(Error::usage(
            "a journey or a campaign is sent as one provider",
        )),
        _ => Ok(()),
    }
}

impl Scenario {
    /// Makes the scenario from the flags.
    pub(crate) fn new(args: &SendArgs, seed: u64) -> Result<Scenario> {
        if let [_, other, ..] = args.kinds.as_slice() {
            return Err(Error::usage(format!("unexpected word `{other}`"))
                .hint("a journey and a campaign choose their events themselves"));
        }
        match args.kinds.first().map(String::as_str) {
            Some("journey") => Scenario::journey(args),
            _ => Scenario::campaign(args, seed),
        }
    }

    fn journey(args: &SendArgs) -> Result<Scenario> {
        let flags = &args.journey;
        if flags.recipients.is_some() || flags.rates().iter().any(Option::is_some) {
            return Err(Error::usage("a journey has one message")
                .hint("`send campaign --recipients N` sends the events of many"));
        }
        Ok(Scenario::Journey(match flags.ending {
            None => webhook::Ending::Click,
            Some(JourneyEnd::Bounce) => webhook::Ending::Bounce,
            Some(JourneyEnd::Complaint) => webhook::Ending::Complaint,
            Some(JourneyEnd::Unsubscribe) => webhook::Ending::Unsubscribe,
        }))
    }

    fn campaign(args: &SendArgs, seed: u64) -> Result<Scenario> {
        let flags = &args.journey;
        if flags.ending.is_some() {
            return Err(Error::usage(
                "`--ending` applies to a journey; the messages of a campaign end in different ways",
            )
            .hint("use `--bounce-rate`, `--complaint-rate` and `--unsubscribe-rate`"));
        }
        if args.recipient.is_some() || args.message_id.is_some() {
            return Err(Error::usage(
                "the messages of a campaign have their own recipients and ids: `--recipient` and `--message-id` do not \
                 apply",
            ));
        }
        let defaults = Rates::default();
        let [bounce, deferred, open, click, unsubscribe, complaint] = flags.rates();
        Ok(Scenario::Campaign(Campaign {
            recipients: flags.recipients.unwrap_or(100),
            rates: Rates {
                bounce: bounce.unwrap_or(defaults.bounce),
                deferred: deferred.unwrap_or(defaults.deferred),
                open: open.unwrap_or(defaults.open),
                click: click.unwrap_or(defaults.click),
                unsubscribe: unsubscribe.unwrap_or(defaults.unsubscribe),
                complaint: complaint.unwrap_or(defaults.complaint),
            },
            seed,
        }))
    }

    /// Word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Journey(_) => "journey",
            Scenario::Campaign(_) => "campaign",
        }
    }
}
