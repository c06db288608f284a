"""What jobs work with: this process's store, snapshot, budgets and clients, each made once."""

import logging
import time
from functools import cache, partial
from typing import TYPE_CHECKING

from django.conf import settings

from dashboard.config.base import ConfigurationError, read_key
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.memory import Memory
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, connect, follow, namespace_of

if TYPE_CHECKING:
    from dashboard.fleet.sync import Sync
    from dashboard.ona import Ona

logger = logging.getLogger(__name__)
SWEEP_LIFETIME = 600.0
"""Seconds after which a sweep's lock lapses, should its worker have died."""


def clock() -> float:
    """Epoch seconds, asked of the machine each time: a run may have set its own clock."""
    return time.time()


@cache
def store() -> Store:
    """This process's store."""
    return Store(connect(settings.REDIS_URL), _namespace())


@cache
def _namespace() -> str:
    return namespace_of(connect(settings.REDIS_URL), settings.ONA_BASE_URL, settings.ONA_API_KEY)


@cache
def snapshot() -> Snapshot:
    """This process's copy of the fleet."""
    return Snapshot(store(), time.monotonic)


@cache
def budget(lead: Lead) -> Budget:
    """The share of all workers' requests for what goes with this lead."""
    return Budget(connect(settings.REDIS_URL), _namespace(), settings.ONA_REQUESTS_PER_SECOND, lead)


@cache
def reading(lead: Lead = Lead.AT_ONCE) -> "Ona":
    """The API with the key for reading; connections are pooled for the life of the process."""
    from dashboard.ona import Ona

    pace, key = budget(lead), settings.ONA_API_KEY
    return Ona.open(settings.ONA_BASE_URL, key, newer_key=_newer_reading, pace=pace, clock=clock)


@cache
def acting() -> "Ona":
    """The API with the key for actions."""
    from dashboard.ona import Ona

    pace, key = budget(Lead.AT_ONCE), settings.ONA_ACTION_API_KEY
    return Ona.open(settings.ONA_BASE_URL, key, newer_key=_newer_acting, pace=pace, clock=clock)


def _newer_reading(refused: str) -> str:
    """The key in the file that it came from, after the API refused the one that was read: it may have been replaced.
    Processes that start later find the fleet under the old one's name.
    """
    key = _read_anew("ONA_API_KEY", "GITPOD_API_KEY") or refused
    if key != refused:
        follow(connect(settings.REDIS_URL), settings.ONA_BASE_URL, settings.ONA_API_KEY, key)
        logger.info("the API refused the key, and its file has another one now")
    return key


def _newer_acting(refused: str) -> str:
    names = ("ONA_ACTION_API_KEY", "ONA_API_KEY", "GITPOD_API_KEY")
    return _read_anew(*names) or refused


def _read_anew(*names: str) -> str:
    """The first of these settings that there is; "" when none can be read at this moment."""
    try:
        return next((key for name in names if (key := read_key(name))), "")
    except ConfigurationError as error:
        logger.warning("the API refused the key, and no other can be read: %s", error)
        return ""


def sync(lead: Lead = Lead.AT_ONCE) -> "Sync":
    from dashboard.fleet.sync import Sync

    return Sync(
        reading(lead),
        store(),
        snapshot(),
        clock,
        history_seconds=settings.POLL_HISTORY_SECONDS,
        kept=settings.EXECUTIONS_KEPT,
        memory=memory(),
        remark=partial(_remark, budget(lead)),
    )


def _remark(shared: Budget, name: str, seconds: float) -> list[str]:
    """What to tell of a sweep when the budget of requests did not suffice."""
    full, interval = settings.ONA_REQUESTS_PER_SECOND, settings.POLL_INTERVALS.get(name)
    found: list[str] = []
    if shared.rate < full:
        found.append(
            sentence(
                "The API refused requests: {rate} a second are sent instead of {full}.",
                rate=f"{shared.rate:.2g}",
                full=f"{full:g}",
            )
        )
    if interval is not None and seconds > interval:
        found.append(
            sentence(
                "It took longer than the {interval} s between two such polls, which therefore come later: "
                "ONA_REQUESTS_PER_SECOND allows {full} requests a second.",
                interval=f"{interval:g}",
                full=f"{full:g}",
            )
        )
    return found


@cache
def memory() -> Memory:
    """What this process has listed."""
    return Memory()
