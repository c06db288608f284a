"""Rows and details to bytes and back: JSON objects without the fields that have their default.

A field that a newer version added is ignored by an older one, and a missing one takes its default, so that old and new
processes can share one Redis.
"""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from dashboard.fleet.details import DETAIL_TYPES, Detail
from dashboard.fleet.entities import ROW_TYPES, Kind, Row

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    row_type: TypeAdapter(row_type) for row_type in (*ROW_TYPES.values(), *DETAIL_TYPES.values())
}


def encode_row(row: Row) -> bytes:
    return _ADAPTERS[type(row)].dump_json(row, exclude_defaults=True)


def decode_row(kind: Kind, blob: bytes) -> Row | None:
    """The row, or None when another version wrote something this one cannot read."""
    row: Row | None = _decode(ROW_TYPES[kind], blob)
    return row


def encode_detail(detail: Detail) -> bytes:
    return _ADAPTERS[type(detail)].dump_json(detail, exclude_defaults=True)


def decode_detail(kind: str, blob: bytes) -> Detail | None:
    detail: Detail | None = _decode(DETAIL_TYPES[kind], blob)
    return detail


def _decode(row_type: type[Any], blob: bytes) -> Any:
    try:
        return _ADAPTERS[row_type].validate_json(blob)
    except ValidationError:
        return None
