//! Delivery as it is kept in memory: its texts and bytes in one allocation, from which it is read when somebody looks at it.
//!
//! A delivery as it was received is some twenty allocations. To keep them costs the listener more than the reading: the
//! allocator has none to give again, and each is freed by another thread than the one that made it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::inspector::store::kept::Kept;
use crate::inspector::store::kind_set::KindSet;
use crate::report::{Received, Repeat};
use crate::webhook::{Delivery, Headers, Receipt, RecordedAnswer, Signature};

/// Largest body that is packed and read again for each look. A larger one stays where it is, with what was read in it.
const PACKED: usize = 8 << 10;

/// Delivery in memory.
#[derive(Debug)]
pub struct Packed {
    /// Length of the id, the id, and the request as HTTP writes it.
    request: Bytes,
    /// Length of the body at the end of the request.
    body: usize,
    large: Option<Box<Large>>,
    /// Kinds of the events.
    pub kinds: KindSet,
    /// Name of the provider.
    pub provider: Option<&'static str>,
    /// Time at which it was received.
    pub at: Timestamp,
    remote: Option<SocketAddr>,
    /// Verdict of that time.
    pub signature: Signature,
    /// Problems of that time.
    pub problems: Vec<String>,
    /// Status that the sender got.
    pub status: Option<u16>,
    hung_up: bool,
    rejected: bool,
    on_purpose: bool,
    response: Bytes,
    response_coding: Option<String>,
    /// Time until the response.
    pub took: Duration,
    /// Repetition of an earlier delivery, if it is one.
    pub again: Option<Repeat>,
    address: Option<String>,
    answers: Mutex<Vec<RecordedAnswer>>,
}

/// Body that is not packed, and what was read in its delivery.
#[derive(Debug)]
struct Large {
    body: Bytes,
    receipt: Receipt,
}

impl Packed {
    /// Packs a delivery that was received just now, and can be read again, with the response that its sender got.
    pub fn received(received: &Received, response: Bytes) -> Packed {
        let is_large = received.delivery.body.len() > PACKED;
        Packed::of(received, response, is_large)
    }

    /// Packs a delivery with what was read in it.
    pub fn with_receipt(kept: Kept) -> Packed {
        let packed = Packed::of(&kept.as_received(), kept.response.clone(), true);
        Packed {
            answers: kept.answers,
            ..packed
        }
    }

    fn of(received: &Received, response: Bytes, is_large: bool) -> Packed {
        let Received {
            delivery, receipt, ..
        } = received;
        let body: &[u8] = if is_large { &[] } else { &delivery.body };
        let large = || Large {
            // A larger one has a buffer of its own already.
            body: (*delivery).clone().detached().body,
            receipt: (*receipt).clone(),
        };
        Packed {
            request: request(received.id, delivery, body),
            body: body.len(),
            large: is_large.then(|| Box::new(large())),
            kinds: KindSet::of_events(&receipt.events),
            provider: receipt.provider,
            at: received.at,
            remote: received.remote,
            signature: receipt.signature.clone(),
            problems: receipt.problems.clone(),
            status: received.status,
            hung_up: received.hung_up,
            rejected: received.rejected,
            on_purpose: received.on_purpose,
            response,
            response_coding: received.answer_coding.map(str::to_owned),
            took: received.took,
            again: received.again,
            address: received.address.map(str::to_owned),
            answers: Mutex::default(),
        }
    }

    /// The delivery, read again by `read` if that is needed.
    pub fn unpack(&self, read: impl FnOnce(&Delivery) -> Receipt) -> Kept {
        let mut delivery = self.delivery();
        let mut receipt = match &self.large {
            Some(large) => {
                delivery.body = large.body.clone();
                large.receipt.clone()
            }
            None => read(&delivery),
        };
        receipt.signature = self.signature.clone();
        receipt.problems = self.problems.clone();
        Kept {
            remote: self.remote,
            status: self.status,
            hung_up: self.hung_up,
            response: self.response.clone(),
            response_coding: self.response_coding.clone(),
            took: self.took,
            rejected: self.rejected,
            on_purpose: self.on_purpose,
            again: self.again,
            address: self.address.clone(),
            answers: Mutex::new(self.answers().clone()),
            ..Kept::new(self.id().to_owned(), self.at, delivery, receipt)
        }
    }

