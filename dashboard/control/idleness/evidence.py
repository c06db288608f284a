"""What is known of an environment's use, and whether what we know may be acted on."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dashboard.fleet.entities import Execution
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.spans import length

OLDEST = 120.0
"""Seconds: what was read longer ago says nothing about now. The sweep that counts runs every few seconds."""


def earlier_clock(now: datetime, ahead: float | None) -> datetime:
    """Now by our clock or by the API's, whichever is earlier: a clock that is wrong must not make anything older.

    `ahead` is by how many seconds the API's clock is ahead of ours.
    """
    return now + timedelta(seconds=min(0.0, ahead or 0.0))


def judged_at(moment: Moment, now: datetime) -> datetime:
    """The moment from which idle time is counted."""
    good = moment.sweeps.get("hot:ok")
    return earlier_clock(now, good.ahead if good is not None else None)


def doubt(moment: Moment, now: datetime) -> str:
    """Why the fleet as it is known may not be acted on, "" when it may.

    The hot sweep decides: it reads every environment that runs and every execution that is live.
    """
    good = moment.sweeps.get("hot:ok")
    if good is None:
        return sentence("the fleet has not been read yet")
    age = now.timestamp() - (good.started + good.seconds)
    if age > OLDEST:
        return sentence("what is known of it is {length} old", length=length(age))
    if age < -OLDEST:
        return sentence(
            "what is known of it seems to come from the future, so this machine's clock was changed"
        )
    return unknown_clock(good.ahead)


def unknown_clock(ahead: float | None) -> str:
    return sentence("the API does not say what time it is") if ahead is None else ""


def names_of(executions: Iterable[Execution]) -> tuple[str, ...]:
    return tuple(
        sorted(execution.name or sentence("without a name") for execution in executions if execution.live)
    )
