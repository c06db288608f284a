"""One id from a click to the call it leads to: request → action → job → call. Log lines carry it, and so do traces.

It is 32 hexadecimal digits, so that OpenTelemetry takes it as the id of a trace. It stays in the thread that handles
the request or the job.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "ona_trail"
"""Of a message between processes."""
VALID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str] = ContextVar("trail", default="")


def new() -> str:
    return secrets.token_hex(16)


def current() -> str:
    """The id of what this thread is doing; "" when nobody asked for it."""
    return _current.get()


def taken(given: str) -> str:
    """An id that somebody else made, if it is fit to be one; else a new one."""
    return given if VALID.fullmatch(given) else new()


@contextmanager
def following(identifier: str) -> Iterator[None]:
    """What is done inside belongs to that id; "" leaves the one that is."""
    token = _current.set(identifier or _current.get())
    try:
        yield
    finally:
        _current.reset(token)
