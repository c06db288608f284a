"""What is made: environments, services, tasks, each once however often its form is sent."""

import re

import pytest

from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Service
from tests.unruly import carried_out_and_dropped
from tests.web.conftest import Dashboard, text
from tests.web.forms import carried_out, errors, one, send

assert one  # the fixture


@pytest.mark.parametrize(
    ("deed", "fields", "field"),
    [
        ("add-service", {"reference": "", "name": "n", "start": "s"}, "reference"),
        ("add-service", {"reference": "a b", "name": "n", "start": "s"}, "reference"),
        ("add-service", {"reference": "ü", "name": "n", "start": "s"}, "reference"),
        ("add-service", {"reference": "x" * 129, "name": "n", "start": "s"}, "reference"),
        ("add-service", {"reference": "taken", "name": "n", "start": "s"}, "reference"),
        ("add-service", {"reference": "r", "name": "", "start": "s"}, "name"),
        ("add-service", {"reference": "r", "name": "n", "start": " "}, "start"),
        (
            "add-service",
            {"reference": "r", "name": "n", "start": "s", "triggers": "beforeSnapshot"},
            "triggers",
        ),
        ("add-task", {"reference": "r", "name": "n", "command": ""}, "command"),
        ("add-task", {"reference": "taken", "name": "n", "command": "c"}, "reference"),
        ("add-task", {"reference": "r", "name": "n", "command": "c", "triggers": "never"}, "triggers"),
    ],
)
def test_a_new_automation_keeps_to_the_limits(
    dashboard: Dashboard, one: Environment, deed: str, fields: dict[str, str], field: str
) -> None:
    dashboard.put(Service("s9", "e1", "x", reference="taken"))
    response = send(dashboard, f"/environments/e1/{deed}/", **fields)
    assert list(errors(response)) == [field]
    assert not Action.objects.exists()


def test_a_service_and_a_task_are_added_and_linked(dashboard: Dashboard) -> None:
    row = dashboard.running()
    path = f"/environments/{row.id}"
    fields = {"reference": "fresh", "name": "Fresh", "start": "sleep 9", "triggers": "manual"}
    assert send(dashboard, f"{path}/add-service/", **fields).status_code == 204
    action = carried_out(dashboard)
    assert action.state == "confirmed"
    service = dashboard.fleet.services[action.result_id]
    assert (service.name, service.reference, service.triggers) == ("Fresh", "fresh", ("manual",))
    for page in ("/activity/", f"{path}/"):
        assert f'<a href="/services/{service.id}/">The service it made</a>' in text(dashboard.get(page))
    fields = {"reference": "fresher", "name": "Fresher", "command": "make", "triggers": "beforeSnapshot"}
    assert send(dashboard, f"{path}/add-task/", **fields).status_code == 204
    action = carried_out(dashboard)
    assert action.state == "confirmed"
    assert dashboard.fleet.tasks[action.result_id].reference == "fresher"


def test_a_reference_that_was_taken_meanwhile_fails_in_the_apis_words(dashboard: Dashboard) -> None:
    there = dashboard.simulated.world.environments
    row = dashboard.environment(lambda row: row.phase == "running" and bool(there[row.id].tasks))
    taken = there[row.id].tasks[0].recipe.reference
    send(dashboard, f"/environments/{row.id}/add-task/", reference="r", name="n", command="c")
    action = Action.objects.get()
    Action.objects.update(params=action.params | {"reference": taken})
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert "is taken (already_exists)" in action.outcome


