//! Version of the build for `--version`, with commit and date where they are known, and the files of the inspector's page.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

mod squeeze;

fn main() -> io::Result<()> {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo:rerun-if-changed=packaging/build.rs");
    let version = match of_checkout(Path::new(&root)).or_else(|| of_package(Path::new(&root))) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo:rustc-env=WEBHOOK_CLI_VERSION={version}");
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    embed(
        &Path::new(&root).join("src/inspector/page"),
        &Path::new(&out).join("page"),
    )
}

/// Squeezes the files of the page into the folder from which they are included.
fn embed(from: &Path, to: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed=packaging/squeeze.rs");
    println!("cargo:rerun-if-changed={}", from.display());
    for part in ["", "app"] {
        fs::create_dir_all(to.join(part))?;
        for entry in fs::read_dir(from.join(part))? {
            let path = entry?.path();
            let text = if path.is_file() {
                fs::read_to_string(&path)?
            } else {
                continue;
            };
            let name = path.file_name().unwrap_or_default();
            let squeezed = match path.extension().and_then(|it| it.to_str()) {
                Some("css") => squeeze::style(&text),
                // The vendored library is as small as it gets.
                Some("js") if part == "app" => squeeze::script(&text),
                _ => text,
            };
            fs::write(to.join(part).join(name), squeezed)?;
        }
    }
    Ok(())
}

/// Commit and date of a checkout. A folder without `.git` of its own is none, even inside of another repository.
fn of_checkout(root: &Path) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    // Each commit is added to this log.
    let log = git(root, &["rev-parse", "--git-path", "logs/HEAD"])?;
    let log = root.join(log);
    if log.exists() {
        println!("cargo:rerun-if-changed={}", log.display());
    }
    git(root, &["log", "-1", "--format=%h %cs", "--abbrev=9"])
}

/// Commit of a package that cargo made.
fn of_package(root: &Path) -> Option<String> {
    let info = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = info.split_once("\"sha1\"")?;
    let commit = after.split('"').nth(1)?;
    let is_commit = commit.len() >= 9 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    is_commit.then(|| commit.chars().take(9).collect())
}

fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(args)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
