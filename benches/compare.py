#!/usr/bin/env python3
"""Compares `listen` with a bare hyper server, side by side in one run, as ratios.

    cargo build --release && benches/compare.py

Needs wrk (Debian: `apt-get install wrk`). Absolute figures of a shared machine mean little; the programs take
turns, and each ratio is of neighbours in one round. CPU time is what the kernel accounted to the process.
"""

import os, re, resource, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
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


def bare_binary():
    out = subprocess.run(
        ["cargo", "build", "--release", "--bench", "bare", "--message-format=json"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r'"executable":"([^"]*bare[^"]*)"', out)[-1]


def start(command, stdout):
    read, write = os.pipe()
    process = subprocess.Popen(command, stdout=subprocess.PIPE if stdout is None else stdout, stderr=subprocess.DEVNULL)
    os.close(read), os.close(write)
    if stdout is None:
        line = process.stdout.readline().decode()
    else:
        while True:
            with open(stdout.name) as text:
                line = text.readline()
            if "http" in line:
                break
            time.sleep(0.005)
    return process, re.search(r"127\.0\.0\.1:(\d+)", line).group(0)


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024


def load(command, script, to_file=False):
    """Requests, requests a second, CPU seconds and peak MiB of a server under 64 kept-alive connections."""
    with tempfile.NamedTemporaryFile() as out, tempfile.TemporaryDirectory() as folder:
        process, address = start([word.replace("{folder}", folder) for word in command], out if to_file else None)
        if not to_file:
            # Whatever it prints is read, as a terminal would.
            drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        before = cpu(process.pid)
        wrk = subprocess.run(
            ["wrk", "-t1", "-c64", f"-d{SECONDS}s", "-s", script, f"http://{address}/hooks"], capture_output=True, text=True, check=True
        ).stdout
        used, peak = cpu(process.pid) - before, peak_mib(process.pid)
        process.kill(), process.wait()
        if not to_file:
            drain.wait()
    assert "Non-2xx" not in wrk, wrk
    requests = int(re.search(r"(\d+) requests in", wrk).group(1))
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", wrk).group(1)), "per_cpu": requests / used, "cpu": used / requests * 1e6, "peak": peak}


def synced_one_by_one(seconds=1.0):
    """How many lines a second can be written with a sync each."""
    with tempfile.TemporaryFile(buffering=0) as file:
        begun, count = time.perf_counter(), 0
        while time.perf_counter() < begun + seconds:
            file.write(b"x" * 900)
            os.fdatasync(file.fileno())
            count += 1
    return count / seconds


def ready(command):
    """Milliseconds from starting a server to the first connection that it accepts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            pass
    took = (time.perf_counter() - begun) * 1000
    process.kill(), process.wait()
    return took


def version_cpu():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([TOOL, "--version"], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main():
    bare = bare_binary()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA), script.flush()
        recording = [TOOL, "listen", "--port", "0", "-q", "--record", "{folder}/r.ndjson", "--sync"]
        contestants = {
            "listen -q": ([TOOL, "listen", "--port", "0", "-q"], True),
            "listen (text to a file)": ([TOOL, "listen", "--port", "0"], True),
            "listen --json (to a file)": ([TOOL, "listen", "--port", "0", "--json"], True),
            "listen -q --sync interval": (recording + ["interval"], True),
            "listen -q --sync always": (recording + ["always"], True),
        }
        results = {name: [] for name in contestants}
        one_by_one = []
        for _ in range(ROUNDS):
            floor = load([bare, "serve"], script.name)
            for name, (command, to_file) in contestants.items():
                results[name].append((floor, load(command, script.name, to_file)))
            one_by_one.append(synced_one_by_one())
    print(f"bodies of {len(BODY)} bytes, 64 connections, {ROUNDS} rounds of {SECONDS} s, medians")
    print(f"{'':28} {'requests per CPU second':>24} {'requests/s':>11} {'us CPU each':>12} {'peak MiB':>9}")
    for name, rounds in results.items():
        ratio = lambda key: statistics.median(ours[key] / floor[key] for floor, ours in rounds)
        median = lambda key: statistics.median(ours[key] for _, ours in rounds)
        print(f"{name:28} {ratio('per_cpu'):>22.2f} x {ratio('rps'):>9.2f} x {median('cpu'):>12.1f} {median('peak'):>9.1f}")
    times = statistics.median(always["rps"] / single for (_, always), single in zip(results["listen -q --sync always"], one_by_one))
    print(f"--sync always: {times:.1f} times what one sync each gives ({statistics.median(one_by_one):.0f} lines/s)")
    floors = [floor for rounds in results.values() for floor, _ in rounds]
    print(f"{'bare hyper':28} {'1.00':>22} x {'1.00':>9} x {statistics.median(f['cpu'] for f in floors):>12.1f} {statistics.median(f['peak'] for f in floors):>9.1f}")

    # The bare server takes any port, so both are asked to; its readiness is read from its address.
    ours, theirs = [], []
    for _ in range(40):
        begun = time.perf_counter()
        process, address = start([bare, "serve"], None)
        socket.create_connection(tuple(address.split(":"))).close()
        theirs.append((time.perf_counter() - begun) * 1000)
        process.kill(), process.wait()
        begun = time.perf_counter()
        process, address = start([TOOL, "listen", "--port", "0"], None)
        socket.create_connection(tuple(address.split(":"))).close()
        ours.append((time.perf_counter() - begun) * 1000)
        process.kill(), process.wait()
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"start to first connection: {statistics.median(ours):.1f} ms against {statistics.median(theirs):.1f} ms, ratio {ratio:.2f}")
    print(f"--version: {statistics.median(version_cpu() for _ in range(40)):.1f} ms of CPU")
    print(f"binary: {os.path.getsize(TOOL) / 2**20:.2f} MiB")


main()
