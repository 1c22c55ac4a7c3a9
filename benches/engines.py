#!/usr/bin/env python3
"""Compares `replay` with load generators, side by side in one run, as ratios of CPU time per request.

    cargo build --release && benches/engines.py [ROUNDS]

Everybody sends bodies of 600 bytes over 64 connections to the same sink, nginx with one worker that answers 200.
`replay` reads a line of a recording for each, checks its checksum, records how long the answer took and, in a run of its
own, signs each delivery; the others send one body again and again. Contestants take turns, and each ratio is of neighbours
in one round: absolute figures of a shared machine mean little. CPU time is what the kernel accounts to a process that has
ended (os.wait4). Needs nginx and wrk; hey, ab and oha take part where they are installed.
"""

import json, os, re, select, shutil, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
REQUESTS = int(os.environ.get("REQUESTS", "100000"))
CONNECTIONS = 64
SCANNED = int(os.environ.get("SCAN_MB", "1024")) << 20


def line(number):
    """A line of a recording by hand, as `listen --record` writes it, with a body of 600 bytes."""
    body = {
        "type": "email.clicked", "created_at": "2026-01-02T00:10:55.000Z",
        "data": {"email_id": f"56761188-7520-42d8-8898-{number:012d}", "from": "shop@example.com", "to": [f"user{number:08d}@example.com"],
                 "subject": "Your order", "click": {"ipAddress": "192.0.2.1", "link": "https://www.example.com/start?utm_source=mail&step=1",
                 "timestamp": "2026-01-02T00:10:55.000Z", "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, "note": ""},
    }
    body["data"]["note"] = "x" * (600 - len(json.dumps(body, separators=(",", ":"))))
    headers = [["content-type", "application/json"], ["user-agent", "Svix-Webhooks/1.0"], ["svix-id", f"msg_{number:024d}"],
               ["svix-timestamp", "1767312655"], ["svix-signature", "v1,tZ1KJn2Jz5iYvM7x0S9H0cQwE1rT2yU3iO4pA5sD6fG="]]
    text = json.dumps({"fixture": 1, "id": f"01J{number:023d}", "at": "2026-01-02T00:10:55.123456Z",
                       "request": {"method": "POST", "path": "/hooks", "headers": headers, "body": body},
                       "reply": {"status": 200, "micros": 84}}, separators=(",", ":"))[:-1]
    return f'{text},"crc32c":"{crc32c(text.encode()):08x}"}}\n'.encode(), json.dumps(body, separators=(",", ":"))


TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def spent(command, **more):
    """Seconds, CPU seconds and peak MiB of a program, run to its end; and what it printed."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    peak, said = 0, b""
    # What wait4 says of memory includes what this script had when it forked; so the kernel is asked while it runs.
    while True:
        ready, _, _ = select.select([process.stdout], [], [], 0.02)
        peak = max(peak, peak_mib(process.pid))
        if ready:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            said += piece
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - begun
    return took, usage.ru_utime + usage.ru_stime, peak, process.returncode, said.decode(errors="replace")


def peak_mib(pid):
    try:
        with open(f"/proc/{pid}/status") as status:
            found = re.search(r"VmHWM:\s+(\d+)", status.read())
            return int(found.group(1)) / 1024 if found else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


def sink(folder):
    """nginx with one worker that reads the request and answers 200; the port it listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(f"{folder}/nginx.conf", "w") as conf:
        conf.write(f"""
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder}; server {{ listen 127.0.0.1:{port}; location / {{ return 200; }} }} }}
""")
    process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.01)


def contestants(folder, url, body):
    lua = f"{folder}/post.lua"
    with open(lua, "w") as script:
        script.write('wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body=[[%s]]\n' % body)
    with open(f"{folder}/body.json", "w") as file:
        file.write(body)
    c, n = str(CONNECTIONS), str(REQUESTS)
    replay = [TOOL, "replay", f"{folder}/r.ndjson", "--to", url, "-q", "-c", c]
    # wrk runs for a time and not for a number; it says how many it sent.
    all = {
        "replay": replay,
        "replay --resign": replay + ["--resign"],
        "wrk": ["wrk", "-t1", f"-c{c}", "-d2s", "-s", lua, url],
        "hey": ["hey", "-n", n, "-c", c, "-m", "POST", "-T", "application/json", "-D", f"{folder}/body.json", url],
        "ab": ["ab", "-q", "-k", "-n", n, "-c", c, "-p", f"{folder}/body.json", "-T", "application/json", f"{url}"],
        "oha": ["oha", "--no-tui", "-n", n, "-c", c, "-m", "POST", "-T", "application/json", "-D", f"{folder}/body.json", url],
    }
    return {name: command for name, command in all.items() if name.startswith("replay") or shutil.which(command[0])}


def race(command):
    took, cpu, peak, status, said = spent(command)
    requests = REQUESTS
    if command[0] == "wrk":
        requests = int(re.search(r"(\d+) requests in", said).group(1))
        assert "Non-2xx" not in said, said
    elif command[0] == TOOL:
        assert status == 0 and f"{REQUESTS} deliveries sent" in said, said[-2000:]
    return {"cpu": cpu / requests * 1e6, "rps": requests / took, "peak": peak}


def main():
    with tempfile.TemporaryDirectory() as folder:
        whole = [line(number) for number in range(20000)]
        lines = [text for text, _ in whole]
        with open(f"{folder}/r.ndjson", "wb") as file:
            for start in range(0, REQUESTS, len(lines)):
                file.writelines(lines[: min(len(lines), REQUESTS - start)])
        nginx, port = sink(folder)
        try:
            field = contestants(folder, f"http://127.0.0.1:{port}/hooks", whole[0][1])
            rounds = []
            for _ in range(ROUNDS):
                rounds.append({name: race(command) for name, command in field.items()})
        finally:
            nginx.terminate(), nginx.wait()
        print(f"{REQUESTS} requests with bodies of 600 bytes, {CONNECTIONS} connections, one nginx; {ROUNDS} rounds, medians; load {os.getloadavg()[0]:.1f}")
        rivals = [name for name in field if not name.startswith("replay")]
        print(f"{'':17} {'us CPU each':>11} {'requests/s':>11} {'peak MiB':>9}" + "".join(f"{'CPU to ' + rival:>13}" for rival in rivals))
        for name in field:
            median = lambda key: statistics.median(round[name][key] for round in rounds)
            ratios = [statistics.median(round[name]["cpu"] / round[rival]["cpu"] for round in rounds) for rival in rivals]
            print(f"{name:17} {median('cpu'):>11.2f} {median('rps'):>11.0f} {median('peak'):>9.1f}" + "".join(f"{ratio:>13.2f}" for ratio in ratios))

        with open(f"{folder}/big.ndjson", "wb") as file:
            block, size = b"".join(lines), 0
            while size < SCANNED:
                size += file.write(block)
        took, cpu, peak, status, said = spent([TOOL, "replay", f"{folder}/big.ndjson", "--dry-run", "-q"])
        assert status == 0, said
        print(f"scanned {size / 2**20:.0f} MiB with --dry-run -q: {size / cpu / 1e6:.0f} MB a second of CPU, {size / took / 1e6:.0f} MB/s, peak {peak:.1f} MiB")


main()
