//! `listen --tunnel`: stand-ins on PATH behave as the programs were seen to, and a real sshd forwards a real port.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Listen, Ran, Receiver, post, run, text, webhook_cli};

/// Longest wait for something that should come at once, on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Folder on PATH with a program of the test, and a pipe on which that program tells what happens.
struct StandIn {
    dir: TempDir,
}

impl StandIn {
    /// The script finds the pipe as `$TOLD` and may hold it open as descriptor 9.
    fn new(program: &str, script: &str) -> StandIn {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("told");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let path = dir.path().join(program);
        fs::write(
            &path,
            format!("#!/bin/sh\nTOLD='{}'\n{script}\n", text(&pipe)),
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        StandIn { dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap();
        format!("{}:{path}", text(self.dir.path()))
    }

    /// Reads what the program tells, from when it opens the pipe.
    fn told(&self) -> BufReader<fs::File> {
        BufReader::new(fs::File::open(self.file("told")).unwrap())
    }

    fn listen(&self, args: &[&str]) -> Listen {
        Listen::start_with(args, |command| {
            command
                .env("PATH", self.path())
                .env("WEBHOOK_CLI_SECRET", "hunter2")
        })
    }

    /// Runs `listen` to its end.
    fn run(&self, args: &[&str]) -> Ran {
        let mut command = webhook_cli();
        command.args(["listen", "--port", "0"]).args(args);
        Ran::of(command.env("PATH", self.path()).output().unwrap())
    }
}

fn line(told: &mut BufReader<fs::File>) -> String {
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Waits until every process that holds the pipe open has ended.
fn all_end(mut told: BufReader<fs::File>) {
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let read = told.read_to_end(&mut Vec::new());
        let _ = sender.send(read);
    });
    ended
        .recv_timeout(SOON)
        .expect("a process is left")
        .unwrap();
}

/// The port in `--metrics 127.0.0.1:PORT`.
fn metrics(args: &str) -> u16 {
    let after = args.split("--metrics 127.0.0.1:").nth(1).unwrap();
    after.split(' ').next().unwrap().parse().unwrap()
}

fn api(port: u16, bodies: &[&str]) -> Receiver {
    let answers: Vec<String> = bodies
        .iter()
        .map(|body| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        })
        .collect();
    Receiver::on(TcpListener::bind(("127.0.0.1", port)).unwrap(), &answers)
}

/// Tells its arguments and what it was given, and stays until it is ended, with a child that would stay too.
const STAYING: &str = "exec 9>\"$TOLD\"
echo \"$*\" >&9
echo \"secret: ${WEBHOOK_CLI_SECRET-none}\" >&9
if read -r line; then echo 'stdin: open' >&9; else echo 'stdin: closed' >&9; fi
echo 'INF noise https://api.trycloudflare.com/evil' >&2
sleep 600 &
wait";

#[test]
fn the_url_of_cloudflared_is_told_and_used_and_all_ends_with_the_listener() {
    let program = StandIn::new("cloudflared", STAYING);
    let mut listen = program.listen(&["--tunnel", "cloudflared", "--json"]);
    let mut told = program.told();
    let args = line(&mut told);
    assert!(
        args.contains(&format!("--url http://127.0.0.1:{}", listen.port())),
        "{args}"
    );
    assert!(!args.contains("hunter2"));
    assert_eq!(line(&mut told), "secret: none");
    assert_eq!(line(&mut told), "stdin: closed");
    let _api = api(
        metrics(&args),
        &[
            "{\"hostname\":\"\"}",
            "{\"hostname\":\"quick-fox.trycloudflare.com\"}",
        ],
    );
    assert_eq!(
        listen.line(),
        "{\"type\":\"tunnel\",\"url\":\"https://quick-fox.trycloudflare.com\"}\n"
    );
    listen.interrupt();
    all_end(told);
    let ran = listen.finish();
    assert_eq!(ran.status, 130);
    assert!(!format!("{ran:?}").contains("noise"), "{ran:?}");
}

