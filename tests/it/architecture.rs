//! Architecture of `src`: allowed imports between rooms, as a table.

use std::path::{Path, PathBuf};

use crate::harness::modules;

/// A room, its sub-rooms, and the rooms it may import. `error` is everybody's.
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("cli", &[], &["webhook"]),
    (
        "webhook",
        &[
            "body", "diff", "fixture", "mail", "redact", "select", "sending", "signing",
        ],
        &["error"],
    ),
    (
        "providers",
        &[
            "catalog", "diagnose", "inbound", "reading", "shape", "synth",
        ],
        &["error", "webhook"],
    ),
    ("checks", &["mail"], &["providers", "webhook"]),
    (
        "io",
        &["client", "recorder", "recording", "server", "tls", "tunnel"],
        &["error", "webhook"],
    ),
    (
        "report",
        &["diff", "formats", "json", "text"],
        &["error", "webhook"],
    ),
    (
        "inspector",
        &["api", "http", "page", "search", "store"],
        &["cli", "error", "io", "providers", "report", "webhook"],
    ),
    (
        "commands",
        &[
            "catalog", "check", "config", "forward", "inspect", "listen", "reach", "recorded",
            "replay", "send", "sns", "verify",
        ],
        &[
            "checks",
            "cli",
            "error",
            "inspector",
            "io",
            "providers",
            "report",
            "webhook",
        ],
    ),
];

/// The files beside the rooms, and what they may import.
const FILES: &[(&str, &[&str])] = &[
    ("error.rs", &[]),
    ("lib.rs", &["cli", "commands", "error", "report"]),
    ("main.rs", &[]),
];

/// Files that import each other, each group with one file that is in it. The list is to stay empty.
const CIRCLES: &[&str] = &[];

/// A folder with more files is hard to find one's way in; the catalogue is a list.
const MOST_FILES: usize = 16;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// The names behind `crate::` in a file's code, comments left out.
fn imports(path: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let name: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            found.push((number + 1, name));
        }
    }
    found
}

fn check(path: &Path, own: &str, allowed: &[&str]) {
    for (line, name) in imports(path) {
        assert!(
            name == own || allowed.contains(&name.as_str()),
            "{}:{line} imports `{name}`, and {own} may import only {allowed:?}",
            path.display()
        );
    }
}

/// The files of a room and of its sub-rooms.
fn files_of(room: &str, sub_rooms: &[&str]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in files(&source().join(room)) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() {
            all.push(path);
        } else {
            assert!(sub_rooms.contains(&name), "{room}/{name} is in no table");
            let inside = files(&path);
            // The page is no Rust, and has folders as its server has paths.
            if inside.iter().any(|path| path.ends_with("index.html")) {
                continue;
            }
            assert!(
                inside.iter().all(|path| path.is_file()),
                "{room}/{name} has rooms of its own"
            );
            all.extend(inside);
        }
    }
    all
}

#[test]
fn every_import_goes_the_allowed_way() {
    for (room, sub_rooms, allowed) in ROOMS {
        let files = files_of(room, sub_rooms);
        assert!(files.len() > 1, "{room} is empty");
        for path in files {
            check(&path, room, allowed);
        }
    }
    for (file, allowed) in FILES {
        check(&source().join(file), "", allowed);
    }
}

#[test]
fn there_is_nothing_beside_the_rooms() {
    let rooms = ROOMS.iter().map(|(name, ..)| *name);
    let known: Vec<&str> = rooms.chain(FILES.iter().map(|(name, _)| *name)).collect();
    for path in files(&source()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(known.contains(&name.as_str()), "src/{name} is in no table");
    }
}

#[test]
fn a_folder_has_few_files_but_the_catalogue() {
    for (room, sub_rooms, _) in ROOMS {
        let mut counts = std::collections::BTreeMap::new();
        for path in files_of(room, sub_rooms) {
            *counts.entry(path.parent().unwrap().to_owned()).or_insert(0) += 1;
        }
        for (folder, count) in counts {
            assert!(
                count <= MOST_FILES
                    || folder.ends_with("providers/catalog")
                    || folder.ends_with("providers/inbound"),
                "{} has {count} files",
                folder.display()
            );
        }
    }
}

#[test]
fn only_the_reporter_prints() {
    for (room, sub_rooms, _) in ROOMS {
        for path in files_of(room, sub_rooms) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                assert!(
                    !["println!", "eprintln!", "print!(", "dbg!"]
                        .iter()
                        .any(|word| code.contains(word)),
                    "{}:{} prints",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn files_form_no_circles() {
    let imports = modules::imports(&source());
    assert!(imports.len() > 100, "{} files", imports.len());
    let circles = modules::circles(&imports);
    for circle in &circles {
        let is_known = CIRCLES.iter().any(|file| circle.contains(Path::new(file)));
        assert!(
            is_known && circle.len() == 2,
            "import each other: {circle:?}"
        );
    }
    assert_eq!(circles.len(), CIRCLES.len(), "`CIRCLES` has to get shorter");
}

#[test]
fn the_map_names_files_and_folders_that_exist() {
    let map = std::fs::read_to_string(source().join("lib.rs")).unwrap();
    let (mut checked, mut missing) = (0, Vec::new());
    for path in map.split('`').skip(1).step_by(2) {
        let is_path = path.contains('/') && (path.ends_with(".rs") || path.ends_with('/'));
        // `NAME` and the like stand for any name.
        let is_pattern = path.chars().any(char::is_uppercase);
        if is_path && !is_pattern {
            let root = source().join("..");
            checked += 1;
            if !source().join(path).exists() && !root.join(path).exists() {
                missing.push(path);
            }
        }
    }
    assert!(checked > 20, "{checked}");
    assert_eq!(missing, Vec::<&str>::new(), "in lib.rs");
}
