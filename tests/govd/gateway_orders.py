"""Orders on very many leases: in force at once for all, told and recorded while the daemon does its other work."""
import contextlib
import json
import socket
import threading
import time
import urllib.parse

from daemon import DEADLINE, Console, Failed, check, wait_for
from gateway import call, command, issue, leases, main, with_gateway
from upstream import UnixConnection

MANY = 1200


def issue_many(d, agent):
    c = UnixConnection(d.socket)
    for i in range(MANY):
        c.request("POST", "/lease/issue", json.dumps({"upstream": "work", "agent": agent(i)}))
        r = c.getresponse()
        lease = json.loads(r.read())
        check(r.status == 200, f"{lease}")
    c.close()
    d.gateway = urllib.parse.urlsplit(lease["url"]).port
    return lease


def accepted(d, verb, **fields):
    """The command is accepted; what comes of it is told by the thread. The disk is slow, so that the telling lasts."""
    console = Console(d)
    done = {}
    d.shim.say("sync-slow", 30)
    check(console.command(verb, wait="accepted", **fields)["state"] == "accepted", "accepted")

    def watch():
        with contextlib.suppress(Failed, OSError):  # the daemon is killed
            done["result"] = console.until(verb, lambda f: f["kind"] == "result" and f["state"] != "accepted")
    thread = threading.Thread(target=watch)
    thread.start()
    return thread, done, console


def between(d, kind):
    """How many other things stand in the record between the first and the last of a kind."""
    told = [e["type"].rsplit("checkrein.")[1] for e in d.events()]
    where = [i for i, one in enumerate(told) if one == kind]
    return sum(one == "agent.started" for one in told[where[0]:where[-1]])


def in_force_at_once_and_nobody_waits_for_the_telling(folder):
    for agent in (lambda i: "claude:s1", lambda i: f"claude:s{i % 500}"):
        for verb, want, kind in [("pause", f"{MANY} leases are held", "credential.changed"),
                                 ("revoke", f"{MANY} revoked, 0 running answers cut; {MANY} test calls", "credential.revoked")]:
            with with_gateway(folder=folder, shim=True) as (d, up):
                for i in range(500):
                    d.hook("SessionStart", session=f"s{i}", source="startup")
                last = issue_many(d, agent)
                thread, done, console = accepted(d, verb, credential="*")
                with socket.create_connection(("127.0.0.1", d.gateway), DEADLINE) as s:
                    s.sendall(f"POST /u/work/v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{d.gateway}\r\nx-api-key: {last['token']}\r\n"
                              "Content-Length: 2\r\n\r\n{}".encode())
                    if verb == "revoke":
                        check(b" 403 " in s.recv(4096), "the last of them is not dead yet")
                    while thread.is_alive():
                        d.hook("SessionStart", session=f"late{time.monotonic_ns()}", source="startup")
                    thread.join()
                console.close()
                d.shim.well()
                check(done["result"]["state"] == "confirmed" and want in done["result"]["by"], f"{done}")
                check(not up.asked, "it was in force late")
                check(between(d, kind) > 1, f"{between(d, kind)} others were heard meanwhile")
                told = [e["data"]["credential.id"] for e in d.events(kind)]
                check(len(told) == len(set(told)) == MANY, f"{len(told)} were told of")
                rows = [e["data"]["permissions.credentials"] for e in d.events("agent.updated")
                        if e["data"].get("permissions.credentials") is not None]
                check((rows[-1] == []) == (verb == "revoke"), f"{rows[-1]}")


def a_daemon_that_dies_meanwhile_goes_on_with_it(folder):
    for verb, state in [("revoke", "revoked"), ("pause", "held")]:
        with with_gateway(folder=folder, shim=True) as (d, up):
            d.hook("SessionStart", session="s1", source="startup")
            last = issue_many(d, lambda i: "claude:s1")
            thread, done, _ = accepted(d, verb, **({"agent": "claude:s1"} if verb == "revoke" else {"credential": "*"}))
            d.kill()
            thread.join()
            d.shim.well()
            kind = "credential.revoked" if verb == "revoke" else "credential.changed"
            recorded = len(d.events(kind))
            check(recorded < MANY, "all of it stood in the record already: it proves nothing")
            d.start()
            issue(d, agent="other")
            told = leases(d)
            check(sum(one["state"] == state for one in told.values()) == MANY, f"{verb}: {recorded} were recorded, others are alive")
            if verb == "revoke":
                check(call(d, last)[0] == 403, "it came back")
            wait_for("that it is recorded", lambda: len({e["data"]["credential.id"] for e in d.events(kind)}) == MANY)
            command(d, "resume", credential=last["id"])
            if verb == "pause":
                check(call(d, last)[0] == 200, "what was held for certain cannot be let go on")


def what_is_ordered_at_the_end_is_recorded(folder):
    with with_gateway(folder=folder, shim=True) as (d, up):
        issue_many(d, lambda i: f"n{i}")
        thread, _, _ = accepted(d, "revoke", credential="*")
        d.terminate()
        thread.join()
        check(len(d.events("credential.revoked")) == MANY, "the daemon ended before all of it was recorded")


if __name__ == "__main__":
    main([in_force_at_once_and_nobody_waits_for_the_telling, a_daemon_that_dies_meanwhile_goes_on_with_it,
          what_is_ordered_at_the_end_is_recorded])
