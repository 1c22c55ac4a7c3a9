//! Files of the page. They are part of the program, and need nothing from elsewhere.

use axum::body::{Body, Bytes};
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::inspector::http::problem::Problem;

/// Content type of a module.
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($(($path:literal, $kind:expr, $file:literal)),* $(,)?) => {
        /// Path, content type and bytes of each file.
        const FILES: &[(&str, &str, &[u8])] = &[
            $(($path, $kind, include_bytes!(concat!("../page/", $file)))),*
        ];
    };
}

files![
    ("/", "text/html; charset=utf-8", "index.html"),
    ("/style.css", "text/css; charset=utf-8", "style.css"),
    ("/vendor.js", JS, "vendor.js"),
    ("/app/api.js", JS, "app/api.js"),
    ("/app/attempts.js", JS, "app/attempts.js"),
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
    ("/app/panel.js", JS, "app/panel.js"),
    ("/app/route.js", JS, "app/route.js"),
    ("/app/search.js", JS, "app/search.js"),
    ("/app/sections.js", JS, "app/sections.js"),
    ("/app/state.js", JS, "app/state.js"),
    ("/app/stats.js", JS, "app/stats.js"),
    ("/app/target.js", JS, "app/target.js"),
    ("/app/words.js", JS, "app/words.js"),
];

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

#[cfg(test)]
mod tests {
    use super::FILES;
    use std::path::Path;

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
