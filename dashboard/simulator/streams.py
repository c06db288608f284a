"""Answers that are sent piece by piece: how an application asks for that, and when such an answer has to end."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Keys of the WSGI environment: set by the application, the server, and werkzeug.
STREAMS = "simulator.streams"
LIFE = "simulator.life"
SOCKET = "werkzeug.socket"


class Life:
    """Of a server: whether it is closing, and how many streams are under way."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._streams = 0
        self._changed = threading.Condition()

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a stream for as long as the block lasts."""
        with self._changed:
            self._streams += 1
        try:
            yield
        finally:
            with self._changed:
                self._streams -= 1
                self._changed.notify_all()

    def end(self, seconds: float) -> bool:
        """Ask every stream to end and wait for that; False if one has not within `seconds`."""
        self.closing.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._streams, seconds)


def is_over(environ: "WSGIEnvironment") -> bool:
    """Whether a stream has to end: the server closes, or nobody reads it any more."""
    life = environ.get(LIFE)
    return (life is not None and life.closing.is_set()) or _is_gone(environ.get(SOCKET))


def rest(environ: "WSGIEnvironment", seconds: float) -> bool:
    """Wait; whether the stream goes on after that."""
    life = environ.get(LIFE)
    (life.closing if life is not None else threading.Event()).wait(seconds)
    return not is_over(environ)


def _is_gone(connection: socket.socket | None) -> bool:
    if connection is None:
        return False
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
