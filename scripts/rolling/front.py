"""What stands in front of the web nodes: it asks each for `/readyz`, and gives requests to those that said yes, in
turn.

Like a proxy it keeps connections open between requests. It tries nothing twice, so whatever fails is seen.
"""

import http.client
import select
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from scripts.rolling.stack import HOST, Part, status

EVERY = 1.0
"""Seconds between two looks at a node."""
TIMEOUT = 30.0


@dataclass(frozen=True)
class Answer:
    """`status` 0: no answer, for the reason in `trouble`. `at`: when it was asked, monotonic seconds."""

    node: str
    status: int
    at: float
    took: float
    body: str = ""
    cookies: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def failed(self) -> bool:
        return not 200 <= self.status < 400


@dataclass
class Front:
    """Shared by all pages; each thread has its own connections."""

    nodes: Sequence[Part]
    answers: list[Answer] = field(default_factory=list)
    ready: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    _turn: "count[int]" = field(default_factory=count)
    _mine: threading.local = field(default_factory=threading.local)
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look at the nodes until the end; for a thread of its own."""
        while not self._over.is_set():
            for node in self.nodes:
                self.ready[node.name] = status(node.port, "/readyz") == 200
            self._over.wait(EVERY)

    def end(self) -> None:
        self._over.set()

    def node(self) -> Part:
        """The next that is ready; any, where none is: its answer says more than none at all."""
        able = [node for node in self.nodes if self.ready[node.name]] or list(self.nodes)
        return able[next(self._turn) % len(able)]

    def send(self, method: str, path: str, headers: dict[str, str], body: str = "") -> Answer:
        node, at = self.node(), time.monotonic()
        try:
            answer = self._ask(node, method, path, headers, body)
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connections().pop(node.name).close()
            found = Answer(
                node.name, 0, at, time.monotonic() - at, trouble=f"{type(error).__name__}: {error}"
            )
        else:
            cookies = tuple(one.partition(";")[0] for one in answer.headers.get_all("Set-Cookie", []))
            found = Answer(node.name, answer.status, at, time.monotonic() - at, text, cookies)
        self.answers.append(found)
        return found

    def _ask(
        self, node: Part, method: str, path: str, headers: dict[str, str], body: str
    ) -> http.client.HTTPResponse:
        connection = self._connections().setdefault(
            node.name, http.client.HTTPConnection(HOST, node.port, timeout=TIMEOUT)
        )
        if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
            connection.close()  # closed by the node while it was idle; the next request opens another
        connection.request(method, path, body or None, headers)
        return connection.getresponse()

    def _connections(self) -> dict[str, http.client.HTTPConnection]:
        if not hasattr(self._mine, "kept"):
            self._mine.kept = {}
        kept: dict[str, http.client.HTTPConnection] = self._mine.kept
        return kept
