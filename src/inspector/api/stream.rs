//! Deliveries as they arrive: the stream of server-sent events, and waiting for deliveries that a test expects.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use crate::inspector::Inspector;
use crate::inspector::api::row;
use crate::inspector::http::channel_body::ChannelBody;
use crate::inspector::http::parameters::Parameters;
use crate::inspector::http::problem::Problem;
use crate::inspector::http::response::json_response;
use crate::inspector::search::filter::{Filter, Match};
use crate::inspector::search::scan::Wish;
use crate::inspector::store::entry::Entry;
use crate::inspector::store::kept::Kept;
use crate::inspector::store::live::Live;
use crate::inspector::store::packed::Packed;
use crate::inspector::store::position::Position;
use crate::inspector::store::rows::Lookup;
use crate::report;

/// Pause after which a comment shows that the stream is alive.
const ALIVE: Duration = Duration::from_secs(15);

/// Rows a second that a stream gets, and at once; more are a gap.
const RATE: f64 = 2500.0;
const BURST: f64 = 4000.0;

/// Rest after deliveries.
const REST: Duration = Duration::from_millis(25);

/// Bytes of events after which they are written.
const TOGETHER: usize = 64 << 10;

/// Pause after which a gap is told.
const SOON: Duration = Duration::from_millis(200);

/// Deliveries whose results are still told.
const MOST_SENT: usize = 16 << 10;

/// Deliveries that are sent anew to a reader that resumes.
const MOST_RESUMED: usize = 10_000;

/// Rows of what came instead, at most.
const INSTEAD: usize = 20;

/// Longest wait, and the usual one.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
const USUAL_WAIT: Duration = Duration::from_secs(10);

/// `GET /api/v1/stream`
pub async fn stream(
    State(inspector): State<Arc<Inspector>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (_, filter) = Parameters::with_filter(query.as_deref(), &[])?;
    let permit = Arc::clone(&inspector.streams)
        .try_acquire_owned()
        .map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_streams",
                "there are too many streams",
            )
            .hint("close one first; 32 are open")
        })?;
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok());
    let after = last.and_then(|id| match inspector.table.rows().find(id) {
        Lookup::Found(position, _) => Some(position),
        Lookup::Dropped | Lookup::Unknown => None,
    });
    let (give, body) = ChannelBody::new();
    let streamer = Streamer {
        news: inspector.table.subscribe(),
        inspector,
        filter,
        give,
        out: String::new(),
        last: after,
        is_missed: last.is_some() && after.is_none(),
        room: (BURST, Instant::now()),
        missed: 0,
        sent: HashSet::new(),
        _permit: permit,
    };
    tokio::spawn(streamer.run());
    Response::builder()
        .header(CONTENT_TYPE, "text/event-stream")
        .body(Body::new(body))
        .map_err(|_| Problem::bad_request("no response can be made"))
}

/// Writer of one stream.
struct Streamer {
    inspector: Arc<Inspector>,
    news: tokio::sync::broadcast::Receiver<Live>,
    filter: Filter,
    give: mpsc::Sender<Bytes>,
    /// Events that are written together.
    out: String,
    /// Position of the delivery that was sent last.
    last: Option<Position>,
    /// True if the delivery to resume after is not there.
    is_missed: bool,
    /// Rows that may be sent at once, and the time at which that was so.
    room: (f64, Instant),
    /// Deliveries that were left out for lack of room.
    missed: u64,
    /// Deliveries that were sent, and may still be forwarded.
    sent: HashSet<String>,
    _permit: OwnedSemaphorePermit,
}

impl Streamer {
    async fn run(mut self) {
        if self.begin().await.is_none() {
            return;
        }
        let mut alive = tokio::time::interval(ALIVE);
        alive.tick().await;
        loop {
            let done = tokio::select! {
                news = self.news.recv() => self.take_all(news).await,
                () = tokio::time::sleep(SOON), if self.missed > 0 => self.gap().await,
                _ = alive.tick() => self.write(": alive\n\n").await,
                () = self.give.closed() => None,
                () = self.inspector.closing() => None,
            };
            if done.is_none() || self.flush().await.is_none() {
                return;
            }
        }
    }

    /// Takes a piece of news and those behind it, and then rests: to be woken for each delivery would slow the listener
    /// down.
    async fn take_all(&mut self, first: Result<Live, RecvError>) -> Option<()> {
        let mut next = Some(first);
        while let Some(news) = next {
            self.take(news).await?;
            next = match self.news.try_recv() {
                Ok(news) => Some(Ok(news)),
                Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
                Err(TryRecvError::Empty) => None,
            };
        }
        self.flush().await?;
        tokio::time::sleep(REST).await;
        Some(())
    }

