#!/usr/bin/env python3
"""Has `replay` meet targets that misbehave and files of others, and counts what arrives and what is said of it.

    cargo build --release && benches/replaying.py [ROW...]

Each row is a requirement: 49 to 60 are about replaying, 86 to 89 about files of others. Without numbers all rows run, which
takes some two minutes. They need Linux and, for 89, 1 GiB of room for temporary files. `TOOL` names another binary.
Each check prints what was wanted and what was seen, each row ends with `N of N`, and the status is 1 if a check was missed.
A pace that others on the machine may have spoilt is measured up to three times.
"""

import base64, contextlib, gzip, itertools, json, os, random, re, signal, socket, ssl, statistics, struct, subprocess, sys
import tempfile, threading, time, unicodedata, xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
FOLDER = tempfile.TemporaryDirectory()
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "XDG_STATE_HOME": os.path.join(FOLDER.name, "state")}
# What ends by itself does so long before, even on a busy machine.
PATIENCE = 60
AT_ONCE = 6
MIB = 1 << 20
NAMES = itertools.count()
# Runs a command and writes its status and its peak of memory, which is known for certain only when it has ended.
MEASURE = (
    "import os,sys; p=os.spawnvp(os.P_WAIT,sys.argv[2],sys.argv[2:]); import resource; "
    "open(sys.argv[1],'w').write(f'{p} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}')"
)


# Checks


class Row:
    """The checks of one requirement."""

    def __init__(self, number):
        self.number, self.fine, self.all = number, 0, 0

    def check(self, name, wanted, seen, fine=None):
        """One check: as it was wanted, unless `fine` says otherwise."""
        fine = bool(wanted == seen if fine is None else fine)
        self.fine, self.all = self.fine + fine, self.all + 1
        print(f"{self.number}  {'ok    ' if fine else 'MISSED'}  {name}: wanted {short(wanted)}, seen {short(seen)}", flush=True)

    def together(self, job, cases):
        """Runs a job for each case, several at once, and prints in order what it checks."""

        def run(case):
            checks = []
            try:
                checks.extend(job(*case))
            except Exception as error:
                checks.append((f"{job.__name__} {short(case)}", "its checks", repr(error)))
            return checks

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for checks in pool.map(run, cases):
                for it in checks:
                    self.check(*it)


def short(value):
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))
    return text if len(text) <= 160 else f"{text[:160]}… ({len(text)} characters)"


# Targets


class Say:
    """Something to say on a connection, whole or in pieces, and what becomes of the connection then."""

    def __init__(self, pieces, then="keep", pause=0.0):
        self.pieces, self.then, self.pause = [pieces] if isinstance(pieces, bytes) else pieces, then, pause

    def by(self, size, pause=0.0003):
        """The same in pieces of that size. Nothing tells when a piece was read, so there is a pause behind each."""
        whole = b"".join(self.pieces)
        return Say([whole[at : at + size] for at in range(0, len(whole), size)], self.then, pause)

    def to(self, stream, over):
        """Says it; whether the connection stays."""
        for piece in self.pieces:
            stream.sendall(piece)
            if self.pause:
                time.sleep(self.pause)
        if self.then == "close" and isinstance(stream, ssl.SSLSocket):
            stream.settimeout(1)
            stream.unwrap()
        elif self.then == "reset":
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.then == "drain":
            stream.shutdown(socket.SHUT_WR)
        if self.then in ("drain", "hang"):
            while stream.recv(MIB):
                pass
        elif self.then == "deaf":
            over.wait(PATIENCE)
        return self.then == "keep"


