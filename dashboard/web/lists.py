"""What the four lists share: the query from the address, rows as blocks, filters, sort links, pages."""

import math
import time
from collections.abc import Mapping
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
from dashboard.control.idleness.exemptions import holds
from dashboard.control.made import made_by
from dashboard.control.models import Role, User
from dashboard.control.people.project_roles import standing as project_standing
from dashboard.control.permissions import ona_person
from dashboard.fleet import query as queries
from dashboard.fleet.query import DEFAULT_SORT, Context, Query, Result, editing
from dashboard.fleet.query.reading import At
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns
from dashboard.web.addresses import beside, list_address
from dashboard.web.columns import Cells, Look
from dashboard.web.exports import FORMATS, export
from dashboard.web.filtering import Marked, choices, chosen_phases, leaves_out, marked, projects
from dashboard.web.headings import headings, page_links, span
from dashboard.web.http import is_fragment, moment, page, signed_in, varied
from dashboard.web.kept import Kept, Piece
from dashboard.web.live import LATE, Block, Live, RowBlock, digests, is_poll, joined
from dashboard.web.rows import ListPage, may_choose_in, row_blocks
from dashboard.web.stars import starred
from dashboard.web.view_tabs import tabs

SHOWN_PROBLEMS = 3


def show(request: HttpRequest, listing: ListPage, extra: Mapping[str, Any] | None = None) -> HttpResponse:
    """The list page, its list alone for htmx, what changed in it for a poll, or all of it as a file."""
    fleet, user = moment(request).fleet, signed_in(request)
    given = request.GET.dict()
    asked = queries.parse(listing.kind, given)
    look = columns.look(listing.columns, listing.folder, given, None if is_poll(request) else user)
    saved = [] if is_fragment(request) else tabs(user, listing.kind, asked)
    default = next((tab.url for tab in saved if tab.is_default), "")
    if default and not request.GET:
        return redirect(default)
    if request.GET.get("format") in FORMATS:
        at = context_of(user, fleet, asked.text)
        of = look.columns if "columns" in given else None
        file = export(given["format"], At(fleet, at), listing.kind, asked, of)
        return cast("HttpResponse", file)  # streamed, which is all that tells it from a page
    may_choose = may_choose_in(listing, user)
    cells = Cells.of(look.columns, picks=may_choose)
    table = _table(listing, fleet, user, asked, cells)
    result, blocks = table.result, table.blocks
    link = partial(list_address, listing.kind, said=look.address)
    text = result.query.text

    def other(words: str) -> str:
        return link(replace(result.query, text=words, page=1))

    problems = [marked(text, one, other) for one in result.selection.problems[:SHOWN_PROBLEMS]]
    if problems and is_typing(request):
        return only_problems(request, problems)
    context = {  # what only kept pieces show is a function: most requests do not need it
        "listing": listing,
        "result": result,
        "query": result.query,
        "look": look,
        "width": len(cells.names),
        "headings": lambda: headings(link, look.columns, result.query),
        "choices": lambda: choices(link, result),
        "phase_chosen": lambda: chosen_phases(result),
        "problems": [*problems, *(marked(text, hint, other) for hint in result.hints)],
        "mistaken": bool(problems),
        "projects": table.projects,
        "sort": "" if result.query.sort == DEFAULT_SORT[listing.kind] else result.query.sort,
        "span": lambda: span(result),
        "links": lambda: page_links(link, result),
        "all_url": lambda: other(editing.without(text, "phase")),
        "all_count": sum(result.phases.values()),
        "clear_url": link(Query()),
        "tabs": saved,
        "tabs_shown": tuple(tab.shown for tab in saved),
        "file_url": lambda: _file_url(listing, look, result.query),
        "columns_url": beside("columns", listing.folder) + "?" + link(result.query).partition("?")[2],
        "save_url": beside("views-new", listing.folder) + "?" + link(result.query).partition("?")[2],
        "options_url": beside("filter-offer", listing.folder),
        "help_url": beside("filter-help", listing.folder),
        "filtered": bool(result.query.text),
        "leaves_out": lambda: leaves_out(link, listing.left_out, result),
        "may_choose": may_choose,
        **(extra or {}),
    }
    place = (listing.folder, look.said)
    counted = (*place, look.names, *_found_state(result))
    found = RowBlock("found", counted, "lists/found.html", lambda: context)
    phases = (*place, result.query, tuple(sorted(result.phases.items())))
    summary = RowBlock("summary", phases, "lists/summary.html", lambda: context)
    full = _Body(table, context) if blocks else None
    body = full or Block("rows", (), "lists/rows.html", context)
    pager = RowBlock("pager", (*place, result.query, result.total), "lists/pager.html", lambda: context)
    chosen = RowBlock(
        "chosen", (may_choose, len(blocks), result.total, asked.text), "lists/chosen.html", lambda: context
    )
    above = [*([summary] if listing.phases else []), *([chosen] if listing.picks else [])]
    live = Live([found, *above, pager], blocks, body, table.seen)
    if not is_poll(request):  # a poll gets what changed, and makes no more of the page than that
        context |= {
            "found": found.html(request, swap=is_fragment(request)),
            "summary": summary.html(request) if listing.phases else "",
            "rows": LATE if full else body.html(request),
            "pager": pager.html(request),
            "chosen": chosen.html(request) if listing.picks else "",
        }
    whole, part = f"{listing.folder}/list.html", "lists/list.html"
    late = full.sent if full else None
    answer = page(request, whole, context, live, fragment=part, said=look.said, late=late)
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
    seen: str
    made: float
    last: tuple[float, bytes] = (-math.inf, b"")
    """The body as it was sent last, and when."""


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
SENT_SECONDS = 1.0
TABLE_SECONDS = 10.0
"""So long a table is kept while neither fleet nor ledger change, because some filters speak of time."""


