#!/usr/bin/env python3
"""Measures inbound mail: large messages that are sent, a flood that is received and recorded, and hostile messages.

    cargo build --release && benches/inbound.py [ROUNDS]

Needs wrk. Times are medians. Ends with 1 if a figure is missed.
"""

import base64, http.client, json, os, re, socket, statistics, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
MIB = 1 << 20
HEAD = b"From: Ada <ada@example.org>\r\nTo: support@in.example.com\r\nSubject: bench\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
MISSED = []


def figure(name, value, unit, wanted=None, at_least=False):
    bound = ""
    if wanted is not None:
        if not (value >= wanted if at_least else value <= wanted):
            MISSED.append(name)
            bound = "   MISSED"
        bound = f"({'at least' if at_least else 'at most'} {wanted:g} {unit}){bound}"
    print(f"{name:52} {value:10.3g} {unit:6} {bound}", flush=True)


class Sink(threading.Thread):
    """A server that reads whole requests, and answers 200."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        buffer = bytearray(MIB)
        while True:
            peer, _ = self.listener.accept()
            head, body = b"", 0
            while b"\r\n\r\n" not in head:
                head += peer.recv(65536)
            head, rest = head.split(b"\r\n\r\n", 1)
            left = int(re.search(rb"content-length: (\d+)", head.lower()).group(1)) - len(rest)
            while left > 0:
                left -= peer.recv_into(buffer)
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            peer.close()


# A process of its own, as a command begins with the peak of the one that starts it.
LAUNCH = """import os, sys, time
begun = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(time.perf_counter() - begun, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), file=sys.stderr)
"""


def run(command):
    """Seconds, and peak memory in MiB, of a command."""
    launched = [sys.executable, "-S", "-c", LAUNCH, *command]
    said = subprocess.run(launched, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    took, peak, status = said.splitlines()[-1].split()
    assert status == "0", (command, said)
    return float(took), float(peak)


def median(command):
    run(command)
    rounds = [run(command) for _ in range(ROUNDS)]
    return statistics.median(took for took, _ in rounds), max(peak for _, peak in rounds)


def multipart(parts, boundary=b"part"):
    """The rest of a message of these parts, each with its header."""
    head = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"
    return head + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nSee the file."


def file_part(size):
    """A file whose base64 has so many bytes."""
    head = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(os.urandom(size // 78 * 57)).replace(b"\n", b"\r\n").rstrip()


def large(folder, sink):
    """A message of 25 MiB, as each provider posts it."""
    eml = os.path.join(folder, "large.eml")
    message = HEAD + multipart([TEXT, file_part(25 * MIB)])
    with open(eml, "wb") as out:
        out.write(message)
    size = len(message) / MIB
    print(f"a message of {size:.1f} MiB, {ROUNDS} rounds")
    for provider, mode, has_goal in [("sendgrid", "parsed", True), ("mailgun", "parsed", True), ("cloudmailin", "multipart", True), ("sendgrid", "raw", False), ("postmark", "parsed", False), ("mandrill", None, False), ("mailersend", None, False)]:
        flags = ["--mode", mode] if mode else []
        took, peak = median([TOOL, "send", "inbound", "--provider", provider, *flags, "--eml", eml, "--to", sink.url])
        name = f"{provider} {mode or ''}".strip()
        figure(f"{name}: sent", took, "s", 0.5 if has_goal else None)
        figure(f"{name}: peak to the message's size", peak / size, "x", 4 if has_goal else None)


class Listener:
    """A running listener: its address, its memory, its end."""

    def __init__(self, *args):
        self.process = subprocess.Popen([TOOL, "listen", "--port", "0", "-q", *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.address = line.split("http://")[1].strip()
        threading.Thread(target=lambda: self.process.stderr.read(), daemon=True).start()

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024

    def post(self, headers, body):
        """Milliseconds until the response."""
        connection = http.client.HTTPConnection(self.address, timeout=120)
        begun = time.perf_counter()
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
        return (time.perf_counter() - begun) * 1000

    def end(self):
        self.process.kill(), self.process.wait()


def made(eml, provider, *flags):
    """Headers and body of the request for a message."""
    command = [TOOL, "send", "inbound", "--provider", provider, *flags, "--eml", eml, "--dry-run", "--as", "json"]
    request = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["request"]
    body = request.get("text")
    if body is not None:
        body = body.encode()
    elif "base64" in request:
        body = base64.b64decode(request["base64"])
    else:
        body = json.dumps(request["body"]).encode()
    return dict(request["headers"]), body


def flood(folder):
    """Requests of 20 KB, received, read and recorded."""
    eml = os.path.join(folder, "usual.eml")
    with open(eml, "wb") as out:
        out.write(HEAD + multipart([TEXT, file_part(26_000)]))
    for provider, flags in [("sendgrid", []), ("mailgun", ["--mode", "raw"]), ("postmark", [])]:
        headers, body = made(eml, provider, *flags)
        script, content = os.path.join(folder, "wrk.lua"), os.path.join(folder, "body")
        with open(content, "wb") as out:
            out.write(body)
        with open(script, "w") as out:
            out.write('wrk.method = "POST"\n')
            out.write(f'wrk.body = io.open("{content}", "rb"):read("*a")\n')
            for name, value in headers.items():
                out.write(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n")
        rates = []
        for number in range(min(ROUNDS, 3)):
            listener = Listener("-r", os.path.join(folder, f"{provider}-{number}.ndjson"))
            command = ["wrk", "-t1", "-c64", "-d3s", "-s", script, f"http://{listener.address}/"]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert "Non-2xx" not in said, said
            rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)))
            listener.end()
            os.unlink(os.path.join(folder, f"{provider}-{number}.ndjson"))
        figure(f"{provider}: {len(body) / 1000:.0f} kB received and recorded", statistics.median(rates), "1/s", 2000, True)


def nested(levels):
    boundaries = [b"b%d" % level for level in range(levels)]
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=" + it + b"\r\n\r\n--" + it + b"\r\n" for it in boundaries)
    return opened + TEXT + b"\r\n" + b"".join(b"--" + it + b"--\r\n" for it in reversed(boundaries))


def attached(levels):
    return b"".join(b"Content-Type: message/rfc822\r\n\r\n" + HEAD for _ in range(levels)) + TEXT + b"\r\n"


FILE = b"Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx"
HOSTILE = {
    "1,000 levels": nested(1000),
    "1,000 messages in each other": attached(1000),
    "100,000 parts": multipart([TEXT] + [b"\r\nx"] * 100_000),
    "100,000 files": multipart([TEXT] + [FILE] * 100_000),
    "100,000 header fields": b"".join(b"X-%d: value\r\n" % number for number in range(100_000)) + b"\r\nbody\r\n",
    "a header field of 8 MiB": b"X-Long: " + b"a" * (8 * MIB) + b"\r\n\r\nbody\r\n",
    "100,000 encoded words": b"X-Words:" + b" =?utf-8?B?w7w=?=\r\n" * 100_000 + b"\r\nbody\r\n",
    "100,000 addresses": b"Cc: " + b",\r\n ".join(b"a%d@example.org" % number for number in range(100_000)) + b"\r\n\r\nbody\r\n",
    "a part header of 8 MiB": multipart([b"X-Long: " + b"a" * (8 * MIB) + b"\r\n\r\nx"]),
}


def form(parts):
    boundary = b"xYzZY"
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
    return {"content-type": "multipart/form-data; boundary=xYzZY", "user-agent": "SendGrid 1.0"}, body


def field(name, content):
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + content


FIELDS = [field(b"headers", HEAD), field(b"envelope", b'{"to":["a@b.c"],"from":"d@e.f"}'), field(b"from", b"d@e.f"), field(b"to", b"a@b.c"), field(b"charsets", b"{}"), field(b"subject", b"s")]
FORMS = {
    "a form of 100,000 parts": form(FIELDS + [field(b"a", b"x")] * 100_000),
    "a form of 100,000 files": form(FIELDS + [b'Content-Disposition: form-data; name="attachment1"; filename="a"\r\n\r\nx'] * 100_000),
    "a form that is nested 1,000 times": form(FIELDS + [nested(1000)]),
    "a form whose part has a header of 8 MiB": form(FIELDS + [b"X: " + b"a" * (8 * MIB) + b"\r\n\r\nx"]),
    "a form whose part has 100,000 fields": form(FIELDS + [b"X: a\r\n" * 100_000 + b"\r\nx"]),
}


def received(name, headers, body):
    times, peak = [], 0
    for _ in range(min(ROUNDS, 3)):
        listener = Listener()
        before = listener.peak()
        times.append(listener.post(headers, body))
        peak = max(peak, listener.peak() - before)
        listener.end()
    figure(f"{name}: received", statistics.median(times), "ms", 200)
    # The body itself is kept besides.
    figure(f"{name}: memory besides {len(body) / MIB:.1f} MiB", peak - len(body) / MIB, "MiB", 64)


def hostile(folder, sink):
    for name, rest in HOSTILE.items():
        eml = os.path.join(folder, "hostile.eml")
        message = HEAD + rest
        with open(eml, "wb") as out:
            out.write(message)
        took, peak = median([TOOL, "send", "inbound", "--provider", "sendgrid", "--eml", eml, "--to", sink.url])
        figure(f"{name}: sent as parsed", took * 1000, "ms", 200)
        figure(f"{name}: peak", peak, "MiB", 64)
        headers, body = made(eml, "sendgrid", "--mode", "raw")
        received(name, headers, body)
    for name, (headers, body) in FORMS.items():
        received(name, headers, body)


def main():
    sink = Sink()
    with tempfile.TemporaryDirectory() as folder:
        large(folder, sink)
        flood(folder)
        hostile(folder, sink)
    if MISSED:
        sys.exit(f"missed: {', '.join(MISSED)}")


main()
