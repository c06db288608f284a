"""A resource as JSON: what the dashboard knows of it, for those who want it whole. There is nothing secret in a row;
a password within an address is taken out here.
"""

import json
import re
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Listed
from dashboard.web.http import is_fragment, varied

_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_TOKEN = re.compile(r"(?i)([?&](?:[a-z0-9_-]*(?:token|secret|password|signature|key|code))=)[^&#\s]+")
REDACTED = "redacted"


def asked_raw(request: HttpRequest) -> bool:
    return request.GET.get("format") == "json"


def raw(request: HttpRequest, row: Listed, depth: Detail | None) -> HttpResponse:
    """As a document of its own, or for the page as the text of an element."""
    known: dict[str, Any] = asdict(row)
    if depth is not None:
        known["details"] = asdict(depth)
    text = json.dumps(redacted(known), indent=2, ensure_ascii=False)
    if is_fragment(request):
        return varied(render(request, "parts/raw.html", {"text": text}))
    response = HttpResponse(text, content_type="application/json")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return varied(response)


def redacted(value: Any) -> Any:
    """The same without logins and tokens in addresses."""
    if isinstance(value, dict):
        return {key: redacted(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    if isinstance(value, str):
        return _TOKEN.sub(rf"\1{REDACTED}", _LOGIN.sub(f"{REDACTED}@", value))
    return value
