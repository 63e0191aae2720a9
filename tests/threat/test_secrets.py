"""Threat 27: secrets that agents let pass. Every shape there is goes through hooks, and the daemon's own token; none of
them is in the record, in a console's record, in the log, in a frame or on a screen, and what runs still has them."""
import base64
import hashlib
import json
import os
import random
import re

from daemon import Console, Held, check, run, verdict
from decisions import MARK
from terminal import Terminal

MIXED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

# Made here: a file with keys in it is what this is about. (kind, before, pieces, after)
SHAPES = [
    ("anthropic-key", "", [("sk-ant-api03-", MIXED, 95)], ""),
    ("openai-key", "", [("sk-proj-", MIXED, 48)], ""),
    ("github-token", "", [("ghp_", MIXED, 36)], ""),
    ("github-token", "", [("github_pat_", MIXED, 22), ("_", MIXED, 59)], ""),
    ("gitlab-token", "", [("glpat-", MIXED, 20)], ""),
    ("aws-key-id", "", [("AKIA", UPPER, 16)], ""),
    ("access-key", "aws_secret_access_key=", [("", MIXED, 20), ("/", MIXED, 19)], ""),
    ("google-key", "", [("AIza", MIXED, 35)], ""),
    ("google-token", "", [("ya29.", MIXED, 60)], ""),
    ("slack-token", "", [("xoxb-", "0123456789", 12), ("-", MIXED, 24)], ""),
    ("stripe-key", "", [("sk_live_", MIXED, 24)], ""),
    ("stripe-key", "", [("rk_live_", MIXED, 24)], ""),
    ("npm-token", "", [("npm_", MIXED, 36)], ""),
    ("pypi-token", "", [("pypi-AgEIcHlwaS5vcmc", MIXED, 130)], ""),
    ("huggingface-token", "", [("hf_", MIXED, 34)], ""),
    ("sendgrid-key", "", [("SG.", MIXED, 22), (".", MIXED, 43)], ""),
    ("twilio-key", "", [("SK", HEX, 32)], ""),
    ("digitalocean-token", "", [("dop_v1_", HEX, 64)], ""),
    ("jwt", "", [("eyJ", MIXED, 33), (".eyJ", MIXED, 60), (".", MIXED, 43)], ""),
    ("private-key", "", [("-----BEGIN RSA PRIVATE KEY-----\n", MIXED, 64), ("\n", MIXED, 64), ("\n", MIXED, 20),
                         ("==\n-----END RSA PRIVATE KEY-----", "A", 0)], ""),
    ("bearer-token", "Authorization: Bearer ", [("", MIXED, 30)], ""),
    ("basic-credentials", "Authorization: Basic ", [("", MIXED, 24)], ""),
    ("url-password", "postgres://app:", [("", MIXED, 14)], "@db/x"),
    ("password", "password=", [("", MIXED, 14)], ""),
    ("password", "mysql --password ", [("", MIXED, 14)], ""),
    ("password", '{"password":"', [("", MIXED, 14)], '"}'),
    ("token", "https://h/?access_token=", [("a1", MIXED, 20)], "&x=1"),
    ("secret", "CLIENT_SECRET='", [("a1", MIXED, 20)], "'"),
    ("api-key", "X-Api-Key: ", [("a1", MIXED, 20)], ""),
]


