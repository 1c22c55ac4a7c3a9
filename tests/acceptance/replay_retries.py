#!/usr/bin/env python3
"""Has `replay` meet targets that refuse, and holds what it tries again, when, and how often.

    cargo build --release && tests/acceptance/replay_retries.py [--only WORDS]
"""

import contextlib, itertools, re, statistics, threading, time

from harness import PATIENCE, arguments, run
from replays import Replay, recording, replay, seen, signed_long_ago, temporary, times, written
from target import CONTINUE, OK, Say, Target, answer, chunked



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
    # Nothing is sent twice unless that is asked for.
    cases += [(503, "length", False, (), 1, 1)]
    row.together(one, cases)


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
        run = replay(recording(20), target, "--backoff", "1ms", "--retries", "1")
        row.check("410 to a second attempt", (["/0", "/1", "/1"], 1), (target.paths(), run.status))
    with Target(lambda request: answer(410 if len(target.requests) == 5 else 200)) as target:
        source, journal = recording(20), temporary(".journal")
        run = replay(source, target, "--resume", journal)
        row.check("with a journal", (5, 1), (len(target.requests), run.status))
        run = replay(source, target, "--resume", journal)
        wanted = [f"/{n}" for n in (*range(5), *range(4, 20))]
        row.check("gone on with once it is back", (wanted, 0), (target.paths(), run.status))


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
    once, none = ("--retries", "1"), ("--retries", "0")
    for seconds, flags, words in (
        (3600, once, "again in"), (3600, none, "next delivery in"), (86_400, (*once, "--max-retry-after", "25h"), "again in"),
    ):
        with Target(answer(429, b"", f"Retry-After: {seconds}")) as target:
            run = Replay(recording(3), "--to", target.url, *flags)
            with contextlib.suppress(TimeoutError):
                run.said(words)
            run.interrupt()
            run.end()
            found = re.search(rf"{words} .*", run.stdout)
            text = f"{found and found.group()}, {times(len(target.requests))}, exit {run.status}"
            fine = bool(found) and (len(target.requests), run.status) == (1, 130)
            row.check(f"{seconds} is waited for, and that is said", f"{words} …, 1 request, exit 130", text, fine)

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


ROWS = {
    "408, 425, 429, 500 and 502 to 504 are tried again, and no other status is": statuses,
    "410 ends the run": gone,
    "Retry-After is waited for, and what asks for too long ends the run": patience,
    "the waits between attempts double, vary, and are never too short": backoff,
    "redirects are not followed": redirects,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
