#!/usr/bin/env python3
"""Holds a steady load on a recording `listen` and watches what it takes: memory, open files, errors.

    cargo build --release && tests/acceptance/listen_soak.py [--minutes N] [--rate N] [--ui [--page]]

`replay --rate` sends the deliveries, two minutes of 2,000 a second if nothing else is said; `listen -q --record` keeps every
one before it answers. The first tenth is warm-up. What is resident afterwards may drift by 5 MiB, the number of open files
may not change at all, and every delivery must be answered with 2xx. Linux, for it reads /proc. `FOLDER` names another place
than the system's for the recording.

With `--ui` nothing is recorded, and somebody looks: a stream of the inspector is read all the time, and with `--page` its page
is open in Chromium too (Node and playwright-core, where `NODE_PATH` says). Each delivery must come through the stream or be
counted as a gap, 99 of 100 within 100 ms.
"""

import http.client, json, os, re, subprocess, tempfile, threading, time
from datetime import datetime

from harness import PATIENCE, ROOT, TOOL, Listener, arguments, needs, run

DRIFT_MIB = 5
LAG_MS = 100
EVERY = 2
# So many recipients are a recording that is sent again and again.
RECIPIENTS = 1000
# Deliveries that the inspector keeps in memory.
KEPT = 10_000


class Stream:
    """A stream of the inspector, read to its end: deliveries that came, deliveries that it missed, lags in milliseconds."""

    def __init__(self, address):
        self.came, self.missed, self.lags = 0, 0, []
        connection = http.client.HTTPConnection(address)
        connection.request("GET", "/api/v1/stream")
        self.response = connection.getresponse()
        assert self.response.status == 200, self.response.status
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        rest = b""
        while block := self.response.read1(1 << 20):
            now = time.time()
            *events, rest = (rest + block).split(b"\n\n")
            for event in events:
                fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if line[:1] != b":")
                if fields.get(b"event") == b"received":
                    self.came += 1
                    at = json.loads(fields[b"data"])["at"]
                    self.lags.append((now - datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()) * 1000)
                elif fields.get(b"event") == b"gap":
                    self.missed += json.loads(fields[b"data"])["missed"]

    def p99(self):
        return sorted(self.lags)[len(self.lags) * 99 // 100]


class Page:
    """The page of the inspector, open in a browser."""

    def __init__(self, address):
        needs("node")
        command = ["node", f"{ROOT}/tests/browser/stay.mjs", f"http://{address}"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        assert said == "open\n", said

    def end(self):
        """What it shows and takes."""
        return json.loads(self.process.communicate(timeout=PATIENCE)[0])


def watched(row, minutes, rate, is_page):
    with tempfile.TemporaryDirectory() as folder:
        source, count = recipients(folder)
        times = max(1, round(minutes * 60 * rate / count))
        with Listener("-q", "--ui=127.0.0.1:0", stdout=subprocess.DEVNULL) as listener:
            inspector = re.search(r"inspector on http://(\S+)", listener.stderr()).group(1)
            stream = Stream(inspector)
            page = Page(inspector) if is_page else None
            # A browser has six connections, and opens and closes them as it likes.
            load(row, listener, source, count * times, times, rate, warm=2 * KEPT / rate, others=6 if page else 0)
            end = time.monotonic() + PATIENCE
            while stream.came + stream.missed < count * times and time.monotonic() < end:
                time.sleep(0.05)
            shown = page and page.end()
            listener.stop()
        p99 = stream.p99()
        row.remark(f"{stream.missed:,} of them in gaps; lag p99 {p99:.0f} ms")
        row.check("came or counted as missed", count * times, stream.came + stream.missed)
        row.check("lag, 99 of 100", f"at most {LAG_MS} ms", f"{p99:.1f} ms", p99 <= LAG_MS)
        if shown:
            row.remark(f"the page shows {shown['shown']:,} and takes {shown['heap'] >> 20} MiB")
            row.check("complaints of the page", [], shown["complaints"])


def recorded(row, minutes, rate):
    with tempfile.TemporaryDirectory(dir=os.environ.get("FOLDER")) as folder:
        source, count = recipients(folder)
        kept, times = f"{folder}/kept.ndjson", max(1, round(minutes * 60 * rate / count))
        with Listener("-q", "--record", kept, stdout=subprocess.DEVNULL) as listener:
            load(row, listener, source, count * times, times, rate)
            listener.stop()
        row.check("recorded", count * times, lines(kept))


def recipients(folder):
    """A recording of a campaign, and the number of its deliveries."""
    source = f"{folder}/events.ndjson"
    made = [TOOL, "send", "campaign", "--recipients", str(RECIPIENTS), "--provider", "resend", "--seed", "1", "--save", source]
    subprocess.run([*made, "--dry-run", "-q"], check=True, stdout=subprocess.DEVNULL)
    return source, lines(source)


def load(row, listener, source, total, times, rate, warm=0, others=0):
    """Sends them all, and checks what the listener takes meanwhile: after `warm` seconds at least, with `others` who come and go."""
    to = f"http://127.0.0.1:{listener.port}/hooks"
    send = [TOOL, "replay", source, "--repeat", str(times), "--to", to, "--rate", f"{rate}/s", "-c", "16", "-q"]
    begun, seen = time.monotonic(), []
    sender = subprocess.Popen(send, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while sender.poll() is None:
        seen.append((time.monotonic() - begun, listener.memory(), listener.open_files()))
        time.sleep(EVERY)
    took = time.monotonic() - begun
    steady = [it for it in seen if max(took / 10, warm) < it[0] < took - EVERY]
    assert len(steady) > 5, f"only {len(steady)} samples in {took:.0f} s"
    resident, files = [it[1] for it in steady], {it[2] for it in steady}
    drift = max(resident) - resident[0]
    row.remark(f"{total:,} deliveries, {total / took:.0f} a second; resident {resident[0]:.1f} to {max(resident):.1f} MiB")
    row.check("replay", "exit 0", f"exit {sender.returncode} {sender.stderr.read()[-300:]}".strip())
    row.check("drift of what is resident", f"at most {DRIFT_MIB} MiB", f"{drift:.1f} MiB", drift <= DRIFT_MIB)
    row.check("open files", f"one number, or {others} more", sorted(files), max(files) - min(files) <= others)


def lines(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="how long [default: 2]")
    parser.add_argument("--rate", type=int, default=2000, help="deliveries a second [default: 2000]")
    parser.add_argument("--ui", action="store_true", help="keep in memory, with a stream of the inspector being read")
    parser.add_argument("--page", action="store_true", help="with --ui: the page is open in a browser too")
    options = parser.parse_args()
    minutes, rate = options.minutes, options.rate
    rows = {"a steady load is recorded whole in constant memory": lambda row: recorded(row, minutes, rate)}
    if options.ui:
        rows = {"a steady load is watched whole in constant memory": lambda row: watched(row, minutes, rate, options.page)}
    run(rows, options)


if __name__ == "__main__":
    main()
