#!/usr/bin/env python3
"""Holds what `replay` sends, in which order, how fast and how much at once, to a target that is up or down.

    cargo build --release && tests/acceptance/replay_order.py [--only WORDS]
"""

import base64, json, threading, time

from harness import PATIENCE, arguments, run
from replays import Replay, event, recording, replay, seen, signed_long_ago, temporary, times, written
from target import OK, Say, Target, answer, chunked



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
    hosts = (("localhost:{}", ":{}"), ("localhost:{}", "localhost:{}"), ("127.0.0.2:{}", "http://127.0.0.2:{}/"))
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
        run = replay(recording(12), target, "--backoff", "1ms", "--retries", "3")
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


def rates(row):
    def measured(rate, seconds, concurrency, said):
        """The mean, and the most in half a second."""
        with Target(said) as target:
            count = int(rate * seconds)
            run = replay(recording(count), target, "--rate", f"{rate}/s", "-c", concurrency, "--backoff", "1ms", "--retries", "3", "-q")
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
            run = replay(recording(count, body="x" * size), target, "--backoff", "1ms", "--retries", "3", "-q", *flags)
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
            ("three attempts more", ("--retries", "3"), 3),
            ("many attempts", ("--retries", "30", "--backoff", "20ms"), 20),
            ("four at once", ("-c", "4", "--retries", "3"), 20),
            ("at a rate", ("--rate", "50/s", "--retries", "3"), 20),
            ("with a journal", ("--resume", temporary(".journal"), "--retries", "3"), 10),
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
            ("as it is", (), 2),
            ("tried again three times", ("--retries", "3"), 8),
            ("tried once more", ("--retries", "1"), 4),
            ("two at once", ("-c", "2", "--retries", "3"), 8),
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
        run = Replay(recording(12), "--to", first.url, "--json", "--retries", "3")
        closed.wait(PATIENCE)
        run.said("refused")
        second = Target(up=False, address=("127.0.0.1", first.port))
        time.sleep(1.0)
        second.rise()
        run.end()
        with second:
            paths = first.paths() + second.paths()
            row.check("down in the middle", ([f"/{n}" for n in range(12)], 0), (paths, run.status))


ROWS = {
    "deliveries are sent as recorded, in order, each once": in_order,
    "a rate is kept to within 3 %, without bursts": rates,
    "no more are under way at once than -c allows": at_once,
    "a target that was down gets everything, each once": down,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
