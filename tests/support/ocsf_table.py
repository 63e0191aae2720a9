"""Makes tests/app/ocsf.tsv of a checkout of github.com/ocsf/ocsf-schema: the rules of what checkrein writes, as data.

    ocsf_table.py FOLDER=VERSION... >ocsf.tsv        FOLDER is a work tree at the tag or commit VERSION

Names, types, requirements, values and constraints of the classes and objects below; no words that explain. A row is
    version  owner  attribute  requirement  type  array  profile  values  sibling
and for an owner itself: version  owner  =  at_least_one|just_one  attributes. A class is written as its number.
"""
import json
import os
import sys

CLASSES = ("api_activity", "detection_finding")
OBJECTS = ("metadata", "product", "actor", "user", "process", "api", "service", "request", "response", "network_endpoint", "ai_agent",
           "ai_model", "message_context", "policy", "finding_info", "evidences")


class Schema:
    def __init__(self, folder):
        self.folder = folder
        self.dictionary = self.read("dictionary.json")
        self.categories = self.read("categories.json")["attributes"]
        self.files = {}
        for kind in ("events", "objects"):
            for at, _, names in os.walk(os.path.join(folder, kind)):
                for name in (n for n in names if n.endswith(".json")):
                    one = self.read(os.path.relpath(os.path.join(at, name), folder))
                    self.files[kind, one.get("name") or one["extends"]] = one

    def read(self, path):
        with open(os.path.join(self.folder, path), encoding="utf-8") as f:
            return json.load(f)

    def included(self, attributes):
        """What $include brings, with the profile that it is of."""
        found = {}
        for path in attributes.get("$include", []):
            one = self.read(path)
            for name, rules in one["attributes"].items():
                if name != "$include":
                    found[name] = {"requirement": "optional", **rules, "profile": one["name"]} if one.get("meta") == "profile" else dict(rules)
        return found

    def attributes(self, kind, name):
        one = self.files[kind, name]
        base = self.attributes(kind, one["extends"]) if "extends" in one else {}
        for source in (self.included(one["attributes"]), {n: r for n, r in one["attributes"].items() if n != "$include"}):
            for attribute, rules in source.items():
                old = base.get(attribute, {})
                base[attribute] = {**old, **rules, "enum": {**old.get("enum", {}), **rules.get("enum", {})}}
        return base

    def constraints(self, kind, name):
        one = self.files[kind, name]
        return one.get("constraints") or (self.constraints(kind, one["extends"]) if "extends" in one else {})

    def category(self, name):
        one = self.files["events", name]
        return one.get("category") or self.category(one["extends"])

    def rows(self, kind, name, owner):
        for constraint, names in sorted(self.constraints(kind, name).items()):
            yield owner, "=", constraint, ",".join(sorted(names))
        for attribute, rules in sorted(self.attributes(kind, name).items()):
            known = self.dictionary["attributes"][attribute]
            values = {**known.get("enum", {}), **rules.get("enum", {})}
            told = ";".join(f"{v}={e['caption']}" for v, e in sorted(values.items(), key=lambda i: (len(i[0]), i[0])))
            basic = self.dictionary["types"]["attributes"].get(known["type"], {})
            yield (owner, attribute, rules.get("requirement", "optional"), known["type"], "list" if known.get("is_array") else "", rules.get("profile") or "", told, known.get("sibling", rules.get("sibling", "")),
                   basic.get("type", ""))

    def all_rows(self):
        for name in CLASSES:
            one = self.files["events", name]
            category = self.categories[self.category(name)]
            uid = category["uid"] * 1000 + one["uid"]
            yield str(uid), ":", str(category["uid"]), category["caption"], one["caption"]
            yield from self.rows("events", name, str(uid))
        for name in OBJECTS:
            if ("objects", name) in self.files:
                yield from self.rows("objects", name, name)


def main():
    print("# Of github.com/ocsf/ocsf-schema (Apache-2.0), by tests/support/ocsf_table.py: " + ", ".join(a.split("=")[1] for a in sys.argv[1:]))
    for argument in sys.argv[1:]:
        schema = Schema(argument.split("=")[0])
        version = schema.read("version.json")["version"]
        for row in schema.all_rows():
            print("\t".join((version, *row)).rstrip("\t"))


if __name__ == "__main__":
    main()
