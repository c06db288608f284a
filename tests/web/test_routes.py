"""Every address: who may ask for it, with which method. A new route fails here until it is declared."""

from dataclasses import dataclass, field

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from dashboard.control.models import Action, Batch, User
from dashboard.urls import urlpatterns
from tests.web.conftest import Dashboard, text

ROLES = ("viewer", "operator", "admin")
EVERYBODY = dict.fromkeys(ROLES, 200)
NOBODY = dict.fromkeys(ROLES, 405)
SIGN_IN = 302


@dataclass(frozen=True)
class Route:
    """What each role gets; without `public` an anonymous visitor is sent to the sign-in."""

    get: dict[str, int] = field(default_factory=lambda: EVERYBODY)
    post: dict[str, int] = field(default_factory=lambda: NOBODY)
    public: bool = False


PAGE = Route()
OPERATORS = Route(
    get={"viewer": 403, "operator": 200, "admin": 200}, post={"viewer": 403, "operator": 302, "admin": 302}
)
ADMIN_FORM = Route(  # everybody sees it; sent with nothing filled in
    post={"viewer": 403, "operator": 403, "admin": 422}
)
OWN_ONLY = Route(  # asked for somebody else's environment
    get={"viewer": 403, "operator": 403, "admin": 200}, post={"viewer": 403, "operator": 403, "admin": 302}
)
FORM = Route(  # asked for with nothing filled in
    get={"viewer": 403, "operator": 200, "admin": 200}, post={"viewer": 403, "operator": 422, "admin": 422}
)
FILE = Route(post={"viewer": 403, "operator": 403, "admin": 422})  # somebody else's, sent with nothing in it
CHOICE = Route(
    get=NOBODY, post={"viewer": 403, "operator": 422, "admin": 422}
)  # asked for with nothing chosen
ANSWER = Route(get=NOBODY, post={"viewer": 403, "operator": 404, "admin": 302})  # to what an admin was asked
AFTERWARDS = Route(get=NOBODY, post={"viewer": 403, "operator": 403, "admin": 302})  # of an admin's batch
ROUTES = {
    "overview": PAGE,
    "environments-list": PAGE,
    "environments-new": FORM,
    "classes": PAGE,
    "classes-prices": ADMIN_FORM,
    "costs": PAGE,
    "environments-detail": PAGE,
    "environments-automations": FILE,
    "environments-act": OWN_ONLY,
    "services-list": PAGE,
    "services-detail": PAGE,
    "services-log": PAGE,
    "services-act": OPERATORS,
    "tasks-list": PAGE,
    "tasks-detail": PAGE,
    "tasks-act": OPERATORS,
    "executions-list": PAGE,
    "executions-detail": PAGE,
    "executions-log": PAGE,
    "executions-act": OPERATORS,
    "filter-help": PAGE,
    "filter-offer": PAGE,
    "idle": PAGE,
    "idle-stop": CHOICE,
    "idle-batches": PAGE,
    "idle-batch": PAGE,
    "idle-begin": ANSWER,
    "idle-cancel": AFTERWARDS,
    "idle-retry": AFTERWARDS,
    "idle-undo": CHOICE,
    "activity": PAGE,
    "system": PAGE,
    "login": Route(post=EVERYBODY, public=True),
    "logout": Route(get=NOBODY, post=dict.fromkeys(ROLES, 302), public=True),
    "sso": Route(get=dict.fromkeys(ROLES, 404), public=True),  # as the next two: with SSO_MODE=oidc alone
    "sso-callback": Route(get=dict.fromkeys(ROLES, 404), public=True),
    "sso-logout": Route(get=NOBODY, post=dict.fromkeys(ROLES, 404), public=True),
    "healthz": Route(public=True),
    "readyz": Route(public=True),
}
NAMES = sorted(ROUTES)


def path_of(dashboard: Dashboard, name: str) -> str:
    """An address of the route with a target that exists."""
    section, _, page = name.partition("-")
    fleet = dashboard.fleet
    if page in {"batch", "begin", "cancel", "retry", "undo"}:
        return reverse(name, args=[a_batch().id])
    if page in {"list", "new", "prices"} or not page or section in {"sso", "idle"}:
        return reverse(name)
    if section == "filter":
        return reverse(name, args=["environments"])
    environment = dashboard.running()
    rows = {
        "environments": environment,
        "services": next(row for row in fleet.services.values() if row.phase == "running"),
        "tasks": next(iter(fleet.tasks.values())),
        "executions": next(iter(fleet.executions.values())),
    }
    deed = "start" if section == "tasks" else "stop"
    return reverse(name, args=[rows[section].id] + ([deed] if page == "act" else []))


def a_batch() -> Batch:
    """One that an admin has begun."""
    admin, now = User.objects.get(username="admin"), timezone.now()
    return Batch.objects.create(verb="environment.stop", actor=admin, created=now, started=now)


def test_every_route_is_declared_here() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(ROUTES)
    assert len(get_resolver().url_patterns) == len(urlpatterns)


@pytest.mark.parametrize("name", NAMES)
def test_each_role_gets_what_is_declared(dashboard: Dashboard, name: str) -> None:
    path = path_of(dashboard, name)
    for role in ROLES:
        assert dashboard.get(path, role).status_code == ROUTES[name].get[role], role
        before = Action.objects.count()
        assert dashboard.post(path, role).status_code == ROUTES[name].post[role], role
        if ROUTES[name].post[role] != 302 or name == "logout":
            assert Action.objects.count() == before


@pytest.mark.parametrize("name", NAMES)
def test_other_methods_are_refused(dashboard: Dashboard, name: str) -> None:
    path, admin = path_of(dashboard, name), dashboard.clients["admin"]
    for ask in (admin.patch, admin.delete, admin.put):
        assert ask(path).status_code == 405


@pytest.mark.parametrize("name", NAMES)
def test_an_anonymous_visitor_is_sent_to_the_sign_in(dashboard: Dashboard, name: str) -> None:
    path, visitor = path_of(dashboard, name), dashboard.clients["anonymous"]
    for method in (visitor.get, visitor.post):
        response = method(path)
        if ROUTES[name].public:
            assert "accounts/login/?next" not in response.get("Location", "")
        else:
            assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")
    assert not Action.objects.exists()


def test_a_forged_form_without_its_token_is_refused(dashboard: Dashboard) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = dashboard.clients["admin"].cookies
    response = browser.post(path_of(dashboard, "environments-act"))
    assert response.status_code == 403
    assert "This form is out of date" in text(response)
    assert not Action.objects.exists()


def test_signing_out_after_the_session_ended_leads_to_the_sign_in(dashboard: Dashboard) -> None:
    response = dashboard.clients["anonymous"].post("/accounts/logout/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")


def test_signing_in_with_a_wrong_password_says_so(dashboard: Dashboard) -> None:
    response = dashboard.clients["anonymous"].post(
        "/accounts/login/", {"username": "<b>", "password": "wrong", "next": "/system/"}
    )
    assert "do not match" in text(response)
    assert "<b>" not in text(response)
    assert 'name="next" value="/system/"' in text(response)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(dashboard: Dashboard, users: dict, target: str) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    fields = {"username": "viewer", "password": "right", "next": target}
    response = dashboard.clients["anonymous"].post(f"/accounts/login/?next={target}", fields)
    assert (response.status_code, response["Location"]) == (302, "/")
