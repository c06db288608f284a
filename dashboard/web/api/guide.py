"""The document of the API as a page: made here, from the same document, with nothing from elsewhere."""

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboard.web.api.door import ADDRESSES, ROOT
from dashboard.web.http import varied

Words = tuple[tuple[str, bool], ...]
"""Pieces of a text, and whether each stands as code."""


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or a field of what is sent or answered."""

    name: str
    kind: str
    words: Words = ()
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` and `gives_pieces` are in the pieces between which a line may end."""

    method: str
    path: tuple[str, ...]
    words: Words
    takes: tuple[Value, ...]
    sends: tuple[Value, ...]
    gives: str
    gives_pieces: tuple[str, ...]
    anchor: str


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    from dashboard.web.api.service import document  # with all that answers scripts

    found = document()
    schemas = found["components"]["schemas"]
    shown = {
        name: schema for name, schema in schemas.items() if not name.endswith("sAsked") and name != "Numbered"
    }
    context = {
        "title": _("API"),
        "root": ROOT.rstrip("/"),
        "document_url": reverse("api-openapi", ADDRESSES),
        "environments_url": reverse("api-environments", ADDRESSES),
        "operations": [
            _operation(method, path, said, schemas)
            for path, methods in found["paths"].items()
            for method, said in methods.items()
        ],
        "shapes": [(name, _fields(schema)) for name, schema in sorted(shown.items())],
    }
    return varied(render(request, "api/index.html", context))


def _operation(method: str, path: str, said: dict[str, Any], schemas: dict[str, Any]) -> Operation:
    takes = tuple(
        Value(
            one["name"],
            _kind(one["schema"]),
            _words(one["schema"].get("description", "")),
            _choices(one["schema"]),
            one.get("required", False),
        )
        for one in said.get("parameters", ())
    )
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    sent = schemas.get(_kind(body).partition(" or ")[0], {}) if body else {}
    good = next(status for status in said["responses"] if status.startswith("2"))
    answer = said["responses"][good].get("content", {}).get("application/json", {}).get("schema", {})
    words = _words(said.get("description", said.get("summary", "")))
    pieces = tuple(f"/{piece}" for piece in path.partition(ROOT)[2].split("/"))
    gives = _kind(answer)
    parts = tuple(re.split(r"(?<=[a-z])(?=[A-Z])", gives))
    return Operation(method.upper(), pieces, words, takes, _fields(sent), gives, parts, said["operationId"])


def _fields(schema: dict[str, Any]) -> tuple[Value, ...]:
    required = schema.get("required", ())
    return tuple(
        Value(name, _kind(one), _words(one.get("description", "")), _choices(one), name in required)
        for name, one in schema.get("properties", {}).items()
    )


def _words(text: str) -> Words:
    """What stands between back-ticks is code."""
    return tuple((piece, bool(number % 2)) for number, piece in enumerate(text.split("`")) if piece)


def _choices(schema: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in schema.get("enum", ()) if one != "")


def _kind(schema: dict[str, Any]) -> str:
    """`integer`, `list of Ref`, `date-time or null`: a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if several := schema.get("anyOf") or schema.get("allOf"):
        return " or ".join(_kind(one) for one in several)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
