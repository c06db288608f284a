"""What is kept in the database: history as the sweeps saw it, its sums, and how long each thing stays."""

import logging
import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError

from dashboard.celery import app
from dashboard.control import asked_once, ledger
from dashboard.control.people import personal_tokens, sign_ins
from dashboard.control.policies import runs as policy_runs
from dashboard.control.record import history, phase_counts, rollup
from dashboard.fleet.store import StoreError
from dashboard.jobs import parts

logger = logging.getLogger(__name__)

HISTORY_LIFETIME = 120.0


@app.task(name="jobs.record_history", expires=settings.POLL_HOT_SECONDS)
def record_history() -> None:
    """Follow into the database what the sweeps have written; what fails is made up for by the next run."""
    try:
        with parts.store().single("history", HISTORY_LIFETIME) as alone:
            if alone:
                history.record(parts.store(), time.time(), simulated=settings.ONA_SIMULATED)
    except (StoreError, DatabaseError) as error:
        logger.warning("the history could not be recorded: %s", error)


@app.task(name="jobs.count_hours", expires=60)
def count_hours() -> None:
    with parts.store().single("hours", parts.SWEEP_LIFETIME) as alone:
        if alone:
            history.remember_names(parts.store())
            rollup.count(ZoneInfo(settings.TIME_ZONE))
            phase_counts.count()


@app.task(name="jobs.prune_history", expires=3600)
def prune_history() -> None:
    with parts.store().single("prune", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := history.prune(time.time())):
            logger.info("%d rows of old history were deleted", gone)


@app.task(name="jobs.prune_sign_ins", expires=3600)
def prune_sign_ins() -> None:
    with parts.store().single("prune-sign-ins", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := sign_ins.prune(ledger.utc_now())):
            logger.info("%d sign-ins of long ago were deleted", gone)
        if alone:
            personal_tokens.prune(ledger.utc_now())
            asked_once.prune(ledger.utc_now())


@app.task(name="jobs.prune_policy_runs", expires=3600)
def prune_policy_runs() -> None:
    with parts.store().single("prune-policy-runs", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := policy_runs.prune(ledger.utc_now())):
            logger.info("%d runs of policies of long ago were deleted", gone)
