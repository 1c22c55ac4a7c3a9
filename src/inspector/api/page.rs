//! Files of the page. They are part of the program, as the build squeezed them, and need nothing from elsewhere.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, VARY};

use crate::inspector::http::problem::Problem;

/// Content type of a module.
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($(($path:literal, $kind:expr, $file:literal)),* $(,)?) => {
        /// Path, content type and bytes of each file.
        const FILES: &[(&str, &str, &[u8])] = &[
            $(($path, $kind, include_bytes!(concat!(env!("OUT_DIR"), "/page/", $file)))),*
        ];
    };
}

files![
    ("/", "text/html; charset=utf-8", "index.html"),
    ("/style.css", "text/css; charset=utf-8", "style.css"),
    ("/vendor.js", JS, "vendor.js"),
    ("/app/api.js", JS, "app/api.js"),
    ("/app/body.js", JS, "app/body.js"),
    ("/app/charts.js", JS, "app/charts.js"),
    ("/app/compare.js", JS, "app/compare.js"),
    ("/app/deliveries.js", JS, "app/deliveries.js"),
    ("/app/detail.js", JS, "app/detail.js"),
    ("/app/editor.js", JS, "app/editor.js"),
    ("/app/faults.js", JS, "app/faults.js"),
    ("/app/fire.js", JS, "app/fire.js"),
    ("/app/keys.js", JS, "app/keys.js"),
    ("/app/line_ends.js", JS, "app/line_ends.js"),
    ("/app/list.js", JS, "app/list.js"),
    ("/app/mail.js", JS, "app/mail.js"),
    ("/app/main.js", JS, "app/main.js"),
    ("/app/parts.js", JS, "app/parts.js"),
    ("/app/route.js", JS, "app/route.js"),
    ("/app/search.js", JS, "app/search.js"),
    ("/app/sections.js", JS, "app/sections.js"),
    ("/app/sending.js", JS, "app/sending.js"),
    ("/app/state.js", JS, "app/state.js"),
    ("/app/stats.js", JS, "app/stats.js"),
    ("/app/words.js", JS, "app/words.js"),
];

/// Paths of all files.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(path, ..)| *path)
}

/// Files as a browser takes them: gzipped once, when the first one is asked for.
static GZIPPED: LazyLock<Vec<Bytes>> =
    LazyLock::new(|| FILES.iter().map(|(.., bytes)| gzipped(bytes)).collect());

/// File at a path.
pub async fn file(
    uri: http::Uri,
    headers: HeaderMap,
    RawQuery(_): RawQuery,
) -> Result<Response, Problem> {
    let found = FILES.iter().position(|(path, ..)| *path == uri.path());
    let Some((at, (_, kind, bytes))) = found.and_then(|at| Some((at, FILES.get(at)?))) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such page",
        ));
    };
    let response = Response::builder()
        .header(CONTENT_TYPE, *kind)
        .header(VARY, "accept-encoding");
    let zipped = GZIPPED.get(at).filter(|_| takes_gzip(&headers)).cloned();
    match zipped {
        Some(zipped) => response
            .header(CONTENT_ENCODING, "gzip")
            .body(zipped.into()),
        None => response.body(Body::from(Bytes::from_static(bytes))),
    }
    .map_err(|_| Problem::bad_request("no response can be made"))
}

/// True if the browser names gzip, and not only to reject it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(ACCEPT_ENCODING).iter();
    let fields = fields.filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse::<f32>().is_ok_and(|it| it > 0.0)
    })
}

fn gzipped(bytes: &[u8]) -> Bytes {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    let _ = writer.write_all(bytes);
    writer.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::{FILES, GZIPPED, takes_gzip};
    use http::header::{ACCEPT_ENCODING, HeaderMap};
    use std::io::Read;
    use std::path::Path;

    #[test]
    fn a_gzipped_file_is_the_file() {
        for ((path, _, bytes), zipped) in FILES.iter().zip(GZIPPED.iter()) {
            let mut plain = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(&zipped[..]);
            reader.read_to_end(&mut plain).unwrap();
            assert_eq!(plain, *bytes, "{path}");
        }
    }

    #[test]
    fn all_files_of_the_page_together_are_small_without_gzip_too() {
        let size: usize = FILES.iter().map(|(.., bytes)| bytes.len()).sum();
        assert!(size <= 120_000, "{size} bytes");
    }

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (field, taken) in [
            ("gzip", true),
            ("deflate, gzip, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=x", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, field.parse().unwrap());
            assert_eq!(takes_gzip(&headers), taken, "{field}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inspector/page");
        let mut there = Vec::new();
        for part in ["", "app"] {
            for entry in std::fs::read_dir(folder.join(part)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                match (part, name.as_str()) {
                    (_, "LICENSES" | "app") => {}
                    ("", "index.html") => there.push("/".to_owned()),
                    ("", name) => there.push(format!("/{name}")),
                    (_, name) => there.push(format!("/app/{name}")),
                }
            }
        }
        there.sort();
        let mut served: Vec<&str> = FILES.iter().map(|(path, ..)| *path).collect();
        served.sort_unstable();
        assert_eq!(served, there);
    }
}
