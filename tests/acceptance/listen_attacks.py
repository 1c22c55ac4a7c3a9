#!/usr/bin/env python3
"""Attacks `listen` in every slow, big and numerous way while a client that means well measures how long it waits.

    cargo build --release && tests/acceptance/listen_attacks.py [--only WORDS]

For each attack these bounds hold: the others' p99 under 250 ms, at most 64 MiB more memory, every file descriptor back.
Rows with `slowhttptest` need that program.
"""

import asyncio, gzip, multiprocessing, re, socket, ssl, time, zlib

from harness import Listener, arguments, more_open_files, needs, run

P99, MEMORY, HEAD, BODY, IDLE, SLACK = 0.250, 64, 10, 60, 60, 3
POST = b"POST /attack HTTP/1.1\r\nHost: localhost\r\n"
# So many answers to the client that means well make a figure.
ENOUGH = 20


def good_client(port, tls, waits, stop):
    """Posts fifty times a second over one connection, and over a new one if that is closed."""
    import http.client

    context = ssl._create_unverified_context() if tls else None
    connection, body = None, b'{"event":"open"}'
    while not stop.is_set():
        begun = time.perf_counter()
        try:
            if connection is None:
                kind = (lambda: http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)) if tls else (lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=10))
                connection = kind()
            connection.request("POST", "/good", body)
            connection.getresponse().read()
            waits.append(time.perf_counter() - begun)
        except (OSError, http.client.HTTPException):
            connection = None
            # Closed between two requests is no fault; not being able to connect for long is.
            waits.append(time.perf_counter() - begun)
        time.sleep(max(0, 0.02 - (time.perf_counter() - begun)))


async def dial(listener, tls=None):
    return await asyncio.open_connection("127.0.0.1", listener.port, ssl=tls)


async def closed_after(reader):
    """Seconds until the other side closes, and what it said."""
    begun, said = time.monotonic(), b""
    try:
        while piece := await reader.read(65536):
            said = (said + piece)[:4096]
    except OSError:
        pass
    return time.monotonic() - begun, said


async def all_closed(listener, count, start, within, drip=b"", every=1.0, tls=None):
    """Opens many connections that begin so and go on so slowly; all must be closed in time."""

    async def one():
        reader, writer = await dial(listener, tls)
        writer.write(start)
        ending = asyncio.ensure_future(closed_after(reader))
        while drip and not ending.done():
            await asyncio.wait([ending], timeout=every)
            writer.write(drip)
        took, said = await asyncio.wait_for(ending, within + 30)
        writer.close()
        return took, said

    ended = await asyncio.gather(*(one() for _ in range(count)))
    longest = max(took for took, _ in ended)
    wrong = [said for _, said in ended if b" 200 " in said]
    return f"closed in {longest:.1f} s", longest <= within + SLACK and not wrong


async def silent(listener):
    return await all_closed(listener, 200, b"", HEAD)


async def slow_head(listener):
    return await all_closed(listener, 200, b"POST /attack HTTP/1.1\r\nX: ", HEAD, b"x")


async def slow_body(listener):
    told = await all_closed(listener, 200, POST + b"Content-Length: 1000\r\n\r\n", BODY, b"x")
    printed = listener.stdout().count("/attack")
    return told[0] + f", {printed} printed", told[1] and not printed


async def idle(listener):
    async def one():
        reader, writer = await dial(listener)
        writer.write(b"GET /idle HTTP/1.1\r\nHost: h\r\n\r\n")
        took, said = await closed_after(reader)
        writer.close()
        return took, said.startswith(b"HTTP/1.1 200")

    ended = await asyncio.gather(*(one() for _ in range(50)))
    longest = max(took for took, _ in ended)
    return f"closed in {longest:.1f} s", longest <= IDLE + 15 and all(fine for _, fine in ended)


async def too_large(listener):
    async def one(head, piece):
        reader, writer = await dial(listener)
        writer.write(POST + head)
        ending = asyncio.ensure_future(closed_after(reader))
        sent = 0
        try:
            while piece and not ending.done() and sent < 200 << 20:
                writer.write(piece)
                sent += len(piece)
                await asyncio.wait_for(writer.drain(), 5)
        except (OSError, asyncio.TimeoutError):
            pass
        _, said = await ending
        writer.close()
        return said

    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    kinds = [(b"Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n", b"")] * 50
    kinds += [(b"Content-Length: 10000000000\r\n\r\n", bytes(1 << 16))] * 20 + [(b"Transfer-Encoding: chunked\r\n\r\n", chunk)]
    said = await asyncio.gather(*(one(*kind) for kind in kinds))
    refused = sum(answer.startswith(b"HTTP/1.1 413") for answer in said)
    # A client that goes on sending may be reset before it has read the refusal.
    return f"413 to {refused} of {len(kinds)}", refused >= 50 and not any(b"100 Continue" in answer or b" 200 " in answer for answer in said)


