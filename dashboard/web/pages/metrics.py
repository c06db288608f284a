"""`/metrics` for Prometheus: with a token, or without one for this machine alone."""

import hmac
import ipaddress
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.web.http import moment
from dashboard.web.watching.readings import readings

PASSED_ON = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP")
"""What a proxy adds: somebody else asks, though the proxy is on this machine."""
CLOSED = "Only this machine may read the metrics. To read them here, set METRICS_TOKEN and send it as a bearer token.\n"
WRONG = "Send METRICS_TOKEN as a bearer token.\n"


@login_not_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    if refused := _refused(request):
        return refused
    from dashboard.web.watching.exposition import written

    body, content_type = written(readings(moment(request), time.time()), request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _refused(request: HttpRequest) -> HttpResponse | None:
    if not settings.METRICS_TOKEN:
        return None if _is_here(request) else HttpResponse(CLOSED, content_type="text/plain", status=403)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode(), settings.METRICS_TOKEN.encode()
    ):
        return None
    return HttpResponse(WRONG, content_type="text/plain", status=401, headers={"WWW-Authenticate": "Bearer"})


def _is_here(request: HttpRequest) -> bool:
    """Whether a process of this machine asks for itself."""
    if any(name in request.META for name in (*PASSED_ON, settings.TRUSTED_PROXIES.key)):
        return False
    try:
        peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback
