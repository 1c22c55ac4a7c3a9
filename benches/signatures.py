#!/usr/bin/env python3
"""Costs of signatures, as ratios in one run: receiving, verifying, making and replaying signed deliveries.

    cargo build --release && [BEFORE=FILE] benches/signatures.py [ROUNDS] [PART...]

Parts: listen, verify, send, replay; all if none is named. Needs wrk, and nginx for one of the two sinks of `replay`. Each
provider's 1,000 deliveries are made by `send`, all different, and wrk sends them again and again, the same bytes to the
bare server and to `listen`. Contestants take turns, ratios are of neighbours in one round, medians are printed. The first
line is a control: the bare server against itself. `BEFORE` is an older build, whose rows stand beside ours. CPU time is what
the kernel accounted. Ends with 1 if a figure is missed.
"""

import base64, json, os, resource, shutil, statistics, subprocess, sys, tempfile, time

PARTS = [word for word in sys.argv[1:] if not word.isdigit()] or ["listen", "verify", "send", "replay"]
sys.argv[1:] = [word for word in sys.argv[1:] if word.isdigit()]

from compare import BARE, BEFORE, MISSED, ROUNDS, TOOL, Nginx, Server, bare_binary, load, verdict, wrk

RECEIVED = {"generic": 1.12, "resend": 1.3, "mailgun": 1.35, "sendgrid": 6, "ses": 3, "postal": 3}
DIFFERENT = 1000
MANY = 20_000
REPLAYED = 100_000


