"""Every Celery job, each a few lines: lock, call, report. (The word *task* belongs to Ona's tasks.)

Beat does not prevent overlap, so each sweep takes a lock with a lifetime, and messages that waited too long
expire. No result is kept and no acknowledgement mode matters: what was accepted is in the database, and
`sweep_actions` finds what was left behind.

Pages import this module to hand jobs over: what only a job needs (the API, the sweeps) is loaded when one runs.
"""

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from celery.exceptions import CeleryError
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import KombuError

from dashboard.celery import app
from dashboard.control import batches, history, ledger, policies, rollup, sign_ins
from dashboard.control.ledger import Observed
from dashboard.control.models import Action, State
from dashboard.control.verbs import RULES, Verb, watched
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_store import LogStore
from dashboard.fleet.memory import Memory
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, StoreError, Sweep, connect, namespace
from dashboard.ona import errors
from dashboard.process import has_died, this_process

if TYPE_CHECKING:
    from dashboard.fleet.reading import Reading
    from dashboard.fleet.sync import Sync
    from dashboard.fleet.watch import Watcher
    from dashboard.ona import Ona

logger = logging.getLogger(__name__)

SWEEP_LIFETIME = 600.0
"""Seconds after which a sweep's lock lapses, should its worker have died."""
HOT_LIFETIME = 60.0
"""The same of the hot sweep: short, since pages live from it. Two at once cost requests and harm nothing."""
NAMES_KEEP = 3600.0
"""Names hardly change: they are read again after an hour, or as soon as the last reading failed."""
MOST_CHASED = 100
MOST_SETTLED = 1_000
MOST_OF_BATCHES = 20
"""Actions of batches that are followed up one by one in a turn, at most."""
LANES = 2
"""Batches are worked off by so many threads of all workers: a call at a time each, so that polls have theirs."""
LANE_SECONDS = 20.0
MOST_TAILS = 4
"""Logs that one worker follows at once: half of its threads, so that polls and actions never wait for a log."""
AWAY_SECONDS = 4
"""For which a log that gave way to another is not followed again."""
BROKER_TROUBLE = (CeleryError, KombuError, OSError)
"""What a broker that does not answer raises when a job is handed to it."""


@cache
def store() -> Store:
    """This process's store."""
    return Store(connect(settings.REDIS_URL), namespace(settings.ONA_BASE_URL, settings.ONA_API_KEY))


@cache
def snapshot() -> Snapshot:
    """This process's copy of the fleet."""
    return Snapshot(store(), time.monotonic)


@cache
def budget(lead: Lead) -> Budget:
    """The share of all workers' requests for what goes with this lead."""
    name = namespace(settings.ONA_BASE_URL, settings.ONA_API_KEY)
    return Budget(connect(settings.REDIS_URL), name, settings.ONA_REQUESTS_PER_SECOND, lead)


@cache
def reading(lead: Lead = Lead.AT_ONCE) -> "Ona":
    """The API with the key for reading; connections are pooled for the life of the process."""
    from dashboard.ona import Ona

    return Ona.open(settings.ONA_BASE_URL, settings.ONA_API_KEY, pace=budget(lead))


@cache
def acting() -> "Ona":
    """The API with the key for actions."""
    from dashboard.ona import Ona

    return Ona.open(settings.ONA_BASE_URL, settings.ONA_ACTION_API_KEY, pace=budget(Lead.AT_ONCE))


def sync(lead: Lead = Lead.AT_ONCE) -> "Sync":
    from dashboard.fleet.sync import Sync

    return Sync(
        reading(lead),
        store(),
        snapshot(),
        time.time,
        history_seconds=settings.POLL_HISTORY_SECONDS,
        kept=settings.EXECUTIONS_KEPT,
        memory=memory(),
        remark=partial(_remark, budget(lead)),
    )


def _remark(shared: Budget, name: str, seconds: float) -> list[str]:
    """What to tell of a sweep when the budget of requests did not suffice."""
    full, interval, found = settings.ONA_REQUESTS_PER_SECOND, settings.POLL_INTERVALS.get(name), []
    if shared.rate < full:
        found.append(f"The API refused requests: {shared.rate:.2g} a second are sent instead of {full:g}.")
    if interval is not None and seconds > interval:
        found.append(
            f"It took longer than the {interval:g} s between two such polls, which therefore come later: "
            f"ONA_REQUESTS_PER_SECOND allows {full:g} requests a second."
        )
    return found


@cache
def memory() -> Memory:
    """What this process has listed."""
    return Memory()


@app.task(name="jobs.poll_hot", expires=settings.POLL_HOT_SECONDS)
def poll_hot() -> None:
    with store().single("hot", HOT_LIFETIME) as alone:
        if not alone:
            return
        empty = not store().position()[0]
        _report(sync(Lead.SOON).hot())
    if empty:  # Redis has lost what it held: the rest is read now and not at the next turn
        with suppress(*BROKER_TROUBLE):
            poll_full.delay()