def answer(status=200, body=b"", *fields, reason="X", version="1.1"):
    lines = [f"HTTP/{version} {status} {reason}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(status=200, *pieces, trailer=b"", fields=b""):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n%s\r\n%s0\r\n%s\r\n" % (status, fields, chunks, trailer)


OK = answer()
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Request:
    """A request as it came."""

    def __init__(self, file, early):
        self.line = file.readline().rstrip(b"\r\n").decode("latin-1")
        self.fields = []
        while (line := file.readline()) not in (b"\r\n", b""):
            name, _, value = line.rstrip(b"\r\n").partition(b": ")
            self.fields.append((name.decode("latin-1"), value))
        self.begun = time.monotonic()
        self.body = b"" if early else file.read(self.length())
        self.at, self.wall = time.monotonic(), time.time()
        # When an answer to it began to leave.
        self.answered = None
        self.connection = self.nth = None

    def values(self, name):
        return [value for field, value in self.fields if field.lower() == name]

    def length(self):
        return int((self.values("content-length") or [b"0"])[0])

    @property
    def path(self):
        return self.line.split(" ")[1] if self.line.count(" ") == 2 else ""


class Target:
    """A server on a free port that notes what comes, and answers with what a function of the request gives.

    With `early` it answers when it has the head, and reads the body afterwards if the connection stays. Until it is `up`,
    connections are refused."""

    def __init__(self, answers=OK, early=False, up=True, tls=None, address=("127.0.0.1", 0)):
        self.answers = answers if callable(answers) else lambda _: answers
        self.early, self.tls, self.over = early, tls, threading.Event()
        self.requests, self.opened, self.changed = [], 0, threading.Condition()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.port = self.socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if up:
            self.rise()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def rise(self):
        self.socket.listen(1024)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.socket.accept()
                self.opened += 1
                threading.Thread(target=self.serve, args=(stream, self.opened), daemon=True).start()

    def serve(self, stream, connection):
        with contextlib.suppress(OSError, ValueError), stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                stream = self.tls.wrap_socket(stream, server_side=True)
            with stream, stream.makefile("rb", 1 << 18) as file:
                for nth in itertools.count(1):
                    request = Request(file, self.early)
                    if not request.line:
                        return
                    request.connection, request.nth = connection, nth
                    with self.changed:
                        self.requests.append(request)
                        self.changed.notify_all()
                    said = self.answers(request)
                    said = Say(said) if isinstance(said, bytes) else said
                    request.answered = time.monotonic()
                    if not said.to(stream, self.over):
                        return
                    if self.early:
                        file.read(request.length())

    def wait(self, ready, seconds=PATIENCE):
        """Waits until something is so that requests change."""
        with self.changed:
            if not self.changed.wait_for(lambda: ready(self), seconds):
                raise TimeoutError(f"{len(self.requests)} requests after {seconds} s")

    def paths(self):
        return [request.path for request in self.requests]


# Runs


def event(name, body=None, **request):
    """A line of a recording."""
    body = {"body": {"event": str(name)}} if body is None else {"text": body} if isinstance(body, str) else body
    fixture = {"fixture": 1, "id": f"{name}", "request": {"path": f"/{name}", **body, **request}}
    return json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n"


def temporary(suffix=".ndjson"):
    return os.path.join(FOLDER.name, f"{next(NAMES)}{suffix}")


def written(content, suffix=".ndjson"):
    path = temporary(suffix)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return path


def recording(count, **more):
    return written("".join(event(number, **more) for number in range(count)))


def signed_long_ago():
    """A line of a recording whose signature is too old by now."""
    args = ["--provider", "resend", "--signed-at", "2026-01-01T00:00:00Z", "--dry-run", "--as", "json"]
    return subprocess.run([TOOL, "send", "open", *args], capture_output=True, env=ENVIRONMENT, check=True).stdout


class Replay:
    """A run of the tool: what it said, how it ended, and how much memory it took."""

    def __init__(self, *args, command="replay", measured=False):
        self.out, self.err = tempfile.NamedTemporaryFile(dir=FOLDER.name), tempfile.NamedTemporaryFile(dir=FOLDER.name)
        self.begun, self.peak = time.monotonic(), 0.0
        words = [TOOL, command, *map(str, args)]
        self.result = temporary("") if measured else None
        if measured:
            words = [sys.executable, "-I", "-S", "-c", MEASURE, self.result, *words]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=ENVIRONMENT)

    def memory(self):
        """The most memory it had so far, in MiB."""
        with contextlib.suppress(OSError, AttributeError), open(f"/proc/{self.process.pid}/status") as status:
            self.peak = max(self.peak, int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024)
        return self.peak

    def bytes_read(self):
        with open(f"/proc/{self.process.pid}/io") as counters:
            return int(re.search(r"rchar: (\d+)", counters.read()).group(1))

    def said(self, words, seconds=PATIENCE):
        """Waits until it has said that."""
        end = time.monotonic() + seconds
        while words not in self.stdout + self.stderr:
            if time.monotonic() > end or self.process.poll() is not None and words not in self.stdout + self.stderr:
                raise TimeoutError(f"it did not say {words!r} but {self.stdout + self.stderr!r}")
            time.sleep(0.005)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self, seconds=PATIENCE, watch=False):
        """Waits until it ends, and watches its memory meanwhile if it should."""
        end = time.monotonic() + seconds
        try:
            while watch and self.process.poll() is None and time.monotonic() < end:
                self.memory()
                time.sleep(0.005)
            self.process.wait(max(0.01, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            self.status = f"still running after {seconds} s"
        else:
            self.status = self.process.returncode
        self.took = time.monotonic() - self.begun
        if self.result and self.process.returncode == 0:
            with open(self.result) as result:
                self.status, kib = map(int, result.read().split())
            self.peak = kib / 1024
        return self

    @property
    def stdout(self):
        with open(self.out.name, errors="backslashreplace") as text:
            return text.read()

    @property
    def stderr(self):
        with open(self.err.name, errors="backslashreplace") as text:
            return text.read()

    def lines(self):
        return [json.loads(line) for line in self.stdout.split("\n") if line]

    def attempts(self, id):
        """What became of each attempt at a delivery: its status, or why it has none."""
        mine = [line for line in self.lines() if line["type"] == "attempted" and line["id"] == id]
        return [str(line["status"] or line["outcome"]) for line in mine]

    def summary(self):
        return ([line for line in self.lines() if line["type"] == "summary"] or [{}])[-1]

    def faults(self):
        """What no run may have: a panic, a death by a signal, a byte that a terminal obeys."""
        found = []
        if "panicked" in self.stderr or self.status in (101, 134) or isinstance(self.status, int) and self.status < 0:
            found.append(f"it died with status {self.status}: {self.stderr.strip()[:300]}")
        for number, text in enumerate((self.stdout, self.stderr)):
            kinds = ("Cc",) if text.startswith("{") else ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
            odd = {char for char in text if char != "\n" and unicodedata.category(char) in kinds}
            if odd:
                found.append(f"{sorted(odd)!r} in its output")
            if text.startswith("{") and number == 0:
                try:
                    self.lines()
                except ValueError as error:
                    found.append(f"no JSON: {error}")
        return found


def replay(source, target, *flags, seconds=PATIENCE, watch=False):
    """Replays a source to its end."""
    return Replay(source, "--to", getattr(target, "url", target), *flags).end(seconds, watch)


def seen(run, text):
    """That, and what no run may have."""
    return "; ".join([text, *run.faults()])


def times(count, what="request"):
    return f"{count} {what}{'' if count == 1 else 's'}"


# 49: in order, each once


def in_order(row):
    odd = base64.b64encode(b"\xe4\xff").decode()
    lines, wanted = [], []
    for number in range(40):
        method = ["POST", "POST", "POST", "POST", "PUT", "POST", "PATCH", "POST", "DELETE", "POST"][number % 10]
        path = f"/hooks/{number}?a=%00%ff&b=[]&b=&n={number}"
        # From 16 KiB on a body goes another way.
        body = f"{number} ä\r\n\0" + "x" * (number * 1500)
        kept = [
            ("content-type", "text/plain"),
            ("X-Twice", f"{number}a"),
            ("x-between", "b"),
            ("x-TWICE", f"{number}b"),
            ("x-empty", ""),
        ]
        made = [("Host", "elsewhere.example"), ("content-length", "3"), ("Connection", "x-hop, close"), ("x-hop", "1")]
        made += [("keep-alive", "timeout=5"), ("te", "trailers"), ("transfer-encoding", "chunked"), ("upgrade", "h2c")]
        headers = [*kept[:3], *made, *kept[3:], ("x-odd", {"base64": odd})]
        lines.append(event(number, body, method=method, path=path, headers=headers))
        fields = [(name.lower(), value.encode()) for name, value in kept] + [("x-odd", b"\xe4\xff")]
        wanted.append((f"{method} {path} HTTP/1.1", fields, body.encode()))
    source = written("".join(lines))
    with Target() as target:
        run = replay(source, target)
        got = list(target.requests)
        row.check("40 events, 200", "40 requests, exit 0", seen(run, f"{times(len(got))}, exit {run.status}"))
        order = [it.path.split("?")[0].rpartition("/")[2] for it in got]
        row.check("in the recorded order", [str(number) for number in range(40)], order)
        row.check("over one connection", 1, target.opened)
        for number, (line, fields, body) in enumerate(wanted):
            request = next((it for it in got if it.path == line.split(" ")[1]), None)
            if request is None:
                row.check(f"event {number}", "a request", "none")
                continue
            ours = ("host", "content-length")
            faults = []
            if request.line != line:
                faults.append(request.line)
            if request.values("host") != [f"127.0.0.1:{target.port}".encode()]:
                faults.append(f"Host {request.values('host')}")
            if request.values("content-length") != [str(len(body)).encode()]:
                faults.append(f"Content-Length {request.values('content-length')}")
            others = [(name.lower(), value) for name, value in request.fields if name.lower() not in ours]
            # A stable sort leaves what has one name in its order.
            if sorted(others, key=lambda it: it[0]) != sorted(fields, key=lambda it: it[0]):
                faults.append(f"fields {others}")
            if request.body != body:
                faults.append(f"a body of {len(request.body)} bytes")
            told = "; ".join(faults) or "as recorded"
            row.check(f"event {number}: line, Host, fields in order, body", "as recorded", told)
    hosts = (("127.0.0.1:{}", ":{}"), ("localhost:{}", "localhost:{}"), ("127.0.0.2:{}", "http://127.0.0.2:{}/"))
    for host, url in hosts:
        with Target(address=("127.0.0.2" if "127.0.0.2" in url else "127.0.0.1", 0)) as target:
            replay(recording(1, path="/"), url.format(target.port))
            got = [it.decode() for request in target.requests for it in request.values("host")]
            row.check(f"Host of {url}", [host.format(target.port)], got)

    # What fails is not overtaken.
    fails = {"/5": [503, 503], "/6": [500], "/9": [429, 408, 425]}

    def failing(request):
        left = fails.get(request.path)
        return answer(left.pop(0)) if left else OK

    with Target(failing) as target:
        run = replay(recording(12), target, "--backoff", "1ms")
        wanted = [f"/{n}" for n in range(12) for _ in range({5: 3, 6: 2, 9: 4}.get(n, 1))]
        row.check("what is tried again is not overtaken", wanted, target.paths())
    with Target(lambda _: Say(OK, "close")) as target:
        run = replay(recording(12), target)
        row.check("over a connection each", ([f"/{n}" for n in range(12)], 12), (target.paths(), target.opened))
    line = signed_long_ago()
    with Target() as target:
        run = replay(written(line), target)
        stored = dict(json.loads(line)["request"]["headers"])
        names = ["svix-id", "svix-timestamp", "svix-signature"]
        sent = [value.decode() for request in target.requests for name in names for value in request.values(name)]
        row.check("a stored signature goes out unchanged", [stored[name] for name in names], sent)
        warned = "a warning" if "--resign" in run.stderr else "no warning"
        row.check("and is warned of if it is old", "a warning, exit 0", f"{warned}, exit {run.status}")


# 50: which statuses are tried again

AGAIN = (408, 425, 429, 500, 502, 503, 504)
FINAL = (301, 304, 400, 401, 403, 404, 405, 409, 413, 422, 451, 501, 505)
OTHERS = (
    300, 302, 303, 305, 307, 308, 402, 406, 407, 411, 412, 414, 415, 416, 417, 418, 421, 423, 424, 426, 428, 431, 506, 507, 508,
    511,
)


def framed(status, how):
    if status in (204, 304):
        field = b"" if how == "length" else b"X-A: 1\r\n"
        return Say(b"HTTP/1.1 %d X\r\n%s\r\n" % (status, field), "close" if how == "closing" else "keep")
    if how == "chunked":
        return Say(chunked(status, b"why", b" not"))
    if how == "closing":
        return Say(b"HTTP/1.1 %d X\r\n\r\nwhy not" % status, "close")
    return Say(answer(status, b"why not"))


def statuses(row):
    def one(status, how, then, flags, requests, ends):
        answers = iter([framed(status, how)] if then else ())
        with Target(lambda _: next(answers, OK if then else framed(status, how))) as target:
            run = replay(recording(1), target, "--backoff", "1ms", *flags)
            came = target.requests
            text = f"{times(len(came))}, exit {run.status}"
            if len({(it.line, str(it.fields), it.body) for it in came}) != 1:
                text += ", and they differ"
            yield f"{status} {'then 200' if then else 'always'}, {how}", f"{times(requests)}, exit {ends}", seen(run, text)

    once, hows = ("--retries", "1"), ("length", "chunked", "closing")
    cases = [(status, how, False, once, 2, 1) for status in AGAIN for how in hows]
    cases += [(status, how, True, once, 2, 0) for status in AGAIN for how in hows]
    cases += [(status, how, False, once, 1, 1) for status in FINAL for how in hows]
    cases += [(status, "length", False, once, 1, 1) for status in OTHERS]
    cases += [(status, how, False, once, 1, 0) for status in (200, 201, 202, 203, 204, 206, 207, 208, 226, 299) for how in hows]
    cases += [(503, "length", False, ("--retries", str(retries)), retries + 1, 1) for retries in (0, 2, 5)]
    cases += [(503, "length", False, (), 4, 1)]
    row.together(one, cases)


# 51: 410 ends the run


def gone(row):
    def one(name, said, flags, first, most):
        sent = threading.Event()
        counter = itertools.count(1)

        def answers(_):
            number = next(counter)
            if number == first:

                def pieces():
                    yield from said.pieces
                    sent.set()

                return Say(pieces(), said.then, said.pause)
            # Nothing else is answered until 410 was.
            if number > first:
                sent.wait(PATIENCE)
            return OK

        with Target(answers) as target:
            run = replay(recording(20), target, "--backoff", "1ms", *flags)
            count = len(target.requests)
            text = f"{times(count)}, exit {run.status}{', 410 said' if '410' in run.stderr else ''}"
            wanted = f"{times(first)}{f' to {most}' if most > first else ''}, exit 1, 410 said"
            fine = first <= count <= most and run.status == 1 and "410" in run.stderr and not run.faults()
            yield name, wanted, seen(run, text), fine

    row.together(
        one,
        [
            ("410 at the 5th", Say(answer(410)), (), 5, 5),
            ("at the first", Say(answer(410)), (), 1, 1),
            ("at the last", Say(answer(410)), (), 20, 20),
            ("two at once", Say(answer(410)), ("-c", 2), 5, 6),
            ("at a rate", Say(answer(410)), ("--rate", "100/s"), 5, 5),
            ("chunked", Say(chunked(410, b"gone")), (), 5, 5),
            ("and closed", Say(b"HTTP/1.1 410 Gone\r\n\r\nso", "close"), (), 5, 5),
            ("byte by byte", Say(answer(410, b"gone")).by(1), (), 5, 5),
            ("behind 100 Continue", Say(CONTINUE + answer(410)), (), 5, 5),
            ("with Retry-After", Say(answer(410, b"", "Retry-After: 0")), (), 5, 5),
            ("quietly", Say(answer(410)), ("-q",), 5, 5),
        ],
    )
    answers = iter([OK, answer(503), answer(410)])
    with Target(lambda _: next(answers, OK)) as target:
        run = replay(recording(20), target, "--backoff", "1ms")
        row.check("410 to a second attempt", (["/0", "/1", "/1"], 1), (target.paths(), run.status))
    with Target(lambda request: answer(410 if len(target.requests) == 5 else 200)) as target:
        source, journal = recording(20), temporary(".journal")
        run = replay(source, target, "--resume", journal)
        row.check("with a journal", (5, 1), (len(target.requests), run.status))
        run = replay(source, target, "--resume", journal)
        wanted = [f"/{n}" for n in (*range(5), *range(4, 20))]
        row.check("gone on with once it is back", (wanted, 0), (target.paths(), run.status))


# 52: Retry-After

DATES = {"IMF": "%a, %d %b %Y %H:%M:%S GMT", "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT", "asctime": "%a %b %e %H:%M:%S %Y"}
# What is junk is followed by the own backoff of 50 ms, on a busy machine later.
JUNK = 1.0


def date_in(seconds, form):
    """A date that is at least so far away."""
    then = int(time.time() + seconds) + 1
    return time.strftime(DATES[form], time.gmtime(then)).encode(), then


def patience(row):
    def waits(name, value, least, most, status=429, backoff="50ms", how="length"):
        """One event is told to wait; its second attempt comes after so many seconds."""
        due = []

        def answers(request):
            if len(target.requests) > 1:
                return OK
            text = value
            if callable(value):
                text, then = value()
                due.append(then)
            fields = b"Retry-After: " + text + b"\r\n"
            if how == "chunked":
                return chunked(status, b"later", fields=fields)
            return b"HTTP/1.1 %d X\r\n%sContent-Length: 0\r\n\r\n" % (status, fields)

        with Target(answers) as target:
            run = replay(recording(1), target, "--backoff", backoff, "--retries", "1")
            came = target.requests
            if len(came) != 2 or run.status != 0:
                yield name, "2 requests, exit 0", seen(run, f"{times(len(came))}, exit {run.status}")
                return
            gap = came[1].at - came[0].answered
            # Two clocks are compared with a date.
            early = bool(due) and came[1].wall < due[0] - 0.002
            wanted = f"{least} s to {most} s later{', not before that date' if due else ''}"
            text = f"{gap:.3f} s later{', too early' if early else ''}"
            yield name, wanted, seen(run, text), least <= gap <= most and not early and not run.faults()

    nested = b"Sun, 06 Nov 2094 " + b"(" * 20_000 + b")" * 20_000 + b" 08:49:37 GMT"
    past = [
        b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994",
        b"Thu, 01 Jan 1970 00:00:00 GMT",
    ]
    junk = [
        b"-5", b"+5", b"soon", b"two", b"1.5", b"5.0", b"2 s", b"2s", b"2;q=1", b"0x10", b"1e1", b"", b"9" * 20_000, nested,
        b"(" * 60_000,
    ]
    junk += [
        b"\xff\xfe\x80", b"\xd9\xa2", b"Sun, 06 Nov 2094 08:49:37 CET", b"Sun, 31 Feb 2094 08:49:37 GMT", b"06 Nov 2094",
        b"Sun, " * 5000,
    ]
    junk += [
        b"Sun, 06 Nov 2094 25:61:61 GMT", b"Sun, 06 Nov 2094 08:49 GMT", b"P1D", b"2094-11-06T08:49:37Z", b"\x80" * 5000,
        b"Sun, 06 Nov 99999999999 08:49:37 GMT",
    ]
    row.together(
        waits,
        [
            *((f"{status} with 2", b"2", 2, 4, status) for status in AGAIN),
            ("2, chunked", b"2", 2, 4, 503, "50ms", "chunked"),
            ("2 with white space", b" \t2  ", 2, 4),
            ("002", b"002", 2, 4),
            ("1, and a backoff of 2 s", b"1", 2, 4, 503, "2s"),
            *((f"a date in 2 s ({form})", lambda form=form: date_in(2, form), 2, 5, 503) for form in DATES),
            ("a date in 2 s, chunked", lambda: date_in(2, "IMF"), 2, 5, 429, "50ms", "chunked"),
            ("0", b"0", 0.05, JUNK),
            *((f"a date that is past ({text.decode()})", text, 0.05, JUNK) for text in past),
            *(
                (f"junk: {text[:40]!r}{f' and more, {len(text)} bytes' if len(text) > 40 else ''}", text, 0.05, JUNK)
                for text in junk
            ),
        ],
    )

    def ends(name, value, flags, requests, words, status=429):
        """What is not waited for is said, and ends the run."""
        with Target(b"HTTP/1.1 %d X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % (status, value)) as target:
            run = replay(recording(3), target, "--backoff", "50ms", *flags)
            said = [word for word in words if word in run.stdout + run.stderr]
            text = f"{times(len(target.requests))}, exit {run.status}, said {said}"
            yield name, f"{times(requests)}, exit 1, said {words}", seen(run, text)

    in_a_year = date_in(365 * 86_400, "IMF")[0]

    row.together(
        ends,
        [
            ("86400", b"86400", (), 1, ["86400 s", "--max-retry-after"]),
            ("86400 to a 503", b"86400", (), 1, ["86400 s", "--max-retry-after"], 503),
            ("3601", b"3601", (), 1, ["3601 s", "3600 s"]),
            ("a date in a year", in_a_year, (), 1, ["--max-retry-after"]),
            ("2, and 1 s allowed", b"2", ("--max-retry-after", "1s"), 1, ["2 s", "--max-retry-after"]),
            ("86400, several at once", b"86400", ("-c", "3", "--max-retry-after", "1h"), 3, ["86400 s"]),
            ("1 to a 404", b"1", (), 3, ["404"], 404),
        ],
    )
    for seconds, flags in ((3600, ()), (86_400, ("--max-retry-after", "25h"))):
        with Target(answer(429, b"", f"Retry-After: {seconds}")) as target:
            run = Replay(recording(3), "--to", target.url, *flags)
            with contextlib.suppress(TimeoutError):
                run.said("again in")
            run.interrupt()
            run.end()
            found = re.search(r"again in .*", run.stdout)
            text = f"{found and found.group()}, {times(len(target.requests))}, exit {run.status}"
            fine = bool(found) and (len(target.requests), run.status) == (1, 130)
            row.check(f"{seconds} is waited for, and that is said", "again in …, 1 request, exit 130", text, fine)

    def holds(name, concurrency, flags, status):
        """What one is told holds for all."""
        told = threading.Event()

        def answers(request):
            if request.path == "/0" and not told.is_set():
                if concurrency > 1:
                    target.wait(lambda it: len(it.requests) >= concurrency)

                def pieces():
                    yield answer(status, b"", "Retry-After: 2")
                    told.set()

                return Say(pieces())
            # Those under way come to their end meanwhile.
            told.wait(PATIENCE)
            return OK

        with Target(answers) as target:
            run = replay(recording(8), target, "-c", concurrency, "--backoff", "10ms", *flags)
            first = next(it for it in target.requests if it.path == "/0")
            later = [it.at - first.answered for it in target.requests[concurrency:]]
            text = f"the next {min(later, default=0):.3f} s later, {times(len(target.requests))}"
            fine = min(later, default=0) >= 2 and len(target.requests) in (8, 9) and not run.faults()
            yield name, "the next 2 s later or more, 8 or 9 requests", seen(run, text), fine

    row.together(
        holds,
        [(f"{status} to one holds back all, {count} at once", count, (), status) for status in (429, 503) for count in (1, 2, 4)]
        + [("also when it is not tried again", 1, ("--retries", "0"), 503), ("also at a rate", 2, ("--rate", "100/s"), 429)],
    )
    with Target(lambda _: answer(200, b"", "Retry-After: 100")) as target:
        run = replay(recording(3), target)
        text = f"{times(len(target.requests))}, exit {run.status}, {'soon' if run.took < 20 else f'{run.took} s'}"
        row.check("100 to a 200 asks nothing", "3 requests, exit 0, soon", text)


# 53: how long it waits


def backoff(row):
    nominal = 0.4

    def refused():
        with Target(answer(503)) as target:
            run = replay(recording(12), target, "-c", 12, "--backoff", "400ms", "--retries", "3")
            yield "always 503, 12 at once: status", 1, run.status
            tries = {path: [it for it in target.requests if it.path == path] for path in (f"/{n}" for n in range(12))}
            factors = [[], [], []]
            for path, came in tries.items():
                yield f"{path}: attempts", 4, len(came)
            for path, came in tries.items():
                for step, (before, after) in enumerate(itertools.pairwise(came)):
                    gap, least = after.at - before.answered, nominal * 2**step
                    factors[step].append(gap / least)
                    wanted = f"{least:.1f} s to {2.1 * least:.2f} s"
                    yield f"{path}: wait {step + 1}, never sooner", wanted, f"{gap:.3f} s", least <= gap <= 2.1 * least
            for step, found in enumerate(factors):
                deviation = statistics.stdev(found) / statistics.mean(found) if len(found) > 1 else 0
                wanted = "a deviation of more than 3 %"
                yield f"wait {step + 1}: its jitter", wanted, f"{deviation * 100:.1f} %", deviation > 0.03
            yield "nothing came besides", 48, len(target.requests)

    def unanswered():
        with Target(lambda _: Say(b"", "close")) as target:
            run = replay(recording(1), target, "--backoff", "100ms", "--retries", "3")
            gaps = [after.at - before.at for before, after in itertools.pairwise(target.requests)]
            fine = len(gaps) == 3 and all(least <= gap <= 2.1 * least for gap, least in zip(gaps, (0.1, 0.2, 0.4)))
            wanted = "0.1 s, 0.2 s, 0.4 s, or up to 2.1 times that, exit 4"
            text = f"{', '.join(f'{gap:.3f} s' for gap in gaps)}, exit {run.status}"
            yield "without an answer", wanted, seen(run, text), fine and run.status == 4

    def signed(name, flags, wanted):
        with Target(answer(503)) as target:
            replay(written(signed_long_ago()), target, "--backoff", "1100ms", "--retries", "2", *flags)
            fields = ("svix-id", "svix-timestamp", "svix-signature")
            values = [len({tuple(it.values(field)) for it in target.requests}) for field in fields]
            yield f"3 attempts {name}: different ids, timestamps and signatures", wanted, tuple(values)

    jobs = [
        (refused,),
        (unanswered,),
        (signed, "as recorded", (), (1, 1, 1)),
        (signed, "with --resign", ("--resign",), (1, 3, 3)),
    ]
    row.together(lambda job, *args: job(*args), jobs)


# 54: redirects


def redirects(row):
    def one(status, name, location, how):
        with Target() as other, Target(lambda _: said) as target:
            where = location.format(port=other.port)
            field = f"Location: {where}".encode("latin-1")
            said = Say(answer(status, b"moved", field.decode("latin-1")))
            if how == "chunked":
                said = Say(chunked(status, b"moved", fields=field + b"\r\n"))
            said = said.by(1) if how == "byte by byte" else said
            run = replay(recording(2), target, "--backoff", "1ms")
            shown = "not followed" in run.stdout and ("127.0.0.1" not in where or str(other.port) in run.stdout)
            text = f"{times(other.opened, 'connection')} to it, {times(len(target.requests))} to the target"
            text += f", exit {run.status}, {'said' if shown else 'not said'}"
            yield f"{status} to {name}, {how}", "0 connections to it, 2 requests to the target, exit 1, said", seen(run, text)

    places = [
        ("a second server", "http://127.0.0.1:{port}/x"),
        ("//host", "//127.0.0.1:{port}/x"),
        ("a path", "/elsewhere"),
        ("an escape", "http://127.0.0.1:{port}/\x9b31m\xe2\x80\xae"),
    ]
    row.together(one, [(status, *place, "length") for status in (301, 302, 303, 307, 308) for place in places])
    row.together(one, [(status, *places[0], how) for status in (301, 302, 303, 307, 308) for how in ("chunked", "byte by byte")])
    row.together(one, [(status, *places[0], "length") for status in (300, 305)])
    with Target() as other, Target() as target:
        target.answers = lambda _: answer(201, b"", f"Location: {other.url}/x", f"Refresh: 0; url={other.url}/x")
        run = replay(recording(2), target)
        row.check("201 with Location and Refresh", (0, 2, 0), (other.opened, len(target.requests), run.status))


# 55: odd answers

TAKEN, NONE = "200 then 202, exit 0", "no answer, no answer then 202, exit 4"
# Where the standard leaves it open.
EITHER = f"{TAKEN} or {NONE}"


def refused(status):
    return f"{status} then 202, exit 1"


def failed(status):
    return f"{status}, {status} then 202, exit 1"


def fields(count, size=1):
    return b"".join(b"X-%d: %s\r\n" % (number, b"y" * size) for number in range(count))


def odd_answers():
    """Name, what is said, what becomes of the connection, and what is wanted."""
    head, length = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
    chunks = head + b"Transfer-Encoding: chunked\r\n\r\n"
    bomb = gzip.compress(bytes(32 * MIB))
    return [
        # Answers as they may be.
        ("a length", answer(200, b"ok"), "keep", TAKEN),
        ("no body", OK, "keep", TAKEN),
        ("no reason and no space", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "keep", TAKEN),
        ("no reason", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "keep", TAKEN),
        ("a long reason", answer(200, b"", reason="x" * 5000), "keep", TAKEN),
        ("an 8-bit reason", answer(200, b"", reason="\xe4\x9b"), "keep", TAKEN),
        ("names in capitals", b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:2\r\n\r\nok", "keep", TAKEN),
        ("8-bit fields", answer(200, b"ok", "X-A: \xe4\x9b31m", "X-B:"), "keep", TAKEN),
        ("Connection: keep-alive", answer(200, b"ok", "Connection: Keep-Alive", "Keep-Alive: timeout=5"), "keep", TAKEN),
        ("Connection: close, and closed", answer(200, b"ok", "Connection: close"), "close", TAKEN),
        ("Connection: close, and open", answer(200, b"ok", "Connection: close"), "hang", TAKEN),
        ("Connection: x-a", answer(200, b"ok", "Connection: x-a", "X-A: 1"), "keep", TAKEN),
        ("closed without a word", answer(200, b"ok"), "close", TAKEN),
        ("reset behind the answer", answer(200, b"ok"), "reset", TAKEN),
        ("chunked", chunked(200, b"o", b"k"), "keep", TAKEN),
        ("chunked without data", chunked(200), "keep", TAKEN),
        ("chunked with extensions", chunks + b'2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n', "keep", TAKEN),
        ("chunked with trailers", chunked(200, b"ok", trailer=b"X-A: 1\r\nX-B: 2\r\n"), "keep", TAKEN),
        (
            "chunked in capitals with zeros", chunks.replace(b"chunked", b"Chunked") + b"000A\r\n0123456789\r\n000\r\n\r\n",
            "keep", TAKEN,
        ),
        ("chunked, 2,000 chunks", chunked(200, *[b"x"] * 2000), "keep", TAKEN),
        ("chunked, 300 kB", chunked(200, *[b"x" * 30_000] * 10), "keep", TAKEN),
        ("chunked and closed", chunked(200, b"ok"), "close", TAKEN),
        ("gzip, chunked", chunked(200, gzip.compress(b"ok"), fields=b"Content-Encoding: gzip\r\n"), "keep", TAKEN),
        ("until it closes", head + b"\r\nok", "close", TAKEN),
        ("until it closes, no body", head + b"\r\n", "close", TAKEN),
        ("until it closes, 200 kB", head + b"\r\n" + b"x" * 200_000, "close", TAKEN),
        ("HTTP/1.0 with a length", answer(200, b"ok", version="1.0"), "close", TAKEN),
        ("HTTP/1.0 until it closes", b"HTTP/1.0 200 OK\r\n\r\nok", "close", TAKEN),
        ("HTTP/1.0 with keep-alive", answer(200, b"ok", "Connection: keep-alive", version="1.0"), "keep", TAKEN),
        ("HTTP/1.0 left open", answer(200, b"ok", version="1.0"), "hang", TAKEN),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n", "keep", "204 then 202, exit 0"),
        ("204 with a length of 0", b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", "keep", "204 then 202, exit 0"),
        ("204 with a length of 5 and nothing", b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", "keep", "204 then 202, exit 0"),
        ("204, chunked and nothing", b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", "keep", "204 then 202, exit 0"),
        ("205", answer(205), "keep", "205 then 202, exit 0"),
        ("304", b"HTTP/1.1 304 Not Modified\r\n\r\n", "keep", refused(304)),
        ("304 with a length of 5 and nothing", b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "keep", refused(304)),
        ("404 with a body", answer(404, b"no such"), "keep", refused(404)),
        ("503 with a body", answer(503, b"busy"), "keep", failed(503)),
        ("503, chunked", chunked(503, b"busy"), "keep", failed(503)),
        ("503 until it closes", b"HTTP/1.1 503 X\r\n\r\nbusy", "close", failed(503)),
        ("100 Continue first", CONTINUE + answer(200, b"ok"), "keep", TAKEN),
        (
            "102 and 103 first", b"HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(200, b"ok"),
            "keep", TAKEN,
        ),
        ("199 first", b"HTTP/1.1 199 X\r\nX-A: 1\r\n\r\n" + OK, "keep", TAKEN),
        ("50 x 100 Continue first", CONTINUE * 50 + answer(200, b"ok"), "keep", TAKEN),
        ("100 Continue, then chunked", CONTINUE + chunked(200, b"ok"), "keep", TAKEN),
        ("100 Continue, then 404", CONTINUE + answer(404), "keep", refused(404)),
        ("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "keep", refused(101)),
        (
            "101, and frames", b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x05hello", "keep",
            refused(101),
        ),
        ("101, and closed", b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "close", refused(101)),
        # The length, as some write it.
        ("a length with spaces", head + b"Content-Length: \t 2 \t\r\n\r\nok", "keep", TAKEN),
        ("a length with zeros", head + b"Content-Length: 0000000000000000000000002\r\n\r\nok", "keep", TAKEN),
        ("two equal lengths", length + b"Content-Length: 2\r\n\r\nok", "keep", TAKEN),
        ("2, 2", head + b"Content-Length: 2, 2\r\n\r\nok", "keep", EITHER),
        ("two lengths that differ", length + b"Content-Length: 3\r\n\r\nok!", "keep", NONE),
        ("2, 3", head + b"Content-Length: 2, 3\r\n\r\nok!", "keep", NONE),
        *(
            (f"a length of {text.decode()!r}", head + b"Content-Length: " + text + b"\r\n\r\nok", "keep", NONE)
            for text in (b"+2", b"-1", b"-0", b"2 2", b"0x2", b"2.0", b"2;", b"two", b"", b"\xd9\xa2")
        ),
        *(
            (f"a length of {short(number)}", head + b"Content-Length: %d\r\n\r\nok" % number, "close", NONE)
            for number in (
                2**31, 2**32 + 2, 2**63 - 1, 2**63, 2**64 - 1000, 2**64 - 41, 2**64 - 3, 2**64 - 2, 2**64 - 1, 2**64, 2**64 + 2,
                10**30, 10**4000,
            )
        ),
        ("a length and chunked", length + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "keep", EITHER),
        (
            "chunked and a length", head + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "keep", EITHER,
        ),
        # Heads, as large as they may be and larger.
        *(
            (f"{count} fields", head + fields(count - 1) + b"Content-Length: 2\r\n\r\nok", "keep", TAKEN)
            for count in (31, 32, 33, 64, 99, 100)
        ),
        ("101 fields", head + fields(100) + b"Content-Length: 2\r\n\r\nok", "keep", NONE),
        ("5,000 fields", head + fields(5000) + b"Content-Length: 2\r\n\r\nok", "keep", NONE),
        ("1,000 fields", head + fields(1000) + b"Content-Length: 2\r\n\r\nok", "keep", NONE),
        ("a head of 60 KiB", head + fields(15, 4096) + b"Content-Length: 2\r\n\r\nok", "keep", TAKEN),
        ("one field of 60 KiB", head + fields(1, 60 << 10) + b"Content-Length: 2\r\n\r\nok", "keep", TAKEN),
        ("a head of 80 KiB", head + fields(20, 4096) + b"Content-Length: 2\r\n\r\nok", "keep", NONE),
        ("one field of 1 MiB", head + fields(1, MIB) + b"Content-Length: 2\r\n\r\nok", "keep", NONE),
        ("a reason of 1 MiB", answer(200, b"", reason="x" * MIB), "keep", NONE),
        ("100 Continue with 5,000 fields", b"HTTP/1.1 100 X\r\n" + fields(5000) + b"\r\n" + OK, "keep", NONE),
        *(
            (f"a body of {size} bytes", answer(200, b"x" * size), "keep", TAKEN)
            for size in (4000, 65_400, 65_536, 65_537, 300_000, 5 * MIB)
        ),
        ("a bomb, gzipped", answer(200, bomb, "Content-Encoding: gzip"), "keep", TAKEN),
        ("a bomb in an error", answer(404, bomb, "Content-Encoding: gzip", "Content-Type: text/plain"), "keep", refused(404)),
        # What is no answer.
        ("nothing, and closed", b"", "close", NONE),
        ("nothing, and reset", b"", "reset", NONE),
        ("garbage", b"garbage\r\n\r\n", "keep", NONE),
        ("garbage without an end, and closed", b"garbage", "close", NONE),
        ("random bytes", random.Random(1).randbytes(3000), "close", NONE),
        ("NULs", bytes(3000), "close", NONE),
        ("TLS", b"\x15\x03\x03\x00\x02\x02\x28", "close", NONE),
        ("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0" + bytes(18), "close", NONE),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", "close", NONE),
        ("SMTP", b"220 mail.example.com ESMTP\r\n", "close", NONE),
        ("HTML alone", b"<html><body>It works!</body></html>\r\n\r\n", "close", NONE),
        ("a body alone", b"ok", "close", NONE),
        ("a line of 200 kB", b"x" * 200_000, "close", NONE),
        *(
            (f"a status line {line.decode()!r}", line + b"\r\nContent-Length: 0\r\n\r\n", "keep", NONE)
            for line in (
                b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 099 X", b"HTTP/1.1 000 X", b"HTTP/1.1 abc",
                b"HTTP/1.1 -200 OK", b"HTTP/1.1 +20 OK", b"HTTP/1.1 0x2 OK", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/2 200 OK",
                b"HTTP/0.9 200 OK", b"HTTP/11 200 OK", b"HTTP/1.1200 OK", b"HTTP 200 OK", b"ICY 200 OK", b"http/1.1 200 OK",
                b"200 OK",
            )
        ),
        ("a status line 'HTTP/1.1  200 OK'", b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", "keep", EITHER),
        ("a status line 'HTTP/1.2 200 OK'", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "keep", EITHER),
        ("an empty line first", b"\r\n" + OK, "keep", EITHER),
        ("lines that end with LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "keep", EITHER),
        ("a folded field", length + b"X-A: 1\r\n 2\r\n\r\nok", "keep", EITHER),
        ("a space before the colon", length + b"X-A : 1\r\n\r\nok", "keep", EITHER),
        ("a length with a space before the colon", head + b"Content-Length : 2\r\n\r\nok", "close", EITHER),
        ("a field without a colon", length + b"X-A\r\n\r\nok", "keep", EITHER),
        ("a NUL in a field", length + b"X-A: \0\r\n\r\nok", "keep", EITHER),
        ("a CR in a field", length + b"X-A: \rX-B: 1\r\n\r\nok", "keep", EITHER),
        ("a field with an 8-bit name", length + b"X-\xe4: 1\r\n\r\nok", "keep", EITHER),
        ("a field without a name", length + b": 1\r\n\r\nok", "keep", EITHER),
        ("an escape in a field", length + b"X-A: \x1b[31m\r\n\r\nok", "keep", EITHER),
        ("another transfer coding", head + b"Transfer-Encoding: x\r\n\r\nok", "close", EITHER),
        ("chunked, chunked", head + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "close", EITHER),
        ("gzip as a transfer coding", head + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "close", EITHER),
        # What breaks off.
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", "close", NONE),
        ("a head without its end", length, "close", NONE),
        ("half a head, and reset", length, "reset", NONE),
        ("half a body", head + b"Content-Length: 10\r\n\r\nhalf", "close", NONE),
        ("half a body, and reset", head + b"Content-Length: 10\r\n\r\nhalf", "reset", NONE),
        ("no body, and reset", head + b"Content-Length: 10\r\n\r\n", "reset", NONE),
        ("half of 300 kB", head + b"Content-Length: 300000\r\n\r\n" + b"x" * 150_000, "close", NONE),
        ("half a body until it is reset", head + b"\r\nhalf", "reset", NONE),
        ("half a chunk", chunks + b"a\r\nhalf", "close", NONE),
        ("half a chunk, and reset", chunks + b"a\r\nhalf", "reset", NONE),
        ("no last chunk", chunks + b"2\r\nok\r\n", "close", NONE),
        ("a chunk of zz bytes", chunks + b"zz\r\nok\r\n0\r\n\r\n", "keep", NONE),
        ("a chunk of -2 bytes", chunks + b"-2\r\nok\r\n0\r\n\r\n", "keep", NONE),
        ("a chunk of 2^68 bytes", chunks + b"100000000000000000\r\nok\r\n0\r\n\r\n", "keep", NONE),
        ("a chunk of 2^64 - 1 bytes", chunks + b"FFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n", "close", NONE),
        ("a chunk that goes on", chunks + b"2\r\nokay\r\n0\r\n\r\n", "keep", NONE),
        ("an extension of 1 MiB", chunks + b"2;" + b"x" * MIB + b"\r\nok\r\n0\r\n\r\n", "keep", EITHER),
        ("trailers of 1 MiB", chunked(200, b"ok", trailer=fields(1, MIB)), "keep", EITHER),
        ("100 Continue, and closed", CONTINUE, "close", NONE),
        ("50 x 100 Continue, and closed", CONTINUE * 50, "close", NONE),
        ("100 Continue, then half a head", CONTINUE + b"HTTP/1.1 200 OK\r\n", "close", NONE),
        ("100 Continue, then garbage", CONTINUE + b"garbage\r\n\r\n", "keep", NONE),
    ]


def unasked_answers():
    """The same with more behind it than was asked for, which comes at once: nobody could tell it from the next answer if
    it came later."""
    return [
        ("a second answer behind it", answer(200, b"ok") + answer(500, b"junk"), "keep", TAKEN),
        ("a second answer behind no body", OK + answer(500, b"junk"), "keep", TAKEN),
        ("half an answer behind it", answer(200, b"ok") + b"HTTP/1.1 5", "keep", TAKEN),
        ("more body than was said", answer(200, b"ok") + b"ay", "keep", TAKEN),
        ("an empty line behind it", answer(200, b"ok") + b"\r\n", "keep", TAKEN),
        ("200 kB behind it", answer(200, b"ok") + b"x" * 200_000, "keep", TAKEN),
        ("a second answer behind chunks", chunked(200, b"ok") + answer(500, b"junk"), "keep", TAKEN),
        ("a second answer behind 204", b"HTTP/1.1 204 X\r\n\r\n" + answer(500, b"junk"), "keep", "204 then 202, exit 0"),
        ("204 with a length and a body", b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nhello", "keep", "204 then 202, exit 0"),
        ("304 with a length and a body", b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\nhello", "keep", refused(304)),
    ]


def told(run, id):
    return ", ".join("no answer" if not it.isdigit() else it for it in run.attempts(id))


HASTE = ("--json", "--retries", "1", "--backoff", "1ms")


def odd(name, text, then, wanted, how, tls=None):
    """An odd answer, and what comes next: both are told as what they are."""
    said = Say(text, then)
    if how in ("byte by byte", "second, byte by byte"):
        said = said.by(1 if len(text) < 600 else len(text) // 400 + 1)
    second = how in ("second", "second, byte by byte")
    source = written("".join(event(it) for it in ["before"] * second + ["odd", "after"]))
    with Target(lambda request: {"/before": OK, "/odd": said}.get(request.path, answer(202, b"next")), tls=tls) as target:
        run = replay(source, target, *HASTE, "--timeout", "20s", *(["--insecure"] if tls else []), watch=True)
        tell = f"{told(run, 'odd')} then {told(run, 'after')}, exit {run.status}"
        attempts = sum(line["type"] == "attempted" for line in run.lines())
        # What was sent over a connection that was closed meanwhile is counted, and need not have been read.
        twice = run.summary().get("maybe_duplicate", 0)
        if not attempts <= len(target.requests) + twice <= attempts + 2 * twice:
            tell += f", {times(len(target.requests))} for {attempts} attempts, {twice} twice"
        if run.peak > 64:
            tell += f", {run.peak:.0f} MiB of memory"
        if run.took > 15:
            tell += f", after {run.took:.0f} s"
        tell = seen(run, tell)
        yield f"{name} ({how})", wanted, tell, tell in wanted.split(" or ")


def odd_answers_row(row):
    cases = odd_answers()
    for how in ("first", "second", "byte by byte", "second, byte by byte"):
        row.together(odd, [(*case, how) for case in cases])
    for how in ("first", "second"):
        row.together(odd, [(*case, how) for case in unasked_answers()])
    tls = own_tls()
    # Over TLS a connection that is closed without a word of it is a broken one.
    row.together(odd, [(*case, "over TLS", tls) for case in cases + unasked_answers() if case[2] in ("keep", "close")])


def own_tls():
    """What a server needs to speak TLS, with the certificate that the tool makes for itself."""
    Replay("--tls", "--port", "0", "--for", "1ms", command="listen").end()
    folder = os.path.join(ENVIRONMENT["XDG_STATE_HOME"], "webhook-cli")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "localhost.pem"), os.path.join(folder, "key.pem"))
    return context


def cut_answers(row):
    """Cut in two at each place, and broken off at each place."""
    whole = [
        ("a length", answer(404, b"no such"), "404"),
        ("no body", answer(202), "202"),
        ("chunked", chunked(404, b"no", b"such", trailer=b"X-A: 1\r\n"), "404"),
        ("100 Continue first", CONTINUE + answer(404, b"no such"), "404"),
        ("204", b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", "204"),
    ]

    def in_two(name, text, status, how):
        def answers(request):
            number = int(request.path[1:])
            if how == "second" and number % 2 == 0:
                return OK
            at = number // 2 + 1 if how == "second" else number + 1
            return Say([text[:at], text[at:]], "keep" if how == "kept" else "close", 0.002)

        count = (len(text) - 1) * (2 if how == "second" else 1)
        with Target(answers) as target:
            run = replay(recording(count), target, *HASTE)
            plain = ["200"] if how == "second" else [status]
            right = sum(run.attempts(str(number)) == ([status] if number % 2 else plain) for number in range(count))
            connections = {"kept": 1, "closed": count, "second": count // 2}[how]
            wanted = f"{count} of {count} right, {times(connections, 'connection')}"
            text = f"{right} of {count} right, {times(target.opened, 'connection')}"
            yield f"{name}, cut in two at each place ({how})", wanted, seen(run, text)

    row.together(in_two, [(*it, how) for it in whole for how in ("kept", "closed", "second")])

    def broken_off(name, text, status, then, how):
        def answers(request):
            number = int(request.path[1:])
            if how == "second" and number % 2 == 0:
                return OK
            return Say(text[: number // 2 if how == "second" else number], then)

        count = len(text) * (2 if how == "second" else 1)
        with Target(answers) as target:
            run = replay(recording(count), target, "--json", "--retries", "0")
            plain = "200" if how == "second" else "no answer"
            right = sum(told(run, str(number)) == ("no answer" if number % 2 else plain) for number in range(count))
            sent, twice = len(target.requests), run.summary().get("maybe_duplicate", 0)
            text = f"{right} of {count} right, exit {run.status}, "
            text += "each request told" if sent == count + twice else f"{times(sent)}, {twice} twice"
            wanted = f"{count} of {count} right, exit 4, each request told"
            yield f"{name}, broken off at each place ({how}, {then})", wanted, seen(run, text)

    row.together(broken_off, [(*it, then, how) for it in whole for then in ("close", "reset") for how in ("first", "second")])


def connections(row):
    """What can be used again is, and what cannot is not."""

    def one(name, text, then, status, wanted):
        with Target(lambda _: Say(text, then)) as target:
            run = replay(recording(10), target, *HASTE)
            right = sum(run.attempts(str(number)) == [status] for number in range(10))
            tell = f"{right} of 10 told {status}, {times(len(target.requests))}, {times(target.opened, 'connection')}"
            yield f"10 answers: {name}", f"10 of 10 told {status}, 10 requests, {times(wanted, 'connection')}", seen(run, tell)

    http10 = answer(200, b"ok", version="1.0")
    row.together(
        one,
        [
            ("a length", answer(200, b"ok"), "keep", "200", 1),
            ("no body", OK, "keep", "200", 1),
            ("60 KiB", answer(200, b"x" * (60 << 10)), "keep", "200", 1),
            ("300 kB", answer(200, b"x" * 300_000), "keep", "200", 1),
            ("a refusal", answer(404, b"no such"), "keep", "404", 1),
            ("204", b"HTTP/1.1 204 X\r\n\r\n", "keep", "204", 1),
            ("204 with a length", b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", "keep", "204", 1),
            ("304", b"HTTP/1.1 304 X\r\n\r\n", "keep", "304", 1),
            ("chunked", chunked(200, b"ok"), "keep", "200", 1),
            ("chunked without data", chunked(200), "keep", "200", 1),
            ("chunked with trailers", chunked(200, b"ok", trailer=b"X-A: 1\r\n"), "keep", "200", 1),
            ("100 Continue first", CONTINUE + answer(200, b"ok"), "keep", "200", 1),
            ("103 first", b"HTTP/1.1 103 X\r\nLink: </x>\r\n\r\n" + answer(200, b"ok"), "keep", "200", 1),
            ("two equal lengths", b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "keep", "200", 1),
            ("100 fields", b"HTTP/1.1 200 X\r\n" + fields(99) + b"Content-Length: 0\r\n\r\n", "keep", "200", 1),
            ("HTTP/1.0 with keep-alive", answer(200, b"ok", "Connection: keep-alive", version="1.0"), "keep", "200", 1),
            ("HTTP/1.0", http10, "close", "200", 10),
            ("HTTP/1.0, left open", http10, "hang", "200", 10),
            ("Connection: close", answer(200, b"ok", "Connection: close"), "close", "200", 10),
            ("Connection: close, left open", answer(200, b"ok", "Connection: close"), "hang", "200", 10),
            ("Connection: x, close, left open", answer(200, b"ok", "Connection: x, close"), "hang", "200", 10),
            ("chunked and Connection: close", chunked(200, b"ok", fields=b"Connection: close\r\n"), "close", "200", 10),
            ("until it closes", b"HTTP/1.1 200 X\r\n\r\nok", "close", "200", 10),
            ("two at once", answer(200, b"ok") + answer(500, b"junk"), "keep", "200", 10),
            ("two at once, chunked", chunked(200, b"ok") + answer(500, b"junk"), "keep", "200", 10),
            ("a byte too many", answer(200, b"ok") + b"!", "keep", "200", 10),
        ],
    )

    def later(name, text, junk, then):
        """Something comes unasked while the connection rests; at a rate there is time for it to arrive."""
        with Target(lambda _: Say([text, junk], then, 0.02)) as target:
            run = replay(recording(8), target, "--rate", "10/s", *HASTE)
            right = sum(run.attempts(str(number)) == ["200"] for number in range(8))
            twice = run.summary().get("maybe_duplicate")
            text = f"{right} of 8 told 200, {times(target.opened, 'connection')}, {twice} sent twice"
            wanted = "8 of 8 told 200, 8 connections, 0 sent twice"
            yield f"8 answers, and {name} 20 ms behind each", wanted, seen(run, text)

    row.together(
        later,
        [
            ("another", answer(200, b"ok"), answer(500, b"junk"), "keep"),
            ("a byte", answer(200, b"ok"), b"x", "keep"),
            ("another behind chunks", chunked(200, b"ok"), answer(500, b"junk"), "keep"),
            ("408 and the end", OK, b"HTTP/1.1 408 X\r\nConnection: close\r\n\r\n", "close"),
            ("the end", OK, b"", "close"),
            ("the end behind chunks", chunked(200), b"", "close"),
            ("a reset", OK, b"", "reset"),
        ],
    )

    def race(name, said, twice, size):
        """Closed as the next one is under way. What cannot have arrived is sent again in silence, what may have is counted."""
        with Target(said) as target:
            count = 200
            run = replay(recording(count, body="x" * size), target, *HASTE)
            right = sum(run.attempts(str(number)) == ["200"] for number in range(count))
            paths = target.paths()
            known = run.summary().get("maybe_duplicate")
            extra = len(paths) - len(set(paths))
            first = list(dict.fromkeys(paths)) == [f"/{number}" for number in range(count)]
            tell = f"{right} of {count} told 200, {'' if first else 'not '}in order, {extra} came twice, exit {run.status}"
            counted = known == extra if twice else known >= extra == 0
            tell += "" if counted else f", {known} counted"
            wanted = f"{count} of {count} told 200, in order, {100 if twice else 0} came twice, exit 0"
            yield f"200 events of {size} bytes, {name}", wanted, seen(run, tell)

    def unanswered():
        """Every second one is read and gets no answer, unless it comes over a new connection."""
        seen_once = set()

        def answers(request):
            if int(request.path[1:]) % 2 and request.path not in seen_once and request.nth > 1:
                seen_once.add(request.path)
                return Say(b"", "close")
            return OK

        return answers

    row.together(
        race,
        [
            ("closed behind each answer", lambda _: Say(OK, "close"), False, 10),
            ("reset behind each answer", lambda _: Say(OK, "reset"), False, 10),
            ("closed behind every third answer", lambda request: Say(OK, "close" if request.nth == 3 else "keep"), False, 10),
            ("chunked, closed behind each", lambda _: Say(chunked(200, b"ok"), "close"), False, 10),
            ("closed behind each answer", lambda _: Say(OK, "close"), False, 40_000),
            ("reset behind each answer", lambda _: Say(OK, "reset"), False, 40_000),
            ("every second read and not answered", unanswered(), True, 10),
            ("every second read and not answered", unanswered(), True, 40_000),
        ],
    )


SIZES = (10 << 10, 64 << 10, 256 << 10, MIB, 4 * MIB, 8 * MIB)


def early_answers(row):
    """An answer while the body is still on its way."""

    def one(name, size, said, wanted, rounds=1):
        body = "x" * size
        source = written("".join(event(f"big{number}", body) + event(f"after{number}") for number in range(rounds)))
        with Target(lambda request: said if request.path.startswith("/big") else answer(202), early=True) as target:
            run = replay(source, target, *HASTE, "--timeout", "4s")
            tells = [f"{told(run, f'big{number}')} then {told(run, f'after{number}')}" for number in range(rounds)]
            wrong = sorted({it for it in tells if it != wanted})
            tell = f"{sum(it == wanted for it in tells)} of {rounds}: {wanted}" + (f", else {wrong}" if wrong else "")
            yield f"{size >> 10} KiB, {name}", f"{rounds} of {rounds}: {wanted}", seen(run, tell)

    head, close = answer(413, b"too large"), answer(413, b"too large", "Connection: close")
    row.together(
        one,
        [
            case
            for size in SIZES
            for case in (
                ("413, then the body is read", size, Say(head), "413 then 202", 3),
                ("413, closed for writing, body read", size, Say(close, "drain"), "413 then 202", 3),
                ("413 byte by byte, body read", size, Say(close, "drain").by(1), "413 then 202", 2),
                (
                    "413, chunked, body read", size, Say(chunked(413, b"too large", fields=b"Connection: close\r\n"), "drain"),
                    "413 then 202", 2,
                ),
                ("100 Continue, 413, body read", size, Say(CONTINUE + close, "drain"), "413 then 202", 2),
                ("413, and closed at once", size, Say(close, "close"), "413 then 202", 10),
                ("413 without a word of closing, and closed at once", size, Say(head, "close"), "413 then 202", 10),
                ("413, and the body is never read", size, Say(close, "deaf"), "413 then 202", 2),
                ("nothing, and closed at once", size, Say(b"", "close"), "no answer, no answer then 202", 2),
                ("nothing, and reset", size, Say(b"", "reset"), "no answer, no answer then 202", 2),
            )
        ]
        # So much does not fit into the kernel's buffers, so it was not all sent when the answer was there.
        + [
            (
                f"{status}, the connection to be kept, and the body is never read", 24 * MIB, Say(answer(status), "deaf"),
                f"{status} then 202", 2,
            )
            for status in (413, 200)
        ],
    )


def without_end(row):
    """What never ends is ended."""

    def one(name, pieces, wanted, size, how):
        def forever():
            yield pieces
            if how == "drip":
                while True:
                    yield b"x"
                    time.sleep(0.01)
            while how and isinstance(how, bytes):
                yield how

        body = "x" * size
        source = written(event("odd", body) + event("after"))
        then = "deaf" if how == "deaf" else "hang"
        answers = lambda request: Say(forever(), then) if request.path == "/odd" else answer(202)
        with Target(answers, early=how == "deaf") as target:
            run = replay(source, target, *HASTE, "--timeout", "1s", watch=True)
            tell = f"{told(run, 'odd')} then {told(run, 'after')}, exit {run.status}"
            if run.took > 7:
                tell += f", after {run.took:.1f} s for two attempts of 1 s"
            if run.peak > 64:
                tell += f", {run.peak:.0f} MiB of memory"
            tell = seen(run, tell)
            yield name, wanted, tell, tell in wanted.split(" or ")

    head = b"HTTP/1.1 200 OK\r\n"
    block = b"x" * (64 << 10)
    row.together(
        one,
        [
            ("no answer ever", b"", NONE, 10, None),
            ("no answer ever to 40 kB", b"", NONE, 40_000, None),
            ("half a head, and nothing", head + b"Content-Le", NONE, 10, None),
            ("half a body, and nothing", head + b"Content-Length: 10\r\n\r\nhalf", NONE, 10, None),
            ("half a chunk, and nothing", head + b"Transfer-Encoding: chunked\r\n\r\na\r\nhalf", NONE, 10, None),
            ("no last chunk, and nothing", head + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", NONE, 10, None),
            ("100 Continue, and nothing", CONTINUE, NONE, 10, None),
            ("a body until it closes, and open", head + b"\r\nok", NONE, 10, None),
            ("a head, a byte at a time", head + b"X-A: ", NONE, 10, "drip"),
            ("a body, a byte at a time", head + b"Content-Length: 1000000\r\n\r\n", NONE, 10, "drip"),
            ("a body until it closes, a byte at a time", head + b"\r\n", NONE, 10, "drip"),
            ("100 Continue without end", b"", NONE, 10, CONTINUE * 2000),
            ("fields without end", head, NONE, 10, b"X-A: 1\r\n" * 1000),
            ("a field without end", head + b"X-A: ", NONE, 10, block),
            ("a status line without end", b"HTTP/1.1 200 ", NONE, 10, block),
            ("empty lines without end", b"", NONE, 10, b"\r\n" * 1000),
            ("a body without end", head + b"\r\n", TAKEN, 10, block),
            ("a body of 10 TB", head + b"Content-Length: 10000000000000\r\n\r\n", TAKEN, 10, block),
            ("chunks without end", head + b"Transfer-Encoding: chunked\r\n\r\n", TAKEN, 10, b"10000\r\n" + block + b"\r\n"),
            ("trailers without end", head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", EITHER, 10, b"X-A: 1\r\n" * 1000),
            ("an extension without end", head + b"Transfer-Encoding: chunked\r\n\r\n2;", EITHER, 10, block),
            ("503 with a body without end", b"HTTP/1.1 503 X\r\n\r\n", failed(503), 10, block),
            ("404 with a body without end", b"HTTP/1.1 404 X\r\n\r\n", refused(404), 10, block),
            ("a body of 20 MB is never read", b"", NONE, 20_000_000, "deaf"),
        ],
    )
    for name, tls, said, wanted in (
        ("https to one that does not speak TLS", None, Say(b"HTTP/1.1 400 X\r\n\r\n", "close"), ["no answer", "no answer"]),
        ("https with a certificate that nobody trusts", own_tls(), OK, ["no answer"]),
    ):
        with Target(said, tls=tls) as target:
            run = replay(recording(1), target.url.replace("http://", "https://"), *HASTE)
            row.check(name, f"{', '.join(wanted)}, exit 4", seen(run, f"{told(run, '0')}, exit {run.status}"))
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for it in waiting:
            it.setblocking(False)
            it.connect_ex(full.getsockname())
        run = replay(recording(1), f"http://127.0.0.1:{full.getsockname()[1]}", *HASTE, "--connect-timeout", "500ms")
        text = f"{told(run, '0')}, exit {run.status}, {'in time' if 1 <= run.took < 10 else f'after {run.took:.1f} s'}"
        row.check("nobody accepts", "no answer, no answer, exit 4, in time", seen(run, text))
        for it in waiting:
            it.close()


HOSTILE = {
    "colours": b"\x1b[31;41mred",
    "a title": b"\x1b]0;owned\x07",
    "C1 as bytes": b"\x9b31m \x9d0;owned\x9c",
    "C1 as UTF-8": "\x9b31m \x9d0;owned\x9c".encode(),
    "CR over our line": b"fine\r200   1 ms  forged",
    "backspaces": b"no\x08\x08ok",
    "a line of its own": b"x\n200   1 ms  FORGED\nFORGED",
    "bidi": "\u202etxt.exe\u2066".encode(),
    "zero width": "a\u200bb\u2060c\ufeff".encode(),
    "tags": "\U000e0041\U000e0042".encode(),
    "line separators": "a\u2028FORGED\u2029FORGED".encode(),
    "NUL and DEL": b"\0\x7f",
    "invalid UTF-8": b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    "markup": b"]]></failure><x>&amp;<!--",
    "YAML": b"...\n---\nok 2 - FORGED\n1..0",
}
FORMS = {"text": (), "JSON": ("--json",), "JUnit": ("--report", "junit"), "TAP": ("--report", "tap")}


def hostile_answers(row):
    """What a target says stays text."""

    def one(kind, form):
        payload = HOSTILE[kind]
        legal = bytes(byte for byte in payload if byte >= 0x20 and byte != 0x7F)
        answers = {
            "/body": answer(404, payload),
            "/error": chunked(500, payload),
            "/location": b"HTTP/1.1 302 X\r\nLocation: http://x/%s\r\nContent-Length: 0\r\n\r\n" % legal,
            "/reason": b"HTTP/1.1 404 %s\r\nContent-Length: 0\r\n\r\n" % legal,
            "/line": payload + b"\r\n\r\n",
            "/field": b"HTTP/1.1 404 X\r\n%s: 1\r\n\r\n" % payload,
        }
        source = written("".join(event(path[1:]) for path in answers))
        with Target(lambda request: Say(answers[request.path], "close")) as target:
            run = replay(source, target, "--retries", "0", *FORMS[form])
            tell = []
            if any(re.match(r"FORGED|200 |ok |1\.\.0", line) for line in run.stdout.split("\n")):
                tell.append("a line of its own")
            if form == "JUnit":
                try:
                    suite = xml.etree.ElementTree.fromstring(run.stdout.encode())
                    tell += [] if len(list(suite.iter("failure"))) == len(answers) else ["not as many failures"]
                except xml.etree.ElementTree.ParseError as error:
                    tell.append(f"no XML: {error}")
            if form == "TAP" and len(re.findall(r"(?m)^not ok ", run.stdout)) != len(answers):
                tell.append("not as many failures")
            text = f"{', '.join(tell) or 'clean'}, exit {run.status}"
            yield f"{kind}, in six places, as {form}", "clean, exit 4", seen(run, text)

    row.together(one, [(kind, form) for kind in HOSTILE for form in FORMS])


def odd_ends(row):
    odd_answers_row(row)
    cut_answers(row)
    connections(row)
    early_answers(row)
    without_end(row)
    hostile_answers(row)


# 56: killed, and gone on with


def killed(row):
    count, kills = 400, 8
    for concurrency in (1, 4):
        source, journal = recording(count), temporary(".journal")
        # Which request it is killed at, and whether before or behind the answer.
        plan, lock = {"at": 0, "before": True, "dead": threading.Event()}, threading.Lock()

        def answers(_):
            with lock:
                number = next(counter)
            if number != plan["at"]:
                return OK
            if plan["before"]:
                plan["run"].kill()
                plan["dead"].set()
                return Say(b"", "close")

            def pieces():
                yield OK
                plan["run"].kill()
                plan["dead"].set()

            return Say(pieces(), "close")

        torn = [
            b"1 39", b"\0" * 500, b"7 7 0 500 7 accep", b"\xf0\x9f", b"{", b"400 400 0 99999 400 accepted 00000000", b"x" * 3000,
            b" ",
        ]
        with Target(answers) as target:
            counter = itertools.count(1)
            args = (source, "--to", target.url, "-c", concurrency, "--resume", journal)
            for number in range(kills):
                with lock:
                    plan["dead"] = threading.Event()
                    plan["before"] = number % 2 == 0
                    plan["at"] = len(target.requests) + 9 + 7 * number
                    plan["run"] = Replay(*args)
                dead = plan["dead"].wait(PATIENCE)
                plan["run"].process.wait()
                with open(journal, "ab") as file:
                    file.write(torn[number])
                paths = target.paths()
                extra = len(paths) - len(set(paths))
                most = max(int(path[1:]) for path in paths)
                missing = sorted(set(range(most)) - {int(path[1:]) for path in paths})
                row.check(
                    f"-c {concurrency}, kill {number + 1} {'before' if plan['before'] else 'behind'} an answer, and a torn line",
                    f"at most {(number + 1) * concurrency} sent twice, at most {concurrency - 1} not yet",
                    f"{extra} sent twice, {len(missing)} not yet" + ("" if dead else ", not killed"),
                    extra <= (number + 1) * concurrency and len(missing) < concurrency and dead,
                )
            plan["at"] = 0
            last = Replay(*args).end()
            paths = target.paths()
            row.check(f"-c {concurrency}, the last run", (count, 0), (len(set(paths)), last.status))
            extra = len(paths) - len(set(paths))
            most = kills * concurrency
            row.check(f"-c {concurrency}, sent twice in all", f"at most {most}", extra, extra <= most)
            if concurrency == 1:
                row.check("in the recorded order", [f"/{n}" for n in range(count)], list(dict.fromkeys(paths)))
            before = len(target.requests)
            again = Replay(*args).end()
            row.check(f"-c {concurrency}, a run that is finished", (0, 0), (len(target.requests) - before, again.status))
            with Target() as other:
                run = replay(source, other, "-c", concurrency, "--resume", journal)
                fine = (run.status, len(set(other.paths()))) in ((2, 0), (0, count)) and not run.faults()
                text = f"exit {run.status}, {times(len(other.requests))}"
                row.check(f"-c {concurrency}, another target", "refused, or all sent anew", seen(run, text), fine)

    # The journal itself, damaged in every way.
    count = 40
    with Target() as target:
        source, journal = recording(count), temporary(".journal")
        replay(source, target, "--resume", journal)
        with open(journal, "rb") as file:
            good = file.read()

    def damaged(name, content, least, most, ends=(0,)):
        with Target() as fresh:
            # The journal knows its target by its port.
            path = temporary(".journal")
            with open(path, "wb") as file:
                file.write(content.replace(target.url.encode(), fresh.url.encode()))
            run = replay(source, fresh, "--resume", path)
            came = len(fresh.requests)
            wanted = f"{least} to {most} sent, exit {' or '.join(map(str, ends))}"
            fine = least <= came <= most and run.status in ends and not run.faults()
            yield f"a journal {name}", wanted, seen(run, f"{came} sent, exit {run.status}"), fine

    start = good.index(b"\n") + 1
    lines = good[start:].splitlines(keepends=True)
    flipped = bytearray(good)
    flipped[start + len(b"".join(lines[:10])) + 2] ^= 1
    row.together(
        damaged,
        [
            ("as it was", good, 0, 0),
            *((f"without its last {size} bytes", good[:-size], 1, 1 + size // 20) for size in (1, 2, 10, 25, 100, 500)),
            ("with zeros behind it", good + bytes(4096), 0, 0),
            ("with zeros in its last line", good[:-20] + bytes(20), 1, 2),
            ("with a flipped bit", bytes(flipped), 1, 1),
            ("with a line twice", good + lines[3], 0, 0),
            ("without one of its lines", good[:start] + b"".join(lines[:7] + lines[8:]), 1, 1),
            ("with its lines in another order", good[:start] + b"".join(reversed(lines)), 0, 0),
            ("with a line of garbage", good[:start] + b"\xff\xfe junk\n" + b"".join(lines), 0, 0),
            ("that is empty", b"", count, count),
            ("of half a first line", good[:9], count, count),
            ("of nearly a first line", good[: start - 2], count, count),
            ("of lines alone", b"".join(lines), 0, count, (0, 2, 3)),
            ("that is none", b"dear diary\n", 0, 0, (2, 3)),
            ("of random bytes", random.Random(2).randbytes(5000), 0, 0, (2, 3)),
            ("of 5 MB on one line", good + b"x" * 5_000_000, 0, 0),
        ],
    )
    with Target() as target:
        path = written("dear diary\n", ".txt")
        replay(source, target, "--resume", path)
        with open(path) as file:
            row.check("a file that is no journal", "left alone", "left alone" if file.read() == "dear diary\n" else "changed")
    with Target() as target:
        source, journal = recording(4), temporary(".journal")
        replay(source, target, "--resume", journal)
        with open(source, "ab") as file:
            file.write(event(4).encode())
        run = replay(source, target, "--resume", journal)
        row.check("a recording that has grown", ["/0", "/1", "/2", "/3", "/4"], target.paths())
        other = recording(5)
        os.replace(other, source)
        with open(source, "r+b") as file:
            file.write(event(9).encode())
        run = replay(source, target, "--resume", journal)
        row.check("a recording that was changed", (2, 5), (run.status, len(target.requests)))


# 57: interrupted


def interrupted(row):
    for concurrency, count in ((1, 40), (3, 40), (8, 40)):
        go, source, journal = threading.Event(), recording(count), temporary(".journal")

        def answers(_):
            go.wait(PATIENCE)
            return OK

        with Target(answers) as target:
            args = (source, "--to", target.url, "-c", concurrency, "--resume", journal, "--json")
            run = Replay(*args)
            target.wait(lambda it: len(it.requests) == concurrency)
            run.interrupt()
            run.said("Ctrl-C again")
            waits = run.process.poll() is None
            go.set()
            run.end()
            done = [line for line in run.lines() if line["type"] == "attempted" and line["status"] == 200]
            row.check(f"-c {concurrency}: it waits for what is in flight", True, waits)
            row.check(f"-c {concurrency}: exit", 130, run.faults() or run.status)
            row.check(f"-c {concurrency}: sent, and told as done", (concurrency, concurrency), (len(target.requests), len(done)))
            row.check(f"-c {concurrency}: a summary", concurrency, run.summary().get("deliveries"))
            run = Replay(*args).end()
            paths = target.paths()
            row.check(f"-c {concurrency}: gone on with", (count, 0), (len(set(paths)), run.status))
            row.check(f"-c {concurrency}: sent twice", 0, len(paths) - len(set(paths)))

    def waiting(name, said, flags):
        """Interrupted while it waits to try again."""
        # The second has a connection of its own, or it would be sent once more in silence.
        answers = iter([Say(answer(200, b"", "Connection: close"), "close"), said])
        with Target(lambda _: next(answers, OK)) as target:
            source, journal = recording(5), temporary(".journal")
            args = (source, "--to", target.url, "--resume", journal, *flags)
            run = Replay(*args)
            target.wait(lambda it: len(it.requests) == 2)
            run.said("again in")
            begun = time.monotonic()
            run.interrupt()
            run.end()
            soon = time.monotonic() - begun
            text = f"{run.status}, {'at once' if soon < 5 else f'after {soon:.1f} s'}"
            yield f"{name}: exit, and at once", "130, at once", seen(run, text)
            run = Replay(*args).end()
            yield f"{name}: gone on with", (["/0", "/1", "/1", "/2", "/3", "/4"], 0), (target.paths(), run.status)

    row.together(
        waiting,
        [
            ("between two attempts", answer(503), ("--backoff", "50s")),
            ("while it is held back", answer(429, b"", "Retry-After: 1000"), ()),
            ("without an answer", Say(b"", "close"), ("--backoff", "50s")),
            ("with --ordered", answer(503), ("--backoff", "50s", "--ordered")),
        ],
    )
    with Target() as target:
        source, journal = recording(5), temporary(".journal")
        args = (source, "--to", target.url, "--resume", journal)
        run = Replay(*args, "--rate", "1/m")
        target.wait(lambda it: len(it.requests) == 1)
        run.said("200")
        run.interrupt()
        run.end()
        row.check("between two at a rate", (1, 130), (len(target.requests), run.status))
        run = Replay(*args).end()
        row.check("between two at a rate, gone on with", ([f"/{n}" for n in range(5)], 0), (target.paths(), run.status))
    with Target(lambda _: Say(b"", "hang")) as target:
        run = Replay(recording(5), "--to", target.url)
        target.wait(lambda it: len(it.requests) == 1)
        run.interrupt()
        run.said("Ctrl-C again")
        begun = time.monotonic()
        run.interrupt()
        run.end()
        text = f"{run.status}, {'at once' if time.monotonic() - begun < 3 else 'late'}"
        row.check("a second one leaves at once", "130, at once", text)


# 58: the rate


def rates(row):
    def measured(rate, seconds, concurrency, said):
        """The mean, and the most in half a second."""
        with Target(said) as target:
            count = int(rate * seconds)
            run = replay(recording(count), target, "--rate", f"{rate}/s", "-c", concurrency, "--backoff", "1ms", "-q")
            at = [it.begun for it in sorted(target.requests, key=lambda it: it.begun)]
            mean = (len(at) - 1) / (at[-1] - at[0])
            half = max(sum(begin <= it < begin + 0.5 for it in at[number : number + rate]) for number, begin in enumerate(at))
            return run, len(at), mean, half

    def one(rate, seconds, concurrency, said, name):
        wanted = f"{rate * 0.97:.1f} to {rate * 1.03:.1f} a second, at most {int(rate * 0.55)} in half a second"
        for attempt in range(3):
            run, count, mean, half = measured(rate, seconds, concurrency, said())
            fine = abs(mean / rate - 1) <= 0.03 and half <= rate * 0.55 and run.status == 0 and not run.faults()
            if fine:
                break
        text = f"{mean:.2f} a second, {half} in half a second, {times(count)}"
        text += f", measured {attempt + 1} times" if attempt else ""
        yield f"{name} at {rate}/s, {concurrency} at once", wanted, seen(run, text), fine

    def busy():
        """Every second event is refused at first."""
        left = {f"/{number}" for number in range(0, 1000, 2)}

        def answers(request):
            fresh = request.path in left
            left.discard(request.path)
            return answer(503) if fresh else OK

        return answers

    # One after the other: they would disturb each other's clock.
    plain = lambda: lambda _: OK
    for case in (
        (20, 6, 1, plain, "all 200"),
        (200, 5, 1, plain, "all 200"),
        (200, 4, 4, plain, "all 200"),
        (200, 3, 2, busy, "every second tried again"),
    ):
        for it in one(*case):
            row.check(*it)

    def stalled():
        return lambda request: Say(delayed(1.5)) if request.path == "/100" else OK

    def delayed(seconds):
        time.sleep(seconds)
        yield OK

    for attempt in range(3):
        run, count, mean, half = measured(200, 3, 1, stalled())
        if half <= 110:
            break
    wanted, text = "at most 110 in half a second, 600 requests", f"{half} in half a second, {times(count)}"
    row.check("no burst behind a stall of 1.5 s, at 200/s", wanted, text, half <= 110 and count == 600)


# 59: how many at once


def at_once(row):
    def one(name, concurrency, count, flags, said, size=10):
        """Each batch is answered when it is complete, and nobody comes on top of it."""
        state, changed = {"inside": 0, "most": 0, "waves": 0}, threading.Condition()

        def answers(request):
            with changed:
                state["inside"] += 1
                state["most"] = max(state["most"], state["inside"])
                changed.notify_all()
                if state["waves"] < 3:
                    changed.wait_for(lambda: state["most"] > concurrency or state["inside"] >= concurrency, PATIENCE)
                    state["waves"] += 1
                    # Nothing can be waited for that must not come.
                    changed.wait_for(lambda: state["most"] > concurrency, 0.15)
                state["inside"] -= 1
            return said(request)

        with Target(answers) as target:
            wanted = f"{concurrency} at once at most, and reached; exit 0"
            run = replay(recording(count, body="x" * size), target, "--backoff", "1ms", "-q", *flags)
            reached = "reached" if state["most"] >= concurrency else "not reached"
            yield name, wanted, seen(run, f"{state['most']} at once at most, and {reached}; exit {run.status}")

    once = set()

    def first_refused(request):
        fresh = request.path not in once
        once.add(request.path)
        return answer(503) if fresh else OK

    plain, five = lambda _: OK, ("-c", 5)
    row.together(
        one,
        [
            ("-c 5, 100 events", 5, 100, five, plain),
            ("-c 5, closed each time", 5, 60, five, lambda _: Say(OK, "close")),
            ("-c 5, chunked", 5, 60, five, lambda _: chunked(200, b"ok")),
            ("-c 5, each tried again", 5, 40, five, first_refused),
            ("-c 5, bodies of 300 kB", 5, 30, five, plain, 300_000),
            ("-c 5, reset each time", 5, 40, five, lambda _: Say(OK, "reset")),
            ("-c 5, at a rate", 5, 40, (*five, "--rate", "400/s"), plain),
            ("none said", 1, 20, (), plain),
            *((f"-c {count}", count, 5 * count + 15, ("-c", count), plain) for count in (1, 2, 20)),
        ],
    )


# 60: down, and up again


def down(row):
    def recovers(name, flags, count):
        with Target(up=False) as target:
            run = Replay(recording(count), "--to", target.url, "--json", *flags)
            time.sleep(1.5)
            target.rise()
            run.end()
            paths = target.paths()
            refused = "refused at first" if any("refused" in str(it.get("reason")) for it in run.lines()) else "never refused"
            tell = f"{len(set(paths))} arrived, {len(paths) - len(set(paths))} twice, exit {run.status}, {refused}"
            yield f"down for 1.5 s, {name}", f"{count} arrived, 0 twice, exit 0, refused at first", seen(run, tell)

    row.together(
        recovers,
        [
            ("as it is", (), 3),
            ("many attempts", ("--retries", "30", "--backoff", "20ms"), 20),
            ("four at once", ("-c", "4"), 20),
            ("at a rate", ("--rate", "50/s"), 20),
            ("with a journal", ("--resume", temporary(".journal")), 10),
        ],
    )

    def never(name, flags, attempts):
        with Target(up=False) as target:
            run = replay(recording(2), target, "--backoff", "10ms", *flags)
            tell = f"{run.stdout.count('refused')} times refused, exit {run.status}"
            yield f"never up, {name}", f"{attempts} times refused, exit 4", seen(run, tell)

    row.together(
        never,
        [
            ("as it is", (), 8),
            ("not tried again", ("--retries", "0"), 2),
            ("tried once more", ("--retries", "1"), 4),
            ("two at once", ("-c", "2"), 8),
        ],
    )
    with Target(up=False) as target:
        run = replay(recording(2), target, "--backoff", "10ms", "-q")
        said = "refused is said" if "refused" in run.stdout + run.stderr else "it is not said"
        row.check("never up, quietly", "refused is said, exit 4", f"{said}, exit {run.status}")
    # Up, down in the middle for a while, and up again.
    closed = threading.Event()

    def answers(request):
        if len(first.requests) == 5:
            first.__exit__()
            closed.set()
            return Say(OK, "close")
        return OK

    with Target(answers) as first:
        run = Replay(recording(12), "--to", first.url, "--json")
        closed.wait(PATIENCE)
        run.said("refused")
        second = Target(up=False, address=("127.0.0.1", first.port))
        time.sleep(1.0)
        second.rise()
        run.end()
        with second:
            paths = first.paths() + second.paths()
            row.check("down in the middle", ([f"/{n}" for n in range(12)], 0), (paths, run.status))


# 86 to 88: files of others


def file_check(name, content, sent, ends=None, said=(), flags=("--skip-broken",), suffix=".ndjson", *, most=None, other=None):
    """What of a file is sent, how that ends, and what is said of the rest; `{}` in that is the file's name.

    Where it is left open what is sent, what is not must be told by the status or on stderr."""
    path = written(content() if callable(content) else content, suffix)
    with Target() as target:
        run = Replay(path, "--to", target.url, "--retries", "0", *flags, measured=most is not None).end()
        came = target.paths() + ["a smuggled header"] * any(it.values("x-smuggled") for it in target.requests)
        if sent is None:
            wanted = "sent, refused or warned of"
            tell = wanted if came or run.status or run.stderr else f"nothing, exit {run.status}"
        else:
            wanted, tell = f"{sent}, exit {ends}", f"{came}, exit {run.status}"
        missing = [it.format(path) for it in said if it.format(path) not in run.stderr]
        tell += f", not said: {missing}" if missing else ""
        if other is not None and other.opened:
            tell += f", {times(other.opened, 'connection')} to the other host"
        yield name, wanted, seen(run, tell)
        if most is not None:
            yield f"{name}: memory", f"under {most} MiB", f"{run.peak:.0f} MiB", 1 < run.peak < most
    os.remove(path)


def torn_files(row):
    a, b, c = event("a"), event("b"), event("c")
    all_three, two = ["/a", "/b", "/c"], ["/a", "/c"]
    unfinished = "{}:3: the last line is unfinished"
    sealed = subprocess.run([TOOL, "send", "open", "--dry-run", "--as", "json"], capture_output=True, env=ENVIRONMENT).stdout
    flipped = sealed.replace(b'"event":"open"', b'"event":"opem"')
    row.together(
        file_check,
        [
            ("empty", "", [], 0, []),
            ("empty, and nothing allowed", "", [], 0, [], ()),
            ("line breaks alone", "\n\r\n\n", [], 0, []),
            ("a mark alone", "\ufeff", [], 0, []),
            ("whole", a + b + c, all_three, 0, []),
            ("a NUL behind it", a + b + "\0", ["/a", "/b"], 0, [unfinished]),
            ("4,096 NULs behind it", a + b + "\0" * 4096, ["/a", "/b"], 0, [unfinished]),
            ("4,096 NULs behind it, nothing allowed", a + b + "\0" * 4096, ["/a", "/b"], 0, [unfinished], ()),
            ("1 MiB of NULs behind it", a + b + "\0" * MIB, ["/a", "/b"], 0, [unfinished]),
            ("NULs and a line break behind it", a + b + "\0" * 4096 + "\n", ["/a", "/b"], 3, ["{}:3"]),
            ("NULs between two", a + "\0" * 4096 + "\n" + c, two, 3, ["{}:2"]),
            ("NULs in front of a line", a + "\0" * 4096 + b + c, two, 3, ["{}:2"]),
            ("NULs in the middle of a line", a + b[:20] + "\0" * 20 + b[20:] + c, two, 3, ["{}:2"]),
            ("NULs alone", "\0" * 4096, [], 0, ["{}:1: the last line is unfinished"]),
            ("no last line break", (a + b + c).rstrip("\n"), all_three, 0, []),
            ("half a last line", a + b + c[:30], ["/a", "/b"], 0, [unfinished]),
            ("half a last line, nothing allowed", a + b + c[:30], ["/a", "/b"], 0, [unfinished], ()),
            (
                "half a last character", (a + b).encode() + b'{"fixture":1,"request":{"text":"\xf0\x9f', ["/a", "/b"], 0,
                [unfinished],
            ),
            ("half a line in the middle", a + b[:30] + "\n" + c, two, 3, ["{}:2", "column"]),
            ("half a line glued to the next", a + b[:30] + b + c, two, 3, ["{}:2"]),
            ("half a line in the middle, nothing allowed", a + b[:30] + "\n" + c, ["/a"], 3, ["{}:2", "--skip-broken"], ()),
            ("a mark", "\ufeff" + a + b + c, all_three, 0, []),
            ("a mark, gzipped", gzip.compress(("\ufeff" + a + b + c).encode()), all_three, 0, []),
            ("a mark in the middle", a + "\ufeff" + b + c, two, 3, ["{}:2"]),
            ("CR LF", (a + b + c).replace("\n", "\r\n"), all_three, 0, []),
            ("CR LF, a mark, and no last line break", "\ufeff" + (a + b + c).replace("\n", "\r\n").rstrip(), all_three, 0, []),
            ("CR LF and LF", a.replace("\n", "\r\n") + b + "\r\n" + c, all_three, 0, []),
            ("CR CR LF", (a + b + c).replace("\n", "\r\r\n"), all_three, 0, []),
            ("white space around lines", f"  {a.strip()}\t \n\n \t{b} \n{c}", all_three, 0, []),
            ("UTF-16", (a + b).encode("utf-16"), [], 3, ["{}:1"]),
            ("a checksum that is right", sealed + c.encode(), ["/", "/c"], 0, []),
            ("a checksum that is wrong", a.encode() + flipped + c.encode(), two, 3, ["{}:2", "checksum"]),
            (
                "a checksum that is wrong on the last line", a.encode() + b.encode() + flipped, ["/a", "/b"], 3,
                ["{}:3", "checksum"],
            ),
            ("a broken line, told with its column", a + '{"fixture":1,"request":7}\n' + c, two, 3, ["{}:2", "line 2, column 24"]),
            (
                "ten broken lines among good ones", "".join(f"broken {n}\n" + event(n) for n in range(10)),
                [f"/{n}" for n in range(10)], 3, [f"{{}}:{2 * n + 1}:" for n in range(10)],
            ),
        ],
    )
    source = gzip.compress("".join(event(number) for number in range(2000)).encode())
    with Target() as target:
        run = replay(written(source[: len(source) // 2]), target, "--skip-broken")
        paths = target.paths()
        good = paths == [f"/{number}" for number in range(len(paths))] and 100 < len(paths) < 2000
        came = "some in order" if good else paths
        said = "said" if "cannot be read" in run.stderr else f"not said: {run.stderr}"
        row.check("half a gzipped file", "some in order, exit 3, said", seen(run, f"{came}, exit {run.status}, {said}"))


def large_files(row):
    last, most = event("last"), 300
    chance = random.Random(3)
    deep, size = 200_000, 30 * MIB

    def fixture(body):
        return b'{"fixture":1,"request":{"path":"/deep","body":%s}}\n' % body

    def before(line):
        return lambda: (line() if callable(line) else line) + b"\n" + last.encode()

    def good(number, text, **more):
        return lambda: event("deep", text * number, **more) + last

    def deep_of(opens, closes=b"", middle=b""):
        return opens * deep + middle + closes * deep

    only, both, first = ["/last"], ["/deep", "/last"], ["{}:1:"]
    arrays, objects = deep_of(b"[", b"]"), deep_of(b'{"a":', b"}", b"1")
    cases = [
        ("not JSON", before(b"this is no recording"), only, 3, first),
        ("HTML", before(b"<html>\n<body>\n</html>"), only, 3, [*first, "{}:3:"]),
        ("a number, a text, null, a list, an object", before(b'1\n"a"\nnull\n[]\n{}'), only, 3, [*first, "{}:5:"]),
        ("200,000 deep and not closed", before(deep_of(b"[")), only, 3, first),
        ("200,000 deep", before(arrays), only, 3, first),
        ("200,000 objects deep", before(objects), only, 3, first),
        ("a body 200,000 deep and not closed", before(fixture(deep_of(b"[")).strip()), only, 3, first),
        ("a body 200,000 deep", before(fixture(arrays).strip()), both, 0, []),
        ("a body 200,000 objects deep", before(fixture(objects).strip()), both, 0, []),
        ("a body 127 deep", before(fixture(b"[" * 127 + b"]" * 127).strip()), both, 0, []),
        ("a body 129 deep", before(fixture(b"[" * 129 + b"]" * 129).strip()), both, 0, []),
        (
            "an unknown member 200,000 deep", before(b'{"fixture":1,"x":%s,"request":{"path":"/deep","body":{}}}' % arrays),
            both, 0, [],
        ),
        ("headers 200,000 deep", before(b'{"fixture":1,"request":{"headers":%s,"body":{}}}' % arrays), only, 3, first),
        ("a line of 30 MB of junk", before(lambda: b"x" * size), only, 3, first),
        ("a line of 30 MB of brackets", before(lambda: b"[" * size), only, 3, first),
        ("a line of 30 MB of NULs", before(lambda: bytes(size)), only, 3, first),
        ("a last line of 30 MB of junk", lambda: last.encode() + b"x" * size, only, 0, ["{}:2: the last line is unfinished"]),
        ("a good line of 30 MB", good(size, "x"), both, 0, []),
        (
            "a good line of 30 MB in base64",
            lambda: event("deep", {"base64": base64.b64encode(bytes(size * 3 // 4)).decode()}) + last, both, 0, [],
        ),
        ("a good line of 30 MB of escapes", good(size // 6, "\0"), both, 0, []),
        ("a good line of 30 MB of numbers", before(lambda: fixture(b"[" + b"1," * (size // 2) + b"1]").strip()), both, 0, []),
        (
            "a good line of 30 MB of members", before(lambda: fixture(b"{" + b'"a":1,' * (size // 6) + b'"a":1}').strip()), both,
            0, [],
        ),
        ("two good lines of 30 MB", lambda: event("deep", "x" * size) * 2 + last, ["/deep", *both], 0, []),
        ("a header of 30 MB", good(1, "x", headers=[["x-a", "y" * size]]), None),
        (
            "headers of 30 MB",
            before(
                lambda: b'{"fixture":1,"request":{"path":"/deep","headers":['
                + b'["x-a","1"],' * (size // 12)
                + b'["x-a","1"]],"body":{}}}'
            ),
            None,
        ),
        (
            "an unknown member of 30 MB",
            before(lambda: b'{"fixture":1,"x":"%s","request":{"path":"/deep","body":{}}}' % (b"x" * size)), both, 0, [],
        ),
        ("a line of 30 MB that breaks off", before(lambda: fixture(b'"' + b"x" * size).strip()), only, 3, first),
        ("bad UTF-8 in a text", before(b'{"fixture":1,"request":{"text":"\xff\xfe"}}'), only, 3, first),
        ("bad UTF-8 in a JSON body", before(b'{"fixture":1,"request":{"body":{"a":"\xc0\xaf"}}}'), None),
        ("bad UTF-8 in a path", before(b'{"fixture":1,"request":{"path":"/\xff","body":{}}}'), only, 3, first),
        ("bad UTF-8 in a header", before(b'{"fixture":1,"request":{"headers":[["x-a","\xff"]],"body":{}}}'), only, 3, first),
        ("half a surrogate in a text", before(b'{"fixture":1,"request":{"text":"\\ud800"}}'), only, 3, first),
        *(
            (f"1 MiB of random bytes ({seed})", before(b"\0" + random.Random(seed).randbytes(MIB)), only, 3, first)
            for seed in range(5)
        ),
        (
            "1 MiB of random characters", before("".join(chance.choice('{}[]":,\\ntrue10.-eE ') for _ in range(MIB)).encode()),
            only, 3, first,
        ),
        ("200,000 broken lines", before(b"\n".join([b"x"] * 200_000)), only, 3, ["{}:200000:"]),
    ]
    documents = [
        ("not JSON", b"this is no recording"),
        ("200,000 deep and not closed", deep_of(b"[")),
        ("200,000 deep", arrays),
        ("200,000 objects deep", objects),
        ("30 MB of junk", lambda: b"x" * size),
        ("30 MB of brackets", lambda: b"[" * size),
        ("bad UTF-8", b'{"a":"\xff"}'),
        ("random bytes", random.Random(7).randbytes(MIB)),
        ("nothing", b""),
    ]
    for suffix in (".json", "", ".har", ".ndjson.gz"):
        kind = f"a file that ends in {suffix}" if suffix else "a file without an ending"
        cases += [(f"{name}, in {kind}", content, None, None, (), (), suffix) for name, content in documents]
    # A recording that is empty is one.
    cases.pop()
    row.together(lambda *case: file_check(*case, most=most), cases)


# 88: what leads elsewhere


def strangers(row):
    with Target() as other:
        a, c = event("a"), event("c")
        host = f"127.0.0.1:{other.port}"

        def request(**members):
            return a + json.dumps({"fixture": 1, "request": {"body": {"n": 1}, **members}}) + "\n" + c

        refused = ["/a", "/c"]
        split = "1\r\nx-smuggled: 1"
        paths = [
            f"http://{host}/x", f"https://{host}/x", f"HTTP://{host}/x", f"ws://{host}/x", f"http:{host}/x", host, f"{host}/x",
            f"@{host}/x",
        ]
        paths += [
            f"user:secret@{host}/x", f"\\\\{host}\\x", " /x", "x", "", "?x", "file:///etc/passwd", "file:/etc/passwd",
            "ftp://h/x", "javascript:1", "data:,x",
        ]
        paths += [
            "/x HTTP/1.1\r\nx-smuggled: 1\r\nx: ", "/x\r\nx-smuggled: 1", "/x\nx-smuggled: 1", "/x\rx", "/x\0", "/a b", "/\t",
            "/\x7f", "/\x1b[31m",
        ]
        methods = [f"GET http://{host}/ HTTP/1.1\r\nx-smuggled: 1\r\n\r\nPOST", "PO ST", "POST\r\n", "", "POST\0", "P\u00f6ST"]
        names = ["x-a: 1\r\nx-smuggled", "x-a\r\nx-smuggled", "x a", "x-a:", "", "x-\0", "x-\u00e4", "x-a\n", "\u200b", "x-a\r"]
        values = [
            split, "1\nx-smuggled: 1", "1\r", "1\rx", "1\0", "1\x7f", "1\x01", "\r\n\r\nGET / HTTP/1.1\r\nx-smuggled: 1\r\n\r\n",
        ]
        encoded = [{"base64": base64.b64encode(value.encode()).decode()} for value in values]
        cases = [(f"the path {path!r}", request(path=path), refused, 3, ["{}:2:"]) for path in paths]
        cases += [(f"the method {method!r}", request(method=method, path="/x"), refused, 3, ["{}:2:"]) for method in methods]
        cases += [
            (f"the header name {name!r}", request(path="/x", headers=[[name, "1"]]), refused, 3, ["{}:2:"]) for name in names
        ]
        cases += [
            (f"the header value {value!r}", request(path="/x", headers=[["x-a", value]]), refused, 3, ["{}:2:"])
            for value in values + encoded
        ]
        cases += [
            ("a path that is a number", request(path=1), refused, 3, ["{}:2:"]),
            ("headers that are none", request(path="/x", headers={"x-a": 1}), None),
        ]
        kept = [
            f"//{host}/x", f"/http://{host}/x", f"/x?to=http://{host}/", "/../../x", "/%0d%0ax-smuggled:%201", f"/@{host}/x",
            "/x;y",
        ]
        cases += [(f"the path {path!r}, at our own target", request(path=path), ["/a", path, "/c"], 0) for path in kept]
        for name in ("host", "Host", "x-forwarded-host", ":authority", "forwarded", "proxy", "origin", "referer"):
            whole = ["/a", "/x", "/c"] if name != ":authority" else None
            cases.append((f"the header {name} of another host", request(path="/x", headers=[[name, host]]), whole, 0))
        for name in ("url", "uri", "target", "to", "host", "scheme", "authority"):
            cases.append(
                (f"a member {name} of another host", request(path="/x", **{name: f"http://{host}/"}), ["/a", "/x", "/c"], 0)
            )
        cases.append(("CONNECT", request(method="CONNECT", path="/x"), None))
        cases.append(("CONNECT to another host", request(method="CONNECT", path=host), refused, 3, ["{}:2:"]))
        foreign = {"method": "POST", "url": f"http://{host}/from?x=1", "headers": [], "postData": {"text": "{}"}}
        har = json.dumps({"log": {"entries": [{"request": foreign}]}})
        elsewhere, header = request(path=f"http://{host}/x"), request(path="/x", headers=[["x-a", split]])
        cases += [
            ("a HAR file of another host", har, ["/from?x=1"], 0, (), (), ".har"),
            ("nothing allowed, a path of another host", elsewhere, ["/a"], 3, ["{}:2:", "--skip-broken"], ()),
            ("nothing allowed, CR LF in a header", header, ["/a"], 3, ["{}:2:"], ()),
        ]
        row.together(lambda *case: file_check(*case, other=other), cases)

        def own_host(name, path, headers):
            with Target() as target:
                replay(written(event("x", path=path, headers=headers)), target)
                got = [(it.line, it.values("host")) for it in target.requests]
                yield name, [(f"POST {path} HTTP/1.1", [f"127.0.0.1:{target.port}".encode()])], got

        row.together(
            own_host,
            [("the Host that is sent", "/x", [["Host", host], ["host", host]]), ("the Host beside //host", f"//{host}/x", [])],
        )
        row.check("connections to the other host in all", 0, other.opened)


# 89: 1 GiB


def huge(row):
    size, count = 1 << 16, 1 << 14
    path = temporary()
    body = "x" * (size - len(event("00000", "")))
    with open(path, "wb") as file:
        for number in range(count):
            file.write(event(f"{number:05}", body).encode())
    row.check("a recording", f"{size * count} bytes", f"{os.path.getsize(path)} bytes")
    try:
        for concurrency in (1, 4):
            journal = temporary(".journal")
            flags = ("-q", "-c", concurrency, "--resume", journal)
            stop_at = count // 2

            def first_part(_):
                # Those that are too many get no answer.
                return OK if len(target.requests) <= stop_at else Say(b"", "hang")

            with Target(first_part) as target:
                run = Replay(path, "--to", target.url, *flags)
                target.wait(lambda it: len(it.requests) > stop_at)
                memory = run.memory()
                run.kill()
                took = target.requests[0].begun - run.begun
                row.check(f"-c {concurrency}: the first request", "within 1 s", f"{took:.3f} s", took <= 1)
                row.check(f"-c {concurrency}: memory after 512 MiB", "under 100 MiB", f"{memory:.1f} MiB", 0 < memory < 100)
                sent = len(target.requests)
                # Its own target is what a journal is for.
                measured = threading.Event()
                target.answers = lambda _: Say(b"", "close") if measured.wait(PATIENCE) else OK
                again = Replay(path, "--to", target.url, *flags)
                target.wait(lambda it: len(it.requests) > sent)
                read, memory = again.bytes_read(), again.memory()
                again.kill()
                measured.set()
                resumed = target.requests[sent]
                took = resumed.begun - again.begun
                row.check(f"-c {concurrency}: gone on with, the first request", "within 1 s", f"{took:.3f} s", took <= 1)
                row.check(f"-c {concurrency}: what was read for it", "under 16 MiB", f"{read / MIB:.2f} MiB", read < 16 * MIB)
                row.check(f"-c {concurrency}: memory", "under 100 MiB", f"{memory:.1f} MiB", 0 < memory < 100)
                number, seen_before = int(resumed.path[1:]), {int(it.path[1:]) for it in target.requests[:sent]}
                fine = stop_at - concurrency <= number <= stop_at + concurrency and set(range(number)) <= seen_before
                row.check(f"-c {concurrency}: where it goes on", f"{stop_at}, or what was in flight", number, fine)
        last = f"/{count - 1:05}"
        for name, flags in (
            ("all but the last passed over", ("--skip", count - 1)),
            ("a filter that must read all", ("--recipient", "nobody@example.com")),
        ):
            with Target() as target:
                run = replay(path, target, *flags, watch=True)
                row.check(f"{name}: sent", [last] if "--skip" in flags else [], target.paths())
                row.check(f"{name}: memory", "under 100 MiB", f"{run.peak:.1f} MiB", 0 < run.peak < 100)
        with Target() as target:
            run = replay(path, target, "--limit", 3, "-c", 2, watch=True)
            row.check("three of it", (3, 0), (len(target.requests), run.status))
            row.check(
                "three of it: time and memory", "within 2 s, under 100 MiB", f"{run.took:.2f} s, {run.peak:.1f} MiB",
                run.took < 2 and run.peak < 100,
            )
    finally:
        os.remove(path)


ROWS = {
    "49": ("in order, each once", in_order),
    "50": ("which statuses are tried again", statuses),
    "51": ("410 ends the run", gone),
    "52": ("Retry-After", patience),
    "53": ("the waits between attempts", backoff),
    "54": ("redirects are not followed", redirects),
    "55": ("odd answers", odd_ends),
    "56": ("killed, and gone on with", killed),
    "57": ("interrupted, and gone on with", interrupted),
    "58": ("the rate", rates),
    "59": ("how many at once", at_once),
    "60": ("a target that is down", down),
    "86": ("recordings with odd ends", torn_files),
    "87": ("files that are none, deep or large", large_files),
    "88": ("recordings that lead elsewhere", strangers),
    "89": ("a recording of 1 GiB", huge),
}


def main():
    wanted = sys.argv[1:] or list(ROWS)
    if unknown := [it for it in wanted if it not in ROWS]:
        sys.exit(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    done = []
    for number in wanted:
        title, run = ROWS[number]
        row, begun = Row(number), time.monotonic()
        try:
            run(row)
        except Exception as error:
            row.check("its checks", "come to an end", repr(error))
        done.append((f"{number}  {row.fine} of {row.all}  {title} ({time.monotonic() - begun:.0f} s)", row))
        print(done[-1][0], flush=True)
    print(f"\n{os.linesep.join(line for line, _ in done)}")
    fine, all = sum(row.fine for _, row in done), sum(row.all for _, row in done)
    print(f"{fine} of {all} in all")
    sys.exit(fine != all)


if __name__ == "__main__":
    main()
