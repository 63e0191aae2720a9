"""Garbage, floods and lies at the hook port: refused, counted, and nobody else is disturbed."""
import json
import socket

from daemon import Console, Held, check, in_threads, run, verdict, wait_for, with_daemon


def garbage(daemon):
    pre = b'{"hook_event_name":"PreToolUse","session_id":"s","cwd":"/","tool_name":"Bash","tool_use_id":"t","tool_input":'
    bodies = [b"", b"{", b"null", b"[]", b"\xff", b"\x00", b"[" * 100000, pre + b"7}", pre + b'"x"}', pre + b"null}",
              pre + b'{"command":"a"},"tool_input":{"command":"b"}}', pre + b'{"command":"a","command":"b"}}',
              pre + b'{"command":"\xff"}}', b'{"hook_event_name":"PreToolUse"}',
              b'{"hook_event_name":"PreToolUse","session_id":"a b","tool_name":"Bash","tool_input":{}}',
              b'{"hook_event_name":"PreToolUse","session_id":"' + b"x" * 5000 + b'","tool_name":"Bash","tool_input":{}}']
    for body in bodies:
        status, answer = daemon.post("/hook/claude", body)
        check(status in (200, 400), f"{body[:40]!r}: HTTP {status}")
        if status == 200:
            check(verdict(json.loads(answer)) == "deny", f"{body[:60]!r} was answered {answer!r}")
    check(daemon.process.poll() is None, "the daemon died")


def too_large(daemon):
    body = b'{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash","tool_input":{"command":"' + b"x" * (5 << 20) + b'"}}'
    try:
        status, _ = daemon.post("/hook/claude", body)
        check(status == 413, f"HTTP {status}")
    except OSError:
        pass
    big = Held(daemon, command="echo " + "y" * (1700 * 1024))
    check(verdict(big.answer()) == "deny", "a call that is too large to be shown was held")
    fits = Held(daemon, command="echo " + "y" * (1 << 20))
    r = wait_for("the 1 MB request", lambda: daemon.status()["approvals"])[0]
    check(len(json.loads(r["action"])["input"]["command"]) == (1 << 20) + 5, "the text was cut")
    check(daemon.run("approve", r["approval.id"], "--digest", r["action.digest"]).returncode == 0, "")
    check(verdict(fits.answer()) == "allow", "")


def hostile_text_is_kept_and_shown_plain(daemon):
    console = Console(daemon)
    nasty = "ls\r\x1b[2K\x1b]52;c;eA==\x07\u202egnp\u202c\u200b\U000e0041\x9b31m" + "a\u0301" * 5000
    h = Held(daemon, command=nasty)
    r = console.request_for(h.id)
    check(json.loads(r["action"])["input"]["command"] == nasty, "the text was changed")
    for words in (["status"], ["status", "--json"]):
        out = daemon.run(*words).stdout
        bad = [c for c in out if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u202c\u200b\U000e0041"]
        check(not bad, f"{words} printed {bad[:5]!r}")
    h.hang_up()


@with_daemon(config="rate = 50\n")
def rate_limit(daemon):
    answers = []

    def calls(i):
        for k in range(100):
            h = Held(daemon, "fast", tool="Read", file_path=f"/{i}-{k}")
            answers.append(verdict(h.answer()))

    in_threads(4, calls)
    denied = answers.count("deny")
    check(denied > 100, f"{denied} of {len(answers)} calls over the rate were denied")
    check(verdict(Held(daemon, "slow", tool="Read", file_path="/x").answer()) == "allow", "another agent pays for it")


def slow_and_idle_clients(daemon):
    sockets = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(200)]
    for s in sockets[:100]:
        s.sendall(b"POST /hook/claude HTTP/1.1\r\nHost: 127.0.0.1")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "idle clients block the gate")
    for s in sockets[:100]:
        s.settimeout(20)
        check(s.recv(4096) is not None, "")
    for s in sockets:
        s.close()


def a_console_that_does_not_read(daemon):
    stuck = Console(daemon)
    busy = Console(daemon)
    text = "x" * 300000
    for i in range(150):
        daemon.hook("UserPromptSubmit", f"s{i}", prompt="p")
        h = Held(daemon, f"s{i}", command=text + str(i))
        busy.request_for(h.id)
        h.hang_up()
    check(daemon.process.poll() is None, "the daemon died")
    with open(f"/proc/{daemon.process.pid}/status") as f:
        kib = int(next(line for line in f if line.startswith("VmRSS")).split()[1])
    check(kib < 700 * 1024, f"the daemon uses {kib} KiB")
    stuck.close()


def wrong_pid_is_not_believed(daemon):
    """Over the port nobody's process is learnt, whatever the header says."""
    status, _ = daemon.post("/hook/claude", {"hook_event_name": "SessionStart", "session_id": "p", "cwd": "/"},
                            daemon.headers(**{"X-Checkrein-Pid": "1"}))
    check(status == 200, "")
    agent = daemon.status()["agents"][0]
    check("process.pid" not in agent, str(agent))


if __name__ == "__main__":
    run([garbage, too_large, hostile_text_is_kept_and_shown_plain, rate_limit, slow_and_idle_clients,
         a_console_that_does_not_read, wrong_pid_is_not_believed])
