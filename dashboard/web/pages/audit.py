"""The audit, for admins: everything that happened here, by filter, and as a file."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dashboard.control.audit import log as audit
from dashboard.control.audit.forward import line
from dashboard.control.audit.log import Note
from dashboard.control.audit.models import AuditEntry, AuditQuerySet
from dashboard.control.audit.query import ACTS, FIELDS, ask
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.web import audit_words as words
from dashboard.web.filtering import marked
from dashboard.web.http import text_of, varied
from dashboard.web.spreadsheet import download

PAGE_SIZE = 50
CHIPS = ("asked", "ended", "sign-in", "sign-in-failed", "refused", "role", "price")
"""What is offered above the list; the filter finds the rest."""
KNOWN = ("number", "at", "act", "person", "person_id", "role", "address", "session", "kind", "target_id")
COLUMNS = (*KNOWN, "target_name", "reason", "outcome", "details", "upto", "before", "key", "digest")


@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    text = text_of(request.GET.get("q", ""))[: LONGEST_TEXT + 1].strip()
    asked = ask(text, timezone.now())
    if request.GET.get("format") in {"csv", "json"}:
        return _file(request.GET["format"], text, asked.entries)

    def other(text: str) -> str:
        return _address(request, q=text, page="")

    shown = Paginator(asked.entries, PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "title": gettext("Audit"),
        "section": "activity",
        "text": text,
        "acts": [
            (f"act:{act}", gettext(called), text == f"act:{act}")
            for act, called in ACTS.items()
            if act in CHIPS
        ],
        "fields": FIELDS,
        "problems": [marked(text, problem, other) for problem in asked.problems],
        "shown": shown,
        "rows": [(entry, words.deed(entry), words.target(entry), words.outcome(entry)) for entry in shown],
        "links": _links(request, shown),
        "files": {kind: _address(request, format=kind, page="") for kind in ("csv", "json")},
    }
    return varied(render(request, "activity/audit.html", context))


def _links(request: HttpRequest, shown: "Page[AuditEntry]") -> dict[str, str]:
    links = {}
    if shown.has_previous():
        links["previous"] = _address(request, page=str(shown.number - 1))
    if shown.has_next():
        links["next"] = _address(request, page=str(shown.number + 1))
    return links


def _address(request: HttpRequest, **changed: str) -> str:
    """This page with other values in its address; "" leaves one out."""
    asked = request.GET.copy()
    for name, value in changed.items():
        asked.pop(name, None)
        if value:
            asked[name] = value
    return f"{request.path}?{asked.urlencode()}"


def _file(kind: str, text: str, entries: AuditQuerySet) -> StreamingHttpResponse:
    """Oldest first, with seals: whoever has the key can check the chain. That it was taken along is noted."""
    audit.append(Note("exported", timezone.now(), "audit", details={"query": text, "format": kind}))
    found = entries.order_by("number").iterator(chunk_size=1000)
    if kind == "csv":
        return download("audit", COLUMNS, (_cells(entry) for entry in found))
    answer = StreamingHttpResponse(_json(found), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="audit.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _cells(entry: AuditEntry) -> list[Any]:
    told = line(entry)
    return [json.dumps(told[name]) if name == "details" else told[name] for name in COLUMNS]


def _json(found: Iterator[AuditEntry]) -> Iterator[str]:
    yield "["
    for number, entry in enumerate(found):
        yield (",\n" if number else "\n") + json.dumps(line(entry))
    yield "\n]\n"
