#!/usr/bin/env python3
"""Has `replay` meet targets that close, answer too early or never end, and holds that nothing is lost or untold.

    cargo build --release && tests/acceptance/replay_connections.py [--only WORDS]
"""

import socket, time

from harness import MIB, arguments, run
from replays import EITHER, HASTE, NONE, TAKEN, event, failed, fields, own_tls, recording, refused, replay, seen, times, told, written
from target import CONTINUE, OK, Say, Target, answer, chunked



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
            run = replay(recording(8), target, "--rate", "5/s", *HASTE)
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


ROWS = {
    "a connection is used again where it can be, and what may have come twice is counted": connections,
    "an answer is heard while the body is on its way": early_answers,
    "an answer without end is ended": without_end,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
