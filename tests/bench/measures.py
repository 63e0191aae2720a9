"""One function for each thing that is measured. Each gives the numbers of one round; `run` repeats and compares.

What a runner gives out is checked here (same count, same sums): a bench that measures nothing must fail.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import terminal  # noqa: E402
from collector import Certificates, Collector  # noqa: E402
from daemon import Console, Daemon, Held, check, free_port, verdict, wait_for  # noqa: E402
from counted import Terminal  # noqa: E402

PATIENCE = 300


class Missing(Exception):
    """What is not installed here: the figure is left out, with these words."""


class Place:
    """Where things are: the build, a scratch folder on a disk, the frames that were made, Node's modules."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.checkrein = os.path.join(self.build, "checkrein")
        self.scratch = tempfile.mkdtemp(prefix="bench-", dir=self.build)
        self.seen = {}

    def program(self, name):
        return os.path.join(self.build, "tests", "bench", "bench_" + name)

    def folder(self):
        return tempfile.mkdtemp(dir=self.scratch)

    def frames(self, news, agents):
        """A file of frames; made once."""
        path = os.path.join(self.scratch, f"frames-{news}-{agents}")
        if not os.path.exists(path):
            with open(path, "wb") as f:
                subprocess.run([self.program("events"), str(news), str(agents), "1"], stdout=f, check=True)
        return path

    def release(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def node(self):
        """The path of `ws` for Node, installed once into the cache."""
        if "ws" not in self.seen:
            self.seen["ws"] = install_ws()
        return self.seen["ws"]


def cache_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("CHECKREIN_CACHE") or os.path.join(cache, "checkrein-tests")


def install_ws():
    """The pinned `ws`: an installation counts only once it was renamed to its final name."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise Missing(f"{tool} is not installed")
    pins = os.path.join(HERE, "pins")
    with open(os.path.join(pins, "package-lock.json"), "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:12]
    home = os.path.join(cache_folder(), "ws-" + digest)
    module = os.path.join(home, "node_modules", "ws", "wrapper.mjs")
    os.makedirs(cache_folder(), exist_ok=True)
    with open(os.path.join(cache_folder(), "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(module):
            fresh = tempfile.mkdtemp(prefix="ws-", dir=cache_folder())
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(pins, name), fresh)
            ran = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"],
                                 cwd=fresh, capture_output=True, text=True, timeout=PATIENCE)
            if ran.returncode != 0:
                shutil.rmtree(fresh, ignore_errors=True)
                raise Missing("npm could not install ws: " + (ran.stderr.splitlines() or ["?"])[0])
            shutil.rmtree(home, ignore_errors=True)
            os.rename(fresh, home)
    return module


def result_of(command):
    """The JSON object that a program prints."""
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    check(ran.returncode == 0, f"{os.path.basename(command[0])}: {ran.stderr}")
    return json.loads(ran.stdout)


@contextlib.contextmanager
def backend(place, frames, rate):
    """A back-end that sends these frames; its port."""
    process = subprocess.Popen([place.program("backend"), frames, str(rate)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(20)


def config_of(folder, url):
    path = os.path.join(folder, "checkrein.ini")
    with open(path, "w") as f:
        f.write(f"[console]\njournal = {folder}/record\n[backend bench]\nkind = checkrein\nurl = {url}\n")
    return path


# ---- from the socket to the model

def path_round(place, size):
    """The console's own path, and Node's in two ways of grouping its commits."""
    news, agents = size["news"], 1000
    found = {}
    with backend(place, place.frames(news, agents), 0) as port:
        for name in ("checkrein", "node turn", "node 500"):
            folder = place.folder()
            if name == "checkrein":
                command = [place.program("path"), str(port), str(news), folder]
            else:
                command = ["node", os.path.join(HERE, "path.mjs"), place.node(), str(port), str(news), folder,
                           name.split()[1]]
            found[name] = result_of(command)
            if name == "checkrein":
                verified = subprocess.run([place.checkrein, "verify", folder], capture_output=True, text=True)
                check(verified.returncode == 0, verified.stdout + verified.stderr)
            shutil.rmtree(folder)
    for name, r in found.items():
        check(r["events"] == news and r["agents"] == agents, f"{name}: {r}")
        check(r["sums"] == found["checkrein"]["sums"], f"{name} folded the events to something else")
        r["rate"] = news / r["seconds"]
    return found


# ---- the JSON reader

def json_round(place, size):
    frames = place.frames(size["json"], 100)
    ours = result_of([place.program("json"), frames, str(size["repeat"])])
    if not shutil.which("node"):
        raise Missing("node is not installed")
    node = result_of(["node", os.path.join(HERE, "json.mjs"), frames, str(size["repeat"])])
    for name in ("tape", "codec"):
        check(ours[name]["sum"] == node["sum"], f"{name} read something else than JSON.parse")
    return {"mean_bytes": ours["mean_bytes"], "tape": ours["tape"]["events_per_second"],
            "codec": ours["codec"]["events_per_second"], "node": node["events_per_second"]}


# ---- what an answer used

def usage_round(place, size):
    got = result_of([place.program("usage"), str(size["answer"]), str(size["repeat"])])
    for name in ("usage", "wire"):
        check(got[name]["sum"] == 1050, f"{name} found other figures than were told")
    return {name: got[name]["bytes_per_second"] for name in ("usage", "memchr", "wire")}


# ---- bytes to the terminal

def draw(place, percent, frames, mode):
    ready, ready_theirs = os.pipe()
    go_theirs, go = os.pipe()
    theme = os.path.join(ROOT, "themes", "dark.ini")
    terminal = Terminal([place.program("screen"), theme, str(percent), str(frames), mode],
                        pass_fds=(ready_theirs, go_theirs))
    os.close(ready_theirs)
    os.close(go_theirs)
    said = b""
    while not said.startswith(b"ready\n"):
        terminal.read(0.01)
        if select.select([ready], [], [], 0)[0]:
            piece = os.read(ready, 4096)
            check(piece, "bench_screen ended before its first frame")
            said += piece
    terminal.until_quiet(0.1)
    terminal.bytes = 0
    os.write(go, b"\n")
    code = terminal.end(None)
    while piece := os.read(ready, 4096):
        said += piece
    os.close(ready)
    os.close(go)
    check(code == 0, f"bench_screen ended with {code}")
    found = json.loads(said.split(b"\n")[1])
    check(found["frames"] == frames, "frames are missing")
    found["bytes"] = terminal.bytes / frames
    return found


def screen_round(place, size):
    frames = size["frames"]
    found = {"idle": draw(place, 0, 1, "changes"), "all": draw(place, 5, frames, "everything")}
    for percent in (5, 50):
        found[str(percent)] = draw(place, percent, frames, "changes")
        check(found[str(percent)]["lines_changed"] > 0, "nothing changed on the screen")
        check(0 < found[str(percent)]["bytes"] < found["all"]["bytes"], "bytes were not counted")
    check(found["idle"]["bytes"] == 0, f"an unchanged screen cost {found['idle']['bytes']} bytes")
    return found


def watch(command, warm, seconds):
    """Bytes a second that a full-screen program writes, and its share of a processor."""
    terminal = Terminal(command)
    terminal.drain(warm)
    check(terminal.bytes > 0, f"{command[0]} drew nothing")
    terminal.bytes, cpu, began = 0, terminal.cpu_seconds(), time.monotonic()
    terminal.drain(seconds)
    took = time.monotonic() - began
    found = {"bytes_per_second": terminal.bytes / took, "cpu_percent": 100 * (terminal.cpu_seconds() - cpu) / took}
    terminal.end()
    return found


def watch_console(place, agents, rate, warm, seconds):
    news = int(rate * (warm + seconds + 5)) or 1
    with backend(place, place.frames(news, agents), rate or 1) as port:
        folder = place.folder()
        ini = config_of(folder, f"ws://127.0.0.1:{port}/")
        return watch([place.checkrein, "console", "--config", ini], warm, seconds)


def htop_round(place, size):
    warm, seconds = size["warm"], size["watch"]
    found = {"calm": watch_console(place, 40, 10, warm, seconds),
             "busy": watch_console(place, 1000, 5000, warm, seconds)}
    htop = shutil.which("htop")
    if htop:
        found["htop"] = watch([htop, "-d", "10"], warm, seconds)
    return found


# ---- from the key to the socket

def keys_round(place, size):
    found = {}
    for rate in (0, 5000):
        frames = place.frames(5000 * size["keys_seconds"], 1000)
        found[str(rate)] = result_of([place.program("keys"), place.checkrein, frames, str(rate), str(size["keys"]),
                                      place.folder()])
        check(found[str(rate)]["keys"] == size["keys"], "keys are missing")
        check((found[str(rate)]["news"] > 0) == (rate > 0), "the news did not flow")
    return found


def codex_round(place, size):
    found = {}
    for rate in (0, 5000):
        folder = place.folder()
        found[str(rate)] = r = result_of([place.program("codex"), place.checkrein, str(size["threads"]), str(rate),
                                          str(size["answers"]), str(size["interrupts"]), folder])
        for deed in ("answers", "interrupts"):
            check(r[deed]["keys"] == size[deed], f"{deed} are missing")
        check((r["news"] > 0) == (rate > 0), "the news did not flow")
        record = os.path.join(folder, "record")
        verified = subprocess.run([place.checkrein, "verify", record], capture_output=True, text=True)
        check(verified.returncode == 0, verified.stdout + verified.stderr)
        shutil.rmtree(folder)
    return found


# ---- start

def start_round(place, size):
    """From the start of the console's process to its first whole frame, on a daemon that has agents already."""
    agents = size["agents"]
    found = []
    daemon = Daemon(place.checkrein)
    try:
        connection = daemon.connection()
        for i in range(agents):
            body = {"hook_event_name": "SessionStart", "session_id": f"00000000-0000-4000-a000-{i:012}",
                    "cwd": f"/srv/checkouts/agent-{i}", "source": "startup"}
            connection.request("POST", "/hook/claude", json.dumps(body), daemon.headers())
            answer = connection.getresponse()
            check(answer.status == 200 and answer.read() is not None, f"HTTP {answer.status}")
        ini = config_of(place.folder(), "unix:" + daemon.socket)
        for _ in range(size["starts"]):
            found.append(first_frame([place.checkrein, "console", "--config", ini], min(agents, 30)))
    finally:
        daemon.close()
    return {"ms": found}


def first_frame(command, rows):
    """Milliseconds until so many agents are on the screen."""
    terminal = Terminal(command)
    shown = b""
    try:
        while shown.count(b"agent-") < rows:
            piece = terminal.read(20)
            check(piece, "the fleet did not come on the screen")
            shown += piece
        return (time.monotonic() - terminal.began) * 1000
    finally:
        terminal.end()


# ---- memory

def memory_round(place, size):
    found = {}
    for agents in size["fleets"]:
        one = result_of([place.program("memory"), "1", str(4 * agents)])
        all_ = result_of([place.program("memory"), str(agents), str(4 * agents)])
        check(all_["agents"] == agents, "agents are missing")
        found[str(agents)] = {"resident": all_["told"]["resident"], "log": one["told"]["resident"]}
        for kind, name in (("live", "per_agent"), ("resident", "resident_per_agent")):
            found[str(agents)][name] = (all_["told"][kind] - one["told"][kind]) / agents
    return found


# ---- replay

def replay_round(place, size):
    record = place.folder()
    told = result_of([place.program("replay"), record, str(size["records"]), str(size["agents"]), str(size["seeks"])])
    check(told["records"] > size["records"], "records are missing")
    began = time.monotonic()
    verified = subprocess.run([place.checkrein, "verify", record], capture_output=True, text=True)
    told["verify_seconds"] = time.monotonic() - began
    check(f": intact, {told['records']} records" in verified.stdout, verified.stdout + verified.stderr)  # its calls were decided by nobody
    return told


def find_round(place, size):
    told = result_of([place.program("find"), place.folder(), place.folder(), str(size["records"]), str(size["agents"]), str(size["searches"])])
    check(told["records"] > size["records"], "records are missing")
    return told


# ---- held calls

def resident(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(") ", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def held_round(place, size):
    """Calls that wait at the gate, of twenty agents; then each is denied by a command of its own."""
    count = size["held"]
    daemon = Daemon(place.checkrein)
    try:
        console = Console(daemon)
        console.event("operator.presence", operator__present=True)  # told once, whatever waits
        before = resident(daemon.process.pid)
        began = time.monotonic()
        calls = [Held(daemon, session=f"s{i % 20}", call=f"toolu_{i}", command=f"make target-{i}") for i in range(count)]
        pending = console_pending(console, count)
        held = time.monotonic() - began
        after = resident(daemon.process.pid)
        cpu = cpu_of(daemon.process.pid)
        idle_bytes = bytes_within(console, size["idle"])
        idle_cpu = cpu_of(daemon.process.pid) - cpu
        began = time.monotonic()
        for at, approval in enumerate(pending):
            console.send({"kind": "command", "id": f"01KB3ZQ6Y1T9WJ4M8V2C{at:06d}", "verb": "deny",
                          "approval": approval, "reason": "bench"})
        answers = [verdict(call.answer(60)) for call in calls]
        answered = time.monotonic() - began
        check(answers == ["deny"] * count, "calls were answered otherwise")
    finally:
        daemon.close()
    return {"hold_seconds": held, "answer_seconds": answered, "bytes_per_call": (after - before) / count,
            "idle_bytes": idle_bytes, "idle_cpu_seconds": idle_cpu, "idle_seconds": size["idle"]}


def console_pending(console, count):
    """The ids of the requests, once all of them have come."""
    ids = []
    while len(ids) < count:
        frame = console.read(60)
        if frame["kind"] == "event" and frame["event"]["type"] == "dev.checkrein.approval.requested":
            ids.append(frame["event"]["data"]["approval.id"])
    return ids


def bytes_within(console, seconds):
    """What the daemon says unasked; pings count."""
    total = len(console.buffer)
    console.socket.settimeout(0.05)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            piece = console.socket.recv(65536)
            console.buffer += piece
            total += len(piece)
        except TimeoutError:
            pass
    console.socket.settimeout(PATIENCE)
    return total


# ---- the lease gateway

def gateway_round(place, size):
    upstream = free_port()
    with tempfile.TemporaryDirectory(prefix="cr-bench-") as folder:
        key = os.path.join(folder, "key")
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            f.write("a-key-of-the-bench")
        daemon = Daemon(place.checkrein, config=f"gateway_port = 0\n[upstream bench]\nurl = http://127.0.0.1:{upstream}\n"
                        f"dialect = anthropic\nsecret_file = {key}\n")
        try:
            lease = result_of([place.checkrein, "lease", "issue", "--upstream", "bench", "--agent", "bench", "--json", "--config",
                               daemon.config_file])
            token = os.path.join(folder, "token")
            with open(token, "w") as f:
                f.write(lease["token"])
            port = lease["url"].split("/")[2].split(":")[1]
            return result_of([place.program("gateway"), str(upstream), port, "bench", token, str(size["streams"]),
                              str(size["stream_events"])])
        finally:
            daemon.close()


# ---- the hook's round trip

POLICY = "[rule builds]\ncommand = make *\nverdict = allow\nreason = builds\n"


def asked(place, daemon, calls):
    return result_of([place.program("hook"), str(daemon.port), daemon.token_file, str(calls), daemon.dir])


def decide(daemon, operator, count):
    """Microseconds from an approval that is sent to the answer of the call that waits for it."""
    took = []
    for i in range(count):
        held = Held(daemon, "decided", command=f"touch {i}")
        request = operator.request_for(held.id)
        operator.events.clear()
        began = time.monotonic()
        operator.approve(request, wait=False)
        check(verdict(held.answer()) == "allow", "not allowed")
        took.append((time.monotonic() - began) * 1e6)
        held.hang_up()
    return sorted(took)[count // 2]


def read_all(console):
    with contextlib.suppress(OSError, AssertionError):
        while console.read(PATIENCE)["kind"] != "closed":
            console.frames.clear()
            console.events.clear()


class Gates:
    """Daemons that differ in who is told: asked in turns, a few calls each, so that what the disk does meets all of them."""

    def __init__(self, place):
        self.place = place
        self.stack = contextlib.ExitStack()
        certificates = Certificates(place.folder())
        certificates.issue("good", "DNS:localhost")
        self.ca = certificates.path("ca.pem")
        self.collectors = {"tcp": Collector(free_port()), "tls": Collector(free_port(), certificates.server("good")),
                           "stalled": Collector(free_port())}
        self.collectors["stalled"].reads.clear()
        for c in self.collectors.values():
            self.stack.callback(c.begin().end)
        self.daemons = {name: self.daemon(name) for name in ("alone", "tcp", "tls", "stalled", "signed")}
        self.operators = {name: Console(d) for name, d in self.daemons.items()}
        for name, d in self.daemons.items():
            self.watch(name, d)

    def daemon(self, name):
        to = self.collectors.get(name)
        config = "rate = 1000000\n"
        if to:
            config += f"syslog = {'tls://localhost' if to.tls else 'tcp://127.0.0.1'}:{to.port}\n" + (f"syslog_ca = {self.ca}\n" if to.tls else "")
        daemon = Daemon(self.place.checkrein, policy=POLICY, config=config)
        self.stack.callback(daemon.close)
        return daemon

    def watch(self, name, daemon):
        """Each has a second console: one only reads, the other one keeps a record and signs for heads."""
        if name == "signed":
            console = terminal.Terminal([self.place.checkrein, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir})
            self.stack.enter_context(console)
            console.wait_text("LIVE")
        else:
            console = Console(daemon)
            threading.Thread(target=read_all, args=(console,), daemon=True).start()
            self.stack.callback(console.close)

    def close(self):
        for o in self.operators.values():
            o.close()
        self.stack.close()


def hook_round(place, size):
    gates = Gates(place)
    calls, decisions = size["calls"], size["decisions"]
    found = {"ratios": {}, "decided_ms": []}
    try:
        for _ in range(size["turns"]):
            p50 = {n: asked(place, d, calls // size["turns"]) for n, d in gates.daemons.items()}
            decided = {n: decide(d, gates.operators[n], decisions // size["turns"]) for n, d in gates.daemons.items()}
            for name in p50:
                found["ratios"].setdefault(name, []).append(p50[name]["p50_us"] / p50["alone"]["p50_us"])
                found["ratios"].setdefault("decided " + name, []).append(decided[name] / decided["alone"])
            found["decided_ms"].append(decided["alone"] / 1000)
        found["told"] = len(gates.collectors["tls"].numbers())
        found["signed"] = sum(r["k"] == "countersign" for r in gates.daemons["signed"].records())
        check(found["told"] >= decisions and found["signed"] > 1, f"nobody was told: {found}")
    finally:
        gates.close()
    daemon = Daemon(place.checkrein, policy=POLICY, config="rate = 1000000\n")
    try:
        found["alone"] = asked(place, daemon, calls)
    finally:
        daemon.close()
    return found
