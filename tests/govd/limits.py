"""What an agent can pile up: calls that never end, texts, sessions, noise. Each has an end, and others go on."""
import contextlib
import json
import os
import resource
import secrets
import select
import socket
import subprocess
import time

from daemon import Console, Daemon, Held, check, run, verdict, wait_for, with_daemon


def post_many(daemon, bodies):
    """On one connection; gives the answers."""
    answers = []
    c = daemon.connection()
    for body in bodies:
        c.request("POST", "/hook/claude", body if isinstance(body, bytes) else json.dumps(body), daemon.headers())
        answers.append(json.loads(c.getresponse().read()))
    c.close()
    return answers


def read_call(session, i):
    return {"hook_event_name": "PreToolUse", "session_id": session, "cwd": "/", "tool_name": "Read",
            "tool_use_id": f"t{i}", "tool_input": {"file_path": f"/{i}"}}


@with_daemon(config="rate = 1000000\n")
def calls_that_never_end(daemon):
    answers = [verdict(a) for a in post_many(daemon, [read_call("s1", i) for i in range(4100)])]
    check(answers[:4096] == ["allow"] * 4096 and answers[4096:] == ["deny"] * 4, f"{answers.count('allow')} were let through")
    check(verdict(Held(daemon, "s2", tool="Read", file_path="/x").answer()) == "allow", "another agent pays for it")
    daemon.hook("Stop")
    check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "the end of the turn ends them")


def texts_that_wait(daemon):
    console = Console(daemon)
    held = [Held(daemon, command="echo " + "y" * (1200 * 1024)) for _ in range(13)]
    for h in held:
        console.request_for(h.id)
    check(verdict(Held(daemon, command="echo " + "y" * (1200 * 1024)).answer()) == "deny", "more than 16 MiB of one agent wait")
    check(verdict(Held(daemon, "s2", tool="Read", file_path="/x").answer()) == "allow", "another agent")
    for h in held:
        h.hang_up()
    wait_for("none is left", lambda: not daemon.status()["approvals"])
    again = Held(daemon, command="echo " + "y" * (1200 * 1024))
    console.request_for(again.id)
    again.hang_up()


def snapshot_of_much(daemon):
    """Whatever may wait can be told to a console that connects."""
    held = [Held(daemon, f"s{i % 5}", command="echo " + "z" * (900 * 1024)) for i in range(60)]
    count = lambda: len([e for e in daemon.events("approval.requested")])  # noqa: E731
    wait_for("60 requests", lambda: count() == 60, 60)
    console = Console(daemon)
    waits = [e for e in console.events if e["type"] == "dev.checkrein.approval.requested"]
    check(len(waits) == 60, f"{len(waits)} of 60 requests are in the snapshot")
    request = waits[37]["data"]
    console.approve(request, wait="accepted")
    mine = next(h for h in held if h.id == request["gen_ai.tool.call.id"])
    check(verdict(mine.answer()) == "allow", "")


@with_daemon(config="rate = 20\n")
def reports_are_limited_too(daemon):
    post_many(daemon, [{"hook_event_name": "UserPromptSubmit", "session_id": "s1", "cwd": "/", "prompt": "p"}] * 600)
    raw = len([r for r in daemon.records() if r["k"] == "raw"])
    check(20 <= raw < 200, f"{raw} of 600 reports over the rate are in the record")
    told = [e for e in daemon.events("failure.reported") if "rate" in e["data"].get("error.message", "")]
    check(0 < len(told) < 30, f"told {len(told)} times")


def garbage_is_counted(daemon):
    post_many(daemon, [b"{", b"\xff", b'{"session_id":7}'] * 200)
    signals = daemon.events("signal.raised")
    check(0 < len(signals) < 20, f"{len(signals)} alarms for 600 bodies of garbage")
    check(len(daemon.records()) < 60, f"{len(daemon.records())} records")


def newcomers(daemon):
    body = {"hook_event_name": "UserPromptSubmit", "cwd": "/", "prompt": "p"}
    begun = time.monotonic()
    post_many(daemon, [{**body, "session_id": secrets.token_hex(8)} for _ in range(2500)])
    most = 1000 + 200 * (time.monotonic() - begun) + 1  # five seconds' worth at once, and 200 a second
    made = len(daemon.events("agent.started"))
    check(1000 <= made <= min(most, 2500), f"{made} of 2500 new agents at once were taken, {most:.0f} may be")
    check(verdict(post_many(daemon, [read_call("one-more", 1)])[0]) in ("allow", "deny"), "")


def descriptors(daemon):
    """More calls can wait than the descriptors that a shell gives by default."""
    daemon.kill()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    held = [Held(daemon, f"s{i % 4}") for i in range(400)]
    wait_for("400 requests", lambda: len(daemon.status()["approvals"]) == 400, 60)
    for h in held:
        h.hang_up()


def is_refused(sock):
    """What we still send may destroy the answer."""
    try:
        return sock.recv(12) == b"HTTP/1.1 503"
    except ConnectionError:
        return True


def begin_bodies(daemon):
    begun = []
    piece = b"x" * ((4 << 20) - 1)
    head = (f"POST /hook/claude HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token}\r\n"
            f"Content-Length: {4 << 20}\r\n\r\n").encode()
    for _ in range(40):
        begun.append(socket.create_connection(("127.0.0.1", daemon.port), 20))
        with contextlib.suppress(OSError):
            begun[-1].sendall(head)
            begun[-1].sendall(piece)
    return begun


def unfinished_bodies(daemon):
    """Large calls whose ends do not come: not all of them are kept, and a small call goes on. A slow machine needs
    more than one attempt, because each is sent away after a while."""
    for _ in range(4):
        begun = begin_bodies(daemon)
        refused = any(is_refused(s) for s in select.select(begun, [], [], 5)[0])
        if refused:
            check(verdict(Held(daemon, tool="Read", file_path="/x").answer()) == "allow", "a small call")
        for s in begun:
            s.close()
        if refused:
            break
    check(refused, "every body was kept")
    body = json.dumps({"hook_event_name": "UserPromptSubmit", "session_id": "s2", "prompt": "x" * (3 << 20)})
    wait_for("their memory is given back", lambda: daemon.post("/hook/claude", body.encode())[0] == 200)


def strangers_at_the_port(daemon):
    """Who takes every connection of the port, without a token, keeps no operator out."""
    daemon.kill()
    program, daemon.binary = daemon.binary, os.path.join(daemon.dir, "few-descriptors")
    with open(daemon.binary, "w") as f:
        f.write(f'#!/bin/sh\nulimit -n 300 && exec "{program}" "$@"\n')
    os.chmod(daemon.binary, 0o700)
    daemon.start()
    daemon.binary = program
    strangers = [socket.create_connection(("127.0.0.1", daemon.port), 5) for _ in range(400)]
    began = time.monotonic()
    console = Console(daemon)
    check(time.monotonic() - began < 5, "the console waited until the strangers were sent away")
    check(console.command("stop_all", wait="accepted")["state"] == "accepted", "stop")
    for s in strangers:
        s.close()


if __name__ == "__main__":
    run([calls_that_never_end, texts_that_wait, snapshot_of_much, reports_are_limited_too, garbage_is_counted, newcomers,
         descriptors, strangers_at_the_port, unfinished_bodies])
