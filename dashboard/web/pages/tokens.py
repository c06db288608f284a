"""Personal tokens: one's own, and for admins everybody's. The text of one is shown once, and kept nowhere."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.control.models import PersonalToken, Role, Scope
from dashboard.control.people import personal_tokens
from dashboard.fleet.sentences import looked_up
from dashboard.web import step_up
from dashboard.web.forms.tokens import TokenForm
from dashboard.web.http import signed_in, varied

SHOWN = 500


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The list, and the form of a new one. The answer to that form is the only page that ever shows its text."""
    user, now = signed_in(request), timezone.now()
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    made, text = None, ""
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        what = _("make a token that acts for you") if Scope.ACT in form.cleaned_data["scopes"] else ""
        if what and (asked := step_up.question(request, what, typed=gettext("make a token"))):
            return asked
        scopes = [Scope(one) for one in form.cleaned_data["scopes"]]
        try:
            made, text = personal_tokens.make(user, name, scopes, form.cleaned_data["days"], now)
        except personal_tokens.Refused as refused:
            form.add_error(None, looked_up(str(refused)))
        else:
            form = TokenForm(None, user=user)
    shown = list(personal_tokens.seen_by(user)[:SHOWN])
    lines = [(one, _state(one)) for one in shown]
    context = {
        "title": _("Personal tokens"),
        "form": form,
        "made": made,
        "text": text,
        "lines": lines,
        "ending": [one for one, state in lines if state == "ending" and one.user_id == user.pk],
        "everybody": user.role == Role.ADMIN,
        "most": personal_tokens.MOST,
        "shown_most": SHOWN if len(shown) == SHOWN else 0,
    }
    return varied(render(request, "tokens/index.html", context, status=422 if form.errors else 200))


def _state(token: PersonalToken) -> str:
    """good, ending, ended or revoked."""
    now = timezone.now()
    if token.revoked is not None:
        return "revoked"
    if token.expires <= now:
        return "ended"
    return "ending" if token.expires - now < personal_tokens.NEAR else "good"


@require_POST
def revoke(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Its next request is refused. Somebody else's token is not there for anybody but admins."""
    chosen = personal_tokens.seen_by(signed_in(request)).filter(pk=identifier)
    if not chosen:
        raise Http404(_("There is no such token."))
    if personal_tokens.revoke(chosen, timezone.now()):
        messages.success(request, _("The token is revoked."))
    return redirect("tokens")
