"""A new environment. It has no target yet, so a token in the form stands for it: a form sent twice is one wish."""

from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment
from dashboard.web.forms.creation import NEW
from dashboard.web.pages.actions import ask_or_do


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return ask_or_do(request, Verb.CREATE_ENVIRONMENT, Environment(f"{NEW}{_token(request)}"))


def _token(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid4()
