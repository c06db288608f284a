"""A web node that is about to end says so first: `/readyz` answers no, and each answer closes its connection, while
everything is still served. So whoever spreads requests over several nodes has turned away before this one is gone.
"""

import json
import signal
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SIGNAL = signal.SIGUSR1
"""Tells the process that answers; what watches over it ignores the signal."""
PROBE = "/readyz"
NO = json.dumps({"ready": False, "troubles": {"end": "This process was told to end."}}).encode()
_ending = threading.Event()


def is_ending() -> bool:
    """Whether this process has been told that it will be ended."""
    return _ending.is_set()


def listen() -> None:
    """Take the signal as the word that the end is near. For the main thread of the process that answers."""
    signal.signal(SIGNAL, lambda *_: _ending.set())


def closing(application: "WSGIApplication") -> "WSGIApplication":
    """The application; once the end is near, `/readyz` is answered here, since an expected no is no error for Django's
    log, and all answers ask clients and proxies for a new connection.

    That header belongs to the server, by the book of WSGI; granian closes the connection when it sees it.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], *rest)

        if not is_ending():
            return application(environ, start_response)
        if environ.get("PATH_INFO") == PROBE:
            start(
                "503 Service Unavailable",
                [("Content-Type", "application/json"), ("Content-Length", str(len(NO)))],
            )
            return [NO]
        return application(environ, start)

    return answer
