"""The sets of rows per value that fields speak of by name, so that a list is narrowed without asking its rows."""

from collections.abc import Callable
from typing import Any, cast

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.index import Key
from dashboard.fleet.places import PlaceSet, places_in
from dashboard.fleet.query.fields import LEFT_OUT
from dashboard.fleet.query.reading import last_run, phase_of, project_id
from dashboard.fleet.snapshot import Fleet

INDEXES = {
    "phase": Key(lambda _, row: phase_of(row)),
    "project": Key(project_id, frozenset({Kind.ENVIRONMENT})),
    "creator": Key(lambda _, row: row.creator_id),
    "class": Key(lambda _, row: row.class_id),
    "archived": Key(lambda _, row: row.archived is not None),
    "platform": Key(lambda _, row: row.platform),
    "last": Key(last_run, frozenset({Kind.EXECUTION})),
}
"""By what `Field.index` says; a key gives what that field reads."""


def everything(fleet: Fleet, kind: Kind) -> PlaceSet:
    """All rows of a kind."""
    return _union(fleet, kind, "phase", lambda _: True)


def accepted(fleet: Fleet, kind: Kind, index: str, accepts: Callable[[Any], bool]) -> PlaceSet:
    """The rows whose value in an index is one of the accepted ones."""
    return _union(fleet, kind, index, accepts)


def left_out(fleet: Fleet, kind: Kind) -> PlaceSet:
    """What a list of this kind shows only when asked for it."""
    return fleet.postings(kind, INDEXES[LEFT_OUT[kind][0]])[True] if kind in LEFT_OUT else 0


def by_phase(fleet: Fleet, kind: Kind) -> dict[str, int]:
    """How many rows of a kind are in each phase, without what its list leaves out."""
    shown = everything(fleet, kind) & ~left_out(fleet, kind)
    return cast("dict[str, int]", fleet.postings(kind, INDEXES["phase"]).counts(shown))


def rows_in_phase(fleet: Fleet, kind: Kind, phase: str) -> list[Listed]:
    """The rows in a phase, without what the list of their kind leaves out."""
    table, found = fleet.table(kind), fleet.postings(kind, INDEXES["phase"])[phase]
    return cast("list[Listed]", [table.at(place) for place in places_in(found & ~left_out(fleet, kind))])


def _union(fleet: Fleet, kind: Kind, index: str, accepts: Callable[[Any], bool]) -> PlaceSet:
    postings, found = fleet.postings(kind, INDEXES[index]), 0
    for value in postings:
        if accepts(value):
            found |= postings[value]
    return found
