"""Which rows a list shows, in which order: the query of an address, and its page of rows.

Everything a person can type ends in the nearest sensible list: what is wrong in a query is named and the rest of it
counts, an unknown sort is the default one, a page out of range the nearest page.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query.editing import folded
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.query.reading import Context, phase_of
from dashboard.fleet.query.selection import Selection, select, together
from dashboard.fleet.query.sorts import DEFAULT_SORT, SORTS, Key
from dashboard.fleet.snapshot import Fleet

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for: a text of the filter language, a field to sort by ("-" before it for descending)
    and a page, from 1.
    """

    text: str = ""
    sort: str = ""
    page: int = 1


@dataclass(frozen=True)
class Result:
    """One page of rows. `phases` counts what the rest of the filter leaves, so that a choice shows its outcome;
    `everything` counts all rows but those `left_out`, which the list shows only when asked for them.
    """

    query: Query
    selection: Selection
    rows: list[Listed]
    total: int
    pages: int
    phases: Mapping[str, int]
    everything: int
    left_out: int = 0


def parse(kind: Kind, parameters: Mapping[str, str]) -> Query:
    """The query of an address, corrected to what exists. A text that is too long keeps one letter too many."""
    sort = parameters.get("sort", "")
    if sort.removeprefix("-") not in SORTS[kind]:
        sort = DEFAULT_SORT[kind]
    digits = parameters.get("page", "1")
    page = int(digits[:18]) if digits.isascii() and digits.isdigit() else 1
    text = parameters.get("q", "").strip()[: LONGEST_TEXT + 1]
    return Query(folded(text, parameters), sort, max(1, page))


def run(
    fleet: Fleet, kind: Kind, query: Query, context: Context, rows: Iterable[Listed] | None = None
) -> Result:
    """The page of `rows` (default: all of the kind) that `query` asks for."""
    selection = select(fleet, kind, query.text, context)
    there = cast("Iterable[Listed]", fleet.of(kind).values()) if rows is None else rows
    offered = _offered(there, selection)
    left_out = len(fleet.of(kind)) - len(offered) if rows is None else 0
    matching, phases = _matching(offered, selection)
    pages = max(1, -(-len(matching) // PAGE_SIZE))
    page = min(query.page, pages)
    return Result(
        query=query if page == query.page else replace(query, page=page),
        selection=selection,
        rows=_page(fleet, kind, matching, query.sort, page),
        total=len(matching),
        pages=pages,
        phases=phases,
        everything=len(offered),
        left_out=left_out,
    )


def _offered(rows: Iterable[Listed], selection: Selection) -> list[Listed]:
    left_out = selection.left_out
    return list(rows) if left_out is None else [row for row in rows if not left_out(row)]


def _matching(rows: list[Listed], selection: Selection) -> tuple[list[Listed], Mapping[str, int]]:
    """The rows that pass, and how many would in each phase without what the query says about phases."""
    of_phase = [one.accepts for one in selection.conditions if one.index == "phase" and one.accepts]
    rest = together(one for one in selection.conditions if one.index != "phase")
    found = rows if rest is None else [row for row in rows if rest(row)]
    words = [phase_of(row) for row in found]
    phases = Counter(words)
    if of_phase:
        wanted = {word for word in phases if all(accepts(word) for accepts in of_phase)}
        found = [row for row, word in zip(found, words, strict=True) if word in wanted]
    return found, phases


def _page(fleet: Fleet, kind: Kind, rows: list[Listed], sort: str, page: int) -> list[Listed]:
    key, descending = SORTS[kind][sort.removeprefix("-")], sort.startswith("-")
    rank = _by_id_then(fleet, key)
    end = page * PAGE_SIZE
    if end < len(rows) // 4:  # the first pages of a long list need not sort the whole
        first = heapq.nlargest(end, rows, key=rank) if descending else heapq.nsmallest(end, rows, key=rank)
        return first[end - PAGE_SIZE :]
    return sorted(rows, key=rank, reverse=descending)[end - PAGE_SIZE : end]


def _by_id_then(fleet: Fleet, key: Key) -> Callable[[Listed], tuple[Any, str]]:
    return lambda row: (key(fleet, row), row.id)
