//! Terminal output: control sequences in received data have no effect. The binary runs in a pseudo-terminal, and an
//! emulator shows the resulting screen.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, channel};
use std::time::Duration;

use crate::harness::{Listen, Receiver, post, run, text, webhook_cli};
use rustix::termios::Winsize;
use unicode_width::UnicodeWidthStr;

const COLUMNS: u16 = 80;

/// A command in a terminal.
struct Screen {
    child: Child,
    output: Inbox<Vec<u8>>,
    seen: Vec<u8>,
    port: u16,
}

impl Screen {
    /// A listener.
    fn start(args: &[&str]) -> Screen {
        let mut screen = Screen::of(&[&["listen", "--port", "0"], args].concat());
        let address = screen.wait_for("listening on http://127.0.0.1:", "\r\n");
        screen.port = address.parse().unwrap();
        screen
    }

    /// Any command.
    fn of(args: &[&str]) -> Screen {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let theirs = || {
            let both = File::options().read(true).write(true).open(&name).unwrap();
            Stdio::from(OwnedFd::from(both))
        };
        let size = Winsize {
            ws_row: 50,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&ours, size).unwrap();
        let child = webhook_cli()
            .args(args)
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null())
            .stdout(theirs())
            .stderr(theirs())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut ours = File::from(ours);
            let mut buffer = [0; 65_536];
            // Reading fails when the last who writes has gone.
            while let Ok(length @ 1..) = ours.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Screen {
            child,
            output,
            seen: Vec::new(),
            port: 0,
        }
    }

    /// What stands between these two, as soon as both are there.
    fn wait_for(&mut self, before: &str, after: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.seen).into_owned();
            if let Some((_, rest)) = text.split_once(before)
                && let Some((found, _)) = rest.split_once(after)
            {
                return found.to_owned();
            }
            match self.output.recv_timeout(Duration::from_secs(20)) {
                Ok(more) => self.seen.extend(more),
                Err(error) => panic!("no {before:?} and {after:?} but {error} in {text:?}"),
            }
        }
    }

    /// Ends it as a person does, and gives all that it wrote.
    fn interrupt(self) -> Vec<u8> {
        let pid = self.child.id().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap();
        self.finish()
    }

    /// All that it wrote to its end.
    fn finish(mut self) -> Vec<u8> {
        loop {
            match self.output.recv_timeout(Duration::from_secs(20)) {
                Ok(more) => self.seen.extend(more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            }
        }
        self.child.wait().unwrap();
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What somebody sees who has a screen so high that nothing leaves it.
fn seen(output: &[u8]) -> vt100::Parser {
    // A line that is longer than the screen is wide takes more rows.
    let rows = |line: &[u8]| 1 + line.len() / usize::from(COLUMNS);
    let lines: usize = output.split(|byte| *byte == b'\n').map(rows).sum();
    let size = |number: usize| u16::try_from(number).unwrap().try_into().unwrap();
    let mut screen = vt100::Parser::new(size(lines + 60), size(COLUMNS.into()), 0);
    screen.process(output);
    screen
}

/// The lines as they are copied: what the terminal wrapped is one.
fn lines(screen: &vt100::Parser) -> Vec<String> {
    let all = screen.screen().contents();
    all.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn rows(screen: &vt100::Parser) -> Vec<String> {
    screen
        .screen()
        .rows(0, COLUMNS)
        .map(|row| row.trim_end().to_owned())
        .collect()
}

/// The text without what we put there ourselves: colours; on a terminal also the line below, drawn and taken away.
fn without_our_own(output: &[u8], terminal: bool) -> String {
    let text = std::str::from_utf8(output).expect("only UTF-8 is printed");
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let code = &rest[at + 1..];
        let length = code
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(code.len(), |end| end + 1);
        let (code, tail) = code.split_at(length);
        let is_colour = code.starts_with('[')
            && code.ends_with('m')
            && code[1..code.len() - 1]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b';');
        let is_drawing = terminal && matches!(code, "[2K" | "[1A" | "[1B");
        assert!(
            is_colour || is_drawing,
            "an escape that is not ours: {code:?}"
        );
        rest = tail;
    }
    out.push_str(rest);
    if terminal {
        out.replace("\r\n", "\n").replace('\r', "")
    } else {
        out
    }
}

#[track_caller]
fn assert_clean(output: &[u8], terminal: bool) {
    for line in without_our_own(output, terminal).lines() {
        if let Some(odd) = line.chars().find(|c| is_odd(*c)) {
            panic!("{odd:?} in {line:?}");
        }
    }
}

/// What a terminal obeys, reorders or hides.
fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}')
}

