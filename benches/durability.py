#!/usr/bin/env python3
"""Proves that what `listen` acknowledged is kept: by killing it, by watching its system calls, by failing its disk.

    cargo build --release && benches/durability.py [CHECK...]

Without names all checks run; they need Linux, and `order`, `eio` and `eintr` need strace, `full` the right to mount.
`kills=50,1000000` says how many kills and how many deliveries; `bodies=FOLDER` takes bodies from a folder with
`JSONTestSuite.jsonl.gz` (`{"name": …, "b64": …}` a line) and `blns.base64.json`, besides those it makes itself.
Each check prints a line; the status is 1 if one of them failed.
"""

import base64, collections, gzip, http.server, json, os, queue, random, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
FAILED = []


def say(name, ok, text):
    print(f"{'ok  ' if ok else 'FAIL'}  {name:8} {text}", flush=True)
    if not ok:
        FAILED.append(name)


class Listen:
    """A listener on a free port, perhaps behind a command that starts it."""

    def __init__(self, record, *args, before=(), wait=True):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*before, TOOL, "listen", "--port", "0", "-q", "--record", record, *args], stdout=subprocess.PIPE, stderr=self.errors
        )
        self.port = None
        if wait:
            line = self.process.stdout.readline().decode()
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if not found:
                raise SystemExit(f"no listener: {line}{self.stderr()}")
            self.port = int(found.group(1))
            threading.Thread(target=lambda: collections.deque(self.process.stdout, 0), daemon=True).start()

    def pid(self):
        """The listener's own id, behind strace or not."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children) as text:
            return int((text.read().split() or [self.process.pid])[0])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        os.kill(self.pid(), signal.SIGINT)
        self.process.wait(30)

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode()


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


# Killed under load


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


def kills(argument):
    rounds, total = (int(n) for n in (argument or "50,1000000").split(","))
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "r.ndjson")
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
                start = Listen(path, wait=False)
                time.sleep(random.random() * 0.006)
                start.kill()
                restarts += 1
                cut += "unfinished" in start.stderr()
        listen = Listen(path)
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
    Listen(path, "--for", "1ms").process.wait()
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
    text = f"{sum(acknowledged.values())} acknowledged, {rounds} kills ({cut} left half a line) and {restarts} while starting, {took:.0f} s: "
    text += f"{lost} lost, {doubled} doubled, {glued} glued; checksums: status {checked.returncode}"
    say("kills", not (lost or doubled or glued or checked.returncode), text)
    shutil.rmtree(folder)


# Watched


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


def order(_):
    folder = tempfile.mkdtemp()
    path, log = os.path.join(folder, "r.ndjson"), os.path.join(folder, "log")
    calls = "trace=openat,read,recvfrom,readv,write,writev,sendto,fdatasync,fsync"
    listen = Listen(path, before=strace(log, "-e", calls))

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
    text = f"{answers} answers of 200, {wrong} before write and sync; the folder synced first: {not early}; {syncs / max(answers, 1):.2f} syncs each, 24 clients"
    say("order", answers == 1200 and not wrong and not early and syncs <= 0.8 * answers, text)
    shutil.rmtree(folder)


# Failing


def faulty(name, *inject, expect_failures):
    """Sends one by one while calls fail; what is answered 200 is there in order, once, and nothing else is."""
    folder = tempfile.mkdtemp()
    path, log = os.path.join(folder, "r.ndjson"), os.path.join(folder, "log")
    open(path, "w").close()
    listen = Listen(path, before=strace(log, *inject, only=path))
    statuses = [post(listen.port, b"%d" % number) for number in range(60)]
    listen.stop()
    kept = [number for number, status in enumerate(statuses) if status == 200]
    failures = {number: status for number, status in enumerate(statuses) if status != 200}
    with open(log) as text:
        injected = text.read().count("(INJECTED)")
    right = bodies(path) == kept and set(failures.values()) <= {507} and len(failures) == expect_failures and statuses[-1] == 200
    say(name, right and injected > 0, f"{injected} calls failed: {len(kept)} answered 200 and kept, {len(failures)} answered 507 and not kept")
    shutil.rmtree(folder)


def eio(_):
    faulty("eio", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=4..6", expect_failures=3)


def eintr(_):
    faulty("eintr", "-e", "trace=write,fdatasync", "-e", "inject=write,fdatasync:error=EINTR:when=9+9", expect_failures=0)


def full(_):
    """1 MiB of a file system, filled and then made larger, in a mount of its own."""
    if os.environ.get("INSIDE") != "full":
        inside = subprocess.run(["unshare", "--mount", "--map-root-user", sys.executable, __file__, "full"], env={**os.environ, "INSIDE": "full"})
        if inside.returncode:
            FAILED.append("full")
        return
    folder = tempfile.mkdtemp()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    for sync in ("always", "interval"):
        path = os.path.join(folder, f"{sync}.ndjson")
        listen = Listen(path, "--sync", sync)
        kept, refused, number = [], 0, 0
        while refused < 50:
            body = b"%d\n%s" % (number, b"x" * 3000)
            status = post(listen.port, body)
            kept += [body.decode()] if status == 200 else []
            refused += status == 507
            assert status in (200, 507), status
            number += 1
        half = not lines(path)[-1].endswith(b"\n")
        subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)
        begun = time.time()
        while post(listen.port, b"again") != 200:
            assert time.time() < begun + 10, "it did not come back"
        took = time.time() - begun
        listen.stop()
        right = bodies(path) == kept + ["again"] and not half
        say("full", right, f"--sync {sync}: {len(kept)} kept, {refused} refused, half a line: {half}; back {took * 1000:.0f} ms after there is room")
        os.remove(path)
        subprocess.run(["mount", "-o", "remount,size=1m", folder], check=True)
    subprocess.run(["umount", folder])


# Rude senders


def resets(_):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "r.ndjson")
    listen = Listen(path)
    fds = lambda: len(os.listdir(f"/proc/{listen.pid()}/fd"))
    post(listen.port, b"first")
    before = fds()
    for number in range(300):
        stream = socket.create_connection(("127.0.0.1", listen.port))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.sendall(request(b"cut-%d-" % number + b"x" * 5000)[: -random.randint(1, 4000)])
        stream.close()
    for number in range(60):
        stream = socket.create_connection(("127.0.0.1", listen.port))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.sendall(request(b"whole-%d" % number))
        stream.close()
    post(listen.port, b"last")
    for _ in range(100):
        if (after := fds()) <= before:
            break
        time.sleep(0.05)
    listen.stop()
    kept = bodies(path)
    whole = [it for it in kept if it.startswith("whole-")]
    cut = [it for it in kept if it.startswith("cut-")]
    right = not cut and len(set(whole)) == len(whole) and len(kept) == len(whole) + 2 and after <= before
    say("resets", right, f"300 in the body: {len(cut)} recorded; 60 behind it: {len(whole)} recorded, each whole and once; descriptors {before} before, {after} after")
    shutil.rmtree(folder)


# Back as they were


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


def bodies_check(argument):
    wanted = list(hostile())
    count = 0
    if argument:
        others = list(foreign(argument))
        count = len(others)
        wanted = others + wanted
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "r.ndjson")
    listen = Listen(path)
    for body in wanted:
        status = post(listen.port, body)
        assert status == 200, status
    with open(f"/proc/{listen.pid()}/status") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024
    listen.stop()
    came = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            came.put(self.rfile.read(int(self.headers["content-length"] or 0)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    replayed = subprocess.run([TOOL, "replay", path, "--to", f"127.0.0.1:{server.server_port}"], capture_output=True)
    got = list(came.queue)
    same = sum(one == other for one, other in zip(got, wanted))
    text = f"{len(wanted)} bodies, {count} of them from elsewhere: {same} came back identical and in order; a line each: {len(lines(path)) == len(wanted)}; peak of the listener {peak:.0f} MiB"
    say("bodies", same == len(wanted) == len(got) == len(lines(path)) and replayed.returncode == 0, text)
    shutil.rmtree(folder)


CHECKS = {"order": order, "eio": eio, "eintr": eintr, "full": full, "resets": resets, "bodies": bodies_check, "kills": kills}

for word in sys.argv[1:] or CHECKS:
    name, _, argument = word.partition("=")
    CHECKS[name](argument)
sys.exit(bool(FAILED))
