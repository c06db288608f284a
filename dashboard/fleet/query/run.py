"""Which rows a list shows, in which order: the query of an address, and its page of rows.

Everything a person can type ends in the nearest sensible list: what is wrong in a query is named and the rest of it
counts, an unknown sort is the default one, a page out of range the nearest page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

from dashboard.fleet import order
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.places import PlaceSet, place_set, places_in
from dashboard.fleet.query.editing import folded
from dashboard.fleet.query.hints import hints
from dashboard.fleet.query.indexes import INDEXES, accepted, everything, left_out
from dashboard.fleet.query.language import LONGEST_TEXT, Problem
from dashboard.fleet.query.reading import Context
from dashboard.fleet.query.selection import Selection, select, together
from dashboard.fleet.query.sorts import DEFAULT_SORT, SORTS
from dashboard.fleet.snapshot import Fleet

PAGE_SIZE = 50
MOST_HINTS = 3


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for: a text of the filter language, a field to sort by ("-" before it for descending)
    and a page, from 1, of so many rows; or the rows `after` the one with this key of the order and this id.
    """

    text: str = ""
    sort: str = ""
    page: int = 1
    size: int = PAGE_SIZE
    after: order.Mark | None = None


@dataclass(frozen=True)
class Result:
    """One page of rows. `phases` counts what the rest of the filter leaves, so that a choice shows its outcome;
    `everything` counts all rows but those `left_out`, which the list shows only when asked for them. `hints`:
    what may have been meant where nothing passes. `next` is the mark `after` which
    the rows go on, None behind the last.
    """

    query: Query
    selection: Selection
    rows: list[Listed]
    total: int
    pages: int
    phases: Mapping[str, int]
    everything: int
    left_out: int = 0
    hints: tuple[Problem, ...] = ()
    next: order.Mark | None = None


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
    there = everything(fleet, kind) if rows is None else fleet.table(kind).set_of(row.id for row in rows)
    offered = there if selection.left_out is None else there & ~left_out(fleet, kind)
    matching, phases = _matching(fleet, kind, offered, selection)
    total = matching.bit_count()
    pages = max(1, -(-total // query.size))
    page = min(query.page, pages)
    key, descending = SORTS[kind][query.sort.removeprefix("-")], query.sort.startswith("-")
    start = (page - 1) * query.size
    if query.after is not None:
        start = order.past(fleet, kind, key, matching, query.after, descending=descending)
    end = start + query.size
    found = order.select(fleet, kind, key, matching, start=start, end=end, descending=descending)
    return Result(
        query=query if page == query.page else replace(query, page=page),
        selection=selection,
        rows=found,
        total=total,
        pages=pages,
        phases=phases,
        everything=offered.bit_count(),
        left_out=(there ^ offered).bit_count() if rows is None else 0,
        hints=() if total else tuple(islice(hints(fleet, kind, selection.terms, context), MOST_HINTS)),
        next=(key.of(fleet, found[-1]), found[-1].id) if found and end < total else None,
    )


def _matching(
    fleet: Fleet, kind: Kind, offered: PlaceSet, selection: Selection
) -> tuple[PlaceSet, Mapping[str, int]]:
    """The rows that pass, and how many would in each phase without what the query says about phases."""
    found, of_phase, rest = offered, [], []
    for one in selection.conditions:
        if one.index == "phase" and one.accepts:
            of_phase.append(one.accepts)
        elif one.index and one.accepts:
            found &= accepted(fleet, kind, one.index, one.accepts)
        else:
            rest.append(one)
    if holds := together(rest):
        table = fleet.table(kind)
        found = place_set((place for place in places_in(found) if holds(table.at(place))), table.places)
    phases = cast("dict[str, int]", fleet.postings(kind, INDEXES["phase"]).counts(found))
    for accepts in of_phase:
        found &= accepted(fleet, kind, "phase", accepts)
    return found, phases
