"""While the database does not answer: pages of the fleet show less, from the copy in memory; all else says so.

Whoever was let in to a page of the fleet here a little while ago sees it: the process remembers that, because the
database, which could tell, is what is missing. Nobody is let in anew, and nothing can be
asked for.
"""

import threading
import time
from dataclasses import dataclass, replace
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from dashboard.control.models import User
from dashboard.control.people.identity import role_of
from dashboard.fleet import query as queries
from dashboard.fleet.entities import Environment, Kind, Listed, kind_of
from dashboard.fleet.query import Context, Query
from dashboard.fleet.query.reading import phase_of
from dashboard.fleet.snapshot import Fleet
from dashboard.web.addresses import list_address
from dashboard.web.api.door import ROOT as API
from dashboard.web.http import GetResponse, found_or_404, moment, told, varied
from dashboard.web.live import is_poll
from dashboard.web.offers import address
from dashboard.web.quiet import seen_lately
from dashboard.web.sso.proxy import NotBelieved, identity_of

AWAY = (OperationalError, InterfaceError)
"""What a database raises that does not answer, or cannot write."""
REMEMBERED_SECONDS = 600.0
LEFT_ALONE_SECONDS = 2.0
"""For which a database that a page has not reached is not asked again: with each request waiting for it, none would be
answered.
"""
ASKED_ALONE_SECONDS = 20.0
"""At most, for which one request alone finds out whether it is back."""
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines: whoever asks is nobody here, whatever cookies came along."""
RETRY_SECONDS = 5
REASON = _(
    "The database does not answer, so nothing can be asked for, and pages show only what was read of the fleet."
)
_TITLES = {
    Kind.ENVIRONMENT: _("Environments"),
    Kind.SERVICE: _("Services"),
    Kind.TASK: _("Tasks"),
    Kind.EXECUTION: _("Task executions"),
}
_LISTS = {f"{kind.value}s": kind for kind in _TITLES}
SHOWN = 50
"""Rows of a table inside the page of an environment, at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row in plain values; `home` is the environment of what is inside one."""

    id: str
    name: str
    url: str
    phase: str
    project: str
    creator: str
    home: str
    home_name: str
    created: float | None
    failure: str


@dataclass(frozen=True, slots=True)
class Table:
    """`total` rows match; `earlier` and `later` lead to the pages beside this one."""

    title: str
    lines: list[Line]
    total: int
    earlier: str = ""
    later: str = ""


def _person(request: HttpRequest) -> User | None:
    """Who asks, as far as that is known without the database."""
    proxy = settings.SSO_PROXY
    if proxy is None:
        return seen_lately(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), REMEMBERED_SECONDS)
    try:
        identity = identity_of(request.META, proxy)
    except NotBelieved:
        return None
    if role_of(identity.groups, settings.SSO_GROUPS) is None:
        return None
    return seen_lately(identity.username, REMEMBERED_SECONDS)


def spared(get_response: GetResponse) -> GetResponse:
    """Middleware, before all that asks the database: while it is away one request after the other tries it, and the
    others are answered without it at once. Probes are never led to it by a session.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            request.COOKIES = {}
            return get_response(request)
        if not _away.may_ask():
            return answer(request)
        response = get_response(request)
        if not hasattr(request, "outage"):
            _away.is_back()
        return response

    return middleware


