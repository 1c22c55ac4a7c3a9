//! `webhook-cli.toml`: where it is found, what it may hold, what wins over it, and what `config` prints of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{Listen, Ran, Receiver, webhook_cli};

const FILE: &str = "webhook-cli.toml";

/// A project: a folder with `.git`, above which nothing is searched.
struct Project(TempDir);

impl Project {
    fn new(text: &str) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        fs::create_dir(project.path().join(".git")).unwrap();
        fs::write(project.file(), text).unwrap();
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join(FILE)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = webhook_cli();
        command.current_dir(self.path()).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// The request that `send` would make.
    fn dry(&self, args: &[&str]) -> Ran {
        self.run(&[&["send", "click", "--dry-run"], args].concat())
            .success()
    }
}

/// The error of a file whose second line is this one, with its hints.
fn error_of(line: &str) -> String {
    let project = Project::new(&format!("version = 1\n{line}\n"));
    let ran = project.run(&["send", "click", "--dry-run"]);
    assert_eq!(ran.status, 2, "{line}: {ran:?}");
    assert_eq!(ran.stdout, "", "{line}");
    ran.stderr
}

#[test]
fn the_nearest_file_up_to_git_is_used_and_said() {
    let project = Project::new("provider = \"sendgrid\"\n");
    let below = project.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    for (folder, shown) in [
        (project.path(), "webhook-cli.toml"),
        (below.as_path(), "../../webhook-cli.toml"),
    ] {
        let mut command = project.command(&["send", "click", "--dry-run"]);
        let ran = Ran::of(command.current_dir(folder).output().unwrap()).success();
        assert!(ran.stdout.contains("x-twilio-email-event"), "{ran:?}");
        assert_eq!(ran.stderr, format!("note: using `{shown}`\n"));
    }
    // Nearer, and it has nothing for this command.
    fs::write(below.join(FILE), "[listen]\nquiet = true\n").unwrap();
    let mut command = project.command(&["send", "click", "--dry-run"]);
    let ran = Ran::of(command.current_dir(&below).output().unwrap()).success();
    assert!(!ran.stdout.contains("x-twilio-email-event") && ran.stderr.is_empty());
    // A repository inside of the project has no part in its configuration.
    fs::remove_file(below.join(FILE)).unwrap();
    fs::write(below.join(".git"), "gitdir: elsewhere").unwrap();
    let mut command = project.command(&["send", "click", "--dry-run"]);
    let ran = Ran::of(command.current_dir(&below).output().unwrap()).success();
    assert!(!ran.stdout.contains("x-twilio-email-event"), "{ran:?}");
}

#[test]
fn a_typed_flag_wins_over_the_file_and_the_file_over_the_default() {
    let project = Project::new(
        "provider = \"sendgrid\"\n[send]\nto = \":4001/of-file\"\nheader = [\"X-A: file\", \"X-B: file\"]\nretries = 2\n",
    );
    let of_file = project.dry(&[]).stdout;
    assert!(of_file.contains("/of-file") && of_file.contains("localhost:4001"));
    assert!(of_file.contains("x-a: file") && of_file.contains("x-b: file"));
    let typed = project.dry(&[
        "--to",
        ":4002/typed",
        "--provider",
        "resend",
        "-H",
        "X-A: typed",
    ]);
    let text = typed.stdout;
    assert!(
        text.contains("/typed") && text.contains("svix-id"),
        "{text}"
    );
    assert!(text.contains("x-a: typed") && !text.contains("of-file"));
    // A flag that excludes one of the file takes its place.
    let scheme = ["send", "--data", "{}", "--scheme", "stripe", "--dry-run"];
    let scheme = project.run(&scheme).success();
    assert!(scheme.stdout.contains("stripe-signature"), "{scheme:?}");
}

#[test]
fn a_typed_address_wins_over_a_port_of_the_file() {
    let project = Project::new("[listen]\nport = 1\nquiet = true\n");
    let mut listen =
        Listen::start_with(&["--port", "0", "-v"], |it| it.current_dir(project.path()));
    assert!(!listen.url.ends_with(":1"), "{}", listen.url);
    listen.kill();
    let typed = ["listen", "--addr", "127.0.0.1:0", "--for", "10ms"];
    let ran = project.run(&typed).success();
    assert!(!ran.stderr.contains(":1\n"), "{ran:?}");
}

