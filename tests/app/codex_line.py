"""A Codex server on a bad line, in a flood, and with lies: the console shows what is so, answers once, and stays small."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from codex import Line, Server, config
from daemon import Failed, check, wait_for
from terminal import Terminal

BINARY = sys.argv[1]
MB = 1 << 20


@contextlib.contextmanager
def console(folder, servers, **size):
    env = {"XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_RUNTIME_DIR": folder, "HOME": folder,
           "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=2"}  # what it keeps is not ours
    with Terminal([BINARY, "console", "--config", config(folder, servers)], env, **size) as terminal:
        terminal.kilobytes = lambda name: int(next(
            row for row in open(f"/proc/{terminal.pid}/status") if row.startswith(name)).split()[1])
        yield terminal
        check(terminal.stop() == 0, "exit code")
    done = subprocess.run([BINARY, "verify", os.path.join(folder, "record")], capture_output=True, text=True, timeout=300)
    check(done.returncode == 0, f"{done}")


def record_bytes(folder):
    record = os.path.join(folder, "record")
    return sum(os.path.getsize(os.path.join(record, name)) for name in os.listdir(record))


def approve(terminal, command):
    """Opens the request, waits until its key is armed, and approves; gives the rows that were shown then."""
    terminal.press(" a", f"command  {command}", 1.5)
    rows = terminal.wait_text("a approve once")
    terminal.type("a")
    return rows


def on_a_slow_line(folder):
    """20 kB/s and a quarter of a second each way: it is shown, and it is answered once."""
    with Server(f"{folder}/s", Line(20000, 0.25)) as server:
        server.thread("t1", turn="u1")
        server.thread("t2", turn="u2", items=[{"type": "webSearch", "id": "w", "status": "completed", "query": "x" * 30000}])
        server.ask("t1", 0, "touch slowly", send=False)
        with console(folder, {"far": server}) as c:
            c.wait_text("touch slowly")
            c.wait_text("LIVE")
            approve(c, "touch slowly")
            server.answered(1)
            c.wait_text("confirmed")
            check(server.answers == [(0, {"decision": "accept"})], f"{server.answers}")


def in_the_middle_of_a_frame(folder):
    """The line stops: what was told before can be answered, and once it goes on nothing is missing."""
    with Server(f"{folder}/s") as server:
        server.thread("t1", turn="u1")
        server.thread("t2", turn="u2")
        with console(folder, {"far": server}) as c:
            c.wait_text("LIVE")
            server.ask("t1", 0, "touch early")
            c.wait_text("touch early")
            server.line.rate = 400000
            long = json.dumps({"method": "item/completed", "params": {"threadId": "t2", "item": {"type": "agentMessage",
                                                                                              "id": "m", "text": "y" * 600000}}})
            sender = threading.Thread(target=lambda: (server.send(long), server.ask("t2", 1, "touch late")), daemon=True)
            sender.start()
            time.sleep(0.3)
            server.line.open.clear()
            approve(c, "touch early")
            server.answered(1)
            server.line.open.set()
            c.press("\x1b", "touch late")
            check(server.connections == 1, f"{server.connections} connections")


def in_a_flood(folder):
    """18 MB of deltas: keys are answered while they come, and neither memory nor the record keeps them."""
    with Server(f"{folder}/s") as server:
        server.thread("t1", turn="u1")
        server.thread("t2", turn="u2")
        with console(folder, {"far": server}) as c:
            c.wait_text("LIVE")
            server.note("item/started", threadId="t1", turnId="u1", item=server.item("t1", "i9", "make all"))
            c.wait_text("make all")
            before, recorded = c.kilobytes("VmRSS"), record_bytes(folder)
            words = "so many words " * 10
            delta = [json.dumps({"method": method, "params": {"threadId": "t1", "turnId": "u1", "itemId": item, "delta": words}})
                     for method, item in (("item/commandExecution/outputDelta", "i9"), ("item/agentMessage/delta", "m1"))]
            batch = delta * 500
            size = sum(map(len, batch))
            sent = 0
            while sent < 18 * MB:
                server.send_all(batch)
                sent += size
                c.type("?")
                c.read(0.01)
            server.ask("t2", 1, "touch after")
            c.press("\x1b", "touch after")
            grown, kept = c.kilobytes("VmHWM") - before, record_bytes(folder) - recorded
            print(f"{sent} bytes of deltas: {grown} kB more memory, {kept} bytes of record")
            check(grown < 16 * 1024, f"{grown} kB more")
            check(kept < 256 * 1024, f"{kept} bytes of record")
            approve(c, "touch after")
            server.answered(1)


def keys_while_it_comes(folder):
    """The help is opened and closed while the flood goes on."""
    with Server(f"{folder}/s") as server:
        server.thread("t1", turn="u1")
        with console(folder, {"far": server}) as c:
            c.wait_text("LIVE")
            server.note("item/started", threadId="t1", turnId="u1", item=server.item("t1", "i9", "make all"))
            c.wait_text("make all")
            batch = [json.dumps({"method": "item/commandExecution/outputDelta",
                                 "params": {"threadId": "t1", "turnId": "u1", "itemId": "i9", "delta": "z" * 150}})] * 1000
            going, batches = threading.Event(), [0]

            def flood():
                while not going.is_set():
                    server.send_all(batch)
                    batches[0] += 1
            sender = threading.Thread(target=flood, daemon=True)
            sender.start()
            for _ in range(3):
                came = batches[0]
                c.press("?", "every key")
                c.press("\x1b", "make all")
                wait_for("the flood goes on", lambda came=came: batches[0] > came)
            going.set()
            sender.join(60)


def two_servers_with_the_same_names(folder):
    """Equal ids of threads, turns and requests on two servers are two agents and two requests."""
    with Server(f"{folder}/a") as one, Server(f"{folder}/b") as two:
        for server, command in ((one, "touch one"), (two, "touch two")):
            server.thread("t1", turn="u1")
            server.ask("t1", 0, command, send=False)
        with console(folder, {"one": one, "two": two}) as c:
            c.wait_text("2 pending")
            c.wait_text("2 agents")
            for left in ("1 pending", "2 run"):
                rows = approve(c, "touch")
                asked, other = (one, two) if any("command  touch one" in row for row in rows) else (two, one)
                told = len(other.answers)
                asked.answered(1)
                c.wait_text("confirmed")
                check(len(other.answers) == told, f"{other.answers}")
                c.type("\x1b")
                c.wait("it is closed", lambda rows, left=left: not any("Esc back" in row for row in rows) and left in rows[0])
            check([server.answers for server in (one, two)] == [[(0, {"decision": "accept"})]] * 2, "answers")


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\u202e\u2066 \x00\x9b31m\r\n\t" + "\U0001f469\u200d\U0001f4bb" * 3 + "e\u0301" * 3


def lies(folder):
    """Loops of parents, names of escapes, strangers' requests, thousands of either: it draws, and it can be left."""
    with Server(f"{folder}/s") as server:
        server.thread("own", turn="u", parentThreadId="own", name=HOSTILE)
        server.thread("a", turn="u", parentThreadId="b", agentNickname=HOSTILE, agentRole=HOSTILE)
        server.thread("b", turn="u", parentThreadId="a", cwd=HOSTILE, preview=HOSTILE, originator=HOSTILE, model=HOSTILE)
        with console(folder, {"far": server}) as c:
            c.wait_text("LIVE")
            server.ask("a", 0, f"touch {HOSTILE}", reason=HOSTILE)
            server.send({"method": "serverRequest/resolved", "params": {"threadId": "x", "requestId": 99}})
            server.send({"method": "item/commandExecution/requestApproval", "id": 1,
                         "params": {"threadId": "stranger", "command": "touch strange", "cwd": "/"}})
            server.send({"method": "thread/started", "params": {"thread": server._thread("own")}})
            server.send_all(json.dumps({"method": "turn/started", "params": {"threadId": f"n{i}", "turn": {"id": "u"}}})
                            for i in range(20000))
            server.send_all(json.dumps({"method": "item/commandExecution/requestApproval", "id": 100 + i, "params": {
                "threadId": f"n{i % 50}", "turnId": "u", "itemId": f"i{i}", "command": f"touch {i}", "cwd": "/"}})
                for i in range(10000))
            c.wait_text("4096 pending", 60)
            for key in "12345678tT":
                c.type(key)
                c.read(0.3)
            check(b"owned" not in c.seen.split(b"\x1b]0;")[-1][:5], "a title was set")
            check(server.connections == 1, f"{server.connections} connections")


