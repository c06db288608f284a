"""The audit of what comes over the web: where it comes from, sign-ins, refusals.

A storm of refusals costs little: of one source the first ones are entries of their own, then each doubling is.
"""

import logging
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from dashboard import jobs
from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note, Person, Place
from dashboard.control.models import User
from dashboard.fleet.tries import Limit, Tries
from dashboard.web.http import GetResponse
from dashboard.web.peers import address_of

logger = logging.getLogger(__name__)
KEY = "sign_in"
"""Where a session keeps the id of its SignIn."""
OF_ONE = Limit("refusals of one source", 10, 60)
OF_ALL = Limit("refusals of all", 60, 60)
REFUSED, FAILED = "refused", "sign-in-failed"
WRONG_PASSWORD, NO_ACCOUNT = _("a wrong password"), _("there is no such account")
_own: dict[str, tuple[int, float]] = {}


class FromRequest:
    """Who sent a request, and from where. Looked up when something is noted, never for a poll that finds nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def person(self) -> Person:
        return audit.person_of(self._request.user)

    def place(self) -> Place:
        token = getattr(self._request, "personal_token", None)
        if token is not None:
            return Place(address_of(self._request), f"token {token.pk.hex}")
        session = "" if settings.SSO_PROXY is not None else str(self._request.session.get(KEY, ""))
        return Place(address_of(self._request), session)


def where_it_comes_from(get_response: GetResponse) -> GetResponse:
    """Middleware, behind those that know who asks: what is noted during a request comes from there; a refusal is
    noted too.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        with audit.comes_from(FromRequest(request)):
            response = get_response(request)
            if response.status_code == 403:
                _refused(request)
        return response

    def process_exception(request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, PermissionDenied):
            request.why_refused = str(exception)  # type: ignore[attr-defined]

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def connect() -> None:
    user_login_failed.connect(_wrong_password, dispatch_uid="audit_sign_in_failed")


def _wrong_password(credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    """With the name only where an account has it: people type passwords in the wrong box."""
    if request is None:
        return
    name = User.objects.filter(username=str(credentials.get("username", ""))[:150]).first()
    why = WRONG_PASSWORD if name is not None else NO_ACCOUNT
    sign_in_failed(request, why, target_name="" if name is None else name.username)


def sign_in_failed(request: HttpRequest, why: str, target_name: str = "") -> None:
    _bounded(request, Note(FAILED, timezone.now(), "account", target_name=target_name, outcome=why))


def _refused(request: HttpRequest) -> None:
    if request.path_info == "/accounts/sso/callback/":
        return  # noted as a sign-in that failed
    why = getattr(request, "why_refused", "")
    verb = {"verb": request.method or ""}
    _bounded(request, Note(REFUSED, timezone.now(), "address", request.path, outcome=why, details=verb))


def _bounded(request: HttpRequest, note: Note) -> None:
    """An entry, or only a count. A database that cannot take it stops no refusal."""
    known = request.user.is_authenticated
    source = f"person {request.user.pk}" if known else f"address {address_of(request)}"
    tries = Tries(jobs.parts.store(), _own)
    of_one = tries.count(OF_ONE, note.act, source)
    # Those who are signed in have a count of their own: a storm from outside hides nothing of what they do.
    of_all = tries.count(OF_ALL, note.act, "signed in" if known else "nobody") if of_one <= OF_ONE.most else 0
    if not (_worth_noting(of_one, OF_ONE) and (of_all == 0 or _worth_noting(of_all, OF_ALL))):
        return
    counts = {"times": (of_one, OF_ONE), "times_of_all": (of_all, OF_ALL)}
    over = {name: count for name, (count, limit) in counts.items() if count > limit.most}
    try:
        audit.append(replace(note, details={**note.details, **over}))
    except DatabaseError as error:
        logger.warning("a refusal could not be noted in the audit: %s", error)


def _worth_noting(count: int, limit: Limit) -> bool:
    """The first ones, then at each doubling."""
    times, rest = divmod(count, limit.most)
    return count <= limit.most or (rest == 0 and times & (times - 1) == 0)
