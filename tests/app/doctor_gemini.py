"""`checkrein doctor gemini` says whether the gate holds, and `connect gemini` in every scope."""
import json
import os
import re

from daemon import check, run
from doctor import DOCS, World, every_change_is_named, fails, holds, leaves_nothing, liar, results, spend_is_not_seen

SEEN = "0.61.0"
NAME = "checkrein gate"


class Gemini(World):
    runtime = "gemini"
    said = "{}"
    folder = ".gemini"
    project_file = "settings.json"

    def __init__(self, daemon, version=SEEN):
        super().__init__(daemon, version)
        self.rule = os.path.join(self.home, ".gemini", "policies", "checkrein.toml")
        self.managed = os.path.join(daemon.dir, "etc", "settings.json")
        os.makedirs(os.path.dirname(self.user))
        self.trust({self.project: "TRUST_FOLDER"})

    def trust(self, rows):
        with open(os.path.join(self.home, ".gemini", "trustedFolders.json"), "w") as f:
            json.dump(rows, f)

    def write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def gate(self, settings):
        return settings["hooks"]["BeforeTool"][0]["hooks"][0]


def healthy(daemon):
    world = Gemini(daemon)
    world.connect()
    report = world.doctor()
    holds(report)
    check((report["runtime"], report["scope"]) == ("gemini", "user"), report)
    for name in ("token", "daemon.socket", "port", "port.token", "record.seal", "client", "settings.user", "folder", "rule", "proof"):
        check([one["result"] for one in results(report, name)] == ["ok"], f"{name}: {results(report, name)}")
    check(len(results(report, "absence")) == 2, "without the daemon, and without the executable")
    leaves_nothing(daemon)
    text = world.run("doctor", "gemini", "--socket", daemon.socket, "--token-file", daemon.token_file, "--hook-port",
                     str(daemon.port), "--journal", daemon.record)
    check(text.returncode == 0 and "the gate holds" in text.stdout, text.stdout)
    check("not held, whatever stands in the settings" in text.stdout and "--acp" in text.stdout, text.stdout)
    check("could still" in text.stdout and "connect claude" not in text.stdout, text.stdout)
    world.install("0.62.0")
    report = world.doctor()
    holds(report)
    check("no other version" in results(report, "client")[0]["words"] and results(report, "client")[0]["result"] == "warn", report)


def settings_that_do_not_fit(daemon):
    world = Gemini(daemon)
    world.connect()
    gate = world.gate
    cases = [
        (lambda s: gate(s).update(timeout=60000), "BeforeTool gives up too early"),
        (lambda s: gate(s).update(timeout=2 ** 31), "BeforeTool gives up too early"),
        (lambda s: gate(s).update(command=gate(s)["command"].replace("exit 2", "exit 1")), "BeforeTool lets the call run"),
        (lambda s: gate(s).update(command=gate(s)["command"].replace("trap '' HUP INT TERM; ", "")), "BeforeTool is not as"),
        (lambda s: gate(s).update(command=gate(s)["command"].replace("23h", "25h")), "BeforeTool is not as"),
        (lambda s: gate(s).update(command=gate(s)["command"].replace(daemon.socket, "/tmp/other.sock")), "another socket"),
        (lambda s: gate(s).update(env={"BASH_ENV": "/tmp/x"}), "BeforeTool is not as"),
        (lambda s: gate(s)["env"].update(SHELLOPTS="noexec"), "BeforeTool is not as"),
        (lambda s: gate(s)["env"].update(PATH="/tmp"), "BeforeTool is not as"),
        (lambda s: gate(s).update(type="plugin"), "BeforeTool is not as"),
        (lambda s: s["hooks"]["BeforeTool"][0].update(matcher="write_file"), "BeforeTool does not see every call"),
        (lambda s: s["hooks"]["BeforeTool"][0].update(sequential=True), "BeforeTool does not see every call"),
        (lambda s: s["hooks"].pop("BeforeTool"), "BeforeTool is missing"),
        (lambda s: s["hooks"].pop("AfterTool"), "AfterTool is missing"),
        (lambda s: s.update(hooksConfig={"enabled": False}), "hooksConfig.enabled\" switches all hooks off"),
        (lambda s: s.update(hooksConfig={"enabled": 0}), "hooksConfig.enabled\" switches all hooks off"),
        (lambda s: s.update(hooksConfig=None), "hooksConfig.enabled\" switches all hooks off"),
        (lambda s: s.update(hooksConfig={"disabled": ["a", NAME]}), "hooksConfig.disabled\" switches our hooks off"),
        (lambda s: s.update(hooksConfig={"disabled": ["$WHO_KNOWS"]}), "hooksConfig.disabled\" switches our hooks off"),
        (lambda s: s.update(hooksConfig={"disabled": NAME}), "hooksConfig.disabled\" switches our hooks off"),
    ]
    every_change_is_named(world, cases, "// a comment\n{}")


