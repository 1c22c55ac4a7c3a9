//! The page of the inspector in a real browser. The scripts in `tests/browser` start the binary and drive the page.
//!
//! They need Node, Chromium, and the packages `playwright-core` and `axe-core` where `NODE_PATH` says. What is missing is
//! printed, and fails under `CI=true` only.

use std::process::Command;

use crate::harness::webhook_cli;

/// Exit status of a script that says that something is not installed.
const MISSING: i32 = 77;

/// Runs a script of `tests/browser` to its end.
#[track_caller]
fn browser(script: &str) {
    let mut node = Command::new("node");
    node.arg(format!("tests/browser/{script}.mjs"))
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    // The environment of the binary is that of all other tests.
    let binary = webhook_cli();
    node.env("WEBHOOK_CLI", binary.get_program());
    for (name, value) in binary.get_envs() {
        match value {
            Some(value) => node.env(name, value),
            None => node.env_remove(name),
        };
    }
    let missing = match node.output() {
        Ok(run) if run.status.success() => return,
        Ok(run) if run.status.code() == Some(MISSING) => {
            String::from_utf8_lossy(&run.stdout).into_owned()
        }
        Ok(run) => panic!(
            "{}{}",
            String::from_utf8_lossy(&run.stdout),
            String::from_utf8_lossy(&run.stderr)
        ),
        Err(error) => format!("node cannot be started: {error}"),
    };
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{missing}");
    eprintln!("skipped {script}: {}", missing.trim_end());
}

#[test]
fn the_page_lists_filters_opens_and_replays_while_a_thousand_more_arrive() {
    browser("daily");
}

#[test]
fn an_edited_delivery_is_signed_anew_and_keeps_the_bytes_that_were_not_edited() {
    browser("editing");
}

#[test]
fn hostile_bodies_and_headers_are_shown_as_text() {
    browser("hostile");
}

#[test]
fn the_page_can_be_used_by_everybody_in_light_and_dark_with_keys_alone_and_at_360_pixels() {
    browser("accessible");
}

#[test]
fn a_page_of_another_port_or_name_reads_nothing_and_sends_nothing() {
    browser("attack");
}
