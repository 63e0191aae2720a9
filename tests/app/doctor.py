"""`checkrein doctor` says whether the gate holds; `connect` in every scope. A world of its own: home, project, daemon."""
import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

from daemon import Held, check, run, wait_for

CURRENT = "2.1.328"
OLD = "2.1.197"
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")


class World:
    """A user with a project, and a client that only knows its version."""
    runtime = "claude"
    said = "{} (Claude Code)"
    folder = ".claude"
    project_file = "settings.local.json"

    def __init__(self, daemon, version=CURRENT):
        self.daemon = daemon
        self.home = os.path.join(daemon.dir, "home")
        self.project = os.path.join(self.home, "project")
        bin_folder = os.path.join(self.home, "bin")
        os.makedirs(self.project)
        os.mkdir(bin_folder)
        self.client = os.path.join(bin_folder, self.runtime)
        self.install(version)
        self.env = {**os.environ, "HOME": self.home, "XDG_STATE_HOME": daemon.dir, "XDG_CONFIG_HOME": daemon.dir,
                    "XDG_RUNTIME_DIR": os.path.join(daemon.dir, "run"), "PATH": bin_folder + ":" + os.environ["PATH"]}
        for name in list(self.env):
            if name.startswith(("CLAUDE_", "GEMINI_")):
                del self.env[name]
        self.user = os.path.join(self.home, self.folder, "settings.json")
        self.local = os.path.join(self.project, self.folder, self.project_file)

    def install(self, version):
        with open(self.client, "w") as f:
            f.write(f"#!/bin/sh\necho '{self.said.format(version)}'\n")
        os.chmod(self.client, 0o755)

    def run(self, *arguments, cwd=None):
        return subprocess.run([self.daemon.binary, *arguments], capture_output=True, text=True, timeout=120, env=self.env,
                              cwd=cwd or self.project, stdin=subprocess.DEVNULL)

    def connect(self, *arguments):
        done = self.run("connect", self.runtime, "--socket", self.daemon.socket, "--token-file", self.daemon.token_file,
                        "--hook-port", str(self.daemon.port), *arguments)
        check(done.returncode == 0, done.stderr + done.stdout)
        check(self.daemon.token not in done.stdout + done.stderr, "the token was shown")
        return done.stdout

    def doctor(self, *arguments, **options):
        options = {"port": self.daemon.port, "socket": self.daemon.socket, **options}
        done = self.run("doctor", self.runtime, "--json", "--socket", options["socket"], "--token-file", self.daemon.token_file,
                        "--hook-port", str(options["port"]), "--journal", self.daemon.record, *arguments)
        check(self.daemon.token not in done.stdout + done.stderr, "the token was shown")
        report = json.loads(done.stdout)
        check((done.returncode == 0) == report["holds"], f"exit code {done.returncode}, holds {report['holds']}")
        check(done.returncode in (0, 1), f"exit code {done.returncode}")
        for one in report["checks"]:
            check((one["result"] == "ok") != ("todo" in one), f"what to do stands with what is wrong: {one}")
        return report

    def read(self, path=None):
        with open(path or self.user) as f:
            return json.load(f)

    def edit(self, change, path=None):
        settings = self.read(path)
        change(settings)
        with open(path or self.user, "w") as f:
            json.dump(settings, f)


def results(report, name):
    return [one for one in report["checks"] if one["check"] == name]


def holds(report):
    check(report["holds"], [one for one in report["checks"] if one["result"] == "fail"])
    check(not [one for one in report["checks"] if one["result"] == "fail"], "it holds, and something failed")
    check(results(report, "proof")[0]["result"] == "ok", "no proof")


def fails(report, name, words):
    check(not report["holds"], f"it holds in spite of {name}: {words}")
    bad = [one["words"] for one in results(report, name) if one["result"] == "fail"]
    check(any(re.search(words, text) for text in bad), f"{name} does not say {words!r}: {bad or report['checks']}")


def leaves_nothing(daemon):
    """A test call is refused and recorded as one; it leaves no request and no agent."""
    state = daemon.status()
    check(not state["approvals"] and not state["agents"], f"it left something behind: {state}")
    notes = [r for r in daemon.records() if r["k"] == "note" and "doctor" in r["text"]]
    raws = [r for r in daemon.records() if r["k"] == "raw" and r["from"] == "doctor"]
    check(len(notes) == len(raws) > 0, f"{notes} {raws}")
    check(daemon.verify().returncode == 0, "the record is broken")


