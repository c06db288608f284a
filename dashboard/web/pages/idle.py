"""Idle environments: what is idle, since when, why we think so, and what would be lost."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.control import ledger, wishes
from dashboard.control.idle import Decision, Limits
from dashboard.control.idleness import exemptions
from dashboard.control.idleness.review import Judged, Review, longest_first, review
from dashboard.control.models import Action, User
from dashboard.control.notify import warned
from dashboard.control.permissions import bulk_refusal, can, refusal
from dashboard.control.verbs import Verb
from dashboard.fleet import query as queries
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query import editing
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.query.values import Wrong, seconds
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import spoken_length as length
from dashboard.web.creators import made_by
from dashboard.web.exports import FORMATS
from dashboard.web.filtering import marked, projects
from dashboard.web.http import is_fragment, moment, page, signed_in
from dashboard.web.idle_lists import (
    DEAREST_FIRST,
    LONGEST_FIRST,
    as_file,
    batches_block,
    creators,
    directions,
    in_order,
    order_of,
)
from dashboard.web.idle_money import IdleMoney, idle_money
from dashboard.web.idle_rows import row_facts
from dashboard.web.lists import SHOWN_PROBLEMS, context_of, is_typing, only_problems
from dashboard.web.live import Block, Live, RowBlock, is_poll
from dashboard.web.offers import offers, wish_state
from dashboard.web.pages.batches import LeftOut, ask
from dashboard.web.pages.policies import policies_block

PAGE_SIZE = 50
DEFAULT_LIMIT = "2h"
LIMITS = ("30m", "1h", "2h", "4h", "8h", "1d", "3d", "7d")
SHORTEST = 600
"""Seconds: signals come only every five minutes, so less says nothing."""
LONGEST = 366 * 86_400
LABELS = {
    "idle": _("Idle"),
    "awake": _("Awake for days"),
    "never": _("No timeout of their own"),
    "exempt": _("Exempted"),
    "kept": _("Not idle"),
    "all": _("All running"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `limit` is as it is written, such as 2h; `problem` says what was wrong with it."""

    text: str
    limit: str
    seconds: float
    view: str
    page: int
    problem: str = ""
    order: str = LONGEST_FIRST

    def beside(self) -> dict[str, str]:
        """What an address says beside filter, order and page; what has its default is left out."""
        pairs = {
            "idle": "" if self.limit == DEFAULT_LIMIT else self.limit,
            "show": "" if self.view == "idle" else self.view,
        }
        return {name: value for name, value in pairs.items() if value}

    def url(self, **changes: Any) -> str:
        """The address of this with `changes`: what has its default is left out."""
        there = replace(self, **changes)
        pairs = {
            "q": there.text,
            **there.beside(),
            "sort": "" if there.order == LONGEST_FIRST else there.order,
            "page": str(there.page) if there.page > 1 else "",
        }
        given = {name: value for name, value in pairs.items() if value}
        return reverse("idle") + (f"?{urlencode(given)}" if given else "")


def asked_for(parameters: Any) -> Asked:
    """Everything a person can write ends in the nearest sensible list."""
    limit, problem = parameters.get("idle", "").strip()[:20] or DEFAULT_LIMIT, ""
    try:
        allowed = float(seconds(limit))
    except Wrong:
        problem = gettext(
            "“{limit}” is no length of time; 30m, 2h and 7d are. What is shown is for {default}."
        ).format(limit=limit, default=DEFAULT_LIMIT)
        limit, allowed = DEFAULT_LIMIT, float(seconds(DEFAULT_LIMIT))
    if not SHORTEST <= allowed <= LONGEST:
        problem = gettext(
            "A limit is between 10 minutes, because signals of activity come only every five, and a year."
        )
        limit = "10m" if allowed < SHORTEST else "366d"
        allowed = float(seconds(limit))
    view = parameters.get("show", "")
    digits = parameters.get("page", "1")
    number = int(digits[:9]) if digits.isascii() and digits.isdigit() else 1
    text = editing.folded(parameters.get("q", "").strip(), {"project": parameters.get("project", "")})
    text = text[: LONGEST_TEXT + 1]
    view, order = view if view in LABELS else "idle", order_of(parameters.get("sort", ""))
    return Asked(text, limit, allowed, view, max(1, number), problem, order)


