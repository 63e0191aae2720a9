"""Completion and manual say what the tables say, and the shells and the formatter take them."""
import os
import re
import shutil
import subprocess

from daemon import Held, check, run, wait_for

POLICY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "policy.md")
SHELLS = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}


def say(daemon, *words):
    done = subprocess.run([daemon.binary, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    blocks = 2 if words[0] == "hook" else 0  # a hook that is set up wrongly blocks, whatever it says
    check(done.returncode == blocks and not done.stderr, f"{words}: {done}")
    return done.stdout


def subcommands(daemon):
    return [line.split()[0] for line in say(daemon, "help").split("exit codes")[0].splitlines() if re.match(r"  \S", line)]


def options(daemon, sub):
    return re.findall(r"^  (--[a-z-]+)", say(daemon, sub, "--help"), re.M)


def scripts_are_taken(daemon):
    for shell, check_only in SHELLS.items():
        path = os.path.join(daemon.dir, "script." + shell)
        with open(path, "w") as f:
            f.write(say(daemon, "completion", shell))
        if not shutil.which(shell):
            print(f"  {shell} is not installed: its script was not run")
            continue
        done = subprocess.run([shell, *check_only, path], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0 and not done.stderr, f"{done}")
    check(subprocess.run([daemon.binary, "completion", "tcsh"], capture_output=True, timeout=60).returncode == 2, "tcsh")


def complete(daemon, line):
    """What bash would offer at the end of this line."""
    script = os.path.join(daemon.dir, "script.bash")
    with open(script, "w") as f:
        f.write(say(daemon, "completion", "bash"))
    config = os.path.join(daemon.dir, "checkrein")
    os.makedirs(config, exist_ok=True)
    with open(os.path.join(config, "checkrein.ini"), "w") as f:
        f.write(f"[backend test]\nkind = checkrein\nurl = unix:{daemon.socket}\n")
    code = ('source "$1"; COMP_LINE=$2; COMP_POINT=${#2}; COMP_WORDS=("$3"); _checkrein 2>/dev/null; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", code, "bash", script, line, daemon.binary], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "XDG_CONFIG_HOME": daemon.dir}, cwd=daemon.dir)
    check(done.returncode == 0, f"{done}")
    return done.stdout.split("\n")[:-1]


def bash_completes(daemon):
    daemon.hook("UserPromptSubmit", "abc", prompt="x")
    held = Held(daemon, "abc")
    waiting = wait_for("request", lambda: daemon.status()["approvals"])[0]["approval.id"]
    check(complete(daemon, "checkrein pau") == ["pause"], "a subcommand")
    check(set(complete(daemon, "checkrein ")) == set(subcommands(daemon)), "all subcommands")
    for sub in subcommands(daemon):
        check(set(complete(daemon, f"checkrein {sub} --")) == {"--help", *options(daemon, sub)}, sub)
    check(complete(daemon, "checkrein deny --reason x 01") == [waiting], "a request that waits")
    check(complete(daemon, "checkrein pause cl") == ["claude:abc"], "an agent")
    check(complete(daemon, "checkrein pause claude:a") == ["abc"], "bash replaces what stands behind the colon")
    check(complete(daemon, "checkrein pause ab") == ["abc"], "an agent's name")
    check(complete(daemon, "checkrein console --color=tr") == ["truecolor"], "a word of a choice")
    check(complete(daemon, "checkrein console --color ne") == ["never"], "a word of a choice")
    check(complete(daemon, "checkrein completion z") == ["zsh"], "a shell")
    check("policy.ini" in complete(daemon, "checkrein serve --policy pol"), "a file")
    held.hang_up()
    daemon.kill()
    check(complete(daemon, "checkrein pause ") == [""], "no daemon, nothing offered")


def hostile_names_are_not_offered(daemon):
    for i, cwd in enumerate(["/srv/$(touch x)", "/srv/`x`", "/srv/a b", "/srv/;x", "/srv/-rf", "/srv/fine"]):
        daemon.hook("UserPromptSubmit", f"n{i}", prompt="x", **{"cwd": cwd})
    offered = complete(daemon, "checkrein pause ")
    check("fine" in offered and set(offered) == {"fine", *(f"claude:n{i}" for i in range(6))}, str(offered))


def manual_is_whole(daemon):
    folder = os.path.join(daemon.dir, "man")
    os.mkdir(folder)
    say(daemon, "man", "--write", folder)
    pages = set(os.listdir(folder))
    for sub in subcommands(daemon):
        page = say(daemon, "man", sub)
        found = options(daemon, sub)
        for option in found:
            check("\\fB" + option.replace("-", "\\-") + "\\fR" in page, f"{sub}: {option} is not in its page")
        check(not found or f"checkrein-{sub}.1" in pages, f"{sub}: no page of its own")
    with open(os.path.join(folder, "checkrein.1")) as f:
        top = f.read()
    for sub in subcommands(daemon):
        check(f"\\fB{sub}\\fR".replace("-", "\\-") in top, f"{sub} is not in checkrein(1)")
    ini = say(daemon, "man", "checkrein.ini")
    for line in say(daemon, "config").splitlines():
        key = line.lstrip("; ").split(" = ")[0]
        if " = " in line and re.fullmatch(r"[a-z_]+", key):
            check(f"\\fB{key}\\fR" in ini, f"{key} is not in checkrein.ini(5)")
    check({"checkrein.ini.5", "checkrein-policy.5"} <= pages, f"{pages}")
    with open(POLICY) as f:
        keys = re.findall(r"^\| `([a-z]+)` \| ", f.read(), re.M)
    check(len(keys) >= 11, f"{keys}")
    policy = say(daemon, "man", "checkrein-policy")
    for key in keys:
        check(f".TP\n\\fB{key}\\fR" in policy, f"{key} is not in checkrein-policy(5)")
    if not shutil.which("groff"):
        print("  groff is not installed: the pages were not formatted")
        return
    for name in sorted(pages):
        done = subprocess.run(["groff", "-ww", "-man", "-Tascii", "-z", os.path.join(folder, name)], capture_output=True,
                              text=True, timeout=60)
        check(done.returncode == 0 and not done.stderr, f"{name}: {done.stderr}")


def every_verb_has_a_subcommand(daemon):
    schema = say(daemon, "schema")
    verbs = re.search(r'"verb": \{[^}]*?"enum": \[([^\]]*)\]', schema, re.S)
    names = re.findall(r'"([a-z_]+)"', verbs.group(1))
    check("approve" in names and "reset_stop" in names, str(names))
    missing = {n.replace("_", "-") for n in names if n != "unknown"} - set(subcommands(daemon))
    check(not missing, f"no subcommand for {missing}")


if __name__ == "__main__":
    run([scripts_are_taken, bash_completes, hostile_names_are_not_offered, manual_is_whole, every_verb_has_a_subcommand])
