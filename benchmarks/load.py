"""A load generator that costs little: keep-alive connections over one epoll loop, each sending its next request when
the answer to the last one is complete. To loopback only.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.ratios import percentile

HOST = "127.0.0.1"


@dataclass
class Load:
    """What came back: latencies in seconds, status → answers, bytes of bodies, seconds it took."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    body: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p50(self) -> float:
        return percentile(self.latencies, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.latencies, 0.99)

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status not in {200, 204})


def get(path: str, cookie: str = "", **headers: str) -> bytes:
    """A GET request, ready to be sent."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}",
        "Accept: text/html",
        *([f"Cookie: {cookie}"] if cookie else []),
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Connection:
    """One connection; `due` is when its next request is to be sent."""

    def __init__(self, port: int, requests: Iterator[bytes], due: float = 0.0) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.due = requests, due
        self.sent, self.got, self.wanted = 0.0, b"", -1
        self.head_end = 0

    def send(self) -> None:
        self.got, self.wanted = b"", -1
        self.sent = time.perf_counter()
        self.socket.sendall(next(self.requests))

    def receive(self) -> bool:
        """True when the answer is complete."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server closed a connection")
        self.got += part
        if self.wanted < 0:
            self.head_end = self.got.find(b"\r\n\r\n")
            if self.head_end < 0:
                return False
            head = self.got[: self.head_end].lower()
            at = head.find(b"content-length:")
            length = (
                int(head[at + 15 : head.find(b"\r", at) if head.find(b"\r", at) > 0 else None])
                if at > 0
                else 0
            )
            self.wanted = self.head_end + 4 + length
        return len(self.got) >= self.wanted

    @property
    def status(self) -> int:
        return int(self.got[9:12])

    @property
    def body(self) -> bytes:
        return self.got[self.head_end + 4 :]


def fetch(port: int, request: bytes) -> tuple[int, bytes]:
    """(status, body) of one request."""
    one = _Connection(port, iter([request]))
    one.send()
    while not one.receive():
        pass
    one.socket.close()
    return one.status, one.body


def press(port: int, requests: Callable[[int], Iterator[bytes]], *, connections: int, seconds: float) -> Load:
    """As many requests as the server answers; `requests(n)` are those of connection n."""
    return _run([_Connection(port, requests(n)) for n in range(connections)], seconds, pause=0.0)


def crowd(  # noqa: PLR0913 - who sends what to whom, how often and for how long
    port: int,
    requests: Callable[[int], Iterator[bytes]],
    answered: Callable[[int, bytes], None],
    *,
    pages: int,
    every: float,
    seconds: float,
) -> Load:
    """`pages` open pages, each sending a request `every` so many seconds; `answered(n, body)` sees what came back."""
    start = time.perf_counter()
    some = [_Connection(port, requests(n), start + every * n / pages) for n in range(pages)]
    return _run(some, seconds, pause=every, answered=answered)


def _run(
    connections: list[_Connection],
    seconds: float,
    *,
    pause: float,
    answered: Callable[[int, bytes], None] | None = None,
) -> Load:
    load, waiting = Load(), selectors.EpollSelector()
    for number, one in enumerate(connections):
        waiting.register(one.socket, selectors.EVENT_READ, (number, one))
        if not pause:
            one.send()
    start, resting = time.perf_counter(), set(range(len(connections))) if pause else set()
    end = start + seconds
    while (now := time.perf_counter()) < end:
        for number in [number for number in resting if connections[number].due <= now]:
            resting.discard(number)
            connections[number].send()
        for key, _ in waiting.select(0.002 if pause else 1.0):
            number, one = key.data
            if not one.receive():
                continue
            load.latencies.append(time.perf_counter() - one.sent)
            load.statuses[one.status] += 1
            load.body += len(one.body)
            if answered is not None:
                answered(number, one.body)
            if pause:
                one.due = max(one.due + pause, now)
                resting.add(number)
            else:
                one.send()
    load.seconds = time.perf_counter() - start
    for one in connections:
        one.socket.close()
    return load
