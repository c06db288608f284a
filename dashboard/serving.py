"""`ona-dashboard serve`: the web server, granian with one thing more, an end that no request notices.

    ona-dashboard serve --host 0.0.0.0 --port 8000 --drain 5

SIGTERM has `/readyz` say no for `--drain` seconds while everything is still answered; then nothing new is accepted,
what is being answered is finished, and the process ends. SIGINT, or a second SIGTERM, skips the wait.

This process only watches over those that answer, so it loads no Django: 15 MB instead of 80. When it is killed they
end by themselves: nobody would watch over them, and the port would stay taken.
"""

import argparse
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from dashboard import drain

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOKS_EVERY = 1.0
"""Seconds between two looks at who watches over this process."""
ENDS_WITHIN = 20.0
"""Seconds for what is being answered when nobody does any more."""


class Server(Granian):  # type: ignore[misc, valid-type]
    """Ends in two steps."""

    def __init__(self, *arguments: Any, drain_seconds: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._drain_seconds, self._told = drain_seconds, False

    def signal_handler_interrupt(self, number: int = signal.SIGINT, *_: object) -> None:
        """Granian's handler of SIGTERM and SIGINT; it may run at any point of the main thread."""
        if number != signal.SIGTERM or self._told or not self._drain_seconds:
            super().signal_handler_interrupt()
            return
        self._told = True
        for worker in multiprocessing.active_children():
            with suppress(ProcessLookupError):
                os.kill(worker.pid or 0, drain.SIGNAL)
        end = threading.Timer(self._drain_seconds, super().signal_handler_interrupt)
        end.daemon = True
        end.start()


def application() -> "WSGIApplication":
    """What the processes that answer load."""
    drain.listen()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from dashboard.wsgi import application as dashboard

    return drain.closing(dashboard)


def _end_with_parent() -> None:
    """Returns never: ends this process once the one that started it is no more."""
    parent = multiprocessing.parent_process()
    while parent is None or os.getppid() == parent.pid:
        time.sleep(LOOKS_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDS_WITHIN)
    os._exit(1)


def main(arguments: Sequence[str]) -> None:
    told = parser().parse_args(arguments)
    signal.signal(drain.SIGNAL, signal.SIG_IGN)  # inherited by those that are only just starting
    Server(
        "dashboard.serving:application",
        factory=True,
        address=told.host,
        port=told.port,
        interface=Interfaces.WSGI,
        workers=told.workers,
        blocking_threads=told.blocking_threads,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=told.finish,
        log_level=LogLevels.warning,
        drain_seconds=told.drain,
    ).serve()


def parser() -> argparse.ArgumentParser:
    """Of the arguments of `serve`."""
    arguments = argparse.ArgumentParser(prog="ona-dashboard serve", description="Serves the pages.")
    arguments.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    arguments.add_argument("--port", type=int, default=8000, help="port (8000)")
    arguments.add_argument("--workers", type=int, default=1, help="processes; each holds the fleet once (1)")
    arguments.add_argument("--blocking-threads", type=int, default=4, help="threads of each process (4)")
    arguments.add_argument(
        "--drain", type=float, default=5.0, help="seconds between the first no of /readyz and the end (5)"
    )
    arguments.add_argument(
        "--finish", type=int, default=20, help="seconds at most for what is being answered then (20)"
    )
    return arguments
