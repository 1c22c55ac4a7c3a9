//! Flags of `send journey` and `send campaign`.

use clap::{Args, ValueEnum};

use crate::cli::values::{Speed, share, speed};

/// Settings of a journey or a campaign.
#[derive(Debug, Args)]
pub(crate) struct JourneyArgs {
    /// `send journey`: last event of the message, instead of a click
    #[arg(
        long,
        value_name = "ENDING",
        hide_short_help = true,
        help_heading = "Journeys and campaigns"
    )]
    pub ending: Option<JourneyEnd>,

    /// `send campaign`: number of messages, each to its own recipient [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=9_999_999_999), hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub recipients: Option<u64>,

    /// Keep the time between events, divided by this factor: `60x`; without it, no waiting
    #[arg(long, value_name = "SPEED", value_parser = speed, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub compress: Option<Speed>,

    /// Share of messages that bounce [default: 2%]
    ///
    /// The defaults of all rates are assumptions of this tool: campaigns differ widely.
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub bounce_rate: Option<f64>,

    /// Share of the other messages that are deferred first [default: 3%]
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub deferred_rate: Option<f64>,

    /// Share of delivered messages that are opened [default: 30%]
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub open_rate: Option<f64>,

    /// Share of opened messages with a click [default: 10%]
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub click_rate: Option<f64>,

    /// Share of opened messages whose reader unsubscribes [default: 0.5%]
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub unsubscribe_rate: Option<f64>,

    /// Share of delivered messages that are reported as spam [default: 0.05%]
    #[arg(long, value_name = "SHARE", value_parser = share, hide_short_help = true, help_heading = "Journeys and campaigns")]
    pub complaint_rate: Option<f64>,
}

impl JourneyArgs {
    /// The rates, in the order of a message's life: bounce, deferred, open, click, unsubscribe, complaint.
    pub(crate) fn rates(&self) -> [Option<f64>; 6] {
        [
            self.bounce_rate,
            self.deferred_rate,
            self.open_rate,
            self.click_rate,
            self.unsubscribe_rate,
            self.complaint_rate,
        ]
    }
}

/// Last event of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JourneyEnd {
    /// The message bounces
    Bounce,
    /// The recipient reports spam
    Complaint,
    /// The recipient unsubscribes
    Unsubscribe,
}
