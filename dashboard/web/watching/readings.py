"""The value of every metric at this moment. A part that does not answer costs its own metrics and nothing else."""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.db import DatabaseError

from dashboard import jobs
from dashboard.control import meters
from dashboard.fleet.entities import Kind
from dashboard.fleet.query.fields import ENVIRONMENT_PHASES
from dashboard.fleet.query.indexes import by_phase
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import StoreError, Sweep

logger = logging.getLogger(__name__)
Reading = tuple[str, tuple[str, ...], float]
"""The name of a metric, the values of its labels, the value."""
OTHER = "other"
"""For words of the API that this version does not know: what it sends must not decide how many series there are."""
SWEEPS = ("hot", "full", "names")


def readings(moment: Moment, now: float) -> Iterator[Reading]:
    """Everything but the latencies."""
    yield "info", (_version(),), 1.0
    yield from _copy(moment)
    yield from _part("redis", lambda: [*_sweeps(moment.sweeps), *_redis(now)], StoreError)
    yield from _part("database", lambda: list(_deeds(now)), DatabaseError)


def _part(name: str, read: Callable[[], list[Reading]], trouble: type[Exception]) -> Iterator[Reading]:
    found: list[Reading] = []
    try:
        found = read()
        up = 1.0
    except trouble as error:
        logger.warning("metrics: the %s does not answer (%s)", name, type(error).__name__)
        up = 0.0
    yield "up", (name,), up
    yield from found


def _copy(moment: Moment) -> Iterator[Reading]:
    fleet = moment.fleet
    yield "snapshot_version", (), fleet.version
    yield "snapshot_current", (), float(not moment.trouble)
    for kind in Kind:
        yield "rows", (kind.value,), len(fleet.of(kind))
    known, counted = ENVIRONMENT_PHASES, by_phase(fleet, Kind.ENVIRONMENT)
    for phase in known[:-1]:  # not `archived`: those are left out
        yield "environments", (phase,), counted.get(phase, 0)
    yield "environments", (OTHER,), sum(count for phase, count in counted.items() if phase not in known)


def _sweeps(sweeps: Mapping[str, Sweep]) -> Iterator[Reading]:
    for name in SWEEPS:
        if name in settings.POLL_INTERVALS:
            yield "sweep_interval_seconds", (name,), settings.POLL_INTERVALS[name]
        if good := sweeps.get(f"{name}:ok"):
            yield "sweep_success_timestamp_seconds", (name,), good.started + good.seconds
        if last := sweeps.get(f"{name}:last"):
            yield "sweep_seconds", (name,), last.seconds
            yield "sweep_requests", (name,), last.requests
            yield "sweep_changed_rows", (name,), last.changed
            yield "sweep_skipped_items", (name,), last.skipped
            yield "sweep_pages_read_twice", (name,), last.twice
            yield "sweep_failed", (name,), float(bool(last.error))
    last = sweeps.get("hot:last")
    if last is not None and last.ahead is not None:
        yield "clock_ahead_seconds", (), last.ahead


def _redis(now: float) -> Iterator[Reading]:
    spent = jobs.meters.spending()
    full = settings.ONA_REQUESTS_PER_SECOND
    yield "api_requests_per_second", (), full if spent.rate is None else min(spent.rate, full)
    yield "api_requests_per_second_set", (), full
    yield "api_wait_seconds", (), spent.wait
    yield "api_requests", (), spent.sent
    yield "api_rate_limited", (), spent.refused
    for kind, count in sorted(spent.failed.items()):
        yield "api_errors", (kind,), count
    for name, queue in jobs.meters.queues().items():
        yield "queue_jobs", (name,), queue.depth
        if not queue.depth or queue.oldest is not None:
            yield "queue_oldest_seconds", (name,), max(0.0, now - (queue.oldest or now))
    state = jobs.parts.store().watch_state()
    yield "events_listening", (), float(state is not None and state.state == "listening")


def _deeds(now: float) -> Iterator[Reading]:
    deeds = meters.deeds(datetime.fromtimestamp(now, UTC))
    by_state = {
        "actions_open": deeds.open,
        "actions_oldest_seconds": deeds.oldest,
        "actions_ended": deeds.ended,
        "policy_stops": deeds.policy_stops,
        "policies": deeds.policies,
    }
    for name, values in by_state.items():
        for state, value in values.items():
            yield name, (state,), value
    for share, seconds in deeds.confirmed_within.items():
        yield "action_confirm_seconds", (f"{share:g}",), seconds


def _version() -> str:
    try:
        return version("ona-dashboard")
    except PackageNotFoundError:
        return "source"
