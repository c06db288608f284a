"""What an idle policy would have stopped, from what is recorded of one environment. Pure.

The record is walked as `idle.judge` would have judged it at each moment: idle since the newest of signal and start,
kept while an execution runs, while nobody looked, while an exemption held, while the policy's window was closed or
another policy kept it. A stop that never happened lasts until the person would have come back (the next signal,
start or execution), or until the environment really stopped: that time is saved, but for the part in which nobody
looked. It is a regret when the person came back soon, or when work was under way that had not been seen yet.

Where the record does not say, it errs towards fewer hours saved: an execution after the stop counts as somebody who
came back and started the environment again.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, pairwise

from dashboard.fleet.history import Span, What
from dashboard.fleet.hours import Interval, total, union, within, without

SOON = 900.0
"""Seconds: who starts it again within them was still at it."""
UNSEEN = 10.0
"""Seconds for which an execution may run before a poll has seen it: two of the frequent ones."""
RUNNING = "running"
GRACE = 3_600.0
"""Seconds for which a warning still counts after its deadline, see `control.notify.warned`."""
MINUTE = 60.0
"""Deadlines are whole minutes."""


class Regret(StrEnum):
    """Why somebody would have been sorry."""

    BACK = "back"
    WORK = "work"


class End(StrEnum):
    """What ended the time that a stop would have saved."""

    BACK = "back"
    STOPPED = "stopped"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that would have been: at `at` (epoch seconds), in effect until `until` because of `end`; `saved` is the
    running time in between. Of a regret, `word` says what came back first or was under way.
    """

    at: float
    until: float
    end: End
    saved: tuple[Interval, ...]
    regret: Regret | None = None
    word: str = ""
    after: float = 0.0
    """Seconds until somebody came back, of a regret."""

    @property
    def seconds(self) -> float:
        return total(self.saved)


class Shut:
    """Times in which nothing is stopped, quick to ask about one moment."""

    __slots__ = ("_ends", "_starts", "intervals")

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.intervals = union(intervals)
        self._starts = [start for start, _ in self.intervals]
        self._ends = [end for _, end in self.intervals]

    def past(self, at: float) -> float:
        """The first moment from `at` on that is not in them."""
        place = bisect_right(self._starts, at) - 1
        return self._ends[place] if place >= 0 and self._ends[place] > at else at

    def following(self, at: float, until: float) -> float | None:
        """The end of the first of them that begins after `at` and until `until`; None when none does."""
        place = bisect_right(self._starts, at)
        return self._ends[place] if place < len(self._starts) and self._starts[place] <= until else None

    def __bool__(self) -> bool:
        return bool(self.intervals)


OPEN = Shut(())


@dataclass(frozen=True, slots=True)
class Peer:
    """Another policy whose word counts: it keeps what has been idle for less than `limit` seconds while it is open, and
    everything while it says *never*.
    """

    limit: float
    open: Shut
    never: Shut

    def past(self, at: float, since: float) -> float:
        at = self.never.past(at)
        allows = since + self.limit
        return min(allows, self.open.past(at)) if at < allows else at


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for an environment besides the limit: `lead` seconds between the warning and the stop, the times in
    which the policy's `window` is closed or the environment is `exempt`, and the other policies.
    """

    lead: float = 0.0
    window: Shut = OPEN
    exempt: Shut = OPEN
    peers: Sequence[Peer] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """A time from `start` to `end` in which it ran and nobody was active, last at `since`. `back` is when somebody was
    again (None: not within the record), and `word` how; before that it may have been stopped.
    """

    since: float
    start: float
    end: float
    back: float | None
    word: str


@dataclass(frozen=True, slots=True)
class Past:
    """One environment's record, ready to be asked about any limit."""

    idles: Sequence[Idle]
    runs: Sequence[tuple[float, float, str]]
    """Executions in order, those that overlap as one: start, end, name of the first."""
    gaps: Shut
    running: float = 0.0
    """Seconds that it was seen running, in all."""
    busy: Shut = OPEN
    """While executions ran and a poll had seen it."""


def read(
    spans: Iterable[Span], life: Interval, gaps: Sequence[Interval], *, known_from: float, started: bool
) -> Past:
    """What matters of the record of one environment within `life`, the time in which it was there and is asked about.

    `spans` reach back to `known_from`, ahead of that time; `started` says whether a start of it is known at all:
    without one it is kept, as `idle.judge` keeps it.
    """
    phases: list[Interval] = []
    active: list[tuple[float, float, str]] = []
    runs: list[tuple[float, float, str]] = []
    for span in spans:
        if span.what is What.PHASE:
            if span.word == RUNNING:
                phases.append((span.start, span.end))
        elif span.what is What.SIGNAL:
            active.append((span.start, span.end, f"signal {span.word}" if span.word else "a signal"))
        elif span.what is What.START:
            active.append((span.start, span.end, "a start"))
            started = True
        elif span.what is What.RUN:
            runs.append((span.start, span.end, span.word))
    ran = within(union(phases), life)
    dark = Shut(gaps)
    running = total(without(ran, dark.intervals))
    if not started or not ran:
        return Past((), (), dark, running)
    joined = _joined(runs)
    busy = Shut((start + UNSEEN, max(start + UNSEEN, end)) for start, end, _ in joined)
    return Past(tuple(_idles(ran, active, known_from)), joined, dark, running, busy)


