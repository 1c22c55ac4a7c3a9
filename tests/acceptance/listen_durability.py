#!/usr/bin/env python3
"""Proves that what `listen` acknowledged is kept: by killing it, by watching its system calls, by failing its disk.

    cargo build --release && tests/acceptance/listen_durability.py [--only WORDS] [--kills N] [--deliveries N]

Needs Linux; some rows need strace or the right to mount. `--bodies FOLDER` takes bodies from a folder with
`JSONTestSuite.jsonl.gz` (`{"name": …, "b64": …}` a line) and `blns.base64.json`, besides those made here.
"""

import base64, collections, gzip, http.server, json, os, random, re, socket, struct, subprocess, sys, tempfile, threading, time

from harness import TOOL, Listener, Skipped, arguments, needs, run


FOLDER = tempfile.TemporaryDirectory()
# Tells this program that it runs inside of the mount that it asked for.
INSIDE = "inside-of-the-mount"


def recorder(record, *flags, **more):
    """A listener that records, and whose lines nobody reads."""
    return Listener("-q", "--record", record, *flags, stdout=subprocess.DEVNULL, **more)


def temporary():
    return os.path.join(tempfile.mkdtemp(dir=FOLDER.name), "r.ndjson")


def request(body, path="/"):
    return b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


def post(port, body):
    """The status of one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(request(body))
        stream.shutdown(socket.SHUT_WR)
        answer = b""
        while more := stream.recv(65536):
            answer += more
    return int(answer[9:12] or 0)


def lines(path):
    with open(path, "rb") as file:
        return file.read().splitlines(keepends=True)


def bodies(path):
    return [fixture_body(json.loads(line)["request"]) for line in lines(path)]


def fixture_body(request):
    return request["text"] if "text" in request else base64.b64decode(request["base64"]) if "base64" in request else request["body"]


def pipeline(port, name, acknowledged, key):
    """Keeps a window of requests ahead of the answers until the connection breaks; counts the answers of 200."""
    sent = done = 0
    rest = b""
    try:
        with socket.create_connection(("127.0.0.1", port)) as stream:
            while True:
                if sent - done < 64:
                    stream.sendall(b"".join(request(b'{"id":"%s-%d","x":"%s"}' % (name, n, b"x" * (n % 97))) for n in range(sent, sent + 64)))
                    sent += 64
                data = rest + stream.recv(65536)
                if data == rest:
                    return
                *whole, rest = data.split(b"\r\n\r\n")
                for answer in whole:
                    assert answer.startswith(b"HTTP/1.1 200"), answer
                done += len(whole)
                acknowledged[key] = done
    except OSError:
        return


def kills(row, rounds, total):
    path = temporary()
    acknowledged = {}
    cut = restarts = 0
    begun = time.time()
    for number in range(rounds):
        before = sum(acknowledged.values())
        # On average so many that the last kill comes at the last delivery.
        goal = before + random.randint(1, max(2, 2 * (total - before) // (rounds - number) - 1))
        goal = total if number == rounds - 1 else goal
        if number % 10 == 9:
            # Half a line, and a kill while it is mended.
            with open(path, "ab") as file:
                file.write(random.choice([b'{"fixture":1,"req', b"\0" * 5000, b"{" * 3000, b"\xf0\x9f"]))
            for _ in range(5):
                start = recorder(path, wait=False)
                time.sleep(random.random() * 0.006)
                start.kill()
                restarts += 1
                cut += "unfinished" in start.stderr()
        listen = recorder(path)
        clients = []
        for client in range(8):
            key = (number, client)
            acknowledged[key] = 0
            clients.append(threading.Thread(target=pipeline, args=(listen.port, b"%d-%d" % key, acknowledged, key)))
            clients[-1].start()
        while sum(acknowledged.values()) < goal:
            assert listen.process.poll() is None, listen.stderr()
            time.sleep(random.random() * 0.003)
        listen.kill()
        for client in clients:
            client.join()
        cut += "unfinished" in listen.stderr()
    recorder(path, "--for", "1ms").process.wait()
    took = time.time() - begun
    counts = collections.Counter()
    glued = 0
    shape = re.compile(rb'\{"fixture":1,"id":"\w+",.*"body":\{"id":"(\d+)-(\d+)-(\d+)","x":"(x*)"\}\}.*,"crc32c":"[0-9a-f]{8}"\}\n')
    with open(path, "rb") as file:
        for line in file:
            found = shape.fullmatch(line)
            if not found or line.count(b'"fixture"') != 1 or len(found.group(4)) != int(found.group(3)) % 97:
                glued += 1
            else:
                counts[tuple(int(n) for n in found.groups()[:3])] += 1
    lost = sum(counts[(*key, n)] == 0 for key, done in acknowledged.items() for n in range(done))
    doubled = sum(count > 1 for count in counts.values())
    # The tool's own reader checks every checksum.
    checked = subprocess.run([TOOL, "replay", path, "--dry-run", "--as", "json"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    row.remark(f"{sum(acknowledged.values()):,} acknowledged, {rounds} kills, {restarts} while starting; {cut} left half a line; {took:.0f} s of load")
    row.check("acknowledged deliveries that are lost", 0, lost)
    row.check("deliveries that are there twice", 0, doubled)
    row.check("lines of more than one delivery, or of half a one", 0, glued)
    row.check("checksums, as `replay` reads them", "exit 0", f"exit {checked.returncode}")
    os.remove(path)


class Traced:
    """Calls of an strace log in the order in which they begin and end: (begins, ends, name, arguments, result)."""

    def __init__(self, path):
        self.open = {}
        self.path = path

    def __iter__(self):
        with open(self.path, errors="replace") as log:
            for line in log:
                pid, _, rest = line.partition(" ")
                rest = rest.lstrip()
                if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)$", rest):
                    name, arguments = self.open.pop(pid, ("", ""))
                    whole = arguments + resumed.group(1)
                    yield False, True, name, whole, result(whole)
                elif called := re.match(r"(\w+)\((.*)$", rest):
                    name, arguments = called.groups()
                    if arguments.endswith(" <unfinished ...>"):
                        arguments = arguments.removesuffix(" <unfinished ...>")
                        self.open[pid] = (name, arguments)
                        yield True, False, name, arguments, None
                    else:
                        yield True, True, name, arguments, result(arguments)


def result(text):
    found = re.search(r"\) += (-?\d+)[^=]*$", text)
    return int(found.group(1)) if found else None


def strace(log, *words, only=None):
    return ["strace", "-f", "-q", "-s", "1000000", "-o", log, *(["-P", only] if only else []), *words]


def order(row):
    needs("strace")
    folder = tempfile.mkdtemp(dir=FOLDER.name)
    path, log = os.path.join(folder, "r.ndjson"), os.path.join(folder, "log")
    calls = "trace=openat,read,recvfrom,readv,write,writev,sendto,fdatasync,fsync"
    listen = recorder(path, before=strace(log, "-e", calls))

    def client(name):
        with socket.create_connection(("127.0.0.1", listen.port)) as stream:
            for number in range(50):
                stream.sendall(request(b"<%d-%d>" % (name, number)))
                while not stream.recv(65536).endswith(b"\r\n\r\n"):
                    pass

    clients = [threading.Thread(target=client, args=(name,)) for name in range(24)]
    [it.start() for it in clients], [it.join() for it in clients]
    listen.stop()
    record = folder_fd = None
    asked, written, synced, syncing = {}, set(), set(), {}
    answers = wrong = syncs = 0
    folder_synced = early = False
    for begins, ends, name, text, value in Traced(log):
        fd = text.split(",")[0].split(")")[0]
        ids = re.findall(r"<(\d+-\d+)>", text)
        if name == "openat" and ends:
            record = str(value) if f'"{path}"' in text else record
            folder_fd = str(value) if f'"{folder}"' in text else folder_fd
        elif name == "fsync" and ends and value == 0:
            folder_synced |= fd == folder_fd
        elif name == "fdatasync":
            if begins:
                syncing[fd] = set(written)
            if ends and value == 0 and fd == record:
                syncs += 1
                synced |= syncing[fd]
        elif fd == record:
            if ends and value and value > 0 and name.startswith("write"):
                written.update(ids)
        elif ids and name in ("read", "recvfrom", "readv"):
            if ends:
                asked[fd] = ids[-1]
        elif begins and "HTTP/1.1 200" in text:
            answers += 1
            wrong += asked.get(fd) not in synced
            early |= not folder_synced
    row.remark(f"{syncs / max(answers, 1):.2f} syncs a delivery of 24 clients")
    row.check("answers of 200", 1200, answers)
    row.check("answers before the write and the sync", 0, wrong)
    row.check("answers before the folder is synced", "none", "some" if early else "none")
    row.check("syncs, shared by deliveries", f"at most {0.8 * answers:.0f}", syncs, syncs <= 0.8 * answers)


def faulty(row, *inject, expect_failures):
    """Sends one by one while calls fail; what is answered 200 is there in order, once, and nothing else is."""
    needs("strace")
    folder = tempfile.mkdtemp(dir=FOLDER.name)
    path, log = os.path.join(folder, "r.ndjson"), os.path.join(folder, "log")
    open(path, "w").close()
    with recorder(path, before=strace(log, *inject, only=path)) as listen:
        statuses = [post(listen.port, b"%d" % number) for number in range(60)]
        listen.stop()
    kept = [number for number, status in enumerate(statuses) if status == 200]
    failures = [status for status in statuses if status != 200]
    with open(log) as text:
        injected = text.read().count("(INJECTED)")
    row.remark(f"{injected} calls failed")
    row.check("calls that failed", "some", injected, injected > 0)
    row.check("what is answered 200 is kept, once, in order", kept, bodies(path))
    row.check("the other answers", [507] * expect_failures, failures)
    row.check("the last answer", 200, statuses[-1])


def eio(row):
    faulty(row, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=4..6", expect_failures=3)


def eintr(row):
    faulty(row, "-e", "trace=write,fdatasync", "-e", "inject=write,fdatasync:error=EINTR:when=9+9", expect_failures=0)


def full(row):
    """1 MiB of a file system, filled and then made larger, in a mount of its own, which only a process of its own can have."""
    needs("unshare", "mount")
    if subprocess.run(["unshare", "--mount", "--map-root-user", "true"], capture_output=True).returncode:
        raise Skipped("no right to a mount of its own")
    inside = subprocess.run(["unshare", "--mount", "--map-root-user", sys.executable, __file__, INSIDE], capture_output=True, text=True)
    assert inside.returncode == 0, inside.stderr
    for check in json.loads(inside.stdout):
        row.check(*check)


def fill():
    """The checks of a disk that is full, made inside of the mount."""
    checks = []
    folder = tempfile.mkdtemp(dir=FOLDER.name)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    for sync in ("always", "interval"):
        path = os.path.join(folder, f"{sync}.ndjson")
        with recorder(path, "--sync", sync) as listen:
            kept, refused, number = [], 0, 0
            while refused < 50:
                body = b"%d\n%s" % (number, b"x" * 3000)
                status = post(listen.port, body)
                kept += [body.decode()] if status == 200 else []
                refused += status == 507
                assert status in (200, 507), status
                number += 1
            checks.append((f"--sync {sync}: the last line", "whole", "whole" if lines(path)[-1].endswith(b"\n") else "half"))
            subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)
            begun = time.time()
            while post(listen.port, b"again") != 200:
                assert time.time() < begun + 10, "it did not come back"
            listen.stop()
        here = bodies(path) == kept + ["again"]
        checks.append((f"--sync {sync}: what is answered 200", "kept", "kept" if here else "not all kept"))
        os.remove(path)
        subprocess.run(["mount", "-o", "remount,size=1m", folder], check=True)
    subprocess.run(["umount", folder], check=True)
    print(json.dumps(checks))


def resets(row):
    path = temporary()
    with recorder(path) as listen:
        post(listen.port, b"first")
        before = listen.open_files()
        for number in range(300):
            broken_off(listen, request(b"cut-%d-" % number + b"x" * 5000)[: -random.randint(1, 4000)])
        for number in range(60):
            broken_off(listen, request(b"whole-%d" % number))
        post(listen.port, b"last")
        for _ in range(100):
            if (after := listen.open_files()) <= before:
                break
            time.sleep(0.05)
        listen.stop()
    kept = bodies(path)
    whole = [it for it in kept if it.startswith("whole-")]
    row.remark(f"{len(whole)} of 60 recorded that were reset behind the body")
    row.check("recorded of 300 that were reset in the body", [], [it for it in kept if it.startswith("cut-")])
    row.check("those that are recorded", "whole, each once", "whole, each once" if len(set(whole)) == len(whole) == len(kept) - 2 else kept)
    row.check("open files", f"{before} at most", after, after <= before)


def broken_off(listen, text):
    """Sends it and resets the connection."""
    with socket.create_connection(("127.0.0.1", listen.port)) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.sendall(text)


def foreign(folder):
    with gzip.open(os.path.join(folder, "JSONTestSuite.jsonl.gz"), "rt") as text:
        for line in text:
            yield base64.b64decode(json.loads(line)["b64"])
    with open(os.path.join(folder, "blns.base64.json")) as text:
        for encoded in json.load(text):
            yield base64.b64decode(encoded)


def hostile():
    """Bodies made here: bytes of every kind, broken JSON, line breaks, large ones."""
    chance = random.Random(1)
    pieces = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"\0", b" ", b"\xff", b"\xe2\x80\xae", b"1.10", b'"a":1', b"\\u0000", b"x" * 50]
    for _ in range(1000):
        yield b"".join(chance.choices(pieces, k=chance.randrange(60)))
    for number in range(1000):
        yield (b'line %d\n"quoted"\0\r\n' % number) * (200_000 // 20)
    for depth in (127, 128, 129, 200_000):
        yield b"[" * depth + b"]" * depth
    yield bytes(range(256)) * 12_000
    yield b""


class Receiver(http.server.BaseHTTPRequestHandler):
    """A target that keeps the bodies."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.came.append(self.rfile.read(int(self.headers["content-length"] or 0)))
        self.send_response_only(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def round_trip(row, others):
    wanted = [*(foreign(others) if others else ()), *hostile()]
    path = temporary()
    with recorder(path) as listen:
        statuses = {post(listen.port, body) for body in wanted}
        peak = listen.memory("VmHWM")
        listen.stop()
    row.check("answers", {200}, statuses)
    row.check("lines", len(wanted), len(lines(path)))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.came = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        replayed = subprocess.run([TOOL, "replay", path, "--to", f"127.0.0.1:{server.server_port}"], capture_output=True)
        server.shutdown()
    same = sum(one == other for one, other in zip(server.came, wanted))
    row.remark(f"{len(wanted):,} bodies, peak of the listener {peak:.0f} MiB")
    row.check("came back identical and in order", (len(wanted), len(wanted)), (same, len(server.came)))
    row.check("replay", "exit 0", f"exit {replayed.returncode}")


def main():
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=20, help="how often the listener is killed under load [default: 20]")
    parser.add_argument("--deliveries", type=int, default=200_000, help="how many deliveries come meanwhile [default: 200000]")
    parser.add_argument("--bodies", metavar="FOLDER", help="a folder with bodies from elsewhere")
    options = parser.parse_args()
    rows = {
        "no answer comes before its delivery is written and synced": order,
        "a disk that fails is told to the sender, and nothing else is lost": eio,
        "an interrupted system call loses nothing": eintr,
        "a disk that is full is told to the sender, and work goes on when there is room": full,
        "a delivery that is broken off is not recorded": resets,
        "bodies of any bytes come back as they were": lambda row: round_trip(row, options.bodies),
        "a listener that is killed under load has all that it acknowledged": lambda row: kills(row, options.kills, options.deliveries),
    }
    run(rows, options)


if __name__ == "__main__":
    fill() if sys.argv[1:] == [INSIDE] else main()
