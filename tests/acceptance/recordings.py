#!/usr/bin/env python3
"""Has `replay` read recordings that are torn, deep, large or made by strangers, and holds what is sent and said of them.

    cargo build --release && tests/acceptance/recordings.py [--only WORDS]

The row about 1 GiB needs as much room for a temporary file.
"""

import base64, gzip, json, os, random, shutil, subprocess, threading

from harness import MIB, PATIENCE, TOOL, Skipped, arguments, run
from replays import ENVIRONMENT, FOLDER, Replay, event, replay, seen, temporary, times, written
from target import OK, Say, Target



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
    unfinished, nothing = "{}:3: the last line is unfinished", "no deliveries in `{}`"
    sealed = subprocess.run([TOOL, "send", "open", "--dry-run", "--as", "json"], capture_output=True, env=ENVIRONMENT).stdout
    flipped = sealed.replace(b'"event":"open"', b'"event":"opem"')
    row.together(
        file_check,
        [
            ("empty", "", [], 1, [nothing]),
            ("empty, and nothing allowed", "", [], 1, [nothing], ()),
            ("line breaks alone", "\n\r\n\n", [], 1, [nothing]),
            ("a mark alone", "\ufeff", [], 1, [nothing]),
            ("whole", a + b + c, all_three, 0, []),
            ("a NUL behind it", a + b + "\0", ["/a", "/b"], 0, [unfinished]),
            ("4,096 NULs behind it", a + b + "\0" * 4096, ["/a", "/b"], 0, [unfinished]),
            ("4,096 NULs behind it, nothing allowed", a + b + "\0" * 4096, ["/a", "/b"], 0, [unfinished], ()),
            ("1 MiB of NULs behind it", a + b + "\0" * MIB, ["/a", "/b"], 0, [unfinished]),
            ("NULs and a line break behind it", a + b + "\0" * 4096 + "\n", ["/a", "/b"], 3, ["{}:3"]),
            ("NULs between two", a + "\0" * 4096 + "\n" + c, two, 3, ["{}:2"]),
            ("NULs in front of a line", a + "\0" * 4096 + b + c, two, 3, ["{}:2"]),
            ("NULs in the middle of a line", a + b[:20] + "\0" * 20 + b[20:] + c, two, 3, ["{}:2"]),
            ("NULs alone", "\0" * 4096, [], 1, ["{}:1: the last line is unfinished", nothing]),
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


def huge(row):
    size, count = 1 << 16, 1 << 14
    if shutil.disk_usage(FOLDER.name).free < 2 * size * count:
        raise Skipped(f"{FOLDER.name} has no 2 GiB of room")
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
    "a recording that is torn is sent as far as it is whole, and the rest is told": torn_files,
    "files that are no recordings, deep or large, take little memory": large_files,
    "a recording leads to no other host and smuggles no header": strangers,
    "a recording of 1 GiB starts and resumes at once, in little memory": huge,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
