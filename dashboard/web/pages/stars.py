"""Starring, from a row or a page."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from dashboard.control import stars
from dashboard.control.stars import KINDS, MOST_STARS
from dashboard.fleet.entities import Kind
from dashboard.web.http import found_or_404, is_fragment, next_address, signed_in, text_of, varied


@require_POST
def star(request: HttpRequest) -> HttpResponse:
    """`star` or `unstar` names the thing, as environment:<id>. Says what it should be, so a second press, or one on a
    page that is out of date, turns nothing round.
    """
    on = "star" in request.POST
    kind, identifier = (
        _named(text_of(request.POST["star" if on else "unstar"])) if _asked(request) else (None, "")
    )
    if kind is None:
        return HttpResponse(
            _("Nothing to star was named."), status=HTTPStatus.BAD_REQUEST, content_type="text/plain"
        )
    user, refused = signed_in(request), ""
    if on:
        row = found_or_404(request, kind, identifier)
        if not stars.star(user, kind, row.id, row.name):
            refused = ngettext(
                "%(most)d thing has a star already. Take one away first.",
                "%(most)d things have a star already. Take one away first.",
                MOST_STARS,
            ) % {"most": MOST_STARS}
    else:
        stars.unstar(user, kind, identifier)
    if is_fragment(request):
        status = HTTPStatus.CONFLICT if refused else HTTPStatus.NO_CONTENT
        return varied(HttpResponse(refused, status=status, content_type="text/plain"))
    if refused:
        messages.warning(request, refused)
    return redirect(next_address(request, "overview"))


def _asked(request: HttpRequest) -> bool:
    return "star" in request.POST or "unstar" in request.POST


def _named(text: str) -> tuple[Kind | None, str]:
    word, _, identifier = text.partition(":")
    kind = next((one for one in KINDS if one.value == word), None)
    return (kind, identifier) if identifier else (None, "")
