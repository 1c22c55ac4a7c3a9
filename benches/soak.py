#!/usr/bin/env python3
"""Holds a steady load on a recording `listen` and watches what it takes: memory, open files, errors.

    cargo build --release && benches/soak.py [MINUTES] [EVENTS_A_SECOND]

`replay --rate` sends the events, 30 minutes of 2,000 a second if nothing else is said; `listen -q --record` keeps every
one before it answers. The first tenth is warm-up. What is resident afterwards may drift by 5 MiB, the number of open files
may not change at all, and every event must be answered with 2xx. Linux, for it reads /proc. Ends with 1 if a bound is
missed.
"""

import json, os, re, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 30
RATE = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
DRIFT_MIB = 5
EVERY = 5


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("FOLDER")) as folder:
        events = f"{folder}/events.ndjson"
        made = [TOOL, "send", "campaign", "--recipients", "5000", "--provider", "resend", "--seed", "1", "--save", events, "--dry-run", "-q"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        with open(events) as lines:
            count = sum(1 for _ in lines)
        times = max(1, round(MINUTES * 60 * RATE / count))
        listen = [TOOL, "listen", "--port", "0", "-q", "--record", f"{folder}/kept.ndjson"]
        with open(f"{folder}/told", "w") as told:
            listener = subprocess.Popen(listen, stdout=told, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r"127\.0\.0\.1:\d+", open(f"{folder}/told").read(400))):
                assert listener.poll() is None, "the listener ended"
                time.sleep(0.01)
            send = [TOOL, "replay", events, "--repeat", str(times), "--to", f"http://{found.group(0)}/hooks", "--rate", f"{RATE}/s", "-c", "16", "-q", "--report", "json"]
            begun = time.monotonic()
            sender = subprocess.Popen(send, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            seen = []
            while sender.poll() is None:
                time.sleep(EVERY)
                if sender.poll() is None:
                    seen.append((time.monotonic() - begun, resident_mib(listener.pid), open_files(listener.pid)))
            took, said = time.monotonic() - begun, sender.stdout.read()
        finally:
            listener.terminate(), listener.wait()
        kept = subprocess.run(["wc", "-l", f"{folder}/kept.ndjson"], capture_output=True, text=True, check=True).stdout.split()[0]
    steady = [row for row in seen if row[0] > took / 10]
    resident, files = [row[1] for row in steady], {row[2] for row in steady}
    drift = max(resident) - resident[0]
    sent = count * times
    print(f"{sent:,} events in {took / 60:.1f} min: {sent / took:.0f} a second, replay ended with {sender.returncode}, {int(kept):,} lines kept")
    print(f"resident: {resident[0]:.1f} MiB after {steady[0][0]:.0f} s, at most {max(resident):.1f}, {resident[-1]:.1f} at the end; drift {drift:.1f} MiB (<= {DRIFT_MIB})")
    print(f"open files: {sorted(files)}")
    if drift > DRIFT_MIB or len(files) > 1 or sender.returncode != 0 or int(kept) != sent:
        sys.exit(f"missed; replay said: {said[-500:]}")


if __name__ == "__main__":
    main()
