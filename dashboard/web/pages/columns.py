"""Choosing the columns of a list, their order, and how close its rows lie."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.control.people.preferences import remember_look
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import parse
from dashboard.web.addresses import list_address
from dashboard.web.columns import COMPACT, Column, Look, look, named
from dashboard.web.http import is_fragment, signed_in, varied
from dashboard.web.pages import environments, executions, services, tasks
from dashboard.web.pages.filters import kind_of_section
from dashboard.web.rows import ListPage
from dashboard.web.templatetags.words import within

LISTS: dict[Kind, ListPage] = {one.LIST.kind: one.LIST for one in (environments, services, tasks, executions)}
STEPS = {"up": -1, "down": 1}


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest, section: str) -> HttpResponse:
    """The question; each move of a column asks it again, and nothing is remembered before the answer."""
    listing, user = LISTS[kind_of_section(section)], signed_in(request)
    seen = look(listing.columns, section, request.GET.dict(), user)
    if request.method != "POST":
        return _question(request, listing, seen.names, frozenset(seen.names), seen)
    deed, compact = request.POST.get("deed", ""), request.POST.get("density") == COMPACT
    order, shown = tuple(request.POST.getlist("order")), frozenset(request.POST.getlist("show"))
    way, _colon, name = deed.partition(":")
    if way in STEPS:
        moved = _moved(listing, order, name, STEPS[way])
        return _question(request, listing, moved, shown, replace(seen, compact=compact))
    chosen = named(listing.columns, tuple(one for one in order if one in shown))
    names = None if deed == "usual" else tuple(one.name for one in chosen[1:-1])
    remember_look(user, section, names, compact=compact)
    return _back(request, listing, names, compact=compact)


def _moved(listing: ListPage, names: tuple[str, ...], name: str, step: int) -> tuple[str, ...]:
    order = [column.name for column in _all(listing, names)]
    if name in order:
        place = order.index(name)
        order.insert(max(0, min(len(order) - 1, place + step)), order.pop(place))
    return tuple(order)


def _all(listing: ListPage, names: tuple[str, ...]) -> tuple[Column, ...]:
    """Those first, then the others."""
    rest = tuple(column.name for column in listing.columns)
    return named(listing.columns, (*names, *rest))[1:-1]


def _question(
    request: HttpRequest, listing: ListPage, names: tuple[str, ...], shown: frozenset[str], seen: Look
) -> HttpResponse:
    context = {
        "order": [(column, column.name in shown) for column in _all(listing, names)],
        "look": seen,
        "title": within(_(listing.title)),
        "back": list_address(listing.kind, parse(listing.kind, request.GET.dict())),
    }
    template = "columns/dialog.html" if is_fragment(request) else "columns/page.html"
    return varied(render(request, template, context | {"page_title": _("Columns")}))


def _back(
    request: HttpRequest, listing: ListPage, names: tuple[str, ...] | None, *, compact: bool
) -> HttpResponse:
    """To the list as it was filtered; its address says what it shows, so that it can be sent to somebody."""
    given = {} if names is None else {"columns": ",".join(names) or "none"}
    seen = look(listing.columns, listing.folder, given | ({"density": COMPACT} if compact else {}), None)
    url = list_address(listing.kind, parse(listing.kind, request.GET.dict()), seen.address)
    if not is_fragment(request):
        return redirect(url)
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["HX-Redirect"] = url
    return answer
