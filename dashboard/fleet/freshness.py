"""How old the data in view are, and why, in words that fit on every page."""

from dataclasses import dataclass

from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep

SWEEPS = ("hot", "full")


@dataclass(frozen=True, slots=True)
class Freshness:
    """`state` is fresh, stale, failed or empty; `at` the epoch seconds of the newest good sweep; `reason`
    says what is wrong.
    """

    state: str
    at: float | None
    reason: str = ""


def freshness(moment: Moment, now: float, interval: float) -> Freshness:
    """Fresh until twice the interval (seconds between hot polls) plus what a sweep takes; failed when the
    last sweep failed.
    """
    good = [sweep for name in SWEEPS if (sweep := moment.sweeps.get(f"{name}:ok"))]
    last = max(
        (sweep for name in SWEEPS if (sweep := moment.sweeps.get(f"{name}:last"))), key=_end, default=None
    )
    newest = max(good, key=_end, default=None)
    at = None if newest is None else _end(newest)
    if moment.trouble:
        return Freshness("failed", at, moment.trouble)
    if newest is None or at is None:
        return _never(last)
    if last is not None and last.error:
        return Freshness("failed", at, last.error)
    if now - at > 2 * interval + newest.seconds:
        return Freshness("stale", at, "No poll has finished since; is the worker running?")
    return Freshness("fresh", at)


def _never(last: Sweep | None) -> Freshness:
    if last is not None and last.error:
        return Freshness("failed", None, last.error)
    return Freshness("empty", None, "Waiting for the first poll of the Ona API.")


def _end(sweep: Sweep) -> float:
    return sweep.started + sweep.seconds