    async fn take(&mut self, news: Result<Live, RecvError>) -> Option<()> {
        match news {
            Ok(Live::Received(at, kept)) => self.received(at, Some(&kept)).await,
            Ok(Live::Forwarded(answer)) if self.sent.contains(&answer.to) => {
                let data = report::forwarded_answer_json(&answer);
                self.event("forwarded", None, &data).await
            }
            Ok(Live::Forwarded(_)) => Some(()),
            Err(RecvError::Lagged(missed)) => {
                let data = json!({"missed": missed}).to_string();
                self.event("gap", None, &data).await
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// Sends what came since the delivery that the reader had last.
    async fn begin(&mut self) -> Option<()> {
        self.write(": connected\nretry: 1000\n\n").await?;
        if self.is_missed {
            self.event("gap", None, "{\"missed\":null}").await?;
        }
        let Some(after) = self.last else {
            return self.flush().await;
        };
        let missed: Vec<Position> = {
            let rows = self.inspector.table.rows();
            rows.after(after)
                .map(|(at, _)| at)
                .take(MOST_RESUMED)
                .collect()
        };
        for at in missed {
            // They were waited for, and come one by one.
            self.room.0 = BURST;
            self.received(at, None).await?;
        }
        self.flush().await
    }

    /// Sends a delivery that matches, if there is room. `packed` is the one that was told, else it is read.
    async fn received(&mut self, at: Position, packed: Option<&Packed>) -> Option<()> {
        // It may have come between the subscription and the look at the table.
        if self.last.is_some_and(|last| at <= last) {
            return Some(());
        }
        self.last = Some(at);
        // Most of a burst ends here, before anything is read.
        if self.filter.is_empty() && !self.has_room() {
            self.missed += 1;
            return Some(());
        }
        let found = {
            let rows = self.inspector.table.rows();
            let entry = rows.at(at);
            entry.map(|entry| (entry.clone(), self.filter.meets_entry(entry, &rows)))
        };
        let Some((entry, found)) = found else {
            // It left the memory before it was its turn.
            self.missed += 1;
            return Some(());
        };
        if found == Match::No {
            return Some(());
        }
        let Some(kept) = self.read(at, &entry, packed).await else {
            return Some(());
        };
        if found == Match::Unknown && !self.filter.meets_bytes(&kept) {
            return Some(());
        }
        if !self.filter.is_empty() && !self.has_room() {
            self.missed += 1;
            return Some(());
        }
        self.gap().await?;
        if self.sent.len() > MOST_SENT {
            self.sent.clear();
        }
        self.sent.insert(kept.id.clone());
        let data = row::streamed(&self.inspector.search(), &entry, &kept);
        self.event("received", Some(&kept.id), &data).await
    }

    /// The delivery with what is read in it; none if it is gone from its recording.
    async fn read(
        &self,
        at: Position,
        entry: &Entry,
        packed: Option<&Packed>,
    ) -> Option<Arc<Kept>> {
        if let Some(packed) = packed.or(entry.kept.as_deref()) {
            return Some(Arc::new(self.inspector.search().unpack(packed)));
        }
        let (inspector, entry) = (Arc::clone(&self.inspector), entry.clone());
        let load = move || inspector.search().load(at, &entry).ok();
        tokio::task::spawn_blocking(load).await.ok().flatten()
    }

    /// True if another row may be sent: a page that is open must not slow the listener down.
    fn has_room(&mut self) -> bool {
        let (room, since) = self.room;
        let room = (room + since.elapsed().as_secs_f64() * RATE).min(BURST);
        self.room = ((room - 1.0).max(0.0), Instant::now());
        room >= 1.0
    }

    /// Tells the reader how many deliveries were left out, if there are any.
    async fn gap(&mut self) -> Option<()> {
        match std::mem::take(&mut self.missed) {
            0 => Some(()),
            missed => {
                let data = json!({"missed": missed}).to_string();
                self.event("gap", None, &data).await
            }
        }
    }

    async fn event(&mut self, name: &str, id: Option<&str>, data: &str) -> Option<()> {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        self.write(&format!("event: {name}\n{id}data: {data}\n\n"))
            .await
    }

    /// None if the reader is gone.
    async fn write(&mut self, text: &str) -> Option<()> {
        self.out.push_str(text);
        match self.out.len() {
            TOGETHER.. => self.flush().await,
            _ => Some(()),
        }
    }

    /// Gives what was written to the reader.
    async fn flush(&mut self) -> Option<()> {
        match std::mem::take(&mut self.out) {
            empty if empty.is_empty() => Some(()),
            text => self.give.send(text.into()).await.ok(),
        }
    }
}

/// `GET /api/v1/wait`: responds once so many deliveries match, or with what came instead.
pub async fn wait(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let besides = ["count", "for", "since"];
    let (parameters, mut filter) = Parameters::with_filter(query.as_deref(), &besides)?;
    let count = parameters.number("count", 1, 1, 10_000)?;
    let span = parameters.span("for", USUAL_WAIT, LONGEST_WAIT)?;
    let mut since = None;
    // An id, or a time as in the other requests.
    if let Some(value) = parameters.get("since")? {
        match inspector.table.rows().position(value) {
            Some(position) => since = Some(position),
            None if is_time(value) => filter.add("since", value)?,
            None => {
                inspector.found(value)?;
            }
        }
    }
    let deadline = Instant::now() + span;
    let found = gather(&inspector, &filter, (since, count), deadline).await;
    let respond = move || match found.len() >= count {
        true => {
            let found = found.get(..count).unwrap_or(&found);
            let items = row::all(&inspector.search(), found);
            Ok(json_response(&Waited {
                items,
                matched: count,
            }))
        }
        false => {
            let came = row::all(&inspector.search(), &latest(&inspector, since));
            Err(too_late(found.len(), count, span, &came))
        }
    };
    tokio::task::spawn_blocking(respond)
        .await
        .unwrap_or_else(|_| Err(Problem::bad_request("the request was given up")))
}

/// Deliveries that were waited for.
#[derive(Serialize)]
struct Waited {
    items: Vec<Box<RawValue>>,
    matched: usize,
}

/// Deliveries after `since` that match: those that are there, and those that come before the deadline, until there are
/// as many as are wanted.
async fn gather(
    inspector: &Arc<Inspector>,
    filter: &Filter,
    (since, count): (Option<Position>, usize),
    deadline: Instant,
) -> Vec<(Position, Entry)> {
    // Before the look at the table, so that nothing is missed between the two.
    let mut news = inspector.table.subscribe();
    let mut found = matching(inspector, filter, since, count).await;
    while found.len() < count {
        let news = tokio::select! {
            news = news.recv() => news,
            () = tokio::time::sleep_until(deadline) => break,
            () = inspector.closing() => break,
        };
        match news {
            Ok(Live::Received(at, kept)) => {
                let is_new = found.last().is_none_or(|(last, _)| at > *last);
                if is_new && let Some(entry) = meeting(inspector, filter, at, &kept) {
                    found.push((at, entry));
                }
            }
            Ok(Live::Forwarded(_)) => {}
            Err(RecvError::Lagged(_)) => found = matching(inspector, filter, since, count).await,
            Err(RecvError::Closed) => break,
        }
    }
    found
}

/// Entry of a delivery that was received just now, if it matches.
fn meeting(inspector: &Inspector, filter: &Filter, at: Position, kept: &Packed) -> Option<Entry> {
    let (entry, found) = {
        let rows = inspector.table.rows();
        let entry = rows.at(at)?;
        (entry.clone(), filter.meets_entry(entry, &rows))
    };
    let meets = || inspector.search().meets_bytes(filter, kept);
    (found == Match::Yes || found == Match::Unknown && meets()).then_some(entry)
}

/// Latest deliveries after a position, in the order of arrival.
fn latest(inspector: &Inspector, since: Option<Position>) -> Vec<(Position, Entry)> {
    let rows = inspector.table.rows();
    let later = rows.before(None, INSTEAD);
    let later = later.filter(|(at, _)| since.is_none_or(|since| *at > since));
    let mut latest: Vec<_> = later.map(|(at, entry)| (at, entry.clone())).collect();
    latest.reverse();
    latest
}

fn too_late(found: usize, count: usize, span: Duration, came: &[Box<RawValue>]) -> Problem {
    let what = format!("{found} of {count} came within {} s", span.as_secs_f64());
    let hint = match came.len() {
        0 => "nothing came at all".to_owned(),
        1 => "1 other delivery came: see `items`".to_owned(),
        others => format!("{others} others came: see `items`"),
    };
    Problem {
        beside: Some(
            format!(
                "\"items\":{}",
                serde_json::to_string(came).unwrap_or_default()
            )
            .into(),
        ),
        ..Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", what).hint(hint)
    }
}

fn is_time(value: &str) -> bool {
    crate::cli::time(value).is_ok()
}

/// First deliveries that match, in the order of arrival.
async fn matching(
    inspector: &Arc<Inspector>,
    filter: &Filter,
    since: Option<Position>,
    count: usize,
) -> Vec<(Position, Entry)> {
    let (inspector, filter) = (Arc::clone(inspector), filter.clone());
    let find = move || {
        let mut found = Vec::new();
        inspector.search().run(&filter, None, |at, entry| {
            if since.is_some_and(|since| at <= since) {
                return Wish::Nothing;
            }
            found.push((at, entry.clone()));
            Wish::More
        });
        found.reverse();
        found.truncate(count);
        found
    };
    tokio::task::spawn_blocking(find).await.unwrap_or_default()
}
