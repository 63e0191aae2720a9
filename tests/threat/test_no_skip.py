"""Threat 14: nothing in the source turns the checking of certificates off, and no plain ws:// leaves this machine."""
import os
import re
import subprocess

from daemon import check, run

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src")
SKIPS = re.compile(r"LCCSCF_(ALLOW_\w+|SKIP_\w+)|SSL_VERIFY_NONE|CURLOPT_(SSL|PROXY_SSL|DOH_SSL)_VERIFY(PEER|HOST)\s*,\s*0"
                   r"|X509_V_FLAG_PARTIAL|SSL_CTX_set_security_level\([^)]*\b0\)|skip.?verify|insecure", re.I)


def nothing_turns_it_off(_daemon):
    looked = 0
    for root, _, names in os.walk(SOURCE):
        for name in names:
            with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
                found = SKIPS.search(f.read())
            check(not found, f"{name} has {found.group(0) if found else ''}")
            looked += 1
    check(looked > 200, f"only {looked} files were looked at")
    check(SKIPS.search("LCCSCF_ALLOW_SELFSIGNED") and SKIPS.search("curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L)"), "sees nothing")


def plain_off_loopback_is_refused(daemon):
    for url, fine in (("ws://192.0.2.7:9/", False), ("ws://example.org/", False), ("ws://127.0.0.1.example.org/", False),
                      ("ws://[2001:db8::1]/", False), ("http://192.0.2.7/", False), ("ws://127.0.0.1:9/", True), ("wss://example.org/", True)):
        path = os.path.join(daemon.dir, "far.ini")
        with open(path, "w") as f:
            f.write(f"[backend far]\nkind = checkrein\nurl = {url}\n")
        done = subprocess.run([daemon.binary, "config", "--check", "--config", path], capture_output=True, text=True, timeout=20)
        check((done.returncode == 0) == fine, f"{url}: exit {done.returncode}: {done.stdout[-200:]}{done.stderr}")
        check(fine or "far.ini:3" in done.stderr or "far" in done.stderr, f"where is not said: {done.stderr}")


if __name__ == "__main__":
    run([nothing_turns_it_off, plain_off_loopback_is_refused])