def garbage(folder):
    """What is no message ends the line, which comes back; nothing of it stays."""
    pieces = [b"{", b"[" * 100000, b"\xff\xfe{}", b"{\"method\":\"x\",\"method\":\"y\"}", b"null", b"", b"\x00", b"{\"id\":1e999}"]
    with Server(f"{folder}/s") as server:
        server.thread("t1", turn="u1")
        server.ask("t1", 0, "touch a", send=False)
        with console(folder, {"far": server}) as c:
            for number, piece in enumerate(pieces):
                c.press("R", "LIVE")
                c.wait_text("touch a")
                before = server.connections
                server.raw(1, piece)
                if number < 7:
                    wait_for("it is tried again", lambda before=before: (c.type("R"), c.read(0.2), server.connections > before)[-1])
            c.wait_text("1 pending")
            approve(c, "touch a")
            server.answered(1)


def a_message_of_64_megabytes(folder):
    """One message that is more than anything: the line ends and comes back, the console is no larger after it."""
    with Server(f"{folder}/s") as server:
        server.thread("t1", turn="u1")
        with console(folder, {"far": server}) as c:
            c.wait_text("LIVE")
            before = c.kilobytes("VmRSS")
            with contextlib.suppress(OSError):
                server.note("item/completed", threadId="t1", item={"type": "agentMessage", "id": "m", "text": "x" * (64 * MB)})
            wait_for("it has come back", lambda: (c.read(0.1), server.connections == 2)[-1])
            c.wait_text("LIVE")
            grown = c.kilobytes("VmRSS") - before
            print(f"{grown} kB more memory")
            check(grown < 16 * 1024, f"{grown} kB more")


TESTS = (on_a_slow_line, in_the_middle_of_a_frame, in_a_flood, keys_while_it_comes, two_servers_with_the_same_names, lies, garbage,
         a_message_of_64_megabytes)

if __name__ == "__main__":
    failed = 0
    wanted = sys.argv[2:]
    for test in TESTS:
        if wanted and test.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="cr-line-") as home:
            began = time.monotonic()
            try:
                test(home)
                print(f"{test.__name__}: ok ({time.monotonic() - began:.1f} s)", flush=True)
            except Failed as e:
                print(f"{test.__name__}: FAILED: {e}", flush=True)
                failed += 1
    sys.exit(failed != 0)
