"""What a record proves of its gate: a second opinion on `checkrein verify`, by other hands and another way.

`check(records)` reads the lines of a record and gives (how many calls were let run, the faults found).
"""
import hashlib
import re

MARK = re.compile(r"\[secret [a-z-]+ [0-9]+ #[0-9a-f]{8}\]")
PREFIX = "dev.checkrein."


def check(records):
    return Proof(records).result()


class Proof:
    """Looks back from every start over what was said of that call since it was last over."""

    def __init__(self, records):
        self.history = {}   # call -> what was said of it, oldest first
        self.asked = {}     # approval id -> (life, call, digest)
        self.gates = {}     # agent -> gate
        self.parents = {}   # agent -> agent
        self.latched = False
        self.life = 0       # of the process that writes
        self.started = 0
        self.faults = []    # (record, words)
        self.late = bool(records) and records[0]["n"] > 1  # what was asked before was dropped
        for record in records:
            self.n = record["n"]
            if record["k"] == "open" and record["open"]["cause"] == "start":
                self.life += 1
                self.history = {call: [("runs", "")] for call, said in self.history.items() if ("runs", "") in said}
            elif record["k"] == "event" and "from" not in record:
                event = record["event"]
                on = getattr(self, event["type"].removeprefix(PREFIX).replace(".", "_"), None)
                if on:
                    on(event["data"])

    def result(self):
        return self.started, self.faults

    def need(self, condition, words):
        if not condition:
            self.faults.append((self.n, words))

    @staticmethod
    def call(d):
        return d.get("gen_ai.agent.id", ""), d.get("gen_ai.tool.call.id", "")

    def said(self, call):
        return self.history.setdefault(call, [])

    def agent_started(self, d):
        agent = d["gen_ai.agent.id"]
        self.gates[agent] = d.get("agent.gate", self.gates.get(agent, "open"))
        self.parents[agent] = d.get("agent.parent", self.parents.get(agent))

    agent_updated = agent_started

    def fleet_stop(self, d):
        self.latched = d["fleet.stop.latched"]

    def policy_decided(self, d):
        if d["policy.verdict"] in ("allow", "deny"):
            self.said(self.call(d)).append((d["policy.verdict"], d.get("action.digest")))

    def approval_requested(self, d):
        text = "sha256:" + hashlib.sha256(d["action"].encode()).hexdigest()
        shown, hidden = d.get("action.shown_digest"), d.get("action.secrets", 0)
        if shown is None:
            self.need(d["action.digest"] == text and not hidden, "the digest is not of the action")
        else:
            self.need(shown == text != d["action.digest"], "the shown digest is not of the action")
            self.need(0 < hidden <= len(MARK.findall(d["action"])), "secrets are told of that no mark stands for")
        mine = (self.life, self.call(d), d["action.digest"], shown)
        self.need(self.asked.setdefault(d["approval.id"], mine) == mine, "one id for two requests")

    def approval_resolved(self, d):
        request = self.asked.pop(d["approval.id"], None)
        if not request and self.late:
            request = (self.life, self.call(d), d.get("action.digest"), d.get("action.shown_digest"))
            if d["approval.decided_by"] == "policy" and d["approval.decision"] == "approved":
                return
        self.need(request, "decided, and not asked")
        if not request:
            return
        life, call, digest, shown = request
        self.need(d["approval.decision"] != "approved" or d.get("action.shown_digest") == shown, "approved as another text")
        self.need(d.get("action.digest", digest) == digest, "decided with another digest")
        self.need("gen_ai.tool.call.id" not in d or self.call(d) == call, "decided for another call")
        if life != self.life:
            self.need(d["approval.decision"] != "approved", "approved after its process ended")
        elif d["approval.decision"] != "approved":
            self.said(call).append(("deny", digest))
        elif d["approval.decided_by"] == "policy":
            self.need(("allow", d["action.digest"]) in self.said(call), "approved by no rule")
        else:
            self.said(call).append(("approve", d["action.digest"]))

    def action_started(self, d):
        self.started += 1
        call = self.call(d)
        said = self.history.get(call, [])
        agent = call[0]
        self.need(not self.latched, "under a fleet stop")
        for who in (agent, self.parents.get(agent)):
            self.need(self.gates.get(who, "open") == "open", "past a closed gate")
        self.need(len(said) == 1, f"not exactly one decision: {said}")
        self.need([digest for word, digest in said if word in ("allow", "approve")] == [d.get("action.digest")],
                  f"not decided with its digest: {said}")
        self.history[call] = [("runs", "")]

    def action_finished(self, d):
        self.history.pop(self.call(d), None)