#[test]
fn a_named_target_brings_its_address_its_secret_and_its_headers() {
    let handler = Receiver::ok();
    let other = Receiver::ok();
    let project = Project::new(&format!(
        "provider = \"resend\"\n[target.app]\nto = \"{}/hooks\"\nsecret = \"resend=env:APP_SECRET\"\nheader = [\"X-Tenant: 7\", \"X-Typed: no\"]\n[target.other]\nto = \"{}\"\n",
        handler.url, other.url
    ));
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const WRONG: &str = "whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD";
    let secret = |command: &mut Command| {
        command
            .env("APP_SECRET", SECRET)
            .env("WEBHOOK_CLI_SECRET", WRONG);
    };
    let mut send = project.command(&["send", "click", "--to", "@app", "-H", "X-Typed: yes"]);
    secret(&mut send);
    Ran::of(send.output().unwrap()).success();
    let request = handler.next();
    assert_eq!(request.line, "POST /hooks HTTP/1.1");
    assert_eq!(request.header("x-tenant"), Some("7"));
    assert_eq!(request.header("x-typed"), Some("yes"));

    // Its signature is valid for the secret of the target, and a typed secret wins over that.
    let saved = |secret_typed: Option<&str>| {
        let file = project.path().join("saved.json");
        let file_text = file.to_str().unwrap();
        let _ = fs::remove_file(&file);
        let mut args = vec!["send", "click", "--to", "@app", "--save", file_text];
        if let Some(typed) = secret_typed {
            args.extend(["--secret", typed]);
        }
        let mut send = project.command(&args);
        secret(&mut send);
        send.env("TYPED", WRONG);
        Ran::of(send.output().unwrap()).success();
        let mut verify = webhook_cli();
        verify.args(["verify", file_text, "--secret", "resend=env:APP_SECRET"]);
        verify.env("APP_SECRET", SECRET);
        Ran::of(verify.output().unwrap()).status
    };
    assert_eq!(saved(None), 0);
    assert_eq!(saved(Some("env:TYPED")), 5);

    let check = project.run(&[
        "check",
        "@other",
        "--only",
        "valid",
        "--provider",
        "generic",
    ]);
    assert!(check.stderr.contains(&other.url), "{check:?}");
    assert_eq!(other.next().line.split(' ').next(), Some("POST"));
}

#[test]
fn a_listener_forwards_to_named_targets_with_the_headers_of_each() {
    let (app, bounces) = (Receiver::ok(), Receiver::ok());
    let project = Project::new(&format!(
        "[target.app]\nto = \"{}\"\nheader = \"X-To: app\"\n[target.bounces]\nto = \"{}/b\"\nheader = [\"X-To: bounces\"]\n[listen]\nforward-to = [\"@app\", \"bounce=@bounces\"]\n",
        app.url, bounces.url
    ));
    let args = ["-n", "2", "--forward-header", "X-All: 1"];
    let listen = Listen::start_with(&args, |it| it.current_dir(project.path()));
    let to = format!("{}/in", listen.url);
    for kind in ["click", "bounce"] {
        let mut send = webhook_cli();
        send.args(["send", kind, "--to", &to]);
        assert!(send.status().unwrap().success());
    }
    let (first, second) = (app.next(), bounces.next());
    assert_eq!(
        (first.line.as_str(), first.header("x-to")),
        ("POST /in HTTP/1.1", Some("app"))
    );
    assert_eq!(
        (second.line.as_str(), second.header("x-to")),
        ("POST /b HTTP/1.1", Some("bounces"))
    );
    assert_eq!(second.header("x-all"), Some("1"));
    let ran = listen.finish().success();
    assert!(ran.stderr.contains("using `webhook-cli.toml`"), "{ran:?}");
}

#[test]
fn the_inspector_is_started_by_the_file() {
    let project = Project::new("[listen]\nui = \"127.0.0.1:0\"\n");
    let mut listen = Listen::start_with(&[], |it| it.current_dir(project.path()));
    let told = listen.said("using `webhook-cli.toml`");
    assert!(told.ends_with('\n'));
    let line = listen.line();
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    let project = Project::new("[listen]\nui = true\nopen = true\n");
    assert_eq!(project.run(&["listen", "--for", "1ms"]).status, 2);
}

#[test]
fn a_typed_flag_may_need_one_of_the_file() {
    let project = Project::new("[listen]\nrecord = \"hooks.ndjson\"\n");
    let args = ["--redact", "-n", "1"];
    let listen = Listen::start_with(&args, |it| it.current_dir(project.path()));
    crate::harness::post(listen.port(), "/", "", b"{}");
    listen.finish().success();
    assert!(project.path().join("hooks.ndjson").exists());
    for args in [
        &["listen", "--redact", "--config", "none"][..],
        &["listen", "--ack-always"],
        &["send"],
    ] {
        let ran = project.run(args);
        assert_eq!(ran.status, 2, "{args:?}");
        assert!(ran.stderr.contains("were not provided"), "{ran:?}");
    }
}