def telemetry_of_others_is_a_warning(daemon):
    world = Gemini(daemon)
    world.connect()
    world.edit(lambda s: s["telemetry"].update(otlpEndpoint="http://127.0.0.1:4318"))
    spend_is_not_seen(world.doctor())


def switched_off_in_the_project(daemon):
    world = Gemini(daemon)
    world.connect()
    for config in ({"enabled": False}, {"disabled": [NAME]}):
        world.write(world.local, json.dumps({"hooksConfig": config}))
        report = world.doctor()
        fails(report, "settings.project", "switches")
        fails(report, "settings", "no settings hold the gate")
        fails(report, "proof", "no hook to try")
    world.write(world.local, "{/* who knows */}")
    fails(world.doctor(), "settings.project", "cannot be read")
    os.unlink(world.local)
    holds(world.doctor())


def folders_that_are_not_trusted(daemon):
    world = Gemini(daemon)
    world.connect()
    parent = os.path.dirname(world.project)
    link = os.path.join(daemon.dir, "link")
    os.symlink(parent, link)
    no = "does not trust .*: no hook runs here"
    not_said = "nobody has said .* no hook runs here"
    for rows, words in [
        ({}, not_said), ({world.project + "x": "TRUST_FOLDER"}, not_said), ({world.project: "DO_NOT_TRUST"}, no),
        ({parent: "TRUST_FOLDER", world.project: "DO_NOT_TRUST"}, no), ({parent: "DO_NOT_TRUST"}, no),
        ({parent: "TRUST_FOLDER"}, None), ({parent: "DO_NOT_TRUST", world.project: "TRUST_FOLDER"}, None),
        ({os.path.join(parent, "beside"): "TRUST_PARENT"}, None), ({link: "TRUST_FOLDER"}, None), ({"/": "TRUST_FOLDER"}, None),
    ]:
        world.trust(rows)
        report = world.doctor()
        if words:
            fails(report, "folder", words)
        else:
            holds(report)
    world.trust({world.project: "DO_NOT_TRUST"})
    world.edit(lambda s: s.update(security={"folderTrust": {"enabled": False}}))
    holds(world.doctor())
    world.env["GEMINI_CLI_TRUST_WORKSPACE"] = "false"
    fails(world.doctor(), "folder", no)
    world.env["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
    world.edit(lambda s: s.pop("security"))
    holds(world.doctor())


def the_rule(daemon):
    world = Gemini(daemon)
    world.connect()
    with open(world.rule) as f:
        text = f.read()
    world.write(world.rule, text.replace("interactive = false\n", ""))
    fails(world.doctor(), "rule", "no hook has seen")
    os.unlink(world.rule)
    report = world.doctor()
    holds(report)
    check(results(report, "rule")[0]["result"] == "warn" and "offers no shell" in results(report, "rule")[0]["words"], report)
    world.connect()
    check(results(world.doctor(), "rule")[0]["result"] == "ok", "connect did not write it again")


def a_program_that_is_gone(daemon):
    world = Gemini(daemon)
    world.connect()
    gone = os.path.join(daemon.dir, "gone")
    world.edit(lambda s: [h.update(command=h["command"].replace(daemon.binary, gone))
                          for groups in s["hooks"].values() for g in groups for h in g["hooks"]])
    report = world.doctor()
    fails(report, "settings.program", "no such file")
    fails(report, "proof", "exit code 2")


def no_daemon(daemon):
    world = Gemini(daemon)
    world.connect()
    daemon.terminate()
    report = world.doctor()
    fails(report, "daemon.socket", "cr.sock")
    fails(report, "proof", "exit code 2")
    check([one["result"] for one in results(report, "absence")] == ["ok", "ok"], results(report, "absence"))
    daemon.start()


def somebody_elses_daemon(daemon):
    world = Gemini(daemon)
    path = os.path.join(daemon.dir, "run", "liar.sock")
    for answer in ({"decision": "allow", "reason": "x"}, {"decision": "deny", "reason": "x"}):
        body = json.dumps(answer).encode()
        with liar(path, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body):
            world.connect("--socket", path)
            fails(world.doctor(socket=path), "proof", "was not refused")


def project_scope(daemon):
    world = Gemini(daemon)
    said = world.connect("--scope", "project")
    check("spend is not seen" in said and "is not trusted" not in said, said)
    check("--approval-mode yolo" in said, said)
    check(daemon.token not in json.dumps(world.read(world.local)), "a token stands in a project's file")
    check(not os.path.exists(world.rule), "a rule for a user who has no hooks")
    report = world.doctor()
    holds(report)
    check(report["scope"] == "project" and results(report, "rule")[0]["result"] == "warn", report)
    check(world.connect("--scope", "project").count("nothing to change") == 1, "twice is not once")
    said = world.connect()
    check("asked twice" not in said, said)
    holds(world.doctor())  # the client asks identical hooks once
    check("asked twice" in world.connect("--scope", "project", "--runtime-version", "0.60.0"), "nothing is said of two hooks")
    fails(world.doctor(), "settings.copies", "asked twice")
    world.connect("--scope", "project", "--remove")
    check(world.read(world.local) == {}, world.read(world.local))
    holds(world.doctor())
    world.trust({})
    said = world.connect("--scope", "project")
    check("is not trusted" in said and "no hook" in said, said)


def managed_scope(daemon):
    if os.geteuid() != 0:
        return
    world = Gemini(daemon)
    world.env["GEMINI_CLI_SYSTEM_SETTINGS_PATH"] = world.managed
    said = world.connect("--scope", "managed")
    check("skips" in said, said)  # below /tmp, where everybody writes
    settings = world.read(world.managed)
    check(settings["hooksConfig"] == {"enabled": True} and daemon.token not in json.dumps(settings), settings)
    report = world.doctor()
    fails(report, "settings", "no settings hold the gate")
    check(any("does not count" in one["words"] for one in results(report, "settings.managed")), report)
    check(results(report, "environment")[0]["result"] == "warn", report)


def the_words_are_in_the_document(daemon):
    world = Gemini(daemon)
    with open(os.path.join(DOCS, "drivers", "gemini.md")) as f:
        document = re.sub(r"\s+", " ", f.read())
    for scope in ("user", "project"):
        world.connect("--scope", scope)
        report = world.doctor()
        check(len(report["past"]) >= 8 and len(report["limits"]) >= 3, report)
        for words in report["past"] + report["limits"]:
            check(words in document, f"docs/drivers/gemini.md does not say: {words}")
        world.connect("--scope", scope, "--remove")


if __name__ == "__main__":
    run([healthy, settings_that_do_not_fit, telemetry_of_others_is_a_warning, switched_off_in_the_project,
         folders_that_are_not_trusted, the_rule, a_program_that_is_gone, no_daemon, somebody_elses_daemon, project_scope, managed_scope,
         the_words_are_in_the_document])
