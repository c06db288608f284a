"""How long this process waits for PostgreSQL: a server that was frozen, or whose machine hangs, keeps connections open
and answers nothing. SQLite has its own limit (`timeout` in the settings).
"""

from functools import partial
from typing import Any

from django.db.backends.signals import connection_created

CONNECT_SECONDS = 4
ANSWER_SECONDS = 15.0


def begin(seconds: float = ANSWER_SECONDS) -> None:
    """From now on each query of this process that has no answer within so many seconds raises OperationalError."""

    def bounded(connection: Any, **_: object) -> None:
        if connection.vendor == "postgresql":
            opened = connection.connection
            opened.wait = partial(type(opened).wait, opened, timeout=seconds)

    connection_created.connect(bounded, weak=False, dispatch_uid="patience")


def end() -> None:
    connection_created.disconnect(dispatch_uid="patience")
