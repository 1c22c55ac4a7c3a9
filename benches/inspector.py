#!/usr/bin/env python3
"""Measures the inspector: what it costs the listener, and how fast it is over a recording of a million deliveries.

    cargo build --release && benches/inspector.py [ROUNDS] [DELIVERIES]

Needs wrk. What it costs is a ratio of throughputs, the same listener with and without `--ui` in turn, round by round.
Times are medians of 20 requests. Ends with 1 if a figure is missed.
"""

import http.client, json, os, re, statistics, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = os.environ.get("TOOL", os.path.join(ROOT, "target/release/webhook-cli"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
DELIVERIES = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
KINDS = ["delivered", "open", "click", "bounce"]
RARE = "nobody.else@example.org"
LUA = """wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"event":"click","timestamp":"2024-01-15T10:30:00Z","email":"ada@example.com","campaign_id":"camp_123","link_url":"https://example.com/"}'
"""
MISSED = []


def figure(name, value, unit, wanted, at_least=False):
    fine = value >= wanted if at_least else value <= wanted
    if not fine:
        MISSED.append(name)
    bound = f"{'at least' if at_least else 'at most'} {wanted:g} {unit}"
    print(f"{name:52} {value:10.3g} {unit:6} ({bound}){'' if fine else '   MISSED'}", flush=True)


class Tool:
    """A running listener or inspector: its addresses, its memory, its end."""

    def __init__(self, *args):
        self.process = subprocess.Popen([TOOL, *args, "--json"], stdout=subprocess.PIPE, text=True)
        self.urls = {}
        wanted = {"inspector"} if args[0] == "ui" else {"listening"} | ({"inspector"} if any(it.startswith("--ui") for it in args) else set())
        while wanted - set(self.urls):
            line = json.loads(self.process.stdout.readline())
            self.urls[line["type"]] = line["url"].removeprefix("http://")
        threading.Thread(target=lambda: self.process.stdout.read(), daemon=True).start()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def ask(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection(self.urls["inspector"], timeout=120)
        headers = {"content-type": "application/json"} if body is not None else {}
        begun = time.perf_counter()
        connection.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
        value = json.loads(connection.getresponse().read())
        took = (time.perf_counter() - begun) * 1000
        connection.close()
        return value, took

    def median(self, path):
        return statistics.median(self.ask(path)[1] for _ in range(20))

    def end(self):
        self.process.kill(), self.process.wait()


class Page(threading.Thread):
    """A page that is open: it reads the stream, and notes when each delivery came."""

    def __init__(self, tool):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(tool.urls["inspector"])
        self.connection.request("GET", "/api/v1/stream")
        self.response = self.connection.getresponse()
        self.came = {}
        self.start()

    def run(self):
        for line in self.response:
            if line.startswith(b"data: ") and b'"id"' in line:
                now = time.time()
                at = re.search(rb'"id":"(\w+)"', line)
                self.came.setdefault(at.group(1), now)


def rate(tool, script):
    command = ["wrk", "-t1", "-c64", "-d4s", "-s", script, f"http://{tool.urls['listening']}/hooks"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))


def cost(script):
    ratios = {"control": [], "no page": [], "a page": []}
    for _ in range(ROUNDS):
        rates = {}
        for name, flags, has_page in [("without", [], False), ("control", [], False), ("no page", ["--ui=127.0.0.1:0"], False), ("a page", ["--ui=127.0.0.1:0"], True)]:
            # Nothing is printed, so that the inspector is all that differs.
            tool = Tool("listen", "--port", "0", "--path", "/none", *flags)
            page = Page(tool) if has_page else None
            rates[name] = rate(tool, script)
            tool.end()
        for name in ratios:
            ratios[name].append(rates[name] / rates["without"])
    print(f"{'the same listener twice, as a control':52} {statistics.median(ratios['control']):10.3g} x")
    figure("throughput with --ui, no page, to without", statistics.median(ratios["no page"]), "x", 0.97, True)
    figure("throughput with --ui and a page, to without", statistics.median(ratios["a page"]), "x", 0.90, True)


def lag():
    """Time from a delivery's arrival to its row on a page, at 2,000 a second; and until a wait ends."""
    tool = Tool("listen", "--port", "0", "--path", "/none", "--ui=127.0.0.1:0")
    page = Page(tool)
    subprocess.run([TOOL, "send", "click", "-n", "10000", "--rate", "2000/s", "-c", "8", "-q", "--to", tool.urls["listening"]], stdout=subprocess.DEVNULL, check=True)
    time.sleep(1)
    items = tool.ask("/deliveries?limit=1000")[0]["items"]
    at = lambda row: time.mktime(time.strptime(row["at"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(row["at"][19:26])
    lags = [(page.came[row["id"].encode()] - at(row)) * 1000 for row in items if row["id"].encode() in page.came]
    figure("rows on a page at 2,000/s", len(lags) / len(items), "x", 0.999, True)
    figure("live lag at 2,000/s, p99", statistics.quantiles(lags, n=100)[98], "ms", 100)
    waits = []
    for number in range(20):
        done = []
        path = f"/wait?recipient=w{number}@example.com"
        waiting = threading.Thread(target=lambda: done.append((tool.ask(path), time.time())))
        waiting.start()
        time.sleep(0.05)
        subprocess.run([TOOL, "send", "click", "-q", "--recipient", f"w{number}@example.com", "--to", tool.urls["listening"]], stdout=subprocess.DEVNULL, check=True)
        waiting.join()
        (value, _), ended = done[0]
        waits.append((ended - at(value["items"][0])) * 1000)
    figure("wait ends after the delivery", statistics.median(waits), "ms", 10)
    tool.end()


def record(folder):
    whole, part = f"{folder}/hooks.ndjson", f"{folder}/part.ndjson"
    half = DELIVERIES // 2 // len(KINDS)
    with open(whole, "wb") as out:
        for kinds, count, more in [(KINDS, half, []), (["bounce"], 1, ["--recipient", RARE]), (KINDS, half, [])]:
            command = [TOOL, "send", *kinds, "--provider", "resend", "-n", str(count), "--dry-run", "-q", "--save", part, *more]
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            with open(part, "rb") as lines:
                while piece := lines.read(1 << 20):
                    out.write(piece)
            os.unlink(part)
    return whole


def over(folder):
    path = record(folder)
    size = os.path.getsize(path) / 1e6
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
    few = f"{folder}/few.ndjson"
    with open(path, "rb") as lines, open(few, "wb") as out:
        out.writelines(next(lines) for _ in range(min(100_000, DELIVERIES)))
    begun = time.perf_counter()
    tool = Tool("ui", few, "--addr", "127.0.0.1:0")
    while tool.ask("/deliveries?limit=200")[0]["matched"] < 200:
        pass
    figure("first rows of 100,000", time.perf_counter() - begun, "s", 1)
    tool.end()
    print(f"{DELIVERIES} deliveries, {size:.0f} MB")
    tool = Tool("ui", few, "--addr", "127.0.0.1:0")
    empty = Tool("ui", "fixtures/generic/click.json", "--addr", "127.0.0.1:0")
    base = empty.memory()
    empty.end(), tool.end()
    begun = time.perf_counter()
    tool = Tool("ui", path, "--addr", "127.0.0.1:0")
    meanwhile = []
    while tool.ask("/session")[0]["reading"]:
        meanwhile.append(tool.ask("/deliveries?limit=200")[1])
        time.sleep(0.1)
    took = time.perf_counter() - begun
    count = tool.ask("/health")[0]["deliveries"]
    figure("index", count / took, "1/s", 150_000, True)
    if meanwhile:
        figure("list of 200 meanwhile, median", statistics.median(meanwhile), "ms", 500)
    figure("memory of a delivery", (tool.memory() - base) / count, "B", 100)
    figure("list of 200", tool.median("/deliveries?limit=200"), "ms", 50)
    figure("list of 200 bounces", tool.median("/deliveries?limit=200&kind=bounce"), "ms", 50)
    found = tool.ask(f"/deliveries?q={RARE}")[0]
    assert found["matched"] == 1 and found["complete"], found
    figure("search for a text", tool.median(f"/deliveries?q={RARE}"), "ms", 500)
    figure("statistics by hour", tool.median("/stats?by=hour"), "ms", 500)
    tool.end()


def page_files():
    """Bytes of all files of the page together."""
    tool = Tool("ui", "fixtures/generic/click.json", "--addr", "127.0.0.1:0")
    source = os.path.join(ROOT, "src/inspector/page")
    paths = ["/", "/style.css", "/vendor.js", *(f"/app/{file}" for file in os.listdir(f"{source}/app"))]
    size = 0
    for path in paths:
        connection = http.client.HTTPConnection(tool.urls["inspector"], timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200, (path, response.status)
        size += len(response.read())
    tool.end()
    return size


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script, tempfile.TemporaryDirectory() as folder:
        script.write(LUA), script.flush()
        cost(script.name)
        lag()
        over(folder)
    figure("files of the page, as served without gzip", page_files() / 1000, "kB", 120)
    print(f"binary: {os.path.getsize(TOOL) / 2**20:.2f} MiB")
    if MISSED:
        sys.exit(f"missed: {', '.join(MISSED)}")


main()