async def never_reads(listener):
    request = POST + b"Content-Length: 2\r\n\r\nhi"

    async def one():
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, ("127.0.0.1", listener.port))
            try:
                await asyncio.wait_for(loop.sock_sendall(client, request * 8000), 5)
            except (OSError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(3)

    await asyncio.gather(*(one() for _ in range(20)))
    return "", True


async def many(listener):
    async def one(number):
        try:
            reader, writer = await asyncio.wait_for(dial(listener), 30)
        except (OSError, asyncio.TimeoutError):
            return
        await asyncio.wait([asyncio.ensure_future(closed_after(reader))], timeout=5)
        writer.close()

    before = listener.cpu()
    await asyncio.gather(*(one(number) for number in range(2000)))
    spent = listener.cpu() - before
    return f"{spent:.2f} s of CPU", spent < 3


async def bombs(listener):
    def zeros(size):
        packer = zlib.compressobj(9, wbits=31)
        return b"".join([packer.compress(bytes(1 << 20)) for _ in range(size >> 20)] + [packer.flush()])

    bodies = [zeros(1 << 20), zeros(16 << 20), await asyncio.to_thread(zeros, 1 << 30)]
    layered = bodies[0]
    for _ in range(20):
        layered = gzip.compress(layered)
    before, fine = listener.cpu(), 0
    for coding, body in [("gzip", body) for body in bodies] + [("gzip, gzip", gzip.compress(bodies[1])), ("gzip, " * 19 + "gzip", layered)]:
        reader, writer = await dial(listener)
        writer.write(POST + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        _, said = await closed_after(reader)
        writer.close()
        fine += bool(re.match(rb"HTTP/1.1 (2|413|415)", said))
    spent = listener.cpu() - before
    return f"{fine} of 5 answered, {spent:.2f} s of CPU", fine == 5 and spent < 5


async def large_at_once(listener):
    size = 24 << 20

    async def one():
        reader, writer = await dial(listener)
        writer.write(POST + f"Content-Length: {size}\r\nConnection: close\r\n\r\n".encode())
        for _ in range(size >> 20):
            writer.write(bytes(1 << 20))
            await writer.drain()
        _, said = await closed_after(reader)
        writer.close()
        return said.startswith(b"HTTP/1.1 200")

    fine = sum(await asyncio.gather(*(one() for _ in range(60))))
    return f"{fine} of 60 answered", fine == 60


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(*fields):
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)


HEADERS = block((b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/attack"))
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)


def h2():
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    return context


async def flood(listener, start, pieces):
    reader, writer = await dial(listener, h2())
    ending = asyncio.ensure_future(closed_after(reader))
    writer.write(PREFACE + start)
    try:
        for piece in pieces:
            if ending.done():
                break
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), 10)
    except (OSError, asyncio.TimeoutError):
        pass
    writer.close()
    await asyncio.wait([ending], timeout=5)
    return "", True


async def rapid_reset(listener):
    def some(first):
        return b"".join(frame(1, 4, stream, HEADERS) + frame(3, 0, stream, bytes([0, 0, 0, 8])) for stream in range(first, first + 200, 2))

    return await flood(listener, b"", (some(first) for first in range(1, 80_001, 200)))


async def endless_head(listener):
    piece = frame(9, 0, 1, block((b"x", b"y" * 100)) * 100)
    return await flood(listener, frame(1, 0, 1, HEADERS), (piece for _ in range(10_000)))


async def empty_data(listener):
    return await flood(listener, frame(1, 4, 1, HEADERS), (frame(0, 0, 1) * 1000 for _ in range(1000)))


async def hoard(listener):
    async def one():
        reader, writer = await dial(listener, h2())
        writer.write(PREFACE + frame(8, 0, 0, (1 << 30).to_bytes(4, "big")))
        streams = range(1, 201, 2)
        writer.write(b"".join(frame(1, 4, stream, HEADERS) for stream in streams))
        try:
            for _ in range(2):
                writer.write(b"".join(frame(0, 0, stream, bytes(15_000)) for stream in streams))
                await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(5)
        except (OSError, asyncio.TimeoutError):
            pass
        writer.close()

    await asyncio.gather(*(one() for _ in range(10)))
    return "", True


async def quiet_http2(listener):
    return await all_closed(listener, 50, PREFACE, IDLE, tls=h2())


