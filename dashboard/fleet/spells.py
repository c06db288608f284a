"""A service's past: spells from leaving rest until it stopped, failed or was gone; pure, from rows as polls showed
them.

Ona tells when nothing of it happened, so each moment is that of the request that showed it. A failure that starts
again is two spells. Whatever happened while nobody looked is left open: such a spell has not been seen to end, or not
to begin, and its length says nothing. What begins and ends between two looks is not there, but for a failure where the
spell before did not fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from statistics import median

from dashboard.fleet.entities import Service
from dashboard.fleet.history import Watch
from dashboard.fleet.runs import ENOUGH, FLAKY

UP = ("starting", "running", "stopping")
DOWN = ("", "stopped", "failed", "deleted")
"""A phase that is in neither, of a newer version, changes nothing: nobody can tell what it means."""


class Outcome(StrEnum):
    """How a spell ended; the value is used in the database."""

    FAILED = "failed"
    STOPPED = "stopped"
    RESTARTED = "restarted"
    """It was up and then starting, and was not seen down in between."""
    GONE = "gone"
    """It was removed, alone or with its environment."""
    UNSEEN = "unseen"
    """While nobody looked: it ended then or later, in whatever way."""


@dataclass(frozen=True, slots=True)
class Spell:
    """From `start` to `end` (None: it goes on), `up` when it was first seen running (None: never); epoch seconds.

    `outcome` is "" while it goes on. `cut`: when it began was not seen, it was under way at `start`.
    """

    start: float
    up: float | None = None
    end: float | None = None
    outcome: str = ""
    cut: bool = False

    @property
    def failed(self) -> bool:
        return self.outcome == Outcome.FAILED

    @property
    def length(self) -> float | None:
        """Seconds; None where one of its ends was not seen."""
        if self.end is None or self.cut or self.outcome == Outcome.UNSEEN:
            return None
        return self.end - self.start


def followed(last: Spell | None, row: Service | None, seen: float, watch: Watch | None) -> list[Spell]:
    """What a look at a service changes: its `last` spell as it is now, spells that are new, or nothing.

    `row` is None when it is gone, `watch` when nobody has looked before. The phase says whether a spell goes on, also
    beside a failure's message: that tells of one to come, or is left from one before. What is down with such a message
    has failed, as it has on every page.
    """
    blind = watch is None or watch.was_blind(seen)
    lasting = last if last is not None and last.end is None else None
    if lasting is not None:
        seen = max(seen, lasting.start if lasting.up is None else lasting.up)
    phase = row.phase if row is not None else "deleted"
    if phase in UP:
        begun = Spell(seen, seen if phase == "running" else None, cut=blind)
        if lasting is None:
            return [begun]
        if lasting.up is not None and phase == "starting":
            return [_ended(lasting, seen, Outcome.RESTARTED, watch), begun]
        return [replace(lasting, up=seen)] if lasting.up is None and phase == "running" else []
    if phase not in DOWN:
        return []
    failed = phase != "deleted" and row is not None and row.failed
    told = []
    if lasting is not None:
        outcome = Outcome.GONE if phase == "deleted" else Outcome.FAILED if failed else Outcome.STOPPED
        last = _ended(lasting, seen, outcome, watch)
        told = [last]
    if failed and (last is None or not last.failed):
        told.append(Spell(seen, None, seen, Outcome.FAILED, cut=blind))
    return told


def _ended(spell: Spell, seen: float, outcome: Outcome, watch: Watch | None) -> Spell:
    if watch is None or watch.was_blind(seen):
        known = spell.start if spell.up is None else spell.up
        return replace(
            spell, end=max(known, min(watch.until, seen) if watch else seen), outcome=Outcome.UNSEEN
        )
    return replace(spell, end=seen, outcome=outcome)


@dataclass(frozen=True, slots=True)
class Past:
    """How a service has done: of `ended` spells so many `failed` (none of them unseen), how long one usually lasts and
    how long it usually takes to come up (seconds; None of too few), and how often it failed and the next time came up
    and did not fail.
    """

    ended: int = 0
    failed: int = 0
    lasts: float | None = None
    comes_up: float | None = None
    turns: int = 0

    @property
    def flaky(self) -> bool:
        return self.turns >= FLAKY


def past_of(spells: Sequence[Spell]) -> Past:
    """Of one service's spells, newest first."""
    ended = [one for one in spells if one.end is not None and one.outcome != Outcome.UNSEEN]
    lasted = [length for one in ended if (length := one.length) is not None]
    took = [one.up - one.start for one in spells if one.up is not None and not one.cut]
    return Past(
        ended=len(ended),
        failed=sum(one.failed for one in ended),
        lasts=median(lasted) if len(lasted) >= ENOUGH else None,
        comes_up=median(took) if len(took) >= ENOUGH else None,
        turns=sum(older.failed and _went_well(newer) for newer, older in pairwise(spells)),
    )


def _went_well(spell: Spell) -> bool:
    return spell.up is not None and spell.outcome not in {Outcome.FAILED, Outcome.UNSEEN}
