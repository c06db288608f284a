"""Who may ask for which address, with which method: one table. The pages are held to it, the documentation is written
from it, and a test walks it. An address that is not in it is closed.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _

from dashboard.config.projects import ProjectRole
from dashboard.control.models import Role, User
from dashboard.control.permissions import IN_PROJECTS, READ_LOGS, TABLE, Needs, bulk_refusal
from dashboard.control.verbs import RULES, Verb
from dashboard.web.http import GetResponse

logger = logging.getLogger(__name__)


class Access(Enum):
    """What it takes; `TARGET`: the right to a verb on what the address names."""

    ANYBODY = "anybody, signed in or not"
    SIGNED_IN = "everybody who is signed in"
    OPERATOR = "operators, admins and whoever has a role in a project"
    TARGET = "whoever may do it"
    BEGAN = "whoever began it, and admins"
    READER = "everybody who is signed in, but for those whose role in its project has no logs"
    KEEPER = "its creator, and admins when it is shared"
    ADMIN = "admins"
    WATCHER = "whoever sends `METRICS_TOKEN`; without one, this machine"
    BEARER = "whoever sends a personal token that may"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Route:
    """An address, by its name in `urls.py`. `verb` names the one that a TARGET is about where the address does not;
    `words` is what somebody reads who may not.
    """

    get: Access = Access.SIGNED_IN
    post: Access = Access.NOBODY
    verb: Verb | None = None
    words: str = ""


PAGE = Route()
ACTION = Route(get=Access.TARGET, post=Access.TARGET)
SEVERAL = Route(get=Access.NOBODY, post=Access.OPERATOR)  # and each target is judged on its own
LOG = Route(get=Access.READER)
BEGUN = Route(get=Access.NOBODY, post=Access.BEGAN)
POLICY = Route(get=Access.ADMIN, post=Access.ADMIN, words=_("Only admins change idle policies."))
CHANNEL = Route(get=Access.ADMIN, post=Access.ADMIN, words=_("Only admins change channels."))
WEBHOOK = Route(get=Access.ADMIN, post=Access.ADMIN, words=_("Only admins change webhooks."))
WEBHOOK_DEED = Route(get=Access.NOBODY, post=Access.ADMIN, words=_("Only admins change webhooks."))
OPEN = Route(get=Access.ANYBODY)
BY_TOKEN = Route(get=Access.BEARER)
ACT_BY_TOKEN = Route(get=Access.NOBODY, post=Access.BEARER)
ROUTES = {
    "overview": PAGE,
    "environments-list": PAGE,
    "environments-new": Route(get=Access.TARGET, post=Access.TARGET, verb=Verb.CREATE_ENVIRONMENT),
    "environments-bulk": SEVERAL,
    "environments-detail": PAGE,
    "environments-automations": Route(post=Access.TARGET, verb=Verb.UPSERT_AUTOMATIONS),
    "environments-exempt": Route(get=Access.TARGET, post=Access.TARGET, verb=Verb.KEEP_AWAKE),
    "environments-keep": Route(get=Access.TARGET, post=Access.TARGET, verb=Verb.KEEP_AWAKE),
    "environments-act": ACTION,
    "services-list": PAGE,
    "services-detail": PAGE,
    "services-log": LOG,
    "services-act": ACTION,
    "tasks-list": PAGE,
    "tasks-detail": PAGE,
    "tasks-act": ACTION,
    "executions-list": PAGE,
    "executions-detail": PAGE,
    "executions-log": LOG,
    "executions-act": ACTION,
    "classes": PAGE,
    "classes-prices": Route(post=Access.ADMIN, words=_("Only admins set prices.")),
    "costs": PAGE,
    "filter-help": PAGE,
    "filter-offer": PAGE,
    "find": PAGE,
    "keys": PAGE,
    "help": PAGE,
    "hint-away": Route(get=Access.NOBODY, post=Access.SIGNED_IN),
    "idle": PAGE,
    "idle-stop": SEVERAL,
    "idle-exemptions": PAGE,
    "idle-exempt": Route(
        get=Access.ADMIN, post=Access.ADMIN, words=_("Only admins exempt what matches a filter.")
    ),
    "idle-exemption-end": BEGUN,
    "idle-policies": PAGE,
    "idle-policy": PAGE,
    "idle-policy-new": POLICY,
    "idle-policy-edit": POLICY,
    "idle-policy-arm": POLICY,
    "idle-policy-pause": POLICY,
    "idle-policy-delete": POLICY,
    "idle-reports": Route(post=Access.ADMIN, words=_("Only admins choose where reports are sent.")),
    "idle-report": PAGE,
    "idle-what-if": Route(post=Access.SIGNED_IN),
    "idle-what-if-cancel": Route(get=Access.NOBODY, post=Access.SIGNED_IN),  # who asked for it, and admins
    "idle-channels": Route(get=Access.ADMIN, words=_("Only admins change channels.")),
    "idle-channel-new": CHANNEL,
    "idle-channel-edit": CHANNEL,
    "idle-channel-test": Route(get=Access.NOBODY, post=Access.ADMIN, words=_("Only admins change channels.")),
    "idle-channel-delete": CHANNEL,
    "idle-batches": PAGE,
    "idle-batch": PAGE,
    "idle-begin": SEVERAL,
    "idle-cancel": BEGUN,
    "idle-retry": BEGUN,
    "idle-undo": SEVERAL,
    "columns": Route(post=Access.SIGNED_IN),
    "views": PAGE,
    "views-new": Route(post=Access.SIGNED_IN),
    "views-counts": PAGE,
    "views-edit": Route(get=Access.KEEPER, post=Access.KEEPER),
    "views-delete": Route(get=Access.NOBODY, post=Access.KEEPER),
    "views-default": Route(get=Access.NOBODY, post=Access.SIGNED_IN),
    "stars": Route(get=Access.NOBODY, post=Access.SIGNED_IN),
    "watching": PAGE,
    "activity": PAGE,
    "activity-made": PAGE,
    "activity-audit": Route(get=Access.ADMIN, words=_("Only admins read the audit.")),
    "system": PAGE,
    "system-message-again": Route(
        get=Access.NOBODY, post=Access.ADMIN, words=_("Only admins send messages again.")
    ),
    "language": Route(get=Access.NOBODY, post=Access.ANYBODY),
    "login": Route(get=Access.ANYBODY, post=Access.ANYBODY),
    "logout": Route(get=Access.NOBODY, post=Access.ANYBODY),
    "sessions": PAGE,
    "sessions-end": Route(
        get=Access.NOBODY, post=Access.SIGNED_IN
    ),  # somebody else's: not there, but for admins
    "told": Route(post=Access.SIGNED_IN),
    "tokens": Route(post=Access.SIGNED_IN),
    "tokens-revoke": Route(get=Access.NOBODY, post=Access.SIGNED_IN),  # as with sessions
    "api": PAGE,
    "webhooks": Route(get=Access.ADMIN, words=_("Only admins see webhooks.")),
    "webhook": Route(get=Access.ADMIN, words=_("Only admins see webhooks.")),
    "webhook-new": WEBHOOK,
    "webhook-edit": WEBHOOK,
    "webhook-test": WEBHOOK_DEED,
    "webhook-delete": WEBHOOK,
    "webhook-again": WEBHOOK_DEED,
    "confirmed": PAGE,
    "sso": OPEN,
    "sso-callback": OPEN,
    "sso-logout": Route(get=Access.NOBODY, post=Access.ANYBODY),  # the provider, with a signed token
    "reports-csp": Route(get=Access.NOBODY, post=Access.ANYBODY),
    "healthz": OPEN,
    "readyz": OPEN,
    "metrics": Route(get=Access.WATCHER),
    "api-openapi": OPEN,
    "api-environments": BY_TOKEN,
    "api-environment": BY_TOKEN,
    "api-services": BY_TOKEN,
    "api-service": BY_TOKEN,
    "api-tasks": BY_TOKEN,
    "api-task": BY_TOKEN,
    "api-executions": BY_TOKEN,
    "api-execution": BY_TOKEN,
    "api-idle": BY_TOKEN,
    "api-actions": BY_TOKEN,
    "api-action": BY_TOKEN,
    "api-environment-start": ACT_BY_TOKEN,
    "api-environment-stop": ACT_BY_TOKEN,
    "api-service-start": ACT_BY_TOKEN,
    "api-service-stop": ACT_BY_TOKEN,
    "api-task-start": ACT_BY_TOKEN,
    "api-execution-stop": ACT_BY_TOKEN,
    "api-idle-stop": ACT_BY_TOKEN,
    "api-batch-begin": ACT_BY_TOKEN,
    "api-batch-cancel": ACT_BY_TOKEN,
    "api-batch-retry": ACT_BY_TOKEN,
    "api-batch-undo": ACT_BY_TOKEN,
    "api-batches": Route(get=Access.BEARER, post=Access.BEARER),
    "api-batch": BY_TOKEN,
}


def _only_admins(user: User) -> str:
    return "" if user.role == Role.ADMIN else "Only admins may do this."


FLOORS: dict[Access, Callable[[User], str]] = {
    Access.BEGAN: bulk_refusal,
    Access.OPERATOR: bulk_refusal,
    Access.ADMIN: _only_admins,
}
"""Why somebody may not even ask, "" when they may; what is asked for is judged besides."""


def needed(name: str, method: str) -> Access:
    """What it takes to ask for the address called `name`; NOBODY for one that is not declared."""
    route = ROUTES.get(name, Route(get=Access.NOBODY))
    if method in {"GET", "HEAD"}:
        return route.get
    return route.post if method == "POST" else Access.NOBODY


def may_see(user: User, name: str) -> bool:
    """Whether somebody who is signed in may ask for the page at the address called `name`."""
    floor = FLOORS.get(needed(name, "GET"))
    return floor is None or not floor(user)


def guard(get_response: GetResponse) -> GetResponse:
    """Middleware, behind the sign-in: closes what is not declared, and what takes a role to those without it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, _view: Callable[..., Any], _args: Any, _kwargs: Any) -> None:
        name = (request.resolver_match and request.resolver_match.url_name) or ""
        if name not in ROUTES:
            logger.error("the address %s is not declared in web/access.py", name or request.path[:200])
            _refuse(request, _("This address is closed."))
        floor = FLOORS.get(needed(name, request.method or ""))
        if floor is not None and (why_not := floor(cast("User", request.user))):
            _refuse(request, ROUTES[name].words or why_not)

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _refuse(request: HttpRequest, words: str) -> NoReturn:
    request.why_refused = words  # type: ignore[attr-defined]
    raise PermissionDenied(words)


