"""`checkrein run` with upstreams: what each client is given, what it loses, and what is refused because it would go past."""
import json
import os
import re
import subprocess
import sys
import tempfile

from daemon import DEADLINE, Daemon, check, wait_for

BINARY = os.path.abspath(sys.argv[1])
KEY = "sk-real-0123456789-abcdefghijklmnop"
SECTIONS = {"desk": ("anthropic", ""), "work": ("openai", "/v1"), "lab": ("gemini", "")}
TOKEN = re.compile("crl_[0-9a-f]{64}")


class World:
    """A daemon with these upstreams, and clients that only tell what they were started with."""

    def __init__(self, folder, *names):
        self.folder = folder
        self.home = os.path.join(folder, "home")
        self.project = os.path.join(folder, "project")
        os.makedirs(self.home), os.makedirs(self.project)
        key = self.write("key", KEY, 0o600)
        config = "gateway_port = 0\n" + "".join(
            f"[upstream {name}]\nurl = http://127.0.0.1:9{SECTIONS[name][1]}\ndialect = {SECTIONS[name][0]}\nsecret_file = {key}\n"
            for name in names)
        self.daemon = Daemon(BINARY, config=config)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as f:
            f.write(text if isinstance(text, str) else json.dumps(text))
        return path

    def run(self, client, *words, options=(), code=0, env=None, does="env -0; echo; cat /proc/$PPID/environ"):
        program = self.write(f"bin/{client}", f"#!/bin/sh\n{does}\n", 0o755)
        d = self.daemon
        base = {k: v for k, v in os.environ.items() if not k.endswith(("_KEY", "_TOKEN"))}
        done = subprocess.run([BINARY, "run", "--config", d.config_file, "--socket", d.socket, "--token-file", d.token_file, "--no-scope",
                               *options, "--", program, *words], capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, cwd=self.project,
                              env={**base, "HOME": self.home, "XDG_STATE_HOME": d.dir, "XDG_RUNTIME_DIR": self.folder, **(env or {})})
        check(done.returncode == code, f"{client} {words} {options}: {done}")
        return done.stdout + done.stderr

    def variables(self, *words, **more):
        told = self.run(*words, **more)
        check(KEY not in told, f"a real key is left: {told}")
        return dict(line.split("=", 1) for line in told[:told.rindex("\0\n")].split("\0"))


def is_gone(env, *names):
    check(not [n for n in names if env.get(n)], f"{[n for n in names if env.get(n)]} is left")


KEYS = {n: KEY for n in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "OPENROUTER_API_KEY",
                         "OPENCODE_API_KEY", "OPENCODE_AUTH_CONTENT", "GOOGLE_API_KEY")}


def opencode_gets_the_first_that_there_is(w):
    for names, options, service, path in ((("desk", "work", "lab"), (), "anthropic", "desk/v1"),
                                          (("work", "lab"), (), "openai", "work"), (("lab",), (), "google", "lab/v1beta"),
                                          (("desk", "work"), ("--upstream", "work"), "openai", "work")):
        with w(*names) as one:
            env = one.variables("opencode", options=options, env=KEYS)
            content = json.loads(env["OPENCODE_CONFIG_CONTENT"])
            name = path.split("/")[0]
            check(content["enabled_providers"] == [service, name] and content["disabled_providers"] == [], f"{content}")
            for provider in (service, name):
                given = content["provider"][provider]["options"]
                check(given["baseURL"].endswith(f"/u/{path}") and given["apiKey"] == "{env:CHECKREIN_LEASE}", f"{given}")
            check(TOKEN.fullmatch(env["CHECKREIN_LEASE"]), "no lease")
            is_gone(env, *KEYS)


def opencode_keeps_what_was_set(w):
    with w("desk") as one:
        theirs = {"theme": "dark", "enabled_providers": ["other"],
                  "provider": {"anthropic": {"options": {"baseURL": "http://elsewhere/", "timeout": 5}, "models": {"m": {}}}, "other": {}}}
        content = json.loads(one.variables("opencode", env={"OPENCODE_CONFIG_CONTENT": json.dumps(theirs)})["OPENCODE_CONFIG_CONTENT"])
        given = content["provider"]["anthropic"]
        check(content["theme"] == "dark" and given["models"] == {"m": {}} and given["options"]["timeout"] == 5, f"{content}")
        check("elsewhere" not in given["options"]["baseURL"] and content["enabled_providers"] == ["anthropic", "desk"], f"{content}")
        for bad in ("[]", "{", '{"provider": 1}', json.dumps({"theme": "x" * 70000})):
            check("OPENCODE_CONFIG_CONTENT" in one.run("opencode", env={"OPENCODE_CONFIG_CONTENT": bad}, code=3), bad)