@dataclass(frozen=True)
class Found:
    """The fleet judged, and what of it matches the filter. `counts` are by view."""

    asked: Asked
    review: Review
    selection: queries.Selection
    matching: list[Judged]
    counts: dict[str, int]
    money: IdleMoney


def find(request: HttpRequest, asked: Asked) -> Found:
    """Judge the fleet and filter it."""
    now = moment(request)
    at = timezone.localtime()
    held = exemptions.holds(now.fleet, at)
    judged = review(now, Limits(asked.seconds), at, held)
    selection = queries.select(
        now.fleet,
        Kind.ENVIRONMENT,
        asked.text,
        replace(context_of(signed_in(request), now.fleet, asked.text), exempt=frozenset(held)),
    )
    passing = {one.row.id for one in judged.judged if selection.holds(one.row)}
    views = {view: [one for one in judged.seen_by(view) if one.row.id in passing] for view in LABELS}
    counts, money = {view: len(found) for view, found in views.items()}, idle_money(judged)
    matching = in_order(views[asked.view], asked.order, now.fleet, money)
    return Found(asked, judged, selection, matching, counts, money)


@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The review: what is idle longer than a limit, longest first, to be chosen from; or all of it as a file."""
    found = find(request, asked_for(request.GET))
    asked = found.asked
    if request.GET.get("format") in FORMATS:
        return as_file(
            request.GET["format"], found.matching, found.review, moment(request).fleet, found.money
        )
    problems = [
        marked(asked.text, one, lambda text: asked.url(text=text, page=1))
        for one in found.selection.problems[:SHOWN_PROBLEMS]
    ]
    if problems and is_typing(request):
        return only_problems(request, problems)
    pages = max(1, -(-len(found.matching) // PAGE_SIZE))
    asked = replace(asked, page=min(asked.page, pages))
    shown = found.matching[(asked.page - 1) * PAGE_SIZE : asked.page * PAGE_SIZE]
    may_choose = not bulk_refusal(signed_in(request)) and asked.view == "idle"
    blocks = _rows(request, found, shown, may_choose)
    an_hour = found.money.an_hour(found.matching) if asked.view == "idle" else None
    whose = creators(found.matching, moment(request).fleet, found.money) if asked.view == "idle" else ()
    one_page = asked.url(page=1)
    context: dict[str, Any] = {
        "title": gettext("Idle environments"),
        "asked": asked,
        "review": found.review,
        "limits": sorted({*LIMITS, asked.limit}, key=seconds),
        "views": [
            (view, gettext(label), found.counts[view], asked.url(view=view, page=1))
            for view, label in LABELS.items()
        ],
        "may_choose": may_choose,
        "pages": pages,
        "links": _links(asked, pages),
        "filtered": bool(asked.text),
        "problems": problems,
        "mistaken": bool(problems),
        "limit_words": length(asked.seconds),
        "total": len(found.matching),
        "here": len(shown),
        "an_hour": an_hour,
        "creators": [
            (
                one,
                asked.url(text=f"{asked.text} {made_by(moment(request).fleet, one.id)}".strip(), page=1)
                if one.id
                else "",
            )
            for one in whose
        ],
        "priced": bool(found.money.prices),
        "orders": [
            (gettext("Longest first"), asked.url(order=LONGEST_FIRST, page=1), asked.order == LONGEST_FIRST),
            (gettext("Dearest first"), asked.url(order=DEAREST_FIRST, page=1), asked.order == DEAREST_FIRST),
        ],
        "sorts": {
            field: (asked.url(order=order, page=1), now) for field, order, now in directions(asked.order)
        },
        "default_order": asked.order == LONGEST_FIRST,
        "file_url": f"{one_page}{'&' if '?' in one_page else '?'}format=",
        "projects": projects(moment(request).fleet, asked.text),
        "query": asked,
        "sort": "" if asked.order == LONGEST_FIRST else asked.order,
        "look": {"said": tuple(asked.beside().items())},
    }
    priced, doubt = bool(found.money.prices), (found.review.doubt, round(found.review.lag / 60))
    above = [
        Block("found", (asked, len(found.matching), an_hour), "idle/found.html", context),
        Block("told", (asked, *doubt, priced, whose), "idle/told.html", context),
        Block("summary", (asked, pages, *found.counts.items(), priced), "idle/summary.html", context),
    ]
    chosen = Block(
        "chosen", (may_choose, len(shown), len(found.matching), asked), "idle/chosen.html", context
    )
    body = Block(
        "rows", (), "idle/rows.html", {**context, "blocks": [block.html(request) for block in blocks]}
    )
    live = Live([*above, chosen, policies_block(), batches_block()], blocks, body)
    again = is_fragment(request)
    context |= {one.id: one.html(request, swap=again and one.id == "found") for one in (*live.blocks, body)}
    answer = page(request, "idle/index.html", context, live, fragment="idle/list.html")
    if again and not is_poll(request):
        answer["HX-Push-Url"] = asked.url()
    return answer


def _links(asked: Asked, pages: int) -> dict[str, str]:
    links = {}
    if asked.page > 1:
        links["previous"] = asked.url(page=asked.page - 1)
    if asked.page < pages:
        links["next"] = asked.url(page=asked.page + 1)
    return links


def _rows(request: HttpRequest, found: Found, shown: list[Judged], may_choose: bool) -> list[RowBlock]:
    identifiers = [one.row.id for one in shown]
    under_way, stops = (
        wishes.wishes(Kind.ENVIRONMENT, identifiers),
        warned.next_stops(identifiers, ledger.utc_now()),
    )
    return [
        _row(request, found, one, may_choose, under_way.get(one.row.id), stops.get(one.row.id))
        for one in shown
    ]


def _row(  # noqa: PLR0913, PLR0917 - a row is of all that
    request: HttpRequest,
    found: Found,
    one: Judged,
    may_choose: bool,
    wish: Action | None,
    stops_at: datetime | None,
) -> RowBlock:
    user, fleet = signed_in(request), moment(request).fleet
    offered = offers(user, one.row, fleet)
    may = can(user, Verb.STOP_ENVIRONMENT, one.row, fleet)
    facts = row_facts(fleet, found.review, one) | {
        "so_far": found.money.so_far(one.row),
        "stops_at": stops_at,
    }
    facts |= {"may_choose": may_choose, "choosable": may and one.decision is Decision.STOP}
    seen = (fleet.epoch, fleet.version_of(Kind.ENVIRONMENT, one.row.id), *facts.values())
    context = {"row": one.row, "offers": offered, "wish": wish, **facts}
    state = (*seen, offered, wish_state(wish))
    return RowBlock(f"environment-{one.row.id}", state, "idle/row.html", lambda: context)


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """The question before a batch: of what was chosen, or with `all=1` of all idle ones that match."""
    found = find(request, replace(asked_for(request.POST), view="idle"))
    if request.POST.get("all") == "1":
        chosen = found.matching
    else:
        known = found.review.known
        chosen = [known[key] for key in dict.fromkeys(request.POST.getlist("id")) if key in known]
    rows, left_out = to_stop(chosen, signed_in(request), moment(request).fleet)
    return ask(request, Verb.STOP_ENVIRONMENT, rows, left_out, idle_limit=found.asked.seconds)


def to_stop(chosen: Iterable[Judged], user: User, fleet: Fleet) -> tuple[list[Environment], LeftOut]:
    """Those that are idle and may be stopped, longest idle first; of the others the name and why not."""
    rows, left_out = [], []
    for one in sorted(chosen, key=longest_first):
        why_not = one.why or refusal(user, Verb.STOP_ENVIRONMENT, one.row, fleet)
        if why_not:
            left_out.append((one.row.name, why_not))
        else:
            rows.append(one.row)
    return rows, left_out
