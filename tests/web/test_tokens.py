"""Personal tokens on their page: shown once, one's own, revoked with one press."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from dashboard.control.models import AuditEntry, PersonalToken, Scope, User
from dashboard.control.people import personal_tokens
from tests.web.conftest import Dashboard, text
from tests.web.states import GERMAN

TOKENS = "/accounts/tokens/"


def test_a_token_is_shown_once_and_works(dashboard: Dashboard) -> None:
    made = dashboard.post(TOKENS, "viewer", name=" nightly  report ", scopes="read", days="30")
    shown = re.search(r"fleet_[\w-]{43}", text(made))
    assert shown is not None
    assert (made.status_code, made["Cache-Control"]) == (200, "no-store")
    assert shown[0] not in text(dashboard.get(TOKENS, "viewer")) + text(dashboard.get(TOKENS))
    assert "nightly report" in text(dashboard.get(TOKENS))
    asked = Client().get("/api/v1/batches", headers={"Authorization": f"Bearer {shown[0]}"})
    assert asked.status_code == 200
    assert [one.outcome for one in AuditEntry.objects.filter(act="token-made")] == ["read, 30 days"]


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": "act"},
        {"scopes": ""},
        {"scopes": "everything"},
        {"days": "36500"},
        {"name": "\u200b"},
        {"name": "x" * 61},
    ],
)
def test_what_is_wrong_makes_none(dashboard: Dashboard, fields: dict[str, str]) -> None:
    sent = {"name": "script", "scopes": "read", "days": "30"} | fields
    assert dashboard.post(TOKENS, "viewer", **sent).status_code == 422
    assert not PersonalToken.objects.exists()


def test_whoever_wants_one_that_acts_says_once_more_who_they_are(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    users["operator"].set_password("right horse")
    users["operator"].save()
    dashboard.clients["operator"].force_login(users["operator"])
    session = dashboard.clients["operator"].session
    session.pop("confirmed", None)
    session.save()
    sent = {"name": "deploy", "scopes": "act", "days": "7"}
    assert "password" in text(dashboard.post(TOKENS, "operator", **sent))
    assert not PersonalToken.objects.exists()
    dashboard.post(TOKENS, "operator", **sent, password_once_more="right horse")
    assert [one.scopes for one in PersonalToken.objects.all()] == [["act"]]


def test_somebody_elses_token_is_not_there_but_for_admins_and_two_of_a_name_are_not_made(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    now = timezone.now()
    one, _ = personal_tokens.make(users["operator"], "mine", [Scope.READ], 30, now)
    assert "mine" not in text(dashboard.get(TOKENS, "viewer"))
    assert dashboard.post(f"{TOKENS}{one.pk}/revoke/", "viewer").status_code == 404
    again = dashboard.post(TOKENS, "operator", name="mine", scopes="read", days="30")
    assert "You have a token with this name." in text(again)
    assert [dashboard.post(f"{TOKENS}{one.pk}/revoke/", "admin").status_code for _ in range(2)] == [302, 302]
    assert AuditEntry.objects.filter(act="token-revoked").count() == 1
    assert dashboard.post(TOKENS, "operator", name="mine", scopes="read", days="30").status_code == 200


def test_nobody_has_more_than_ten(users: dict[str, User]) -> None:
    now = timezone.now()
    for number in range(personal_tokens.MOST):
        personal_tokens.make(users["viewer"], f"script {number}", [Scope.READ], 7, now)
    with pytest.raises(personal_tokens.Refused, match="Revoke one first"):
        personal_tokens.make(users["viewer"], "one more", [Scope.READ], 7, now)


def test_the_api_as_a_page_has_every_operation_and_loads_nothing_from_elsewhere(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/api/", "viewer"))
    assert "GET /environments/{identifier}" in re.sub("<[^>]+>", "", page)
    assert "<code>over</code>" in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_token_says_on_which_day_it_ends_and_in_its_last_week_its_person_is_warned(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    now = timezone.now()
    for name, days in (("far", 90), ("near", 7)):
        personal_tokens.make(users["operator"], name, [Scope.READ], days, now)
    page, of_admin = (text(dashboard.get(TOKENS, role)) for role in ("operator", "admin"))
    assert date_format(now + timedelta(days=90), "j M Y") in page
    assert re.findall(r"Your token <strong><bdi>(\w+)<", page) == ["near"]
    assert "Your token" not in of_admin  # it is not theirs


def test_why_a_token_opened_nothing_is_on_record_in_english_and_read_in_ones_own_language(
    dashboard: Dashboard,
) -> None:
    asked = {"Authorization": "Bearer fleet_" + "x" * 43, **GERMAN}
    answer = Client().get("/api/v1/batches", headers=asked)
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token is not known here.")
    entry = AuditEntry.objects.get(act="sign-in-failed")
    assert entry.outcome == "a token that opens nothing: This token is not known here."
    page = text(dashboard.get("/activity/audit/", **GERMAN))
    assert "ein Token, das nichts öffnet: Dieses Token ist hier nicht bekannt." in page