def test_a_creation_whose_answer_was_lost_is_sent_once(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.simulated.wire.on("CreateTask", carried_out_and_dropped)
    send(dashboard, f"/environments/{row.id}/add-task/", reference="r", name="n", command="c")
    action = carried_out(dashboard)
    assert action.state == "unknown"
    assert "Look at the environment's tasks" in action.outcome
    assert len(dashboard.simulated.world.calls_to("CreateTask", row.id)) == 1


TOKEN = "0b5f6f5e-2c7b-4f60-9f65-0f6f2ab7b5d1"
HOME = "https://github.com/acme/web"


def a_class(dashboard: Dashboard, *, enabled: bool = True) -> str:
    return next(key for key, row in dashboard.fleet.classes.items() if row.enabled is enabled)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "repository"),
        ({"repository": HOME, "project": "any"}, "repository"),
        ({"repository": HOME, "class_id": ""}, "class_id"),
        ({"repository": HOME, "class_id": "disabled"}, "class_id"),
        ({"repository": HOME, "class_id": "none"}, "class_id"),
        ({"repository": "github.com/acme/web"}, "repository"),
        ({"repository": "javascript:alert(1)"}, "repository"),
        ({"repository": "https://[bad"}, "repository"),
        ({"repository": "https://github.com/ü"}, "repository"),
        ({"repository": "https://me:hunter2@github.com/acme/web"}, "repository"),
        ({"project": "none"}, "project"),
        ({"project": "any", "name": "x" * 81}, "name"),
        ({"project": "any", "timeout": "other", "minutes": "5"}, "minutes"),
    ],
)
def test_a_new_environment_keeps_to_the_limits(
    dashboard: Dashboard, fields: dict[str, str], field: str
) -> None:
    given = {"token": TOKEN, "class_id": a_class(dashboard)} | fields
    if given.get("project") == "any":
        given["project"] = next(iter(dashboard.fleet.projects))
    if given["class_id"] == "disabled":
        given["class_id"] = a_class(dashboard, enabled=False)
    response = dashboard.post("/environments/new/", **given)
    assert (response.status_code, list(errors(response))) == (422, [field])
    assert not Action.objects.exists()


def test_an_environment_is_made_from_a_repository_once_however_often_the_form_is_sent(
    dashboard: Dashboard,
) -> None:
    page = dashboard.get("/environments/new/", "operator")
    found = re.search(r'name="token" value="([^"]+)"', text(page))
    assert found
    assert a_class(dashboard, enabled=False) not in text(page)
    fields = {"token": found[1], "repository": HOME, "class_id": a_class(dashboard), "timeout": "7200"}
    for _ in range(2):
        assert dashboard.post("/environments/new/", "operator", **fields)["Location"] == "/activity/"
    assert HOME in text(dashboard.get("/activity/"))
    action = carried_out(dashboard, 120)
    assert action.state == "confirmed"
    assert send(dashboard, "/environments/new/", "operator", **fields)["HX-Redirect"] == "/activity/"
    assert Action.objects.count() == 1
    assert len(dashboard.simulated.world.calls_to("CreateEnvironment")) == 1
    row = dashboard.fleet.environments[action.result_id]
    assert (row.repository, row.timeout) == ("acme/web", 7200.0)
    activity = text(dashboard.get("/activity/"))
    assert f'<a href="/environments/{row.id}/">The environment it made</a>' in activity
    assert f"/environments/{action.target_id}/" not in activity
    assert text(dashboard.get("/")).count(f'href="/environments/{row.id}/"') >= 1


def test_an_environment_is_made_from_a_project(dashboard: Dashboard) -> None:
    project = next(iter(dashboard.fleet.projects))
    send(dashboard, "/environments/new/", token=TOKEN, project=project, name="brand new")
    action = carried_out(dashboard, 120)
    row = dashboard.fleet.environments[action.result_id]
    assert (action.target_name, row.name, row.project_id) == ("brand new", "brand new", project)


def test_classes_say_who_uses_them(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/classes/", "viewer"))
    for key, row in dashboard.fleet.classes.items():
        assert f'id="class-{key}"' in page
        assert row.name in page
    assert "disabled" in page


def test_an_execution_that_has_ended_leads_to_its_tasks_question(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    run = next(
        run
        for run in fleet.executions.values()
        if not run.live
        and run.task_id in fleet.tasks
        and fleet.environments[run.environment_id].phase == "running"
    )
    page = text(dashboard.get(f"/executions/{run.id}/"))
    assert f'href="/tasks/{run.task_id}/start/"' in page
    assert "Run again" in page
    assert "Run again" not in text(dashboard.get(f"/executions/{run.id}/", "viewer"))


def test_a_refused_creation_says_which_git_account_to_connect(dashboard: Dashboard) -> None:
    fields = {"token": TOKEN, "repository": "https://git.example/o/shop", "class_id": a_class(dashboard)}
    send(dashboard, "/environments/new/", **fields)
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert "connect the git account for git.example in Ona's settings first" in action.outcome
