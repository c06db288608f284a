"""How old the data in view are, and why, in words that fit on every page."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.fleet.marking import marked as _
from dashboard.fleet.sentences import Said
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep

OVERDUE = {
    "hot": _("No poll has finished since; does the API answer slowly, or is no worker running?"),
    "full": _("What moves is up to date, but the last poll of everything is overdue."),
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """`state` is fresh, stale, failed or empty; `at` the epoch seconds of the good sweep that it speaks of;
    `reason` says what is wrong, in sentences.
    """

    state: str
    at: float | None
    reason: str = ""


def freshness(moment: Moment, now: float, intervals: Mapping[str, float]) -> Freshness:
    """Each sweep is judged on its own, so that a good one hides no bad one: failed when its last run failed,
    stale when twice its interval (`intervals`: name → seconds) and what it takes have passed since its end.
    """
    if moment.trouble:
        return Freshness("failed", _newest(moment), sentence(moment.trouble))
    judged = [_judged(moment, name, now, interval) for name, interval in intervals.items()]
    found = [one for one in judged if one is not None]
    if not found:
        return Freshness("empty", None, Said(_("Waiting for the first poll of the Ona API.")))
    for state in ("failed", "stale"):
        for one in found:
            if one.state == state:
                return one
    return Freshness("fresh", _newest(moment))


def _judged(moment: Moment, name: str, now: float, interval: float) -> Freshness | None:
    """One sweep, None when it has not run yet."""
    last, good = moment.sweeps.get(f"{name}:last"), moment.sweeps.get(f"{name}:ok")
    at = None if good is None else _end(good)
    if last is not None and last.error:
        return Freshness("failed", at, sentence(last.error))
    if good is None or at is None:
        return None
    if now - at > 2 * interval + good.seconds:
        return Freshness("stale", at, Said(OVERDUE[name]))
    return Freshness("fresh", at)


def _newest(moment: Moment) -> float | None:
    ends = (_end(sweep) for name in OVERDUE if (sweep := moment.sweeps.get(f"{name}:ok")))
    return max(ends, default=None)


def _end(sweep: Sweep) -> float:
    return sweep.started + sweep.seconds


def sentence(text: str) -> str:
    """`text` as one that others may follow: a capital first, a full stop last."""
    text = text.strip()
    if text and text[-1] not in ".!?":
        text += "."
    return text[:1].upper() + text[1:]