#[test]
fn the_environment_wins_over_the_secret_of_a_table() {
    let project = Project::new("[send]\nprovider = \"resend\"\nsecret = \"file:no-such-file\"\n");
    let args = ["send", "click", "--dry-run"];
    let ran = project.run(&args);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("no-such-file"), "{ran:?}");
    let mut command = project.command(&args);
    command.env(
        "WEBHOOK_CLI_SECRET",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    );
    Ran::of(command.output().unwrap()).success();
}

#[test]
fn what_is_unknown_is_an_error_with_its_line_and_the_nearest_name() {
    for (line, words) in [
        (
            "prvider = \"resend\"",
            &["webhook-cli.toml:2", "`prvider`", "`provider`"][..],
        ),
        (
            "provider = \"sendgird\"",
            &[":2", "`sendgird`", "`sendgrid`"],
        ),
        ("[lisen]\nquiet = true", &[":2", "`[lisen]`", "`listen`"]),
        (
            "[target.app]\nto = \":1\"\nsecert = \"env:A\"",
            &[":4", "`secert`", "`secret`"],
        ),
        ("[send]\njson = true", &[":3", "`json`"]),
        ("[listen]\nhelp = true", &[":3", "`help`"]),
        ("[send]\nretires = 2", &[":3", "`retires`", "`retries`"]),
        (
            "[listen]\nrecrod = \"a.ndjson\"",
            &[":3", "`recrod`", "`record`"],
        ),
        (
            "[listen]\nprovider = \"mailgan\"",
            &[":3", "`mailgan`", "`mailgun`"],
        ),
        (
            "[send]\nsecret = \"sendgird=env:A\"",
            &[":3", "`sendgird`", "`sendgrid=env:A`"],
        ),
        (
            "[send]\nto = \"@ap\"\n[target.app]\nto = \":1\"",
            &["`@ap`", "`@app`"],
        ),
        ("[target.app]\nheader = \"X-A: 1\"", &[":2", "no `to`"]),
        ("[target.\"a b\"]\nto = \":1\"", &[":2", "`a b`"]),
        ("[target.app]\nto = \"ftp://a\"", &[":3", "`ftp://a`"]),
        ("[target.app]\nto = [\":1\"]", &[":3", "`to`"]),
        ("[send]\nretries = true", &[":3", "`retries`", "number"]),
        ("[send]\nretries = \"many\"", &[":3", "`retries`", "'many'"]),
        ("[send]\nquiet = 1", &[":3", "`quiet`", "`true`"]),
        ("[send]\nto = { a = 1 }", &[":3", "`to`"]),
        ("send = 1", &[":2", "`send`", "table"]),
        ("provider = [", &[":2"]),
        ("provider = \"resend\"\nprovider = \"resend\"", &[":3"]),
    ] {
        let said = error_of(line);
        for word in words {
            assert!(said.contains(word), "{line}: {word} in {said}");
        }
    }
    let newer = Project::new("\nversion = 2\n").run(&["send", "click"]);
    assert_eq!(newer.status, 2);
    assert!(newer.stderr.contains("webhook-cli.toml:2"), "{newer:?}");
}

