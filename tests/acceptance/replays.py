"""Recordings to replay, runs of `replay`, and what may be said of an answer, for the suites about replaying."""

import contextlib, itertools, json, os, re, signal, ssl, subprocess, sys, tempfile, time, unicodedata

from harness import PATIENCE, TOOL

FOLDER = tempfile.TemporaryDirectory()
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "XDG_STATE_HOME": os.path.join(FOLDER.name, "state")}
NAMES = itertools.count()
# Runs a command and writes its status and its peak of memory, which is known for certain only when it has ended.
MEASURE = (
    "import os,sys; p=os.spawnvp(os.P_WAIT,sys.argv[2],sys.argv[2:]); import resource; "
    "open(sys.argv[1],'w').write(f'{p} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}')"
)
# Quick to give up, so that a row of many cases is soon over.
HASTE = ("--json", "--retries", "1", "--backoff", "1ms")

# What becomes of an odd delivery and of the next one; the last where the standard leaves it open.
TAKEN, NONE = "200 then 202, exit 0", "no answer, no answer then 202, exit 4"
EITHER = f"{TAKEN} or {NONE}"


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

def told(run, id):
    return ", ".join("no answer" if not it.isdigit() else it for it in run.attempts(id))


def refused(status):
    return f"{status} then 202, exit 1"


def failed(status):
    return f"{status}, {status} then 202, exit 1"


def fields(count, size=1):
    return b"".join(b"X-%d: %s\r\n" % (number, b"y" * size) for number in range(count))


def own_tls():
    """What a server needs to speak TLS, with the certificate that the tool makes for itself."""
    Replay("--tls", "--port", "0", "--for", "1ms", command="listen").end()
    folder = os.path.join(ENVIRONMENT["XDG_STATE_HOME"], "webhook-cli")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "localhost.pem"), os.path.join(folder, "key.pem"))
    return context