const FAKE: &str = "19:20:01.123  POST /  sendgrid  1 event  verified  200 in 12 ms";

/// Things that terminals have been known to obey, and lines that look like ours.
fn attacks() -> Vec<Vec<u8>> {
    let mut attacks: Vec<Vec<u8>> = [
        "\x1b[31mred",
        "\x1b[2J\x1b[H",
        "\x1b]0;owned\x07",
        "\x1b]2;owned\x1b\\",
        "\x1b]4;1;rgb:ff/00/00\x1b\\",
        "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
        "\x1b]52;c;cm0gLXJm\x07",
        "\x1b]1337;File=:AAAA\x07",
        "\x1bP+q544e\x1b\\",
        "\x1b_Gf=100;AAAA\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bX string\x1b\\",
        "\x1bc",
        "\x1b[?1049h",
        "\x1b[?25l",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[21t",
        "\x1b[3;1H",
        "\x1b[1A\x1b[2K",
        "\x1b[5;20r",
        "\x1b(0lqqk",
        "\x1b#8",
        "\x1b[8m hidden",
        "\x1b[4h",
        "\x0e\x0f",
        "\x07\x08\x08\x08",
        "\0\x01\x02\x03\x04\x05",
        "\x7f\x7f",
        "a\rb",
        "a\x0b\x0cb",
        "\u{9b}31m",
        "\u{9b}2J",
        "\u{9d}0;owned\u{9c}",
        "\u{90}q\u{9c}",
        "\u{85}",
        "invoice\u{202e}fdp.exe",
        "\u{2066}a\u{2069}",
        "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
        "\u{2028}\u{2029}",
        "\u{e0041}\u{e007f}",
        "\u{3164}\u{ffa0}\u{115f}\u{1160}",
        "\u{ad}\u{34f}\u{61c}\u{180e}",
        "\u{fff9}a\u{fffb}",
        "\u{e000}\u{f8ff}",
        "{{7*7}} ${jndi:ldap://evil} `id` $(id)",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    attacks.push(format!("a{}", "\u{301}".repeat(500)).into());
    attacks.push(b"\x9b31m \x9d0;owned\x9c \xff\xfe \xe2\x82".to_vec());
    attacks.push(format!("x\r{FAKE}").into());
    attacks.push(format!("x\n{FAKE}\nlistening on http://evil").into());
    attacks.push(format!("x\r\n{FAKE}").into());
    // Long enough to reach the edge of the screen just in front of what looks like ours.
    for length in 58..80 {
        attacks.push(format!("{}{FAKE}", "x".repeat(length)).into());
        attacks.push(format!("{} {FAKE}", "日".repeat(length / 2)).into());
    }
    attacks
}

fn in_json(attack: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in attack {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            // Others stand there raw: a stranger need not keep to JSON.
            _ => out.push(*byte),
        }
    }
    out
}

/// Puts an attack in each place where a stranger can, and gives how many deliveries that were.
fn send_everywhere(port: u16, attack: &[u8]) -> usize {
    let event = |key: &[u8], value: &[u8], email: &[u8]| {
        [
            b"{\"event\":\"click\",\"timestamp\":\"2024-01-15T10:30:00Z\",\"campaign_id\":\"c\",\"email\":\"",
            email,
            b"\",\"link_url\":\"http://a/",
            value,
            b"\",\"",
            key,
            b"\":1}",
        ]
        .concat()
    };
    let json = in_json(attack);
    let form: String = form_urlencoded::byte_serialize(attack).collect();
    let query: String = attack.iter().map(|byte| format!("%{byte:02x}")).collect();
    let field: Vec<u8> = attack
        .iter()
        .copied()
        .filter(|b| *b >= b' ' && *b != 0x7f)
        .collect();
    let mut came = 0;
    let mut go = |path: &str, fields: &[u8], body: &[u8]| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        let answer = crate::harness::raw(port, &[head.as_bytes(), fields, b"\r\n", body].concat());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        came += 1;
    };
    go("/", b"content-type: text/plain\r\n", attack);
    go(
        "/",
        b"content-type: application/json\r\n",
        &event(b"x", &json, b"ada@example.com"),
    );
    go(
        "/",
        b"content-type: application/json\r\n",
        &event(&json, b"", &json),
    );
    go(
        "/",
        b"content-type: application/x-www-form-urlencoded\r\n",
        format!("a={form}&{form}=b").as_bytes(),
    );
    go(
        &format!("/hooks?q={query}"),
        &[b"x-evil: ", &field[..], b"\r\n"].concat(),
        b"{}",
    );
    came
}

