"""What a list says about its filter: phases and projects to choose, what is wrong with it, what it leaves out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dashboard.fleet import query as queries
from dashboard.fleet.query import Query, Result, editing
from dashboard.fleet.query.language import written
from dashboard.fleet.snapshot import Fleet

AROUND = 60
"""Letters shown on each side of a mistake."""
Link = Callable[[Query], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A phase that can be added to what the list is narrowed to, or taken away; `url` is the list afterwards."""

    value: str
    count: int
    url: str
    chosen: bool


def choices(link: Link, result: Result) -> list[Choice]:
    """The phases that are there, and those that are chosen even when nothing is in them."""
    order, chosen = queries.PHASE_ORDER, chosen_phases(result)
    phases = {**dict.fromkeys(chosen, 0), **result.phases}
    return [
        Choice(phase, number, _toggled(link, result.query, phase), phase in chosen)
        for phase, number in sorted(
            phases.items(), key=lambda item: (order.get(item[0], len(order)), item[0])
        )
        if phase
    ]


def chosen_phases(result: Result) -> tuple[str, ...]:
    """Those that the filter names, when they are phases."""
    words = editing.chosen(written(result.selection.terms), "phase")
    return tuple(word.casefold().replace("-", "_") for word in words)


def _toggled(link: Link, query: Query, phase: str) -> str:
    return link(replace(query, text=editing.toggled(query.text, "phase", phase), page=1))


@dataclass(frozen=True, slots=True)
class Marked:
    """A mistake in its place; `url` is the list with what would be right. The `last` thing that somebody types may only
    be unfinished.
    """

    before: str
    wrong: str
    after: str
    message: str
    instead: str
    url: str
    last: bool


def marked(text: str, problem: queries.Problem, url: Callable[[str], str]) -> Marked:
    """`url` gives the address of the same list with another filter."""
    mended = text[: problem.start] + problem.instead + text[problem.end :]
    return Marked(
        text[max(0, problem.start - AROUND) : problem.start],
        text[problem.start : problem.end][:AROUND],
        text[problem.end : problem.end + AROUND],
        problem.message,
        problem.instead,
        url(mended) if problem.instead else "",
        problem.end == len(text),
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the list does not show unless asked for it: how many, and the list with or without them."""

    count: int
    shown: bool
    url: str


def leaves_out(link: Link, field: str, result: Result) -> LeftOut | None:
    if not field:
        return None
    text, shown = result.query.text, result.selection.left_out is None
    other = editing.without(text, field) if shown else editing.with_only(text, field, "any")
    url = link(replace(result.query, text=other, page=1)) if other != text else ""
    return LeftOut(result.left_out, shown, url)


def projects(fleet: Fleet, text: str) -> list[tuple[str, bool]]:
    """(name, whether it is chosen) of all projects, whatever else is chosen: a filter leaves the menu as it is."""
    chosen = editing.chosen(text, "project")
    ids = fleet.projects or {row.project_id for row in fleet.environments.values()} - {""}
    names = {fleet.project(key) for key in ids}
    if len(chosen) == 1:
        names.add(fleet.project(chosen[0]) if chosen[0] in fleet.projects else chosen[0])
    picked = {*chosen, *(fleet.project(key) for key in chosen if key in fleet.projects)}
    return [
        (name, len(chosen) == 1 and name in picked)
        for name in sorted(names, key=lambda name: (name.casefold(), name))
    ]
