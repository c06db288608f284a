"""What every page has in common: fragment or page, how fresh the data are, who may see it, headers."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.urls import Resolver404, get_script_prefix
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views import defaults

from dashboard import jobs
from dashboard.control.models import Action, User
from dashboard.control.people.preferences import put_away
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.freshness import Freshness, freshness
from dashboard.fleet.snapshot import Moment
from dashboard.web import organisations
from dashboard.web.glossary import HINTS
from dashboard.web.live import LATE, Live, Said, answer, is_poll, poller
from dashboard.web.script_words import other_languages, script_words
from dashboard.web.stars import with_stars

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "report-uri {reports}",
    )
)
GetResponse = Callable[[HttpRequest], HttpResponse]


def moment(request: HttpRequest) -> Moment:
    """The fleet as this process knows it now; one request sees one moment, however often it asks.

    Else a page could show a row of one moment under the version of the next, and no poll would put that right.
    """
    known: Moment | None = getattr(request, "fleet_moment", None)
    if known is None:
        known = jobs.parts.snapshot().now()
        request.fleet_moment = known  # type: ignore[attr-defined]
    return known


def signed_in(request: HttpRequest) -> User:
    """Whoever asks; every view but the exempt ones is behind the sign-in."""
    return cast("User", request.user)


def is_fragment(request: HttpRequest) -> bool:
    """True when htmx asks for a part; going back in the browser asks for the whole page."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def page(  # noqa: PLR0913  what a page consists of
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    live: Live,
    *,
    fragment: str = "",
    said: Said = (),
    late: Callable[[HttpRequest], bytes] | None = None,
) -> HttpResponse:
    """The page, or its `fragment` template when htmx asks for that, or what changed when the page polls. Its polls
    say `said` besides what its address says. `late` gives what stands where the context says LATE.
    """
    if is_poll(request):
        return told(request, with_stars(request, answer(request, live)))
    if fragment and is_fragment(request):
        response = render(
            request, fragment, {**context, "repoll": poller(request, live, swap=True, said=said)}
        )
    else:
        response = render(request, template, {**context, "poller": poller(request, live, said=said)})
    if late is not None:
        response.content = response.content.replace(LATE.encode(), late(request), 1)
    return varied(with_stars(request, response))