def healthy(daemon):
    world = World(daemon)
    world.connect()
    report = world.doctor()
    holds(report)
    check(report["scope"] == "user", report["scope"])
    for name in ("token", "daemon.socket", "port", "port.token", "port.origin", "port.host", "record.writer", "record.seal",
                 "record.disk", "record.fsync", "client", "settings.user", "absence"):
        check([one["result"] for one in results(report, name)] == ["ok"], f"{name}: {results(report, name)}")
    leaves_nothing(daemon)
    text = world.run("doctor", "--socket", daemon.socket, "--token-file", daemon.token_file, "--hook-port", str(daemon.port),
                     "--journal", daemon.record)
    check(text.returncode == 0 and "the gate holds" in text.stdout and "could still" in text.stdout, text.stdout)


def whatever_the_rules_say(daemon):
    """Also under rules that let everything run, and under a fleet stop, a test call is refused and stops nothing."""
    world = World(daemon)
    world.connect()
    daemon.write_policy('[rule 10 "all"]\ntool = *\nverdict = allow\n')
    daemon.reload()
    wait_for("the rules", lambda: len(daemon.events("policy.loaded")) > 1)
    holds(world.doctor())
    check(daemon.run("stop-all").returncode in (0, 4), "no stop")
    holds(world.doctor())
    leaves_nothing(daemon)


def command_form(daemon):
    world = World(daemon, OLD)
    world.connect()
    check(world.read()["hooks"]["PreToolUse"][0]["hooks"][0]["type"] == "command", "not the command form")
    report = world.doctor()
    holds(report)
    check(len(results(report, "absence")) == 2, "without the daemon, and without the executable")
    leaves_nothing(daemon)


def form_of_another_version(daemon):
    world = World(daemon)
    world.connect()
    world.install(OLD)
    report = world.doctor()
    fails(report, "settings.form", "lets calls run when they fail")
    fails(report, "absence", "cannot be told")
    world.install("not a version")
    check(results(world.doctor(), "client")[0]["result"] == "warn", "an unknown version is no warning")


def every_change_is_named(world, cases, unreadable):
    """Of whole settings; then there are none, and then they are whole again."""
    whole = world.read()
    for change, words in cases:
        world.edit(lambda s: (s.clear(), s.update(json.loads(json.dumps(whole)))))
        world.edit(change)
        fails(world.doctor(), "settings.user", words)
    with open(world.user, "w") as f:
        f.write(unreadable)
    fails(world.doctor(), "settings.user", "cannot be read")
    os.unlink(world.user)
    fails(world.doctor(), "settings", "no settings hold the gate")
    fails(world.doctor(), "proof", "no hook to try")
    world.connect()
    holds(world.doctor())


def settings_that_do_not_fit(daemon):
    world = World(daemon)
    world.connect()

    def gate(settings):
        return settings["hooks"]["PreToolUse"][0]["hooks"][0]

    cases = [
        (lambda s: gate(s).update(url=f"http://127.0.0.1:{daemon.port - 1}/hook/claude"), "PreToolUse asks another address"),
        (lambda s: gate(s)["headers"].update(Authorization="Bearer " + "0" * 64), "PreToolUse carries another token"),
        (lambda s: gate(s).pop("onFailure"), "PreToolUse lets the call run"),
        (lambda s: gate(s).update(timeout=60), "PreToolUse gives up too early"),
        (lambda s: s["hooks"]["PreToolUse"][0].update(matcher="Write"), "PreToolUse does not see every call"),
        (lambda s: s["hooks"].pop("PreToolUse"), "PreToolUse is missing"),
        (lambda s: s["hooks"].pop("ConfigChange"), "ConfigChange is missing"),
        (lambda s: s.update(disableAllHooks=True), "switches all hooks off"),
        (lambda s: s.update(allowedHttpHookUrls=[]), "names the addresses"),
    ]
    every_change_is_named(world, cases, "{")


def spend_is_not_seen(report):
    holds(report)
    check(any(one["result"] == "warn" and "spends is not seen" in one["words"] for one in results(report, "settings.user")),
          "nothing is said of the telemetry")