async def no_handshake(listener):
    return await all_closed(listener, 200, b"\x16\x03\x01", HEAD)


def slowhttptest(*flags):
    async def run(listener):
        command = ["slowhttptest", "-c", "500", "-r", "200", "-l", "12", "-i", "2", "-p", "3", *flags, "-u", f"http://127.0.0.1:{listener.port}/slow"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        out = re.sub(rb"\x1b\[[0-9;]*m", b"", (await process.communicate())[0]).decode(errors="replace")
        states = re.findall(r"service available:\s+(YES|NO)", out)
        return f"available {states.count('YES')} of {len(states)} times", bool(states) and "NO" not in states

    return run


async def sample(listener, peak, done):
    while not done.is_set():
        peak[0] = max(peak[0], listener.memory())
        await asyncio.sleep(0.05)


async def settle(listener, files):
    """Waits, for as long as a head may take, until the open files are back."""
    for _ in range(10 * (HEAD + SLACK)):
        if listener.open_files() <= files:
            break
        await asyncio.sleep(0.1)
    return listener.open_files() - files


async def attacked(row, listener, attack, tls, allowed):
    with multiprocessing.Manager() as manager:
        waits, stop = manager.list(), multiprocessing.Event()
        client = multiprocessing.Process(target=good_client, args=(listener.port, tls, waits, stop))
        client.start()
        try:
            await asyncio.sleep(0.7)
            files, start, done = listener.open_files(), listener.memory(), asyncio.Event()
            peak = [start]
            sampling = asyncio.ensure_future(sample(listener, peak, done))
            quiet = len(waits)
            said, fine = await attack(listener)
            # One that is over at once is made again, until enough others were served meanwhile.
            while len(waits) < quiet + ENOUGH and listener.process.poll() is None:
                said, again = await attack(listener)
                fine = fine and again
            left = await settle(listener, files)
            done.set()
            await sampling
        finally:
            stop.set()
            client.join()
        during = sorted(list(waits)[quiet:]) or [float("inf")]
    p99, more = during[int(len(during) * 0.99)], peak[0] - start
    if said:
        row.remark(said)
    row.remark(f"others' p99 {p99 * 1000:.1f} ms, {more:+.1f} MiB")
    row.check("the attack", "an end as it should be", said, fine)
    row.check("the others' p99", f"under {P99 * 1000:.0f} ms", f"{p99 * 1000:.1f} ms", p99 < P99)
    row.check("memory", f"at most {allowed} MiB more", f"{more:.1f} MiB", more <= allowed)
    row.check("open files left", 0, left, left <= 0)
    row.check("the listener", "alive", "alive" if listener.process.poll() is None else listener.stderr())


def row(attack, tls=False, allowed=MEMORY, program=None):
    def run_row(row):
        needs(*([program] if program else []))
        with Listener(*(["--tls"] if tls else [])) as listener:
            asyncio.run(attacked(row, listener, attack, tls, allowed))
            listener.stop()

    return run_row


def slow(*flags):
    return row(slowhttptest(*flags), program="slowhttptest")


ROWS = {
    "200 connections that say nothing are closed": row(silent),
    "200 heads that come slowly are cut off": row(slow_head),
    "bodies that are too large are refused, and not read": row(too_large),
    "60 large bodies at once are all answered": row(large_at_once, allowed=400),
    "20 clients that never read answers disturb nobody": row(never_reads),
    "2,000 connections at once cost little CPU time": row(many),
    "gzip bombs are answered and cost little CPU time": row(bombs),
    "slowhttptest with slow heads": slow("-H"),
    "slowhttptest with slow bodies": slow("-B"),
    "slowhttptest with slow reading": slow("-X", "-k", "3"),
    "slowhttptest with ranges": slow("-R", "-t", "HEAD"),
    "200 TLS handshakes that stop are closed": row(no_handshake, tls=True),
    "HTTP/2 streams that are reset rapidly disturb nobody": row(rapid_reset, tls=True),
    "an HTTP/2 head without end disturbs nobody": row(endless_head, tls=True),
    "empty HTTP/2 frames without end disturb nobody": row(empty_data, tls=True),
    "HTTP/2 bodies that are never finished take little memory": row(hoard, tls=True),
    "HTTP/2 connections that say nothing are closed": row(quiet_http2, tls=True),
    "200 bodies that come slowly are cut off, and not printed": row(slow_body),
    "50 idle connections are closed": row(idle),
}


if __name__ == "__main__":
    more_open_files()
    run(ROWS, arguments(__doc__).parse_args())
