"""What happened to an environment, as spans of time: pure, from rows as the sweeps showed them.

A phase lasts from one change to the next, signals that follow each other closely are one span, an execution lasts
from its creation to its completion. Ona's own times are used where it gives them, else the moment of the request
that showed the change. What could have happened while nobody looked is left open, never invented: there
the spans of an environment leave a hole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dashboard.fleet.entities import Environment, Execution

JOIN = 600.0
"""Signals come every 300 s, rounded down: further apart than this (seconds), one is missing between them."""
UP = ("creating", "starting", "running", "updating")
"""Phases after a start; the API says when an environment was started, and of no other change."""
MOST_RUNS = 200
LONGEST_WORD = 200


class What(StrEnum):
    """What a span tells of; the value is used in the database."""

    PHASE = "phase"
    SIGNAL = "signal"
    START = "start"
    RUN = "run"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end` (epoch seconds). `word` is the phase, the signal's source or the execution's name,
    `subject` the execution's id.
    """

    what: What
    word: str
    start: float
    end: float
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A task execution that has not ended."""

    name: str
    start: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything that happened up to `until` is known (epoch seconds); after `patience` seconds without a look, what
    happened meanwhile is not.
    """

    until: float
    patience: float

    def was_blind(self, seen: float) -> bool:
        return seen - self.until > self.patience


@dataclass(frozen=True, slots=True)
class Known:
    """An environment as it was seen last, and what goes on in it. Times are epoch seconds."""

    phase: str
    phase_since: float
    started: float | None = None
    source: str = ""
    signal_first: float | None = None
    signal_last: float | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)

    def going_on(self, until: float) -> list[Span]:
        """The spans that have not ended, up to `until`."""
        spans = [Span(What.PHASE, self.phase, self.phase_since, until)] if until > self.phase_since else []
        spans += _signals(self)
        return spans + [
            Span(What.RUN, run.name, run.start, max(run.start, until), key) for key, run in self.runs.items()
        ]


Told = tuple[Known, list[Span]]


def first_seen(row: Environment, seen: float, watch: Watch | None) -> Told:
    """An environment that was not known before; `watch` is None when nothing was.

    One that was made since the last look has been in its phase since then; of another only the present is known.
    """
    since = seen
    if watch is not None and row.created is not None and watch.until - watch.patience < row.created < seen:
        since = row.created
    known = Known(row.phase, since)
    known, spans = _with_start(known, row, seen)
    return _with_signal(known, row, seen, spans)


def seen_again(known: Known, row: Environment, seen: float, watch: Watch) -> Told:
    """The same environment at a later moment, with the spans that have ended meanwhile."""
    spans: list[Span] = []
    if row.phase != known.phase or _restarted_unseen(known, row, seen, watch):
        begun = _began(known, row, seen)
        ended = max(known.phase_since, min(watch.until, begun)) if watch.was_blind(seen) else begun
        spans += _lasting(Span(What.PHASE, known.phase, known.phase_since, ended))
        known = replace(known, phase=row.phase, phase_since=begun)
    known, started = _with_start(known, row, seen)
    return _with_signal(known, row, seen, spans + started)


def run_seen(known: Known, row: Execution, seen: float) -> Told:
    """An execution of the environment, alive or ended. One that ended tells its span once more each time."""
    before = known.runs.get(row.id)
    start = row.created or row.started or (before.start if before else None)
    start = min(seen if start is None else start, seen)
    runs = {key: run for key, run in known.runs.items() if key != row.id}
    name = row.name[:LONGEST_WORD]
    if row.live:
        return (
            known if len(runs) >= MOST_RUNS else replace(known, runs={**runs, row.id: Run(name, start)})
        ), []
    if before is None and row.completed is None:
        return known, []  # it ended before anybody looked, and nobody says when
    end = max(start, min(seen if row.completed is None else row.completed, seen))
    return replace(known, runs=runs), [Span(What.RUN, name, start, end, row.id)]


def run_gone(known: Known, identifier: str, seen: float) -> Told:
    """An execution that was removed while it ran."""
    run = known.runs.get(identifier)
    if run is None:
        return known, []
    rest = {key: other for key, other in known.runs.items() if key != identifier}
    return replace(known, runs=rest), [Span(What.RUN, run.name, run.start, max(run.start, seen), identifier)]


def gone(known: Known, seen: float, watch: Watch) -> list[Span]:
    """All that went on in an environment that is no longer there."""
    return known.going_on(watch.until if watch.was_blind(seen) else seen)


def _restarted_unseen(known: Known, row: Environment, seen: float, watch: Watch) -> bool:
    """It is in the phase in which it was, and was started in between, while nobody looked."""
    started = row.started if row.started is not None else 0.0
    return watch.was_blind(seen) and started > max(watch.until, known.started or 0.0)


def _began(known: Known, row: Environment, seen: float) -> float:
    if row.phase in UP and row.started is not None and known.phase_since < row.started <= seen:
        return row.started
    return max(seen, known.phase_since)


def _with_start(known: Known, row: Environment, seen: float) -> Told:
    if row.started is None or row.started == known.started:
        return known, []
    at = min(row.started, seen)
    return replace(known, started=row.started), [Span(What.START, "", at, at)]


def _with_signal(known: Known, row: Environment, seen: float, spans: list[Span]) -> Told:
    if row.signal_at is None:
        return known, spans
    at, last, source = min(row.signal_at, seen), known.signal_last, row.signal_source[:LONGEST_WORD]
    if last is not None and (at < last or (at == last and source == known.source)):
        return known, spans
    if last is not None and source == known.source and at - last <= JOIN:
        return replace(known, signal_last=at), spans
    return replace(known, source=source, signal_first=at, signal_last=at), spans + _signals(known)


def _signals(known: Known) -> list[Span]:
    if known.signal_first is None or known.signal_last is None:
        return []
    return [Span(What.SIGNAL, known.source, known.signal_first, known.signal_last)]


def _lasting(span: Span) -> list[Span]:
    return [span] if span.end > span.start else []
