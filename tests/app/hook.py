"""`checkrein hook` fails closed: exit code 0 only with a verdict of the daemon on standard output."""
import contextlib
import json
import os
import socket
import subprocess
import threading

from daemon import Held, check, run, verdict, wait_for

CALL = {"hook_event_name": "PreToolUse", "session_id": "s1", "cwd": "/", "tool_name": "Bash", "tool_use_id": "t1",
        "tool_input": {"command": "ls"}}
ALLOW = (b'{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","permissionDecisionReason":"x",'
         b'"updatedInput":{"command":"ls"}}}')


def http(body, status=b"200 OK", more=b""):
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n" % len(body) + more + b"\r\n" + body


class Liar:
    """A socket that answers every request with the same bytes, then closes."""

    def __init__(self, path, answer):
        self.answer = answer
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(8)
        self.requests = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            with c, contextlib.suppress(OSError):
                got = b""
                while b"\r\n\r\n" not in got:
                    got += c.recv(65536)
                self.requests.append(got)
                if self.answer is None:
                    c.settimeout(30)
                    c.recv(1 << 20)
                    continue
                c.sendall(self.answer)

    def close(self):
        self.socket.close()


def hook(daemon, path, event=CALL, stdin=None, extra=(), env=None, runtime="claude", **options):
    body = json.dumps(event).encode() if stdin is None else stdin
    return subprocess.run([daemon.binary, "hook", runtime, "--socket", path, *extra], input=body, capture_output=True,
                          timeout=60, env={**os.environ, **(env or {})}, **options)


def blocked(done, what):
    check(done.returncode == 2, f"{what}: exit code {done.returncode}, {str(done.stdout)[:200]} {done.stderr[-300:]!r}")


@contextlib.contextmanager
def liar(daemon, answer):
    path = os.path.join(daemon.dir, "run", "liar.sock")
    one = Liar(path, answer)
    try:
        yield path, one
    finally:
        one.close()
        os.unlink(path)


def only_verdicts_pass(daemon):
    bad = {
        "an empty body": http(b""),
        "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
        "an empty object": http(b"{}"),
        "no JSON": http(b"allow"),
        "half of it": http(ALLOW)[:-5],
        "a cut head": b"HTTP/1.1 200 OK\r\nContent-Le",
        "nothing": b"",
        "not HTTP": b"\x16\x03\x01\x00",
        "an array": http(b"[" + ALLOW + b"]"),
        "a string": http(b'"allow"'),
        "two objects": http(ALLOW + ALLOW),
        "a duplicate": http(ALLOW[:-2] + b',"permissionDecision":"deny"}}'),
        "another event": http(ALLOW.replace(b"PreToolUse", b"PostToolUse")),
        "no event": http(b'{"hookSpecificOutput":{"permissionDecision":"allow"}}'),
        "ask": http(ALLOW.replace(b"allow", b"ask")),
        "another word": http(ALLOW.replace(b'"allow"', b'"allowed"')),
        "a number": http(ALLOW.replace(b'"allow"', b"1")),
        "a verdict elsewhere": http(b'{"permissionDecision":"allow","hookEventName":"PreToolUse"}'),
        "bad UTF-8": http(ALLOW.replace(b'"x"', b'"\xff"')),
        "400": http(ALLOW, b"400 Bad Request"),
        "401": http(ALLOW, b"401 Unauthorized"),
        "500": http(ALLOW, b"500 Internal Server Error"),
        "a redirect": http(ALLOW, b"302 Found", b"Location: http://127.0.0.1:1/\r\n"),
        "201": http(ALLOW, b"201 Created"),
        "20 MB": http(b" " * (20 << 20) + ALLOW),
    }
    for what, answer in bad.items():
        with liar(daemon, answer) as (path, _):
            blocked(hook(daemon, path), what)
    for word in (b"allow", b"deny"):
        good = ALLOW.replace(b"allow", word)
        with liar(daemon, http(good)) as (path, _):
            done = hook(daemon, path)
            check(done.returncode == 0 and done.stdout == good, f"{word}: {done}")


def reports_need_no_verdict(daemon):
    for event in ("PostToolUse", "Stop", "UserPromptSubmit", "SessionStart"):
        with liar(daemon, http(b"{}")) as (path, _):
            done = hook(daemon, path, {**CALL, "hook_event_name": event})
            check(done.returncode == 0 and done.stdout == b"{}", f"{event}: {done}")
        with liar(daemon, http(b"")) as (path, _):
            blocked(hook(daemon, path, {**CALL, "hook_event_name": event}), f"{event}: an empty answer")
    for odd in ("", "pretooluse", "PermissionRequest", "Post"):
        with liar(daemon, http(b"{}")) as (path, _):
            blocked(hook(daemon, path, {**CALL, "hook_event_name": odd}), f"{odd!r} is not known to be a report")


def nobody_answers(daemon):
    path = os.path.join(daemon.dir, "run", "no.sock")
    blocked(hook(daemon, path), "no socket")
    blocked(hook(daemon, os.path.join(daemon.dir, "missing", "no.sock")), "no folder")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(path)
    dead.close()
    blocked(hook(daemon, path), "nobody listens")
    blocked(hook(daemon, "/" + "x" * 300), "a path that is too long")
    with liar(daemon, None) as (silent, _):
        blocked(hook(daemon, silent, extra=["--deadline", "300ms"]), "silence")


def a_folder_that_others_write(daemon):
    """Whoever can put a socket there can be the daemon: it is not asked."""
    folder = os.path.join(daemon.dir, "open")
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    path = os.path.join(folder, "liar.sock")
    one = Liar(path, http(ALLOW))
    blocked(hook(daemon, path), "a folder that anybody can write")
    check(not one.requests, "it was asked all the same")
    one.close()


