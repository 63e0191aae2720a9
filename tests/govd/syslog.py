"""What operators do, and alarms, at a syslog collector: in order, none lost, and none twice while nothing breaks."""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from collector import TOLD, Collector, act, due, numbers, parts
from daemon import Console, check, free_port, run, wait_for, with_daemon
from ocsf import Schema

OCSF = Schema("1.3.0")


PORTS = {name: free_port() for name in ("told", "away", "cut", "full", "slow", "stalled", "udp", "rsyslog")}


def over_tcp(name, more=""):
    return f"syslog = tcp://127.0.0.1:{PORTS[name]}\n" + more


def settled(daemon, collector):
    wait_for("all that is due", lambda: collector.numbers() == due(daemon))


@with_daemon(config=over_tcp("told"))
def each_act_is_told_once(daemon):
    collector = Collector(PORTS["told"]).begin()
    console = Console(daemon)
    act(daemon, console, 3)
    console.command("stop_all", wait="accepted", reason='a "quoted" = reason\n\u202e')
    settled(daemon, collector)
    lines = {r["n"]: r for r in daemon.records()}
    raw = {}
    for name in sorted(os.listdir(daemon.record)):
        if name.endswith(".jsonl"):
            with open(os.path.join(daemon.record, name), "rb") as f:
                raw.update({json.loads(line)["n"]: line[:-1] for line in f})
    for m in collector.messages:
        match = parts(m)
        body = json.loads(match[6])
        n = body["metadata"]["sequence"]
        OCSF.check_event(body)
        check(match[2].decode() == lines[n]["t"], "time")
        check(int(match[1]) // 8 == 13, "facility")
        check(body["unmapped"]["record.hash"] == hashlib.sha256(raw[n]).hexdigest(), f"hash of {n}")
        check(b"\n" not in m, "a line end")
    commands = [json.loads(parts(m)[6])["unmapped"] for m in collector.messages if parts(m)[5] == b"operator.command"]
    check([c["command.verb"] for c in commands] == ["approve"] * 3 + ["stop_all"] and all(c["operator.id"] for c in commands), str(commands))
    console.close()
    check(daemon.terminate() == 0, "exit code")
    daemon.start()  # goes on where it was
    console = Console(daemon)
    console.command("reset_stop", wait="accepted")
    act(daemon, console, 1, "fresh")
    settled(daemon, collector)
    collector.end()


@with_daemon(config=over_tcp("away"))
def what_was_told_to_nobody_waits(daemon):
    console = Console(daemon)
    act(daemon, console, 2)
    wait_for("an alarm", lambda: any("collector" in e["data"]["signal.title"] and "is away" in e["data"]["signal.title"]
                                     for e in daemon.events("signal.raised")))
    check(daemon.terminate() == 0, "exit code")
    daemon.start()
    act(daemon, Console(daemon), 2)
    collector = Collector(PORTS["away"]).begin()
    settled(daemon, collector)
    check(collector.numbers(("signal.raised",)), "the alarm itself is not told")
    for m in collector.messages:
        OCSF.check_event(json.loads(parts(m)[6]))
    collector.end()


@with_daemon(config=over_tcp("cut"))
def a_cut_loses_nothing(daemon):
    collector = Collector(PORTS["cut"]).begin()
    console = Console(daemon)
    for _ in range(4):
        act(daemon, console, 3)
        collector.cut()
    act(daemon, console, 1)
    wait_for("all that is due", lambda: sorted(set(collector.numbers())) == due(daemon))
    got = collector.numbers()
    firsts = [n for i, n in enumerate(got) if n not in got[:i]]
    check(firsts == sorted(firsts), f"out of order: {got}")
    collector.end()


@with_daemon(config=over_tcp("full"))
def a_cut_of_one_that_does_not_read_loses_nothing(daemon):
    collector = Collector(PORTS["full"]).begin()
    wait_for("a connection", lambda: collector.peers)
    collector.reads.clear()
    console = Console(daemon)
    act(daemon, console, 1)
    for _ in range(200):
        console.command("deny", approval="01K0000000000000000000000C", reason="x" * 1000)
    collector.cut()
    collector.reads.set()
    wait_for("all that is due", lambda: set(collector.numbers()) >= set(due(daemon)[10:]), 60)
    check(len(set(due(daemon)) - set(collector.numbers())) <= 8, "more is lost than what a kernel had acknowledged")
    collector.end()


@with_daemon(config=over_tcp("slow"))
def a_slow_one_holds_up_nobody(daemon):
    collector = Collector(PORTS["slow"]).begin()
    collector.reads.clear()
    console = Console(daemon)
    reason = "x" * 1000
    for _ in range(200):
        console.command("deny", wait=False, approval="01K0000000000000000000000C", reason=reason)
    began = time.monotonic()
    act(daemon, console, 1)
    check(time.monotonic() - began < 10, "a call waited for the collector")
    check(len(collector.numbers()) == 0, "the collector read: the test shows nothing")
    check(daemon.status(), "")
    collector.reads.set()
    try:
        wait_for("all that is due", lambda: collector.numbers() == due(daemon), 60)
    except AssertionError:
        got, want = collector.numbers(), due(daemon)
        check(False, f"{len(got)} of {len(want)}, {len(set(got))} different, the last {got[-3:]} of {want[-3:]}")
    collector.end()


def alarms(daemon, severity):
    return [e["data"]["signal.title"] for e in daemon.events("signal.raised") if e["data"]["signal.severity"] == severity]


@with_daemon(config=over_tcp("stalled"))
def one_that_stalls_is_an_alarm_and_is_taken_back(daemon):
    check(daemon.terminate() == 0, "exit code")
    collector = Collector(PORTS["stalled"]).begin()
    daemon.start()  # without an alarm so far: one a minute is told
    wait_for("a connection", lambda: collector.peers)
    collector.reads.clear()
    console = Console(daemon)
    for _ in range(300):
        console.command("deny", wait=False, approval="01K0000000000000000000000C", reason="x" * 1000)
    wait_for("an alarm", lambda: any("has taken nothing for 20 s" in a for a in alarms(daemon, "high")), 40)
    act(daemon, console, 1)
    collector.reads.set()
    wait_for("its end", lambda: any("takes what it is told" in a for a in alarms(daemon, "low")), 10)
    settled(daemon, collector)
    collector.end()


@with_daemon(config=f"syslog = udp://127.0.0.1:{PORTS['udp']}\nsyslog_body = cef\n")
def over_udp_as_cef(daemon):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", PORTS["udp"]))
        s.settimeout(10)
        console = Console(daemon)
        console.command("stop_all", wait="accepted", reason="a=b|c\\d")
        while True:
            match = parts(s.recv(65536))
            if match[5] == b"operator.command":
                break
        check(match[6].startswith(b"CEF:0|checkrein|checkrein|") and rb"reason=a\=b|c\\d" in match[6], str(match[6]))


SOCKETS = tempfile.mkdtemp(prefix="cr-log-")


@with_daemon(config=f"syslog = unix:{SOCKETS}/log\n")
def over_a_unix_socket(daemon):
    console = Console(daemon)
    act(daemon, console, 1)  # nobody is there yet
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(SOCKETS + "/log")
        s.settimeout(10)
        got = []
        while numbers(got) != due(daemon):
            got.append(s.recv(65536))
    os.unlink(SOCKETS + "/log")


def rsyslogd_takes_it(daemon, inputs):
    """All that is due, once the real rsyslogd listens as these lines of its configuration say."""
    rsyslogd = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")
    check(rsyslogd, "rsyslogd is not installed: .ci/packages test")
    out = os.path.join(daemon.dir, "collected")
    conf = os.path.join(daemon.dir, "rsyslog.conf")
    with open(conf, "w") as f:
        f.write(f'''{inputs}
template(name="told" type="string" string="%pri% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="{out}" template="told")
''')
    process = subprocess.Popen([rsyslogd, "-n", "-f", conf, "-i", os.path.join(daemon.dir, "pid")], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    console = Console(daemon)

    def collected():
        if not os.path.exists(out):
            return []
        with open(out) as f:
            lines = [line.split(" ", 3) for line in f if line.endswith("\n")]
        return [json.loads(body)["metadata"]["sequence"] for _, app, kind, body in lines if app == "checkrein" and kind in TOLD]

    def it_hears():
        """Of a datagram that nobody took nothing is known: so one act after the other, until one arrives."""
        act(daemon, console, 1)
        return collected()

    try:
        wait_for("its first message", it_hears)
        act(daemon, console, 3)
        wait_for("what it wrote", lambda: collected() == due(daemon)[-len(collected()):] and len(collected()) >= 12)
    finally:
        process.terminate()
        process.wait(20)
    return collected()


@with_daemon(config=over_tcp("rsyslog"))
def a_real_rsyslogd_over_tcp(daemon):
    got = rsyslogd_takes_it(daemon, f'''module(load="imtcp")
input(type="imtcp" port="{PORTS['rsyslog']}" address="127.0.0.1")''')
    check(got == due(daemon), "what was before it came is missing")


@with_daemon(config=f"syslog = udp://127.0.0.1:{PORTS['rsyslog']}\n")
def a_real_rsyslogd_over_udp(daemon):
    rsyslogd_takes_it(daemon, f'''module(load="imudp")
input(type="imudp" port="{PORTS['rsyslog']}" address="127.0.0.1")''')


@with_daemon(config=f"syslog = unix:{SOCKETS}/rsyslog\n")
def a_real_rsyslogd_over_a_unix_socket(daemon):
    got = rsyslogd_takes_it(daemon, f'''module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{SOCKETS}/rsyslog" RateLimit.Interval="0" UseSpecialParser="off" ParseHostname="on")''')
    check(got == due(daemon), "what was before it came is missing")


if __name__ == "__main__":
    try:
        run([each_act_is_told_once, what_was_told_to_nobody_waits, a_cut_loses_nothing, a_cut_of_one_that_does_not_read_loses_nothing, a_slow_one_holds_up_nobody, one_that_stalls_is_an_alarm_and_is_taken_back, over_udp_as_cef,
             over_a_unix_socket, a_real_rsyslogd_over_tcp, a_real_rsyslogd_over_udp, a_real_rsyslogd_over_a_unix_socket])
    finally:
        shutil.rmtree(SOCKETS, ignore_errors=True)
