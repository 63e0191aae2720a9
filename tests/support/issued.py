"""A daemon that is told of credentials which were issued elsewhere: its files, and what it says of them."""
import atexit
import os
import secrets
import shutil
import tempfile

from daemon import Console, check, wait_for

FOLDER = tempfile.mkdtemp(prefix="cr-issuers-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
FILE = os.path.join(FOLDER, "issuers.ini")
CONFIG = f"issuers = {FILE}\n"
NAMES = []  # of the credential, another one with each file, so that no old word of it is taken for a new one
CLIENT_SECRET = "client-secret-of-the-operator/+%~"


def put(name, text):
    path = os.path.join(FOLDER, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)
    return path


def written(issuer, more="", credential="", refresh=None, token=None, url=None, auth=None):
    """The file for one issuer and one credential; gives its access token."""
    token = token or "access-" + secrets.token_hex(16)
    NAMES.append(f"ci-{len(NAMES)}")
    secret = "" if auth == "none" else f"client_secret_command = cat {put('client', CLIENT_SECRET)}\n"
    text = (f"[issuer lab]\nkind = oauth\nissuer = {url or issuer.url}\nclient_id = operator:1\n{secret}"
            f"timeout_ms = 1000\n{f'client_auth = {auth}' if auth else ''}\n{more}\n"
            f"[credential {NAMES[-1]}]\nissuer = lab\nagents = claude:s1 | nobody\naccess_token_file = {put('access', token)}\n{credential}\n")
    if refresh:
        text += f"refresh_token_file = {put('refresh', refresh)}\n"
    put("issuers.ini", text)
    return token


def begun(daemon, *expected):
    """The daemon has read the file, an agent is there, and its credential is said to be so."""
    daemon.reload()
    daemon.hook("SessionStart", "s1", source="startup")
    console = Console(daemon)
    return console, row(daemon, *expected)


def rows(daemon, agent="claude:s1"):
    found = []
    for e in daemon.events():
        if e["data"].get("gen_ai.agent.id") == agent and "permissions.credentials" in e["data"]:
            found = e["data"]["permissions.credentials"]
    return found


def row(daemon, *expected):
    def told():
        last = rows(daemon)
        return last if last and last[0]["id"] == NAMES[-1] and all(x in last[0]["revocable"] for x in expected) else None
    try:
        return wait_for(f"a credential that says {expected}", told, 10)[0]
    except AssertionError as e:
        raise AssertionError(f"{e}: {rows(daemon)}") from None


def revoke(console, **fields):
    return console.command("revoke", **({"agent": "claude:s1"} | fields))


def nowhere(daemon, *texts):
    """Neither in the record, nor in the log, nor among arguments and environments."""
    places = [os.path.join(daemon.record, n) for n in os.listdir(daemon.record)] + [os.path.join(daemon.dir, "log")]
    places += [f"/proc/{daemon.process.pid}/{n}" for n in ("cmdline", "environ")]
    for path in places:
        with open(path, "rb") as f:
            content = f.read()
        for text in texts:
            check(text.encode() not in content, f"a secret stands in {path}")
