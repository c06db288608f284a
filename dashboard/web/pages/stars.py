"""Starring, from a row or a page, and what an open page asks for to tell of what is starred."""

import time
from dataclasses import asdict
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.control.people import stars
from dashboard.control.people.stars import KINDS, MOST_STARS
from dashboard.fleet.entities import Kind
from dashboard.web.http import (
    found_or_404,
    is_fragment,
    moment,
    next_address,
    signed_in,
    text_of,
    varied,
)
from dashboard.web.news import name_of, news
from dashboard.web.quiet import quiet
from dashboard.web.stars import stars_of


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


@require_GET
@quiet
def watching(request: HttpRequest) -> HttpResponse:
    """The news of what the person has starred, as {"seen": …, "items": […]}; 204 when it is what `seen` names. While
    there is no fleet, as after Redis has lost it, nothing is said to have passed.
    """
    held, fleet = stars_of(signed_in(request)), moment(request).fleet
    found = news(held, fleet, time.time())
    name = name_of(found)
    if request.GET.get("seen") == name or (held and not fleet.environments):
        return varied(HttpResponse(status=HTTPStatus.NO_CONTENT))
    return varied(JsonResponse({"seen": name, "items": [asdict(item) for item in found]}))
