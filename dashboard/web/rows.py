"""A list and its rows: each row a block that is rendered once for all who see the same in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from dashboard.control import wishes
from dashboard.control.models import Action, User
from dashboard.control.permissions import START_AND_STOP, bulk_refusal
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns
from dashboard.web.columns import Around, Cells, Column
from dashboard.web.http import signed_in
from dashboard.web.live import Block, RowBlock, Said
from dashboard.web.offers import besides, offers, standing, wish_state

SMALL = 20
"""Rows that a table inside a detail page shows at most."""

RowFacts = Callable[[Fleet, Any], dict[str, Any]]


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
    heading: Callable[[Any], dict[str, Any]] = lambda _: {}
    """Of the page of one, from its `Subject`: plain values that its header shows beside the row's facts."""
    ahead: Callable[[Fleet, list[Any]], None] = lambda *_: None
    """Asks the database at once for what the facts of these rows need."""
    beside: Callable[[Any], dict[str, Any]] = lambda _: {}
    """Plain values that only rows show, not the page of one."""
    said: Callable[[Any], Said] = lambda _: ()
    """Of the page of one: what its polls say besides what its address says."""

    @property
    def small(self) -> tuple[Column, ...]:
        """The columns of a small table outside a detail page."""
        return columns.small(self.columns, inside=False)


def may_choose_in(listing: ListPage, user: User) -> bool:
    return bool(listing.picks) and not bulk_refusal(user)


def row_blocks(
    listing: ListPage, rows: list[Listed], fleet: Fleet, user: User, cells: Cells | None = None
) -> list[RowBlock]:
    """One block a row, in order; without `cells` those of a small table."""
    wished = wishes.wishes(listing.kind, [row.id for row in rows])
    listing.ahead(fleet, rows)
    maker = _Maker(listing, fleet, user, cells or Cells.of(listing.small), Around(fleet, time.time()))
    return [maker.block(row, wished.get(row.id)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Maker:
    """What the rows of one table have in common."""

    listing: ListPage
    fleet: Fleet
    user: User
    cells: Cells
    around: Around

    def block(self, row: Listed, wish: Action | None) -> RowBlock:
        listing, fleet, names = self.listing, self.fleet, self.cells.names
        facts, plain = listing.facts(fleet, row) | listing.beside(row), self.cells.plain(self.around, row)
        seen = (fleet.epoch, fleet.version_of(listing.kind, row.id), *facts.values())
        beside = (names, *(value for _, value in plain.values()))
        state = (*seen, standing(self.user, row, fleet), wish_state(wish), *beside)

        def context() -> dict[str, Any]:
            offered = besides(offers(self.user, row, fleet), wish)
            choosable = any(one.verb in START_AND_STOP for one in offered)
            own = {"cells": names, "plain": plain, "choosable": choosable}
            return {"row": row, "offers": offered, "wish": wish, **own, **facts}

        return RowBlock(f"{listing.kind.value}-{row.id}", state, f"{listing.folder}/row.html", context)


def small_table(
    request: HttpRequest, name: str, listing: ListPage, rows: list[Listed], fleet: Fleet
) -> Block:
    """The first rows of another list inside a detail page; it changes as a whole."""
    shown = columns.small(listing.columns, inside=True)
    blocks = row_blocks(listing, rows[:SMALL], fleet, signed_in(request), Cells.of(shown))
    state = (len(rows), *(block.digest for block in blocks))
    context = {
        "name": name,
        "listing": listing,
        "columns": shown,
        "blocks": [block.html(request) for block in blocks],
        "count": len(blocks),
        "total": len(rows),
    }
    return Block(name, state, "parts/small_table.html", context)
