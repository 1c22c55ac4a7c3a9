#!/usr/bin/env python3
"""Has `replay` meet odd, broken and hostile answers, and holds what it makes of them and of the delivery after them.

    cargo build --release && tests/acceptance/replay_answers.py [--only WORDS]
"""

import gzip, random, re, xml.etree.ElementTree

from harness import MIB, arguments, run, short
from replays import EITHER, HASTE, NONE, TAKEN, event, failed, fields, own_tls, recording, refused, replay, seen, times, told, written
from target import CONTINUE, OK, Say, Target, answer, chunked



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


def odd_ones(row):
    cases = odd_answers()
    for how in ("first", "second", "byte by byte", "second, byte by byte"):
        row.together(odd, [(*case, how) for case in cases])
    for how in ("first", "second"):
        row.together(odd, [(*case, how) for case in unasked_answers()])
    tls = own_tls()
    # Over TLS a connection that is closed without a word of it is a broken one.
    row.together(odd, [(*case, "over TLS", tls) for case in cases + unasked_answers() if case[2] in ("keep", "close")])


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


ROWS = {
    "an odd answer is taken as the standard has it, and the next delivery comes through": odd_ones,
    "an answer may be cut or broken off at each byte": cut_answers,
    "what a target says stays text": hostile_answers,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
