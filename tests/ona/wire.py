"""Canned answers on a real wire: a WSGI app that replays a script, and a socket that misbehaves."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from werkzeug import Request, Response

from dashboard.ona import Ona, Pace

KEY = "ona-pat-0123456789-do-not-show"
BASE = "http://ona.test/api"
Reply = Callable[[Any, Any], Iterable[bytes]]


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; text and bytes go out as they are."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return Response(raw, status, headers, content_type="application/json")


def refusal(
    status: int, code: str, message: str = "no", headers: Any = None, details: Any = None
) -> Response:
    """An error as the API writes it."""
    body = {"code": code, "message": message} | ({"details": details} if details is not None else {})
    return answer(body, status, headers)


@dataclass
class Script:
    """Answers its requests one after another, the last answer for ever, and keeps what was asked."""

    replies: list[Reply]
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append((request.path, json.loads(request.get_data()), dict(request.headers)))
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        return reply(environ, start_response)

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for _, message, _ in self.asked]


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Told:
    """A pace that notes what it is told."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def wait(self) -> None:
        self.notes.append("wait")

    def slow_down(self, delay: float | None) -> None:
        self.notes.append(("slow", delay))

    def failed(self, kind):
        self.notes.append(("failed", kind))

    def speed_up(self) -> None:
        self.notes.append("fast")


def talk(*replies: Reply, time: Time | None = None, pace: Pace | None = None) -> tuple[Ona, Script]:
    """A client whose server gives these replies; delays without a number from the server are halves of their most."""
    time = time or Time()
    script = Script(list(replies))
    http = httpx.Client(transport=httpx.WSGITransport(app=script))
    ona = Ona.open(BASE, KEY, http=http, pace=pace, sleep=time.sleep, clock=time, rng=lambda: 0.5)
    return ona, script


@contextlib.contextmanager
def socket_server(*handlers: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that hands its connections to these handlers in turn (the last for ever); yields the base address."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            count = 0
            while not stopping.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    count += 1
                    with connection:
                        connection.settimeout(5)
                        handlers[min(count, len(handlers)) - 1](connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        finally:
            stopping.set()
            thread.join(timeout=5)


def read_request(connection: socket.socket) -> bytes:
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    declared = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    length = int(declared or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def streaming(
    *parts: bytes | float,
    status: str = "200 OK",
    content_type: str = "text/plain",
    end: bool = True,
    told: list[bytes] | None = None,
) -> Callable[[socket.socket], None]:
    """A handler that answers with these parts, one write each; numbers are pauses in seconds.

    Without `end` the answer breaks off. What was asked is added to `told`.
    """

    def handle(connection: socket.socket) -> None:
        request = read_request(connection)
        if told is not None:
            told.append(request)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        with contextlib.suppress(OSError):
            for part in parts:
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
            if end:
                connection.sendall(b"0\r\n\r\n")

    return handle


def redirecting(location: str) -> Callable[[socket.socket], None]:
    """A handler that sends elsewhere."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    return handle
