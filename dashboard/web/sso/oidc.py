"""Signing in at an OpenID provider (`SSO_MODE=oidc`): leave for it, come back with a code, become somebody."""

import logging
import secrets
from dataclasses import asdict
from functools import lru_cache

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from dashboard.config.sso import Oidc
from dashboard.control.models import SignIn, User
from dashboard.control.people import sign_ins
from dashboard.control.people.identity import NotLetIn, let_in, username_of
from dashboard.sealed import seal
from dashboard.web import organisations, step_up
from dashboard.web.audit import KEY, sign_in_failed
from dashboard.web.http import next_address
from dashboard.web.quiet import forget_sessions
from dashboard.web.sso import provider as providers
from dashboard.web.sso.identity import identity_of
from dashboard.web.sso.provider import (
    LEEWAY,
    Attempt,
    Claims,
    Provider,
    ProviderDown,
    Refused,
    Tokens,
    Untrusted,
)

logger = logging.getLogger(__name__)
ATTEMPT_SECONDS = 600
BACKEND = "dashboard.web.sso.backend.Elsewhere"
COOKIE = "ona_attempt_"
DOWN = _("{name} does not answer. Try again in a moment.")
UNTRUSTED = _(
    "The answer of {name} could not be trusted, so nobody was signed in. The dashboard's log says why."
)
NOT_STARTED = _("This sign-in was not started in this browser, or took too long. Start again.")
SAID_NO = _("{name} did not sign you in. Start again, or ask whoever runs it.")


@lru_cache(maxsize=4)
def _provider(config: Oidc) -> Provider:
    return Provider(config, providers.http(), lambda: timezone.now().timestamp())


def provider() -> Provider:
    """The provider of this process; 404 in any other mode."""
    if settings.SSO_OIDC is None:
        raise Http404(_("Signing in elsewhere is not set up."))
    return _provider(settings.SSO_OIDC)


@login_not_required
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Off to the provider. What is needed on the way back stays in a signed cookie: an anonymous visit leaves no
    trace in the database.
    """
    there = provider()
    attempt = Attempt(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        redirect_uri=request.build_absolute_uri(reverse("sso-callback")),
        next=next_address(request, reverse("overview")),
        anew=timezone.now().timestamp()
        if "confirm" in request.GET and request.user.is_authenticated
        else 0.0,
    )
    try:
        url = there.sign_in_url(attempt)
    except (ProviderDown, Refused, Untrusted) as trouble:
        return _failed(request, trouble)
    response = redirect(url)
    response.set_signed_cookie(
        _cookie(attempt.state),
        signing.dumps(asdict(attempt)),
        max_age=ATTEMPT_SECONDS,
        path=reverse("sso-callback"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code or with a no."""
    there, attempt = provider(), _attempt(request)
    if attempt is None:
        return _refused(request, NOT_STARTED, 400)
    try:
        response = _come_back(request, there, attempt)
    except (ProviderDown, Refused, Untrusted) as trouble:
        response = _failed(request, trouble)
    except NotLetIn as refused:
        sign_in_failed(request, str(refused))
        response = _refused(request, str(refused), 403)
    response.delete_cookie(_cookie(attempt.state), path=reverse("sso-callback"))
    return response


def _come_back(request: HttpRequest, there: Provider, attempt: Attempt) -> HttpResponse:
    issuer, code = request.GET.get("iss"), request.GET.get("code", "")
    wanted = there.metadata().authorization_response_iss_parameter_supported
    if (wanted or issuer) and issuer != there.config.issuer:
        raise Untrusted("the way back names another issuer")  # RFC 9207
    if "error" in request.GET or not code:
        raise Refused(request.GET.get("error", "no code")[:80])
    tokens = there.redeem(code, attempt)
    claims = there.claims(tokens.id_token, attempt.nonce)
    identity = identity_of(there, claims, tokens)
    user = let_in(identity)
    if attempt.anew:
        _same_person(request, user, claims, attempt.anew)
        _remember(request, tokens, claims)
        step_up.note(request, f"at {there.config.name}")
        return redirect(attempt.next)
    logout(request)  # whoever was signed in before: the new session shares nothing with theirs
    login(request, user, backend=BACKEND)
    request.session[organisations.SESSION] = organisations.seen_with(identity.groups)
    _remember(request, tokens, claims)
    return redirect(attempt.next)


