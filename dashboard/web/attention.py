"""What needs a person now, on top of the overview: one line each, with the list that explains it."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _

from dashboard.control.idleness.review import Review
from dashboard.control.models import Action, RecordedEnvironment, State
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query.indexes import rows_in_phase
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import Sweep
from dashboard.web.http import current_freshness, moment
from dashboard.web.live import Block
from dashboard.web.offers import address
from dashboard.web.spent import spending
from dashboard.web.templatetags.words import counted
from dashboard.web.trends import Runs

PATIENCE = {"stopping": 300.0, "deleting": 300.0, "starting": 900.0, "creating": 900.0, "updating": 900.0}
"""Seconds after which a phase that should pass does not look like passing."""
SLOWED = 0.6
"""Of the set rate: a single 429 halves it, and it recovers within a minute."""
LONG_WAIT = 5.0
NAMED = 3
MOST_ASKED = 500
DOUBTFUL = (State.FAILED, State.UNKNOWN, State.UNCONFIRMED)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Named:
    """An environment worth its name: since when (epoch seconds) it has been like that."""

    name: str
    url: str
    since: float


@dataclass(frozen=True, slots=True)
class Need:
    """One line: the phase or state whose colour and shape it has, how many, of what, and where they are listed."""

    look: str
    count: int
    noun: str
    url: str
    named: tuple[Named, ...] = ()
    words: str = ""


def needs_block(request: HttpRequest, fleet: Fleet, judged: Review, runs: Runs) -> Block:
    needs = tuple(_needs(request, fleet, judged, runs))
    return Block("needs", needs, "overview/needs.html", {"needs": needs})


def _needs(request: HttpRequest, fleet: Fleet, judged: Review, runs: Runs) -> Iterator[Need]:
    fresh = current_freshness(request)
    if fresh.state in {"failed", "stale"}:
        yield Need(fresh.state, 0, "", reverse("system"), words=fresh.reason)
    yield from _polls(moment(request).sweeps)
    for kind, noun in (
        (Kind.ENVIRONMENT, counted("environment has failed,environments have failed")),
        (Kind.SERVICE, counted("service has failed,services have failed")),
    ):
        if failed := len(rows_in_phase(fleet, kind, "failed")):
            yield Need("failed", failed, noun, _list(kind, "phase:failed"))
    if runs.failed:
        noun = counted("execution failed in the last day,executions failed in the last day")
        yield Need("failed", runs.failed, noun, _list(Kind.EXECUTION, "phase:failed age:<1d"))
    yield from _stuck(fleet, time.time())
    yield from _actions()
    if idle := len(judged.idle):
        noun = counted("environment runs for nobody,environments run for nobody")
        yield Need("idle", idle, noun, reverse("idle"))


def _polls(sweeps: Mapping[str, Sweep]) -> Iterator[Need]:
    """The budget of requests, and what polls could not read: both make the fleet look otherwise than it is."""
    full, spent = settings.ONA_REQUESTS_PER_SECOND, spending()
    if spent.rate is not None and spent.rate <= SLOWED * full:
        words = _("Ona asked for fewer requests: now %(rate)s a second instead of %(full)s")
        rate = {"rate": floatformat(spent.rate, "-1"), "full": floatformat(full, "-1")}
        yield Need("stale", 0, "", reverse("system"), words=words % rate)
    elif spent.wait >= LONG_WAIT:
        words = _("The budget of requests is used up: what is asked for waits for seconds")
        yield Need("stale", 0, "", reverse("system"), words=words)
    if (names := sweeps.get("names:last")) and names.error:
        words = _("Names of people, projects and runners could not be read")
        yield Need("stale", 0, "", reverse("system"), words=words)
    if odd := max(
        (one.skipped for name in ("hot", "full") if (one := sweeps.get(f"{name}:last"))), default=0
    ):
        noun = "item of the API could not be read,items of the API could not be read"
        yield Need("stale", odd, noun, reverse("system"))


def _stuck(fleet: Fleet, now: float) -> Iterator[Need]:
    """Environments that have been on their way for too long, as far as the record knows."""
    moving = {row.id: row for phase in PATIENCE for row in rows_in_phase(fleet, Kind.ENVIRONMENT, phase)}
    if not moving:
        return
    known = RecordedEnvironment.objects.filter(
        id__in=list(moving)[:MOST_ASKED], gone=None, phase_since__lt=now - min(PATIENCE.values())
    )
    since = sorted(known.values_list("phase_since", "phase", "id"))
    for phase, patience in PATIENCE.items():
        found = [
            _named(cast("Environment", moving[key]), at)
            for at, recorded, key in since
            if recorded == phase == moving[key].phase and at < now - patience
        ]
        if found:
            url = _list(Kind.ENVIRONMENT, f"phase:{phase}")
            words = ngettext(
                "{count} environment has been {phase} for more than {minutes} min",
                "{count} environments have been {phase} for more than {minutes} min",
                len(found),
            ).format(count=len(found), phase=gettext(phase), minutes=round(patience / 60))
            yield Need(phase, len(found), "", url, tuple(found[:NAMED]), words)


def _named(row: Environment, since: float) -> Named:
    return Named(row.name, address(Kind.ENVIRONMENT, row.id), since)


def _actions() -> Iterator[Need]:
    """What was asked for from here in the last day and did not come about, or nobody knows."""
    nouns = {
        State.FAILED: counted("action from here failed,actions from here failed"),
        State.UNKNOWN: counted("action may or may not have arrived,actions may or may not have arrived"),
        State.UNCONFIRMED: counted("action was accepted and never seen,actions were accepted and never seen"),
    }
    asked = Action.objects.filter(created__gte=timezone.now() - DAY, state__in=DOUBTFUL, retried=False)
    counts = dict(asked.order_by().values_list("state").annotate(found=Count("id")))
    for state, noun in nouns.items():
        if count := counts.get(state.value, 0):
            yield Need(state.value, count, noun, f"{reverse('activity')}?{urlencode({'state': state.value})}")


def _list(kind: Kind, query: str) -> str:
    return f"{reverse(f'{kind.value}s-list')}?{urlencode({'q': query})}"
