"""What is put into the store and taken out of it. Free of Redis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.fleet.entities import Kind, Row

Addressed = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """A row as the API showed it to a request sent at `asked` (epoch seconds)."""

    row: Row
    asked: float


Newer = Callable[[Observation, Observation], bool]
"""newer(old, new): whether `new` may replace `old`."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One run of a sweep: epoch seconds, counts, and the reason when it failed. `ahead`: seconds by which the API's
    clock was ahead of ours, None when its answers did not say. `meaning` says what the reason means for a
    person; `notes` what else was odd, a sentence each; `history_at`: when the last sweep began that read all
    executions; `twice` counts the pages that were not in the form that is quick to read.
    """

    name: str
    started: float
    seconds: float = 0.0
    error: str = ""
    requests: int = 0
    changed: int = 0
    skipped: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    ahead: float | None = None
    meaning: str = ""
    notes: list[str] = field(default_factory=list)
    history_at: float = 0.0
    twice: int = 0


@dataclass(slots=True)
class WatchState:
    """How listening to events goes: `state` is listening, waiting or refused, since when (epoch seconds) and why;
    how many events came, how many resources were read for them, and when this was last confirmed.
    """

    state: str
    since: float
    reason: str = ""
    events: int = 0
    read: int = 0
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changed: `row` is None when it is gone; `asked` says when the request that showed it was sent
    (epoch seconds), 0.0 for what is gone.
    """

    version: int
    kind: Kind
    id: str
    row: Row | None
    asked: float = field(default=0.0, compare=False)


Heard = Callable[[str, Sequence[Change]], None]
"""Is told of each version as it is written: the epoch, and the changes of that version."""