#[test]
fn it_holds_no_secret_no_command_and_no_answer_to_a_question() {
    for line in [
        "[target.app]\nto = \":1\"\nsecret = \"hunter2hunter2\"",
        "[target.app]\nto = \":1\"\nsecret = [\"env:A\", \"sendgrid=hunter2hunter2\"]",
        "[target.app]\nto = \":1\"\nsecret = \"-\"",
        "[target.app]\nto = \"http://user:hunter2@localhost\"",
        "[target.app]\nto = \":1/?token=hunter2hunter2hunter2\"",
        "[target.app]\nto = \":1\"\nheader = \"Authorization: Bearer hunter2\"",
        "[send]\nsecret = \"hunter2\"",
        "[listen]\nui-key = \"hunter2\"",
        "[send]\nheader = [\"X-Api-Key: hunter2\"]",
        "[listen]\nforward-header = [\"Cookie: hunter2\"]",
        "[listen]\nforward-to = [\"bounce=http://user:hunter2@localhost\"]",
    ] {
        let said = error_of(line);
        assert!(!said.contains("hunter2"), "{line}: {said}");
        assert!(said.contains("webhook-cli.toml:"), "{said}");
    }
    for (line, name) in [
        ("[listen]\ntunnel = \"cloudflared\"", "`tunnel`"),
        ("[listen]\ntunnel = \"sh -c id {port}\"", "`tunnel`"),
        ("[send]\nyes = true", "`yes`"),
        ("yes = true", "`yes`"),
        ("probe-cmd = \"id\"", "`probe-cmd`"),
        (
            "[target.app]\nto = \":1\"\nprobe-cmd = \"id\"",
            "`probe-cmd`",
        ),
        ("[send]\ndata = \"@/etc/passwd\"", "`data`"),
        ("[listen]\nbody = \"@/etc/passwd\"", "@/etc/passwd"),
        ("[listen]\nbody = \"@../../x\"", "@../../x"),
    ] {
        let said = error_of(line);
        assert!(said.contains(name), "{line}: {said}");
    }
    let replay = Project::new("[replay]\nyes = true\n");
    let ran = replay.run(&["replay", "x.ndjson", "--to", ":1"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("webhook-cli.toml:1"), "{ran:?}");
}

#[test]
fn paths_are_those_of_the_files_folder() {
    let project =
        Project::new("[listen]\nrecord = \"hooks.ndjson\"\ncount = 1\nbody = \"@ok.txt\"\n");
    fs::write(project.path().join("ok.txt"), "fine").unwrap();
    let below = project.path().join("below");
    fs::create_dir(&below).unwrap();
    let listen = Listen::start_with(&[], |it| it.current_dir(&below));
    let answer = crate::harness::post(listen.port(), "/", "", b"{}");
    assert!(answer.ends_with("fine"), "{answer}");
    let ran = listen.finish().success();
    assert!(project.path().join("hooks.ndjson").exists(), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_of_this_user_is_read_in_silence() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new("provider = \"sendgrid\"\n");
    fs::set_permissions(project.file(), fs::Permissions::from_mode(0o666)).unwrap();
    let ran = project.dry(&[]);
    assert!(ran.stderr.contains("every user"), "{ran:?}");
    fs::remove_file(project.file()).unwrap();

    fs::create_dir(project.file()).unwrap();
    let send = ["send", "click", "--dry-run"];
    assert_eq!(project.run(&send).status, 2);
    fs::remove_dir(project.file()).unwrap();

    let made = Command::new("mkfifo").arg(project.file()).status();
    assert!(made.unwrap().success());
    let ran = project.run(&send);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("not a regular file"), "{ran:?}");
    fs::remove_file(project.file()).unwrap();

    for link in ["/dev/zero", "/no/such/file"] {
        std::os::unix::fs::symlink(link, project.file()).unwrap();
        assert_eq!(project.run(&send).status, 2, "{link}");
        // What does not need it works.
        project
            .run(&["send", "click", "--dry-run", "--config", "none"])
            .success();
        fs::remove_file(project.file()).unwrap();
    }

    fs::write(project.file(), b"provider = \"send\xffgrid\"\n").unwrap();
    let ran = project.run(&send);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("webhook-cli.toml:1: it is not UTF-8"),
        "{ran:?}"
    );
    fs::write(project.file(), vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_eq!(project.run(&send).status, 2);
}

#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_not_used_without_a_word() {
    let project = Project::new("provider = \"sendgrid\"\n");
    // Only root may give a file away; for others this cannot be tried.
    if std::os::unix::fs::chown(project.file(), Some(12345), None).is_err() {
        return;
    }
    let ran = project.run(&["send", "click", "--dry-run"]);
    assert!(ran.stderr.contains("belongs to another user"), "{ran:?}");
}

#[test]
fn commands_that_have_nothing_in_it_do_not_read_it() {
    let project = Project::new("nonsense\n");
    for args in [
        &["--version"][..],
        &["--help"],
        &["send", "--help"],
        &["completions", "bash"],
        &["man"],
        &["events"],
        &["keys", "resend"],
        &["send", "click", "--dry-run", "--config", "none"],
    ] {
        let ran = project.run(args).success();
        assert_eq!(ran.stderr, "", "{args:?}");
    }
    for args in [
        &["send", "click", "--dry-run"][..],
        &["config"],
        &["check", ":1"],
        &["listen", "--for", "1ms"],
    ] {
        assert_eq!(project.run(args).status, 2, "{args:?}");
    }
}

