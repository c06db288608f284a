"""Sending actions one by one, and looking what they did."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from dashboard.celery import app
from dashboard.control import ledger, ledger_keep, left_behind
from dashboard.control.ledger import Observed
from dashboard.control.models import Action, State
from dashboard.control.verbs import RULES, Verb, watched
from dashboard.fleet.entities import Kind
from dashboard.fleet.store import StoreError
from dashboard.jobs import parts
from dashboard.jobs.end import ending
from dashboard.ona import errors
from dashboard.process import has_died, this_process

if TYPE_CHECKING:
    from dashboard.fleet.reading import Reading

logger = logging.getLogger(__name__)

MOST_CHASED = 100
MOST_SETTLED = 1_000
MOST_OF_BATCHES = 20
"""Actions of batches that are followed up one by one in a turn, at most."""


@app.task(name="jobs.perform")
def perform(action_id: str) -> None:
    """Send one action, if nobody else has, then look at once what it did."""
    action = ledger.claim(UUID(action_id), ledger.utc_now(), this_process())
    if action is None:
        return
    ledger.perform(action, parts.acting(), ledger.utc_now)
    if action.state == State.REQUESTED:
        chase_one(action)
    elif action.state == State.QUEUED:
        delay = max(timedelta(), action.not_before - ledger.utc_now()).total_seconds() + 0.1
        ledger.hand_over(action.id, lambda key: perform.apply_async((str(key),), countdown=delay))


@app.task(name="jobs.chase", expires=1)
def chase() -> None:
    """Look at what has an unconfirmed action, every second until it settles: what was asked singly first, then of
    batches what the polls have not settled.
    """
    requested = Action.objects.filter(state=State.REQUESTED, verb__in=Verb).order_by("requested")
    if not requested.exists():
        return
    with parts.store().single("chase", 60.0) as alone:
        if alone:
            reachable = True
            singly = list(requested.filter(batch=None)[:MOST_CHASED])
            for action in (
                singly + settle_batches(requested.exclude(batch=None)[:MOST_SETTLED])[:MOST_OF_BATCHES]
            ):
                if ending.is_set():
                    return
                if reachable:
                    reachable = chase_one(action)
                else:
                    ledger.overdue(action, ledger.utc_now())


def settle_batches(requested: Iterable[Action]) -> list[Action]:
    """Compare with what the polls have read since; returns what that did not settle, oldest first."""
    actions = list(requested)
    seen = parts.store().observed(Kind.ENVIRONMENT, [action.target_id for action in actions])
    open_still = []
    for action in actions:
        found = seen.get(action.target_id)
        if found is None or not ledger.observe(action, found.row, found.asked, ledger.utc_now()):
            open_still.append(action)
    return open_still


def chase_one(action: Action) -> bool:
    """Read an action's target and compare; a target that cannot be read ends the action only when its time is up.

    False when the API did not answer at all: asking it about a hundred others would only hold up the workers.
    """
    from dashboard.fleet.reading import Reading

    try:
        result, row, asked = _look(action)
    except (errors.OnaError, StoreError) as error:
        logger.warning("%s could not be followed up: %s", action, error)
        ledger.overdue(action, ledger.utc_now())
        return not isinstance(error, errors.NoAnswer | StoreError)
    if result is Reading.HIDDEN:
        ledger.overdue(action, ledger.utc_now())
    else:
        ledger.observe(action, row, asked, ledger.utc_now())
    return True


def _look(action: Action) -> "tuple[Reading, Observed | None, float]":
    """What shows how an action goes, and when it was asked for."""
    from dashboard.fleet.reading import Reading

    verb = Verb(action.verb)
    seen = parts.sync().refresh(watched(verb, action.target_id, action.result_id))
    if not RULES[verb].in_file or seen[0] is not Reading.SEEN:
        return seen
    file = parts.sync().automations_file(action.target_id)
    return (Reading.HIDDEN if file.trouble else Reading.SEEN), file, file.read_at


@app.task(name="jobs.sweep_actions", expires=10)
def sweep_actions() -> None:
    left_behind.sweep(ledger.utc_now(), enqueue_action, has_died)


@app.task(name="jobs.prune_actions", expires=3600)
def prune_actions() -> None:
    with parts.store().single("prune-actions", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := ledger_keep.prune(ledger.utc_now())):
            logger.info("%d actions and batches of long ago were deleted", gone)


def enqueue_action(action_id: UUID) -> None:
    """Hand an action to the workers; raises what the broker's client raises."""
    perform.delay(str(action_id))