class _Away:
    """Since when the database has not answered, and who may ask it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: float | None = None

    @property
    def is_known(self) -> bool:
        return self._until is not None

    def may_ask(self) -> bool:
        if self._until is None:
            return True
        with self._lock:
            if self._until is not None and time.monotonic() < self._until:
                return False
            if self._until is not None:
                self._until = time.monotonic() + ASKED_ALONE_SECONDS
        return True

    def did_not_answer(self) -> None:
        with self._lock:
            self._until = time.monotonic() + LEFT_ALONE_SECONDS

    def is_back(self) -> None:
        if self._until is not None:
            with self._lock:
                self._until = None


_away = _Away()


def failed(request: HttpRequest) -> HttpResponse:
    """The answer after the database did not give one. A form may have met a lock, which pages do not mind."""
    if request.method == "GET" or _away.is_known:
        _away.did_not_answer()
    return answer(request)


def answer(request: HttpRequest) -> HttpResponse:
    """The page as far as it can be told, else a page that says why it cannot; what the API says its door adds."""
    request.outage = str(REASON)  # type: ignore[attr-defined]
    if request.path_info.startswith(API):
        return HttpResponse(status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    request.session = {}  # type: ignore[assignment]  # what asks for it, asks the database
    asked_for = request.method not in {"GET", "HEAD"}
    person = None if asked_for else _person(request)
    if person is not None:
        request.user = person
        if page := _page(request):
            return page
    request.user = AnonymousUser()
    response = render(request, "503.html", {"asked_for": asked_for}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return varied(response)


def _page(request: HttpRequest) -> HttpResponse | None:
    """None when it is no page of the fleet, or one of something that is not known."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    request.resolver_match = match
    section, _dash, part = (match.url_name or "").partition("-")
    if match.url_name != "overview" and (section not in _LISTS or part not in {"list", "detail"}):
        return None
    if is_poll(request):
        return told(request, HttpResponse(status=204))
    try:
        context = _context(request, section, part, match.kwargs.get("identifier", ""))
    except Http404:
        return None
    return varied(render(request, "outage/page.html", context))


def _context(request: HttpRequest, section: str, part: str, identifier: str) -> dict[str, Any]:
    fleet = moment(request).fleet
    if not part:
        return {
            "title": _("Overview"),
            "tables": [_list(fleet, kind, queries.parse(kind, {"phase": "failed"})) for kind in _TITLES],
        }
    kind = _LISTS[section]
    if part == "list":
        asked = queries.parse(kind, request.GET.dict())
        return {
            "title": _TITLES[kind],
            "tables": [_list(fleet, kind, asked)],
            "asked": asked.text,
            "is_list": True,
        }
    row = found_or_404(request, kind, identifier)
    inside = [one for one in _TITLES if isinstance(row, Environment) and one is not Kind.ENVIRONMENT]
    tables = [_table(fleet, one, cast("list[Listed]", fleet.inside(one, row.id))) for one in inside]
    return {"title": row.name, "row": _line(fleet, row), "tables": tables}


def _list(fleet: Fleet, kind: Kind, asked: Query) -> Table:
    """A page of the list; what a filter asks of the database (exempt, mine, starred) matches nothing."""
    found = queries.run(fleet, kind, asked, Context(time.time()))
    page, pages = found.query.page, found.pages
    beside = [list_address(kind, replace(found.query, page=one)) for one in (page - 1, page + 1)]
    return Table(
        str(_TITLES[kind]),
        [_line(fleet, row) for row in found.rows],
        found.total,
        beside[0] if page > 1 else "",
        beside[1] if page < pages else "",
    )


def _table(fleet: Fleet, kind: Kind, rows: list[Listed]) -> Table:
    return Table(str(_TITLES[kind]), [_line(fleet, row) for row in rows[:SHOWN]], len(rows))


def _line(fleet: Fleet, row: Listed) -> Line:
    environment = row if isinstance(row, Environment) else fleet.environments.get(row.environment_id)
    creator = fleet.person(row.creator_id, row.creator_kind) if isinstance(row, Environment) else ""
    project = fleet.project(environment.project_id) if environment and environment.project_id else ""
    home = "" if environment is None or environment is row else environment.id
    failure = next(iter(row.failures), "") if isinstance(row, Environment) else getattr(row, "failure", "")
    return Line(
        row.id,
        row.name,
        address(kind_of(row), row.id),
        phase_of(row),
        project,
        creator,
        home,
        environment.name if home and environment else "",
        row.created,
        failure,
    )
