"""Batches worked off, and idle policies run."""

import time
from contextlib import suppress

from django.utils import timezone

from dashboard.celery import app
from dashboard.control import batches, ledger
from dashboard.control.models import Action
from dashboard.control.policies import runs as policy_runs
from dashboard.jobs import parts
from dashboard.jobs.end import ending
from dashboard.jobs.polls import BROKER_TROUBLE
from dashboard.ona import errors
from dashboard.process import this_process

LANES = 2
"""Batches are worked off by so many threads of all workers: a call at a time each, so that polls have theirs."""
LANE_SECONDS = 20.0


@app.task(name="jobs.send_batches", expires=1)
def send_batches() -> None:
    """See to it that batches are worked off."""
    batches.end_cancelled(ledger.utc_now())
    if batches.waiting(ledger.utc_now()):
        for lane in range(LANES):
            send_lane.delay(lane)


@app.task(name="jobs.send_lane", expires=2)
def send_lane(lane: int) -> None:
    """Send what batches have waiting, one after another, for a while; one job a lane."""
    with parts.store().single(f"lane:{lane}", 120.0) as alone:
        end = time.monotonic() + LANE_SECONDS
        while alone and time.monotonic() < end and not ending.is_set():
            action = batches.claim_next(ledger.utc_now(), this_process())
            if action is None:
                return
            send_if_still_right(action)


def send_if_still_right(action: Action) -> None:
    """Look at the target of a claimed action once more, then send it or say why not."""
    from dashboard.fleet.look import look

    fleet = parts.snapshot().now().fleet
    try:
        seen = look(parts.reading(), parts.store(), fleet, batches.looked_at(action), time.time)
    except errors.OnaError as error:
        ledger.refused(action, error, ledger.utc_now(), sent=False)
        return
    if seen.row is not None and ledger.sent_before(action, seen.row, ledger.utc_now()):
        return
    if why_not := batches.why_skip(action, seen, ledger.utc_now(), fleet):
        ledger.skip(action, why_not, ledger.utc_now())
    else:
        ledger.perform(action, parts.acting(), ledger.utc_now)


def start_batch() -> None:
    """Begin at once instead of at the next beat; a broker that does not take it costs a second."""
    with suppress(*BROKER_TROUBLE):
        send_batches.delay()


@app.task(name="jobs.run_policies", expires=30)
def run_policies() -> None:
    """Judge what every idle policy speaks of; what one stops goes the way of all batches."""
    with parts.store().single("policies", parts.SWEEP_LIFETIME) as alone:
        if alone and policy_runs.run_all(parts.snapshot().now(), timezone.localtime(ledger.utc_now())):
            start_batch()
