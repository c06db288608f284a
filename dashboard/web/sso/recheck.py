"""Whether somebody who signed in at the provider may still be here: asked again before `OIDC_RECHECK_MINUTES` are over.

With a refresh token the server asks by itself, once a session and from two thirds of the time on, so that a provider
that is down for a moment is noticed by nobody; when the time is over, nothing is shown until it has answered. Without
one the session ends, and the way through the provider's own sign-in brings a new one.
"""

import logging
import time
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.config.sso import Oidc
from dashboard.control.models import SignIn
from dashboard.control.people import sign_ins
from dashboard.control.people.identity import NotLetIn, let_in
from dashboard.sealed import seal, unseal
from dashboard.web import organisations
from dashboard.web.audit import KEY
from dashboard.web.http import GetResponse, is_fragment
from dashboard.web.quiet import forget
from dashboard.web.sso.identity import identity_of
from dashboard.web.sso.oidc import provider
from dashboard.web.sso.provider import ProviderDown, Refused, Untrusted

logger = logging.getLogger(__name__)
EARLY = 2 / 3
PAUSE = timedelta(seconds=15)
"""Between two tries of one session; a try is over by then."""
WAIT = 8.0
"""Seconds that a request waits for the one that asks."""
DOWN = _("{name} does not answer, so nobody can tell whether you may still be here. Try again in a moment.")


class MayNotStay(Exception):
    """The session has to end."""


def still_in(get_response: GetResponse) -> GetResponse:
    """Middleware: every request of a session whose time is over waits for the provider."""
    config: Oidc | None = settings.SSO_OIDC
    if config is None:
        raise MiddlewareNotUsed
    most, name = config.recheck, config.name

    def middleware(request: HttpRequest) -> HttpResponse:
        age = time_since_check(request)
        if age < most * EARLY:
            return get_response(request)
        try:
            checked = look_again(request, most)
        except MayNotStay as why:
            logger.info("a session has ended: %s", why)
            return _start_again(request, str(why))
        if not checked and age >= most:
            forget(request)
            words = gettext(DOWN).format(name=name)
            return render(request, "accounts/unchecked.html", {"why": words}, status=503)
        return get_response(request)

    return middleware


def time_since_check(request: HttpRequest) -> float:
    """Seconds; 0 for whoever is not signed in, and for a poll of somebody who was looked at a moment ago."""
    if getattr(request, "remembered", False) or not request.user.is_authenticated:
        return 0.0
    return timezone.now().timestamp() - float(request.session.get("checked", 0))


def look_again(request: HttpRequest, most: float) -> bool:
    """Whether the person was found to be in good standing within `most` seconds. Raises MayNotStay."""
    identifier, started = request.session.get(KEY, ""), time.monotonic()
    while True:
        sign_in = SignIn.objects.filter(id=identifier, ended=None).first() if identifier else None
        if sign_in is None:
            raise MayNotStay("it is not known any more")
        age = (timezone.now() - sign_in.checked).total_seconds()
        if age < most * EARLY:
            request.session["checked"] = sign_in.checked.timestamp()
            return True
        if sign_ins.claim_check(identifier, timezone.now(), PAUSE):
            return _ask(request, sign_in)
        if age < most or time.monotonic() - started > WAIT:
            return False
        time.sleep(0.1)


def _ask(request: HttpRequest, sign_in: SignIn) -> bool:
    there, token = provider(), unseal(sign_in.refresh)
    if not token:
        if (timezone.now() - sign_in.checked).total_seconds() < there.config.recheck:
            return False
        raise MayNotStay("the provider gave no refresh token")
    try:
        tokens = there.refresh(token)
        if tokens.refresh_token:
            SignIn.objects.filter(id=sign_in.id).update(refresh=seal(tokens.refresh_token))
        claims = there.claims(tokens.id_token) if tokens.id_token else {"sub": request.session["subject"]}
        identity = identity_of(there, claims, tokens)
        if identity.username != sign_in.user.username:
            raise Untrusted("the new token is about somebody else")
        request.user = let_in(identity)
        request.session[organisations.SESSION] = organisations.seen_with(identity.groups)
    except ProviderDown as trouble:
        logger.warning("a session could not be checked: %s", trouble)
        return False
    except (Refused, Untrusted, NotLetIn) as why:
        raise MayNotStay(f"{type(why).__name__}: {why}") from None
    now = timezone.now()
    SignIn.objects.filter(id=sign_in.id).update(checked=now)
    request.session["checked"] = now.timestamp()
    return True


def _start_again(request: HttpRequest, why: str) -> HttpResponse:
    """Through the provider's sign-in and back to the same place, which takes a moment where its own session lives."""
    request.why_signed_out = why  # type: ignore[attr-defined]
    logout(request)
    here = request.get_full_path() if request.method == "GET" else reverse("overview")
    if is_fragment(request):
        here = "/" + request.headers.get("HX-Current-URL", "").partition("://")[2].partition("/")[2]
    there = f"{reverse('sso')}?{urlencode({'next': here})}"
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    return redirect(there if request.method == "GET" else "login")