    /// The request, out of its bytes, all of which was valid when it was packed.
    fn delivery(&self) -> Delivery {
        let head = self.request.len() - self.body;
        let slice = |part: &[u8]| self.request.slice_ref(part);
        let mut lines = self
            .request
            .get(LENGTH + self.id().len()..head)
            .unwrap_or_default();
        let mut line = || {
            let end = memchr::memchr(b'\n', lines)?;
            let (line, rest) = lines.split_at(end);
            lines = rest.get(1..)?;
            Some(line)
        };
        let method = Method::from_bytes(line().unwrap_or_default()).unwrap_or_default();
        let path = PathAndQuery::from_maybe_shared(slice(line().unwrap_or_default()));
        let mut headers = Headers::roomy();
        while let Some(line) = line() {
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let (spelled, value) = line.split_at(colon);
            let value = HeaderValue::from_maybe_shared(slice(value.get(1..).unwrap_or_default()));
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(spelled), value) {
                headers.push_spelled(name, &String::from_utf8_lossy(spelled), value);
            }
        }
        Delivery {
            method,
            path: path.unwrap_or_else(|_| PathAndQuery::from_static("/")),
            headers,
            body: self.request.slice(head..),
        }
    }

    /// Id of the delivery.
    pub fn id(&self) -> &str {
        let id = self.request.split_first_chunk::<LENGTH>();
        let id = id.and_then(|(length, rest)| rest.get(..u32::from_le_bytes(*length) as usize));
        std::str::from_utf8(id.unwrap_or_default()).unwrap_or_default()
    }

    /// Path of the request, without its query.
    pub fn path(&self) -> &str {
        let request = self.request.get(LENGTH + self.id().len()..);
        let mut lines = request.unwrap_or_default().split(|byte| *byte == b'\n');
        let path = std::str::from_utf8(lines.nth(1).unwrap_or_default()).unwrap_or_default();
        path.split_once('?').map_or(path, |(path, _)| path)
    }

    /// Address in a recording.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Adds an attempt to pass it on.
    pub fn answered(&self, answer: RecordedAnswer) {
        self.answers().push(answer);
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, Vec<RecordedAnswer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of its body.
    pub fn length(&self) -> usize {
        self.large.as_ref().map_or(self.body, |it| it.body.len())
    }

    /// Bytes that count against the memory for bodies.
    pub fn size(&self) -> usize {
        self.length() + self.response.len()
    }
}

/// Bytes of the length of an id.
const LENGTH: usize = size_of::<u32>();

/// Text of a request, in one allocation of its size.
fn request(id: &str, delivery: &Delivery, body: &[u8]) -> Bytes {
    thread_local! {
        /// It grows to the largest request, and is copied from.
        static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    TEXT.with_borrow_mut(|text| {
        text.clear();
        // No id is longer than a header.
        text.extend_from_slice(&(id.len() as u32).to_le_bytes());
        text.extend_from_slice(id.as_bytes());
        text.extend_from_slice(delivery.method.as_str().as_bytes());
        text.push(b'\n');
        text.extend_from_slice(delivery.path.as_str().as_bytes());
        text.push(b'\n');
        for (name, value) in delivery.headers.spelled() {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(body);
        Bytes::copy_from_slice(text)
    })
}

#[cfg(test)]
mod tests {
    use super::{PACKED, Packed};
    use crate::inspector::store::kept::Kept;
    use crate::webhook::{Delivery, Headers, Receipt, RecordedAnswer, Verdict};
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method};
    use jiff::Timestamp;

    fn kept(body: Bytes) -> Kept {
        let mut headers = Headers::new();
        for (spelled, value) in [
            ("Host", &b"a"[..]),
            ("X-Strange", b"\xff \t"),
            ("x-empty", b""),
        ] {
            let name: HeaderName = spelled.parse().unwrap();
            headers.push_spelled(name, spelled, HeaderValue::from_bytes(value).unwrap());
        }
        let delivery = Delivery {
            method: Method::from_bytes(b"PURGE").unwrap(),
            path: "/a/b?c=d".parse().unwrap(),
            headers,
            body,
        };
        let mut receipt = Receipt {
            problems: vec!["odd".into()],
            handshake: true,
            ..Receipt::default()
        };
        receipt.signature.verdict = Verdict::Refused;
        Kept {
            status: Some(202),
            address: Some("x.ndjson:3".into()),
            ..Kept::new("01JD".into(), Timestamp::UNIX_EPOCH, delivery, receipt)
        }
    }

    fn received(kept: &Kept) -> Packed {
        Packed::received(&kept.as_received(), kept.response.clone())
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        for body in [Bytes::new(), Bytes::from(vec![0, 255, b'{'])] {
            let packed = received(&kept(body.clone()));
            packed.answered(RecordedAnswer::outline("01JD", "http://a/", Some(500)));
            assert_eq!((packed.id(), packed.path()), ("01JD", "/a/b"));
            assert_eq!(packed.address(), Some("x.ndjson:3"));
            let unpacked = packed.unpack(|delivery| {
                assert_eq!(delivery, &kept(body.clone()).delivery);
                Receipt {
                    provider: Some("generic"),
                    ..Receipt::default()
                }
            });
            assert_eq!(unpacked.delivery, kept(body).delivery);
            assert_eq!((unpacked.status, &*unpacked.id), (Some(202), "01JD"));
            assert_eq!(unpacked.receipt.provider, Some("generic"));
            assert_eq!(unpacked.receipt.signature.verdict, Verdict::Refused);
            assert_eq!(unpacked.receipt.problems, ["odd"]);
            assert_eq!(unpacked.answers().len(), 1);
        }
    }

    #[test]
    fn what_was_read_in_a_large_body_is_not_read_again() {
        let body = Bytes::from(vec![b' '; PACKED + 1]);
        let large = received(&kept(body.clone()));
        let small = Packed::with_receipt(kept(Bytes::new()));
        for (packed, body) in [(large, body), (small, Bytes::new())] {
            let unpacked = packed.unpack(|_| panic!("it is read again"));
            assert_eq!(unpacked.delivery, kept(body).delivery);
            assert!(unpacked.receipt.handshake);
            assert_eq!(unpacked.receipt.problems, ["odd"]);
        }
    }
}
