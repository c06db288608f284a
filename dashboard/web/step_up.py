"""Who one is, asked once more before what cannot be taken back or is about many things at once.

With local accounts the password is asked for again, at an OpenID provider the person signs in anew; either counts
for ten minutes of the session, and so does the sign-in itself. A proxy cannot be asked whether somebody has just
signed in there; so what is to happen has to be typed, each time: that is against slips, not against a browser that
was left open.
"""

import time
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.web import limits
from dashboard.web.audit import sign_in_failed
from dashboard.web.http import PASSWORD, TYPED, fields_of, is_fragment, signed_in, text_of, varied

KEY = "confirmed"
"""Where a session keeps until when (epoch seconds) it is known well enough who sits there."""
WAITING = "waiting_for_confirmation"
LASTS = 600.0
WRONG_ONCE_MORE = _("a wrong password when asked once more")
LONGEST = 20_000
"""Letters of a form that are kept on the way to the provider and back."""


def is_known(request: HttpRequest, since: float | None = None) -> None:
    """It is known well enough who sits there, from `since` (epoch seconds; now) on for some minutes."""
    now = time.time()
    request.session[KEY] = min(now if since is None else since, now) + LASTS


def question(request: HttpRequest, what: str, *, typed: str) -> HttpResponse | None:
    """What to answer to a form instead of doing `what` (“delete otter”); None to go on. `typed` is what is easy to type
    of it.
    """
    if settings.SSO_PROXY is not None:
        return _typed(request, what, typed)
    if float(request.session.get(KEY, 0)) > time.time():
        return None
    if settings.SSO_MODE == "oidc":
        return _elsewhere(request, what)
    return _password(request, what)


def _password(request: HttpRequest, what: str) -> HttpResponse | None:
    user, given = signed_in(request), request.POST.get(PASSWORD)
    if given is None:
        return _ask(request, what)
    if wait := limits.sign_in_wait(request, user.username):
        return _ask(
            request,
            what,
            error=gettext("Too many tries. Wait {wait} min, then try again.").format(wait=-(-wait // 60)),
        )
    if not user.check_password(given):
        sign_in_failed(request, WRONG_ONCE_MORE, user.username)
        return _ask(request, what, error=gettext("That is not your password."))
    limits.signed_in(request, user.username)
    is_known(request)
    note(request, _("with the password"))
    return None


def note(request: HttpRequest, how: str) -> None:
    user = signed_in(request)
    audit.append(Note("confirmed", timezone.now(), "account", user.username, str(user), outcome=how))


def _typed(request: HttpRequest, what: str, phrase: str) -> HttpResponse | None:
    given = request.POST.get(TYPED)
    if given is not None and " ".join(text_of(given).split()).casefold() == phrase.casefold():
        return None
    error = "" if given is None else gettext("That is not “{phrase}”.").format(phrase=phrase)
    return _ask(request, what, error, phrase=phrase)


def _elsewhere(request: HttpRequest, what: str) -> HttpResponse:
    """The form waits in the session until its sender is back."""
    fields = fields_of(request)
    if sum(len(name) + len(value) for name, value in fields) <= LONGEST:
        request.session[WAITING] = {"path": request.path, "fields": fields, "what": what}
    there = f"{reverse('sso')}?{urlencode({'confirm': '1', 'next': reverse('confirmed')})}"
    return _ask(request, what, there=there)


@require_GET
def confirmed(request: HttpRequest) -> HttpResponse:
    """Back from the provider: the form that waited, to be sent with one more click."""
    waiting = request.session.pop(WAITING, None)
    if waiting is None:
        return redirect("overview")
    return varied(render(request, "accounts/confirmed.html", {"waiting": waiting}))


def _ask(
    request: HttpRequest, what: str, error: str = "", *, there: str = "", phrase: str = ""
) -> HttpResponse:
    context = {
        "what": what,
        "error": error,
        "there": there,
        "fields": fields_of(request),
        "password": PASSWORD,
        "typed": TYPED,
        "phrase": phrase,
        "name": settings.SSO_OIDC.name if settings.SSO_OIDC else "",
    }
    if is_fragment(request):
        return varied(render(request, "accounts/step_up_dialog.html", context))
    return varied(render(request, "accounts/step_up.html", context, status=422 if error else 200))
