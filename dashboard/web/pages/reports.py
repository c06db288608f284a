"""What browsers refused because of the content security policy: into the log, so that somebody sees it."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from dashboard.web import limits

logger = logging.getLogger(__name__)
LONGEST = 16_384


@login_not_required
@csrf_exempt
@require_POST
def refused(request: HttpRequest) -> HttpResponse:
    """A report as browsers send it (Content Security Policy Level 3, section 5.3). Anybody can send one, so it is short
    and quoted, and there are not many of them.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return HttpResponse(status=413)
    try:
        report = json.loads(request.body)["csp-report"]
        told = (_word(report.get("violated-directive")), _place(report.get("blocked-uri")))
        where = (_place(report.get("document-uri")), _place(report.get("source-file")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return HttpResponse(status=400)
    if not limits.report_wait(request):
        logger.warning("a browser refused %r from %r on %r, asked for by %r", *told, *where)
    return HttpResponse(status=204)


def _word(value: Any) -> str:
    return str(value or "")[:80]


def _place(value: Any) -> str:
    """An address without its query, which may hold what somebody searched for."""
    text = str(value or "")
    try:
        scheme, host, path, *_ = urlsplit(text)
    except ValueError:
        return gettext("no address")
    return f"{scheme}://{host}{path}"[:200] if host else text.partition("?")[0][:80]
