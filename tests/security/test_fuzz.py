"""Whatever is sent to whatever address: no error of ours, and nothing changes that whoever sent it may not change.

`SECURITY_EXAMPLES` says how many requests each role sends; `make security` sends more than `make test` does.
"""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings

from dashboard.config.projects import Grant, Grants, ProjectRole
from dashboard.control.models import (
    Action,
    AuditEntry,
    Batch,
    DefaultView,
    Exemption,
    IdlePolicy,
    Role,
    SavedView,
    User,
)
from dashboard.control.permissions import refusal
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Kind
from dashboard.web import limits
from dashboard.web.access import ROUTES, Access, needed
from tests.security.requests import MARK, Asked, requests
from tests.web.conftest import Dashboard

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1200)]
EXAMPLES = int(os.environ.get("SECURITY_EXAMPLES", "30"))
TRACES = {"AuditEntry", "Session", "SignIn", "Batch"}
"""What any request may leave behind: that it was refused, that somebody signed in or out; and a question that was put
is a batch that has not begun.
"""
OWN = {"SavedView", "DefaultView", "MailChoice"}
"""What everybody has of their own, each with the person it belongs to."""
OF_OPERATORS = {"Action", "Exemption", "Replay", "Delivery", "Notice"}
WRITES = ("Create", "Start", "Stop", "Update", "Delete", "Upsert", "Mark", "Unarchive")


def rows() -> dict[str, Any]:
    """Everything in the database, by model."""
    ours = [
        model for name in ("control", "auth", "sessions") for model in apps.get_app_config(name).get_models()
    ]
    return {
        model.__name__: sorted(map(repr, model._base_manager.values_list()))
        for model in ours
        if model.__name__ not in TRACES
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in after if before[name] != after[name]}


@pytest.fixture
def known(dashboard: Dashboard, users: dict[str, User]) -> list[str]:
    """Ids of all that there is: of the fleet, and of what people made."""
    now, admin, operator = timezone.now(), users["admin"], users["operator"]
    batch = Batch.objects.create(verb="environment.stop", actor=admin, created=now, started=now)
    policy = IdlePolicy.objects.create(name="Nights", idle=7200.0, created=now, changed=now)
    own = dashboard.running(own=True)
    exemption = Exemption.objects.create(
        environment_id=own.id, name="x", reason="x", created=now, until=now + timedelta(days=1), actor=admin
    )
    views = [
        SavedView.objects.create(
            kind="environment", name=f"{who} {shared}", owner=who, shared=shared, created=now
        )
        for who, shared in ((admin, False), (admin, True), (operator, True))
    ]
    made = [str(one.pk) for one in (batch, policy, exemption, *views)]
    fleet = [row.id for kind in Kind for row in list(dashboard.fleet.of(kind).values())[:3]]
    return [*made, own.id, *fleet, "environments", "services", (timezone.localdate()).isoformat()]


def wrong_with(answer: HttpResponse, asked: Asked) -> str:
    """What no answer may be, "" when it is none of it."""
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"status {answer.status_code}"
    if "Content-Security-Policy" not in answer:
        return "no content security policy"
    place = answer.get("Location", "") or answer.get("HX-Redirect", "")
    if place and (not place.startswith("/") or place.startswith(("//", "/\\"))):
        return f"leads to {place}"
    if "fuzz" in answer.cookies:
        return "a header was smuggled in"
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer.get("Content-Type", "")
    return "text became markup" if kind.startswith("text/html") and MARK.encode() in body else ""


def may_change(asked: Asked, role: str) -> set[str]:
    access = needed(asked.name, asked.method)
    if role == "anonymous" or access in {Access.NOBODY, Access.ADMIN} or asked.method != "POST":
        return set()
    return OWN | (OF_OPERATORS if role in {"operator", "lead"} else set())


@pytest.fixture
def lead(dashboard: Dashboard, users: dict[str, User], settings: LazySettings) -> str:
    """A viewer who is lead in one project; returns the id of a running environment of it."""
    row = dashboard.of_a_project(own=False)
    grant = Grant(ProjectRole.LEAD, row.project_id, people=frozenset({"lead"}))
    settings.PROJECT_ROLES = Grants((grant,))
    users["lead"] = User.objects.create(username="lead", role=Role.VIEWER)
    return row.id


@pytest.mark.parametrize("role", ["anonymous", "viewer", "operator", "lead"])
def test_nothing_that_is_sent_breaks_a_page_or_changes_what_its_sender_may_not(
    dashboard: Dashboard,
    users: dict[str, User],
    known: list[str],
    lead: str,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
) -> None:
    known.append(lead)
    monkeypatch.setattr(limits, "FORMS", limits.Limit("none", 10**9, 60))
    deeds = sorted({verb.deed for verb in RULES} | {"nonsense"})
    fleet, wire = dashboard.fleet, dashboard.simulated.wire
    called = len(wire.asked)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="SECURITY_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(asked=requests(known, deeds))
    def sent(asked: Asked) -> None:
        browser = Client()
        if role != "anonymous":
            browser.force_login(users[role])
        before, actions = rows(), set(Action.objects.values_list("id", flat=True))
        answer = asked.send(browser)
        assert not (wrong := wrong_with(answer, asked)), wrong
        assert changed(before, rows()) <= may_change(asked, role), changed(before, rows())
        for action in Action.objects.exclude(id__in=actions):
            assert action.actor_id == users[role].pk
            row = fleet.of(Kind(action.kind)).get(action.target_id) if action.kind in set(Kind) else None
            if action.verb in {verb.value for verb in Verb} and row is not None and action.state != "skipped":
                assert refusal(users[role], Verb(action.verb), row, fleet) == ""

    sent()
    assert not [method for method in wire.asked[called:] if method.startswith(WRITES)]
    assert not SavedView.objects.exclude(owner__username__in={"admin", "operator", role})
    assert not DefaultView.objects.exclude(user__username=role)
    assert AuditEntry.objects.exists()


def test_the_fuzzer_reaches_every_address_and_knows_what_the_pages_ask() -> None:
    from dashboard.api_urls import urlpatterns
    from tests.security.requests import words

    assert {str(pattern.name) for pattern in urlpatterns} == set(ROUTES)
    assert {"q", "reason", "next", "confirmation", "password_once_more"} - set(words()) <= {
        "password_once_more"
    }
