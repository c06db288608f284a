"""What the four lists share: the query from the address, rows as blocks, filters, sort links, pages."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dashboard.control import wishes
from dashboard.control.exemptions import holds
from dashboard.control.made import made_by
from dashboard.control.models import Action, Role, User
from dashboard.control.permissions import START_AND_STOP, bulk_refusal, ona_person
from dashboard.fleet import query as queries
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query import DEFAULT_SORT, Context, Query, Result, editing
from dashboard.fleet.snapshot import Fleet
from dashboard.web.addresses import beside, list_address
from dashboard.web.exports import FORMATS, export
from dashboard.web.filtering import Link, Marked, choices, chosen_phases, leaves_out, marked, projects
from dashboard.web.http import is_fragment, moment, page, signed_in, varied
from dashboard.web.kept import Kept, Piece
from dashboard.web.live import Block, Live, RowBlock, is_poll, joined
from dashboard.web.offers import besides, offers, standing, wish_state
from dashboard.web.stars import starred
from dashboard.web.view_tabs import tabs

SMALL = 20
"""Rows that a table inside a detail page shows at most."""

SHOWN_PROBLEMS = 3

RowFacts = Callable[[Fleet, Any], dict[str, Any]]


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
    left_out: str = ""
    """The field that asks for what the list leaves out, and what that is."""
    left_out_words: str = ""
    picks: str = ""
    """The name of the address to which chosen rows are sent, "" where none are chosen."""


@dataclass(frozen=True, slots=True)
class Heading:
    label: str
    css: str
    url: str
    direction: str


def show(request: HttpRequest, listing: ListPage, extra: Mapping[str, Any] | None = None) -> HttpResponse:
    """The list page, its list alone for htmx, what changed in it for a poll, or all of it as a file."""
    fleet, user = moment(request).fleet, signed_in(request)
    asked = queries.parse(listing.kind, request.GET.dict())
    saved = [] if is_fragment(request) else tabs(user, listing.kind, asked)
    default = next((tab.url for tab in saved if tab.is_default), "")
    if default and not request.GET:
        return redirect(default)
    if request.GET.get("format") in FORMATS:
        at = context_of(user, fleet, asked.text)
        file = export(request.GET["format"], fleet, listing.kind, asked, at)
        return cast("HttpResponse", file)  # streamed, which is all that tells it from a page
    table = _table(listing, fleet, user, asked)
    result, blocks = table.result, table.blocks
    link, may_choose = partial(list_address, listing.kind), _may_choose(listing, user)
    problems = [marked(link, result, problem) for problem in result.selection.problems[:SHOWN_PROBLEMS]]
    if problems and is_typing(request):
        return only_problems(request, problems)
    context = {  # what only kept pieces show is a function: most requests do not need it
        "listing": listing,
        "result": result,
        "query": result.query,
        "headings": lambda: _headings(link, listing, result.query),
        "choices": lambda: choices(link, result),
        "phase_chosen": lambda: chosen_phases(result),
        "problems": [*problems, *(marked(link, result, hint) for hint in result.hints)],
        "mistaken": bool(problems),
        "projects": table.projects,
        "sort": "" if result.query.sort == DEFAULT_SORT[listing.kind] else result.query.sort,
        "span": lambda: _span(result),
        "links": lambda: _page_links(link, result),
        "all_url": lambda: link(
            replace(result.query, text=editing.without(result.query.text, "phase"), page=1)
        ),
        "all_count": sum(result.phases.values()),
        "clear_url": link(Query()),
        "tabs": saved,
        "csv_url": link(replace(result.query, page=1)) + "&format=csv",
        "save_url": beside("views-new", listing.folder) + "?" + link(result.query).partition("?")[2],
        "options_url": beside("filter-offer", listing.folder),
        "help_url": beside("filter-help", listing.folder),
        "filtered": bool(result.query.text),
        "leaves_out": lambda: leaves_out(link, listing.left_out, result),
        "may_choose": may_choose,
        **(extra or {}),
    }
    summary = RowBlock(
        "summary", (listing.folder, *_summary_state(result)), "lists/summary.html", lambda: context
    )
    body = _Body(table, context) if blocks else Block("rows", (), "lists/rows.html", context)
    pager = RowBlock(
        "pager", (listing.folder, result.query, result.total), "lists/pager.html", lambda: context
    )
    chosen = Block(
        "chosen", (may_choose, len(blocks), result.total, asked.text), "lists/chosen.html", context
    )
    live = Live([summary, *([chosen] if listing.picks else []), pager], blocks, body)
    if not is_poll(request):  # a poll gets what changed, and makes no more of the page than that
        context |= {
            "summary": summary.html(request),
            "rows": body.html(request),
            "pager": pager.html(request),
            "chosen": chosen.html(request) if listing.picks else "",
        }
    answer = page(request, f"{listing.folder}/list.html", context, live, fragment="lists/list.html")
    if is_fragment(request) and not is_poll(request):
        answer["HX-Push-Url"] = link(result.query)
    return answer


@dataclass(slots=True)
class _Table:
    """The rows of a list, for everybody who sees the same in it in one language; `made` in monotonic seconds."""

    result: Result
    blocks: list[RowBlock]
    projects: list[tuple[str, bool]]
    body: Piece
    made: float


class _Tables:
    """Those of one fleet: what was made of an older one goes with it."""

    def __init__(self) -> None:
        self._of: tuple[Fleet | None, Kept[_Table]] = (None, Kept(30))

    def of(self, fleet: Fleet) -> Kept[_Table]:
        known, tables = self._of
        if known is not fleet:
            tables = Kept(30)
            self._of = (fleet, tables)
        return tables

    def clear(self) -> None:
        self._of = (None, Kept(30))


_tables = _Tables()
TABLE_SECONDS = 10.0
"""So long a table is kept while neither fleet nor ledger change, because some filters speak of time."""


def _table(listing: ListPage, fleet: Fleet, user: User, asked: Query) -> _Table:
    context, stamp = context_of(user, fleet, asked.text), wishes.stamp()
    own = user.role == Role.OPERATOR or "is:" in asked.text.lower()
    viewer = (
        user.role,
        user.pk if own else None,
        context.person_id if own else "",
        context.exempt,
        context.starred,
    )
    tables, now = _tables.of(fleet), time.monotonic()
    key = (listing.folder, asked, viewer, stamp, get_language())
    table = tables.get(key)
    if table is None or stamp is None or now - table.made > TABLE_SECONDS:
        result = queries.run(fleet, listing.kind, asked, context)
        blocks = row_blocks(listing, result.rows, fleet, user)
        table = _Table(result, blocks, projects(fleet, result.query.text), Piece(""), now)
        tables.put(key, table)
    return table


@dataclass(frozen=True)
class _Body:
    """The body of a table that has rows."""

    table: _Table
    context: Mapping[str, Any]
    id: str = "rows"
    digest: str = ""

    def html(self, request: HttpRequest, *, swap: bool = False) -> SafeString:
        def render() -> str:
            rows = joined(block.html(request) for block in self.table.blocks)
            return render_to_string("lists/rows.html", {**self.context, "blocks": [rows], "swap": True})

        return mark_safe(self.table.body.html(render, time.time(), swap=swap))  # noqa: S308  a template's output


def is_typing(request: HttpRequest) -> bool:
    """The list is asked for by the box with the filter, not by a link or a poll."""
    return is_fragment(request) and request.headers.get("HX-Trigger") == "filters"


def only_problems(request: HttpRequest, problems: list[Marked]) -> HttpResponse:
    """What is wrong with a filter that is being typed: the list and the address stay those of the last good one."""
    answer = render(request, "lists/problems.html", {"problems": problems, "swap": True})
    answer["HX-Reswap"], answer["HX-Push-Url"] = "none", "false"
    return varied(answer)


def row_blocks(listing: ListPage, rows: list[Listed], fleet: Fleet, user: User) -> list[RowBlock]:
    """One block a row, in order."""
    asked = wishes.wishes(listing.kind, [row.id for row in rows])
    return [_row_block(listing, row, fleet, user, asked.get(row.id)) for row in rows]


def _row_block(listing: ListPage, row: Listed, fleet: Fleet, user: User, wish: Action | None) -> RowBlock:
    facts = listing.facts(fleet, row)
    seen = (fleet.epoch, fleet.version_of(listing.kind, row.id), *facts.values())
    state = (*seen, standing(user, row, fleet), wish_state(wish))

    def context() -> dict[str, Any]:
        offered = besides(offers(user, row, fleet), wish)
        picked = {
            "may_choose": _may_choose(listing, user),
            "choosable": any(one.verb in START_AND_STOP for one in offered),
        }
        return {"row": row, "offers": offered, "wish": wish, "listing": listing, **picked, **facts}

    return RowBlock(f"{listing.kind.value}-{row.id}", state, f"{listing.folder}/row.html", context)


def _may_choose(listing: ListPage, user: User) -> bool:
    return bool(listing.picks) and not bulk_refusal(user)


def _summary_state(result: Result) -> tuple[Any, ...]:
    return (
        result.query,
        result.total,
        result.pages,
        result.everything,
        result.left_out,
        tuple(sorted(result.phases.items())),
    )


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


def context_of(user: User, fleet: Fleet, *texts: str) -> Context:
    """What queries of this person depend on besides the fleet. Exemptions, stars, and what was made for the person, are
    looked up when one of `texts` asks.
    """
    now = time.time()
    exempt: frozenset[str] = frozenset()
    if any("exempt" in text.lower() for text in texts):
        held = holds(fleet, datetime.fromtimestamp(now, UTC), fleet.environments.values())
        exempt = frozenset(held)
    mine = any("mine" in text.lower() for text in texts)
    own = starred(user) if any("starred" in text.lower() for text in texts) else frozenset()
    return Context(now, ona_person(user, fleet), exempt, made_by(user) if mine else frozenset(), own)


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