@app.task(name="jobs.poll_full", expires=settings.POLL_FULL_SECONDS)
def poll_full() -> None:
    with store().single("full", SWEEP_LIFETIME) as alone:
        if alone:
            _report(sync(Lead.LATER).full())


@app.task(name="jobs.poll_names", expires=600)
def poll_names() -> None:
    good, last = store().sweeps().get("names:ok"), store().sweeps().get("names:last")
    if good is not None and good == last and time.time() - good.started < NAMES_KEEP:
        return
    with store().single("names", SWEEP_LIFETIME) as alone:
        if alone:
            _report(sync(Lead.LATER).names())


def _report(sweep: Sweep) -> None:
    if sweep.error:
        logger.warning("%s sweep failed after %.1f s: %s", sweep.name, sweep.seconds, sweep.error)
    elif sweep.skipped:
        logger.warning("%s sweep skipped %d items that could not be read", sweep.name, sweep.skipped)


@app.task(name="jobs.refresh", expires=30)
def refresh(kind: str, identifier: str) -> None:
    """Read one resource that somebody has just opened."""
    try:
        sync().refresh((Kind(kind), identifier))
    except errors.OnaError as error:
        logger.warning("%s %s could not be read: %s", kind, identifier, error)


@app.task(name="jobs.read_automations_file", expires=30)
def read_automations_file(environment_id: str) -> None:
    """Put together the automations file of an environment, for somebody who has just opened it."""
    with store().single(f"file:{environment_id}", 30.0) as alone:
        if alone:
            sync().automations_file(environment_id)


MOST_EARLY = 40
"""Environments that are read one by one because of events; when there are more, all that moves is listed."""


def read_early(identifiers: list[str]) -> None:
    """Read what events named."""
    if len(identifiers) > MOST_EARLY:
        poll_hot()
    else:
        sync(Lead.AT_ONCE).early(identifiers)


def watcher(stop: threading.Event) -> "Watcher":
    """What `manage.py watch` runs."""
    from dashboard.fleet.watch import Watcher

    return Watcher(reading(Lead.SOON), store(), read_early, poll_hot, stop)


# Logs

_tails = threading.BoundedSemaphore(MOST_TAILS)
_contended, _stopping = threading.Event(), threading.Event()


@worker_shutting_down.connect
def _stop_tails(**_: object) -> None:
    _stopping.set()


def logs() -> LogStore:
    """The logs that have been opened."""
    return LogStore(store(), settings.LOG_RETENTION_HOURS * 3600)


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
        follower = Tail(acting(), logs(), settings.ONA_BASE_URL, hosts, _stopping, _contended)
        if follower.run(Kind(kind), identifier):
            logs().ask(Kind(kind), identifier, AWAY_SECONDS)
    except StoreError as error:
        logger.warning("the log of %s %s could not be kept: %s", kind, identifier, error)
    finally:
        _tails.release()


@app.task(name="jobs.perform")
def perform(action_id: str) -> None:
    """Send one action, if nobody else has, then look at once what it did."""
    action = ledger.claim(UUID(action_id), ledger.utc_now(), this_process())
    if action is None:
        return
    ledger.perform(action, acting(), ledger.utc_now)
    if action.state == State.REQUESTED:
        chase_one(action)
    elif action.state == State.QUEUED:
        delay = max(timedelta(), action.not_before - ledger.utc_now()).total_seconds() + 0.1
        ledger.hand_over(action.id, lambda key: perform.apply_async((str(key),), countdown=delay))


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
    with store().single(f"lane:{lane}", 120.0) as alone:
        end = time.monotonic() + LANE_SECONDS
        while alone and time.monotonic() < end:
            action = batches.claim_next(ledger.utc_now(), this_process())
            if action is None:
                return
            send_if_still_right(action)


def send_if_still_right(action: Action) -> None:
    """Look at the target of a claimed action once more, then send it or say why not."""
    from dashboard.fleet.look import look

    fleet = snapshot().now().fleet
    try:
        seen = look(reading(), store(), fleet, batches.looked_at(action), time.time)
    except errors.OnaError as error:
        ledger.refused(action, error, ledger.utc_now())
        return
    if why_not := batches.why_skip(action, seen, ledger.utc_now(), fleet):
        ledger.skip(action, why_not, ledger.utc_now())
    else:
        ledger.perform(action, acting(), ledger.utc_now)


def start_batch() -> None:
    """Begin at once instead of at the next beat; a broker that does not take it costs a second."""
    with suppress(*BROKER_TROUBLE):
        send_batches.delay()


