#!/usr/bin/env python3
"""Compares `listen` with a bare hyper server and with nginx, side by side in one run, as ratios.

    cargo build --release && [BEFORE=FILE] benches/compare.py [ROUNDS]

Needs wrk, and nginx for forwarding (Debian: `apt-get install wrk nginx`); what is not there is skipped with a word.
Absolute figures of a shared machine mean little; the programs take turns (A B C, A B C), each ratio is of neighbours in
one round, and medians of these are printed. CPU time is what the kernel accounted to the process. Ends with 1 if a
figure is missed.
"""

import contextlib, os, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
BARE = os.environ.get("BARE")
# An older build, whose rows stand beside ours: ratios differ from machine to machine, what changed differs less.
BEFORE = os.environ.get("BEFORE")
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
SECONDS = 3
TICK = os.sysconf("SC_CLK_TCK")

BODY = (
    '{"event":"click","timestamp":"2026-01-02T00:10:55Z","email":"ada@example.com","campaign_id":"camp_123",'
    '"link_url":"https://www.example.com/start?utm_source=mail&step=1",'
    '"user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","ip_address":"192.0.2.1",'
    '"note":"%s"}'
)
BODY = BODY % ("x" * (600 - len(BODY) + 2))
LUA = 'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[[%s]]\n' % BODY

# One process, so that its CPU time is that of one process.
NGINX = """daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 1000000000; client_body_buffer_size 64k;
  upstream handler {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ {what} }} }} }}
"""
PROXY = 'proxy_pass http://handler; proxy_http_version 1.1; proxy_set_header Connection "";'


class Server:
    """A program that serves, with what the kernel says of it."""

    def __init__(self, command):
        self.out = tempfile.NamedTemporaryFile()
        # With `-q` the address is not data, and stands on stderr.
        self.process = subprocess.Popen(command, stdout=self.out, stderr=subprocess.STDOUT)
        while not (found := re.search(r"127\.0\.0\.1:\d+", open(self.out.name).read(200))):
            assert self.process.poll() is None, command
            time.sleep(0.002)
        self.address = found.group(0)

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill(), self.process.wait(), self.out.close()


class Nginx(Server):
    def __init__(self, what, upstream=1):
        self.folder = tempfile.TemporaryDirectory()
        port = free_port()
        with open(f"{self.folder.name}/nginx.conf", "w") as conf:
            conf.write(NGINX.format(folder=self.folder.name, port=port, upstream=upstream, what=what))
        self.process = subprocess.Popen(["nginx", "-p", self.folder.name, "-c", conf.name], stderr=subprocess.DEVNULL)
        self.address = f"127.0.0.1:{port}"
        self.out = self.folder
        self.out.close = self.folder.cleanup
        wait_for(port)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port)).close()


def wrk(address, script, seconds=SECONDS):
    """Requests, and requests a second, of 64 kept-alive connections."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://{address}/hooks"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    return int(re.search(r"(\d+) requests in", said).group(1)), float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))


def load(make, script):
    """Throughput, CPU microseconds a request and peak MiB of a server under load."""
    with make() as server:
        before = server.cpu()
        requests, rate = wrk(server.address, script)
        return {"rate": rate, "cpu": (server.cpu() - before) / requests * 1e6, "peak": server.peak()}


def in_turn(contestants, script):
    """The measurements of each, round by round."""
    results = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, make in contestants.items():
            results[name].append(load(make, script))
    return results


MISSED = []


def verdict(name, value, bound, at_least=False):
    if bound is None:
        return ""
    fine = value >= bound if at_least else value <= bound
    if not fine:
        MISSED.append(name)
    return f"{'>=' if at_least else '<='} {bound:g} {'ok' if fine else 'MISSED'}"


def table(results, floor, bounds):
    """Prints each contestant's ratios to the first, and how they stand to the figures to reach."""
    print(f"\n{'':34} {'CPU':>7} {'':15} {'requests/s':>11} {'':15} {'us CPU each':>12} {'requests/s':>11} {'peak MiB':>9}")
    for name, rounds in results.items():
        ratio = lambda key: statistics.median(ours[key] / theirs[key] for ours, theirs in zip(rounds, results[floor]))
        median = lambda key: statistics.median(it[key] for it in rounds)
        cpu, rate = bounds.get(name, (None, None))
        print(
            f"{name:34} {ratio('cpu'):>5.2f} x {verdict(f'{name}: CPU', ratio('cpu'), cpu):15} {ratio('rate'):>9.2f} x"
            f" {verdict(f'{name}: throughput', ratio('rate'), rate, True):15} {median('cpu'):>12.1f} {median('rate'):>11.0f} {median('peak'):>9.1f}"
        )


def bare_binary():
    command = ["cargo", "build", "--release", "--bench", "bare", "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return re.findall(r'"executable":"([^"]*bare[^"]*)"', out)[-1]


def syncs_a_second(folder):
    """How many records go to disk in a second with one fdatasync for each."""
    with open(f"{folder}/syncs", "wb", buffering=0) as file:
        begun, count = time.perf_counter(), 0
        while time.perf_counter() - begun < 1:
            file.write(b"x" * 853)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - begun)


