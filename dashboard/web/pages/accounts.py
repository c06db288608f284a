"""Signing in and out, however people are known here."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from dashboard.web import limits
from dashboard.web.http import next_address
from dashboard.web.sso.oidc import provider
from dashboard.web.sso.provider import ProviderDown, Refused, Untrusted

local_sign_in = auth.LoginView.as_view(template_name="accounts/login.html")
local_sign_out = auth.LogoutView.as_view()


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Name and password, or the way to the provider; behind a proxy only the reason why nobody is signed in."""
    if settings.SSO_MODE == "local":
        return _sign_in_here(request)
    if request.user.is_authenticated:
        return redirect(next_address(request, reverse("overview")))
    if settings.SSO_PROXY is not None:
        return render(request, "accounts/refused.html", {"why": request.why_refused}, status=403)  # type: ignore[attr-defined]
    there = f"{reverse('sso')}?{urlencode({'next': next_address(request, reverse('overview'))})}"
    return render(request, "accounts/elsewhere.html", {"name": provider().config.name, "there": there})


def _sign_in_here(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return local_sign_in(request)
    name = request.POST.get("username", "")
    if wait := limits.sign_in_wait(request, name):
        context = {"minutes": -(-wait // 60), "next": next_address(request, reverse("overview"))}
        refused = render(request, "accounts/login.html", context, status=429)
        refused["Retry-After"] = str(wait)
        return refused
    response = local_sign_in(request)
    if response.status_code == 302:
        limits.signed_in(request, name)
    return response


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Keeps the choice in a cookie of a year, and goes back to the page that asked."""
    return set_language(request)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Ends the session here. Where one has signed in elsewhere, a page leads there to end that one too: a redirect
    of the form itself may not leave this site.
    """
    if settings.SSO_MODE == "local":
        return local_sign_out(request)
    logout(request)
    return render(request, "accounts/signed_out.html", {"url": _sign_out_elsewhere(request)})


def _sign_out_elsewhere(request: HttpRequest) -> str:
    back = reverse("login")
    if settings.SSO_PROXY is not None:
        return settings.SSO_PROXY.logout_url or back
    try:
        return provider().sign_out_url(request.build_absolute_uri(back)) or back
    except (ProviderDown, Refused, Untrusted):
        return back
