"""A server that answers as it is told, in pieces, late, wrongly or never, and notes what comes."""

import contextlib, itertools, socket, ssl, struct, threading, time

from harness import MIB, PATIENCE


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