def listening(bare, script, folder):
    listen = lambda *flags, tool=TOOL: lambda: Server([tool, "listen", "--port", "0", *flags])

    def record(when, tool=TOOL):
        def make():
            path = f"{folder}/{when}.ndjson"
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
            return listen("-q", "--record", path, "--sync", when, tool=tool)()

        return make

    contestants = {
        "bare hyper": lambda: Server([bare, "serve"]),
        "bare hyper, one fdatasync each": lambda: Server([bare, "serve", f"{folder}/each"]),
        "listen -q": listen("-q"),
        "listen, pretty to a file": listen(),
        "listen --json": listen("--json"),
        "listen -q --record --sync none": record("none"),
        "listen -q --record --sync interval": record("interval"),
        "listen -q --record --sync always": record("always"),
    }
    if BEFORE:
        contestants["before: listen -q"] = listen("-q", tool=BEFORE)
        contestants["before: listen, pretty to a file"] = listen(tool=BEFORE)
        contestants["before: listen -q --record"] = record("interval", BEFORE)
    bounds = {
        "listen -q": (1.15, 0.90),
        "listen, pretty to a file": (1.5, 0.70),
        "listen -q --record --sync interval": (1.5, None),
        "listen -q --record --sync always": (2.5, 0.40),
    }
    disk = [syncs_a_second(folder)]
    results = in_turn(contestants, script)
    disk.append(syncs_a_second(folder))
    table(results, "bare hyper", bounds)
    rates = lambda name: [it["rate"] for it in results[name]]
    pairs = zip(rates("listen -q --record --sync always"), rates("bare hyper, one fdatasync each"))
    grouped = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"--sync always against one fdatasync each: {grouped:.1f} x {verdict('group commit', grouped, 10, True)} (the disk alone did {statistics.mean(disk):.0f} a second)")


def forwarding(script):
    if not shutil.which("nginx"):
        print("\nforwarding: nginx is not installed: skipped")
        return
    with Nginx("return 200;") as handler:
        port = handler.address.rsplit(":", 1)[1]
        contestants = {
            "nginx proxy_pass": lambda: Nginx(PROXY, port),
            "listen -q --forward-to": lambda: Server([TOOL, "listen", "--port", "0", "-q", "--forward-to", f"http://{handler.address}"]),
        }
        table(in_turn(contestants, script), "nginx proxy_pass", {"listen -q --forward-to": (1.3, None)})


def memory(script):
    """Peak memory after a million deliveries, and what another million adds to it."""
    with Server([TOOL, "listen", "--port", "0", "-q"]) as server:
        count, peaks = 0, []
        for enough in (1_000_000, 2_000_000):
            while count < enough:
                count += wrk(server.address, script, 2)[0]
            peaks.append(server.peak())
    grown = peaks[1] - peaks[0]
    print(f"\npeak memory: {peaks[0]:.1f} MiB after a million deliveries {verdict('memory', peaks[0], 16)}, {grown:.2f} MiB more after {count:,} {verdict('memory grows', grown, 0.5)}")


def ready(command):
    """Milliseconds from starting a server to the first connection that it accepts."""
    begun = time.perf_counter()
    read, write = os.pipe()
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as out:
        address = re.search(r"127\.0\.0\.1:(\d+)", out.readline())
        socket.create_connection(("127.0.0.1", int(address.group(1)))).close()
        took = (time.perf_counter() - begun) * 1000
        process.kill(), process.wait()
    return took


def version_cpu():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([TOOL, "--version"], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def starting(bare):
    pairs = [(ready([TOOL, "listen", "--port", "0"]), ready([bare, "serve"])) for _ in range(40)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs))
    print(f"start to first connection: {ours:.1f} ms against {theirs:.1f} ms: {ours / theirs:.2f} x {verdict('start', ours / theirs, 1.5)}")
    print(f"--version: {statistics.median(version_cpu() for _ in range(40)):.1f} ms of CPU")
    print(f"binary: {os.path.getsize(TOOL) / 2**20:.2f} MiB")


def main():
    bare = BARE or bare_binary()
    print(f"bodies of {len(BODY)} bytes, 64 connections, {ROUNDS} rounds of {SECONDS} s, medians of the rounds' ratios")
    if shutil.which("wrk"):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script, tempfile.TemporaryDirectory(dir=os.environ.get("FOLDER")) as folder:
            script.write(LUA), script.flush()
            listening(bare, script.name, folder)
            forwarding(script.name)
            memory(script.name)
    else:
        print("wrk is not installed: throughput, CPU and memory are skipped")
    starting(bare)
    if MISSED:
        sys.exit(f"missed: {', '.join(MISSED)}")


if __name__ == "__main__":
    main()
