"""What a day of the fleet was, as JSON of a bounded size.

Hours are those of the roll-up. Who was stopped comes from the ledger, who was sorry from the record: a stop that a
batch sent, after which the environment was started within a quarter of an hour. What is only known of the present
(timeouts, services) is that of the moment at which the report is made.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from dashboard.control.models import Action, RecordedEnvironment, State, Stretch
from dashboard.control.record import cost, rollup
from dashboard.control.record.rollup import CHUNK, EnvironmentHistory
from dashboard.control.verbs import Verb
from dashboard.control.whatif.judge import RUNNING, SOON
from dashboard.fleet.entities import Environment
from dashboard.fleet.history import What
from dashboard.fleet.hours import Day, Interval, total, union, within
from dashboard.fleet.snapshot import Fleet

MOST = 20
"""Rows of each list; beside them stands how many there are."""
PRESENT = 6 * 3_600.0
"""Seconds: so long after the end of a day the present still tells of it."""
LONG = 86_400.0
"""Seconds since the start after which something is running for long."""
AWAKE = 20 / 24
"""Of a day: what ran so much of it, and was used in one way only, was kept awake."""

Figures = dict[str, Any]


def figures(day: Day, fleet: Fleet | None, now: datetime) -> Figures:
    """All of it as JSON, of a bounded size. Times are epoch seconds, money is text. `fleet` is None while that of the
    present is not known.
    """
    return {
        **_hours(day),
        **_stops(day),
        **_past(day, now),
        **(_present(fleet) if fleet is not None and now.timestamp() < day.end + PRESENT else {}),
    }


def _hours(day: Day) -> Figures:
    state = cost.state()
    bill, before = (cost.total(one, one, state) for one in (day.date, day.date - timedelta(days=1)))
    money = {"money": f"{bill.money:.2f}", "idle_money": f"{bill.idle_money:.2f}"} if bill.priced else {}
    return {
        "running": round(bill.hours.running),
        "idle": round(bill.hours.idle),
        "unknown": round(bill.hours.unknown),
        "unpriced": round(bill.unpriced),
        "currency": settings.CURRENCY,
        "before": {"running": round(before.hours.running), "idle": round(before.hours.idle)},
        **money,
    }


def _stops(day: Day) -> Figures:
    """What policies asked to stop and to delete, by policy, and the stops after which somebody was back."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (day.start, day.end))
    in_batches = Action.objects.filter(retried=False, batch__isnull=False)
    asked = in_batches.filter(created__gte=first, created__lt=last)
    stops = asked.filter(verb=Verb.STOP_ENVIRONMENT.value)
    deletes = asked.filter(verb=Verb.DELETE_ENVIRONMENT.value)
    regrets = sorted(_regrets(stops, day), key=lambda one: (one["after"], one["id"]))
    return {
        "policies": _by_policy(stops)[:MOST],
        "stopped": _of_policies(stops),
        "deleting": _by_policy(deletes)[:MOST],
        "deleted": _of_policies(deletes),
        "regrets": regrets[:MOST],
        "regretted": len(regrets),
    }


def _by_policy(actions: QuerySet[Action]) -> list[Figures]:
    """How many each policy asked for, and how many of them were confirmed (`stopped`)."""
    found: dict[str, Counter[str]] = {}
    for name, state in actions.exclude(batch__policy=None).values_list("batch__policy__name", "state"):
        found.setdefault(name, Counter())[state] += 1
    return [
        {"name": name, "asked": sum(states.values()), "stopped": states[State.CONFIRMED]}
        for name, states in sorted(found.items())
    ]


def _of_policies(actions: QuerySet[Action]) -> int:
    return actions.exclude(batch__policy=None).filter(state=State.CONFIRMED).count()