def _same_person(request: HttpRequest, user: User, claims: Claims, since: float) -> None:
    """Raises Untrusted unless whoever is signed in here has just signed in there, and not merely been there before."""
    if request.user.pk != user.pk:
        raise Untrusted("somebody else signed in when a person was asked once more")
    at = claims.get("auth_time")
    if not isinstance(at, int) or at < since - LEEWAY:
        raise Untrusted("the provider did not ask anew: auth_time is missing or old")


def _remember(request: HttpRequest, tokens: Tokens, claims: Claims) -> None:
    told = {"provider_session": str(claims.get("sid", ""))[:255], "refresh": seal(tokens.refresh_token)}
    SignIn.objects.filter(id=request.session[KEY]).update(**told)
    request.session["subject"] = claims["sub"]
    request.session["checked"] = timezone.now().timestamp()
    signed_in_there = claims.get("auth_time")
    step_up.is_known(request, since=signed_in_there if isinstance(signed_in_there, int) else 0.0)


def _attempt(request: HttpRequest) -> Attempt | None:
    """What was started in this browser, if it is what comes back."""
    state = request.GET.get("state", "")
    try:
        kept = request.get_signed_cookie(_cookie(state), max_age=ATTEMPT_SECONDS)
        attempt = Attempt(**signing.loads(kept or "", max_age=ATTEMPT_SECONDS))
    except (KeyError, TypeError, signing.BadSignature):
        return None
    return attempt if constant_time_compare(attempt.state, state) else None


def _cookie(state: str) -> str:
    """One a tab, so that two tabs may sign in at once."""
    return COOKIE + "".join(letter for letter in state[:8] if letter.isalnum())


def _failed(request: HttpRequest, trouble: Exception) -> HttpResponse:
    logger.warning("sign-in failed: %s: %s", type(trouble).__name__, str(trouble)[:300])
    sign_in_failed(request, f"{type(trouble).__name__}: {str(trouble)[:300]}")
    if isinstance(trouble, ProviderDown):
        return _refused(request, DOWN, 503)
    return _refused(request, SAID_NO if isinstance(trouble, Refused) else UNTRUSTED, 403)


def _refused(request: HttpRequest, words: str, status: int) -> HttpResponse:
    name = settings.SSO_OIDC.name if settings.SSO_OIDC else ""
    return render(request, "accounts/refused.html", {"why": gettext(words).format(name=name)}, status=status)


@login_not_required
@csrf_exempt
@require_POST
def back_channel(request: HttpRequest) -> HttpResponse:
    """The provider itself says that somebody has signed out there: their sessions here end too."""
    there = provider()
    try:
        claims = there.logout_claims(request.POST.get("logout_token", ""))
    except ProviderDown:
        return JsonResponse({"error": "try again"}, status=503)
    except (Untrusted, Refused) as trouble:
        logger.warning("a logout token was not believed: %s", trouble)
        return JsonResponse({"error": "invalid_request"}, status=400)
    why = f"{there.config.name} says that somebody signed out there"
    forget_sessions(sign_ins.end(_meant(there, claims), timezone.now(), reason=why))
    return HttpResponse(status=200, headers={"Cache-Control": "no-store"})


def _meant(there: Provider, claims: Claims) -> "QuerySet[SignIn]":
    chosen = Q()
    if sid := claims.get("sid"):
        chosen &= Q(provider_session=str(sid))
    if sub := claims.get("sub"):
        chosen &= Q(user__username=username_of("oidc", f"{there.config.issuer} {sub}"))
    return SignIn.objects.filter(chosen)
