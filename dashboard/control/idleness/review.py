"""Every running environment judged by one limit: what may be stopped, and what else is worth a look."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dashboard.control.idle import (
    Decision,
    Evidence,
    Limits,
    Verdict,
    awake_for,
    decide,
    judge,
    last_activity,
    never_stops,
)
from dashboard.control.idleness.evidence import doubt, judged_at
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Fleet, Moment

NO_HOLDS: Mapping[str, str] = {}
KEPT_SECONDS = 2.0
"""For so long everybody who looks at the same fleet with the same limit gets the same review."""
MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class Judged:
    """One running environment and what was decided of it."""

    row: Environment
    decision: Decision
    why: str
    evidence: Evidence


@dataclass(frozen=True)
class Review:
    """The running environments, judged at `now` (the earlier of both clocks). `lag` is by how many seconds that is
    behind our clock, `doubt` why nothing may be concluded at all.
    """

    limits: Limits
    now: datetime
    lag: float
    doubt: str
    judged: tuple[Judged, ...]
    known: Mapping[str, Judged] = field(default_factory=dict)

    def verdict(self, one: Judged) -> Verdict:
        """The decision with its evidence in words."""
        return decide(one.row, self.limits, self.now, one.evidence)

    def seen_by(self, view: str) -> list[Judged]:
        """Those of one view, see VIEWS."""
        belongs, at = VIEWS[view], self.now.timestamp()
        return [one for one in self.judged if belongs(one, at)]

    @property
    def idle(self) -> list[Judged]:
        return self.seen_by("idle")


VIEWS: dict[str, Callable[[Judged, float], bool]] = {
    "idle": lambda one, _: one.decision is Decision.STOP,
    "awake": lambda one, at: one.decision is Decision.KEEP and awake_for(one.row, at) > 0,
    "never": lambda one, _: never_stops(one.row),
    "exempt": lambda one, _: bool(one.evidence.hold),
    "kept": lambda one, _: one.decision is Decision.KEEP,
    "all": lambda _one, _at: True,
}


def review(moment: Moment, limits: Limits, now: datetime, holds: Mapping[str, str] = NO_HOLDS) -> Review:
    """Judge everything that runs. `now` is aware; its zone is that of the times in words. `holds` says by
    environment id which exemption is in force.
    """
    at, doubtful = judged_at(moment, now), doubt(moment, now)
    fleet, lag = moment.fleet, (now - at).total_seconds()
    turn = int(now.timestamp() / KEPT_SECONDS)
    key = (fleet.epoch, fleet.version, limits, turn, now.tzinfo, doubtful, lag, tuple(holds.items()))
    known = _kept.get(key)
    if known is None:
        known = _review(fleet, limits, now, at, Evidence(doubtful), holds)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = known
    return known


def _review(  # noqa: PLR0913, PLR0917 - see review
    fleet: Fleet, limits: Limits, now: datetime, at: datetime, known: Evidence, holds: Mapping[str, str]
) -> Review:
    doubtful, moment = known.doubt, at.timestamp()
    work = live_executions(fleet)
    judged = []
    for row in fleet.environments.values():
        if row.phase != "running" or row.archived is not None:
            continue
        evidence = known  # of most there is nothing else to know
        if row.id in work or row.id in holds:
            evidence = Evidence(doubtful, work.get(row.id, ()), holds.get(row.id, ""))
        judged.append(Judged(row, *judge(row, limits, moment, evidence), evidence))
    lag = (now - at).total_seconds()
    return Review(limits, at, lag, doubtful, tuple(judged), {one.row.id: one for one in judged})


_kept: dict[tuple[object, ...], Review] = {}


def live_executions(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """Environment id → the names of what runs in it, in a steady order."""
    found: dict[str, list[str]] = defaultdict(list)
    for execution in fleet.live():
        found[execution.environment_id].append(execution.name or "without a name")
    return {identifier: tuple(sorted(names)) for identifier, names in found.items()}


def longest_first(one: Judged) -> tuple[float, str]:
    """The key by which the longest idle come first; what has no known activity comes last."""
    since, _ = last_activity(one.row)
    return (float("inf") if since is None else since, one.row.id)
