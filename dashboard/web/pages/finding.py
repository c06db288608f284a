"""The search over everything, as a page and as the options of the palette, and the keys of the keyboard."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dashboard.web.find import LONGEST, PAGES, find
from dashboard.web.http import is_fragment, text_of, varied


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    text, at = text_of(request.GET.get("q", ""))[:LONGEST], text_of(request.GET.get("at", ""))
    context = {
        "title": gettext("Search"),
        "text": text,
        "groups": find(request, text, at),
        "longest": LONGEST,
    }
    template = "find/options.html" if is_fragment(request) else "find/page.html"
    return varied(render(request, template, context))


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """Which keys do what: a page, or a dialog for htmx."""
    context = {
        "title": gettext("Keyboard shortcuts"),
        "pages": [(gettext(label), name, key) for label, name, key in PAGES if key],
    }
    template = "find/keys_dialog.html" if is_fragment(request) else "find/keys_page.html"
    return varied(render(request, template, context))
