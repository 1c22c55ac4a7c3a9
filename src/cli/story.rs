//! The words of `send journey` and `send campaign`.

use clap::{Args, ValueEnum};

use crate::cli::values::{Speed, share, speed};

/// What is said of a journey or a campaign.
#[derive(Debug, Args)]
#[command(next_help_heading = "Journeys and campaigns")]
pub struct StoryArgs {
    /// `send journey`: how the message's life ends, if not with a click
    #[arg(long, value_name = "ENDING")]
    pub ending: Option<Ending>,

    /// `send campaign`: how many messages, to a recipient each [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=9_999_999_999))]
    pub recipients: Option<u64>,

    /// Keep the gaps between events, so much shortened: `60x`; without it they follow at once
    #[arg(long, value_name = "SPEED", value_parser = speed)]
    pub compress: Option<Speed>,

    /// The share of messages that bounce [default: 2%]
    ///
    /// The defaults of all rates are plain assumptions of this tool: campaigns differ widely.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub bounce_rate: Option<f64>,

    /// Of the others, the share that is deferred first [default: 3%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub deferred_rate: Option<f64>,

    /// Of those delivered, the share that is opened [default: 30%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub open_rate: Option<f64>,

    /// Of those opened, the share in which a link is followed [default: 10%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub click_rate: Option<f64>,

    /// Of those opened, the share whose reader wants no more [default: 0.5%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub unsubscribe_rate: Option<f64>,

    /// Of those delivered, the share that is reported as spam [default: 0.05%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub complaint_rate: Option<f64>,
}

impl StoryArgs {
    /// The rates, in the order of a message's life: bounce, deferred, open, click, unsubscribe, complaint.
    pub fn rates(&self) -> [Option<f64>; 6] {
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

/// How a journey ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ending {
    /// The message is refused
    Bounce,
    /// The message is reported as spam
    Complaint,
    /// The reader wants no more
    Unsubscribe,
}
