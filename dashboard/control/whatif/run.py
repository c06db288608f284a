"""A policy replayed over the record, environment by environment, so that a large fleet does not fill the memory."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.control.models import Exemption, IdlePolicy, RecordedEnvironment, Recording
from dashboard.control.policies.opening import Opening
from dashboard.control.policies.opening import read as read_spans
from dashboard.control.record import cost, rollup
from dashboard.control.record.cost import NOTHING, Prices
from dashboard.control.whatif.judge import OPEN, Peer, Rule, Shut, Stop, read
from dashboard.control.whatif.scope import Scope, exempted, scope
from dashboard.control.whatif.sums import LIMITS, About, Sum, Sums
from dashboard.fleet.hours import Interval, day_of, the_day
from dashboard.fleet.snapshot import Fleet

DAYS = (7, 14, 30)
DAY = 86_400.0
MINUTE = timedelta(minutes=1)
EVERY = 100
"""After so many environments the progress is told."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a policy as it would be, over so many days. `policy` is the id of the saved one, "" for none."""

    days: int
    idle: float
    scope: str = ""
    lead: float = 0.0
    roles: tuple[str, ...] = ()
    during: str = ""
    never: str = ""
    zone: str = "UTC"
    most_a_run: int = 0
    most_an_hour: int = 0
    policy: str = ""
    limits: tuple[float, ...] = field(default=LIMITS)

    @classmethod
    def of(cls, policy: IdlePolicy, days: int) -> "Question":
        """About a policy as it is filled in, saved or not."""
        return cls(
            days,
            policy.idle,
            policy.scope,
            policy.lead,
            tuple(sorted(policy.roles)),
            policy.during,
            policy.never,
            policy.zone,
            policy.most_a_run,
            policy.most_an_hour,
            "" if policy._state.adding else str(policy.pk),
        )

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Question":
        return cls(**{**written, "roles": tuple(written["roles"]), "limits": tuple(written["limits"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def opening(self) -> Opening:
        return Opening(read_spans(self.during), read_spans(self.never), ZoneInfo(self.zone))


class Impossible(Exception):
    """It cannot be answered; the message says why."""


def answer(question: Question, fleet: Fleet, zone: ZoneInfo, told: Told) -> dict[str, Any]:
    """What came out, as JSON. `told(done, total)` hears of the progress, and what it raises ends the replay. Raises
    Impossible.
    """
    recording = Recording.objects.first()
    if recording is None:
        raise Impossible("Nothing is recorded yet.")
    last = recording.until
    first = max(last - question.days * DAY, recording.since)
    about = scope(fleet, question.scope, question.roles, last)
    if about.problem:
        raise Impossible(f"The scope cannot be read: {about.problem}")
    rows = {row.id: row for row in rollup.there_between(first, last).iterator(2_000) if about.holds(row)}
    known, edges = cost.prices(), _edges(first, last, zone)
    sums = Sums(question.limits, question.idle, edges.moments, last)
    rules = _Rules(question, fleet, rows, first, last)
    reach = max((*question.limits, question.idle, *rules.reach)) + question.lead
    told(0, len(rows))
    for done, history in enumerate(rollup.replay(first, last, before=reach, among=rows), 1):
        life = history.within(first, last)
        if life is not None:
            started = history.environment.started is not None
            past = read(history.spans, life, history.gaps, known_from=first - reach, started=started)
            one = history.environment
            sums.add(About(one.id, one.name, one.class_id), past, rules.of(one.id))
        if done % EVERY == 0:
            told(done, len(rows))
    told(len(rows), len(rows))
    many = sums.too_many(question.most_a_run, question.most_an_hour) if question.most_a_run else None
    return {
        "first": first,
        "last": last,
        "since": recording.since,
        "environments": sums.environments,
        "running": sums.running,
        "limits": [_limit(one, known, edges, zone) for one in sums.of_limit],
        "too_many": None if many is None else asdict(many),
        "left_out": list(about.left_out),
        "vague": about.vague,
    }


# What holds for each environment


class _Rules:
    """The rule of each environment: the window is everybody's, exemptions and other policies are its own."""

    def __init__(
        self,
        question: Question,
        fleet: Fleet,
        rows: Mapping[str, RecordedEnvironment],
        first: float,
        last: float,
    ) -> None:
        self._lead = question.lead
        self._window = Shut(spans_of(question.opening, first, last, bool))
        self._exempt = _exemptions(fleet, rows, first, last)
        self._peers = list(_peers(question, fleet, first, last))
        self._rows = rows
        self.reach = [peer.limit for _, peer in self._peers]

    def of(self, identifier: str) -> Rule:
        held = self._exempt.get(identifier)
        peers = [peer for about, peer in self._peers if about.holds(self._rows[identifier])]
        return Rule(self._lead, self._window, Shut(held) if held else OPEN, peers)


def spans_of(
    opening: Opening, first: float, last: float, wanted: Callable[[str], bool]
) -> Iterator[Interval]:
    """The times between `first` and `last` in which `wanted(opening.closed(…))`; it changes on whole minutes."""
    if opening.always:
        return iter([(first, last)] if wanted("") else [])
    minutes = range(int(first // 60), int(last // 60) + 1)
    states = (
        (minute, wanted(opening.closed(datetime.fromtimestamp(minute * 60, UTC)))) for minute in minutes
    )
    found: list[Interval] = []
    for shut, group in groupby(states, key=lambda state: state[1]):
        if shut:
            together = [minute for minute, _ in group]
            found.append((max(first, together[0] * 60.0), min(last, (together[-1] + 1) * 60.0)))
    return iter(found)


def _exemptions(
    fleet: Fleet, rows: Mapping[str, RecordedEnvironment], first: float, last: float
) -> dict[str, list[Interval]]:
    """Environment id → when an exemption held it."""
    found: dict[str, list[Interval]] = defaultdict(list)
    at = [datetime.fromtimestamp(moment, UTC) for moment in (first, last)]
    for one in Exemption.objects.filter(created__lt=at[1], until__gt=at[0]):
        end = one.until if one.ended is None else min(one.until, one.ended)
        held = [one.environment_id] if one.environment_id else exempted(fleet, rows, one.query, last)
        for key in held:
            found[key].append((one.created.timestamp(), end.timestamp()))
    return found


def _peers(question: Question, fleet: Fleet, first: float, last: float) -> Iterator[tuple[Scope, Peer]]:
    """The policies that are armed now, as if they had been all the time."""
    for policy in IdlePolicy.objects.that_stop():
        if str(policy.pk) == question.policy:
            continue
        about, opening = scope(fleet, policy.scope, policy.roles, last), policy.opening
        open_ = Shut(spans_of(opening, first, last, lambda closed: not closed))
        never = Shut(spans_of(opening, first, last, lambda closed: closed == "never"))
        yield about, Peer(policy.idle, open_, never)


# What it comes to


@dataclass(frozen=True, slots=True)
class Edges:
    """The moments at which a day begins on which prices change, and a day of each part between them."""

    moments: Sequence[float]
    days: Sequence[Any]


def _edges(first: float, last: float, zone: ZoneInfo) -> Edges:
    begin, end = day_of(first, zone).date, day_of(last, zone).date
    parts = list(cost.prices().periods(begin, end))
    return Edges([the_day(start, zone).start for start, _ in parts[1:]], [start for start, _ in parts])


def _limit(one: Sum, known: Prices, edges: Edges, zone: ZoneInfo) -> dict[str, Any]:
    money, unpriced = _money(one, known, edges)
    return {
        "limit": one.limit,
        "stops": one.stops,
        "environments": one.environments,
        "saved": round(one.saved, 1),
        "back": one.back,
        "work": one.work,
        "money": money,
        "unpriced": round(unpriced, 1),
        "listed": [_row(about, stop, known, zone) for about, stop in one.listed()],
        "regrets": [_row(about, stop, known, zone) for about, stop in one.regrets()],
    }


def _money(one: Sum, known: Prices, edges: Edges) -> tuple[str | None, float]:
    """What the saved hours cost, None when nothing of them has a price; and the seconds without one."""
    amount, unpriced, priced = NOTHING, 0.0, False
    for (class_id, part), seconds in one.seconds.items():
        price = known.on(class_id, edges.days[part])
        if price is None:
            unpriced += seconds
        else:
            amount += price * Decimal(str(round(seconds, 1))) / 3600
            priced = True
    return (f"{amount:.4f}" if priced else None), unpriced


def _row(about: About, stop: Stop, known: Prices, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": about.id,
        "name": about.name,
        "at": round(stop.at, 1),
        "until": round(stop.until, 1),
        "end": stop.end.value,
        "saved": round(stop.seconds, 1),
        "regret": "" if stop.regret is None else stop.regret.value,
        "word": stop.word,
        "after": round(stop.after, 1),
        "money": _cost(about, stop, known, zone),
    }


def _cost(about: About, stop: Stop, known: Prices, zone: ZoneInfo) -> str | None:
    amounts = [cost.of_time(known, about.class_id, start, end, zone) for start, end in stop.saved]
    found = [amount for amount in amounts if amount is not None]
    return f"{sum(found, NOTHING):.4f}" if found and len(found) == len(amounts) else None