def bad_input(daemon):
    with liar(daemon, http(b"{}")) as (path, _):
        for stdin in (b"", b"{", b"\xff\xfe", b"[]"):
            blocked(hook(daemon, path, stdin=stdin), f"{stdin!r}")
        blocked(hook(daemon, path, stdin=b" " * (5 << 20)), "5 MB")
    with liar(daemon, http(ALLOW)) as (path, _):
        done = subprocess.run(["sh", "-c", f"exec '{daemon.binary}' hook claude --socket '{path}' <&-"], capture_output=True,
                              timeout=60)
        blocked(done, "no standard input")
        done = subprocess.run(["sh", "-c", f"exec '{daemon.binary}' hook claude --socket '{path}' >&-"], capture_output=True,
                              timeout=60, input=json.dumps(CALL).encode())
        blocked(done, "no standard output")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([daemon.binary, "hook", "claude", "--socket", path], input=json.dumps(CALL).encode(),
                                  stdout=full, stderr=subprocess.PIPE, timeout=60)
        blocked(done, "a full standard output")


def bad_arguments(daemon):
    for arguments in ([], ["claude", "more"], ["--socket"], ["claude", "--nonsense"], ["--help"], ["claude", "--help"],
                      ["claude", "--deadline", "soon"], ["claude", "--deadline=-1s"], ["../v1/logs"], ["codex"]):
        done = subprocess.run([daemon.binary, "hook", *arguments], input=json.dumps(CALL).encode(), capture_output=True,
                              timeout=60, env={**os.environ, "XDG_RUNTIME_DIR": daemon.dir})
        blocked(done, f"{arguments}")


def names_from_the_environment(daemon):
    with liar(daemon, http(ALLOW)) as (path, one):
        done = hook(daemon, path, env={"CHECKREIN_AGENT": "a\r\nX-Evil: 1\x1b", "CLAUDE_PID": "1\r\n2"})
        check(done.returncode == 0, f"{done}")
        head = one.requests[-1].split(b"\r\n\r\n")[0].lower()
        check(b"\r\nx-evil" not in head and b"x-checkrein-agent: a??x-evil: 1?" in head, f"{head}")


GEMINI = {"hook_event_name": "BeforeTool", "session_id": "g1", "cwd": "/", "tool_name": "run_shell_command",
          "tool_input": {"command": "ls"}}


def verdicts_of_another_shape(daemon):
    """Gemini CLI's verdicts; what is one to another runtime, or would change the call, is none."""
    bad = (b"", b"{}", ALLOW, b'{"decision":"ask"}', b'{"decision":"allow","decision":"deny"}', b'{"decision":true}',
           b'{"reason":"x"}', b'{"decision":"allow","hookSpecificOutput":{"tool_input":{"command":"rm"}}}')
    for answer in bad:
        with liar(daemon, http(answer)) as (path, _):
            done = hook(daemon, path, GEMINI, runtime="gemini")
            blocked(done, f"{answer}")
            check(done.stderr.startswith(b"checkrein: "), "without words on stderr the runtime lets the call run")
    for good in (b'{"decision":"allow","reason":"x"}', b'{"continue":false,"decision":"deny","reason":"x"}'):
        with liar(daemon, http(good)) as (path, one):
            secret = {"GEMINI_API_KEY": "key-of-the-model", "CLAUDE_PID": "4242"}
            done = hook(daemon, path, GEMINI, runtime="gemini", env=secret, extra=["--pid", "77"])
            check(done.returncode == 0 and done.stdout == good, f"{done}")
            check(b"key-of-the-model" not in one.requests[-1], "a key of the environment was sent")
            head = one.requests[-1].lower()
            check(b"post /hook/gemini " in head and b"x-checkrein-pid: 77\r" in head, f"{head}")
            blocked(hook(daemon, path), "a verdict of the other shape")
    for event in ("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "AfterTool", "Notification"):
        with liar(daemon, http(b"{}")) as (path, _):
            done = hook(daemon, path, {**GEMINI, "hook_event_name": event}, runtime="gemini")
            check(done.returncode == 0, f"{event}: {done}")
    with liar(daemon, http(b"{}")) as (path, _):
        blocked(hook(daemon, path, {**GEMINI, "hook_event_name": "BeforeModel"}, runtime="gemini"), "an unknown event")


def the_real_daemon(daemon):
    """The whole way: held, allowed, and its process learnt from the kernel."""
    p = subprocess.Popen([daemon.binary, "hook", "claude", "--socket", daemon.socket], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(json.dumps(CALL).encode())
    p.stdin.close()
    request = wait_for("request", lambda: daemon.status()["approvals"])[0]
    check(p.poll() is None, "it did not wait")
    check(daemon.run("approve", request["approval.id"], "--digest", request["action.digest"]).returncode == 0, "")
    check(verdict(json.loads(p.stdout.read())) == "allow" and p.wait(10) == 0, "")
    p = subprocess.Popen([daemon.binary, "hook", "claude", "--socket", daemon.socket], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(json.dumps({**CALL, "tool_use_id": "t2"}).encode())
    p.stdin.close()
    wait_for("request", lambda: daemon.status()["approvals"])
    daemon.kill()
    check(p.wait(20) == 2 and not p.stdout.read(), "the daemon was killed, and the call not blocked")
    daemon.start()
    Held(daemon, "s2", tool="Read", file_path="/x").answer()


if __name__ == "__main__":
    run([only_verdicts_pass, reports_need_no_verdict, nobody_answers, a_folder_that_others_write, bad_input, bad_arguments,
         names_from_the_environment, verdicts_of_another_shape, the_real_daemon])
