"""Every request has an id: for its log lines, the actions it asks for, and whoever reports that something is wrong."""

import logging
import sys

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.template import loader

from dashboard import trail
from dashboard.tracing import span
from dashboard.web import outage
from dashboard.web.http import GetResponse
from dashboard.web.sso.proxy import comes_from

logger = logging.getLogger(__name__)


def followed(get_response: GetResponse) -> GetResponse:
    """Middleware, before all others. The id is made here, or taken from the proxy in front if that is to be believed:
    `REQUEST_ID_HEADER` says that there is one, and with `SSO_MODE=proxy` the request must come from it.
    """
    name = settings.REQUEST_ID_HEADER
    key = f"HTTP_{name.upper().replace('-', '_')}" if name else ""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = str(request.META.get(key, "")) if key else ""
        if given and settings.SSO_PROXY is not None and not comes_from(request.META, settings.SSO_PROXY):
            given = ""
        identifier = trail.taken(given)
        request.trail = identifier  # type: ignore[attr-defined]
        with (
            trail.following(identifier),
            span("request", {"http.request.method": request.method or ""}) as note,
        ):
            response = get_response(request)
            match = request.resolver_match
            note("http.route", (match and match.url_name) or "unknown")
            note("http.response.status_code", response.status_code)
        response["X-Request-ID"] = identifier
        return response

    return middleware


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of an error, with the id under which the log has it. It needs nothing that may be broken.

    Where the database is what does not answer, a page of the fleet is shown from the copy in memory.
    """
    if isinstance(sys.exc_info()[1], outage.AWAY):
        try:
            return outage.failed(request)
        except Exception:
            logger.exception("nothing can be shown without the database")
    known = {
        "id": getattr(request, "trail", ""),
        "style": _static("dashboard.css"),
        "icon": _static("favicon-failing.svg"),
    }
    return HttpResponse(loader.get_template("500.html").render(known), status=500)


def _static(name: str) -> str:
    """The address of one of our files, "" where even that cannot be told."""
    try:
        return str(staticfiles_storage.url(name))
    except (ValueError, OSError):
        return ""
