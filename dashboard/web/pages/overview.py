"""Overview: what needs a person, the fleet by phase now and over time, what failed, what happened last."""

import time
from dataclasses import dataclass
from itertools import accumulate
from typing import cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET

from dashboard.control import wishes
from dashboard.control.idle import Limits, last_activity
from dashboard.control.idleness import exemptions
from dashboard.control.idleness.review import Review, longest_first, review
from dashboard.control.models import Action
from dashboard.control.record import cost
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query import PHASE_ORDER
from dashboard.fleet.query.indexes import by_phase, rows_in_phase
from dashboard.fleet.snapshot import Fleet
from dashboard.web.attention import needs_block
from dashboard.web.details import actions_state
from dashboard.web.hours import hours_block
from dashboard.web.http import current_freshness, moment, page, signed_in
from dashboard.web.kept import Kept
from dashboard.web.live import Block, Live, Shared, is_poll
from dashboard.web.pages import environments, executions, services
from dashboard.web.pages.idle import asked_for
from dashboard.web.quiet import quiet
from dashboard.web.rows import ListPage, row_blocks
from dashboard.web.slower import slower_block
from dashboard.web.stars import starred_block
from dashboard.web.templatetags.words import counted, within
from dashboard.web.trends import busiest_block, phases_block, runs_block, runs_of

SHOWN = 6
SHOWN_ON_PHONES = 3
"""Of what failed: there the style sheet leaves the rest out."""
_MOVE = {"starting", "running", "stopping", "stopped", "failed"}
LASTING = {
    Kind.ENVIRONMENT: _MOVE | {"creating", "updating", "deleting", "deleted"},
    Kind.SERVICE: _MOVE | {"not_started"},
    Kind.EXECUTION: {"pending", "running", "stopped", "succeeded", "failed"},
}
"""Phases that keep their place among the numbers while nothing is in them: one that comes or goes moves no other. They
stand in the order of PHASE_ORDER.
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of a kind are in a phase; `start` and `share` place it on the bar, in percent."""

    phase: str
    count: int
    start: float
    share: float
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One kind of thing: how many there are, and by phase."""

    title: str
    noun: str
    url: str
    total: int
    tallies: tuple[Tally, ...]


@require_GET
@quiet
def index(request: HttpRequest) -> HttpResponse:
    fleet = moment(request).fleet
    troubles = _troubles(request, fleet)
    first, *rest = _common(request, fleet)
    live = Live([first, starred_block(signed_in(request), fleet), *rest[:3], *troubles, *rest[3:]])
    context = {
        "title": gettext("Overview"),
        "trouble_names": [block.id for block in troubles],
        "blocks": {block.id: block.html(request) for block in live.blocks},
    }
    return page(request, "overview/index.html", context, live)


_made: Kept[tuple[float, list[Shared]]] = Kept(20)
SHARED_SECONDS = 1.0
"""For which polls are told of the same: after a change all open pages ask at once."""


def _common(request: HttpRequest, fleet: Fleet) -> list[Shared]:
    """The blocks that are the same for everybody, in order."""
    fresh, stamp, now = current_freshness(request), wishes.stamp(), time.monotonic()
    key = (get_language(), fleet.epoch, fleet.version, stamp, fresh)
    known = _made.get(key) if is_poll(request) and stamp is not None else None
    if known is None or now - known[0] >= SHARED_SECONDS:
        known = (now, [Shared(block) for block in _blocks(request, fleet)])
        _made.put(key, known)
    return known[1]


def _blocks(request: HttpRequest, fleet: Fleet) -> list[Block]:
    judged, runs, hours = _judged(request), runs_of(fleet, time.time()), cost.state()
    return [
        needs_block(request, fleet, judged, runs),
        _panels(fleet),
        phases_block(),
        runs_block(runs),
        slower_block(fleet, time.time()),
        _idle(judged),
        hours_block(fleet, hours),
        busiest_block(fleet, hours),
        _activity(),
    ]


def _panels(fleet: Fleet) -> Block:
    panels = (
        _panel(fleet, gettext("Environments"), counted("environment,environments"), environments.LIST),
        _panel(fleet, gettext("Services"), counted("service,services"), services.LIST),
        _panel(fleet, gettext("Task executions"), counted("execution,executions"), executions.LIST),
    )
    return Block("panels", panels, "overview/panels.html", {"panels": panels, "tasks": len(fleet.tasks)})


def _panel(fleet: Fleet, title: str, noun: str, listing: ListPage) -> Panel:
    found, name = by_phase(fleet, listing.kind), f"{listing.folder}-list"
    total, url = sum(found.values()), reverse(name)
    counts = dict.fromkeys(LASTING[listing.kind], 0) | found if total else {}
    ordered = sorted(counts.items(), key=lambda item: (PHASE_ORDER.get(item[0], len(PHASE_ORDER)), item[0]))
    starts = accumulate((count for _, count in ordered), initial=0)
    tallies = (
        Tally(phase, count, 100 * start / total, 100 * count / total, f"{url}?{urlencode({'phase': phase})}")
        for (phase, count), start in zip(ordered, starts, strict=False)
    )
    return Panel(title, noun, url, total, tuple(tallies))


def _troubles(request: HttpRequest, fleet: Fleet) -> list[Block]:
    """What failed, newest first: environments, services, executions."""
    failed = (
        ("failed-environments", environments.LIST),
        ("failed-services", services.LIST),
        ("failed-executions", executions.LIST),
    )
    return [
        _trouble(request, name, listing, rows_in_phase(fleet, listing.kind, "failed"), fleet)
        for name, listing in failed
    ]


def _trouble(request: HttpRequest, name: str, listing: ListPage, rows: list[Listed], fleet: Fleet) -> Block:
    newest = sorted(rows, key=lambda row: (_latest(row), row.id), reverse=True)[:SHOWN]
    blocks = row_blocks(listing, newest, fleet, signed_in(request))
    state = (len(rows), *(block.digest for block in blocks))
    context = {
        "name": name,
        "listing": listing,
        "caption": gettext("Failed {listing}").format(listing=within(gettext(listing.title))),
        "blocks": [block.html(request) for block in blocks],
        "count": len(rows),
        "more": reverse(f"{listing.folder}-list") + "?phase=failed" if len(rows) > SHOWN_ON_PHONES else "",
        "shown": SHOWN,
    }
    return Block(name, state, "overview/trouble.html", context)


def _latest(row: Listed) -> float:
    return cast("float", getattr(row, "started", None) or row.created or 0.0)


def _judged(request: HttpRequest) -> Review:
    at = timezone.localtime()
    return review(
        moment(request), Limits(asked_for({}).seconds), at, exemptions.holds(moment(request).fleet, at)
    )


def _idle(judged: Review) -> Block:
    """What could be stopped: how many, the longest of them, and how many hold unsaved work."""
    idle = sorted(judged.idle, key=longest_first)
    longest = idle[0].row if idle else None
    since = None if longest is None else (last_activity(longest)[0] or 0.0) + judged.lag
    context = {
        "count": len(idle),
        "limit": asked_for({}).limit,
        "longest": longest,
        "since": since,
        "unsaved": sum(bool(one.row.unpushed or one.row.changed) for one in idle),
        "doubt": judged.doubt,
    }
    state = (len(idle), longest and longest.id, since, context["unsaved"], judged.doubt)
    return Block("idle", state, "overview/idle.html", context)


def _activity() -> Block:
    actions = list(Action.objects.for_activity()[:SHOWN])
    return Block("actions", actions_state(actions), "overview/activity.html", {"actions": actions})