#[test]
fn another_file_is_read_with_config() {
    let project = Project::new("nonsense\n");
    let other = project.path().join("other.toml");
    fs::write(&other, "provider = \"resend\"\n").unwrap();
    for args in [
        ["--config", "other.toml", "send", "click", "--dry-run"],
        ["send", "click", "--dry-run", "--config", "other.toml"],
    ] {
        let ran = project.run(&args).success();
        assert!(ran.stdout.contains("svix-id"), "{ran:?}");
        assert!(ran.stderr.contains("using `other.toml`"), "{ran:?}");
    }
    let missing = project.run(&["send", "click", "--config", "no-such.toml"]);
    assert_eq!(missing.status, 2);
    assert!(missing.stderr.contains("`no-such.toml`"), "{missing:?}");
    let none = project.run(&["send", "click", "--to", "@app", "--config", "none"]);
    assert_eq!(none.status, 2);
    assert!(none.stderr.contains("`@app`"), "{none:?}");
}

#[test]
fn config_prints_what_is_in_force_and_where_it_comes_from() {
    let project = Project::new(
        "provider = \"sendgrid\"\n[target.app]\nto = \":3000/hooks\"\nsecret = [\"sendgrid=env:NO_SUCH_KEY\"]\n\n[listen]\nforward-to = [\"@app\"]\nrecord = \"hooks.ndjson\"\n",
    );
    let text = project.run(&["config"]).success().stdout;
    for (name, value, source) in [
        ("provider", "sendgrid", "webhook-cli.toml:1"),
        ("target.app.to", ":3000/hooks", "webhook-cli.toml:3"),
        (
            "target.app.secret",
            "sendgrid=env:NO_SUCH_KEY (not set)",
            "webhook-cli.toml:4",
        ),
        ("listen.record", "hooks.ndjson", "webhook-cli.toml:8"),
        ("listen.addr", "127.0.0.1:7878", "default"),
        ("send.provider", "sendgrid", "webhook-cli.toml:1"),
    ] {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} in {text}"));
        assert!(line.contains(value) && line.ends_with(source), "{line}");
    }
    let mut command = project.command(&["config", "--json"]);
    command.env("WEBHOOK_CLI_SECRET", "hunter2");
    let ran = Ran::of(command.output().unwrap()).success();
    assert!(!ran.stdout.contains("hunter2"));
    let lines = ran.lines();
    assert_eq!(
        (lines[0]["type"].as_str(), lines[0]["file"].as_str()),
        (Some("config"), Some(FILE))
    );
    let row = |name: &str| lines.iter().find(|line| line["name"] == name).unwrap();
    assert_eq!(
        row("listen.forward-to")["value"],
        serde_json::json!(["@app"])
    );
    assert_eq!(row("listen.forward-to")["line"], 7);
    assert_eq!(row("listen.secret")["source"], "environment");
    assert_eq!(row("listen.max-body")["source"], "default");

    let none = project.run(&["config", "--config", "none"]).success();
    assert!(!none.stdout.contains("sendgrid"), "{none:?}");
    let wrong = Project::new("[listen]\nmax-body = \"lots\"\n").run(&["config"]);
    assert_eq!(wrong.status, 2);
    assert!(
        wrong.stderr.contains("webhook-cli.toml:2: `max-body`"),
        "{wrong:?}"
    );
}

#[test]
fn hostile_text_of_a_file_is_escaped() {
    let project = Project::new("[target.app]\nto = \":1\"\nheader = \"X-A: \\u001b[31m\\u009b\"\n");
    for args in [&["config"][..], &["config", "--json"]] {
        let text = project.run(args).success().stdout;
        assert!(!text.contains(['\u{1b}', '\u{9b}']), "{text:?}");
    }
    let said = error_of("\"\\u001b[31m\" = 1");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[cfg(unix)]
#[test]
fn targets_are_completed() {
    let project = Project::new("[target.app]\nto = \":1\"\n[target.other]\nto = \":2\"\n");
    for words in [
        &["send", "click", "--to", "@"][..],
        &["replay", "x", "--to", "@a"],
        &["listen", "--forward-to", "@"],
        &["check", "@a"],
    ] {
        let line = [&["--", "webhook-cli"], words].concat();
        let mut command = project.command(&line);
        command
            .env("_WEBHOOK_CLI_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        let ran = Ran::of(command.output().unwrap()).success();
        assert!(ran.stdout.contains("@app"), "{words:?}: {ran:?}");
    }
}
