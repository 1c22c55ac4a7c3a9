//! `send inbound --api`: a server that stands in for the content API of a provider whose requests hold ids only. Handlers
//! fetch the mails that were just sent from it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::commands::shutdown::Interrupt;
use crate::error::{Error, Result};
use crate::io::server::memory::{self, MemoryBudget};
use crate::io::server::{Answer, Arrival, Handler, Limits, bind, serve};
use crate::providers::{ApiAnswer, ContentApi, Provider};
use crate::report::{Notice, Reporter};
use crate::webhook::Headers;

/// Time without a request after which the API ends, without `--for`.
const IDLE: Duration = Duration::from_secs(30);

/// Bytes of answers that are kept; the newest delivery is kept whatever its size.
const ROOM: usize = 256 << 20;

/// Largest body of a call, in bytes; calls have none.
const CALL: usize = 64 << 10;

/// Answers about the mails that were sent.
#[derive(Debug, Default)]
pub(crate) struct ContentStore {
    /// Address of the server; none as long as nothing is served.
    origin: OnceLock<String>,
    kept: Mutex<KeptAnswers>,
}

#[derive(Debug, Default)]
struct KeptAnswers {
    by_path: HashMap<String, Vec<ApiAnswer>>,
    /// Paths and size of each delivery, the oldest first.
    deliveries: VecDeque<(Vec<String>, usize)>,
    bytes: usize,
}

impl ContentStore {
    /// Address of the server, which links in answers begin with. None if answers are not needed.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.get().map(String::as_str)
    }

    /// Keeps the answers about one delivery.
    pub(crate) fn keep(&self, answers: Vec<ApiAnswer>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(answers, ROOM);
    }

    fn respond(&self, method: &Method, target: &PathAndQuery) -> Answer {
        // A HEAD is a GET whose body is left out by the server.
        let method = match *method {
            Method::HEAD => &Method::GET,
            ref other => other,
        };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.by_path.get(target.path()) {
            None => told(
                StatusCode::NOT_FOUND,
                "no mail that was sent has this path\n",
            ),
            Some(answers) => match answers.iter().find(|it| it.fits(method, target)) {
                Some(found) => written(found),
                None => told(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "this path is known with another method or query\n",
                ),
            },
        }
    }
}

impl KeptAnswers {
    /// Adds the answers about one delivery, and removes those about the oldest ones as long as there is no room.
    fn add(&mut self, answers: Vec<ApiAnswer>, room: usize) {
        let size = answers.iter().map(|it| it.body.len()).sum();
        let mut grouped: HashMap<String, Vec<ApiAnswer>> = HashMap::new();
        for answer in answers {
            grouped.entry(answer.path.clone()).or_default().push(answer);
        }
        self.bytes += size;
        self.deliveries
            .push_back((grouped.keys().cloned().collect(), size));
        self.by_path.extend(grouped);
        while self.bytes > room && self.deliveries.len() > 1 {
            let Some((paths, size)) = self.deliveries.pop_front() else {
                return;
            };
            self.bytes -= size;
            for path in paths {
                self.by_path.remove(&path);
            }
        }
    }
}

/// Response with an answer of the API.
fn written(found: &ApiAnswer) -> Answer {
    let mut headers = Headers::new();
    let mut set = |name: HeaderName, text: &str| {
        // A media type of a message can hold what no header can.
        let value = HeaderValue::from_bytes(text.as_bytes()).ok();
        let value = value.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.push(name, value);
    };
    set(header::CONTENT_TYPE, &found.content_type);
    if let Some(disposition) = &found.disposition {
        set(header::CONTENT_DISPOSITION, disposition);
    }
    Answer {
        headers,
        body: found.body.clone(),
        ..Answer::of(StatusCode::OK)
    }
}

fn told(status: StatusCode, why: &'static str) -> Answer {
    let mut headers = Headers::new();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.push(header::CONTENT_TYPE, kind);
    Answer {
        headers,
        body: why.into(),
        ..Answer::of(status)
    }
}

/// Running server.
pub(crate) struct ContentServer {
    calls: Arc<Calls>,
    serving: JoinHandle<()>,
    closing: watch::Sender<bool>,
}

/// Calls that are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All calls.
    All,
    /// Calls that were not answered.
    Failures,
}

/// Handler of the calls.
struct Calls {
    store: Arc<ContentStore>,
    report: Arc<Reporter>,
    shown: Shown,
    /// Time of the last call.
    last: Mutex<Instant>,
}

impl ContentServer {
    /// Binds the address, starts to serve, and reports both. From then on the store keeps answers.
    pub(crate) fn start(
        address: SocketAddr,
        (provider, api): (&'static Provider, &'static ContentApi),
        store: &Arc<ContentStore>,
        (report, shown): (&Arc<Reporter>, Shown),
    ) -> Result<ContentServer> {
        let failed = |error| Error::usage(format!("cannot listen on {address}: {error}"));
        let listener = bind(&address.to_string(), "--api :0")?;
        let origin = format!("http://{}", listener.local_addr().map_err(failed)?);
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        report.tell(&Notice::ContentApi {
            provider: provider.title,
            url: &api.base_url_at(&origin),
            in_place_of: api.base_url,
        });
        // Set once: a store has one server.
        let _ = store.origin.set(origin);
        let calls = Arc::new(Calls {
            store: Arc::clone(store),
            report: Arc::clone(report),
            shown,
            last: Mutex::new(Instant::now()),
        });
        let (closing, mut closed) = watch::channel(false);
        let handler = Arc::clone(&calls);
        let limits = Limits {
            max_body: CALL,
            ..Limits::default()
        };
        let memory = MemoryBudget::new(memory::BODIES);
        let serving = tokio::spawn(async move {
            let stop = async move {
                let _ = closed.wait_for(|is_closed| *is_closed).await;
            };
            serve(listener, limits, memory, None, handler, stop).await;
        });
        Ok(ContentServer {
            calls,
            serving,
            closing,
        })
    }