def _joined(runs: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    found: list[tuple[float, float, str]] = []
    for start, end, name in sorted(runs):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end), found[-1][2])
        else:
            found.append((start, end, name))
    return found


def _idles(ran: list[Interval], active: list[tuple[float, float, str]], known_from: float) -> Iterator[Idle]:
    """The parts of the running time between two signs of activity. Before the first of them it has been idle since
    `known_from` at the latest: later than in truth, so that nothing is stopped too early.
    """
    edges = [(known_from, known_from, ""), *sorted(active), (float("inf"), float("inf"), "")]
    latest, place = known_from, 0
    for (_, end, _), (following, _, word) in pairwise(edges):
        latest = max(latest, end)
        if following <= latest:
            continue
        back = None if following == float("inf") else following
        while place < len(ran) and ran[place][1] <= latest:
            place += 1
        for begun, over in islice(ran, place, None):
            if begun >= following:
                break
            until = min(over, following)
            yield Idle(latest, max(begun, latest), until, back, word)


def stops(past: Past, limit: float, rule: Rule, last: float) -> Iterator[Stop]:
    """The stops after `limit` seconds without activity, oldest first. `last` is where the record ends."""
    for idle in past.idles:
        if idle.end - idle.since > limit:
            yield from _within(idle, past, limit, rule, last)


def _within(idle: Idle, past: Past, limit: float, rule: Rule, last: float) -> Iterator[Stop]:
    while (at := _first(idle, past, limit, rule)) is not None:
        under_way, run = _run_at(past.runs, at)
        if under_way and run is not None:
            yield Stop(at, at, End.BACK, (), Regret.WORK, f"execution {run[2]}")
            idle = replace(idle, since=at, start=at)
            continue
        until = min(idle.end, run[0]) if run is not None else idle.end
        came, word = _came_back(idle, run)
        soon = came is not None and came - at <= SOON
        yield Stop(
            at,
            until,
            End.BACK if came == until else End.RECORD if until >= last else End.STOPPED,
            _outside(at, until, past.gaps),
            Regret.BACK if soon else None,
            word if soon else "",
            came - at if soon and came is not None else 0.0,
        )
        if until >= idle.end:
            return
        idle = replace(idle, since=until, start=until)  # the person who came back has started it again


def _first(idle: Idle, past: Past, limit: float, rule: Rule) -> float | None:
    """The first moment at which it would have been stopped."""
    shut, due = [one for one in (past.busy, past.gaps, rule.window, rule.exempt) if one], idle.since + limit
    if not rule.lead:
        return _allowed(max(due, idle.start), idle, shut, rule.peers)
    at: float | None = max(due - min(rule.lead, limit), idle.start)
    while at is not None and (warned := _allowed(at, idle, shut, ())) is not None:
        deadline = -(-max(due, warned + rule.lead) // MINUTE) * MINUTE
        if deadline >= idle.end:
            return None
        later = max([rule.window.past(deadline), *(peer.past(deadline, idle.since) for peer in rule.peers)])
        if later > deadline:
            at = later - rule.lead  # it is not warned of what could not be stopped then
            continue
        at = rule.exempt.following(warned, deadline)  # an exemption withdraws a warning
        if at is None:  # executions put the stop off, and so does it when nobody looks
            at = _allowed(deadline, idle, (past.busy, past.gaps), ())
            if at is not None and at <= deadline + GRACE and _allowed(at, idle, shut, rule.peers) == at:
                return at
    return None


def _allowed(at: float, idle: Idle, shut: Sequence[Shut], peers: Sequence[Peer]) -> float | None:
    """The first moment from `at` on at which nothing keeps it; None when there is none in its idle time."""
    while at < idle.end:
        before = at
        for one in shut:
            at = one.past(at)
        for peer in peers:
            at = peer.past(at, idle.since)
        if at == before:
            return at
    return None


def _run_at(
    runs: Sequence[tuple[float, float, str]], at: float
) -> tuple[bool, tuple[float, float, str] | None]:
    """Whether an execution is under way, and that one or else the next."""
    place = bisect_right(runs, at, key=lambda run: run[0]) - 1
    if place >= 0 and runs[place][1] > at:
        return True, runs[place]
    return False, runs[place + 1] if place + 1 < len(runs) else None


def _came_back(idle: Idle, run: tuple[float, float, str] | None) -> tuple[float | None, str]:
    """When somebody was there again, and how."""
    if run is not None and (idle.back is None or run[0] < idle.back):
        return run[0], f"execution {run[2]}"
    return idle.back, idle.word


def _outside(start: float, end: float, gaps: Shut) -> tuple[Interval, ...]:
    if not gaps:
        return ((start, end),)
    return tuple(without([(start, end)], gaps.intervals))
