"""Is this an event of the Open Cybersecurity Schema Framework? By the rules of tests/app/ocsf.tsv, which holds the public schema's.

An attribute that the schema does not have there, a required one that is missing, a value that is none of its list or of another type, a
caption beside the number of another one, a broken constraint: each is refused. So is an object that the table has no rules for.
"""
import os

from daemon import check

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app", "ocsf.tsv")
INT32 = range(-2**31, 2**31)
INT64 = range(-2**63, 2**63)


class Rule:
    def __init__(self, requirement, kind, is_list="", profile="", values="", sibling="", basic=""):
        self.required, self.kind, self.is_list, self.profile, self.sibling = requirement == "required", basic or kind, is_list, profile, sibling
        self.values = dict(v.split("=", 1) for v in values.split(";")) if values else {}


class Schema:
    """One version of it."""

    def __init__(self, version):
        self.owners, self.constraints, self.classes = {}, {}, {}
        with open(TABLE, encoding="utf-8") as f:
            for line in f:
                of, *row = line.rstrip("\n").split("\t")
                if of == version:
                    self.take(*row)
        check(self.classes, f"no rules of OCSF {version}")

    def take(self, owner, attribute, *rest):
        if attribute == ":":
            self.classes[owner] = rest
        elif attribute == "=":
            self.constraints.setdefault(owner, []).append((rest[0], set(rest[1].split(","))))
        else:
            self.owners.setdefault(owner, {})[attribute] = Rule(*rest)

    def check_event(self, event):
        owner = str(event.get("class_uid"))
        check(owner in self.classes, f"no class: {event}")
        category, category_name, class_name = self.classes[owner]
        profiles = event["metadata"].get("profiles", [])
        known = {rule.profile for rule in self.owners[owner].values()}
        check(set(profiles) <= known, f"class {owner} has no {set(profiles) - known}")
        self.check_object(event, owner, owner, profiles, skip=("category_uid", "class_uid"))
        check(event["category_uid"] == int(category), f"category: {event}")
        check(event.get("category_name", category_name) == category_name and event.get("class_name", class_name) == class_name, f"names: {event}")
        check(event["type_uid"] == int(owner) * 100 + event["activity_id"], f"type_uid: {event}")

    def check_object(self, o, owner, where, profiles=(), skip=()):
        check(isinstance(o, dict), f"{where} is no object: {o!r}")
        check(owner in self.owners, f"{where}: the table has no {owner}")
        rules = {n: r for n, r in self.owners[owner].items() if not r.profile or r.profile in profiles}
        missing = [n for n, r in rules.items() if r.required and n not in o]
        check(not missing, f"{where} lacks {missing}")
        for word, names in self.constraints.get(owner, []):
            count = len(names & set(o))
            check(count >= 1 if word == "at_least_one" else count == 1, f"{where}: {word} of {sorted(names)}, and there are {count}")
        for name, value in o.items():
            check(name in rules, f"{where}: the schema has no {name} here")
            if name not in skip:
                self.check_attribute(o, rules[name], name, value, f"{where}.{name}")

    def check_attribute(self, o, rule, name, value, where):
        if rule.is_list:
            check(isinstance(value, list), f"{where}: no list")
        for one in value if rule.is_list else [value]:
            self.check_value(rule, one, where)
        caption = rule.values.get(str(value))
        check(not caption or value == 99 or o.get(rule.sibling, caption) == caption, f"{where}: {value} is {caption}, not {o.get(rule.sibling)!r}")

    def check_value(self, rule, value, where):
        kinds = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool, "float_t": float, "object": dict}
        if rule.kind not in kinds:
            self.check_object(value, rule.kind, where)
            return
        check(type(value) is kinds[rule.kind], f"{where}: {value!r} is no {rule.kind}")
        check(value != "", f"{where} is empty")
        check(rule.kind != "integer_t" or value in INT32, f"{where}: {value} has more than 32 bits")
        check(rule.kind != "long_t" or value in INT64, f"{where}: {value} has more than 64 bits")
        check(not rule.values or str(value) in rule.values, f"{where}: {value!r} is none of {sorted(rule.values)}")