def markdown() -> str:
    """The page of the documentation."""
    lines = [
        "# Who may do what",
        "",
        "Written by `python -m scripts.permissions` from `dashboard/control/permissions.py` and",
        "`dashboard/web/access.py`. One test compares them, another asks for each address as everybody.",
        "",
        "Creators are operators whose verified e-mail address is that of the Ona user who created the environment.",
        "",
        "## What is asked of Ona",
        "",
        "Lead and maintainer are [roles in single projects](sign-in.md#roles-in-projects): what they may there,",
        "whatever their role is elsewhere.",
        "",
        "| deed | viewer | operator | creator | lead | maintainer | admin |",
        "|---|---|---|---|---|---|---|",
        *(_deed(verb) for verb in RULES),
        f"| log: read | yes | yes | yes | {_reads(ProjectRole.LEAD)} | {_reads(ProjectRole.MAINTAINER)} | yes |",
        "",
        "## Addresses",
        "",
        "| address | see | send |",
        "|---|---|---|",
        *(
            f"| `{_pattern(name)}` | {route.get.value} | {route.post.value} |"
            for name, route in ROUTES.items()
        ),
        "",
        "“Whoever may do it” refers to the table above. What is not listed is closed.",
    ]
    return "\n".join(lines) + "\n"


def _deed(verb: Verb) -> str:
    needs = TABLE.get(verb, Needs.ADMIN)
    operator = "yes" if needs is Needs.OPERATOR else "no"
    creator = "no" if needs is Needs.ADMIN else "yes"
    lead, maintainer = ("yes" if verb in IN_PROJECTS[role] else "no" for role in ProjectRole)
    name = verb.value.replace(".", ": ").replace("-", " ")
    return f"| {name} | no | {operator} | {creator} | {lead} | {maintainer} | yes |"


def _reads(role: ProjectRole) -> str:
    return "yes" if role in READ_LOGS else "no"


def _pattern(name: str) -> str:
    from dashboard.api_urls import urlpatterns

    route = next(str(pattern.pattern) for pattern in urlpatterns if pattern.name == name)
    return "/" + re.sub(r"<[^>]+>", "…", route)