def opencode_is_refused(w):
    with w("desk") as one:
        for words in (("attach", "http://x"), ("run", "--attach", "http://x", "hello"), ("run", "--attach=http://x")):
            check("another server" in one.run("opencode", *words, code=3), f"{words}")
        check("another server" not in one.run("opencode", "run", "attach"), "a prompt of that word")
        check("another server" not in one.run("opencode", "run", "--", "--attach"), "a prompt of that word")
        file = "home/.local/share/opencode/auth.json"
        one.write(file, {"anthropic": {"type": "oauth"}})
        check("holds a login for anthropic" in one.run("opencode", code=3), "a stored login")
        one.run("opencode", options=("--upstream", "none"))
        one.write(file, {"anthropic": {"type": "api"}, "openai": {"type": "oauth"}})
        one.run("opencode")
        one.write(file, "{")
        check("cannot be read as JSON" in one.run("opencode", code=3), "logins that are broken")


COPILOT = {n: KEY for n in ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "COPILOT_PROVIDER_API_KEY", "OPENAI_API_KEY",
                            "COPILOT_PROVIDER_BEARER_TOKEN", "COPILOT_PROVIDER_API_KEY_COMMAND", "COPILOT_PROVIDER_HEADERS")}


def copilot(w):
    with w("desk", "work", "lab") as one:
        for options, kind, path in (((), "openai", "/u/work"), (("--upstream", "desk"), "anthropic", "/u/desk")):
            env = one.variables("copilot", options=options, env={**COPILOT, "COPILOT_PROVIDER_TRANSPORT": "websockets"})
            check(env["COPILOT_PROVIDER_BASE_URL"].endswith(path) and env["COPILOT_PROVIDER_TYPE"] == kind, f"{env}")
            check(env["COPILOT_OFFLINE"] == "true" and env["COPILOT_PROVIDER_TRANSPORT"] == "http", f"{env}")
            check(TOKEN.fullmatch(env["COPILOT_PROVIDER_API_KEY"]), "no lease")
            is_gone(env, *(n for n in COPILOT if n != "COPILOT_PROVIDER_API_KEY"))
        check("does not speak the dialect gemini" in one.run("copilot", options=("--upstream", "lab"), code=3), "another dialect")
        check("does not speak the dialect openai" in one.run("claude", options=("--upstream", "work"), code=3), "another dialect")
    with w("lab") as one:
        told = one.run("copilot", env={"GH_TOKEN": KEY})
        check(KEY in told and "COPILOT_OFFLINE" not in told, "without an upstream it is as it was")


def claude_settings(w):
    does = "while [ $# -gt 0 ]; do [ \"$1\" = --settings ] && cat \"$2\"; shift; done"
    with w("desk") as one:
        theirs = {"env": {"ANTHROPIC_BASE_URL": "http://elsewhere", "CLAUDE_CODE_USE_BEDROCK": "1", "KEPT": "yes"}, "model": "opus"}
        told = json.loads(one.run("claude", "--settings", json.dumps(theirs), env={"ANTHROPIC_API_KEY": KEY}, does=does))
        env = told["env"]
        check(env["ANTHROPIC_BASE_URL"].endswith("/u/desk") and TOKEN.fullmatch(env["ANTHROPIC_AUTH_TOKEN"]), f"{env}")
        check(env["CLAUDE_CODE_USE_BEDROCK"] == env["ANTHROPIC_API_KEY"] == "" and env["KEPT"] == "yes", f"{env}")
        check(told["model"] == "opus" and "PreToolUse" in told["hooks"], f"{told}")
        told = json.loads(one.run("claude", "--settings", json.dumps(theirs), does=does, options=("--upstream", "none")))
        check(told["env"]["ANTHROPIC_BASE_URL"] == "http://elsewhere", "without a lease it is as it was")


def gemini_settings(w):
    does = 'cat "$GEMINI_CLI_HOME/.gemini/settings.json"; echo "=$GOOGLE_GENAI_USE_VERTEXAI=" >&2'
    with w("lab") as one:
        file = one.write("home/.gemini/settings.json", {"security": {"auth": {"selectedType": "oauth-personal", "kept": 1}}})
        told = one.run("gemini", does=does)
        auth = json.loads(told[:told.rindex("}") + 1])["security"]["auth"]
        check(auth == {"selectedType": "gemini-api-key", "kept": 1} and "=false=" in told, told)
        with open(file) as f:
            check("oauth-personal" in f.read(), "the user's own settings were written")
        for key in ("selectedType", "enforcedType"):
            one.write("project/.gemini/settings.json", {"security": {"auth": {key: "vertex-ai"}}})
            check("names another address" in one.run("gemini", code=3), key)
        one.write("project/.gemini/settings.json", {"security": {"auth": {"selectedType": "gemini-api-key"}}})
        one.run("gemini")


def refused_ones_leave_nothing(w):
    with w("desk") as one:
        one.run("opencode", "attach", code=3)
        wait_for("nothing of it runs", lambda: not [x for x in os.listdir(one.folder) if x.startswith("run-")])


class Worlds:
    def __call__(self, *names):
        self.names = names
        return self

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cr-run-lease-")
        self.world = World(self.folder.name, *self.names)
        return self.world

    def __exit__(self, *what):
        self.world.daemon.close()
        self.folder.cleanup()


for test in (opencode_gets_the_first_that_there_is, opencode_keeps_what_was_set, opencode_is_refused, copilot, claude_settings,
             gemini_settings, refused_ones_leave_nothing):
    test(Worlds())
    print("ok", test.__name__, flush=True)
