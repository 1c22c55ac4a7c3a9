#!/usr/bin/env python3
"""Counts the instructions that a delivery costs, and holds them against the figures in `instructions.json`.

    cargo build --release && tests/acceptance/instructions.py [--only WORDS] [--update]

A count of instructions does not depend on what else the machine does, so that 5 % more is a loss of speed and no noise.
Each row runs under valgrind with some deliveries and with twice as many; the difference is what these cost, without
the start of the program. It runs on one CPU, and deliveries come one after the other over one connection, which makes the
count of a row repeat to within 2 %. No symbols are needed. `--update` writes the counts down as the new figures.

What misses the caches is not counted: more instructions can take less time where the same code runs for many deliveries in
a row. `benches/` measures time.
"""

import functools, http.server, json, os, re, socket, subprocess, tempfile, threading

from harness import ROOT, TOOL, Listener, arguments, needs, run

FIGURES = os.path.join(ROOT, "tests/acceptance/instructions.json")
TOLERANCE = 0.05
DELIVERIES = 500
# Made up, for deliveries that are signed with it at this time and verified as of then.
os.environ["SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET, AT = "env:SECRET", "2026-01-02T03:04:05Z"
FOLDER = tempfile.TemporaryDirectory()


def one_cpu():
    """Threads that take turns on one CPU do so in the same order each time."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def valgrind(counts):
    # Only the sum is wanted: by far the quickest of what valgrind can count.
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={counts}", f"--log-file={counts}.log"]


def instructions(counts):
    with open(counts) as text:
        return int(re.search(r"^(?:summary|totals): (\d+)", text.read(), re.M).group(1))


@functools.cache
def recording(count):
    """A recording of so many signed deliveries, all of one kind."""
    path = os.path.join(FOLDER.name, f"{count}.ndjson")
    args = ["click", "--provider", "resend", "--secret", SECRET, "--count", str(count), "--seed", "1", "--at", AT, "--signed-at", AT]
    with open(path, "wb") as file:
        subprocess.run([TOOL, "send", *args, "--dry-run", "--as", "json"], stdout=file, stderr=subprocess.DEVNULL, check=True)
    with open(path, "rb") as file:
        assert sum(1 for _ in file) == count, f"not {count} deliveries in {path}"
    return path


def requests(count, signed):
    """The requests of a recording as bytes, without the fields of their signature if they are not to be `signed`."""
    with open(recording(count)) as lines:
        for line in lines:
            request = json.loads(line)["request"]
            body = request["text"].encode() if "text" in request else json.dumps(request["body"], separators=(",", ":")).encode()
            fields = [(name, value) for name, value in request["headers"] if signed or not name.startswith("svix-")]
            fields += [("host", "localhost"), ("content-length", str(len(body)))]
            head = "".join(f"{name}: {value}\r\n" for name, value in fields)
            yield f"POST /hooks HTTP/1.1\r\n{head}\r\n".encode() + body


def listening(*flags, signed=False):
    def count(counts, deliveries):
        with Listener("-q", *flags, before=valgrind(counts), preexec_fn=one_cpu) as listener:
            with socket.create_connection(("127.0.0.1", listener.port)) as stream:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for request in requests(deliveries, signed):
                    stream.sendall(request)
                    answer = b""
                    while b"\r\n\r\n" not in answer:
                        piece = stream.recv(65536)
                        assert piece, "the listener closed"
                        answer += piece
                    assert answer.startswith(b"HTTP/1.1 200"), answer
            listener.stop()

    return count


def reading(*words):
    def count(counts, deliveries):
        command = [*valgrind(counts), TOOL, *(recording(deliveries) if word is recording else word for word in words)]
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=one_cpu)
        assert ended.returncode == 0, ended.stderr

    return count


class Handler(http.server.BaseHTTPRequestHandler):
    """A target that takes everything over one connection."""

    protocol_version = "HTTP/1.1"
    # Head and body leave in one write, or an answer would come in two reads now and then.
    wbufsize = -1

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response_only(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def replaying(counts, deliveries):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reading("replay", recording, "--to", f"127.0.0.1:{server.server_port}", "-q")(counts, deliveries)
        server.shutdown()


ROWS = {
    "listen -q answers a delivery without a signature": listening(),
    "listen -q --secret verifies a delivery": listening("--secret", SECRET, "--tolerance", "100000h", signed=True),
    "listen -q --record keeps a delivery": listening("--record", os.path.join(FOLDER.name, "kept.ndjson"), "--sync", "none"),
    "replay --dry-run reads a delivery": reading("replay", recording, "--dry-run", "-q"),
    "replay -q sends a delivery": replaying,
    "verify verifies a delivery": reading("verify", recording, "--secret", SECRET, "--now", AT),
}


def compiler():
    """The compiler on this machine, for figures differ a little between compilers."""
    try:
        return subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    except OSError:
        return "no rustc"


def main():
    parser = arguments(__doc__)
    parser.add_argument("--update", action="store_true", help="write the counts down as the new figures")
    options = parser.parse_args()
    with open(FIGURES) as text:
        figures = json.load(text)
    counted = {}

    def held(title, count):
        def row(row):
            needs("valgrind")
            totals = []
            for deliveries in (DELIVERIES, 2 * DELIVERIES):
                counts = os.path.join(FOLDER.name, f"counts-{len(counted)}-{deliveries}")
                count(counts, deliveries)
                totals.append(instructions(counts))
            counted[title] = seen = round((totals[1] - totals[0]) / DELIVERIES)
            known = figures["instructions"].get(title)
            row.remark(f"{seen:,} instructions a delivery")
            if options.update:
                row.check("instructions", "counted", seen, True)
            elif known is None:
                row.check("a figure", "in instructions.json", "none: `--update` writes it")
            else:
                change = seen / known - 1
                row.remark(f"{change:+.1%}" + (", better: `--update` keeps it" if change < -TOLERANCE else ""))
                made = "" if figures["compiler"] == compiler() else f", counted with {figures['compiler']}, this is {compiler()}"
                row.check("instructions a delivery", f"at most {known * (1 + TOLERANCE):,.0f}{made}", f"{seen:,}", change <= TOLERANCE)

        return row

    try:
        run({title: held(title, count) for title, count in ROWS.items()}, options)
    finally:
        if options.update and counted:
            known = {**figures["instructions"], **counted}
            figures = {"compiler": compiler(), "instructions": {title: known[title] for title in ROWS if title in known}}
            with open(FIGURES, "w") as text:
                text.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
