"""`manage.py healthy PART`: for the health checks of containers; exit code 0 when the part does its work."""

import http.client
import socket
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from dashboard import jobs
from dashboard.celery import app
from dashboard.fleet.claims import Claims
from dashboard.fleet.store import StoreError

SECONDS = 3.0


class Command(BaseCommand):
    help = "Says whether one part of the dashboard does its work: web, worker, beat or watch."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=PARTS)
        parser.add_argument("--port", type=int, default=8000, help="where the web server listens (8000)")

    def handle(self, *_: Any, part: str, port: int, **__: Any) -> None:
        trouble = PARTS[part](port)
        self.stdout.write(f"{part}: {trouble or 'well'}")
        if trouble:
            raise SystemExit(1)


def _web(port: int) -> str:
    host = settings.ALLOWED_HOSTS[0].removeprefix(".")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost" if host == "*" else host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer ({type(error).__name__})"
    finally:
        connection.close()
    return "" if status < 400 else f"answers {status}"


def _worker(_: int) -> str:
    """The one of this host: a container has one."""
    try:
        answers = app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the answer is the same
        return f"cannot be asked ({type(error).__name__})"
    return "" if answers else "does not answer"


def _beat(_: int) -> str:
    """Some beat: one that waits for its turn is as well as the one that sends."""
    try:
        return "" if Claims(jobs.parts.store()).is_taken("full") else "nobody sends jobs"
    except StoreError as error:
        return f"Redis does not answer ({type(error).__name__})"


def _watch(_: int) -> str:
    if not settings.WATCH_EVENTS:
        return ""
    try:
        return "" if jobs.parts.store().watch_state() is not None else "nobody listens"
    except StoreError as error:
        return f"Redis does not answer ({type(error).__name__})"


PARTS: dict[str, Callable[[int], str]] = {"web": _web, "worker": _worker, "beat": _beat, "watch": _watch}