def told(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer to a poll, also one without a body, says how fresh the data are."""
    response["HX-Trigger"] = json.dumps({"fleet:freshness": freshness_json(current_freshness(request))})
    return varied(response)


def varied(response: HttpResponse) -> HttpResponse:
    """Page and fragment share an address, and neither may be kept: what they show and offer passes."""
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    response["Cache-Control"] = "no-store"
    return response


def current_freshness(request: HttpRequest) -> Freshness:
    fresh = freshness(moment(request), time.time(), settings.POLL_INTERVALS)
    outage = getattr(request, "outage", "")
    return replace(fresh, state="failed", reason=f"{outage} {fresh.reason}".strip()) if outage else fresh


def freshness_json(fresh: Freshness) -> dict[str, Any]:
    at = None if fresh.at is None else datetime.fromtimestamp(fresh.at, UTC).isoformat(timespec="seconds")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"state": fresh.state, "at": at, "reason": fresh.reason, "now": now, "release": release()}


def release() -> str:
    """Names what this process serves to browsers: another one means that a page is older than its server. "" when the
    files were not collected.
    """
    return str(getattr(staticfiles_storage, "manifest_hash", ""))


def page_context(request: HttpRequest) -> dict[str, Any]:
    """For every template: freshness, where we are, and whether the fleet is simulated."""
    shared = {
        "simulated": settings.ONA_SIMULATED,
        "sso_mode": settings.SSO_MODE,
        "organisation": organisations.here(),
        "script_words": script_words(),
        "other_languages": other_languages(),
    }
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return shared
    match = request.resolver_match
    return {
        **shared,
        "neighbours": organisations.neighbours(request),
        "freshness": current_freshness(request),
        "may_sign_out": settings.SSO_PROXY is None or bool(settings.SSO_PROXY.logout_url),
        "hint": None if request.GET else _hint(signed_in(request), (match.url_name if match else "") or ""),
        "section": match.url_name.partition("-")[0] if match and match.url_name else "",
        "now": datetime.now(UTC),
        "release": release(),
    }


def _hint(user: User, name: str) -> tuple[str, str | Promise] | None:
    """What the page tells whoever has not put it away."""
    return (name, HINTS[name]) if name in HINTS and name not in put_away(user) else None


class NoSuchRow(Http404):
    """Of one of the lists; `kind` says which."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class NotReadYet(NoSuchRow):
    """The dashboard had it made a moment ago, and has not read it yet."""


JUST_NOW = timedelta(minutes=2)
"""For which the page of what was made waits for it to be read."""
LOOK_AGAIN = 2
"""Seconds after which such a page asks for itself again."""


def found_or_404(request: HttpRequest, kind: Kind, identifier: str) -> Listed:
    """The row, else a 404 page that says what may have become of it; the page of what was just made waits for it."""
    row = moment(request).fleet.of(kind).get(identifier)
    if row is None:
        noun = gettext("task execution" if kind is Kind.EXECUTION else kind.value)
        if request.method == "GET" and not is_fragment(request) and _was_just_made(kind, identifier):
            raise NotReadYet(
                kind,
                gettext("This {noun} was made a moment ago and is being read for the first time.").format(
                    noun=noun
                ),
            )
        raise NoSuchRow(
            kind,
            gettext(
                "There is no {noun} with the id {printable}. "
                "It may have been deleted, or it is not visible to this dashboard's key."
            ).format(noun=noun, printable=printable(identifier)),
        )
    return cast("Listed", row)


def _was_just_made(kind: Kind, identifier: str) -> bool:
    try:
        made_by = [Verb(verb) for verb in Action.objects.that_made(identifier, timezone.now() - JUST_NOW)]
    except (DatabaseError, ValueError):  # a verb of a newer version
        return False
    return any(RULES[verb].makes is kind for verb in made_by)


def printable(identifier: str) -> str:
    """An id from an address, as it may be repeated on a page."""
    text = "".join(letter for letter in identifier if letter.isprintable())
    return text if len(text) <= 80 else f"{text[:80]}…"


def text_of(typed: str) -> str:
    """What somebody typed, without NUL, which PostgreSQL refuses in texts and in questions about them."""
    return typed.replace("\0", "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page, with our own words if there are any; Django's are for its debug page."""
    if isinstance(exception, NotReadYet):
        answer = render(request, "made.html", {"words": str(exception), "seconds": LOOK_AGAIN})
        answer["Refresh"] = str(LOOK_AGAIN)
        return answer
    words = "" if isinstance(exception, Resolver404) else str(exception)
    kind = exception.kind if isinstance(exception, NoSuchRow) else None
    back = resolve_url(f"{kind.value}s-list") if kind is not None else ""
    return render(request, "404.html", {"words": words, "kind": kind, "back": back}, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What was not even read. Of a form that is too large, the page says so; the rest is Django's to answer."""
    if isinstance(exception, RequestDataTooBig):
        return varied(render(request, "413.html", {"most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}, status=413))
    return defaults.bad_request(request, exception)


def next_address(request: HttpRequest, default: str) -> str:
    """Where to go after a form: the `next` it carries if that stays on this site, else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return default


PASSWORD, TYPED = "password_once_more", "typed_once_more"
NOT_AGAIN = frozenset({PASSWORD, TYPED, "password", "csrfmiddlewaretoken"})


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """What was sent, to be sent once more; never a password."""
    sent = request.POST.lists()
    return [(name, text_of(value)) for name, values in sent if name not in NOT_AGAIN for value in values]


@cache
def _address(_prefix: str, name: str) -> str:
    """Of what every request needs."""
    return resolve_url(name)


def security_headers(get_response: GetResponse) -> GetResponse:
    """Middleware: what the browser may load and do, on every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = CONTENT_SECURITY_POLICY.format(reports=_address(get_script_prefix(), "reports-csp"))
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return middleware


def sign_in_again(get_response: GetResponse) -> GetResponse:
    """Middleware: a poll whose session has ended takes the whole page to the sign-in, not the sign-in into the page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        login = _address(get_script_prefix(), settings.LOGIN_URL)
        if is_fragment(request) and response.status_code == 302 and response["Location"].startswith(login):
            where = request.headers.get("HX-Current-URL", "").partition("://")[2]
            target = redirect_to_login("/" + where.partition("/")[2]).url
            response = HttpResponse(status=204)
            response["HX-Redirect"] = target
        return response

    return middleware
