"""The columns of a list: which there are, which of them a person sees in which order, and how close rows lie.

A list's first column names the row and its last one holds the actions; both are always there. Of the others the
address decides (`?columns=phase,branch&density=compact`), else what the person chose last, else the list.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.control.models import User
from dashboard.control.people.preferences import columns_of, is_compact
from dashboard.control.record import cost
from dashboard.fleet.hours import day_of
from dashboard.fleet.query.reading import project_id
from dashboard.fleet.snapshot import Fleet
from dashboard.web.templatetags.money import price as price_words

USUAL, COMPACT, COMFORTABLE = "default", "compact", "comfortable"
PRICE_SECONDS = 900
SMALL_LEAVES_OUT = frozenset({"wide", "widest", "extra"})


class Around:
    """What the plain cells of a page are read from, beside the row."""

    def __init__(self, fleet: Fleet, now: float) -> None:
        self.fleet, self._now = fleet, now

    @cached_property
    def _prices(self) -> cost.Prices:
        return cost.prices()

    def price(self, class_id: str) -> Decimal | None:
        """Of an hour, today."""
        day = day_of(self._now - self._now % PRICE_SECONDS, ZoneInfo(settings.TIME_ZONE)).date
        return self._prices.on(class_id, day)


Read = Callable[[Around, Any], str | float | None]


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is its name in addresses. `sort` is the field it sorts by ("" = it does not), `first` the direction of
    the first click. `usual`: it is there unless a person chooses. `fields` are the columns of an exported file.

    `read` gives the text of a plain cell, or with `is_time` the epoch second; without it the row's template has the
    cell.
    """

    name: str
    label: str | Promise
    sort: str = ""
    first: str = ""
    css: str = ""
    fields: tuple[str, ...] = ()
    usual: bool = True
    read: Read | None = None
    is_time: bool = False

    @property
    def in_file(self) -> tuple[str, ...]:
        return self.fields or (self.name,)


@dataclass(frozen=True, slots=True)
class Cells:
    """What each row of a table has: its columns, before them with `picks` a box to choose it."""

    columns: tuple[Column, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, columns: tuple[Column, ...], *, picks: bool = False) -> "Cells":
        return cls(columns, (*(("pick",) if picks else ()), *(column.name for column in columns)))

    def plain(self, around: Around, row: Any) -> dict[str, tuple[Column, str | float | None]]:
        """Name → the column and the value of each cell for which the row's template has none."""
        found = ((column, column.read) for column in self.columns)
        return {column.name: (column, read(around, row)) for column, read in found if read is not None}


@dataclass(frozen=True, slots=True)
class Look:
    """What a person sees of a list. `said` are the parameters that its addresses carry to show the same."""

    columns: tuple[Column, ...]
    compact: bool = False
    said: tuple[tuple[str, str], ...] = ()
    own: bool = False
    """Chosen by a person or an address: none of them gives way on a narrow screen."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def address(self) -> str:
        """To be added to an address that has parameters."""
        return "".join(f"&{name}={value}" for name, value in self.said)


def usual(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.usual)


def small(columns: tuple[Column, ...], *, inside: bool) -> tuple[Column, ...]:
    """Those of a small table; `inside` the page of an environment, where it need not be said which."""
    left_out = SMALL_LEAVES_OUT | ({"place"} if inside else set())
    return tuple(column for column in usual(columns) if not left_out & set(column.css.split()))


def named(columns: tuple[Column, ...], names: tuple[str, ...]) -> tuple[Column, ...]:
    """Those columns in that order, between the first and the last; what no column is called and what comes twice
    is left out.
    """
    first, *between, last = columns
    there = {column.name: column for column in between}
    return (first, *(there[name] for name in dict.fromkeys(names) if name in there), last)


def look(columns: tuple[Column, ...], section: str, parameters: Mapping[str, str], user: User | None) -> Look:
    """`user` None: what is remembered does not count, as in a poll, whose page says what it shows."""
    said = {}
    chosen = remembered = None if user is None else columns_of(user, section)
    if "columns" in parameters:
        names = parameters["columns"].split(",")
        chosen = None if USUAL in names else tuple(names)
    shown = usual(columns) if chosen is None else named(columns, chosen)
    own = chosen is not None
    if own:
        said["columns"] = ",".join(column.name for column in shown[1:-1]) or "none"
    elif remembered is not None:
        said["columns"] = USUAL
    compact_too = user is not None and is_compact(user)
    density = parameters.get("density", "")
    compact = density == COMPACT if density in {COMPACT, COMFORTABLE} else compact_too
    if compact or compact_too:
        said["density"] = COMPACT if compact else COMFORTABLE
    return Look(shown, compact, tuple(said.items()), own)


NAMES = re.compile("[a-z-]{1,20}(,[a-z-]{1,20}){0,29}")


def kept_look(columns: str, density: str) -> tuple[str, str]:
    """Those of an address as a saved view keeps them: what cannot be any is ""."""
    kept = columns if NAMES.fullmatch(columns) else ""
    return kept, density if density in {COMPACT, COMFORTABLE} else ""


def text(name: str, label: str | Promise, read: Read, *fields: str, **more: Any) -> Column:
    """A plain column that is there when a person chooses it."""
    return Column(name, label, css="nowrap", usual=False, read=read, fields=fields, **more)


def own(attribute: str) -> Read:
    return lambda _, row: getattr(row, attribute)


def _home(around: Around, row: Any) -> Any:
    return around.fleet.environments.get(row.environment_id)


def _of_home(attribute: str) -> Read:
    return lambda around, row: getattr(_home(around, row), attribute, "")


def _class(around: Around, row: Any) -> str:
    found = getattr(_home(around, row), "class_id", "")
    return around.fleet.environment_class(found) if found else ""


def _runner(around: Around, row: Any) -> str:
    found = getattr(_home(around, row), "runner_id", "")
    return around.fleet.runner(found) if found else ""


def _project(around: Around, row: Any) -> str:
    found = project_id(around.fleet, row)
    return around.fleet.project(found) if found else ""


def _price(around: Around, row: Any) -> str:
    found = around.price(getattr(_home(around, row), "class_id", ""))
    return "" if found is None else price_words(found)


def _creator(around: Around, row: Any) -> str:
    return around.fleet.person(row.creator_id, row.creator_kind)


ID = text("id", _("ID"), own("id"))
CREATOR = text("creator", _("Creator"), _creator, sort="creator")
BRANCH = text("branch", _("Branch"), _of_home("branch"))
REPOSITORY = text("repo", _("Repository"), _of_home("repository"))
RUNNER = text("runner", _("Runner"), _runner)
CLASS = text("class", _("Class"), _class)
PRICE = text("price", _("Price of an hour"), _price)
PROJECT = text("project", _("Project"), _project, sort="project")
REFERENCE = text("reference", _("Reference"), own("reference"))
"""Shared by lists; of what is inside an environment they tell of that."""


def iso(seconds: float | None) -> str:
    """As files have times; "" for none and for what no calendar holds."""
    try:
        return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""