def spent(command):
    """Seconds and CPU seconds of a program that is run to its end."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def send(provider, count, form):
    command = [TOOL, "send", "click", "--provider", provider, "-n", str(count), "--dry-run", "--as", form]
    command += ["--to", "http://127.0.0.1:1/hooks"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def quoted(data):
    """A Lua string of these bytes."""
    return '"' + "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\{b:03d}" for b in data) + '"'


def script(provider, folder):
    """A script for wrk that sends signed deliveries of this provider, one after another."""
    path = f"{folder}/{provider}.lua"
    with open(path, "w") as lua:
        lua.write("local all = {}\nlocal one\n")
        for line in send(provider, DIFFERENT, "vegeta").splitlines():
            request = json.loads(line)
            body = base64.b64decode(request.get("body", ""))
            where = request["url"].split("/", 3)[3]
            fields = [(name, value) for name, values in request["header"].items() for value in values]
            fields = "".join(f"[{quoted(name.encode())}]={quoted(value.encode())}," for name, value in fields if name.lower() not in ("host", "content-length"))
            lua.write(f"all[#all + 1] = {{{quoted(request['method'].encode())}, {quoted(('/' + where).encode())}, {{{fields}}}, {quoted(body)}}}\n")
        lua.write("function init()\n  for i, it in ipairs(all) do all[i] = wrk.format(it[1], it[2], it[3], it[4]) end\nend\n")
        lua.write("local at = 0\nfunction request()\n  at = at % #all + 1\n  return all[at]\nend\n")
    return path


def listening(bare, folder):
    print(f"\nlistening: CPU to bare hyper, {DIFFERENT} different deliveries of each provider\n")
    print(f"{'':12} {'CPU':>8} {'':15} {'us CPU each':>12} {'bare':>7} {'requests/s':>11}")
    serve = lambda: Server([bare, "serve"])
    listen = lambda tool: lambda: Server([tool, "listen", "--port", "0", "-q", "--require-signature", "--tolerance", "1h"])
    rows = [("control", "generic", serve, None)]
    for name, bound in RECEIVED.items():
        rows.append((name, name, listen(TOOL), bound))
        rows += [("  before", name, listen(BEFORE), None)] if BEFORE else []
    for name, provider, make, bound in rows:
        made = script(provider, folder)
        rounds = [(load(make, made), load(serve, made)) for _ in range(ROUNDS)]
        ratio = statistics.median(ours["cpu"] / theirs["cpu"] for ours, theirs in rounds)
        cpu, rate = (statistics.median(ours[key] for ours, _ in rounds) for key in ("cpu", "rate"))
        floor = statistics.median(theirs["cpu"] for _, theirs in rounds)
        print(f"{name:12} {ratio:>6.2f} x {verdict(f'listen: {name}', ratio, bound):15} {cpu:>12.1f} {floor:>7.1f} {rate:>11.0f}", flush=True)


def rate(name, command, count, bound):
    """Deliveries a second of a command, and its CPU time for each."""
    rounds = [spent(command) for _ in range(ROUNDS)]
    a_second = statistics.median(count / took for took, _ in rounds)
    cpu = statistics.median(cpu / count * 1e6 for _, cpu in rounds)
    print(f"{name}: {a_second:.0f} a second {verdict(name, a_second, bound, True)}, {cpu:.1f} us CPU each", flush=True)


def verifying(folder):
    path = f"{folder}/sendgrid.ndjson"
    with open(path, "wb") as file:
        file.write(send("sendgrid", MANY, "json"))
    print()
    rate(f"verify of {MANY} SendGrid deliveries", [TOOL, "verify", path, "--tolerance", "1h"], MANY, 25_000)


def sending():
    print()
    command = [TOOL, "send", "click", "-n", str(MANY), "--provider", "sendgrid", "--dry-run", "-q"]
    rate(f"send -n {MANY} --provider sendgrid --dry-run -q", command, MANY, 25_000)


def wrk_cpu(address, body_script):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, _ = wrk(address, body_script)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / requests


def replaying(bare, folder):
    path = f"{folder}/resend.ndjson"
    with open(path, "wb") as file:
        file.write(send("resend", REPLAYED, "json"))
    with open(path, "rb") as file:
        body = json.loads(file.readline())["request"]["body"]
    fixed = f"{folder}/fixed.lua"
    with open(fixed, "w") as lua:
        body = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
        lua.write(f'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\nwrk.body={quoted(body.encode())}\n')
    print(f"\nreplay --resign of {REPLAYED} Resend deliveries, -c 64: CPU of a request to that of wrk with one fixed body")
    sinks = {"raw sink": lambda: Server([bare, "sink"])}
    if shutil.which("nginx"):
        sinks["nginx"] = lambda: Nginx("return 200;")
    for name, make in sinks.items():
        with make() as sink:
            command = [TOOL, "replay", path, "--to", f"http://{sink.address}/hooks", "-q", "-c", "64"]
            rounds = [(spent([*command, "--resign"]), spent(command), wrk_cpu(sink.address, fixed)) for _ in range(ROUNDS)]
        for what, at in (("--resign", 0), ("as recorded", 1)):
            ratio = statistics.median(it[at][1] / REPLAYED / it[2] for it in rounds)
            cpu = statistics.median(it[at][1] / REPLAYED * 1e6 for it in rounds)
            a_second = statistics.median(REPLAYED / it[at][0] for it in rounds)
            bound = 1.5 if at == 0 else None
            print(f"{name:9} {what:12} {ratio:.2f} x {verdict(f'replay to {name}', ratio, bound):15} {cpu:.1f} us CPU each, {a_second:.0f} a second", flush=True)
        print(f"{name:9} wrk {statistics.median(it[2] for it in rounds) * 1e6:.1f} us CPU each", flush=True)


def main():
    bare = BARE or bare_binary()
    print(f"{ROUNDS} rounds, medians; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=os.environ.get("FOLDER")) as folder:
        if "listen" in PARTS:
            listening(bare, folder)
        if "verify" in PARTS:
            verifying(folder)
        if "send" in PARTS:
            sending()
        if "replay" in PARTS:
            replaying(bare, folder)
    if MISSED:
        sys.exit(f"missed: {', '.join(MISSED)}")


if __name__ == "__main__":
    main()
