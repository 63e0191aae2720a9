"""An authorisation server of one's own, which can be told to misbehave in each way that a stranger's may."""
import base64
import http.server
import json
import socketserver
import threading
import urllib.parse


class Issuer:
    """Two tokens, who may see them, and what is asked of it. `fault` maps a path to what it does instead."""

    def __init__(self, tls=None):
        self.tokens = {}  # text: what introspection says of it; {"active": False} once revoked
        self.seen = []  # (method, path, form or None, authorization)
        self.fault = {}
        self.metadata = {}
        self.metadata_path = "/.well-known/oauth-authorization-server"
        self.revokes = True  # False: says 200 and does nothing
        self.lock = threading.Lock()
        self.release = threading.Event()
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def say(self, status, body, kind="application/json", **headers):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                self.take(None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.take(dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True)))

            def take(self, form):
                self.form = form
                with issuer.lock:
                    issuer.seen.append((self.command, self.path, form, self.headers.get("Authorization")))
                    fault = issuer.fault.get(self.path)
                if fault:
                    fault(self)
                elif self.path == issuer.metadata_path:
                    self.say(200, {"issuer": issuer.url, "revocation_endpoint": issuer.url + "/revoke",
                                   "introspection_endpoint": issuer.url + "/introspect", **issuer.metadata})
                elif self.path == "/revoke":
                    if issuer.revokes and form["token"] in issuer.tokens:
                        issuer.tokens[form["token"]] = {"active": False}
                    self.say(200, b"")
                elif self.path == "/introspect":
                    self.say(200, issuer.tokens.get(form["token"], {"active": False}))
                elif self.path == "/resource":
                    token = (self.headers.get("Authorization") or "")[7:]
                    active = issuer.tokens.get(token, {}).get("active")
                    self.say(200 if active else 401, {})
                else:
                    self.say(404, {"error": "not_found"})

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def asked(self, path):
        with self.lock:
            return [s for s in self.seen if s[1] == path]

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def basic(authorization):
    return tuple(urllib.parse.unquote_plus(p) for p in base64.b64decode(authorization[6:]).decode().split(":", 1))
