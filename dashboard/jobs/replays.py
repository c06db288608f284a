"""What is made of the record: policies replayed, and the daily report."""

import logging
from contextlib import suppress
from zoneinfo import ZoneInfo

from django.conf import settings

from dashboard.celery import app
from dashboard.control import ledger
from dashboard.control.idleness.evidence import doubt
from dashboard.control.reports import daily as reports
from dashboard.control.whatif import replays
from dashboard.jobs import parts
from dashboard.jobs.polls import BROKER_TROUBLE

logger = logging.getLogger(__name__)

REPLAY_LIFETIME = 1_800.0
"""Seconds after which the lock lapses, should its worker's machine have died; one after another is enough."""


@app.task(name="jobs.replay", expires=10)
def replay() -> None:
    """Answer what people asked of the past; another worker's replay goes on beside the polls."""
    if not replays.waiting(ledger.utc_now()):
        return
    with parts.store().single("replay", REPLAY_LIFETIME) as alone:
        if alone:
            zone = ZoneInfo(settings.TIME_ZONE)
            replays.work_off(lambda: parts.snapshot().now().fleet, zone, ledger.utc_now)


def start_replay() -> None:
    """Begin at once instead of at the next beat; a broker that does not take it costs a second."""
    with suppress(*BROKER_TROUBLE):
        replay.delay()


@app.task(name="jobs.make_reports", expires=60)
def make_reports() -> None:
    """The report of a day that is over, with its messages, and now and then that of today so far."""
    with parts.store().single("reports", parts.SWEEP_LIFETIME) as alone:
        if alone:
            seen, now, zone = parts.snapshot().now(), ledger.utc_now(), ZoneInfo(settings.TIME_ZONE)
            for day in reports.make_due(None if doubt(seen, now) else seen.fleet, now, zone):
                logger.info("the report of %s is made", day)


@app.task(name="jobs.prune_replays", expires=3600)
def prune_replays() -> None:
    with parts.store().single("prune-replays", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := replays.prune(ledger.utc_now()) + reports.prune(ledger.utc_now())):
            logger.info("%d replays and reports of long ago were deleted", gone)
