"""A small reverse proxy over real sockets that signs people in by a cookie, as others do with `auth_request`.

Like many, it lets every header of the client through, in any spelling, but those it sets itself.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "only-the-proxy-knows-this"
PEOPLE = {
    "ada": {
        "OnaUser": "ada",
        "OnaEmail": "ada@example.com",
        "OnaName": "Ada Admin",
        "OnaGroups": "fleet-admins",
    },
    "oda": {
        "OnaUser": "oda",
        "OnaEmail": "operator@example.com",
        "OnaName": "Oda Perera",
        "OnaGroups": "developers,cyclists",
    },
    "eve": {"OnaUser": "eve", "OnaEmail": "eve@elsewhere.example", "OnaName": "Eve", "OnaGroups": ""},
}
"""The value of the cookie `who` → what the proxy says of its owner."""
OURS = {name.lower() for name in (*PEOPLE["ada"], "OnaProxySecret")}
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@contextmanager
def reverse_proxy(upstream: int) -> Iterator[int]:
    """Serves on a free port, in front of the port `upstream` of this machine; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            forward(self, upstream)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def forward(handler: BaseHTTPRequestHandler, upstream: int) -> None:
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    connection = http.client.HTTPConnection("127.0.0.1", upstream, timeout=20)
    connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
    for name, value in [*_kept(handler), *_told(handler), ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    handler.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in HOP:
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
    connection.close()


def _kept(handler: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
    sent = [(name, value) for name, value in handler.headers.items() if name.lower() not in OURS | HOP]
    return [("Host", handler.headers["Host"]), *sent]


def _told(handler: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
    cookie = SimpleCookie(handler.headers.get("Cookie", "")).get("who")
    told = PEOPLE.get(cookie.value if cookie else "", {})
    return [("OnaProxySecret", SECRET), *told.items()]