def telemetry_of_others_is_a_warning(daemon):
    world = World(daemon)
    world.connect()
    world.edit(lambda s: s["env"].update(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318"))
    spend_is_not_seen(world.doctor())


def switched_off_in_the_project(daemon):
    world = World(daemon)
    world.connect()
    os.makedirs(os.path.dirname(world.local))
    for path in (world.local, os.path.join(os.path.dirname(world.local), "settings.json")):
        with open(path, "w") as f:
            f.write('{"disableAllHooks": true}')
        report = world.doctor()
        fails(report, "settings.project", "switches all hooks off")
        fails(report, "settings", "no settings hold the gate")
        os.unlink(path)
    holds(world.doctor())


def the_token_is_a_secret(daemon):
    world = World(daemon)
    world.connect()
    os.chmod(world.user, 0o644)
    fails(world.doctor(), "settings.mode", "open to others")
    os.chmod(world.user, 0o600)
    os.chmod(daemon.token_file, 0o644)
    fails(world.doctor(), "token", "open to others")
    os.chmod(daemon.token_file, 0o600)
    holds(world.doctor())


def no_daemon(daemon):
    world = World(daemon)
    world.connect()
    daemon.terminate()
    report = world.doctor()
    fails(report, "daemon.socket", "cr.sock")
    fails(report, "port", "nobody listens")
    fails(report, "record.writer", "nobody is seen")
    fails(report, "proof", "was not refused")
    check(results(report, "absence")[0]["result"] == "ok", "that it is away changes nothing of how the hook fails")
    world.install(OLD)
    world.connect()
    report = world.doctor()
    fails(report, "proof", "exit code 2")
    check([one["result"] for one in results(report, "absence")] == ["ok", "ok"], results(report, "absence"))
    daemon.start()


def somebody_elses_daemon(daemon):
    """What answers there is no checkrein, or none that refuses."""
    world = World(daemon, OLD)
    world.connect()
    path = os.path.join(daemon.dir, "run", "liar.sock")
    verdict = (b'{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"%s",'
               b'"permissionDecisionReason":"x","updatedInput":{}}}')
    for word in (b"allow", b"deny"):
        body = verdict % word
        with liar(path, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body):
            world.connect("--socket", path)
            report = world.doctor(socket=path)
            fails(report, "daemon.socket", "no checkrein")
            fails(report, "proof", "was not refused")
    world.connect()
    holds(world.doctor())


@contextlib.contextmanager
def liar(path, answer):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o600)
    server.listen(8)

    def serve():
        while True:
            try:
                c, _ = server.accept()
            except OSError:
                return
            with c, contextlib.suppress(OSError):
                c.recv(65536)
                c.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        os.unlink(path)


def bad_configuration(daemon):
    world = World(daemon)
    with open(os.path.join(daemon.dir, "bad.ini"), "w") as f:
        f.write("[serve]\nhook_port = many\n")
    report = world.doctor("--config", os.path.join(daemon.dir, "bad.ini"))
    fails(report, "configuration", "bad.ini:2: .*hook_port")
    with open(os.path.join(daemon.dir, "bad.ini"), "w") as f:
        f.write(f"[serve]\nissuers = {daemon.dir}/issuers.ini\n")
    with open(os.path.join(daemon.dir, "issuers.ini"), "w") as f:
        f.write("[issuer a]\nkind = oauth\nissuer = http://a.example\n")
    report = world.doctor("--config", os.path.join(daemon.dir, "bad.ini"))
    fails(report, "configuration.issuers", "issuers.ini:3: .*issuer: without TLS")
    check(world.run("doctor", "someone").returncode == 2 and world.run("doctor", "--nonsense").returncode == 2, "usage")


def project_scope(daemon):
    world = World(daemon)
    said = world.connect("--scope", "project")
    check("spend is not seen" in said, said)
    text = json.dumps(world.read(world.local))
    check(daemon.token not in text and "Bearer" not in text, "a token stands in a project's file")
    report = world.doctor()
    holds(report)
    check(report["scope"] == "project", report["scope"])
    check(world.connect("--scope", "project").count("nothing to change") == 1, "twice is not once")
    world.connect("--scope", "project", "--remove")
    check(world.read(world.local) == {}, world.read(world.local))


def project_scope_and_git(daemon):
    if not shutil.which("git"):
        return
    world = World(daemon)
    subprocess.run(["git", "init", "-q", world.project], check=True, capture_output=True, timeout=60)
    check("git does not ignore" in world.connect("--scope", "project"), "no word of git")
    with open(os.path.join(world.project, ".gitignore"), "w") as f:
        f.write(".claude/settings.local.json\n")
    world.connect("--scope", "project", "--remove")
    check("git does not ignore" not in world.connect("--scope", "project"), "it is ignored")


def two_scopes_ask_twice(daemon):
    world = World(daemon)
    world.connect()
    said = world.connect("--scope", "project")
    check("asked twice" in said, said)
    fails(world.doctor(), "settings.copies", "asked twice")
    world.connect("--scope", "project", "--remove")
    holds(world.doctor())


def modes_and_owners(daemon):
    world = World(daemon)
    os.makedirs(os.path.dirname(world.local))
    with open(world.local, "w") as f:
        f.write("{}")
    os.chmod(world.local, 0o640)
    world.connect("--scope", "project")
    check(stat.S_IMODE(os.stat(world.local).st_mode) == 0o640, "the mode of the project's file was changed")
    world.connect()
    check(stat.S_IMODE(os.stat(world.user).st_mode) == 0o600, "the user's file")
    managed = os.path.join(daemon.dir, "etc", "managed-settings.json")
    world.connect("--scope", "managed", "--settings", managed)
    check(stat.S_IMODE(os.stat(managed).st_mode) == 0o644, "the machine's file")
    settings = world.read(managed)
    check(settings["allowManagedHooksOnly"] is True and daemon.token not in json.dumps(settings), settings)
    check(all(hook["type"] == "command" for groups in settings["hooks"].values() for group in groups for hook in group["hooks"]),
          "not the command form")
    world.connect("--scope", "managed", "--settings", managed, "--remove")
    check(world.read(managed) == {}, world.read(managed))
    check("--own-socket" in world.run("connect", "claude", "--scope", "managed", "--dry-run").stdout, "a path of one user")
    check(world.run("connect", "claude", "--scope", "everywhere").returncode == 2, "an unknown scope")


def who_may_not_write(daemon):
    """A file of somebody else is not taken over; the machine's takes root. Told with the file and the reason."""
    if os.geteuid() != 0:
        return
    world = World(daemon)
    os.makedirs(os.path.dirname(world.user))
    with open(world.user, "w") as f:
        f.write("{}")
    os.chown(world.user, 12345, 12345)
    done = world.run("connect", "claude", "--socket", daemon.socket, "--token-file", daemon.token_file, "--hook-port", str(daemon.port))
    check(done.returncode == 1 and world.user in done.stderr and "belongs to user 12345" in done.stderr, done.stderr)
    check(world.read() == {}, "it was written")
    folder = tempfile.mkdtemp(prefix="cr-other-")
    os.chmod(folder, 0o755)
    try:
        done = subprocess.run(["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", daemon.binary, "connect", "claude",
                               "--scope", "managed", "--socket", "/x", "--runtime-version", CURRENT],
                              capture_output=True, text=True, timeout=60, cwd=folder,
                              env={"PATH": os.environ["PATH"], "HOME": folder, "XDG_CONFIG_HOME": folder})
    finally:
        shutil.rmtree(folder)
    if "Permission denied" in done.stderr and "setpriv" in done.stderr:
        return  # the program lies where another user cannot reach it
    check(done.returncode == 1 and "/etc/claude-code/managed-settings.json: only root writes there" in done.stderr, done.stderr)


def the_words_are_in_the_document(daemon):
    """What doctor says could still be done stands in docs/drivers/claude.md, word for word."""
    world = World(daemon)
    with open(os.path.join(DOCS, "drivers", "claude.md")) as f:
        document = re.sub(r"\s+", " ", f.read())
    for scope in ("user", "project"):
        world.connect("--scope", scope)
        said = world.doctor()["past"]
        check(len(said) >= 5, said)
        for words in said:
            check(words in document, f"docs/drivers/claude.md does not say: {words}")
        world.connect("--scope", scope, "--remove")


def a_held_call_stays(daemon):
    """Doctor looks at a daemon that works: what waits goes on waiting."""
    world = World(daemon)
    world.connect()
    held = Held(daemon, "s1")
    wait_for("the request", lambda: daemon.status()["approvals"])
    holds(world.doctor())
    check(len(daemon.status()["approvals"]) == 1 and not held.answered(), "it was touched")
    held.hang_up()


if __name__ == "__main__":
    run([healthy, whatever_the_rules_say, command_form, form_of_another_version, settings_that_do_not_fit,
         telemetry_of_others_is_a_warning, switched_off_in_the_project, the_token_is_a_secret, no_daemon, somebody_elses_daemon,
         bad_configuration, project_scope, project_scope_and_git, two_scopes_ask_twice, modes_and_owners, who_may_not_write,
         the_words_are_in_the_document, a_held_call_stays])
