"""How often somebody may try: passwords before the sign-in, forms behind it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import jobs
from dashboard.control.models import PersonalToken
from dashboard.fleet.tries import Limit, Tries
from dashboard.web.http import GetResponse, fields_of
from dashboard.web.peers import address_of

NAME_AND_ADDRESS = Limit("password of a name from an address", 8, 300)
NAME = Limit("password of a name", 60, 3600)
ADDRESS = Limit("password from an address", 100, 300)
REPORTS = Limit("reports from an address", 30, 60)
FORMS = Limit("forms of a person", 120, 60)
OF_TOKEN = Limit("requests of a token", 300, 60)
WRONG_TOKENS = Limit("wrong tokens from an address", 30, 60)
_own: dict[str, tuple[int, float]] = {}


def sign_in_wait(request: HttpRequest, name: str) -> int:
    """Count one try to sign in; the seconds to wait, 0 to go on."""
    tries, address, name = _tries(), address_of(request), name.casefold()
    return max(
        tries.wait(NAME_AND_ADDRESS, name, address), tries.wait(NAME, name), tries.wait(ADDRESS, address)
    )


def signed_in(request: HttpRequest, name: str) -> None:
    """The right password: what was mistyped before is forgiven."""
    _tries().forget(NAME_AND_ADDRESS, name.casefold(), address_of(request))


def report_wait(request: HttpRequest) -> int:
    """Count one report; the seconds for which no more are read."""
    return _tries().wait(REPORTS, address_of(request))


def wrong_token_wait(request: HttpRequest) -> int:
    """Count one token that opens nothing; the seconds for which such are told to wait. It locks nobody else out of that
    address: no token can be guessed, this only spares the audit.
    """
    return _tries().wait(WRONG_TOKENS, address_of(request))


def token_wait(token: PersonalToken, *, acts: bool) -> int:
    """Count one request of a token; one that acts counts like a form of its person too."""
    tries = _tries()
    wait = tries.wait(OF_TOKEN, str(token.pk))
    return wait or (tries.wait(FORMS, str(token.user_id)) if acts else 0)


def slow_down(get_response: GetResponse) -> GetResponse:
    """Middleware, behind the sign-in: a person sends so many forms a minute, by hand or by script."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, _view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else ""
        if request.method != "POST" or name == "reports-csp" or not request.user.is_authenticated:
            return None
        wait = _tries().wait(FORMS, str(request.user.pk))
        if not wait:
            return None
        again = {"wait": wait, "fields": fields_of(request)}
        response = render(request, "429.html", again, status=429)
        response["Retry-After"] = str(wait)
        return response

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _tries() -> Tries:
    return Tries(jobs.parts.store(), _own)
