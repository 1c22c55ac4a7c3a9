//! Requests printed in place of being sent.

use jiff::Timestamp;

use crate::cli::Form;
use crate::commands::dispatch::Parcel;
use crate::error::Result;
use crate::report::{HAR_BETWEEN, HAR_END, Notice, Reporter, curl, har, har_start, http, vegeta};
use crate::webhook::{Fixture, Target};

/// How requests are printed.
#[derive(Clone, Copy, Debug)]
pub struct Printout {
    /// In which form.
    pub form: Form,
    /// When they are made, where that is part of the form and nothing else is known.
    pub at: Option<Timestamp>,
    /// Whether they are only counted.
    pub quiet: bool,
}

impl Printout {
    /// Prints each as it comes, so that any number of them fits into memory.
    pub fn print(
        &self,
        parcels: impl Iterator<Item = Result<Parcel>>,
        target: &Target,
        report: &Reporter,
    ) -> Result<()> {
        let (mut deliveries, mut bytes) = (0u64, 0u64);
        let is_har = self.form == Form::Har && !self.quiet;
        if is_har {
            report.data(har_start().as_bytes());
        }
        for parcel in parcels {
            let parcel = parcel?;
            if !self.quiet {
                if is_har && deliveries > 0 {
                    report.data(HAR_BETWEEN.as_bytes());
                }
                report.data(&self.printed(&parcel, target));
            }
            deliveries += 1;
            bytes += parcel.delivery.body.len() as u64;
        }
        if is_har {
            report.data(HAR_END.as_bytes());
        }
        if self.quiet {
            report.tell(&Notice::Read { deliveries, bytes });
        }
        Ok(())
    }

    fn printed(&self, parcel: &Parcel, target: &Target) -> Vec<u8> {
        let delivery = &parcel.delivery;
        match self.form {
            Form::Http => {
                let mut out = http(delivery, target);
                out.extend_from_slice(b"\n");
                out
            }
            Form::Curl => curl(delivery, target),
            Form::Json => Fixture::new(delivery.clone()).to_line().into_bytes(),
            Form::Har => {
                let at = parcel.past.at.or(self.at);
                har(delivery, target, at.unwrap_or_else(Timestamp::now))
            }
            Form::Vegeta => vegeta(delivery, target),
        }
    }
}
