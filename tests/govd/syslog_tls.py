"""A syslog collector over TLS (RFC 5425): told all, once, in order; and one that is not what it should be is told nothing, and why is said."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from collector import TOLD, Certificates, Collector, act, due
from daemon import Console, check, free_port, run, wait_for, with_daemon

FOLDER = tempfile.mkdtemp(prefix="cr-tls-")
CERTS = Certificates(FOLDER)
CERTS.issue("good", "DNS:localhost,IP:127.0.0.1")
CERTS.issue("other", "DNS:other.example")
CERTS.issue("subject", "")  # its name is the subject's only, which counts for nothing
CERTS.issue("expired", "DNS:localhost", days=-1)
CERTS.issue("client", "DNS:daemon.example", subject="daemon")
PORTS = {name: free_port() for name in ("told", "tls12", "address", "client", "refused", "bad", "once", "full", "renewed", "rsyslog")}


def over_tls(name, host="localhost", ca="ca", more=""):
    return f"syslog = tls://{host}:{PORTS[name]}\nsyslog_ca = {CERTS.path(ca + '.pem')}\n" + more


SHOWN = f"syslog_certificate = {CERTS.path('client.pem')}\nsyslog_key = {CERTS.path('client.key')}\n"


def alarms(daemon):
    return [e["data"]["signal.title"] for e in daemon.events("signal.raised") if "collector" in e["data"]["signal.title"]]


def settled(daemon, collector):
    try:
        wait_for("all that is due", lambda: collector.numbers() == due(daemon))
    except AssertionError:
        check(False, f"told {collector.numbers()}, due {due(daemon)}, {collector.connections} connections")


def told_all(daemon, collector):
    console = Console(daemon)
    act(daemon, console, 3)
    settled(daemon, collector)
    console.close()
    check(daemon.terminate() == 0, "exit code")
    daemon.start()  # goes on where it was
    act(daemon, Console(daemon), 1, "fresh")
    settled(daemon, collector)
    collector.end()


@with_daemon(config=over_tls("told"))
def each_act_is_told_once(daemon):
    told_all(daemon, Collector(PORTS["told"], CERTS.server("good")).begin())


@with_daemon(config=over_tls("tls12"))
def over_tls_1_2(daemon):
    told_all(daemon, Collector(PORTS["tls12"], CERTS.server("good", newest=ssl.TLSVersion.TLSv1_2)).begin())


@with_daemon(config=over_tls("address", host="127.0.0.1"))
def by_an_address(daemon):
    told_all(daemon, Collector(PORTS["address"], CERTS.server("good")).begin())


@with_daemon(config=over_tls("client", more=SHOWN))
def who_we_are_is_shown(daemon):
    collector = Collector(PORTS["client"], CERTS.server("good", wants_client=True)).begin()
    told_all(daemon, collector)


@with_daemon(config=over_tls("refused"))
def one_that_refuses_us_is_told_nothing_and_nothing_is_lost(daemon):
    """In TLS 1.3 a client is refused after its handshake is over."""
    check(daemon.terminate() == 0, "exit code")
    collector = Collector(PORTS["refused"], CERTS.server("good", wants_client=True)).begin()
    daemon.start()  # whose first connection is to this one
    act(daemon, Console(daemon), 2)
    wait_for("an alarm", lambda: any("certificate required" in a for a in alarms(daemon)))
    check(not collector.messages, "it was told something")
    collector.end()
    collector = Collector(PORTS["refused"], CERTS.server("good")).begin()
    settled(daemon, collector)
    collector.end()


def plain(peer):
    peer.sendall(b"220 this is no TLS\r\n")


def cut(peer):
    peer.recv(10)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()


def silent(_peer):
    pass


class Odd:
    """Says something that is no TLS, or nothing."""

    def __init__(self, port, does):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.peers = []
        threading.Thread(target=self.accept, args=(does,), daemon=True).start()

    def accept(self, does):
        while True:
            try:
                peer, _ = self.listener.accept()
                self.peers.append(peer)
                does(peer)
            except OSError:
                return

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            peer.close()


def is_told_nothing(daemon, start, words, then_good=True):
    check(daemon.terminate() == 0, "exit code")
    wrong = start(PORTS["bad"])
    daemon.start()  # whose first connection is to this one
    wait_for(f"an alarm with \"{words}\"", lambda: any(words.lower() in a.lower() for a in alarms(daemon)), 30)
    act(daemon, Console(daemon), 1)
    check(not getattr(wrong, "messages", []), "it was told something")
    wrong.end()
    if then_good:
        collector = Collector(PORTS["bad"], CERTS.server("good")).begin()
        wait_for("all that is due", lambda: collector.numbers() == due(daemon), 60)
        collector.end()


def shows(name, newest=ssl.TLSVersion.TLSv1_3):
    return lambda port: Collector(port, CERTS.server(name, newest=newest)).begin()


NOT_TAKEN = "its certificate is not taken: "


@with_daemon(config=over_tls("bad", ca="stranger"))
def of_another_authority(daemon):
    is_told_nothing(daemon, shows("good"), NOT_TAKEN, then_good=False)


@with_daemon(config=over_tls("bad"))
def of_another_name(daemon):
    is_told_nothing(daemon, shows("other"), NOT_TAKEN + "hostname mismatch")


@with_daemon(config=over_tls("bad"))
def named_by_its_subject_only(daemon):
    is_told_nothing(daemon, shows("subject"), NOT_TAKEN + "hostname mismatch")


@with_daemon(config=over_tls("bad"))
def expired(daemon):
    is_told_nothing(daemon, shows("expired"), NOT_TAKEN + "certificate has expired")


@with_daemon(config=over_tls("bad"))
def too_old_a_version(daemon):
    is_told_nothing(daemon, shows("good", newest=ssl.TLSVersion.TLSv1_1), "TLS: ")


@with_daemon(config=over_tls("bad"))
def no_tls_at_all(daemon):
    is_told_nothing(daemon, lambda port: Odd(port, plain), "TLS: wrong version number")


@with_daemon(config=over_tls("bad"))
def cut_in_the_handshake(daemon):
    is_told_nothing(daemon, lambda port: Odd(port, cut), "Connection reset")


@with_daemon(config=over_tls("bad"))
def no_answer(daemon):
    is_told_nothing(daemon, lambda port: Odd(port, silent), "it does not answer TLS")


def end(peer):
    """As TLS has it, or as who does not care."""
    try:
        peer.unwrap()
    finally:
        peer.close()


@with_daemon(config=over_tls("once"))
def one_that_ends_after_each_message(daemon):
    collector = Collector(PORTS["once"], CERTS.server("good"))
    collector.after_each = end
    collector.begin()
    console = Console(daemon)
    for i in range(1, 4):
        act(daemon, console, 1)
        wait_for("another connection", lambda: collector.connections > i)
    began, before = time.monotonic(), collector.connections
    act(daemon, console, 1)
    wait_for("another connection", lambda: collector.connections > before)
    check(time.monotonic() - began > 0.2, "it connects again without a pause")
    collector.after_each = None
    act(daemon, console, 1)
    wait_for("the last", lambda: collector.numbers() and collector.numbers()[-1] == due(daemon)[-1], 40)
    got = collector.numbers()
    firsts = [n for i, n in enumerate(got) if n not in got[:i]]
    check(firsts == sorted(firsts), f"out of order: {got}")
    collector.end()


@with_daemon(config=over_tls("full"))
def a_slow_one_holds_up_nobody_and_loses_nothing(daemon):
    collector = Collector(PORTS["full"], CERTS.server("good")).begin()
    wait_for("a connection", lambda: collector.peers)
    collector.reads.clear()
    console = Console(daemon)
    for _ in range(300):
        console.command("deny", wait=False, approval="01K0000000000000000000000C", reason="x" * 1000)
    act(daemon, console, 1)
    collector.reads.set()
    wait_for("all that is due", lambda: collector.numbers() == due(daemon), 60)
    collector.end()


@with_daemon(config=over_tls("renewed", ca="renewed"))
def a_renewed_file_is_read_for_the_next_connection(daemon):
    act(daemon, Console(daemon), 1)
    wait_for("an alarm", lambda: alarms(daemon))
    shutil.copy(CERTS.path("ca.pem"), CERTS.path("renewed.pem"))
    collector = Collector(PORTS["renewed"], CERTS.server("good")).begin()
    settled(daemon, collector)
    collector.end()


def a_bad_file_is_named_at_the_start(daemon):
    def start(options):
        with open(os.path.join(daemon.dir, "bad.ini"), "w") as f:
            f.write("[serve]\n" + options)
        done = subprocess.run([daemon.binary, "serve", "--config", f.name, "--socket", daemon.dir + "/bad.sock", "--token-file", daemon.dir + "/bad.token",
                               "--journal", daemon.dir + "/bad", "--hook-port", "0"], capture_output=True, text=True, timeout=60)
        check(done.returncode == 1, f"it started: {done}")
        return done.stderr

    at = "syslog = tls://localhost:6514\n"
    with open(os.path.join(daemon.dir, "none.pem"), "w") as f:
        f.write("no certificate\n")
    open_key = os.path.join(daemon.dir, "open.key")
    shutil.copy(CERTS.path("client.key"), open_key)
    os.chmod(open_key, 0o644)
    pipe = os.path.join(daemon.dir, "pipe.pem")  # one that is waited at would be waited at in the daemon's loop
    os.mkfifo(pipe)
    for options, words in ((at + f"syslog_ca = {f.name}\n", ("syslog_ca", f.name)), (at + f"syslog_ca = {pipe}\n", ("syslog_ca", pipe)),
                           (at + f"syslog_certificate = {pipe}\nsyslog_key = {CERTS.path('client.key')}\n", ("syslog_certificate", pipe)),
                           (at + "syslog_ca = /dev/zero\n", ("syslog_ca", "/dev/zero")),
                           (at + "syslog_ca = /nonexistent.pem\n", ("syslog_ca", "/nonexistent.pem")),
                           (at + f"syslog_certificate = {CERTS.path('client.pem')}\n", ("syslog_certificate and syslog_key go together",)),
                           (at + f"syslog_certificate = {CERTS.path('client.pem')}\nsyslog_key = {CERTS.path('good.key')}\n", ("syslog_key", "mismatch")),
                           (at + f"syslog_certificate = {CERTS.path('client.pem')}\nsyslog_key = {open_key}\n", ("syslog_key", open_key)),
                           ("syslog = tcp://127.0.0.1:601\nsyslog_ca = /x.pem\n", ("for tls:// only",))):
        told = start(options)
        check(all(w in told for w in words), f"{options}: {told}")


@with_daemon(config=over_tls("rsyslog", more=SHOWN))
def a_real_rsyslogd_takes_it(daemon):
    rsyslogd = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")
    if not rsyslogd:
        print("rsyslogd is not installed: not tried")
        return
    for driver in ("ossl", "gtls"):
        rsyslogd_with(daemon, rsyslogd, driver)


def rsyslogd_with(daemon, rsyslogd, driver):
    out = os.path.join(daemon.dir, "collected")
    conf = os.path.join(daemon.dir, "rsyslog.conf")
    with open(conf, "w") as f:
        f.write(f'''global(DefaultNetstreamDriver="{driver}" DefaultNetstreamDriverCAFile="{CERTS.path('ca.pem')}"
  DefaultNetstreamDriverCertFile="{CERTS.path('good.pem')}" DefaultNetstreamDriverKeyFile="{CERTS.path('good.key')}")
module(load="imtcp" StreamDriver.Name="{driver}" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer="daemon.example")
input(type="imtcp" port="{PORTS['rsyslog']}" address="127.0.0.1")
template(name="told" type="string" string="%pri% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="{out}" template="told")
''')
    log = os.path.join(daemon.dir, "rsyslogd")
    with open(log, "ab") as f:
        process = subprocess.Popen([rsyslogd, "-n", "-f", conf, "-i", os.path.join(daemon.dir, "pid")], stdin=subprocess.DEVNULL, stdout=f, stderr=f)
    try:
        act(daemon, Console(daemon), 2, driver)
        wait_for(f"what it wrote over {driver}", lambda: collected(out) == due(daemon), 40)
    finally:
        process.terminate()
        process.wait(20)


def collected(out):
    if not os.path.exists(out):
        return []
    with open(out) as f:
        lines = [line.split(" ", 3) for line in f if line.endswith("\n")]
    return [json.loads(body)["metadata"]["sequence"] for _, app, kind, body in lines if app == "checkrein" and kind in TOLD]


if __name__ == "__main__":
    try:
        shutil.copy(CERTS.path("stranger.pem"), CERTS.path("renewed.pem"))
        run([each_act_is_told_once, over_tls_1_2, by_an_address, who_we_are_is_shown, one_that_refuses_us_is_told_nothing_and_nothing_is_lost,
             of_another_authority, of_another_name, named_by_its_subject_only, expired, too_old_a_version, no_tls_at_all, cut_in_the_handshake,
             no_answer, one_that_ends_after_each_message, a_slow_one_holds_up_nobody_and_loses_nothing,
             a_renewed_file_is_read_for_the_next_connection, a_bad_file_is_named_at_the_start, a_real_rsyslogd_takes_it])
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