#[test]
fn a_signature_over_the_url_is_judged_with_the_url_of_the_tunnel() {
    let program = StandIn::new("cloudflared", STAYING);
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let listen = Listen::start_with(&["--tunnel", "cloudflared", "-n", "2"], |command| {
        command.env("PATH", program.path())
    });
    let mut listen = listen;
    let mut told = program.told();
    let _api = api(
        metrics(&line(&mut told)),
        &["{\"hostname\":\"a-b.trycloudflare.com\"}"],
    );
    assert_eq!(listen.line(), "public at https://a-b.trycloudflare.com\n");
    let to = format!("{}/hooks", listen.url);
    for url in [
        "https://a-b.trycloudflare.com/hooks",
        "https://other.example/hooks",
    ] {
        let args = [
            "send",
            "click",
            "--provider",
            "mandrill",
            "--public-url",
            url,
            "--to",
            &to,
        ];
        run(&args).success();
    }
    let ran = listen.finish();
    let verdicts: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|it| it.contains("mandrill"))
        .collect();
    assert!(verdicts[0].contains("verified (test key)"), "{verdicts:?}");
    assert!(!verdicts[1].contains("verified"), "{verdicts:?} {secret}");
}

#[test]
fn a_killed_listener_leaves_no_process() {
    let program = StandIn::new("cloudflared", STAYING);
    let mut listen = program.listen(&["--tunnel", "cloudflared"]);
    let mut told = program.told();
    let _api = api(
        metrics(&line(&mut told)),
        &["{\"hostname\":\"a-b.trycloudflare.com\"}"],
    );
    assert!(listen.line().starts_with("public at "));
    listen.kill();
    all_end(told);
}

#[test]
fn a_host_that_the_program_cannot_have_is_never_announced() {
    for hostile in [
        "good@evil.trycloudflare.com",
        "api.trycloudflare.com",
        "evil.com",
        "javascript:alert(1)",
        "\\u001b[31m.trycloudflare.com",
    ] {
        // It ends once it was asked.
        let program = StandIn::new(
            "cloudflared",
            "echo \"$*\" > \"$TOLD\"\nread -r _ < \"$TOLD\"\nprintf 'bye \\033[31m\\n' >&2\nexit 7",
        );
        let mut command = webhook_cli();
        let mut child = command
            .args(["listen", "--port", "0", "--tunnel", "cloudflared"])
            .env("PATH", program.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let args = line(&mut program.told());
        let api = api(
            metrics(&args),
            &[&format!("{{\"hostname\":\"{hostile}\"}}")],
        );
        api.next();
        api.next();
        fs::write(program.file("told"), "end\n").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2), "{hostile}");
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.unwrap().read_to_string(&mut stdout).unwrap();
        child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
        assert!(!stdout.contains("public at"), "{stdout}");
        assert!(
            stderr.contains("exit status 7") && stderr.contains("is no public URL"),
            "{stderr}"
        );
        assert!(
            stderr.contains("bye \\x1b[31m") && !stderr.contains('\u{1b}'),
            "{stderr}"
        );
    }
}

#[test]
fn a_program_that_is_missing_or_wrong_is_an_error_before_anything_is_announced() {
    let empty = tempfile::tempdir().unwrap();
    for (tunnel, words) in [
        ("cloudflared", "install cloudflared"),
        ("ngrok", "install ngrok"),
        ("tailscale", "tailscale.com/install.sh"),
        ("ssh:example.com", "install openssh-client"),
        ("cloudflare", "did you mean `cloudflared`"),
        ("ssh:-oProxyCommand=id@x", "ssh:USER@HOST"),
        ("ssh:-x", "ssh:USER@HOST"),
        ("ssh:a@-x", "ssh:USER@HOST"),
        ("ssh:a b", "ssh:USER@HOST"),
        ("ssh:", "ssh:USER@HOST"),
        ("ssh", "ssh:[USER@]HOST"),
        ("sh -c id {port}", "cloudflared"),
    ] {
        let mut command = webhook_cli();
        command.args(["listen", "--port", "0", "--tunnel", tunnel]);
        let ran = Ran::of(command.env("PATH", empty.path()).output().unwrap());
        assert_eq!(ran.status, 2, "{tunnel}: {ran:?}");
        assert!(ran.stderr.contains(words), "{tunnel}: {ran:?}");
        assert_eq!(ran.stdout, "", "{tunnel}");
    }
    let both = ["--tunnel", "ngrok", "--public-url", "https://a.example"];
    assert_eq!(run(&[&["listen"][..], &both].concat()).status, 2);
}

