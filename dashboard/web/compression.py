"""Pages go compressed to browsers that take it: a list is a hundred kilobytes of HTML that says much of it fifty times.

What is compressed beside what somebody else chose can be guessed from its length (BREACH). The one secret of a page is
the token of its forms, which Django masks anew each time, and the session's cookie stays behind when another site asks
(SameSite). The length varies at random all the same, as it does with Django's own middleware, whose level takes three
times as long.
"""

import gzip
import re
import secrets
from io import BytesIO

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from dashboard.web.http import GetResponse

LEAST = 2_000
"""Bytes: less fits into a packet or two anyway."""
LEVEL = 1
MOST_PADDING = 100
TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))")


def compressed(get_response: GetResponse) -> GetResponse:
    """Middleware, outside of whatever sets a length."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not _is_page(response):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if TAKES_GZIP.search(request.headers.get("Accept-Encoding", "")):
            response.content = _gzip(response.content)
            response["Content-Encoding"] = "gzip"
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def _is_page(response: HttpResponseBase) -> bool:
    if not isinstance(response, HttpResponse) or response.has_header("Content-Encoding"):
        return False
    return response.get("Content-Type", "").startswith("text/html") and len(response.content) >= LEAST


def _gzip(content: bytes) -> bytes:
    packed = BytesIO()
    padding = "x" * secrets.randbelow(MOST_PADDING + 1)
    with gzip.GzipFile(padding, "wb", LEVEL, packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()
