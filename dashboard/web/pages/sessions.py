"""Where somebody is signed in, and ending it: one's own sessions, and for admins everybody's."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.config.projects import ProjectRole
from dashboard.control.models import Role, SignIn
from dashboard.control.people import sign_ins
from dashboard.control.people.project_roles import roles_of
from dashboard.fleet.entities import Kind
from dashboard.web.http import moment, signed_in, varied
from dashboard.web.quiet import forget_sessions

MOST = 500
"""Newest sessions shown at once."""


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    shown = list(_visible(request)[:MOST])
    context = {
        "title": gettext("Sessions"),
        "sessions": shown,
        "this": request.session.session_key,
        "everybody": signed_in(request).role == Role.ADMIN,
        "most": MOST if len(shown) == MOST else 0,
        "in_projects": _in_projects(request),
    }
    return varied(render(request, "accounts/sessions.html", context))


def _in_projects(request: HttpRequest) -> list[tuple[str, list[str]]]:
    """The person's own roles, each with the projects in which they have it and that there are."""
    fleet, roles = moment(request).fleet, roles_of(signed_in(request))
    there = [key for key in roles if key in fleet.of(Kind.PROJECT)]
    found = [
        (role.value, sorted(fleet.project(key) for key in there if role in roles[key]))
        for role in ProjectRole
    ]
    return [(role, projects) for role, projects in found if projects]


@require_POST
def end(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """End one; a session that is somebody else's is not there for anybody but admins."""
    chosen = _visible(request).filter(id=identifier)
    if not chosen:
        raise Http404(gettext("There is no such session. It may have ended already."))
    forget_sessions(sign_ins.end(chosen, timezone.now()))
    messages.success(request, gettext("The session has ended."))
    return redirect("sessions")


def _visible(request: HttpRequest) -> QuerySet[SignIn]:
    if settings.SSO_PROXY is not None:
        raise Http404(
            gettext("The proxy in front of this dashboard signs people in: there are no sessions here.")
        )
    current, user = sign_ins.current(timezone.now()), signed_in(request)
    return current if user.role == Role.ADMIN else current.filter(user=user)