#[test]
fn a_tunnel_that_ends_is_started_again_three_times_and_told_each_time() {
    // Each run tells another port, and ends.
    let program = StandIn::new(
        "ssh",
        "echo run >> \"$TOLD.log\"\nn=$(wc -l < \"$TOLD.log\")\necho \"Allocated port $((10000 + n)) for remote forward to x\" >&2\nsleep 0.3",
    );
    let mut listen = program.listen(&["--tunnel", "ssh:ada@example.com"]);
    for port in 10001..=10004 {
        assert_eq!(
            listen.line(),
            format!("public at http://example.com:{port}\n")
        );
    }
    let said = listen.said("is not started again");
    assert_eq!(said.matches("it is started again in").count(), 3, "{said}");
    // The listener goes on.
    assert!(post(listen.port(), "/", "", b"{}").contains("200 OK"));
    let runs = fs::read_to_string(program.file("told.log")).unwrap();
    assert_eq!(runs.lines().count(), 4);
}

#[test]
fn a_tunnel_that_gives_no_url_ends_the_listener_with_its_last_lines() {
    let program = StandIn::new(
        "ssh",
        "for n in 1 2 3 4 5 6; do echo \"line $n\" >&2; done\necho 'Host key verification failed.' >&2\nexit 255",
    );
    let ran = program.run(&["--tunnel", "ssh:example.com"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("`ssh` ended (exit status 255) before it gave a public URL")
    );
    assert!(
        ran.stderr
            .contains("it said: Host key verification failed."),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("line 3") && !ran.stderr.contains("line 2"),
        "{ran:?}"
    );
    assert!(!ran.stdout.contains("public at"));
}

#[test]
fn the_tunnel_of_ngrok_is_the_one_to_this_listener() {
    // The agent takes the first free port from 4040 on, and so does the stand-in's API here.
    let Some(listener) = (4040..=4049).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
    else {
        return;
    };
    let program = StandIn::new(
        "ngrok",
        "exec 9>\"$TOLD\"\necho \"$*\" >&9\nsleep 600 &\nwait",
    );
    let mut listen = program.listen(&["--tunnel", "ngrok"]);
    let mut told = program.told();
    let args = line(&mut told);
    assert_eq!(
        args,
        format!("http --log stderr http://127.0.0.1:{}", listen.port())
    );
    let tunnels = format!(
        r#"{{"tunnels":[{{"public_url":"https://other.ngrok-free.app","config":{{"addr":"http://localhost:1"}}}},{{"public_url":"https://ours.ngrok-free.app","config":{{"addr":"http://127.0.0.1:{}"}}}}]}}"#,
        listen.port()
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{tunnels}",
        tunnels.len()
    );
    let _api = Receiver::on(listener, &[answer]);
    assert_eq!(listen.line(), "public at https://ours.ngrok-free.app\n");
    listen.signal("-TERM");
    all_end(told);
}

/// A stand-in for tailscale: the machine's name, the ports in use, and a log of all calls.
fn tailscale(serving: &str, funnel: &str) -> StandIn {
    StandIn::new(
        "tailscale",
        &format!(
            "echo \"$*\" >> \"$TOLD.log\"
case \"$*\" in
'status --json') echo '{{\"Self\":{{\"DNSName\":\"laptop.tail1a2b.ts.net.\"}}}}' ;;
'serve status --json') echo '{serving}' ;;
'funnel --https='*) {funnel} ;;
*) exit 9 ;;
esac"
        ),
    )
}

