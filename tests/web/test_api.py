"""The reading half of the API: the same rows, words and verdicts as the pages, for whoever sends a good token."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.control.models import AuditEntry, PersonalToken, Scope, User
from dashboard.control.people import personal_tokens
from dashboard.web import outage
from tests.web.conftest import Dashboard
from tests.web.test_database_outage import no_database

ROWS = ("environments", "services", "tasks", "executions")


@pytest.fixture
def tokens(users: dict[str, User]) -> dict[str, str]:
    """A token for each role that reads."""
    return {name: a_token(user, Scope.READ) for name, user in users.items()}


def a_token(user: User, *scopes: Scope, name: str = "script") -> str:
    return personal_tokens.make(user, name, scopes, 90, timezone.now())[1]


def get(path: str, token: str = "", **query: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False).get(f"/api/v1/{path}", query, headers=headers)


def body(answer: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


@pytest.mark.parametrize("rows", ROWS)
def test_a_list_is_that_of_the_page_and_each_row_leads_to_the_whole(
    dashboard: Dashboard, tokens: dict[str, str], rows: str
) -> None:
    answer = get(rows, tokens["viewer"], per_page="3")
    found = body(answer)
    assert len(found["items"]) == 3 < found["total"] == int(answer["X-Total"])
    assert found["freshness"]["state"] == "fresh"
    file = json.loads(b"".join(dashboard.get(f"/{rows}/?format=json").streaming_content))
    assert [one["id"] for one in found["items"]] == [one["id"] for one in file[:3]]
    first = found["items"][0]
    assert dashboard.get(first["page"]).status_code == 200
    whole = body(get(f"{rows}/{first['id']}", tokens["viewer"]))
    assert whole["details"] is None, "nobody has read it yet"
    assert {name: whole[name] for name in first if name != "duration_seconds"} == {
        name: first[name] for name in first if name != "duration_seconds"
    }


def test_all_pages_together_are_the_list_and_the_one_after_the_last_is_empty(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    asked = {"sort": "name", "per_page": "7", "q": "archived:any"}
    pages = body(get("environments", tokens["viewer"], **asked))["pages"]
    found = [
        one["id"]
        for page in range(1, pages + 2)
        for one in body(get("environments", tokens["viewer"], **asked, page=str(page)))["items"]
    ]
    assert sorted(found) == sorted(dashboard.fleet.environments)


@pytest.mark.parametrize(
    ("query", "kind", "where"),
    [
        ({"q": "phase:runing"}, "filter", "q"),
        ({"sort": "colour"}, "sort", "sort"),
        ({"page": "0"}, "not-valid", "query.page"),
        ({"per_page": "501"}, "not-valid", "query.per_page"),
        ({"sorrt": "name"}, "not-valid", "sorrt"),
        ({"q": "x" * 1001}, "not-valid", "query.q"),
    ],
)
def test_what_cannot_be_read_is_refused_in_its_place(
    dashboard: Dashboard, tokens: dict[str, str], query: dict[str, str], kind: str, where: str
) -> None:
    answer = get("environments", tokens["viewer"], **query)
    problem = body(answer, 400 if kind in {"filter", "sort"} else 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"about:blank#{kind}"
    assert problem["errors"][0]["where"] == where
    if kind == "filter":
        assert problem["errors"][0] | {"message": ""} == {
            "where": "q", "message": "", "start": 6, "end": 12, "instead": "running"
        }  # fmt: skip


def test_idle_verdicts_are_those_of_the_review_with_their_evidence(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    asked = {"idle": "30m", "show": "all"}
    found = body(get("idle", tokens["viewer"], **asked, per_page="500"))
    file = json.loads(b"".join(dashboard.get("/idle/?idle=30m&show=all&format=json").streaming_content))
    assert [(one["id"], one["decision"]) for one in found["items"]] == [
        (one["id"], one["decision"]) for one in file
    ]
    assert found["total"] == len(file) > 0
    assert all(one["facts"] for one in found["items"])
    assert body(get("idle", tokens["viewer"], idle="soon"), 400)["type"] == "about:blank#limit"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer fleet_x", "Basic YWRtaW46YWRtaW4=", "Bearer \x00é"])
def test_without_a_good_token_nothing_is_told_and_the_answer_says_how(
    dashboard: Dashboard, header: str
) -> None:
    answer = Client().get("/api/v1/environments", headers={"Authorization": header})
    assert body(answer, 401)["title"] == "Unauthorized"
    assert answer["WWW-Authenticate"].startswith("Bearer ")


def test_a_session_opens_nothing_and_none_is_begun(dashboard: Dashboard, tokens: dict[str, str]) -> None:
    assert dashboard.get("/api/v1/environments").status_code == 401
    browser = dashboard.clients["viewer"]
    both = browser.get("/api/v1/actions", headers={"Authorization": f"Bearer {tokens['admin']}"})
    assert (both.status_code, both.cookies.output()) == (200, "")


@pytest.mark.parametrize("change", ["revoked", "expired", "closed", "elsewhere"])
def test_a_token_ends_with_what_it_stands_on(
    dashboard: Dashboard, users: dict[str, User], tokens: dict[str, str], settings: Any, change: str
) -> None:
    mine, now = PersonalToken.objects.filter(user=users["viewer"]), timezone.now()
    assert get("actions", tokens["viewer"]).status_code == 200
    if change == "revoked":
        assert personal_tokens.revoke(mine, now) == 1
    elif change == "expired":
        mine.update(expires=now)
    elif change == "closed":
        User.objects.filter(username="viewer").update(is_active=False)
    else:
        settings.SSO_MODE = "oidc"
    answer = get("actions", tokens["viewer"])
    assert body(answer, 401)["type"] == "about:blank#bad-token"
    assert AuditEntry.objects.filter(act="sign-in-failed").count() == 1


def test_somebody_whom_the_provider_turns_away_has_no_token_any_more_and_who_stays_away_rests(
    users: dict[str, User], settings: Any
) -> None:
    from dashboard.config.sso import Groups
    from dashboard.control.people.identity import Identity, NotLetIn, let_in

    settings.SSO_MODE = "oidc"
    settings.SSO_GROUPS = Groups(admin=frozenset({"ops"}), operator=frozenset(), viewer=frozenset({"dev"}))
    user = let_in(Identity("oidc", "ada", groups=frozenset({"dev"})))
    text, now = a_token(user, Scope.READ), timezone.now()
    assert personal_tokens.found(text, now).user == user
    with pytest.raises(personal_tokens.Refused, match="rests"):
        personal_tokens.found(text, now + personal_tokens.REST + timedelta(minutes=1))
    with pytest.raises(NotLetIn):
        let_in(Identity("oidc", "ada", groups=frozenset()))
    with pytest.raises(personal_tokens.Refused, match="revoked"):
        personal_tokens.found(text, now)


def test_the_text_of_a_token_is_kept_nowhere(tokens: dict[str, str]) -> None:
    kept = repr(list(PersonalToken.objects.values_list())) + repr(list(AuditEntry.objects.values_list()))
    assert all(text not in kept and text[6:] not in kept for text in tokens.values())


def test_one_token_asks_so_often_and_no_more_and_locks_nobody_else_out(
    dashboard: Dashboard, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.web import limits

    monkeypatch.setattr(limits, "OF_TOKEN", limits.Limit("few", 2, 60))
    monkeypatch.setattr(limits, "WRONG_TOKENS", limits.Limit("few wrong", 1, 60))
    codes = [get("actions", tokens["viewer"]).status_code for _ in range(3)]
    wrong = [get("actions", "fleet_" + "x" * 43).status_code for _ in range(2)]
    assert (codes, wrong) == ([200, 200, 429], [401, 429])
    assert get("actions", tokens["operator"]).status_code == 200


def test_every_error_is_a_problem_also_where_there_is_no_such_address(
    dashboard: Dashboard, tokens: dict[str, str], users: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.web import limits

    acting = {"Authorization": f"Bearer {a_token(users['admin'], Scope.ACT, name='acts')}"}
    form = Client().post("/api/v1/batches", {"verb": "stop"}, headers=acting)
    large = Client().post("/api/v1/batches", "[" * 10**7, "application/json", headers=acting)
    answers = {404: get("nothing"), 405: Client().post("/api/v1/environments"), 415: form, 413: large}
    monkeypatch.setattr(limits, "OF_TOKEN", limits.Limit("none at all", 0, 60))
    answers |= {429: get("actions", tokens["viewer"]), 401: get("actions")}
    for status, answer in answers.items():
        said = body(answer, status)
        assert (said["status"], set(said)) == (status, {"type", "title", "status", "detail", "errors"})
        assert said["type"] != "about:blank#error"
        assert said["detail"]
        assert answer["Content-Type"] == "application/problem+json"
    assert int(answers[429]["Retry-After"]) > 0
    assert "GET" in answers[405]["Allow"]


def test_without_the_database_every_address_says_so_and_the_next_request_waits_for_none(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    with no_database(dashboard):
        for path in ("environments", "actions", "batches", "idle"):
            answer = get(path, tokens["viewer"])
            assert body(answer, 503)["type"] == "about:blank#not-available"
            assert "database does not answer" in body(answer, 503)["detail"]
            assert answer["Retry-After"] == "5"
        assert outage._away.is_known
    assert get("environments", tokens["viewer"]).status_code == 200


def test_of_a_fleet_that_nobody_has_read_nothing_is_said(no_redis: None, tokens: dict[str, str]) -> None:
    for path in (*ROWS, "idle", "environments/some"):
        answer = get(path, tokens["viewer"])
        assert body(answer, 503)["type"] == "about:blank#not-read", path
        assert "Redis does not answer" in body(answer, 503)["detail"]
        assert answer["Retry-After"] == "5"
    assert get("actions", tokens["viewer"]).status_code == 200