def _table(listing: ListPage, fleet: Fleet, user: User, asked: Query, cells: Cells) -> _Table:
    context, stamp = context_of(user, fleet, asked.text), wishes.stamp()
    own = user.role == Role.OPERATOR or "is:" in asked.text.lower()
    person = (user.pk, context.person_id) if own else None
    viewer = (user.role, person, project_standing(user), context.exempt, context.starred)
    tables, now = _tables.of(fleet), time.monotonic()
    key = (listing.folder, asked, viewer, cells.names, stamp, get_language())
    table = tables.get(key)
    if table is None or stamp is None or now - table.made > TABLE_SECONDS:
        result = queries.run(fleet, listing.kind, asked, context)
        blocks = row_blocks(listing, result.rows, fleet, user, cells)
        named = projects(fleet, result.query.text)
        table = _Table(result, blocks, named, Piece(""), digests(blocks), now)
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

    def sent(self, request: HttpRequest) -> bytes:
        """As a page has it; how long ago something was may be a second old, and browsers count on from there."""
        now = time.time()
        at, made = self.table.last
        if not 0 <= now - at < SENT_SECONDS:
            made = self.html(request).encode()
            self.table.last = (now, made)
        return made


def is_typing(request: HttpRequest) -> bool:
    """The list is asked for by the box with the filter, not by a link or a poll."""
    return is_fragment(request) and request.headers.get("HX-Trigger") == "filters"


def only_problems(request: HttpRequest, problems: list[Marked]) -> HttpResponse:
    """What is wrong with a filter that is being typed: the list and the address stay those of the last good one."""
    answer = render(request, "lists/problems.html", {"problems": problems, "swap": True})
    answer["HX-Reswap"], answer["HX-Push-Url"] = "none", "false"
    return varied(answer)


def _file_url(listing: ListPage, look: Look, query: Query) -> str:
    """The list as a file, but for its format, which the address ends with."""
    said = f"&columns={','.join(look.names[1:-1]) or 'none'}&format="
    return list_address(listing.kind, replace(query, page=1), said=said)


def _found_state(result: Result) -> tuple[Any, ...]:
    return (
        result.query,
        result.total,
        result.everything,
        result.left_out,
    )


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
