"""What the words mean, and hints that go away for good."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.control.people.preferences import put_hint_away
from dashboard.web.glossary import HINTS, PHASES, WORDS
from dashboard.web.http import is_fragment, next_address, signed_in, varied


@require_GET
def words(request: HttpRequest) -> HttpResponse:
    """The glossary."""
    context = {"title": _("What the words mean"), "phases": PHASES, "words": WORDS}
    return varied(render(request, "help/words.html", context))


@require_POST
def put_away(request: HttpRequest, name: str) -> HttpResponse:
    """A hint was read: this person does not see it again."""
    if name not in HINTS:
        raise Http404(_("There is no such hint."))
    put_hint_away(signed_in(request), name)
    return HttpResponse() if is_fragment(request) else redirect(next_address(request, name))