#[test]
fn nothing_that_a_stranger_sends_moves_the_terminal_or_looks_like_ours() {
    let mut screen = Screen::start(&["-v", "--body", "\x1b[2J\u{202e}"]);
    let came: usize = attacks()
        .iter()
        .map(|attack| send_everywhere(screen.port, attack))
        .sum();
    screen.wait_for(&format!("{came} deliveries"), " ");
    let output = screen.interrupt();
    assert_clean(&output, true);

    let emulator = seen(&output);
    let state = emulator.screen();
    assert!(
        !state.alternate_screen() && !state.hide_cursor(),
        "the screen is as it was"
    );
    let rows = rows(&emulator);
    let lines = lines(&emulator);
    // Behind a full row the terminal may have wrapped what a stranger wrote; yet no row there looks like a delivery's.
    let full = usize::from(COLUMNS) - 1;
    let is_wrapped =
        |at: usize| rows[at].width() >= full || state.row_wrapped(u16::try_from(at).unwrap());
    let starts: Vec<&String> = rows
        .iter()
        .enumerate()
        .filter(|(at, _)| *at == 0 || !is_wrapped(at - 1))
        .map(|(_, row)| row)
        .filter(|row| row.starts_with(|c: char| c != ' '))
        .collect();
    let is_time = |row: &str| {
        row.len() > 14
            && row.as_bytes()[2] == b':'
            && row.as_bytes()[8] == b'.'
            && row.starts_with(|c: char| c.is_ascii_digit())
    };
    let heads = rows.iter().filter(|row| is_time(row)).count();
    assert_eq!(
        heads, came,
        "a line for each delivery, and none that only looks like one"
    );
    for row in starts {
        assert!(
            is_time(row)
                || row.contains(" deliver")
                || row.starts_with("listening on http://127.0.0.1:")
                || ["try it from", "nothing came yet", "answering what"]
                    .iter()
                    .any(|own| row.starts_with(own)),
            "not ours: {row}"
        );
    }
    let all = lines.join("\n");
    assert!(
        all.contains(r"\x1b]0;owned\x07") && all.contains(r"\u{202e}fdp.exe"),
        "the text of an attack can be read"
    );
    let last = rows.iter().rfind(|row| !row.is_empty()).unwrap();
    assert!(
        last.starts_with("  took  "),
        "the last line is ours: {last}"
    );
}

#[test]
fn off_a_terminal_there_are_no_escapes_and_json_is_whole() {
    for args in [&["-v"][..], &["--json"]] {
        let listen = Listen::start_with(args, |command| command.env("TERM", "xterm-256color"));
        let came: usize = attacks()
            .iter()
            .map(|attack| send_everywhere(listen.port(), attack))
            .sum();
        listen.interrupt();
        let ran = listen.finish();
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'));
        if args == ["--json"] {
            let received = ran
                .lines()
                .into_iter()
                .filter(|line| line["type"] == "received")
                .count();
            assert_eq!(received, came);
            assert!(!ran.stdout.chars().any(|c| c != '\n' && c.is_control()));
        } else {
            assert_clean(ran.stdout.as_bytes(), false);
            assert!(ran.stdout.contains(r"\x1b]0;owned\x07"));
        }
    }
}

