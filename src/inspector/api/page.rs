//! Files of the page. They are part of the program, gzipped where the browser takes that.

use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::inspector::api::problem::Problem;

macro_rules! files {
    ($(($path:literal, $kind:literal, $file:literal)),* $(,)?) => {
        /// Path, content type and bytes of each file.
        const FILES: &[(&str, &str, &[u8])] = &[
            $(($path, $kind, include_bytes!(concat!("../page/", $file)))),*
        ];
    };
}

files![("/", "text/html; charset=utf-8", "index.html"),];

/// Paths of all files.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(path, ..)| *path)
}

/// File at a path.
pub async fn file(uri: http::Uri, RawQuery(_): RawQuery) -> Result<Response, Problem> {
    let found = FILES.iter().find(|(path, ..)| *path == uri.path());
    let Some((_, kind, bytes)) = found else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such page",
        ));
    };
    Response::builder()
        .header(CONTENT_TYPE, *kind)
        .body(Body::from(Bytes::from_static(bytes)))
        .map_err(|_| Problem::bad_request("no response can be made"))
}
