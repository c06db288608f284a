"""A list as CSV or JSON: all rows of its filter, in its order, with the columns in view, or with a column for each
field of the filter language.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

from django.http import StreamingHttpResponse

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query import SORTS, Query, last_active, select
from dashboard.fleet.query.fields import FIELDS, Field
from dashboard.fleet.query.reading import At
from dashboard.fleet.query.values import Takes
from dashboard.web.columns import Around, Column, iso
from dashboard.web.offers import SECTIONS
from dashboard.web.spreadsheet import download

FORMATS = ("csv", "json")
Line = dict[str, Any]
Reader = Callable[[At, Any], Any]


def export(
    kind_of_file: str, seen: At, kind: Kind, query: Query, columns: tuple[Column, ...] | None = None
) -> StreamingHttpResponse:
    """The file; durations are in seconds at the moment of the export. With `columns` it has those, else every field."""
    rows = _rows(seen, kind, query)
    readers = _of_fields(kind) if columns is None else _of_columns(kind, columns, seen)
    lines = ({name: read(seen, row) for name, read in readers.items()} for row in rows)
    if kind_of_file == "csv":
        texts = ([_text(value) for value in line.values()] for line in lines)
        return download(SECTIONS[kind], list(readers), texts)
    return json_file(SECTIONS[kind], lines)


def json_file(name: str, lines: Iterable[Line]) -> StreamingHttpResponse:
    """`name`.json as an attachment: a list of objects, one a line."""
    answer = StreamingHttpResponse(_json(lines), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _of_fields(kind: Kind) -> dict[str, Reader]:
    return {**{name: partial(_value, field) for name, field in FIELDS[kind].items()}, "created": _created}


def _of_columns(kind: Kind, columns: tuple[Column, ...], at: At) -> dict[str, Reader]:
    """What the columns show, but for the actions: fields, and what only a column has."""
    there, around = _of_fields(kind) | {"active": _active}, Around(at.fleet, at.context.now)
    found: dict[str, Reader] = {}
    for column in columns[:-1]:
        for name in column.in_file:
            found[name] = there.get(name) or partial(_plain, column, around)
    return found


def _rows(at: At, kind: Kind, query: Query) -> list[Listed]:
    fleet = at.fleet
    selection = select(fleet, kind, query.text, at.context)
    key = SORTS[kind][query.sort.removeprefix("-")]
    found = [row for row in cast("Iterator[Listed]", fleet.of(kind).values()) if selection.holds(row)]
    return sorted(found, key=lambda row: (key.of(fleet, row), row.id), reverse=query.sort.startswith("-"))


def _created(_: At, row: Listed) -> str | None:
    return None if row.created is None else iso(row.created)


def _active(_: At, row: Any) -> str | None:
    moment = last_active(row)
    return None if moment is None else iso(moment)


def _plain(column: Column, around: Around, _: At, row: Listed) -> Any:
    value = None if column.read is None else column.read(around, row)
    return iso(value) if column.is_time and isinstance(value, float | int) else value


def _value(field: Field, at: At, row: Listed) -> Any:
    """Texts, numbers, lists, true and false, None for what is not known."""
    raw = field.read(at, row)
    if field.takes is Takes.NAME and field.names is not None:
        return field.names(at.fleet, raw)[0] if raw else ""
    if field.takes is Takes.DURATION:
        return None if raw is None else int(raw)
    return list(raw) if isinstance(raw, tuple) else raw


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _json(lines: Iterable[Line]) -> Iterator[str]:
    yield "["
    for number, one in enumerate(lines):
        yield (",\n" if number else "\n") + json.dumps(one, ensure_ascii=False)
    yield "\n]\n"
