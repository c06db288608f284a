"""Saved views: save the filter of a list, change, share and delete views, open a list with one."""

from http import HTTPStatus
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.control.people.saved import SavedView
from dashboard.control.people.views import delete as delete_view
from dashboard.control.people.views import keep, may_change, may_delete, set_default
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import parse
from dashboard.fleet.query.guide import TITLES
from dashboard.web.columns import kept_look
from dashboard.web.forms.views import ViewForm
from dashboard.web.http import is_fragment, moment, next_address, signed_in, text_of, varied
from dashboard.web.lists import context_of
from dashboard.web.pages.filters import kind_of_section
from dashboard.web.view_tabs import SHOWN_TABS, address_of, count_of, counted

GONE = _("There is no such view. It may have been deleted, or it is somebody else's.")
NOT_TO_CHANGE = _("Only its creator or an admin changes a view.")
NOT_TO_DELETE = _("Only its creator or an admin deletes a view.")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All views that the person sees, by list."""
    user, fleet = signed_in(request), moment(request).fleet
    views = list(SavedView.objects.seen_by(user))
    context = context_of(user, fleet, *(view.query for view in views))
    groups: dict[str, list[dict[str, object]]] = {}
    for view in views:
        line = {
            "view": view,
            "url": address_of(view),
            "count": count_of(fleet, view, context),
            "may_change": may_change(user, view),
            "may_delete": may_delete(user, view),
        }
        groups.setdefault(TITLES[Kind(view.kind)], []).append(line)
    return varied(
        render(request, "views/index.html", {"title": gettext("Views"), "groups": groups, "user_id": user.pk})
    )


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, section: str) -> HttpResponse:
    """Save what a list shows as a view of one's own."""
    kind = kind_of_section(section)
    asked = parse(kind, request.GET.dict())
    columns, density = kept_look(request.GET.get("columns", ""), request.GET.get("density", ""))
    view = SavedView(
        kind=kind.value,
        owner=signed_in(request),
        query=asked.text,
        sort=asked.sort,
        columns=columns,
        density=density,
        created=timezone.now(),
    )
    return _ask_or_keep(request, view)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, identifier: UUID) -> HttpResponse:
    view = _seen(request, identifier)
    if not may_change(signed_in(request), view):
        raise PermissionDenied(NOT_TO_CHANGE)
    return _ask_or_keep(request, view)


@require_POST
def delete(request: HttpRequest, identifier: UUID) -> HttpResponse:
    view = _seen(request, identifier)
    if not may_delete(signed_in(request), view):
        raise PermissionDenied(NOT_TO_DELETE)
    delete_view(signed_in(request), view)
    return redirect("views")


@require_POST
def open_with(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The person's list opens with this view, or (with `on=0`) no longer."""
    set_default(signed_in(request), _seen(request, identifier), on=request.POST.get("on") != "0")
    return redirect(next_address(request, "views"))


@require_GET
def counts(request: HttpRequest, section: str) -> HttpResponse:
    """How many rows each view has, for the tabs above a list, which load it when they are there."""
    kind, user, fleet = kind_of_section(section), signed_in(request), moment(request).fleet
    views = list(SavedView.objects.seen_by(user, kind.value)[:SHOWN_TABS])
    found = counted(fleet, views, context_of(user, fleet, *(view.query for view in views)))
    return varied(render(request, "views/counts.html", {"counts": found}))


def _seen(request: HttpRequest, identifier: UUID) -> SavedView:
    view = SavedView.objects.seen_by(signed_in(request)).filter(pk=identifier).first()
    if view is None:
        raise Http404(gettext(GONE))
    return view


def _ask_or_keep(request: HttpRequest, view: SavedView) -> HttpResponse:
    user, fleet = signed_in(request), moment(request).fleet
    typed = {name: text_of(request.POST[name]) for name in request.POST} if request.method == "POST" else None
    form = ViewForm(typed, user=user, view=view, fleet=fleet, context=context_of(user, fleet))
    if not form.is_valid():
        return _question(request, view, form)
    keep(user, form.filled(), default=form.cleaned_data["default"])
    if is_fragment(request):
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
        answer["HX-Redirect"] = address_of(view)
        return answer
    return redirect(address_of(view))


def _question(request: HttpRequest, view: SavedView, form: ViewForm) -> HttpResponse:
    """The form; it comes back with what is wrong at each field."""
    known = "" if view._state.adding else SavedView.objects.get(pk=view.pk).name
    context = {
        "form": form,
        "name": known,
        "back": address_of(view),
        "title": known or gettext("Save as a view"),
    }
    if is_fragment(request):
        return varied(render(request, "views/dialog.html", context))
    return varied(render(request, "views/page.html", context, status=422 if form.is_bound else 200))