@app.task(name="jobs.run_policies", expires=30)
def run_policies() -> None:
    """Judge what every idle policy speaks of; what one stops goes the way of all batches."""
    with store().single("policies", SWEEP_LIFETIME) as alone:
        if alone and policies.run_all(snapshot().now(), timezone.localtime(ledger.utc_now())):
            start_batch()


@app.task(name="jobs.prune_policy_runs", expires=3600)
def prune_policy_runs() -> None:
    with store().single("prune-policy-runs", SWEEP_LIFETIME) as alone:
        if alone and (gone := policies.prune(ledger.utc_now())):
            logger.info("%d runs of policies of long ago were deleted", gone)


@app.task(name="jobs.chase", expires=1)
def chase() -> None:
    """Look at what has an unconfirmed action, every second until it settles: what was asked singly first, then of
    batches what the polls have not settled.
    """
    requested = Action.objects.filter(state=State.REQUESTED).order_by("requested")
    if not requested.exists():
        return
    with store().single("chase", 60.0) as alone:
        if alone:
            reachable = True
            singly = list(requested.filter(batch=None)[:MOST_CHASED])
            for action in (
                singly + settle_batches(requested.exclude(batch=None)[:MOST_SETTLED])[:MOST_OF_BATCHES]
            ):
                if reachable:
                    reachable = chase_one(action)
                else:
                    ledger.overdue(action, ledger.utc_now())


def settle_batches(requested: Iterable[Action]) -> list[Action]:
    """Compare with what the polls have read since; returns what that did not settle, oldest first."""
    actions = list(requested)
    seen = store().observed(Kind.ENVIRONMENT, [action.target_id for action in actions])
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
    seen = sync().refresh(watched(verb, action.target_id, action.result_id))
    if not RULES[verb].in_file or seen[0] is not Reading.SEEN:
        return seen
    file = sync().automations_file(action.target_id)
    return (Reading.HIDDEN if file.trouble else Reading.SEEN), file, file.read_at


@app.task(name="jobs.sweep_actions", expires=10)
def sweep_actions() -> None:
    ledger.sweep(ledger.utc_now(), enqueue_action, has_died)


def enqueue_action(action_id: UUID) -> None:
    """Hand an action to the workers; raises what the broker's client raises."""
    perform.delay(str(action_id))


# History

HISTORY_LIFETIME = 120.0


@app.task(name="jobs.record_history", expires=settings.POLL_HOT_SECONDS)
def record_history() -> None:
    """Follow into the database what the sweeps have written; what fails is made up for by the next run."""
    try:
        with store().single("history", HISTORY_LIFETIME) as alone:
            if alone:
                history.record(store(), time.time(), simulated=settings.ONA_SIMULATED)
    except (StoreError, DatabaseError) as error:
        logger.warning("the history could not be recorded: %s", error)


@app.task(name="jobs.count_hours", expires=60)
def count_hours() -> None:
    with store().single("hours", SWEEP_LIFETIME) as alone:
        if alone:
            history.remember_names(store())
            rollup.count(ZoneInfo(settings.TIME_ZONE))


@app.task(name="jobs.prune_history", expires=3600)
def prune_history() -> None:
    with store().single("prune", SWEEP_LIFETIME) as alone:
        if alone and (gone := history.prune(time.time())):
            logger.info("%d rows of old history were deleted", gone)


@app.task(name="jobs.prune_sign_ins", expires=3600)
def prune_sign_ins() -> None:
    with store().single("prune-sign-ins", SWEEP_LIFETIME) as alone:
        if alone and (gone := sign_ins.prune(ledger.utc_now())):
            logger.info("%d sign-ins of long ago were deleted", gone)


SCHEDULE: dict[str, Any] = {
    "hot": {"task": "jobs.poll_hot", "schedule": settings.POLL_HOT_SECONDS},
    "full": {"task": "jobs.poll_full", "schedule": settings.POLL_FULL_SECONDS},
    "names": {"task": "jobs.poll_names", "schedule": 300.0},
    "chase": {"task": "jobs.chase", "schedule": 1.0},
    "history": {"task": "jobs.record_history", "schedule": settings.POLL_HOT_SECONDS},
    "hours": {"task": "jobs.count_hours", "schedule": 60.0},
    "prune": {"task": "jobs.prune_history", "schedule": 6 * 3600.0},
    "sign-ins": {"task": "jobs.prune_sign_ins", "schedule": 6 * 3600.0},
    "actions": {"task": "jobs.sweep_actions", "schedule": 10.0},
    "batches": {"task": "jobs.send_batches", "schedule": 1.0},
    "policies": {"task": "jobs.run_policies", "schedule": 60.0},
    "policy-runs": {"task": "jobs.prune_policy_runs", "schedule": 6 * 3600.0},
}
app.conf.beat_schedule = SCHEDULE
