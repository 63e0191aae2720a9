"""Threat 26: a console that does not read. It costs the daemon little, the others nothing, and knows what it missed."""
import json
import os
import signal
import socket
import time

from daemon import Console, Held, check, run, verdict, wait_for, with_daemon
from terminal import Terminal

MB = 1024 * 1024
PEERS, BATCH = 60, 5


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(row for row in f if row.startswith("VmRSS")).split()[1]) * 1024


def flood(daemon, seconds, most):
    """Events of some kB, hundreds on the way at once; gives how many."""
    body = json.dumps({"hook_event_name": "PostToolUse", "session_id": "busy", "cwd": "/", "tool_name": "Bash",
                       "tool_use_id": "x", "tool_input": {}, "tool_response": {"stdout": "y" * 2000}}).encode()
    head = f"POST /hook/claude HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n" + "".join(
        f"{k}: {v}\r\n" for k, v in daemon.headers().items()) + f"Content-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    peers = [socket.create_connection(("127.0.0.1", daemon.port), 60) for _ in range(PEERS)]
    until = time.monotonic() + seconds
    count = 0
    while time.monotonic() < until and count < most:
        for s in peers:
            s.sendall(request * BATCH)
        for s in peers:
            got = b""
            while got.count(b"HTTP/1.1 200") < BATCH or not got.endswith(b"{}"):
                piece = s.recv(65536)
                check(piece, "the flood was cut")
                got += piece
        count += PEERS * BATCH
    for s in peers:
        s.close()
    return count


@with_daemon(config="rate = 1000000\n")
def of_the_real_console(daemon):
    with Terminal([daemon.binary, "console", "--config", daemon.console_config()], {"XDG_STATE_HOME": daemon.dir}) as t:
        t.wait_text("LIVE")
        before = rss(daemon.process.pid)
        os.kill(t.pid, signal.SIGSTOP)
        count = flood(daemon, 10, 18000)
        grown = rss(daemon.process.pid) - before
        check(grown < 96 * MB, f"{grown // MB} MB for a console that does not read")
        watcher = Console(daemon)
        h = Held(daemon, "urgent", command="touch urgent")
        seen = watcher.until("another console hears of it", lambda f: f["kind"] == "event" and
                             f["event"]["data"].get("gen_ai.tool.call.id") == h.id and f["event"]["type"].endswith("requested"), 20)
        os.kill(t.pid, signal.SIGCONT)
        t.wait_text("touch urgent")
        t.wait("it is live", lambda rows: " LIVE " in rows[0])
        t.press("2", "─ approvals ─")
        t.silent(0.7)
        t.press("a", "Esc back ┘")
        until = time.monotonic() + 20
        while not h.answered() and time.monotonic() < until:
            t.read(1.5)
            t.type("a")
            t.read(0.3)
        check(verdict(h.answer()) == "allow", "it cannot decide any more")
        check(seen["event"]["data"]["approval.id"], "")
        os.kill(t.pid, signal.SIGTERM)
        check(t.end() == 0, "exit code")
        print(f"  {count} events, {grown // 1024} kB more in the daemon")
    done = daemon.run("verify", os.path.join(daemon.dir, "console"))
    check("NOT INTACT" not in done.stdout, done.stdout)


@with_daemon(config="rate = 1000000\n")
def is_cut_off_and_resumes_or_is_told(daemon):
    """Who is too slow is closed with 1013, and either gets what it missed or a snapshot that says so."""
    slow = Console(daemon)
    instance, last = slow.greeting["server"]["instance"], slow.synced["seq"]
    flood(daemon, 10, 18000)
    quick = Console(daemon)
    h = Held(daemon, "s2")
    quick.until("a request", lambda f: f["kind"] == "event" and f["event"]["data"].get("gen_ai.tool.call.id") == h.id
                and f["event"]["type"].endswith("requested"))
    end = None
    seqs = []
    while end is None and len(seqs) < 200000:
        frame = slow.read(10)
        if frame["kind"] == "event" and not frame["event"].get("snapshot"):
            seqs.append(frame["event"]["seq"])
            end = frame if frame["event"]["data"].get("gen_ai.tool.call.id") == h.id else None
        elif frame["kind"] == "closed":
            end = frame
    check(seqs == list(range(seqs[0], seqs[0] + len(seqs))), "a hole that is not told")
    print(f"  {len(seqs)} events, then {end['kind']} {end.get('code', '')}")
    if end["kind"] == "closed":
        check(end["code"] == 1013, str(end))
        again = Console(daemon, resume_after=seqs[-1] if seqs else last, instance=instance)
        news = [e["seq"] for e in again.events if not e.get("snapshot")]
        if again.greeting["resumed"]:
            check(news[0] == seqs[-1] + 1, "a hole after it was resumed")
        else:
            check(all(e.get("snapshot") for e in again.events), "neither resumed nor a snapshot")
    h.hang_up()


if __name__ == "__main__":
    run([of_the_real_console, is_cut_off_and_resumes_or_is_told])