    /// Serves for `span` from now, or until there was no call for some time.
    pub(crate) async fn serve_on(&self, span: Option<Duration>, interrupt: &Interrupt) {
        self.calls.touch();
        tokio::select! {
            () = self.calls.over(span) => {}
            () = interrupt.wait() => {}
        }
    }

    /// Ends the server once the calls in flight are answered.
    pub(crate) async fn close(self) {
        let _ = self.closing.send(true);
        // A task that panicked has printed its message.
        let _ = self.serving.await;
    }
}

impl Calls {
    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves at the end of `span`, or once the last call was [`IDLE`] ago.
    async fn over(&self, span: Option<Duration>) {
        if let Some(span) = span {
            return tokio::time::sleep(span).await;
        }
        while let Some(left) = left(self.last(), Instant::now()) {
            tokio::time::sleep(left).await;
        }
    }
}

/// Time that is left at `now`, if the last call was at `last`; none once it is over.
fn left(last: Instant, now: Instant) -> Option<Duration> {
    let left = IDLE.saturating_sub(now.saturating_duration_since(last));
    (!left.is_zero()).then_some(left)
}

impl Handler for Calls {
    async fn take(self: Arc<Self>, arrival: Arrival) -> Answer {
        let delivery = &arrival.delivery;
        let answer = self.store.respond(&delivery.method, &delivery.path);
        self.touch();
        let is_success = answer.status.is_success();
        let is_shown = self.shown == Shown::All || !is_success;
        if is_shown && !self.report.skips(is_success) {
            self.report.tell(&Notice::ContentFetched {
                method: &delivery.method,
                path: delivery.path.as_str(),
                status: answer.status.as_u16(),
                bytes: answer.body.len(),
            });
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use http::{Method, StatusCode};

    use super::{ContentStore, IDLE, KeptAnswers, left};
    use crate::providers::ApiAnswer;

    #[test]
    fn a_call_gets_the_answer_that_fits_as_often_as_it_asks() {
        let store = ContentStore::default();
        store.keep(vec![
            ApiAnswer {
                query: Some(("form", "long")),
                ..ApiAnswer::get("/mail/1", "text/plain", "long")
            },
            ApiAnswer::get("/mail/1", "text/plain\r\nx: y", "short"),
            ApiAnswer::get("/file/1", "image/png", "file"),
        ]);
        for (method, target, status, body) in [
            (Method::GET, "/mail/1?form=long", 200, "long"),
            (Method::GET, "/file/1?signature=a", 200, "file"),
            (Method::GET, "/mail/1", 200, "short"),
            (Method::HEAD, "/mail/1", 200, "short"),
            (Method::GET, "/mail/1", 200, "short"),
        ] {
            let answer = store.respond(&method, &target.parse().unwrap());
            assert_eq!(answer.status.as_u16(), status, "{method} {target}");
            assert_eq!(answer.body, body, "{method} {target}");
        }
        let status = |method, target: &str| store.respond(&method, &target.parse().unwrap()).status;
        assert_eq!(
            status(Method::POST, "/mail/1"),
            StatusCode::METHOD_NOT_ALLOWED
        );
        assert_eq!(status(Method::GET, "/mail/2"), StatusCode::NOT_FOUND);
        assert_eq!(status(Method::GET, "/mail/1/"), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_oldest_answers_make_room_for_new_ones_and_the_newest_stay() {
        let mut kept = KeptAnswers::default();
        let about = |number: usize| {
            let path = |part| format!("/{number}/{part}");
            vec![
                ApiAnswer::get(path("a"), "text/plain", "x".repeat(40)),
                ApiAnswer::get(path("b"), "text/plain", "x".repeat(20)),
            ]
        };
        for number in 0..5 {
            kept.add(about(number), 130);
        }
        let mut paths: Vec<&String> = kept.by_path.keys().collect();
        paths.sort();
        assert_eq!(paths, ["/3/a", "/3/b", "/4/a", "/4/b"]);
        kept.add(
            vec![ApiAnswer::get("/5", "text/plain", "x".repeat(500))],
            130,
        );
        assert_eq!(kept.by_path.keys().collect::<Vec<_>>(), ["/5"]);
    }

    #[test]
    fn each_call_gives_the_api_the_same_time_again() {
        let last = Instant::now();
        let after = |seconds| left(last, last + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(IDLE));
        assert_eq!(after(29), Some(Duration::from_secs(1)));
        assert_eq!(after(30), None);
        assert_eq!(after(99), None);
    }
}
