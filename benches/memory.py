#!/usr/bin/env python3
"""Measures the most memory that `listen` takes when many large bodies arrive at once, and others when they read them again.

    cargo build --release && benches/memory.py [ROUNDS]

All bodies in memory, those that wait for the disk or for a handler among them, share one budget of 256 MiB; what the program
takes beside them is part of the figure. Each row sends 60 bodies of 24 MiB at once, each over a connection of its own, and
every one must be answered. Then a recording of as many is read by each command that reads it. The peak is VmHWM of the
kernel; the highest of all rounds counts. Ends with 1 if a figure is missed.
"""

import contextlib, os, re, selectors, socket, socketserver, subprocess, sys, tempfile, threading, time

from compare import TOOL, Server

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
BODIES, SIZE, PIECE, PEAK = 60, 24 << 20, 256 << 10, 330
HEAD = "POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"


def letter():
    """A form of many lines, as most large bodies are: files of mail in base64."""
    line = b"TWFpbCBpcyBtb3N0bHkgYmFzZTY0LCBpbiBsaW5lcyBvZiA3NiBjaGFyYWN0ZXJzLCB3aGljaC4K\r\n"
    return ("text/plain", (line * (SIZE // len(line) + 1))[:SIZE])


def document():
    """A JSON document on one line, stored as it is."""
    return ("application/json", b'{"raw":"' + b"x" * (SIZE - 10) + b'"}')


def noise():
    """Bytes that are no text, stored in base64."""
    return ("application/octet-stream", bytes(range(256)) * (SIZE // 256))


def quotes():
    """A text that is twice as long once it is escaped."""
    return ("text/plain", b'"\n' * (SIZE // 2))


class Slow(socketserver.BaseRequestHandler):
    """A handler that takes its time for a body, one after the other."""

    turn = threading.Lock()

    def handle(self):
        with self.request, contextlib.suppress(ConnectionError):
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = self.request.recv(65536)
                    if not piece:
                        return
                    head += piece
                head, _, rest = head.partition(b"\r\n\r\n")
                left = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1)) - len(rest)
                with self.turn:
                    # The listener ends with its round, and may not have sent the rest by then.
                    while left > 0 and (piece := self.request.recv(1 << 20)):
                        left -= len(piece)
                        time.sleep(0.0005)
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128


class Sender:
    """A connection that sends one body, piece by piece, and reads the status of the response."""

    def __init__(self, address, kind, body):
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.left = memoryview(HEAD.format(kind=kind, size=len(body)).encode() + body)
        self.answer = b""

    def go_on(self, ready):
        """Sends or reads a piece; false once the response is there, or the connection is closed."""
        if ready & selectors.EVENT_READ:
            piece = self.socket.recv(4096)
            self.answer += piece
            return bool(piece) and b"\r\n" not in self.answer
        if self.left:
            self.left = self.left[self.socket.send(self.left[:PIECE]) :]
        return True


def post_all(address, kind, body):
    """Sends the bodies at once, each a piece in turn, so that all that are read are whole at about the same time; returns
    the statuses."""
    senders, selector = [Sender(address, kind, body) for _ in range(BODIES)], selectors.DefaultSelector()
    for sender in senders:
        selector.register(sender.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, sender)
    while selector.get_map():
        ready = selector.select(60)
        assert ready, "nothing was read or answered for a minute"
        for key, events in ready:
            with contextlib.suppress(BlockingIOError):
                if not key.data.go_on(events):
                    selector.unregister(key.fileobj)
                elif not key.data.left and key.events & selectors.EVENT_WRITE:
                    selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
    [sender.socket.close() for sender in senders]
    return [(sender.answer.split(b" ") + [b""])[1] for sender in senders]


def peak(flags, kind, body):
    """Peak in MiB, seconds, and the number of requests that were not answered with 200."""
    with Server([TOOL, "listen", "--port", "0", *flags]) as server:
        host, port = server.address.split(":")
        begun = time.monotonic()
        statuses = post_all((host, int(port)), kind, body)
        return server.peak(), time.monotonic() - begun, BODIES - statuses.count(b"200")


def rows(folder, handler):
    forward = ["--forward-to", f"127.0.0.1:{handler}"]
    record = ["--record", f"{folder}/r.ndjson", "-q"]
    for name, body in (("lines", letter), ("JSON", document), ("bytes", noise), ("quotes", quotes)):
        yield f"-q, {name}", ["-q"], body
        yield f"--json, {name}", ["--json"], body
        yield f"--record FILE -q, {name}", record, body
    yield "--record FOLDER/ -q, lines", ["--record", f"{folder}/r", "-q"], letter
    yield "--record FILE --redact -q, lines", [*record, "--redact"], letter
    yield "--record FILE --sync none -q, lines", [*record, "--sync", "none"], letter
    yield "--forward-to a slow handler -q, lines", [*forward, "-q"], letter
    yield "--forward-to a slow handler --ack-always -q, lines", [*forward, "--ack-always", "-q"], letter
    yield "--forward-to a slow handler --record FILE -q, lines", [*forward, *record], letter
    yield "--forward-to a slow handler --record FILE --ack-always -q", [*forward, "--ack-always", *record], letter
    yield "--ui -q, lines", ["--ui", "-q"], letter
    yield "--ui --record FILE -q, lines", ["--ui", *record], letter


# The kernel counts what a process held before it became another program, so a small one starts the command.
STARTER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""


def peak_of(command):
    """Peak in MiB and seconds of a command that reads a recording to its end."""
    begun = time.monotonic()
    said = subprocess.run([sys.executable, "-c", STARTER, TOOL, *command], capture_output=True, text=True, check=True).stdout
    status, peak = map(int, said.split())
    assert status >= 0, command
    return peak / 1024, time.monotonic() - begun


def readers(recording):
    for name, command in {
        "verify": ["verify", recording],
        "log": ["log", recording],
        "log --grep": ["log", recording, "--grep", "nothing like it"],
        "replay --dry-run -q": ["replay", recording, "--dry-run", "-q"],
    }.items():
        yield f"{name} of the recording, lines", command


def main():
    missed = False
    only = os.environ.get("ONLY", "")
    with tempfile.TemporaryDirectory() as folder, Threads(("127.0.0.1", 0), Slow) as handler:
        threading.Thread(target=handler.serve_forever, daemon=True).start()
        print(f"{'':60} {'peak MiB':>9} {'goal':>7} {'seconds':>8} {'unanswered':>10}")

        def row(name, high, seconds, unanswered=0):
            fine = high <= PEAK and not unanswered
            print(f"{name:60} {high:>9.0f} {'<= %d' % PEAK:>7} {seconds:>8.1f} {unanswered:>10} {'ok' if fine else 'MISSED'}", flush=True)
            return not fine

        for name, flags, body in rows(folder, handler.server_address[1]):
            if only not in name:
                continue
            kind, bytes_of = body()
            highs, times, unanswered = zip(*(peak(flags, kind, bytes_of) for _ in range(ROUNDS)))
            missed |= row(name, max(highs), min(times), sum(unanswered))
            subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)
        handler.shutdown()
        if any(only in name for name, _ in readers("")):
            recording = f"{folder}/r.ndjson"
            peak(["--record", recording, "-q"], *letter())
            for name, command in readers(recording):
                if only in name:
                    missed |= row(name, *peak_of(command))
    return missed


if __name__ == "__main__":
    sys.exit(main())
