"""The acting half of the API: rights, records and questions are those of the pages, and nothing is done twice."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.control.models import Action, AskedOnce, AuditEntry, Batch, PersonalToken, Scope, State, User
from dashboard.fleet.entities import Execution, Service, Task
from dashboard.web import limits
from tests.web.conftest import Dashboard
from tests.web.test_api import a_token, body, get
from tests.web.test_idle import fleet

assert fleet  # the fixture

ACCEPTED, CREATED = 202, 201


@pytest.fixture
def tokens(users: dict[str, User]) -> dict[str, str]:
    """One for each role that reads and, where that role may have such, acts."""
    both = (Scope.READ, Scope.ACT)
    return {name: a_token(user, *(both[:1] if name == "viewer" else both)) for name, user in users.items()}


def post(path: str, token: str, sent: Any = None, key: str = "") -> HttpResponse:
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    where = path if path.startswith("/") else f"/api/v1/{path}"
    return Client().post(
        where, json.dumps(sent) if sent is not None else "", "application/json", headers=headers
    )


def test_a_stop_is_an_action_of_the_ledger_that_can_be_followed(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    row = dashboard.running()
    answer = post(f"environments/{row.id}/stop", tokens["admin"], {"reason": " end  of day\u0000"})
    said = body(answer, ACCEPTED)
    action = Action.objects.get()
    assert (action.verb, action.target_id, action.reason) == ("environment.stop", row.id, "end of day")
    assert (said["id"], said["new"], said["over"], said["person"]) == (str(action.id), True, False, "admin")
    assert answer["Location"] == said["address"]
    assert body(get(said["address"].removeprefix("/api/v1/"), tokens["viewer"]))["state"] == "queued"
    again = body(post(f"environments/{row.id}/stop", tokens["admin"]), ACCEPTED)
    assert (again["id"], again["new"]) == (said["id"], False)
    entry = AuditEntry.objects.get(act="asked")
    token = PersonalToken.objects.get(user__username="admin")
    assert (entry.person, entry.reason, entry.session) == ("admin", "end of day", f"token {token.pk.hex}")
    listed = body(get(f"environments/{row.id}", tokens["viewer"]))
    assert listed["wish"]["action"] == said["id"]


def test_every_kind_can_be_started_and_stopped_and_what_makes_no_sense_is_skipped(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    home, stopped = dashboard.running(), dashboard.stopped()
    dashboard.put(
        Service("web", home.id, "Web", phase="running"),
        Service("db", home.id, "Db", phase="stopped"),
        Task("build", home.id, "Build"),
        Execution("run", "build", home.id, "Build", "running"),
    )
    paths = (
        f"environments/{stopped.id}/start", "services/web/stop", "services/db/start", "tasks/build/start",
        "executions/run/stop", f"environments/{stopped.id}/stop",
    )  # fmt: skip
    said = [body(post(path, tokens["admin"]), ACCEPTED) for path in paths]
    assert [one["state"] for one in said] == ["queued"] * 5 + ["skipped"]
    assert said[-1]["over"]
    assert said[-1]["outcome"]


def test_whoever_may_not_on_a_page_may_not_here(
    dashboard: Dashboard, users: dict[str, User], tokens: dict[str, str]
) -> None:
    other, own = dashboard.running(), dashboard.running(own=True)
    refused = [
        post(f"environments/{other.id}/stop", tokens["operator"]),
        post(f"environments/{other.id}/stop", tokens["viewer"]),
        post("batches", tokens["viewer"], {"verb": "stop", "ids": [other.id]}),
    ]
    kinds = [body(answer, 403)["type"].partition("#")[2] for answer in refused]
    assert kinds == ["forbidden", "scope", "scope"]
    assert "scope=" in refused[1]["WWW-Authenticate"]
    assert AuditEntry.objects.filter(act="refused").count() == 3
    assert post(f"environments/{own.id}/stop", tokens["operator"]).status_code == ACCEPTED
    User.objects.filter(username="operator").update(role="viewer")
    lost = post(f"environments/{own.id}/start", tokens["operator"])
    assert "viewer" in body(lost, 403)["detail"]
    assert post("environments/nothing/stop", tokens["admin"]).status_code == 404
    assert Action.objects.count() == 1


def test_a_key_leads_to_the_same_action_also_when_that_is_over(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    dashboard.put(Task("build", dashboard.running().id, "Build"))
    first = body(post("tasks/build/start", tokens["admin"], key="deploy-7"), ACCEPTED)
    Action.objects.update(state=State.CONFIRMED, ended=timezone.now())
    again = body(post("tasks/build/start", tokens["admin"], key="deploy-7"), ACCEPTED)
    assert (again["id"], again["new"], again["over"]) == (first["id"], False, True)
    other = post("tasks/build/start", tokens["admin"], {"reason": "another"}, key="deploy-7")
    assert body(other, 409)["type"] == "about:blank#key"
    mine = body(post("tasks/build/start", tokens["operator"], key="deploy-7"), ACCEPTED)
    assert mine["new"], "keys are each person's own"
    assert post("tasks/build/start", tokens["admin"], key="x" * 256).status_code == 422
    assert "deploy-7" not in repr(list(AskedOnce.objects.values_list()))
    dashboard.empty()
    gone = body(post("tasks/build/start", tokens["admin"], key="deploy-7"), ACCEPTED)
    assert gone["id"] == first["id"], "also when its target is gone"


def test_a_refused_request_leaves_its_key_free(dashboard: Dashboard, tokens: dict[str, str]) -> None:
    row = dashboard.running()
    assert post(f"environments/{row.id}/stop", tokens["operator"], key="once").status_code == 403
    assert not AskedOnce.objects.exists()


def test_many_are_asked_about_first_and_more_than_a_few_take_the_words(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    rows = [row for row in dashboard.fleet.environments.values() if row.phase == "running"][:7]
    answer = post("batches", tokens["admin"], {"verb": "stop", "ids": [*(row.id for row in rows), "gone"]})
    question = body(answer, CREATED)
    assert [one["id"] for one in question["chosen"]] == [row.id for row in rows]
    assert [one["name"] for one in question["left_out"]] == ["gone"]
    assert (question["confirm"], question["started"]) == ("stop 7 environments", None)
    assert not Action.objects.exists()
    assert (
        body(post(question["begin"], tokens["admin"], {"reason": "night"}), 409)["type"]
        == "about:blank#confirm"
    )
    assert post(question["begin"], tokens["admin"], {"reason": " "}).status_code == 422
    assert post(question["begin"], tokens["operator"], {"reason": "x"}).status_code == 404
    sent = {"reason": "night", "confirm": question["confirm"]}
    begun = [body(post(question["begin"], tokens["admin"], sent), ACCEPTED) for _ in range(2)]
    assert begun[0]["states"] == begun[1]["states"] == {"queued": 7}
    assert body(get("actions", tokens["viewer"], batch=question["id"]))["total"] == 7
    cancelled = body(post(f"batches/{question['id']}/cancel", tokens["admin"]))
    assert (cancelled["states"], cancelled["over"]) == ({"skipped": 7}, True)
    assert post(f"batches/{question['id']}/undo", tokens["admin"]).status_code == 409


def test_what_failed_of_a_batch_is_tried_again_once_and_by_whom_the_page_lets(
    dashboard: Dashboard, users: dict[str, User], tokens: dict[str, str]
) -> None:
    rows = [row for row in dashboard.fleet.environments.values() if row.phase == "running"][:3]
    question = body(
        post("batches", tokens["admin"], {"verb": "stop", "ids": [row.id for row in rows]}), CREATED
    )
    path = f"batches/{question['id']}/retry"
    assert post(path, tokens["admin"]).status_code == 404, "a question that nobody has begun"
    post(question["begin"], tokens["admin"], {"reason": "night"})
    assert body(post(path, tokens["admin"]), ACCEPTED)["again"] == 0
    for state, action in zip(("failed", "confirmed", "unconfirmed"), Action.objects.all(), strict=True):
        Action.objects.filter(pk=action.pk).update(state=state, ended=timezone.now())
    assert post(path, tokens["operator"]).status_code == 403
    assert post(path, tokens["viewer"]).status_code == 403
    said = [body(post(path, tokens["admin"]), ACCEPTED) for _ in range(2)]
    assert [one["again"] for one in said] == [2, 0]
    assert said[1]["states"] == {"queued": 2, "confirmed": 1}
    assert Action.objects.count() == 5
    asked = AuditEntry.objects.filter(act="asked").order_by("number")
    assert [(one.person, one.reason) for one in asked][-2:] == [("admin", "night")] * 2


def test_idle_ones_are_stopped_as_the_review_would(fleet: Dashboard, tokens: dict[str, str]) -> None:
    idle = body(get("idle", tokens["viewer"], idle="30m", per_page="500"))
    question = body(post("idle/stop", tokens["admin"], {"all": True, "idle": "30m"}), CREATED)
    assert {one["id"] for one in question["chosen"]} == {one["id"] for one in idle["items"]}
    assert Batch.objects.get().idle_limit == 1800.0
    awake = body(get("idle", tokens["viewer"], idle="30m", show="kept"))["items"][0]
    assert len(question["chosen"]) == 5
    nothing = body(post("idle/stop", tokens["admin"], {"ids": [awake["id"]], "idle": "30m"}), 409)
    assert nothing["errors"][0]["where"] == awake["name"]


@pytest.mark.parametrize(
    "sent",
    [
        {"verb": "stop"},
        {"verb": "stop", "ids": ["a"], "all": True},
        {"verb": "delete", "ids": ["a"]},
        {"verb": "stop", "ids": "a"},
        {"verb": "stop", "ids": ["a"] * 2001},
        {"verb": "stop", "all": True, "q": "phase:runing"},
        {"verb": "stop", "all": True, "reson": "x"},
        [],
    ],
)
def test_what_is_not_clear_asks_nothing(dashboard: Dashboard, tokens: dict[str, str], sent: Any) -> None:
    assert post("batches", tokens["admin"], sent).status_code in {400, 422}
    assert not Batch.objects.exists()


def test_acting_counts_like_the_forms_of_its_person(
    dashboard: Dashboard, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORMS", limits.Limit("few forms", 1, 60))
    codes = [post("environments/nothing/stop", tokens["admin"]).status_code for _ in range(2)]
    assert codes == [404, 429]
    assert get("actions", tokens["admin"]).status_code == 200
