"""Every address by method, role and ownership: what comes of it is what the table says. A new route fails here until
it is declared in `web/access.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from dashboard.api_urls import urlpatterns
from dashboard.config.projects import Grant, Grants, ProjectRole
from dashboard.control import permissions
from dashboard.control.models import Action, Batch, Channel, Exemption, IdlePolicy, SavedView, User
from dashboard.control.permissions import TABLE, Needs
from dashboard.control.verbs import RULES, Verb, verbs_of
from dashboard.fleet.entities import Execution, Kind, Listed, Service, Task
from dashboard.web.access import ROUTES, Access, markdown, needed
from dashboard.web.api.door import ADDRESSES
from dashboard.web.offers import SECTIONS
from scripts.permissions import PAGE
from tests.web.conftest import Dashboard

WHO = ("anonymous", "viewer", "operator", "owner", "admin")
IN_PROJECTS = {"lead": "lead", "maintainer": "maintainer", "outsider": "lead"}
"""Viewers who have this role in the project of what they ask for; the outsider in another one."""
EVERYBODY = (*WHO, *IN_PROJECTS)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SIGN_IN, FORBIDDEN, NO_METHOD, LET_IN = "sent to the sign-in", "forbidden", "no such method", "let in"
ASKED_FOR_A_TOKEN = "asked for a token"


@dataclass(frozen=True)
class Case:
    """An address by its name, and the verb it is about."""

    name: str
    verb: Verb | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.verb.value}" if self.verb else self.name


def cases() -> Iterator[Case]:
    acting = {f"{section}-act": kind for kind, section in SECTIONS.items()}
    for name, route in ROUTES.items():
        verbs: list[Verb | None] = [route.verb]
        if name in acting:
            verbs = [verb for verb in verbs_of(acting[name]) if not RULES[verb].page]
        yield from (Case(name, verb) for verb in verbs)


CASES = list(cases())


def expected(case: Case, method: str, who: str) -> str:
    route, access = ROUTES[case.name], needed(case.name, method)
    public = bool({Access.ANYBODY, Access.WATCHER} & {route.get, route.post})
    by_token = Access.BEARER in {route.get, route.post}
    if who == "anonymous" and not public and not by_token:
        return SIGN_IN
    if access is Access.NOBODY:
        return NO_METHOD
    if access is Access.BEARER:
        return ASKED_FOR_A_TOKEN
    allowed = {
        Access.ANYBODY: EVERYBODY,
        Access.WATCHER: EVERYBODY,  # the tests ask from this machine
        Access.SIGNED_IN: EVERYBODY[1:],
        Access.READER: tuple(one for one in EVERYBODY[1:] if one != "lead"),
        Access.OPERATOR: ("operator", "owner", "admin", *IN_PROJECTS),
        Access.ADMIN: ("admin",),
        Access.BEGAN: ("owner", "admin"),
        Access.KEEPER: ("owner", "admin"),
        Access.TARGET: may_do(case.verb),
    }
    return LET_IN if who in allowed[access] else FORBIDDEN


def may_do(verb: Verb | None) -> tuple[str, ...]:
    if verb is None:
        return ()
    in_project = [role.value for role in ProjectRole if verb in permissions.IN_PROJECTS[role]]
    return (
        *{
            Needs.OPERATOR: ("operator", "owner", "admin"),
            Needs.CREATOR: ("owner", "admin"),
            Needs.INSIDE: ("owner", "admin"),
            Needs.ADMIN: ("admin",),
        }[TABLE[verb]],
        *in_project,
    )


def outcome(response: HttpResponse) -> str:
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/?next="):
        return SIGN_IN
    assert response.status_code < 500, response.content
    return {401: ASKED_FOR_A_TOKEN, 403: FORBIDDEN, 405: NO_METHOD}.get(response.status_code, LET_IN)


@pytest.fixture
def targets(dashboard: Dashboard, settings: LazySettings) -> dict[tuple[Kind, bool], Listed]:
    """For each kind one of the operator's own, and one of somebody else's, in whose project some have a role."""
    found: dict[tuple[Kind, bool], Listed] = {}
    theirs = dashboard.of_a_project(own=False).project_id
    grants = []
    for who, role in IN_PROJECTS.items():
        dashboard.clients[who] = Client()
        dashboard.clients[who].force_login(User.objects.create(username=who))
        project = "elsewhere" if who == "outsider" else theirs
        grants.append(Grant(ProjectRole(role), project, people=frozenset({who})))
    settings.PROJECT_ROLES = Grants(tuple(grants))
    for own in (True, False):
        environment = dashboard.of_a_project(own=own)
        service = Service(f"service-{own}", environment.id, "Web", phase="running")
        task = Task(f"task-{own}", environment.id, "Build")
        execution = Execution(f"execution-{own}", task.id, environment.id, "Build", "running")
        dashboard.put(service, task, execution)
        rows = zip(SECTIONS, (environment, service, task, execution), strict=True)
        found |= {(kind, own): row for kind, row in rows}
    return found


def a_batch(who: str) -> Batch:
    """One that `who` has begun."""
    now = timezone.now()
    actor = User.objects.get(username=who)
    return Batch.objects.create(verb="environment.stop", actor=actor, created=now, started=now)


def a_view(who: str) -> SavedView:
    """A shared one of `who`."""
    owner = User.objects.get(username=who)
    name = str(uuid4())
    return SavedView.objects.create(
        kind="environment", name=name, owner=owner, shared=True, created=timezone.now()
    )


def an_exemption(who: str) -> Exemption:
    """One that `who` has granted."""
    now = timezone.now()
    fields = {"environment_id": "e", "name": "otter", "reason": "x", "created": now}
    actor = User.objects.get(username=who)
    return Exemption.objects.create(actor=actor, until=now + timedelta(days=1), **fields)


def a_policy() -> IdlePolicy:
    now = timezone.now()
    return IdlePolicy.objects.create(name=str(uuid4()), idle=7200.0, created=now, changed=now)


def a_channel() -> Channel:
    now = timezone.now()
    return Channel.objects.create(name=str(uuid4()), kind="mail", created=now, changed=now)


WEBHOOK = ("-edit", "-test", "-delete", "-again")
POLICY = ("", "-edit", "-arm", "-pause", "-delete")
BATCHES, VIEWS = ("batch", "begin", "cancel", "retry", "undo"), ("edit", "delete", "default")
OF_A_LIST = ("columns", "filter-help", "filter-offer", "views-new", "views-counts")
MADE: dict[str, Callable[[str], object]] = {
    **dict.fromkeys((f"idle-{page}" for page in BATCHES), lambda who: a_batch(who).id),
    **dict.fromkeys((f"views-{page}" for page in VIEWS), lambda who: a_view(who).pk),
    **dict.fromkeys((f"idle-policy{page}" for page in POLICY), lambda _: a_policy().pk),
    **dict.fromkeys(
        (f"idle-channel-{page}" for page in ("edit", "test", "delete")), lambda _: a_channel().pk
    ),
    "idle-exemption-end": lambda who: an_exemption(who).id,
    "idle-report": lambda _: timezone.localdate() - timedelta(days=1),
    "activity-made": lambda _: uuid4(),
    "sessions-end": lambda _: uuid4(),
    "tokens-revoke": lambda _: uuid4(),
    **dict.fromkeys((f"webhook{deed}" for deed in ("", *WEBHOOK)), lambda _: uuid4()),
    **{
        name: (lambda _: uuid4()) if name.startswith(("api-action", "api-batch")) else (lambda _: "x")
        for name in ROUTES
        if name.startswith("api-") and not name.endswith(("s", "api-openapi", "api-idle", "api-idle-stop"))
    },
    "idle-what-if-cancel": lambda _: uuid4(),
    "hint-away": lambda _: "overview",
    "system-message-again": lambda _: uuid4(),
}
"""Addresses of what somebody has made: the name → what stands in the address."""


def path_of(case: Case, targets: dict[tuple[Kind, bool], Listed], own: bool) -> str:
    section, _, page = case.name.partition("-")
    kinds = {name: kind for kind, name in SECTIONS.items()}
    args: list[object] = []
    if case.name in OF_A_LIST:
        args = ["environments"]
    elif case.name in MADE:
        args = [MADE[case.name]("operator" if own else "admin")]
    elif section in kinds and page not in {"list", "new", "bulk"}:
        args = [targets[kinds[section], own].id]
        args += [case.verb.deed] if page == "act" and case.verb is not None else []
    return reverse(case.name, ADDRESSES, args)


def ask(dashboard: Dashboard, who: str, method: str, path: str) -> HttpResponse:
    browser = Client()
    browser.cookies = dashboard.clients["operator" if who == "owner" else who].cookies.copy()
    return browser.generic(method, path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everybody_gets_what_the_table_says_and_nothing_else(
    dashboard: Dashboard, targets: dict[tuple[Kind, bool], Listed], case: Case
) -> None:
    wrong = []
    for method, who in (*product(METHODS, WHO), *product(("GET", "POST"), IN_PROJECTS)):
        before = Action.objects.count()
        answer = ask(dashboard, who, method, path_of(case, targets, own=who == "owner"))
        if outcome(answer) != expected(case, method, who):
            wrong.append(f"{who} {method}: {outcome(answer)}, not {expected(case, method, who)}")
        acted = Action.objects.count() > before
        if acted and (method != "POST" or expected(case, method, who) != LET_IN):
            wrong.append(f"{who} {method}: something was done")
    assert not wrong, "\n".join(wrong)


def test_every_address_is_declared() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(ROUTES)
    assert len(get_resolver(ADDRESSES).url_patterns) == len(urlpatterns)


def test_every_verb_of_a_page_is_walked() -> None:
    assert {verb for verb, rule in RULES.items() if not rule.console} == {case.verb for case in CASES} - {
        None
    }


def test_an_address_that_is_not_declared_is_closed_to_admins_too(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {name: route for name, route in ROUTES.items() if name != "system"}
    monkeypatch.setattr("dashboard.web.access.ROUTES", others)
    assert dashboard.get("/system/").status_code == 403


def test_the_documentation_says_the_same() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m scripts.permissions"
