"""`Authorization: Bearer`: who asks, whether the token may be used for this, and how often."""

from contextlib import suppress

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from dashboard.control.models import PersonalToken, Scope
from dashboard.control.people import personal_tokens
from dashboard.control.people.personal_tokens import Refused
from dashboard.web import limits
from dashboard.web.api.problems import Problem
from dashboard.web.audit import sign_in_failed
from dashboard.web.peers import address_of

REALM = 'Bearer realm="Ona fleet dashboard"'


class Token(HttpBearer):
    """A personal token with `scope`. From here on the request is its person's."""

    openapi_name = "PersonalToken"

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> PersonalToken:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() != self.openapi_scheme or not given:
            raise Problem(
                401,
                "Send a personal token: “Authorization: Bearer fleet_…”. Make one in the dashboard, under your name.",
                headers={"WWW-Authenticate": REALM},
            )
        known = self.authenticate(request, given.strip())
        if request.method == "POST" and request.content_type != "application/json" and request.body:
            raise Problem(415, "Send the body as JSON: “Content-Type: application/json”.")
        return known

    def authenticate(self, request: HttpRequest, token: str) -> PersonalToken:
        """Raises Problem."""
        address, now = address_of(request), timezone.now()
        try:
            known = personal_tokens.found(token, now)
        except Refused as refused:
            _allow(limits.wrong_token_wait(request))
            sign_in_failed(request, personal_tokens.opened_nothing(refused))
            told = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
            raise Problem(401, str(refused), kind="bad-token", headers=told) from None
        request.user = known.user
        request.personal_token = known  # type: ignore[attr-defined]
        if not known.may(self.scope):
            told = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{self.scope}"'}
            why = f"This token has not the scope “{self.scope}”."
            request.why_refused = why  # type: ignore[attr-defined]
            raise Problem(403, why, kind="scope", headers=told)
        _allow(limits.token_wait(known, acts=self.scope == Scope.ACT))
        with suppress(DatabaseError):  # that it was used is worth no refusal
            personal_tokens.note_use(known, address, now)
        return known


def _allow(seconds: int) -> None:
    if seconds:
        raise Problem(429, f"Too many requests. Wait {seconds} s.", headers={"Retry-After": str(seconds)})


READ, ACT = Token(Scope.READ), Token(Scope.ACT)
