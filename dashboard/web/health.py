"""Is it us or Ona? The first thing on the system's page: one sentence, and the four things that it follows from."""

import time
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard import jobs
from dashboard.control.models import Delivered, Delivery
from dashboard.fleet.claims import Claims
from dashboard.fleet.freshness import Freshness
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.spans import spoken_length
from dashboard.fleet.store import StoreError, Sweep
from dashboard.web.http import current_freshness, moment
from dashboard.web.live import Block

PATIENCE = 60.0
"""Seconds for which a job may wait where somebody works: those of a sweep lapse before."""
READ_SECONDS = 5.0
DAY = timedelta(days=1)
WELL = "ready"


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the state whose badge it has, what is said of it, and since when or at which time (epoch seconds)."""

    title: str
    look: str
    words: str
    at: float | None = None
    more: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the queues say: seconds for which the oldest job has waited, whether anybody hands jobs over, and whether
    Redis could be asked.
    """

    oldest: float = 0.0
    handed_over: bool = True
    answered: bool = True


_known: tuple[float, Waiting] = (float("-inf"), Waiting())


def waiting() -> Waiting:
    """Asked at most once in a few seconds."""
    global _known  # noqa: PLW0603  one value, replaced as a whole
    if time.monotonic() - _known[0] >= READ_SECONDS:
        _known = (time.monotonic(), _asked(time.time()))
    return _known[1]


def forget() -> None:
    global _known  # noqa: PLW0603  one value, replaced as a whole
    _known = (float("-inf"), Waiting())


def _asked(now: float) -> Waiting:
    try:
        since = [queue.oldest for queue in jobs.meters.queues().values() if queue.depth and queue.oldest]
        return Waiting(max(0.0, now - min(since, default=now)), Claims(jobs.parts.store()).is_taken("full"))
    except StoreError:
        return Waiting(answered=False)


def health_block(request: HttpRequest) -> Block:
    known, fresh = moment(request), current_freshness(request)
    api, data = _api(known, fresh), _data(fresh)
    work = _work(waiting(), begun=data.look != "pending")
    parts = (api, data, work, _messages())
    context = {"verdict": _verdict(*(part.look for part in parts)), "parts": parts}
    state = tuple((part.look, part.words, part.more) for part in parts)
    return Block("health", state, "system/health.html", context)


def _verdict(api: str, data: str, work: str, messages: str) -> str:
    if work == "failed":
        return _("The dashboard is in trouble: what it shows grows old, and actions wait.")
    if api == "failed":
        return _("Ona is in trouble. The dashboard works, and shows what was last known.")
    if "pending" in (api, data):
        return _("The dashboard has begun, and waits for the first answers of Ona.")
    if data != WELL:
        return _("The dashboard works, but what it shows is older than it should be.")
    if messages != WELL:
        return _("Ona and the dashboard work, but some messages do not arrive.")
    return _("Ona answers, and the dashboard works.")


def _api(known: Moment, fresh: Freshness) -> Part:
    title = _("The API of Ona")
    if known.trouble:
        return Part(title, "unknown", _("Not known while Redis does not answer."))
    last = [sweep for name in ("hot", "full") if (sweep := known.sweeps.get(f"{name}:last"))]
    if not last:
        return Part(title, "pending", _("It was not asked yet."))
    newest = max(last, key=_end)
    if newest.error:
        return Part(title, "failed", newest.error, _end(newest), newest.meaning)
    if fresh.state == "stale":
        return Part(title, "unknown", _("It was not asked since."), _end(newest))
    return Part(title, WELL, _("It answers."), _end(newest))


def _end(sweep: Sweep) -> float:
    return sweep.started + sweep.seconds


def _data(fresh: Freshness) -> Part:
    title = _("What pages show")
    if fresh.state == "empty":
        return Part(title, "pending", fresh.reason)
    if fresh.state == "fresh":
        return Part(title, WELL, _("It is as new as it should be."), fresh.at)
    return Part(title, "stale", _("Last updated") if fresh.at else _("Never updated"), fresh.at)


def _work(found: Waiting, *, begun: bool) -> Part:
    title = _("Jobs")
    if not found.answered:
        return Part(title, "failed", _("Redis does not answer."))
    if found.oldest > PATIENCE:
        words = _("The oldest has waited for %(time)s. Is a worker running?")
        return Part(title, "failed", words % {"time": spoken_length(found.oldest)})
    if begun and not found.handed_over:
        return Part(title, "failed", _("Nobody hands any over. Is beat running?"))
    return Part(title, WELL, _("They are worked off."))


def _messages() -> Part:
    """Those of the last day that are tried again, or were given up."""
    troubled = Q(state=Delivered.FAILED) | Q(state=Delivered.GAVE_UP)
    count = Delivery.objects.filter(troubled, created__gt=timezone.now() - DAY).count()
    if not count:
        return Part(_("Messages"), WELL, _("None of the last day is in trouble."))
    words = ngettext(
        "%(count)d of the last day has not arrived: see below.",
        "%(count)d of the last day have not arrived: see below.",
        count,
    )
    return Part(_("Messages"), "stale", words % {"count": count})
