"""Following logs, each while somebody watches it."""

import logging
import threading

from django.conf import settings

from dashboard.celery import app
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_store import LogStore
from dashboard.fleet.store import StoreError
from dashboard.jobs import parts
from dashboard.jobs.end import ending

logger = logging.getLogger(__name__)

MOST_TAILS = 4
"""Logs that one worker follows at once: half of its threads, so that polls and actions never wait for a log."""
AWAY_SECONDS = 4
"""For which a log that gave way to another is not followed again."""

_tails = threading.BoundedSemaphore(MOST_TAILS)
_contended = threading.Event()


def logs() -> LogStore:
    """The logs that have been opened."""
    return LogStore(parts.store(), settings.LOG_RETENTION_HOURS * 3600)


@app.task(name="jobs.tail", expires=30)
def tail(kind: str, identifier: str) -> None:
    """Follow one log while somebody watches it; a page that finds nobody following asks again."""
    from dashboard.fleet.tail import Tail

    if not _tails.acquire(blocking=False):
        _contended.set()
        return
    try:
        _contended.clear()
        hosts = tuple(settings.LOG_HOSTS)
        follower = Tail(parts.acting(), logs(), settings.ONA_BASE_URL, hosts, ending, _contended)
        if follower.run(Kind(kind), identifier):
            logs().ask(Kind(kind), identifier, AWAY_SECONDS)
    except StoreError as error:
        logger.warning("the log of %s %s could not be kept: %s", kind, identifier, error)
    finally:
        _tails.release()