#[test]
fn while_it_runs_a_line_below_says_what_came_and_at_the_end_how_to_send_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let mut screen = Screen::start(&["-q", "--record", text(&file)]);
    screen.wait_for("nothing came yet", "");
    let target = format!(":{}", screen.port);
    run(&["send", "click", "bounce", "click", "--to", &target]).success();
    screen.wait_for("3 deliveries", "click 2  bounce 1");
    let rows = lines(&seen(&screen.interrupt()));
    let rows: Vec<&str> = rows
        .iter()
        .map(String::as_str)
        .filter(|row| !row.is_empty())
        .collect();
    let heads = rows
        .iter()
        .filter(|row| row.contains("  200  ") && row.contains("hooks.ndjson:"))
        .count();
    assert_eq!(heads, 3, "{rows:#?}");
    assert!(
        !rows.iter().any(|row| row.starts_with("nothing came yet")),
        "it is taken away: {rows:#?}"
    );
    let summary = rows
        .iter()
        .position(|row| row.starts_with("3 deliveries received in "))
        .unwrap();
    assert_eq!(rows[summary + 1], "  events    click 2  bounce 1");
    assert_eq!(rows[summary + 2], "  statuses  200 × 3");
    let hint = rows[summary + 4].trim_start();
    assert!(
        hint.starts_with("send it again: webhook-cli replay") && hint.ends_with("--to :3000"),
        "{hint}"
    );
}

#[test]
fn credentials_are_masked_on_screen_and_in_json() {
    let fields = "authorization: Bearer hunter2\r\nproxy-authorization: Basic hunter2\r\ncookie: session=hunter2\r\n\
        x-api-key: hunter2\r\nX-Auth-Token: hunter2\r\nx-gitlab-token: hunter2\r\napikey: hunter2\r\n\
        x-amz-security-token: hunter2\r\nx-hook-secret: hunter2\r\nx-password: hunter2\r\nconnection: close\r\n";
    for args in [&["--count", "1", "-v"][..], &["--count", "1", "--json"]] {
        let listen = Listen::start(args);
        post(listen.port(), "/", fields, b"{}");
        let ran = listen.finish().success();
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
        assert_eq!(ran.stdout.matches("***").count(), 10, "{}", ran.stdout);
    }
}

#[test]
fn an_endless_line_is_cut_with_its_length() {
    let long = "x".repeat(200_000);
    let listen = Listen::start(&["--count", "3"]);
    for body in [
        long.clone(),
        format!("{{\"a\":\"{long}\"}}"),
        format!("a={long}"),
    ] {
        let kind = if body.starts_with("a=") {
            "application/x-www-form-urlencoded"
        } else {
            "text/plain"
        };
        post(
            listen.port(),
            "/",
            &format!("content-type: {kind}\r\nconnection: close\r\n"),
            body.as_bytes(),
        );
    }
    let told = listen.finish().success().stdout;
    assert!(told.lines().all(|line| line.len() < 66_000));
    for length in ["200,000 bytes, 65,536 shown", "200,002 bytes, 65,536 shown"] {
        assert!(told.contains(length), "{length}");
    }
    assert_eq!(told.matches(" shown").count(), 3);
}

#[test]
fn hostile_file_names_are_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("\x1b]0;owned\x07\u{202e}\u{9b}.ndjson");
    let listen = Listen::start(&["--record", text(&file), "--json"]);
    post(listen.port(), "/", "connection: close\r\n", b"{}");
    let second = run(&["listen", "--port", "0", "--record", text(&file)]);
    assert_eq!(second.status, 2);
    assert_clean(second.stderr.as_bytes(), false);
    assert!(
        second.stderr.contains(r"\x1b]0;owned\x07\u{202e}\u{9b}"),
        "{}",
        second.stderr
    );
    listen.interrupt();
    let ran = listen.finish();
    assert!(
        !ran.stdout.chars().any(|c| c != '\n' && c.is_control()),
        "{}",
        ran.stdout
    );
    assert!(file.exists());
    let missing = run(&[
        "replay",
        text(&dir.path().join("\x1b[2J\u{202e}")),
        "--to",
        ":1",
    ]);
    assert_eq!(missing.status, 3, "{missing:#?}");
    assert_clean(missing.stderr.as_bytes(), false);
}

