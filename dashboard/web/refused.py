"""The page of what somebody may not do: why, what their role opens, who gives roles, and the nearest page for them."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import Role, User
from dashboard.control.permissions import VIEWERS
from dashboard.web.access import Access, may_see, needed
from dashboard.web.find import PAGES
from dashboard.web.http import varied

MAY = {
    Role.VIEWER: _(
        "As a viewer you see everything, and change what is yours: views, stars, columns, tokens."
    ),
    Role.OPERATOR: _(
        "As an operator you start and stop services and task executions, and the environments that you created."
    ),
}
ADMINS_NAMED = 3


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 403 page; its first paragraph is the reason, which is all that a dialog shows of it."""
    user = cast("User", request.user)
    context: dict[str, Any] = {"words": str(exception)}
    if user.is_authenticated:
        context["near"] = nearest(request.path_info, user)
        if user.role != Role.ADMIN:
            context["may"] = "" if context["words"] == VIEWERS else MAY[Role(user.role)]
            context["admins"] = admins()
            context["provider"] = settings.SSO_OIDC.name if settings.SSO_OIDC else ""
    return varied(render(request, "403.html", context, status=403))


def admins() -> list[str]:
    """The names of those who were here last."""
    known = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(last_login=None)
    return [str(one) for one in known.order_by("-last_login", "pk")[:ADMINS_NAMED]]


def nearest(path: str, user: User) -> tuple[str, str] | None:
    """(address, what it is called) of the page above `path` that the person may see; None when that is the overview."""
    called = {name: label for label, name, _key in PAGES}
    while path.count("/") > 1:
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            name = resolve(path).url_name or ""
        except Resolver404:
            continue
        if (
            name != "overview"
            and needed(name, "GET") in {Access.SIGNED_IN, Access.ADMIN}
            and may_see(user, name)
        ):
            where = get_script_prefix().rstrip("/") + path
            return where, gettext(called[name]) if name in called else gettext("To its page")
    return None
