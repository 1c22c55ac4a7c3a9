//! Settings of `listen`, made from its flags.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;

use crate::cli::{ListenArgs, Show, TunnelProgram};
use crate::commands::args;
use crate::commands::forward::routes::{Forwarding, Route};
use crate::commands::id;
use crate::commands::inspect::startup;
use crate::commands::inspect::startup::Access;
use crate::commands::listen::answer::CannedResponse;
use crate::commands::listen::faults::{Failure, FailureRule, FaultInjection};
use crate::commands::listen::https::Https;
use crate::commands::listen::recent;
use crate::commands::listen::recording::Record;
use crate::error::{Error, Result};
use crate::inspector::store::table::Table;
use crate::io::keyboard;
use crate::io::server::Limits;
use crate::io::server::memory::{self, MemoryBudget};
use crate::io::tunnel::tunnel::TunnelKind;
use crate::providers::{Keys, Provider};
use crate::report::{OutputStyle, ShownParts, View};
use crate::webhook::{Event, Glob, Keyring, Kind, Rng, Target};

/// Settings of `listen`, made from its flags.
#[derive(Debug)]
pub(crate) struct ListenPlan {
    pub(crate) style: OutputStyle,
    pub(crate) addr: String,
    pub(crate) limits: Limits,
    /// Memory for bodies that are received, and for what the inspector reads of the recording.
    pub(crate) memory: MemoryBudget,
    pub(crate) https: Option<Https>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) provider: Option<&'static Provider>,
    pub(crate) require_signature: bool,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) public_url: Option<String>,
    pub(crate) tunnel: Option<TunnelKind>,
    /// Channel to receive from (`--from`).
    pub(crate) channel: Option<Target>,
    pub(crate) topics: Vec<String>,
    pub(crate) record: Option<Record>,
    pub(crate) forwarding: Option<Forwarding>,
    pub(crate) confirm_sns: bool,
    pub(crate) fetch_certs: bool,
    pub(crate) faults: FaultInjection,
    pub(crate) answer: CannedResponse,
    pub(crate) shown: DisplayFilter,
    pub(crate) count: Option<u64>,
    pub(crate) span: Option<Duration>,
    pub(crate) expected: Vec<(Kind, u64)>,
    pub(crate) quiet: bool,
    /// Deliveries that are kept in memory for the keys.
    pub(crate) kept: usize,
    /// Inspector (`--ui`).
    pub(crate) access: Option<Access>,
    /// Deliveries of the inspector.
    pub(crate) table: Option<Arc<Table>>,
    /// Folder for the files of mails (`--save-attachments`).
    pub(crate) save_attachments: Option<PathBuf>,
    /// Secrets as given, for the inspector.
    pub(crate) ring: Keyring,
    pub(crate) notes: Vec<String>,
}

/// Display filter (`--events`, `--path`); an empty list matches everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct DisplayFilter {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) paths: Vec<Glob>,
}

impl DisplayFilter {
    pub(crate) fn includes(&self, path: &str, events: &[Event]) -> bool {
        let is_kind = |event: &Event| self.kinds.contains(&event.kind);
        (self.kinds.is_empty() || events.iter().any(is_kind))
            && (self.paths.is_empty() || self.paths.iter().any(|glob| glob.matches(path)))
    }
}

impl ListenPlan {
    /// Makes the settings from the flags; reads secrets and body files.
    pub(crate) fn new(args: &ListenArgs, style: OutputStyle) -> Result<ListenPlan> {
        let provider = args.provider.as_deref().map(args::provider).transpose()?;
        let secrets = args::secrets(&args.secrets, provider)?;
        let record = args.record.clone().map(|path| Record {
            path,
            sync: args.sync.into(),
            redact: args.redact,
        });
        let forwarding = forwarding(args)?;
        let (view, parts) = view(args);
        let kept = kept(args, style.json || !keyboard::is_possible());
        let access = access(args)?;
        let recorded = record.as_ref().map(|record| record.path.as_path());
        let table = || startup::table(args.keep, recorded);
        let table = access.is_some().then(table);
        Ok(ListenPlan {
            style: OutputStyle {
                view,
                parts,
                ..style
            },
            addr: addr(args),
            limits: Limits {
                max_body: args.max_body,
                ..Limits::default()
            },
            memory: memory(
                record.as_ref(),
                forwarding.as_ref(),
                kept > 0 || table.is_some(),
            ),
            https: Https::of(args),
            keys: Arc::new(secrets.keys),
            provider,
            require_signature: args.require_signature,
            tolerance: args.verify_options.tolerance,
            // What a provider was told to call is the channel.
            public_url: args.secrets.public_url.clone().or(args.from.clone()),
            tunnel: tunnel(args)?,
            channel: args.from.as_deref().map(channel).transpose()?,
            topics: args.verify_options.topic_arn.clone(),
            record,
            forwarding,
            confirm_sns: args.confirm_sns,
            fetch_certs: args.verify_options.fetch_certs,
            faults: faults(args),
            answer: canned_response(args)?,
            shown: DisplayFilter {
                kinds: args.events.clone(),
                paths: args.path.iter().map(|glob| Glob::new(glob)).collect(),
            },
            count: args.count,
            span: args.span,
            expected: args.expect.clone(),
            quiet: args.quiet,
            kept,
            access,
            table,
            save_attachments: args.save_attachments.clone(),
            ring: secrets.ring,
            notes: secrets.notes,
        })
    }
}

