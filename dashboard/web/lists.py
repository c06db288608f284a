"""What the four lists share: the query from the address, rows as blocks, filters, sort links, pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from dashboard.control.models import Action, User
from dashboard.fleet import query as queries
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query import DEFAULT_SORT, Query, Result
from dashboard.fleet.snapshot import Fleet
from dashboard.web.http import moment, page, signed_in
from dashboard.web.live import Block, Live
from dashboard.web.offers import offers, wish_state, wishes

SMALL = 20
"""Rows that a table inside a detail page shows at most."""

RowFacts = Callable[[Fleet, Any], dict[str, Any]]
Link = Callable[[Query], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; `sort` is the field it sorts by ("" = it does not), `first` the direction of the
    first click.
    """

    label: str
    sort: str = ""
    first: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list. `facts` gives what a row's template needs beyond the row: plain values, because the row's HTML
    depends on them.
    """

    kind: Kind
    title: str
    noun: str
    columns: tuple[Column, ...]
    facts: RowFacts
    folder: str
    phases: bool = True


@dataclass(frozen=True, slots=True)
class Heading:
    label: str
    css: str
    url: str
    direction: str


def show(
    request: HttpRequest,
    listing: ListPage,
    rows: list[Listed] | None = None,
    extra: Mapping[str, Any] | None = None,
    kept: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The list page, its list alone for htmx, or what changed in it for a poll. Every link carries `kept`."""
    fleet, user = moment(request).fleet, signed_in(request)
    own = list(cast("Iterable[Listed]", fleet.of(listing.kind).values())) if rows is None else rows
    result = queries.run(fleet, listing.kind, queries.parse(listing.kind, request.GET.dict()), own)
    blocks = row_blocks(listing, result.rows, fleet, user)

    def link(query: Query) -> str:
        return url_for(request.path, query, listing.kind, kept)

    context = {
        "listing": listing,
        "result": result,
        "query": result.query,
        "headings": _headings(link, listing, result.query),
        "choices": _choices(link, result),
        "projects": _projects(fleet, own, result.query.project),
        "sort": "" if result.query.sort == DEFAULT_SORT[listing.kind] else result.query.sort,
        "span": _span(result),
        "links": _page_links(link, result),
        "all_url": link(replace(result.query, phase="", page=1)),
        "all_count": sum(result.phases.values()),
        "clear_url": request.path,
        "show_all_url": link(Query()),
        "filtered": bool(result.query.text or result.query.phase or result.query.project),
        **(extra or {}),
    }
    summary = Block("summary", _summary_state(result), "lists/summary.html", context)
    body = Block(
        "rows", (), "lists/rows.html", {**context, "blocks": [block.html(request) for block in blocks]}
    )
    pager = Block("pager", (result.query, result.total), "lists/pager.html", context)
    live = Live([summary, pager], blocks, body)
    context |= {"summary": summary.html(request), "rows": body.html(request), "pager": pager.html(request)}
    return page(request, f"{listing.folder}/list.html", context, live, fragment="lists/list.html")


def row_blocks(listing: ListPage, rows: list[Listed], fleet: Fleet, user: User) -> list[Block]:
    """One block a row, in order."""
    asked = wishes(listing.kind, [row.id for row in rows])
    return [_row_block(listing, row, fleet, user, asked.get(row.id)) for row in rows]


def _row_block(listing: ListPage, row: Listed, fleet: Fleet, user: User, wish: Action | None) -> Block:
    offered = offers(user, row, fleet)
    facts = listing.facts(fleet, row)
    state = (fleet.version_of(listing.kind, row.id), tuple(facts.values()), offered, wish_state(wish))
    context = {"row": row, "offers": offered, "wish": wish, "listing": listing, **facts}
    return Block(f"{listing.kind.value}-{row.id}", state, f"{listing.folder}/row.html", context, bare=True)


def _summary_state(result: Result) -> tuple[Any, ...]:
    return (
        result.query,
        result.total,
        result.pages,
        result.everything,
        tuple(sorted(result.phases.items())),
    )


def url_for(path: str, query: Query, kind: Kind, kept: Mapping[str, str] | None = None) -> str:
    """The address of a query, with what else it keeps: what has its default is left out."""
    sort = "" if query.sort == DEFAULT_SORT[kind] else query.sort
    pairs = {"q": query.text, "phase": query.phase, "project": query.project, "sort": sort}
    given = {**(kept or {}), **{name: value for name, value in pairs.items() if value}}
    if query.page > 1:
        given["page"] = str(query.page)
    return path + (f"?{urlencode(given)}" if given else "")


def _headings(link: Link, listing: ListPage, query: Query) -> list[Heading]:
    return [_heading(link, query, column) for column in listing.columns]


def _heading(link: Link, query: Query, column: Column) -> Heading:
    if not column.sort:
        return Heading(column.label, column.css, "", "")
    current = query.sort.removeprefix("-") == column.sort
    descending = query.sort.startswith("-")
    flipped = column.sort if descending else f"-{column.sort}"
    wanted = flipped if current else column.first + column.sort
    direction = ("descending" if descending else "ascending") if current else ""
    return Heading(column.label, column.css, link(replace(query, sort=wanted, page=1)), direction)


@dataclass(frozen=True, slots=True)
class Choice:
    """A phase that the list can be narrowed to; `url` is the list with it chosen."""

    value: str
    count: int
    url: str


def _choices(link: Link, result: Result) -> list[Choice]:
    """The phases that are there, and the one that is chosen even when nothing is in it."""
    phases = {**({result.query.phase: 0} if result.query.phase else {}), **result.phases}
    order = queries.PHASE_ORDER
    return [
        Choice(phase, number, link(replace(result.query, phase=phase, page=1)))
        for phase, number in sorted(
            phases.items(), key=lambda item: (order.get(item[0], len(order)), item[0])
        )
        if phase
    ]


def _projects(fleet: Fleet, rows: list[Listed], chosen: str) -> list[tuple[str, str]]:
    """(id, name) of the projects of all rows, whatever else is chosen: a filter leaves the select as it is."""
    places = (fleet.environments.get(row.environment_id) for row in rows)
    known = {chosen, *(place.project_id for place in places if place is not None)} - {""}
    named = ((key, fleet.project(key)) for key in known)
    return sorted(named, key=lambda project: (project[1].casefold(), project[0]))


def _span(result: Result) -> tuple[int, int]:
    """The numbers of the first and the last row on this page."""
    first = (result.query.page - 1) * queries.PAGE_SIZE + 1
    return (first, first + len(result.rows) - 1) if result.rows else (0, 0)


def _page_links(link: Link, result: Result) -> dict[str, str]:
    query = result.query
    links = {}
    if query.page > 1:
        links["previous"] = link(replace(query, page=query.page - 1))
    if query.page < result.pages:
        links["next"] = link(replace(query, page=query.page + 1))
    return links


def small_table(
    request: HttpRequest, name: str, listing: ListPage, rows: list[Listed], fleet: Fleet
) -> Block:
    """The first rows of another list inside a detail page; it changes as a whole."""
    blocks = row_blocks(listing, rows[:SMALL], fleet, signed_in(request))
    state = (len(rows), *(block.digest for block in blocks))
    context = {
        "name": name,
        "listing": listing,
        "blocks": [block.html(request) for block in blocks],
        "count": len(blocks),
        "total": len(rows),
    }
    return Block(name, state, "parts/small_table.html", context)
