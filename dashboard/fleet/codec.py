"""Rows and details to bytes and back: JSON objects without the fields that have their default.

A field that a newer version added is ignored by an older one, and a missing one takes its default, so that old and new
processes can share one Redis.
"""

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dashboard.fleet.details import DETAIL_TYPES, Detail
from dashboard.fleet.entities import ROW_TYPES, Kind, Row


@cache
def _adapter(row_type: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(row_type)


def encode_row(row: Row) -> bytes:
    return _adapter(type(row)).dump_json(row, exclude_defaults=True)


def decode_row(kind: Kind, blob: bytes) -> Row | None:
    """The row, or None when another version wrote something this one cannot read."""
    return _decode(ROW_TYPES[kind], blob)


def encode_detail(detail: Detail) -> bytes:
    return _adapter(type(detail)).dump_json(detail, exclude_defaults=True)


def decode_detail(kind: Kind, blob: bytes) -> Detail | None:
    return _decode(DETAIL_TYPES[kind], blob)


def _decode(row_type: type[Any], blob: bytes) -> Any:
    try:
        return _adapter(row_type).validate_json(blob)
    except ValidationError:
        return None