/// Returns the access to the inspector (`--ui`).
fn access(args: &ListenArgs) -> Result<Option<Access>> {
    let inspector = &args.inspector;
    let Some(address) = &inspector.ui else {
        return Ok(None);
    };
    let opens = inspector.open && std::io::stdout().is_terminal();
    let mut access = Access::new(address, &inspector.access, opens)?;
    access.quiet = args.quiet;
    Ok(Some(access))
}

/// Returns the tunnel program, if it is installed.
fn tunnel(args: &ListenArgs) -> Result<Option<TunnelKind>> {
    let kind = args.tunnel.as_ref().map(|tunnel| match tunnel {
        TunnelProgram::Cloudflared => TunnelKind::Cloudflared,
        TunnelProgram::Ngrok => TunnelKind::Ngrok,
        TunnelProgram::Tailscale => TunnelKind::Tailscale,
        TunnelProgram::Ssh(destination) => TunnelKind::Ssh(destination.clone()),
    });
    if let Some(kind) = &kind {
        kind.check_installed()?;
    }
    Ok(kind)
}

/// Returns the URL of a channel.
fn channel(url: &str) -> Result<Target> {
    match url.starts_with("http://") || url.starts_with("https://") {
        true => Target::parse(url),
        false => Err(Error::usage(format!("`{url}` is no URL of a channel"))
            .hint("write `--from https://smee.io/NAME`")),
    }
}

fn addr(args: &ListenArgs) -> String {
    let Some(port) = args.port else {
        return args.addr.clone();
    };
    let host = args.addr.rsplit_once(':').map(|(host, _)| host);
    format!("{}:{port}", host.unwrap_or(&args.addr))
}

/// Returns the view of a delivery, and the parts that are shown of it.
fn view(args: &ListenArgs) -> (View, ShownParts) {
    let chosen = args.verbose || !args.show.is_empty();
    let show = |part: Show| args.verbose || args.show.contains(&part);
    match (args.quiet, chosen, args.forward_to.is_empty()) {
        (true, ..) => (View::Line, ShownParts::default()),
        (false, true, _) => (
            View::Parts,
            ShownParts {
                events: show(Show::Events),
                headers: show(Show::Headers),
                body: show(Show::Body),
                reply: show(Show::Reply),
            },
        ),
        (false, false, false) => (View::LineAndFailures, ShownParts::default()),
        (false, false, true) => (
            View::Parts,
            ShownParts {
                events: true,
                body: true,
                ..ShownParts::default()
            },
        ),
    }
}

/// Returns the number of deliveries to keep in memory: the last one where they are recorded, and none without keys.
fn kept(args: &ListenArgs, without_keys: bool) -> usize {
    match (without_keys, &args.record) {
        (true, _) => 0,
        (false, Some(_)) => args.keep.min(1),
        (false, None) => args.keep,
    }
}

/// Memory for bodies: they share it with what is serialised, waits in the background, or is kept.
fn memory(record: Option<&Record>, forwarding: Option<&Forwarding>, is_kept: bool) -> MemoryBudget {
    let in_recent = if is_kept { recent::MOST_BYTES } else { 0 };
    let others = record.map_or(0, Record::copies)
        + forwarding.map_or(0, Forwarding::in_background)
        + in_recent;
    MemoryBudget::new(memory::BODIES - others)
}

fn forwarding(args: &ListenArgs) -> Result<Option<Forwarding>> {
    let route = |(at, (kinds, target)): (usize, &(Vec<Kind>, String))| {
        let mut target = Target::parse(target)?;
        let of_target = args.route_headers.get(at).into_iter();
        for headers in of_target.chain([&args.forward_header]) {
            args::request_headers(headers, &mut target)?
                .into_iter()
                .for_each(|(name, value)| target.set_header(name, value));
        }
        Ok(Route {
            kinds: kinds.clone(),
            target,
        })
    };
    let routes = args.forward_to.iter().enumerate().map(route);
    let routes: Vec<Route> = routes.collect::<Result<_>>()?;
    Ok((!routes.is_empty()).then_some(Forwarding {
        routes,
        ack_always: args.ack_always,
        insecure: args.insecure,
        retries: args.retries,
        timeout: args.timeout,
    }))
}

fn faults(args: &ListenArgs) -> FaultInjection {
    let failure = if args.hang_up {
        Failure::HangUp
    } else {
        let status = args.fail_status.map(StatusCode::from_u16);
        Failure::Status(
            status
                .and_then(std::result::Result::ok)
                .unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        )
    };
    let failing = match (args.fail_first, args.fail_rate) {
        (None, None) if args.hang_up || args.fail_status.is_some() => FailureRule::Always,
        (None, None) => FailureRule::Never,
        (first, rate) => FailureRule::Sometimes {
            first: first.unwrap_or_default(),
            rate: rate.unwrap_or_default(),
            rng: Mutex::new(Rng::seeded(args.seed.unwrap_or_else(id::fresh_seed))),
        },
    };
    FaultInjection {
        kinds: args.events.clone(),
        delay: args.delay.unwrap_or_default(),
        failing,
        failure,
        next: AtomicU32::new(0),
    }
}

fn canned_response(args: &ListenArgs) -> Result<CannedResponse> {
    let body = args.body.as_deref().map(args::body).transpose()?;
    Ok(CannedResponse {
        status: StatusCode::from_u16(args.status).unwrap_or_default(),
        headers: args::headers(&args.headers)?.into_iter().collect(),
        body: body.unwrap_or_default().into(),
    })
}
