"""docs/threats.md and the tests of label `threat` say the same: every number, every test, every function.

table.py SOURCE BUILD CTEST
"""
import json
import os
import re
import subprocess
import sys

from daemon import check

ALL = range(1, 47)


def rows(path):
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            match = re.match(r"\| (\d+) \|", line)
            if match:
                cells = [c.strip() for c in line.strip().strip("|").split("|")]
                check(len(cells) == 4, f"{line[:40]}: {len(cells)} cells")
                check(int(match.group(1)) not in found, f"{match.group(1)} stands twice")
                found[int(match.group(1))] = cells
    return found


def source_of(source, name):
    kind, rest = name.split(".", 1)
    paths = {"unit": "unit/" + rest.replace(".", "/") + ".c", "threat": f"threat/test_{rest}.py", "fuzz": f"fuzz/fuzz_{rest}.c"}
    return os.path.join(source, "tests", paths.get(kind, f"{kind}/{rest}.py"))


def named(cell):
    """Test and functions of each `name` f, g; `name` h."""
    for part in filter(None, (p.strip() for p in cell.split(";"))):
        match = re.fullmatch(r"`([a-z_.0-9]+)`((?: [a-z_0-9]+,?)*)", part)
        check(match, f"cannot be read: {part!r}")
        yield match.group(1), match.group(2).replace(",", " ").split()


def main():
    source, build, ctest = sys.argv[1:]
    told = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, timeout=60)
    tests = {t["name"]: next((p["value"] for p in t.get("properties", []) if p["name"] == "LABELS"), [])
             for t in json.loads(told.stdout)["tests"]}
    found = rows(os.path.join(source, "docs", "threats.md"))
    check(sorted(found) == list(ALL), f"the numbers are {sorted(found)}")
    mentioned = {"threat.table"}
    for number, (_, _, answer, cell) in found.items():
        ours = list(named(cell))
        check(ours or answer.startswith("Not here: "), f"{number} has neither a test nor a reason")
        for name, functions in ours:
            mentioned.add(name)
            check(name in tests, f"{number}: there is no test {name}")
            check("threat" in tests[name], f"{number}: {name} has not the label")
            with open(source_of(source, name), encoding="utf-8") as f:
                text = f.read()
            for function in functions:
                is_there = re.search(rf"^(def|static void) {function}\(", text, re.M)
                is_run = len(re.findall(rf"\b{function}\b", text)) >= 2
                check(is_there and is_run, f"{number}: {name} has no {function} that it runs")
    extra = {name for name, labels in tests.items() if "threat" in labels} - mentioned
    check(not extra, f"tests of the label that no threat names: {sorted(extra)}")
    print(f"{len(found)} threats, {len(mentioned)} tests")


if __name__ == "__main__":
    main()
