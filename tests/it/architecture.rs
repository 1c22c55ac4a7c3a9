//! The house: which room may import which. Reading the table is the quickest way in.

use std::path::{Path, PathBuf};

/// A room, and the rooms it may import. `error` is everybody's.
const ROOMS: &[(&str, &[&str])] = &[
    ("cli", &["webhook"]),
    ("webhook", &["error"]),
    ("providers", &["error", "webhook"]),
    ("battery", &["providers", "webhook"]),
    ("io", &["error", "webhook"]),
    ("report", &["error", "webhook"]),
    (
        "commands",
        &[
            "battery",
            "cli",
            "error",
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

#[test]
fn every_import_goes_the_allowed_way() {
    for (room, allowed) in ROOMS {
        let files = files(&source().join(room));
        assert!(files.len() > 1, "{room} is empty");
        for path in files {
            assert!(
                path.is_file(),
                "{} is no file: a room has no rooms",
                path.display()
            );
            check(&path, room, allowed);
        }
    }
    for (file, allowed) in FILES {
        check(&source().join(file), "", allowed);
    }
}

#[test]
fn there_is_nothing_beside_the_rooms() {
    let known: Vec<&str> = ROOMS.iter().chain(FILES).map(|(name, _)| *name).collect();
    for path in files(&source()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(known.contains(&name.as_str()), "src/{name} is in no table");
    }
}

#[test]
fn only_the_reporter_prints() {
    for (room, _) in ROOMS {
        for path in files(&source().join(room)) {
            let text = std::fs::read_to_string(&path).unwrap();
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
