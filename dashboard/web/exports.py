"""A list as CSV or JSON: all rows of its filter, in its order, with a column for each field of the filter language."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from django.http import StreamingHttpResponse

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query import SORTS, Context, Query, select
from dashboard.fleet.query.fields import FIELDS, Field
from dashboard.fleet.query.reading import At
from dashboard.fleet.query.values import Takes
from dashboard.fleet.snapshot import Fleet
from dashboard.web.offers import SECTIONS
from dashboard.web.spreadsheet import download

FORMATS = ("csv", "json")
Line = dict[str, Any]


def export(
    kind_of_file: str, fleet: Fleet, kind: Kind, query: Query, context: Context
) -> StreamingHttpResponse:
    """The file; durations are in seconds at the moment of the export."""
    at, rows = At(fleet, context), _rows(fleet, kind, query, context)
    if kind_of_file == "csv":
        headings = _headings(kind)
        texts = ([_text(value) for value in line(at, kind, row).values()] for row in rows)
        return download(SECTIONS[kind], headings, texts)
    return json_file(SECTIONS[kind], (line(at, kind, row) for row in rows))


def json_file(name: str, lines: Iterable[Line]) -> StreamingHttpResponse:
    """`name`.json as an attachment: a list of objects, one a line."""
    answer = StreamingHttpResponse(_json(lines), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _headings(kind: Kind) -> list[str]:
    return [*FIELDS[kind], "created"]


def _rows(fleet: Fleet, kind: Kind, query: Query, context: Context) -> list[Listed]:
    selection = select(fleet, kind, query.text, context)
    key = SORTS[kind][query.sort.removeprefix("-")]
    found = [row for row in cast("Iterator[Listed]", fleet.of(kind).values()) if selection.holds(row)]
    return sorted(found, key=lambda row: (key.of(fleet, row), row.id), reverse=query.sort.startswith("-"))


def line(at: At, kind: Kind, row: Listed) -> Line:
    """Field → value: texts, numbers, lists, true and false, None for what is not known."""
    found = {name: _value(at, field, row) for name, field in FIELDS[kind].items()}
    return {**found, "created": None if row.created is None else _moment(row.created)}


def _value(at: At, field: Field, row: Listed) -> Any:
    raw = field.read(at, row)
    if field.takes is Takes.NAME and field.names is not None:
        return field.names(at.fleet, raw)[0] if raw else ""
    if field.takes is Takes.DURATION:
        return None if raw is None else int(raw)
    return list(raw) if isinstance(raw, tuple) else raw


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _json(lines: Iterable[Line]) -> Iterator[str]:
    yield "["
    for number, one in enumerate(lines):
        yield (",\n" if number else "\n") + json.dumps(one, ensure_ascii=False)
    yield "\n]\n"
