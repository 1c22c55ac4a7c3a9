//! Keys of `listen`: the binary runs as the leader of a session of its own, in a pseudo-terminal, as under a shell.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Inbox, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::harness::{Receiver, run, text, webhook_cli};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 500 Oh\r\ncontent-length: 7\r\n\r\nno luck";

/// Process with a terminal at both ends.
struct Session {
    child: Child,
    terminal: File,
    output: Inbox<Vec<u8>>,
    /// Output that was not waited for yet.
    seen: String,
    before: Termios,
    port: u16,
}

impl Session {
    /// A listener, as soon as it reads keys.
    fn listen(args: &[&str]) -> Session {
        let mut command = webhook_cli();
        command.args([&["listen", "--port", "0"], args].concat());
        let mut session = Session::start(&command);
        session.wait_for("listening on http://127.0.0.1:");
        session.wait_for("nothing came yet; `?` lists the keys");
        session
    }

    /// A command that stdin and stdout of are a terminal, and that controls it.
    fn start(command: &Command) -> Session {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = name.into_string().unwrap();
        let end = || {
            let both = File::options().read(true).write(true).open(&name).unwrap();
            Stdio::from(OwnedFd::from(both))
        };
        let size = Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let mut session = Command::new("setsid");
        session
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm-256color");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        let child = session
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let terminal = File::from(terminal);
        let mut input = terminal.try_clone().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(length @ 1..) = input.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Session {
            child,
            terminal,
            output,
            seen: String::new(),
            before,
            port: 0,
        }
    }

    /// Waits for a text, and returns the rest of its line. A port that ends the line is noted.
    #[track_caller]
    fn wait_for(&mut self, wanted: &str) -> String {
        loop {
            if let Some((_, rest)) = self.seen.split_once(wanted)
                && let Some((line, rest)) = rest.split_once(['\r', '\n', '\x1b'])
            {
                let line = line.to_owned();
                self.seen = rest.to_owned();
                if let Ok(port) = line.parse() {
                    self.port = port;
                }
                return line;
            }
            self.read_more(wanted);
        }
    }

    /// Waits for a text, such as a prompt.
    #[track_caller]
    fn wait_until(&mut self, wanted: &str) {
        while !self.seen.contains(wanted) {
            self.read_more(wanted);
        }
    }