#[test]
fn a_funnel_takes_a_port_that_is_free_and_touches_no_other() {
    let open = "echo 'Available on the internet:'; exec 9>\"$TOLD\"; sleep 600 & wait";
    let program = tailscale("{\"TCP\":{\"443\":{\"HTTPS\":true}}}", open);
    let mut listen = program.listen(&["--tunnel", "tailscale"]);
    let told = program.told();
    assert_eq!(
        listen.line(),
        "public at https://laptop.tail1a2b.ts.net:8443\n"
    );
    listen.signal("-TERM");
    all_end(told);
    let calls = fs::read_to_string(program.file("told.log")).unwrap();
    let port = listen.port();
    assert_eq!(
        calls,
        format!(
            "status --json\nserve status --json\nfunnel --https=8443 http://127.0.0.1:{port}\n"
        )
    );

    let all = "{\"TCP\":{\"443\":{},\"8443\":{}},\"Foreground\":{\"a\":{\"TCP\":{\"10000\":{}}}}}";
    let ran = tailscale(all, "exit 9").run(&["--tunnel", "tailscale"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("all ports of Funnel"), "{ran:?}");

    let refused = tailscale(
        "{}",
        "echo 'Funnel is not enabled on your tailnet' >&2; exit 1",
    );
    let ran = refused.run(&["--tunnel", "tailscale"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("Funnel is not enabled"), "{ran:?}");
}

/// A server of its own on loopback: its port, and what ssh needs to reach it.
struct Sshd {
    child: std::process::Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn key(path: &Path) -> bool {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", text(path)])
        .status();
    made.is_ok_and(|made| made.success())
}

/// Starts sshd; none where it is not installed, or cannot be started by this user.
fn sshd(dir: &Path) -> Option<Sshd> {
    let program = Path::new("/usr/sbin/sshd");
    if !program.exists() || !key(&dir.join("host")) || !key(&dir.join("user")) {
        return None;
    }
    // For root it wants this folder.
    let _ = fs::create_dir_all("/run/sshd");
    let port = TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    // Of IPv4 alone, or the port that it allocates may be another server's at 127.0.0.1.
    let config = format!(
        "AddressFamily inet\nListenAddress 127.0.0.1:{port}\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/user.pub\nStrictModes no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n",
        dir = text(dir)
    );
    fs::write(dir.join("sshd_config"), config).ok()?;
    let mut child = Command::new(program)
        .args(["-D", "-e", "-f", text(&dir.join("sshd_config"))])
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stderr = BufReader::new(child.stderr.take()?);
    let mut said = String::new();
    while !said.contains("Server listening") {
        if stderr.read_line(&mut said).ok()? == 0 {
            let _ = child.wait();
            return None;
        }
    }
    // Its log is read to the end, so that it never waits for a reader.
    std::thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
    Some(Sshd { child, port })
}

#[test]
fn a_delivery_comes_in_through_a_port_of_a_real_sshd() {
    let keys = tempfile::tempdir().unwrap();
    let Some(server) = sshd(keys.path()) else {
        return;
    };
    let dir = text(keys.path());
    // Port and key stand in the user's configuration; here in a wrapper.
    let program = StandIn::new(
        "ssh",
        &format!(
            "exec {} -F none -p {} -i {dir}/user -o IdentitiesOnly=yes -o UserKnownHostsFile={dir}/known -o GlobalKnownHostsFile=none \"$@\"",
            ["/usr/bin/ssh", "/usr/local/bin/ssh"]
                .iter()
                .find(|it| Path::new(it).exists())
                .unwrap(),
            server.port
        ),
    );
    // The key of the host is not known yet: an error, and no question.
    let unknown = program.run(&["--tunnel", "ssh:127.0.0.1"]);
    assert_eq!(unknown.status, 2, "{unknown:?}");
    assert!(
        unknown.stderr.contains("Host key verification failed"),
        "{unknown:?}"
    );

    let host_key = fs::read_to_string(keys.path().join("host.pub")).unwrap();
    let known = format!("[127.0.0.1]:{} {host_key}", server.port);
    fs::write(keys.path().join("known"), known).unwrap();
    // The port is one that sshd allocates while other tests take and leave ports too: another one is tried.
    let mut sent = Vec::new();
    for _ in 0..6 {
        let mut listen = program.listen(&["--tunnel", "ssh:127.0.0.1", "-n", "1"]);
        let announced = listen.line();
        let url = announced.trim_end().strip_prefix("public at ").unwrap();
        assert!(
            url.starts_with("http://127.0.0.1:") && url != listen.url,
            "{url}"
        );
        let to = format!("{url}/hooks");
        let ran = run(&["send", "click", "--provider", "resend", "--to", &to]);
        if ran.status == 0 {
            let ran = listen.finish();
            assert!(ran.stdout.contains("resend"), "{ran:?}");
            return;
        }
        sent.push(ran);
    }
    panic!("{sent:?}");
}