def _regrets(asked: QuerySet[Action], day: Day) -> Iterator[Figures]:
    """Stops that were confirmed, after which the environment was started soon."""
    stops = list(
        asked.filter(state=State.CONFIRMED, requested__isnull=False).values_list(
            "target_id", "target_name", "requested", "batch__policy__name", "batch_id"
        )
    )
    starts = _starts([key for key, *_ in stops], day)
    for key, name, requested, policy, batch in stops:
        at = requested.timestamp() if requested is not None else 0.0
        back = min((start for start in starts.get(key, ()) if at < start <= at + SOON), default=None)
        if back is not None:
            line = {"id": key, "name": name, "at": round(at), "after": round(back - at)}
            yield {**line, "policy": policy or "", "batch": str(batch)}


def _starts(keys: Sequence[str], day: Day) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    starts = Stretch.objects.filter(what=What.START.value, end__gte=day.start)
    for number in range(0, len(keys), CHUNK):
        rows = starts.filter(environment_id__in=keys[number : number + CHUNK])
        for key, start in rows.values_list("environment_id", "start"):
            found.setdefault(key, []).append(start)
    return found


@dataclass(frozen=True, slots=True)
class _Ran:
    """An environment that ran in a day: for how long, and since when it runs at its end (None: it does not)."""

    environment: RecordedEnvironment
    seconds: float
    since: float | None
    sources: frozenset[str]
    worked: bool


def _past(day: Day, now: datetime) -> Figures:
    """How many ran, what runs longest, and what one way of using it alone kept awake."""
    end = min(day.end, now.timestamp())
    seen = (_ran(history, (day.start, end)) for history in rollup.replay(day.start, end))
    ran = [one for one in seen if one is not None]
    longest = sorted(
        (one for one in ran if one.since is not None and end - one.since >= LONG),
        key=lambda one: one.since or 0.0,
    )
    whole = AWAKE * (end - day.start)
    single = [one for one in longest if one.seconds >= whole and len(one.sources) == 1 and not one.worked]
    return {
        "ran": len(ran),
        "longest": [_line(one, end) for one in longest[:MOST]],
        "long": len(longest),
        "awake": [{**_line(one, end), "source": min(one.sources)} for one in single[:MOST]],
        "single": len(single),
    }


def _line(one: _Ran, end: float) -> Figures:
    since = one.since or end
    return {
        "id": one.environment.id,
        "name": one.environment.name,
        "since": round(since),
        "for": round(end - since),
    }


def _ran(history: EnvironmentHistory, time: Interval) -> _Ran | None:
    phases, starts, sources, worked, runs_on = [], [], set(), False, False
    for span in history.spans:
        if span.what is What.PHASE and span.word == RUNNING:
            phases.append((span.start, span.end))
            runs_on = runs_on or span.start < time[1] <= span.end
        elif span.what is What.START and span.start <= time[1]:
            starts.append(span.start)
        elif span.what is What.SIGNAL and span.end > time[0] and span.start < time[1]:
            sources.add(span.word)
        elif span.what is What.RUN and span.end > time[0] and span.start < time[1]:
            worked = True
    seconds = total(within(union(phases), time))
    if not seconds:
        return None
    started = history.environment.started
    if started is not None and started <= time[1]:
        starts.append(started)
    since = max(starts, default=None) if runs_on else None
    return _Ran(history.environment, seconds, since, frozenset(sources), worked)


def _present(fleet: Fleet) -> Figures:
    """What is known of the moment alone."""
    running = [row for row in fleet.environments.values() if row.phase == "running"]
    never = sorted((row for row in running if row.timeout == 0), key=_oldest)
    failing = [
        (service, fleet.environments[service.environment_id])
        for service in fleet.services.values()
        if service.failed and service.environment_id in fleet.environments
    ]
    shown = sorted(failing, key=lambda pair: (pair[1].name, pair[0].name, pair[0].id))[:MOST]
    return {
        "never": [{"id": row.id, "name": row.name, "since": row.started} for row in never[:MOST]],
        "without_timeout": len(never),
        "failing": [
            {
                "id": service.id,
                "name": service.name,
                "environment_id": home.id,
                "environment": home.name,
                "failure": service.failure[:300],
            }
            for service, home in shown
        ],
        "failed_services": len(failing),
    }


def _oldest(row: Environment) -> tuple[float, str]:
    return (row.started or 0.0, row.id)
