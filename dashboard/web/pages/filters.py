"""The filter language on the pages: its help, and what may stand where somebody types."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dashboard.fleet.entities import Kind
from dashboard.fleet.query.completion import complete
from dashboard.fleet.query.guide import Guide, guide
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.web.http import is_fragment, moment, signed_in, varied
from dashboard.web.lists import context_of
from dashboard.web.offers import SECTIONS


def kind_of_section(section: str) -> Kind:
    """Of "environments", "services", "tasks" or "executions"; else a 404."""
    kind = next((kind for kind in SECTIONS if SECTIONS[kind] == section), None)
    if kind is None:
        raise Http404(gettext("There is no such list."))
    return Kind(kind)


@require_GET
def explain(request: HttpRequest, section: str) -> HttpResponse:
    """How to filter a list: a page, or a dialog for htmx."""
    found: Guide = guide(kind_of_section(section))
    template = "filters/dialog.html" if is_fragment(request) else "filters/page.html"
    return varied(
        render(request, template, {"guide": found, "section": section, "title": gettext("How to filter")})
    )


@require_GET
def offer(request: HttpRequest, section: str) -> HttpResponse:
    """The options for a text that ends at the caret (`before`); each holds the text it would make of it."""
    kind, fleet = kind_of_section(section), moment(request).fleet
    before = request.GET.get("before", "")[:LONGEST_TEXT]
    found = complete(fleet, kind, before, context_of(signed_in(request), fleet))
    return varied(render(request, "filters/options.html", {"options": found}))
