"""Settings that change under a session: what the daemon finds in the files that the session reads, and what it answers."""
import hashlib
import json
import os
import subprocess

from daemon import Console, Held, check, run, verdict, wait_for


class Settings:
    """A user's configuration and a project, connected to this daemon."""

    def __init__(self, daemon, session="s1"):
        self.daemon = daemon
        self.session = session
        self.config = os.path.join(daemon.dir, "config")
        self.project = os.path.join(daemon.dir, "project")
        self.user = os.path.join(self.config, "settings.json")
        self.local = os.path.join(self.project, ".claude", "settings.local.json")
        os.makedirs(os.path.dirname(self.local), exist_ok=True)
        os.makedirs(self.config, exist_ok=True)
        done = subprocess.run([daemon.binary, "connect", "claude", "--settings", self.user, "--socket", daemon.socket,
                               "--token-file", daemon.token_file, "--hook-port", str(daemon.port), "--runtime-version", "2.1.328"],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "XDG_CONFIG_HOME": daemon.dir, "XDG_STATE_HOME": daemon.dir, "HOME": daemon.dir})
        check(done.returncode == 0, done.stderr)
        daemon.hook("SessionStart", session, source="startup")

    def write(self, settings, path=None):
        with open(path or self.user, "w") as f:
            f.write(settings if isinstance(settings, str) else json.dumps(settings))

    def read(self):
        with open(self.user) as f:
            return json.load(f)

    def changed(self, path=None, source="user_settings", **fields):
        """The answer to the hook, and what was told since."""
        before = len(self.daemon.events("signal.raised"))
        answer = self.daemon.hook("ConfigChange", self.session, **{
            "source": source, "file_path": path or self.user, "cwd": self.project,
            "transcript_path": os.path.join(self.config, "projects", "p", "t.jsonl"), **fields})
        told = [e["data"] for e in self.daemon.events("signal.raised")[before:]]
        return answer.get("decision"), told


def refused(what, severity, words):
    decision, told = what
    check(decision == "block", f"it was let through: {told}")
    check(len(told) == 1 and told[0]["signal.severity"] == severity and words in told[0]["signal.title"], f"{words}: {told}")
    return told[0]


def whole(daemon):
    s = Settings(daemon)
    s.write({**s.read(), "model": "opus"})
    decision, told = s.changed()
    check(decision is None and len(told) == 1 and told[0]["signal.severity"] == "low", told)
    with open(s.user, "rb") as f:
        check("sha256:" + hashlib.sha256(f.read()).hexdigest() in told[0]["signal.title"], told)
    s.write({"permissions": {"allow": []}}, s.local)
    decision, told = s.changed(s.local, "local_settings")
    check(decision is None, told)


def loosened(daemon):
    s = Settings(daemon)
    good = s.read()

    def without(change):
        settings = json.loads(json.dumps(good))
        change(settings)
        s.write(settings)
        return s.changed()

    refused(without(lambda x: x.pop("hooks")), "emergency", "no settings hold the gate's hooks any more")
    refused(without(lambda x: x["hooks"].pop("PreToolUse")), "emergency", "PreToolUse is missing")
    refused(without(lambda x: x.update(disableAllHooks=True)), "emergency", "disableAllHooks")
    refused(without(lambda x: x.update(allowManagedHooksOnly=True)), "emergency", "allowManagedHooksOnly")
    refused(without(lambda x: x["env"].update(HTTPS_PROXY="http://127.0.0.1:1")), "emergency", "HTTPS_PROXY")
    refused(without(lambda x: x["env"].update(OTEL_SDK_DISABLED="true")), "high", "OTEL_SDK_DISABLED")
    s.write("{")
    refused(s.changed(), "high", "cannot be read")
    os.unlink(s.user)
    refused(s.changed(), "emergency", "no settings hold")
    os.mkfifo(s.user)
    refused(s.changed(), "high", "cannot be read")
    os.unlink(s.user)
    s.write(good)
    check(s.changed()[0] is None, "whole again, and refused")


def another_program(daemon):
    """Command hooks that run something else, in a line that looks the same."""
    s = Settings(daemon)
    evil = os.path.join(daemon.dir, "checkrein-too")
    s.write(evil.join(json.dumps(s.read()).split(os.path.realpath(daemon.binary))))
    with open(evil, "w") as f:
        f.write("#!/bin/sh\n")
    os.chmod(evil, 0o755)
    refused(s.changed(), "emergency", "run another program")


def behind_a_refused_change(daemon):
    s = Settings(daemon)
    s.write({"disableAllHooks": True}, s.local)
    refused(s.changed(s.local, "local_settings"), "emergency", "settings.local.json")
    s.write({**s.read(), "model": "opus"})
    refused(s.changed(), "emergency", "settings.local.json")


def while_a_call_runs(daemon):
    s = Settings(daemon)
    console = Console(daemon)
    held = Held(daemon, "s2", call="toolu_w", command="vi settings")
    console.approve(console.request_for("toolu_w"), wait="accepted")
    check(verdict(held.answer()) == "allow", "")
    s.write({**s.read(), "model": "opus"})
    told = refused(s.changed(), "low", "while a call of another agent ran")
    check(told["gen_ai.tool.call.id"] == "toolu_w", told)
    daemon.hook("PostToolUse", "s2", tool_name="Bash", tool_use_id="toolu_w", tool_input={"command": "vi settings"}, tool_response={})
    check(s.changed()[0] is None, "no call runs any more")


def swapped_behind_the_look(daemon):
    """What was found whole is looked at again when the client has read it."""
    s = Settings(daemon)
    check(s.changed()[0] is None, "it is whole")
    s.write("{}")
    told = wait_for("the second look", lambda: [e["data"] for e in daemon.events("signal.raised")
                                                if "right after they were found whole" in e["data"]["signal.title"]])
    check(told[0]["signal.severity"] == "emergency" and told[0]["gen_ai.agent.id"] == "claude:s1", told)
    check(daemon.terminate() == 0, "it did not end cleanly")
    daemon.start()


def shut_down_before_the_second_look(daemon):
    s = Settings(daemon)
    check(s.changed()[0] is None, "it is whole")
    check(daemon.terminate() == 0, "it did not end cleanly")
    daemon.start()


def managed_cannot_be_refused(daemon):
    s = Settings(daemon)
    s.write("{}")
    _, told = s.changed(source="policy_settings")
    check("managed settings cannot be refused" in told[0]["signal.title"], told)


def files_that_are_none(daemon):
    s = Settings(daemon)
    for path in ("settings.json", "/etc/passwd", "/proc/self/mem", "/" + "x" * 5000 + "/settings.json", "/a\0b/settings.json",
                 s.user + "\n"):
        refused(s.changed(path), "high", "cannot be looked at")
    check(s.changed("/etc/passwd", "skills") == (None, []), "what is no settings file is none of ours")
    hostile = os.path.join(s.project, "a\x1b[31m\u202e", "settings.json")
    os.makedirs(os.path.dirname(hostile))
    s.write({"disableAllHooks": True}, hostile)
    title = refused(s.changed(hostile, "project_settings"), "emergency", "disableAllHooks")["signal.title"]
    check(title.isprintable() and title.isascii(), repr(title))


if __name__ == "__main__":
    run([whole, loosened, another_program, behind_a_refused_change, while_a_call_runs, swapped_behind_the_look,
         shut_down_before_the_second_look, managed_cannot_be_refused, files_that_are_none])
