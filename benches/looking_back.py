#!/usr/bin/env python3
"""Times the commands that look back, on a recording of a million deliveries (about 900 MB), page cache warm.

    cargo build --release && benches/looking_back.py [ROUNDS] [DELIVERIES]

The recording is made by `send --save` in a temporary folder: four kinds in turn, and one delivery in the middle to a
recipient that no other has. The first line is a control: `wc -l` on the same file. Medians are printed. Ends with 1 if a
figure is missed.
"""

import os, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
DELIVERIES = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
KINDS = ["delivered", "open", "click", "bounce"]
RARE = "nobody.else@example.org"
MISSED = []


def send(path, kinds, count, *more):
    command = [TOOL, "send", *kinds, "--provider", "resend", "-n", str(count), "--dry-run", "-q", "--save", path, *more]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def record(folder):
    """A recording of DELIVERIES deliveries, one of them to RARE."""
    whole, part = f"{folder}/hooks.ndjson", f"{folder}/part.ndjson"
    half = DELIVERIES // 2 // len(KINDS)
    with open(whole, "wb") as out:
        for kinds, count, more in [(KINDS, half, []), (["bounce"], 1, ["--recipient", RARE]), (KINDS, half, [])]:
            send(part, kinds, count, *more)
            with open(part, "rb") as lines:
                while piece := lines.read(1 << 20):
                    out.write(piece)
            os.unlink(part)
    return whole


def run(command, lines):
    """Seconds, and peak memory in MiB, of a command; the number of its lines on stdout is checked if it is given.

    The peak is never below that of this script, some 17 MiB, from which the command is started.
    """
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - begun
        # 1 says that nothing matches.
        assert os.waitstatus_to_exitcode(status) == (1 if lines == 0 else 0), (command, status)
        out.seek(0)
        counted = sum(piece.count(b"\n") for piece in iter(lambda: out.read(1 << 20), b""))
        assert lines is None or counted == lines, (command, counted, lines)
    return took, used.ru_maxrss / 1024


def figure(name, command, lines, wanted, unit, value):
    run(command, lines)
    rounds = [run(command, lines) for _ in range(ROUNDS)]
    seconds, peak = statistics.median(took for took, _ in rounds), max(peak for _, peak in rounds)
    shown, good = value(seconds), True
    if wanted is not None:
        good = shown >= wanted if unit == "MB/s" else shown <= wanted
    if not good or peak > 24 and wanted is not None:
        MISSED.append(name)
    goal = "control" if wanted is None else f"{'at least' if unit == 'MB/s' else 'at most'} {wanted} {unit}, 24 MiB"
    print(f"{name:34} {shown:8.1f} {unit:5} {peak:6.1f} MiB   ({goal}){'' if good else '   MISSED'}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = record(folder)
        size = os.path.getsize(path) / 1e6
        print(f"{DELIVERIES} deliveries, {size:.0f} MB, {ROUNDS} rounds")
        rate, millis = (lambda seconds: size / seconds), (lambda seconds: seconds * 1000)
        bounces = DELIVERIES // 2 // len(KINDS) * 2 + 1
        log = [TOOL, "log", path]
        figure("wc -l", ["wc", "-l", path], 1, None, "MB/s", rate)
        figure("log --last 20", [*log, "--last", "20"], 20, 20, "ms", millis)
        figure("log -e bounce", [*log, "-e", "bounce"], bounces, 400, "MB/s", rate)
        figure("log -e complaint (none)", [*log, "-e", "complaint"], 0, 400, "MB/s", rate)
        figure("log --grep, one delivery", [*log, "--grep", RARE], 1, 1000, "MB/s", rate)
        figure("show in the middle", [TOOL, "show", f"{path}:{DELIVERIES // 2}"], None, 500, "ms", millis)
    if MISSED:
        sys.exit(f"missed: {', '.join(MISSED)}")


main()