def make(pieces, dice):
    text = ""
    for literal, letters, n in pieces:
        some = [letters[-1], letters[0], letters[len(letters) // 2]][:n]
        text += literal + "".join(some + [dice.choice(letters) for _ in range(n - len(some))])
    return text


def corpus(daemon):
    """A text with all of them, and what must be nowhere: any twelve bytes in a row of one, its ends of line aside."""
    dice = random.Random(daemon.token)
    secrets = [make(pieces, dice) for _, _, pieces, _ in SHAPES] + [daemon.token]
    places = [(before, after) for _, before, _, after in SHAPES] + [("say ", "")]
    text = "\n".join(before + secret + after for (before, after), secret in zip(places, secrets))
    needles = set()
    for secret in secrets:
        for line in secret.split("\n"):
            if not line.startswith("-----"):
                body = line[-20:] if len(line) > 24 else line
                needles |= {body[i:i + 12].encode() for i in range(len(body) - 11)}
    needles.add(base64.b64encode(daemon.token.encode())[:40])
    return text, needles


def look(what, text, needles):
    for needle in needles:
        at = text.find(needle)
        check(at < 0, f"{what} has {needle!r} at {at}: {text[max(0, at - 60):at + 60]!r}")


def look_in_files(daemon, needles):
    looked = 0
    for root, _, names in os.walk(daemon.dir):
        for name in names:
            path = os.path.join(root, name)
            if path != daemon.token_file and os.path.isfile(path) and not os.path.islink(path):
                looked += 1
                with open(path, "rb") as f:
                    look(path, f.read(), needles)
    check(looked > 8, f"only {looked} files were looked at")


def escaped(text):
    """JSON with every letter as \\u00xx: the same to who reads it."""
    return '"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"'


def nowhere(daemon):
    text, needles = corpus(daemon)
    text += "\n" + base64.b64encode(b"checkrein:" + daemon.token.encode()).decode()
    console = Console(daemon)
    config = daemon.console_config()
    with Terminal([daemon.binary, "console", "--config", config], {"XDG_STATE_HOME": daemon.dir}, cols=160, rows=60) as t:
        t.wait_text("back-ends")
        waits = Held(daemon, command=text, description=text)
        request = console.request_for(waits.id)
        check(request["action.secrets"] >= len(SHAPES), f"{request['action.secrets']} secrets were told of")
        check(len(MARK.findall(request["action"])) >= len(SHAPES), "marks stand in their place")
        for kind, *_ in SHAPES:
            check(f"[secret {kind} " in request["action"], f"no {kind} is marked in {request['action']}")
        t.wait_text("[secret ")
        t.press("\r", "secrets hidden")
        for key in ("G", "g", "\x1b", "2", "3", "4", "5", "6"):
            t.type(key)
            t.read(0.3)
        shown = daemon.run("show", request["approval.id"], "--json").stdout + daemon.run("show", request["approval.id"]).stdout
        check("[secret " in shown, "show has marks")
        done = console.approve(request, shown_digest=request["action.shown_digest"], wait="accepted", reason=text)
        check(done["state"] in ("accepted", "confirmed"), f"{done}")
        answer = waits.answer()
        check(answer["hookSpecificOutput"]["updatedInput"]["command"] == text, "what runs is what was asked for, byte by byte")
        daemon.hook("UserPromptSubmit", prompt=text)
        daemon.hook("PostToolUse", tool_name="Bash", tool_use_id=waits.id, tool_input={"command": text, "description": text},
                    tool_response={"stdout": "x" * 1989 + " " + text, "stderr": text})
        daemon.hook("Notification", message=text)
        status, _ = daemon.post("/hook/claude", (
            '{"hook_event_name":"PostToolUseFailure","session_id":"s2","cwd":"/srv","tool_name":"Bash","tool_use_id":"t9",'
            '"tool_input":{"command":' + escaped(text) + '},"error":' + escaped(text) + "}").encode())
        check(status == 200, f"{status}")
        refused = Held(daemon, session="s3", command=text)
        other = console.request_for(refused.id)
        denied = console.command("deny", approval=other["approval.id"], reason="it has " + text)
        check(denied["state"] == "confirmed", f"{denied}")
        check(verdict(refused.answer()) == "deny", "denied")
        t.read(0.5)
        for view in "123456":
            t.type(view)
            t.read(0.3)
        look("the screen", t.seen, needles)
        look("the screen as it stands", "\n".join(t.rows()).encode(), needles)
        t.type("Q")
        check(t.end() == 0, "exit code")
    look("a frame", json.dumps(console.frames).encode(), needles)
    look("show", shown.encode(), needles)
    for words in (["status", "--json"], ["log"], ["verify", daemon.record]):
        done = daemon.run(*words)
        look(str(words), (done.stdout + done.stderr).encode(), needles)
    console.close()
    check(daemon.terminate() == 0, "exit code")
    look_in_files(daemon, needles)
    told = sum(r.get("secrets", 0) for r in daemon.records())
    check(f"{told} secrets were replaced before they were written" in daemon.verify().stdout, daemon.verify().stdout)
    check("github-token" in daemon.verify().stdout, "kinds are named")


def bound_to_what_was_shown(daemon):
    console = Console(daemon)
    secret = "ghp_" + "A1b2" * 9
    waits = Held(daemon, command="push " + secret)
    request = console.request_for(waits.id)
    real = json.dumps({"command": "push " + secret})
    check(secret not in json.dumps(request), "it is hidden")
    text = "sha256:" + hashlib.sha256(request["action"].encode()).hexdigest()
    check(request["action.shown_digest"] == text != request["action.digest"], f"{request}")
    whole = '{"tool":"Bash","input":' + real + ',"cwd":"/srv/s1"}'
    check(request["action.digest"] == "sha256:" + hashlib.sha256(whole.encode()).hexdigest(), "the digest is of what runs")
    for wrong in ({}, {"shown_digest": request["action.digest"]}, {"shown_digest": "sha256:" + "0" * 64}):
        done = console.approve(request, **wrong)
        check(done["state"] == "refused" and "hidden" in done["reason"], f"{wrong}: {done}")
    check(not waits.answered(), "it still waits")
    done = daemon.run("approve", request["approval.id"], "--digest", request["action.digest"])
    check(done.returncode != 0, f"{done}")
    done = daemon.run("approve", request["approval.id"], "--digest", request["action.digest"], "--shown-digest", text, "--wait", "1s")
    answer = waits.answer()
    check(answer["hookSpecificOutput"]["updatedInput"]["command"] == "push " + secret, f"{answer} {done}")
    resolved = daemon.events("approval.resolved")[-1]["data"]
    check(resolved["action.shown_digest"] == text, f"{resolved}")
    console.close()


def an_agent_cannot_hide(daemon):
    """What is made to look like a secret, and would run, is shown; marks of an agent are told from true ones."""
    console = Console(daemon)
    mark = "[secret github-token 40 #00000000]"
    waits = Held(daemon, command="echo don't password=' ; touch /tmp/evil ; ' " + mark)
    request = console.request_for(waits.id)
    check("touch /tmp/evil" in request["action"], request["action"])
    check("action.secrets" not in request and "action.shown_digest" not in request, "a mark of an agent is no secret")
    check(console.approve(request, wait="accepted")["state"] in ("accepted", "confirmed"), "by its digest alone")
    check(mark in waits.answer()["hookSpecificOutput"]["updatedInput"]["command"], "it runs as it stands")
    console.close()


def ids_are_refused(daemon):
    """An agent whose name is hidden could not be named any more."""
    secret = "ghp_" + "A1b2" * 9
    for fields in ({"session": secret}, {"call": secret}, {"extra": {"agent_id": secret}}):
        answer = Held(daemon, command="true", **fields).answer()
        check(verdict(answer) == "deny", f"{fields}: {answer}")
    daemon.terminate()
    look_in_files(daemon, {secret.encode()})


def marks_are_of_one_record(daemon):
    """Equal secrets have equal marks, over a restart too; the key of the marks is nobody else's."""
    secret = "ghp_" + "Zy98" * 9
    for session in ("a", "b"):
        daemon.hook("UserPromptSubmit", session=session, prompt=secret)
    daemon.terminate()
    daemon.start()
    daemon.hook("UserPromptSubmit", session="c", prompt=secret)
    path = os.path.join(daemon.record, "key.marks")
    check(os.stat(path).st_mode & 0o777 == 0o600, "its mode")
    marks = [m for r in daemon.records() for m in MARK.findall(json.dumps(r))]
    check(len(marks) >= 3 and len(set(marks)) == 1, f"{marks}")
    check(re.search(r'"secrets":\d+,"from"', open(os.path.join(daemon.record, "000001.jsonl")).read()), "before the body")


if __name__ == "__main__":
    run([nowhere, bound_to_what_was_shown, an_agent_cannot_hide, ids_are_refused, marks_are_of_one_record])
