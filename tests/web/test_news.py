"""What an open page is told of what a person has starred, and what it costs when there is nothing to tell."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.control.models import Action, Batch, IdlePolicy, Star, StopWarning, User
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.web import news
from dashboard.web import stars as shown
from tests.web.conftest import HTMX, Dashboard, text

TURNED = "owl \u202etxt\n<b>"


@pytest.fixture
def starred(dashboard: Dashboard) -> Dashboard:
    """Everything of a small fleet is starred by the viewer."""
    shown.forget()
    news.forget()
    dashboard.empty()
    dashboard.put(
        Environment("e-1", TURNED, "running", status_version=1),
        Service("s-1", "e-1", "web", phase="running"),
        Task("t-1", "e-1", "Build"),
    )
    for value in ("environment:e-1", "service:s-1", "task:t-1"):
        dashboard.post("/stars/", "viewer", star=value)
    return dashboard


def ask(dashboard: Dashboard, seen: str = "", role: str = "viewer") -> HttpResponse:
    news.forget()
    return dashboard.get(f"/watching/?seen={seen}", role, **HTMX)


def told(dashboard: Dashboard) -> dict[str, dict[str, str]]:
    items: list[dict[str, Any]] = json.loads(text(ask(dashboard)))["items"]
    return {one["key"]: one for one in items}


def test_what_fails_is_news_for_as_long_as_it_has_failed(starred: Dashboard) -> None:
    assert told(starred) == {}
    starred.put(
        Environment("e-1", TURNED, "stopped", status_version=2, failures=("disk\nfull \u202e<i>", "more")),
        Service("s-1", "e-1", "web", phase="failed", failure="exit 1"),
    )
    found = told(starred)
    assert set(found) == {"environment:e-1:failed", "service:s-1:failed"}
    one = found["environment:e-1:failed"]
    assert (one["title"], one["body"]) == ("\u2068owl txt <b>\u2069 has failed", "\u2068disk full <i>\u2069")
    assert one["url"] == "/environments/e-1/"
    starred.put(Environment("e-1", TURNED, "running", status_version=3))
    assert set(told(starred)) == {"service:s-1:failed"}


def test_how_a_starred_task_ended_is_news_for_an_hour(starred: Dashboard) -> None:
    now = starred.simulated.clock()
    for key, phase, ago in (("x-1", "succeeded", 60), ("x-2", "failed", 30), ("x-3", "stopped", 4000)):
        end = now - ago
        starred.put(
            Execution(key, "t-1", "e-1", "Build", phase, created=end - 9, started=end - 9, completed=end)
        )
    starred.put(Execution("x-4", "t-1", "e-1", "Build", "running", created=now - 1, started=now - 1))
    found = told(starred)
    assert {key: one["title"] for key, one in found.items()} == {
        "task:t-1:x-1": "\u2068Build\u2069 succeeded",
        "task:t-1:x-2": "\u2068Build\u2069 has failed",
    }
    assert found["task:t-1:x-2"]["url"] == "/executions/x-2/"


def test_a_policy_that_warns_or_stops_is_news(starred: Dashboard) -> None:
    now = timezone.now()
    policy = IdlePolicy.objects.create(
        name="Nights", idle=60, created=now, changed=now, made_by="a", changed_by="a"
    )
    for identifier, deadline in (("e-1", now + timedelta(minutes=9)), ("e-2", now + timedelta(minutes=9))):
        StopWarning.objects.create(
            policy=policy, environment_id=identifier, name="owl", spell=1, decided=now, deadline=deadline
        )
    batch = Batch.objects.create(verb="environment.stop", actor_name="a", created=now, policy=policy)
    for identifier, state in (("e-1", "confirmed"), ("e-3", "confirmed")):
        Action.objects.create(
            verb="environment.stop", kind="environment", target_id=identifier, target_name="owl", actor_name="a",
            batch=batch, state=state, created=now, not_before=now,
        )  # fmt: skip
    titles = [one["title"] for one in told(starred).values()]
    assert titles == ["\u2068owl\u2069 is to be stopped", "\u2068owl\u2069 was stopped"]
    bodies = [one["body"] for one in told(starred).values()]
    assert all("policy \u2068Nights\u2069" in body for body in bodies)
    StopWarning.objects.update(ended=now)
    assert [one["title"] for one in told(starred).values()] == ["\u2068owl\u2069 was stopped"]


def test_where_nothing_is_new_the_answer_is_empty_and_asks_the_database_nothing(starred: Dashboard) -> None:
    seen = json.loads(text(ask(starred)))["seen"]
    assert ask(starred, seen).status_code == 204
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = ask(starred, seen)
    assert (answer.status_code, answer.content, len(asked)) == (204, b"", 0)
    starred.put(Service("s-1", "e-1", "web", phase="failed"))
    assert ask(starred, seen).status_code == 200
    assert json.loads(text(ask(starred, role="admin")))["items"] == []


def test_a_fleet_that_is_not_there_takes_nothing_back(starred: Dashboard) -> None:
    gone = [(kind, key) for kind in Kind for key in starred.fleet.of(kind)]
    starred.simulated.store.write([], newer=lambda *_: True, gone=gone)
    assert ask(starred, "x").status_code == 204


def test_hundreds_of_stars_make_a_bounded_answer(starred: Dashboard, users: dict[str, User]) -> None:
    name = "x" * 5_000
    rows = [Environment(f"f-{n}", name, "stopped", failures=(name,)) for n in range(150)]
    starred.put(*rows)
    Star.objects.bulk_create(
        Star(user=users["viewer"], kind="environment", target_id=row.id, name="f", created=timezone.now())
        for row in rows
    )
    shown.forget()
    answer = ask(starred)
    assert len(json.loads(text(answer))["items"]) == news.MOST
    assert len(answer.content) < 40_000
