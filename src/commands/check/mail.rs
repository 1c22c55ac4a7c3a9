//! Settings of `check --kind inbound`.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::cli::{CheckArgs, CheckKind};
use crate::commands::send::content_api::{ContentServer, ContentStore, Shown};
use crate::commands::send::inbound::{content_api_of, inbound_of, mode_of};
use crate::error::{Error, Result};
use crate::providers::{Inbound, Provider};
use crate::report::Reporter;

/// Mode of the requests, and the content API that the handler may call.
#[derive(Debug)]
pub(crate) struct MailSettings {
    /// Mode, empty if the provider has one form only.
    pub mode: &'static str,
    /// Answers of the content API.
    pub content: Arc<ContentStore>,
    provider: &'static Provider,
    inbound: &'static Inbound,
    /// Address of the content API (`--api`).
    api: Option<SocketAddr>,
}

impl MailSettings {
    /// Reads the flags; none without `--kind inbound`.
    pub(crate) fn of(
        args: &CheckArgs,
        provider: &'static Provider,
    ) -> Result<Option<MailSettings>> {
        if args.kind == CheckKind::Events {
            let flags = [
                ("--mode", args.mode.is_some()),
                ("--api", args.api.is_some()),
            ];
            return match flags.into_iter().find(|(_, is_given)| *is_given) {
                None => Ok(None),
                Some((flag, _)) => Err(Error::usage(format!(
                    "`{flag}` applies to inbound mail only"
                ))
                .hint("add `--kind inbound`")),
            };
        }
        let inbound = inbound_of(provider)?;
        let mode = mode_of(provider, inbound, args.mode.as_deref())?;
        if args.api.is_some() {
            content_api_of(provider, inbound)?;
        }
        Ok(Some(MailSettings {
            mode,
            content: Arc::default(),
            provider,
            inbound,
            api: args.api,
        }))
    }

    /// Note for handlers that cannot fetch the mails.
    pub(crate) fn note(&self) -> Option<String> {
        match (self.inbound.content_api, self.api) {
            (Some(api), None) => Some(format!(
                "note: the requests of {} hold ids only; for a handler that fetches the mail, `--api :4000` responds in \
                 place of {}",
                self.provider.title, api.base_url
            )),
            _ => None,
        }
    }

    /// Serves the content API; none without `--api`.
    pub(crate) fn serve(&self, report: &Arc<Reporter>) -> Option<Result<ContentServer>> {
        let served = (self.provider, self.inbound.content_api?);
        let (address, shown) = (self.api?, Shown::Failures);
        Some(ContentServer::start(
            address,
            served,
            &self.content,
            (report, shown),
        ))
    }
}
