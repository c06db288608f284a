"""Real receivers of messages on this machine: one speaks HTTP, one SMTP. Both keep what they are sent."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """`answers` are statuses, used up one by one, then 200; `where` is the place a redirect leads to."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers, with names in lower case, and body of everything that came."""
    answers: list[int] = field(default_factory=list)
    where: str = ""

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/secret-path"


@contextmanager
def hook() -> Iterator[Hook]:
    known = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known.paths.append(self.path)
            known.sent.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = known.answers.pop(0) if known.answers else 200
            if status == 200:
                known.got.append(json.loads(body))
            if status == 0:  # it hangs up without a word
                self.close_connection = True
                return
            self.send_response(status)
            if known.where:
                self.send_header("Location", known.where)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_address[1]
        with serving(server):
            yield known


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@dataclass
class Post:
    """`refuse` maps a command such as RCPT to the line it is answered with, "" to hang up."""

    port: int = 0
    got: list[tuple[list[str], Message]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)


@contextmanager
def post() -> Iterator[Post]:  # noqa: C901 - its commands
    """An SMTP server that takes everything."""
    known = Post()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            to: list[str] = []
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                command = line[:4].upper()
                if command in known.refuse:
                    if not known.refuse[command]:
                        return
                    self.say(known.refuse[command])
                elif command == "RCPT":
                    to.append(line.partition("<")[2].partition(">")[0])
                    self.say("250 ok")
                elif command == "DATA":
                    self.say("354 go on")
                    known.got.append((to, message_from_bytes(self.body())))
                    self.say("250 taken")
                elif command == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

        def body(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line)
            return b"".join(lines)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_address[1]
        with serving(server):
            yield known
