#!/usr/bin/env python3
"""Kills and interrupts `replay --resume`, damages its journal, and holds that it goes on where it was.

    cargo build --release && tests/acceptance/replay_resuming.py [--only WORDS]
"""

import itertools, os, random, threading, time

from harness import PATIENCE, arguments, run
from replays import Replay, event, recording, replay, seen, temporary, times, written
from target import OK, Say, Target, answer



def killed(row):
    count, kills = 400, 8
    for concurrency in (1, 4):
        source, journal = recording(count), temporary(".journal")
        # Which request it is killed at, and whether before or behind the answer.
        plan, lock = {"at": 0, "before": True, "dead": threading.Event()}, threading.Lock()

        def answers(_):
            with lock:
                number = next(counter)
            if number != plan["at"]:
                return OK
            if plan["before"]:
                plan["run"].kill()
                plan["dead"].set()
                return Say(b"", "close")

            def pieces():
                yield OK
                plan["run"].kill()
                plan["dead"].set()

            return Say(pieces(), "close")

        torn = [
            b"1 39", b"\0" * 500, b"7 7 0 500 7 accep", b"\xf0\x9f", b"{", b"400 400 0 99999 400 accepted 00000000", b"x" * 3000,
            b" ",
        ]
        with Target(answers) as target:
            counter = itertools.count(1)
            args = (source, "--to", target.url, "-c", concurrency, "--resume", journal)
            for number in range(kills):
                with lock:
                    plan["dead"] = threading.Event()
                    plan["before"] = number % 2 == 0
                    plan["at"] = len(target.requests) + 9 + 7 * number
                    plan["run"] = Replay(*args)
                dead = plan["dead"].wait(PATIENCE)
                plan["run"].process.wait()
                with open(journal, "ab") as file:
                    file.write(torn[number])
                paths = target.paths()
                extra = len(paths) - len(set(paths))
                most = max(int(path[1:]) for path in paths)
                missing = sorted(set(range(most)) - {int(path[1:]) for path in paths})
                row.check(
                    f"-c {concurrency}, kill {number + 1} {'before' if plan['before'] else 'behind'} an answer, and a torn line",
                    f"at most {(number + 1) * concurrency} sent twice, at most {concurrency - 1} not yet",
                    f"{extra} sent twice, {len(missing)} not yet" + ("" if dead else ", not killed"),
                    extra <= (number + 1) * concurrency and len(missing) < concurrency and dead,
                )
            plan["at"] = 0
            last = Replay(*args).end()
            paths = target.paths()
            row.check(f"-c {concurrency}, the last run", (count, 0), (len(set(paths)), last.status))
            extra = len(paths) - len(set(paths))
            most = kills * concurrency
            row.check(f"-c {concurrency}, sent twice in all", f"at most {most}", extra, extra <= most)
            if concurrency == 1:
                row.check("in the recorded order", [f"/{n}" for n in range(count)], list(dict.fromkeys(paths)))
            before = len(target.requests)
            again = Replay(*args).end()
            row.check(f"-c {concurrency}, a run that is finished", (0, 0), (len(target.requests) - before, again.status))
            with Target() as other:
                run = replay(source, other, "-c", concurrency, "--resume", journal)
                fine = (run.status, len(set(other.paths()))) in ((2, 0), (0, count)) and not run.faults()
                text = f"exit {run.status}, {times(len(other.requests))}"
                row.check(f"-c {concurrency}, another target", "refused, or all sent anew", seen(run, text), fine)

    # The journal itself, damaged in every way.
    count = 40
    with Target() as target:
        source, journal = recording(count), temporary(".journal")
        replay(source, target, "--resume", journal)
        with open(journal, "rb") as file:
            good = file.read()

    def damaged(name, content, least, most, ends=(0,)):
        with Target() as fresh:
            # The journal knows its target by its port.
            path = temporary(".journal")
            with open(path, "wb") as file:
                file.write(content.replace(target.url.encode(), fresh.url.encode()))
            run = replay(source, fresh, "--resume", path)
            came = len(fresh.requests)
            wanted = f"{least} to {most} sent, exit {' or '.join(map(str, ends))}"
            fine = least <= came <= most and run.status in ends and not run.faults()
            yield f"a journal {name}", wanted, seen(run, f"{came} sent, exit {run.status}"), fine

    start = good.index(b"\n") + 1
    lines = good[start:].splitlines(keepends=True)
    flipped = bytearray(good)
    flipped[start + len(b"".join(lines[:10])) + 2] ^= 1
    row.together(
        damaged,
        [
            ("as it was", good, 0, 0),
            *((f"without its last {size} bytes", good[:-size], 1, 1 + size // 20) for size in (1, 2, 10, 25, 100, 500)),
            ("with zeros behind it", good + bytes(4096), 0, 0),
            ("with zeros in its last line", good[:-20] + bytes(20), 1, 2),
            ("with a flipped bit", bytes(flipped), 1, 1),
            ("with a line twice", good + lines[3], 0, 0),
            ("without one of its lines", good[:start] + b"".join(lines[:7] + lines[8:]), 1, 1),
            ("with its lines in another order", good[:start] + b"".join(reversed(lines)), 0, 0),
            ("with a line of garbage", good[:start] + b"\xff\xfe junk\n" + b"".join(lines), 0, 0),
            ("that is empty", b"", count, count),
            ("of half a first line", good[:9], count, count),
            ("of nearly a first line", good[: start - 2], count, count),
            ("of lines alone", b"".join(lines), 0, count, (0, 2, 3)),
            ("that is none", b"dear diary\n", 0, 0, (2, 3)),
            ("of random bytes", random.Random(2).randbytes(5000), 0, 0, (2, 3)),
            ("of 5 MB on one line", good + b"x" * 5_000_000, 0, 0),
        ],
    )
    with Target() as target:
        path = written("dear diary\n", ".txt")
        replay(source, target, "--resume", path)
        with open(path) as file:
            row.check("a file that is no journal", "left alone", "left alone" if file.read() == "dear diary\n" else "changed")
    with Target() as target:
        source, journal = recording(4), temporary(".journal")
        replay(source, target, "--resume", journal)
        with open(source, "ab") as file:
            file.write(event(4).encode())
        run = replay(source, target, "--resume", journal)
        row.check("a recording that has grown", ["/0", "/1", "/2", "/3", "/4"], target.paths())
        other = recording(5)
        os.replace(other, source)
        with open(source, "r+b") as file:
            file.write(event(9).encode())
        run = replay(source, target, "--resume", journal)
        row.check("a recording that was changed", (2, 5), (run.status, len(target.requests)))


def interrupted(row):
    for concurrency, count in ((1, 40), (3, 40), (8, 40)):
        go, source, journal = threading.Event(), recording(count), temporary(".journal")

        def answers(_):
            go.wait(PATIENCE)
            return OK

        with Target(answers) as target:
            args = (source, "--to", target.url, "-c", concurrency, "--resume", journal, "--json")
            run = Replay(*args)
            target.wait(lambda it: len(it.requests) == concurrency)
            run.interrupt()
            run.said("Ctrl-C again")
            waits = run.process.poll() is None
            go.set()
            run.end()
            done = [line for line in run.lines() if line["type"] == "attempted" and line["status"] == 200]
            row.check(f"-c {concurrency}: it waits for what is in flight", True, waits)
            row.check(f"-c {concurrency}: exit", 130, run.faults() or run.status)
            row.check(f"-c {concurrency}: sent, and told as done", (concurrency, concurrency), (len(target.requests), len(done)))
            row.check(f"-c {concurrency}: a summary", concurrency, run.summary().get("deliveries"))
            run = Replay(*args).end()
            paths = target.paths()
            row.check(f"-c {concurrency}: gone on with", (count, 0), (len(set(paths)), run.status))
            row.check(f"-c {concurrency}: sent twice", 0, len(paths) - len(set(paths)))

    def waiting(name, said, flags):
        """Interrupted while it waits to try again."""
        # The second has a connection of its own, or it would be sent once more in silence.
        answers = iter([Say(answer(200, b"", "Connection: close"), "close"), said])
        with Target(lambda _: next(answers, OK)) as target:
            source, journal = recording(5), temporary(".journal")
            args = (source, "--to", target.url, "--retries", "1", "--resume", journal, *flags)
            run = Replay(*args)
            target.wait(lambda it: len(it.requests) == 2)
            run.said("again in")
            begun = time.monotonic()
            run.interrupt()
            run.end()
            soon = time.monotonic() - begun
            text = f"{run.status}, {'at once' if soon < 5 else f'after {soon:.1f} s'}"
            yield f"{name}: exit, and at once", "130, at once", seen(run, text)
            run = Replay(*args).end()
            yield f"{name}: gone on with", (["/0", "/1", "/1", "/2", "/3", "/4"], 0), (target.paths(), run.status)

    row.together(
        waiting,
        [
            ("between two attempts", answer(503), ("--backoff", "50s")),
            ("while it is held back", answer(429, b"", "Retry-After: 1000"), ()),
            ("without an answer", Say(b"", "close"), ("--backoff", "50s")),
            ("with --ordered", answer(503), ("--backoff", "50s", "--ordered")),
        ],
    )
    with Target() as target:
        source, journal = recording(5), temporary(".journal")
        args = (source, "--to", target.url, "--resume", journal)
        run = Replay(*args, "--rate", "1/m")
        target.wait(lambda it: len(it.requests) == 1)
        run.said("200")
        run.interrupt()
        run.end()
        row.check("between two at a rate", (1, 130), (len(target.requests), run.status))
        run = Replay(*args).end()
        row.check("between two at a rate, gone on with", ([f"/{n}" for n in range(5)], 0), (target.paths(), run.status))
    with Target(lambda _: Say(b"", "hang")) as target:
        run = Replay(recording(5), "--to", target.url)
        target.wait(lambda it: len(it.requests) == 1)
        run.interrupt()
        run.said("Ctrl-C again")
        begun = time.monotonic()
        run.interrupt()
        run.end()
        text = f"{run.status}, {'at once' if time.monotonic() - begun < 3 else 'late'}"
        row.check("a second one leaves at once", "130, at once", text)


ROWS = {
    "killed and resumed, nothing is lost and little is sent twice": killed,
    "interrupted, it ends what is under way and can be resumed": interrupted,
}


if __name__ == "__main__":
    run(ROWS, arguments(__doc__).parse_args())
