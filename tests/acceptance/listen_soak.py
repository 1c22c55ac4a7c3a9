#!/usr/bin/env python3
"""Holds a steady load on a recording `listen` and watches what it takes: memory, open files, errors.

    cargo build --release && tests/acceptance/listen_soak.py [--minutes N] [--rate N]

`replay --rate` sends the deliveries, two minutes of 2,000 a second if nothing else is said; `listen -q --record` keeps every
one before it answers. The first tenth is warm-up. What is resident afterwards may drift by 5 MiB, the number of open files
may not change at all, and every delivery must be answered with 2xx. Linux, for it reads /proc. `FOLDER` names another place
than the system's for the recording.
"""

import os, subprocess, tempfile, time

from harness import TOOL, Listener, arguments, run

DRIFT_MIB = 5
EVERY = 2
# So many recipients are a recording that is sent again and again.
RECIPIENTS = 1000


def soak(row, minutes, rate):
    with tempfile.TemporaryDirectory(dir=os.environ.get("FOLDER")) as folder:
        source, kept = f"{folder}/events.ndjson", f"{folder}/kept.ndjson"
        made = [TOOL, "send", "campaign", "--recipients", str(RECIPIENTS), "--provider", "resend", "--seed", "1", "--save", source]
        subprocess.run([*made, "--dry-run", "-q"], check=True, stdout=subprocess.DEVNULL)
        count = lines(source)
        times = max(1, round(minutes * 60 * rate / count))
        with Listener("-q", "--record", kept, stdout=subprocess.DEVNULL) as listener:
            to = f"http://127.0.0.1:{listener.port}/hooks"
            send = [TOOL, "replay", source, "--repeat", str(times), "--to", to, "--rate", f"{rate}/s", "-c", "16", "-q"]
            begun, seen = time.monotonic(), []
            sender = subprocess.Popen(send, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while sender.poll() is None:
                seen.append((time.monotonic() - begun, listener.memory(), listener.open_files()))
                time.sleep(EVERY)
            took = time.monotonic() - begun
            listener.stop()
        steady = [it for it in seen if took / 10 < it[0] < took - EVERY]
        assert len(steady) > 5, f"only {len(steady)} samples in {took:.0f} s"
        resident, files = [it[1] for it in steady], {it[2] for it in steady}
        drift = max(resident) - resident[0]
        row.remark(f"{count * times:,} deliveries, {count * times / took:.0f} a second; resident {resident[0]:.1f} to {max(resident):.1f} MiB")
        row.check("replay", "exit 0", f"exit {sender.returncode} {sender.stderr.read()[-300:]}".strip())
        row.check("recorded", count * times, lines(kept))
        row.check("drift of what is resident", f"at most {DRIFT_MIB} MiB", f"{drift:.1f} MiB", drift <= DRIFT_MIB)
        row.check("open files", "one number", sorted(files), len(files) == 1)


def lines(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="how long [default: 2]")
    parser.add_argument("--rate", type=int, default=2000, help="deliveries a second [default: 2000]")
    options = parser.parse_args()
    run({"a steady load is recorded whole in constant memory": lambda row: soak(row, options.minutes, options.rate)}, options)


if __name__ == "__main__":
    main()
