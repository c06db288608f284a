"""Before what cannot be taken back, or is about many at once, people say once more who they are; and lose nothing."""

import re
import time
from dataclasses import replace
from datetime import datetime
from html import unescape

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.config.sso import read_proxy
from dashboard.control import batches
from dashboard.control.models import Action, AuditEntry, Batch, Channel, IdlePolicy, User, Webhook
from dashboard.control.permissions import FEW
from dashboard.control.verbs import Verb
from dashboard.web import limits, step_up
from tests.web.conftest import HTMX, Dashboard, text

PATH = "/environments/{}/delete/"
FIELDS = {
    "name": "Nights",
    "scope": "phase:running project:web",
    "idle": "2h",
    "act": "stop",
    "zone": "UTC",
    "most_a_run": "5",
    "most_an_hour": "20",
    "sure": "on",
}


def a_policy(**fields: float) -> tuple[IdlePolicy, datetime]:
    now = timezone.now()
    made = {"scope": FIELDS["scope"], "zone": "UTC", "idle": 7200.0, "created": now, "changed": now}
    return IdlePolicy.objects.create(name="Nights", **made, **fields), now


@pytest.fixture(autouse=True)
def with_a_password(
    dashboard: Dashboard, users: dict[str, User], settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed in long ago."""
    monkeypatch.setattr(limits, "_own", {})
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # for the sake of time
    users["admin"].set_password("right")
    users["admin"].save()
    dashboard.clients["admin"].force_login(users["admin"])
    long_ago(dashboard)


def long_ago(dashboard: Dashboard) -> None:
    session = dashboard.clients["admin"].session
    session[step_up.KEY] = time.time() - 1
    session.save()


@pytest.fixture
def path(dashboard: Dashboard) -> str:
    return PATH.format(dashboard.stopped().id)


def again(answer: object) -> dict[str, str]:
    """The hidden fields of the question, as a browser sends them."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text(answer))
    return {unescape(name): unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


@pytest.fixture
def form(dashboard: Dashboard, path: str) -> dict[str, str]:
    """Filled in right."""
    shown = text(dashboard.get(path))
    name = dashboard.stopped().name
    fields = re.findall(r'<input[^>]* name="(\w+)"', shown)
    return {field: name for field in fields if field not in {"csrfmiddlewaretoken", "next", "reason"}} | {
        "reason": 'no <longer> "needed"'
    }


def test_a_delete_asks_for_the_password_and_keeps_what_was_typed(
    dashboard: Dashboard, path: str, form: dict[str, str]
) -> None:
    asked = dashboard.post(path, **form)
    assert (asked.status_code, Action.objects.count()) == (200, 0)
    assert "give your password once more" in text(asked)
    assert again(asked).items() >= form.items()
    done = dashboard.post(path, **again(asked), **{step_up.PASSWORD: "right"})
    assert done.status_code == 302
    assert [(one.deed, one.reason) for one in Action.objects.all()] == [("delete", form["reason"])]
    assert AuditEntry.objects.filter(act="confirmed", person="admin").count() == 1


def test_the_password_counts_for_some_minutes(dashboard: Dashboard, path: str, form: dict[str, str]) -> None:
    dashboard.post(path, **form, **{step_up.PASSWORD: "right"})
    Action.objects.all()._raw_delete("default")
    assert dashboard.post(path, **form).status_code == 302
    assert Action.objects.count() == 1


def test_a_wrong_password_does_nothing_is_on_record_and_may_be_tried_so_often(
    dashboard: Dashboard, path: str, form: dict[str, str]
) -> None:
    for _ in range(8):
        refused = dashboard.post(path, **form, **{step_up.PASSWORD: "guess"})
        assert "That is not your password" in text(refused)
        assert "guess" not in text(refused)
    late = dashboard.post(path, **form, **{step_up.PASSWORD: "right"})
    assert "Too many tries" in text(late)
    assert again(late).items() >= form.items()
    assert Action.objects.count() == 0
    assert AuditEntry.objects.filter(act="sign-in-failed", target_name="admin").exists()


def test_a_dialog_gets_the_question_as_a_dialog(
    dashboard: Dashboard, path: str, form: dict[str, str]
) -> None:
    asked = dashboard.clients["admin"].post(path, form, headers=HTMX)
    assert text(asked).startswith('<div class="question">')


def test_whoever_may_not_is_refused_before_being_asked(dashboard: Dashboard, path: str) -> None:
    refused = dashboard.post(path, "viewer", **{step_up.PASSWORD: "right"})
    assert refused.status_code == 403


def test_a_stop_asks_nothing(dashboard: Dashboard) -> None:
    assert dashboard.post(f"/environments/{dashboard.running().id}/stop/").status_code == 302


@pytest.mark.parametrize(("many", "asked"), [(FEW, False), (FEW + 1, True)])
def test_more_than_a_few_at_once_ask(
    dashboard: Dashboard, users: dict[str, User], many: int, asked: bool
) -> None:
    rows = list(dashboard.fleet.environments.values())[:many]
    batch = batches.ask(users["admin"], Verb.STOP_ENVIRONMENT, rows, now=timezone.now())
    answer = dashboard.post(f"/batches/{batch.id}/begin/", reason="the holidays")
    batch.refresh_from_db()
    assert (batch.started is None) is asked
    if asked:
        assert again(answer)["reason"] == "the holidays"
        dashboard.post(f"/batches/{batch.id}/begin/", reason="the holidays", **{step_up.PASSWORD: "right"})
        batch.refresh_from_db()
        assert batch.started is not None


def test_trying_many_again_asks_too(dashboard: Dashboard, users: dict[str, User]) -> None:
    now = timezone.now()
    batch = Batch.objects.create(verb="environment.stop", actor=users["admin"], created=now, started=now)
    made = [
        Action(verb="environment.stop", kind="environment", target_id=str(number), target_name="x", batch=batch,
               state="failed", created=now, not_before=now, place=number)
        for number in range(FEW + 1)
    ]  # fmt: skip
    Action.objects.bulk_create(made)
    assert "give your password once more" in text(dashboard.post(f"/batches/{batch.id}/retry/"))
    assert not Action.objects.filter(retried=True).exists()


def test_behind_a_proxy_what_is_to_happen_is_typed_each_time(
    dashboard: Dashboard, path: str, form: dict[str, str], settings: LazySettings
) -> None:
    proxy = read_proxy({"PROXY_PEERS": "127.0.0.1", "PROXY_SECRET": "a-secret-of-the-proxy"})
    settings.SSO_PROXY = replace(proxy)
    for typed in ("", "yes", "stop"):
        refused = dashboard.post(path, **form, **{step_up.TYPED: typed})
        assert again(refused).items() >= form.items()
    assert "You are about to" in text(dashboard.post(path, **form))
    assert Action.objects.count() == 0
    assert dashboard.post(path, **form, **{step_up.TYPED: " Delete "}).status_code == 302
    assert Action.objects.count() == 1


def test_arming_a_policy_asks(dashboard: Dashboard) -> None:
    policy, now = a_policy()
    address = f"/idle/policies/{policy.pk}/arm/"
    asked = dashboard.post(address, changed=now.isoformat())
    assert "To <bdi>arm Nights</bdi>, give your password once more" in text(asked)
    policy.refresh_from_db()
    assert policy.state == "dry"
    dashboard.post(address, **again(asked), **{step_up.PASSWORD: "right"})
    policy.refresh_from_db()
    assert policy.state == "armed"


def test_taking_a_warning_away_asks_and_giving_one_does_not(dashboard: Dashboard) -> None:
    policy, _ = a_policy(lead=1800.0)
    address, fields = f"/idle/policies/{policy.pk}/edit/", {**FIELDS, "then": "save"}
    dashboard.post(address, **{**fields, "lead": "1h"})
    policy.refresh_from_db()
    assert policy.lead == 3600.0
    asked = dashboard.post(address, **{**fields, "lead": ""})
    assert "let Nights act without a warning" in text(asked)
    policy.refresh_from_db()
    assert policy.lead == 3600.0
    dashboard.post(address, **again(asked), **{step_up.PASSWORD: "right"})
    policy.refresh_from_db()
    assert policy.lead == 0.0


def test_deleting_what_has_a_secret_asks(dashboard: Dashboard) -> None:
    now = timezone.now()
    channel = Channel.objects.create(name="Ops", kind="mail", created=now, changed=now)
    webhook = Webhook.objects.create(name="Ops", created=now, changed=now)
    there = {
        reverse("idle-channel-delete", args=[channel.pk]): Channel,
        reverse("webhook-delete", args=[webhook.pk]): Webhook,
    }
    for address, model in there.items():
        long_ago(dashboard)
        asked = dashboard.post(address)
        assert "delete Ops" in text(asked)
        assert model.objects.exists()
        dashboard.post(address, **again(asked), **{step_up.PASSWORD: "right"})
        assert not model.objects.exists()


def test_nothing_waits_for_whoever_did_not_leave(dashboard: Dashboard) -> None:
    assert dashboard.get("/accounts/confirmed/").status_code == 302


def test_too_many_forms_lose_nothing_that_was_typed(
    dashboard: Dashboard, path: str, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORMS", replace(limits.FORMS, most=0))
    answer = dashboard.post(path, **form, **{step_up.PASSWORD: "right"})
    assert answer.status_code == 429
    assert again(answer).items() >= form.items()
    assert step_up.PASSWORD not in again(answer)


def test_an_ended_session_knows_nobody(dashboard: Dashboard, path: str, form: dict[str, str]) -> None:
    answer = Client().post(path, {**form, step_up.PASSWORD: "right"})
    assert answer["Location"].startswith("/accounts/login/")
