//! Decompression of bodies for display only: recorded and forwarded bodies stay compressed.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::report::text::body::SHOWN_BODY;
use crate::webhook::Delivery;

/// Decompressed body, up to the part that is shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Inflated {
    /// Beginning of the body, or all of it.
    pub bytes: Vec<u8>,
    /// Reason why the rest is missing, if it is.
    pub cut: Option<&'static str>,
}

/// Decodes the outermost `Content-Encoding` of a body; none if it is not supported. Only one layer is decoded: the
/// inner layer of a nested compression bomb is shown as binary.
pub fn inflate(coding: &str, body: &[u8]) -> Option<Inflated> {
    match coding.rsplit(',').next()?.trim() {
        "gzip" | "x-gzip" => Some(read(MultiGzDecoder::new(body))),
        // Some senders of `deflate` leave out its zlib wrapper (RFC 9110, 8.4.1.2).
        "deflate" => Some(read(ZlibDecoder::new(body)))
            .filter(|it| !it.bytes.is_empty() || it.cut.is_none())
            .or_else(|| Some(read(DeflateDecoder::new(body)))),
        _ => None,
    }
}

/// Whole body of a delivery without its `Content-Encoding`; none if it has none, or cannot be decompressed whole.
pub fn inflated_body(delivery: &Delivery) -> Option<Vec<u8>> {
    let coding = delivery.headers.text("content-encoding")?;
    let inflated = inflate(coding, &delivery.body)?;
    inflated.cut.is_none().then_some(inflated.bytes)
}

fn read(decoder: impl Read) -> Inflated {
    let mut bytes = Vec::new();
    let whole = decoder.take(SHOWN_BODY as u64 + 1).read_to_end(&mut bytes);
    let cut = match whole {
        Err(_) => Some("it is broken off or damaged"),
        Ok(_) if bytes.len() > SHOWN_BODY => Some("there is more"),
        Ok(_) => None,
    };
    bytes.truncate(SHOWN_BODY);
    Inflated { bytes, cut }
}

#[cfg(test)]
mod tests {
    use super::{SHOWN_BODY, inflate};
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Read;

    fn all(mut from: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        all(GzEncoder::new(bytes, Compression::default()))
    }

    #[test]
    fn each_coding_is_taken_off_once() {
        let text = br#"{"event":"open"}"#;
        let zlib = all(ZlibEncoder::new(&text[..], Compression::default()));
        let bare = all(DeflateEncoder::new(&text[..], Compression::default()));
        let twice = gzip(&gzip(text));
        for (coding, body, wanted) in [
            ("gzip", gzip(text), text.to_vec()),
            (
                "x-gzip",
                [gzip(text), gzip(b"!")].concat(),
                [&text[..], b"!"].concat(),
            ),
            ("deflate", zlib, text.to_vec()),
            ("deflate", bare, text.to_vec()),
            ("gzip, gzip", twice, gzip(text)),
        ] {
            let inflated = inflate(coding, &body).unwrap();
            assert_eq!((inflated.bytes, inflated.cut), (wanted, None), "{coding}");
        }
        for unread in ["br", "identity", "zstd", "gzip, br", ""] {
            assert_eq!(inflate(unread, &gzip(text)), None, "{unread}");
        }
    }

    #[test]
    fn a_bomb_is_cut_and_what_is_damaged_is_shown_as_far_as_it_goes() {
        let bomb = gzip(&vec![b' '; 16 * SHOWN_BODY]);
        assert!(bomb.len() < SHOWN_BODY);
        let inflated = inflate("gzip", &bomb).unwrap();
        assert_eq!(
            (inflated.bytes.len(), inflated.cut),
            (SHOWN_BODY, Some("there is more"))
        );

        let exactly = inflate("gzip", &gzip(&vec![b' '; SHOWN_BODY])).unwrap();
        assert_eq!((exactly.bytes.len(), exactly.cut), (SHOWN_BODY, None));

        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = gzip(&text);
        let half = inflate("gzip", whole.split_at(whole.len() / 2).0).unwrap();
        assert!(text.starts_with(&half.bytes) && !half.bytes.is_empty() && half.cut.is_some());
        for garbage in [&b""[..], b"no gzip", b"\x1f\x8b"] {
            for coding in ["gzip", "deflate"] {
                let inflated = inflate(coding, garbage).unwrap();
                assert!(
                    inflated.bytes.len() < 64 && inflated.cut.is_some(),
                    "{coding} {garbage:?}"
                );
            }
        }
    }
}