#[test]
fn what_a_target_answers_is_harmless() {
    let evil = "what went wrong is told in so many words: \u{1b}]0;owned\u{7}\u{9b}31m\u{202e}";
    let answers = [
        String::from(
            "HTTP/1.1 302 \u{9b}31m\r\nlocation: http://evil/\u{9b}31m\u{202e}\r\ncontent-length: 0\r\n\r\n",
        ),
        format!(
            "HTTP/1.1 400 Bad\r\ncontent-length: {}\r\n\r\n{evil}",
            evil.len()
        ),
        format!(
            "HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{{\"{evil}\":1}}",
            evil.len() + 6
        ),
        format!("{evil}\r\n\r\n"),
    ];
    let target = Receiver::start(&answers.each_ref().map(String::as_str));
    let ran = run(&[
        "send",
        "click",
        "open",
        "bounce",
        "delivered",
        "--retries",
        "0",
        "--color",
        "always",
        "--to",
        &target.url,
    ]);
    assert_clean(ran.stdout.as_bytes(), false);
    assert_clean(ran.stderr.as_bytes(), false);
    assert!(
        ran.stdout
            .contains(r"a redirect to http://evil/\u{9b}31m\u{202e}, which is not followed"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(r"\x1b]0;owned\x07"), "{}", ran.stdout);
}

#[test]
fn at_the_end_it_says_how_to_send_it_again_to_where_it_was_forwarded() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rr.ndjson");
    let handler = Receiver::ok();
    let target = format!("{}/webhook", handler.url);
    let with_user = target.replace("http://", "http://me:hunter2@");
    let mut screen = Screen::start(&["-q", "-f", &with_user, "--record", text(&file)]);
    screen.wait_for("nothing came yet", "");
    run(&["send", "click", "--to", &format!(":{}", screen.port)]).success();
    screen.wait_for("1 delivery", "click 1");
    let all = lines(&seen(&screen.interrupt())).join("\n");
    assert!(all.contains(&format!("rr.ndjson --to {target}")), "{all}");
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn what_may_be_copied_is_one_line_however_narrow_the_screen() {
    let long = "an-address-that-is-longer-than-the-screen-is-wide".repeat(2);
    let url = format!("https://example.com/a?b={long}");
    let words = "so many words that they do not fit ".repeat(4);
    let body = format!(
        "{{\"event\":\"click\",\"timestamp\":\"2024-01-15T10:30:00Z\",\"campaign_id\":\"c\",\
         \"email\":\"ada@example.com\",\"link_url\":\"{url}\",\"words\":\"{words}\"}}"
    );
    let screen = Screen::start(&["-v", "--count", "1"]);
    let fields = format!("x-long: {words}end\r\nconnection: close\r\n");
    post(screen.port, &format!("/{long}"), &fields, body.as_bytes());
    let listened = lines(&seen(&screen.finish()));
    let has = |lines: &[String], text: &str| {
        assert!(
            lines.iter().any(|line| line.contains(text)),
            "{text}\n{lines:#?}"
        );
    };
    for text in [
        &format!("POST /{long}  "),
        &format!("\"link_url\": \"{url}\""),
        &format!("\"words\": \"{words}\""),
        &format!("x-long: {words}end"),
    ] {
        has(&listened, text);
    }

    let answer = format!("{{\"error\":\"{words}\",\"see\":\"{url}\"}}");
    let no = |count: usize| {
        let answer = format!(
            "HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        Receiver::start(&vec![answer.as_str(); count])
    };
    let handler = no(1);
    let sent = Screen::of(&["send", "click", "--retries", "0", "--to", &handler.url]);
    let sent = lines(&seen(&sent.finish()));
    has(&sent, &format!("\"error\": \"{words}\""));
    has(&sent, &format!("\"see\": \"{url}\""));

    let handler = no(1);
    let target = format!("{}/{long}", handler.url);
    let checked = Screen::of(&["check", &target, "--only", "valid", "--provider", "resend"]);
    let output = checked.finish();
    let checked = lines(&seen(&output));
    has(
        &checked,
        &format!("  again   webhook-cli send click --provider resend --to {target}"),
    );
    has(&checked, &answer[..150]);
    // Prose is broken by us, behind its label and between words.
    let prose = checked
        .iter()
        .position(|line| line.starts_with("  to do  "))
        .unwrap();
    assert!(
        checked[prose..].iter().take(2).all(|line| line.len() <= 80),
        "{checked:#?}"
    );
    assert!(checked[prose + 1].starts_with("          "), "{checked:#?}");
}
