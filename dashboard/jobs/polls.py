"""Reading the fleet: the sweeps, what somebody has just opened, and what events name."""

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from celery.exceptions import CeleryError
from django.conf import settings
from kombu.exceptions import KombuError

from dashboard.celery import app
from dashboard.fleet.budget import Lead
from dashboard.fleet.claims import Claims
from dashboard.fleet.entities import Kind
from dashboard.fleet.store import Sweep
from dashboard.jobs import parts
from dashboard.ona import errors

if TYPE_CHECKING:
    from dashboard.fleet.watch import Watcher

logger = logging.getLogger(__name__)

HOT_LIFETIME = 60.0
"""Seconds after which the hot sweep's lock lapses: short, since pages live from it. Two at once harm nothing."""
NAMES_KEEP = 3600.0
"""Names hardly change: they are read again after an hour, or as soon as the last reading failed."""
LATE = 10.0
"""Seconds by which a poll of everything may be late before it is asked for again."""
BROKER_TROUBLE = (CeleryError, KombuError, OSError)
"""What a broker that does not answer raises when a job is handed to it."""


@app.task(name="jobs.poll_hot", expires=settings.POLL_HOT_SECONDS)
def poll_hot() -> None:
    with parts.store().single("hot", HOT_LIFETIME) as alone:
        if not alone:
            return
        empty = not parts.store().position()[0]
        sweep = parts.sync(Lead.SOON).hot()
        _report(sweep)
    if _missed_its_turn(sweep):
        with suppress(*BROKER_TROUBLE):
            poll_hot.delay()
    if not empty and _full_was_lost():
        with suppress(*BROKER_TROUBLE):
            poll_full.delay()
    if empty:  # Redis has lost what it held: the rest is read now and not at the next turn
        with suppress(*BROKER_TROUBLE):
            poll_full.delay()
            poll_names.delay()


def _missed_its_turn(sweep: Sweep) -> bool:
    """Whether the next turn came while it was still under way, and passed: then the next one begins at once. Not where
    the API failed, nor where it was the budget that it waited for: what is left of that is for other polls.
    """
    interval = settings.POLL_HOT_SECONDS
    affordable = sweep.requests <= interval * settings.ONA_REQUESTS_PER_SECOND
    return not sweep.error and sweep.seconds > interval and affordable


def _full_was_lost() -> bool:
    """Whether the last turn of the poll of everything came to nothing: a message is lost with the connection that took
    it, and lapses while everything stands still. It is asked for again once in an interval.
    """
    last, interval = parts.store().sweeps().get("full:last"), settings.POLL_FULL_SECONDS
    if last is None or parts.clock() - (last.started + last.seconds) <= interval + LATE:
        return False
    return Claims(parts.store()).take("full-again", interval) is None


@app.task(name="jobs.poll_full", expires=settings.POLL_FULL_SECONDS)
def poll_full() -> None:
    with parts.store().single("full", parts.SWEEP_LIFETIME) as alone:
        if alone:
            _report(parts.sync(Lead.LATER).full())


@app.task(name="jobs.poll_names", expires=600)
def poll_names() -> None:
    good, last = parts.store().sweeps().get("names:ok"), parts.store().sweeps().get("names:last")
    if good is not None and good == last and 0 <= time.time() - good.started < NAMES_KEEP:
        return
    with parts.store().single("names", parts.SWEEP_LIFETIME) as alone:
        if alone:
            _report(parts.sync(Lead.LATER).names())


def _report(sweep: Sweep) -> None:
    if sweep.error:
        logger.warning("%s sweep failed after %.1f s: %s", sweep.name, sweep.seconds, sweep.error)
    elif sweep.skipped:
        logger.warning("%s sweep skipped %d items that could not be read", sweep.name, sweep.skipped)
    if sweep.twice:
        logger.info("%s sweep read %d pages twice, which came in an unusual form", sweep.name, sweep.twice)


@app.task(name="jobs.refresh", expires=30)
def refresh(kind: str, identifier: str) -> None:
    """Read one resource that somebody has just opened."""
    try:
        parts.sync().refresh((Kind(kind), identifier))
    except errors.OnaError as error:
        logger.warning("%s %s could not be read: %s", kind, identifier, error)


@app.task(name="jobs.read_automations_file", expires=30)
def read_automations_file(environment_id: str) -> None:
    """Put together the automations file of an environment, for somebody who has just opened it."""
    with parts.store().single(f"file:{environment_id}", 30.0) as alone:
        if alone:
            parts.sync().automations_file(environment_id)


MOST_EARLY = 40
"""Environments that are read one by one because of events; when there are more, all that moves is listed."""


def read_early(identifiers: list[str]) -> None:
    """Read what events named."""
    if len(identifiers) > MOST_EARLY:
        poll_hot()
    else:
        parts.sync(Lead.AT_ONCE).early(identifiers)


def watcher(stop: threading.Event) -> "Watcher":
    """What `manage.py watch` runs."""
    from dashboard.fleet.watch import Watcher

    return Watcher(parts.reading(Lead.SOON), parts.store(), read_early, poll_hot, stop)
