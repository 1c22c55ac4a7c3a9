//! Dry run (`--dry-run`): requests are printed and not sent.

use jiff::Timestamp;

use crate::cli::RequestFormat;
use crate::commands::job::Job;
use crate::error::Result;
use crate::report::{HAR_BETWEEN, HAR_END, Notice, Reporter, curl, har, har_start, http, vegeta};
use crate::webhook::{Delivery, Fixture, Target};

/// Settings of a dry run.
#[derive(Clone, Copy, Debug)]
pub(super) struct DryRun {
    /// Output format (`--as`): http, curl, json, har or vegeta.
    pub form: RequestFormat,
    /// Time of a request in a HAR document, if its recording gives none; now if none.
    pub at: Option<Timestamp>,
    /// True for `--quiet`: requests are only counted.
    pub quiet: bool,
}

impl DryRun {
    /// Prints each request as it is made, so that memory does not grow with their number.
    pub(super) fn print(
        &self,
        jobs: impl Iterator<Item = Result<Job>>,
        target: &Target,
        report: &Reporter,
    ) -> Result<()> {
        let (mut deliveries, mut bytes) = (0u64, 0u64);
        let is_har = self.form == RequestFormat::Har && !self.quiet;
        if is_har {
            report.data(har_start().as_bytes());
        }
        if !self.quiet && target.has_credentials() {
            report.note(match self.form {
                RequestFormat::Json => LEFT_OUT,
                RequestFormat::Curl => "the user and the password of `--to` are printed as `***`: in the command, replace the header `authorization` by `-u USER:PASSWORD`",
                RequestFormat::Http | RequestFormat::Har | RequestFormat::Vegeta => "the user and the password of `--to` are printed as `***`; `-H 'authorization: …'` in place of them is printed",
            });
        }
        for job in jobs {
            let job = job?;
            if !self.quiet {
                if is_har && deliveries > 0 {
                    report.data(HAR_BETWEEN.as_bytes());
                }
                report.data(&self.printed(&job, target));
            }
            deliveries += 1;
            bytes += job.delivery.body.len() as u64;
        }
        if is_har {
            report.data(HAR_END.as_bytes());
        }
        if self.quiet {
            report.tell(&Notice::Read { deliveries, bytes });
        }
        Ok(())
    }

    fn printed(&self, job: &Job, target: &Target) -> Vec<u8> {
        let delivery = &job.delivery;
        match self.form {
            RequestFormat::Http => {
                let mut out = http(delivery, target);
                out.extend_from_slice(b"\n");
                out
            }
            RequestFormat::Curl => curl(delivery, target),
            RequestFormat::Json => Fixture::new(as_sent(delivery.clone(), target))
                .to_line()
                .into_bytes(),
            RequestFormat::Har => {
                let at = job.origin.at.or(self.at);
                har(delivery, target, at.unwrap_or_else(Timestamp::now))
            }
            RequestFormat::Vegeta => vegeta(delivery, target),
        }
    }
}

/// Said where a fixture is made for a target with credentials.
pub(super) const LEFT_OUT: &str =
    "the user and the password of `--to` are left out: a fixture is for any target";

/// A delivery with the header fields that go over the wire: without those that are made for each connection, and with
/// those that the user gave for the target. Credentials of the target stay with it.
pub(super) fn as_sent(mut delivery: Delivery, target: &Target) -> Delivery {
    let mut headers = delivery.headers.end_to_end();
    for (name, value) in target.given() {
        if value.is_sensitive() {
            headers.remove(name.as_str());
        } else {
            headers.set(name.clone(), value.clone());
        }
    }
    delivery.headers = headers;
    delivery
}
