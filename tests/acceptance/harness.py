"""Rows of an acceptance suite: a sentence each, chosen with `--only`, told in a line, summed up at the end."""

import argparse, os, re, resource, shutil, signal, subprocess, sys, tempfile, time, traceback
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.abspath(os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli")))
# What ends by itself does so long before, even on a busy machine.
PATIENCE = 60
AT_ONCE = 6
MIB = 1 << 20


class Skipped(Exception):
    """The reason why a row cannot run here."""


def needs(*programs):
    """Skips the row where one of these programs is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed")


class Row:
    """One sentence that holds or not, with the checks that show it."""

    def __init__(self, title, verbose=False):
        self.title, self.verbose, self.fine, self.all = title, verbose, 0, 0
        self.remarks, self.missed = [], []

    def check(self, name, wanted, seen, fine=None):
        """One check: what was seen is what was wanted, unless `fine` says otherwise."""
        fine = bool(wanted == seen if fine is None else fine)
        self.fine, self.all = self.fine + fine, self.all + 1
        line = f"{name}: wanted {short(wanted)}, seen {short(seen)}"
        if not fine:
            self.missed.append(line)
        elif self.verbose:
            print(f"            {line}", flush=True)

    def remark(self, text):
        """A figure to print beside the row's name."""
        self.remarks.append(text)

    def together(self, job, cases):
        """Runs a job for each case, several at once, and takes in order what it checks."""

        def run(case):
            checks = []
            try:
                checks.extend(job(*case))
            except Exception as error:
                checks.append((f"{job.__name__} {short(case)}", "its checks", repr(error)))
            return checks

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for checks in pool.map(run, cases):
                for it in checks:
                    self.check(*it)

    def run(self, job):
        """Runs the row and prints its line; `ok`, `FAILED` or `skipped`."""
        begun = time.monotonic()
        try:
            job(self)
        except Skipped as reason:
            print(f"skipped  {self.title}: {reason}", flush=True)
            return "skipped"
        except Exception:
            self.check("the row", "an end", traceback.format_exc().strip().splitlines()[-1])
            if self.verbose:
                traceback.print_exc()
        state = "ok" if self.fine == self.all else "FAILED"
        counted = "" if self.all == 1 else f"{self.fine} of {self.all} checks, "
        facts = "; ".join([*self.remarks, f"{counted}{time.monotonic() - begun:.0f} s"])
        print(f"{state:7}  {self.title} ({facts})", flush=True)
        for line in self.missed:
            print(f"            {line}", flush=True)
        return state


def short(value):
    """A value on one line, of which a terminal obeys nothing."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))
    return text if len(text) <= 160 else f"{text[:160]}… ({len(text)} characters)"


def arguments(description):
    """The options that every suite has; a suite adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORDS", action="append", help="run only rows with all these words in their sentence")
    parser.add_argument("--list", action="store_true", help="print the rows and run none")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every check, not only those that fail")
    parser.epilog = "`TOOL` names the binary to test, target/release/webhook-cli if it is not set."
    return parser


def chosen(rows, options):
    """The rows that `--only` leaves. None is a mistake, for a row that never runs holds nothing."""
    wanted = options.only or [""]
    rows = {title: job for title, job in rows.items() if any(all(word in title.lower() for word in it.lower().split()) for it in wanted)}
    if not rows:
        sys.exit(f"no row has the words {' or '.join(wanted)}; `--list` prints them all")
    return rows


def run(rows, options):
    """Runs the chosen rows one after the other, prints the sum, and ends with 1 if one failed."""
    rows = chosen(rows, options)
    if options.list:
        print("\n".join(rows))
        sys.exit(0)
    if not os.access(TOOL, os.X_OK):
        sys.exit(f"{TOOL} is not there: `cargo build --release` builds it, `TOOL=PATH` names another")
    states = [Row(title, options.verbose).run(job) for title, job in rows.items()]
    counts = [f"{states.count(state)} {state}" for state in ("ok", "FAILED", "skipped") if state in states]
    print(f"{len(states)} row{'s' if len(states) != 1 else ''}: {', '.join(counts)}", flush=True)
    sys.exit("FAILED" in states)


class Listener:
    """`listen` on a free port, perhaps behind a command that starts it, and what the kernel says of it."""

    def __init__(self, *flags, before=(), wait=True, **popen):
        self.folder = tempfile.TemporaryDirectory()
        self.out_path, self.err_path = os.path.join(self.folder.name, "out"), os.path.join(self.folder.name, "err")
        environment = dict(os.environ, XDG_STATE_HOME=self.folder.name)
        command = [*before, TOOL, "listen", "--port", "0", *map(str, flags)]
        with open(self.out_path, "w") as out, open(self.err_path, "w") as err:
            where = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err, "env": environment}
            self.process = subprocess.Popen(command, **{**where, **popen})
        self.port = self.announced() if wait else None

    def announced(self):
        """The port. With `-q` the address is not data, and stands on stderr."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := re.search(r"127\.0\.0\.1:(\d+)", self.stdout(400) + self.stderr(400)):
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError(f"no listener: {self.stdout()}{self.stderr()}")

    def stdout(self, most=-1):
        with open(self.out_path, errors="replace") as text:
            return text.read(most)

    def stderr(self, most=-1):
        with open(self.err_path, errors="replace") as text:
            return text.read(most)

    def pid(self):
        """The listener's own id, behind another program or not."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as text:
            return int((text.read().split() or [self.process.pid])[0])

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid()}/fd"))

    def memory(self, name="VmRSS"):
        """MiB resident, or at most so far (`VmHWM`)."""
        with open(f"/proc/{self.pid()}/status") as status:
            return int(re.search(rf"{name}:\s+(\d+)", status.read()).group(1)) / 1024

    def cpu(self):
        """Seconds of CPU time so far."""
        with open(f"/proc/{self.pid()}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """Asks it to end, as Ctrl-C does, and waits."""
        os.kill(self.pid(), signal.SIGINT)
        self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.folder.cleanup()


def more_open_files(most=16_384):
    """Allows this process, and what it starts, more connections than is usual."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, most), limit))