    #[track_caller]
    fn read_more(&mut self, wanted: &str) {
        match self.output.recv_timeout(Duration::from_secs(30)) {
            Ok(more) => self.seen += &String::from_utf8_lossy(&more),
            Err(error) => panic!("no {wanted:?} but {error} in {:?}", self.seen),
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    fn send(&self, kinds: &[&str]) {
        let to = format!(":{}", self.port);
        run(&[&["send"], kinds, &["--retries", "0", "--to", &to]].concat());
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// True if the terminal neither echoes nor waits for the end of a line.
    fn is_set_for_keys(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ISIG), "Ctrl-C is a signal");
        !modes.intersects(LocalModes::ECHO | LocalModes::ICANON)
    }

    #[track_caller]
    fn assert_given_back(&self) {
        let now = tcgetattr(&self.terminal).unwrap();
        assert_eq!(now.local_modes, self.before.local_modes);
        assert_eq!(now.input_modes, self.before.input_modes);
        assert_eq!(now.output_modes, self.before.output_modes);
        assert_eq!(
            format!("{:?}", now.special_codes),
            format!("{:?}", self.before.special_codes)
        );
    }

    /// Waits for the end, and returns the exit status and the output.
    fn end(&mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        while let Ok(more) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.seen += &String::from_utf8_lossy(&more);
        }
        (status.code(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    type WayOut = fn(&mut Session);
    let ways: [(&str, WayOut, Option<i32>); 7] = [
        ("q", |it| it.press("q"), Some(130)),
        ("Ctrl-C", |it| it.press("\x03"), Some(130)),
        ("Ctrl-\\", |it| it.press("\x1c"), Some(131)),
        (
            "SIGTERM",
            |it| kill_process(it.pid(), Signal::TERM).unwrap(),
            Some(130),
        ),
        (
            "SIGHUP",
            |it| kill_process(it.pid(), Signal::HUP).unwrap(),
            Some(129),
        ),
        ("the end", |it| it.send(&["click", "open"]), Some(0)),
        (
            "a second Ctrl-C",
            |it| {
                // A request in flight keeps it from ending at the first.
                let mut request = std::net::TcpStream::connect(("127.0.0.1", it.port)).unwrap();
                request
                    .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")
                    .unwrap();
                it.send(&["click"]);
                it.press("\x03");
                it.wait_for("finishing requests in flight");
                it.press("\x03");
                assert_eq!(it.child.wait().unwrap().code(), Some(130));
                drop(request);
            },
            Some(130),
        ),
    ];
    for (name, way_out, status) in ways {
        let mut session = Session::listen(&["--count", "2"]);
        assert!(session.is_set_for_keys(), "{name}");
        way_out(&mut session);
        assert_eq!(session.end().0, status, "{name}");
        session.assert_given_back();
    }
}

#[test]
fn the_terminal_is_given_back_while_it_is_stopped() {
    let mut session = Session::listen(&[]);
    for _ in 0..2 {
        session.press("\x1a");
        let (_, status) = waitpid(Some(session.pid()), WaitOptions::UNTRACED)
            .unwrap()
            .unwrap();
        assert!(status.stopped());
        session.assert_given_back();
        session.seen.clear();
        while session.output.try_recv().is_ok() {}
        kill_process(session.pid(), Signal::CONT).unwrap();
        // The status line is drawn again, and keys are read as soon as the terminal is set.
        session.wait_for("nothing came yet");
        while !session.is_set_for_keys() {
            std::thread::yield_now();
        }
        session.press("?");
        session.wait_for("print this list");
        assert!(session.is_set_for_keys());
    }
    session.press("q");
    assert_eq!(session.end().0, Some(130));
    session.assert_given_back();
}

/// Under a shell with job control, which sends no signal when a running process comes to the foreground.
#[test]
fn in_the_background_the_terminal_is_left_alone_and_taken_again_in_the_foreground() {
    let mut shell = webhook_cli();
    let program = shell.get_program().to_owned();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-i"]);
    for (name, value) in shell.env("PS1", "> ").get_envs() {
        match value {
            Some(value) => bash.env(name, value),
            None => bash.env_remove(name),
        };
    }
    let mut session = Session::start(&bash);
    session.press(&format!("{} listen --port 0\n", program.to_str().unwrap()));
    session.wait_for("nothing came yet");
    session.press("\x1a");
    session.wait_for("Stopped");
    session.press("bg\n");
    session.press("echo background-$((6 * 7))\n");
    session.wait_for("background-42");
    session.press("fg\n");
    session.wait_for("listen --port 0");
    session.press("?");
    session.wait_for("print this list");
    session.press("q");
    session.wait_for("0 deliveries received");
    session.wait_until("> ");
    session.press("echo end-$((6 * 7))\n");
    session.wait_for("end-42");
}

/// Stopped by a signal that cannot be handled, it finds its own settings, and still gives back those from before.
#[test]
fn the_settings_from_before_are_given_back_after_a_stop_that_could_not_be_handled() {
    let mut session = Session::listen(&[]);
    kill_process(session.pid(), Signal::STOP).unwrap();
    let stopped = waitpid(Some(session.pid()), WaitOptions::UNTRACED).unwrap();
    assert!(stopped.unwrap().1.stopped());
    kill_process(session.pid(), Signal::CONT).unwrap();
    session.press("?");
    session.wait_for("send the last delivery to the handler again");
    session.press("q");
    assert_eq!(session.end().0, Some(130));
    session.assert_given_back();
}

#[test]
fn the_terminal_is_given_back_on_a_panic() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "keys::panics_while_keys_are_read";
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    let mut session = Session::start(&command);
    session.wait_for("keys are read: true");
    let (status, told) = session.end();
    assert_eq!(status, Some(101), "{told}");
    assert!(told.contains("on purpose"), "{told}");
    session.assert_given_back();
}

#[test]
#[ignore = "run by the test above, in a terminal"]
fn panics_while_keys_are_read() {
    let keyboard = webhook_cli::io::keyboard::Keyboard::open(|_| {});
    println!("keys are read: {}", keyboard.is_some());
    // A release build aborts: nothing is dropped.
    std::mem::forget(keyboard);
    panic!("on purpose");
}

#[test]
fn without_a_terminal_at_both_ends_nothing_is_set() {
    let mut command = webhook_cli();
    command.args(["listen", "--port", "0", "--json"]);
    let mut session = Session::start(&command);
    session.wait_for("\"type\":\"listening\"");
    assert!(!session.is_set_for_keys());
    session.press("\x03");
    session.end();

    let mut command = Command::new("sh");
    let listen = format!(
        "{} listen --port 0 | cat",
        env!("CARGO_BIN_EXE_webhook-cli")
    );
    command.args(["-c", &listen]);
    let mut session = Session::start(&command);
    session.wait_for("listening on http://127.0.0.1:");
    assert!(!session.is_set_for_keys());
    session.press("\x03");
    session.end();
}

#[test]
fn r_sends_the_last_delivery_again_and_records_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hooks.ndjson");
    let handler = Receiver::start(&[BROKEN, OK]);
    let mut session = Session::listen(&["-f", &handler.url, "-r", text(&file)]);
    session.press("r");
    session.wait_for("there is no delivery yet");
    session.send(&["bounce"]);
    session.wait_for("no luck");
    session.press("r");
    session.wait_for("\x1b[32m200\x1b[0m  \x1b[31mbounce");
    session.wait_for("sent again");
    let (first, again) = (handler.next(), handler.next());
    assert_eq!((first.line, first.body), (again.line, again.body));
    session.press("q");
    let (_, told) = session.end();
    assert!(told.contains("1 delivery received"), "{told}");
    assert!(told.contains("1 rejected (500)"), "{told}");
    let shown = run(&["show", &format!("{}:1", text(&file)), "--json"]).success();
    let answers = &shown.lines()[0]["answers"];
    assert_eq!(answers[1]["attempt"], 2, "{answers}");
    assert_eq!(answers[1]["status"], 200, "{answers}");
}

#[test]
fn r_says_what_is_missing_without_a_handler() {
    let mut session = Session::listen(&[]);
    session.press("r");
    session.wait_for("start with `--forward-to :3000`");
}

#[test]
fn f_fails_the_next_delivery_and_none_after_it() {
    let handler = Receiver::ok();
    let mut session = Session::listen(&["-f", &handler.url]);
    session.press("f");
    session.wait_for("the next delivery gets 503");
    session.send(&["bounce"]);
    session.wait_for("503");
    session.wait_for("on purpose");
    session.send(&["click"]);
    session.wait_for("200");
    assert_eq!(handler.all().len(), 1, "the first was not forwarded");
}

#[test]
fn c_prints_a_command_that_sends_the_same_request() {
    let handler = Receiver::ok();
    let mut session = Session::listen(&["-f", &handler.url]);
    session.send(&["click", "--provider", "resend"]);
    session.wait_for("  \x1b[32m200");
    let first = handler.next();
    session.press("c");
    let rest = session.wait_for("curl ");
    let done = Command::new("bash")
        .args(["-c", &format!("curl -s {rest}")])
        .status();
    // There is not a curl everywhere.
    if done.is_ok_and(|status| status.success()) {
        let again = handler.next();
        assert_eq!((&first.line, &first.body), (&again.line, &again.body));
        assert_eq!(
            first.header("svix-signature"),
            again.header("svix-signature")
        );
    } else {
        assert!(rest.contains("svix-signature"), "{rest}");
    }
}

#[test]
fn space_pauses_the_output_and_deliveries_get_their_responses() {
    let mut session = Session::listen(&["-q"]);
    session.press(" ");
    session.wait_for("paused, 0 notices held back");
    session.send(&["click", "bounce", "open"]);
    session.wait_for("paused, 3 notices held back");
    assert!(!session.seen.contains("click  "), "{}", session.seen);
    session.press(" ");
    for kind in ["click", "bounce", "open"] {
        session.wait_for(kind);
    }
    session.press(" ");
    session.wait_for("paused, 0 notices held back");
    session.send(&["delivered"]);
    session.press("q");
    let (_, told) = session.end();
    let shown = told.find("delivered").unwrap();
    assert!(
        shown < told.find("4 deliveries received").unwrap(),
        "{told}"
    );
}

#[test]
fn what_is_typed_besides_is_neither_echoed_nor_obeyed() {
    let mut session = Session::listen(&[]);
    session.press("xyz?");
    session.wait_for("print this list");
    session.press("\n?\x1bOq");
    session.wait_for("print this list");
    session.press("q");
    let (status, told) = session.end();
    assert_eq!(status, Some(130));
    assert!(!told.contains("xyz") && !told.contains("Oq"), "{told}");
}

#[test]
fn nothing_is_kept_where_that_is_asked_for() {
    let mut session = Session::listen(&["--keep", "0"]);
    session.send(&["click"]);
    session.wait_for("click");
    session.press("c");
    session.wait_for("no delivery is kept: `--keep` is 0");
}
