"""From the form to what the API then shows."""

import re

import pytest

from dashboard import jobs
from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Service, Task
from dashboard.simulator import enums
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.forms import carried_out, errors, one, send

assert one  # the fixture


def test_an_environment_is_renamed_and_gets_a_timeout(dashboard: Dashboard) -> None:
    row = dashboard.running()
    path = f"/environments/{row.id}/edit/"
    assert send(dashboard, path, name="renamed", timeout="other", minutes="45").status_code == 204
    assert carried_out(dashboard).state == "confirmed"
    row = dashboard.fleet.environments[row.id]
    assert (row.name, row.timeout) == ("renamed", 2700.0)
    assert "name renamed, timeout 45 min" in text(dashboard.get("/activity/"))
    assert "name renamed, timeout 45 min" in text(dashboard.get(f"/environments/{row.id}/"))


def test_an_environment_is_kept_awake_once(dashboard: Dashboard) -> None:
    row = dashboard.running()
    page = text(dashboard.get(f"/environments/{row.id}/keep-awake/"))
    assert "This counts as activity now" in page
    assert "not repeated" in page
    assert send(dashboard, f"/environments/{row.id}/keep-awake/").status_code == 204
    assert carried_out(dashboard, 2).state == "confirmed"
    assert dashboard.fleet.environments[row.id].signal_source == "Ona dashboard, admin"
    assert len(dashboard.simulated.world.calls_to("MarkEnvironmentActive", row.id)) == 1


def test_an_environment_leaves_the_archive(dashboard: Dashboard) -> None:
    row = dashboard.environment(lambda row: row.archived is not None)
    send(dashboard, f"/environments/{row.id}/unarchive/")
    assert carried_out(dashboard).state == "confirmed"
    assert dashboard.fleet.environments[row.id].archived is None


@pytest.mark.parametrize(("deed", "seconds"), [("delete", 120.0), ("force-delete", 5.0)])
def test_an_environment_is_deleted(dashboard: Dashboard, deed: str, seconds: float) -> None:
    row = dashboard.running()
    assert send(dashboard, f"/environments/{row.id}/{deed}/", confirmation=row.name).status_code == 204
    assert carried_out(dashboard, seconds).state == "confirmed"


def up(dashboard: Dashboard, row: Service | Task) -> bool:
    return dashboard.fleet.environments[row.environment_id].phase == "running"


def test_a_service_is_edited_and_deleted(dashboard: Dashboard) -> None:
    row = next(
        row
        for row in dashboard.fleet.services.values()
        if row.phase in {"stopped", "failed"} and up(dashboard, row)
    )
    jobs.refresh("service", row.id)
    fields = {"name": "renamed", "description": "a\r\nb", "start": "sleep 1\r\nsleep 2", "initial-start": "?"}
    assert send(dashboard, f"/services/{row.id}/edit/", **fields).status_code == 204
    assert carried_out(dashboard).state == "confirmed"
    assert dashboard.simulated.world.services[row.id].recipe.start == "sleep 1\nsleep 2"
    assert send(dashboard, f"/services/{row.id}/delete/").status_code == 204
    assert carried_out(dashboard).state == "confirmed"


def test_commands_of_a_service_that_started_meanwhile_fail_in_the_apis_words(dashboard: Dashboard) -> None:
    row = next(
        row for row in dashboard.fleet.services.values() if row.phase == "stopped" and up(dashboard, row)
    )
    jobs.refresh("service", row.id)
    send(dashboard, f"/services/{row.id}/edit/", name="x", start="other")
    dashboard.simulated.world.services[row.id].phase = enums.SERVICE_RUNNING
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert "must be stopped before its spec can be changed" in action.outcome


def test_a_task_is_edited_and_deleted(dashboard: Dashboard) -> None:
    row = next(iter(dashboard.fleet.tasks.values()))
    jobs.refresh("task", row.id)
    send(dashboard, f"/tasks/{row.id}/edit/", name="renamed", command="make all")
    assert carried_out(dashboard).state == "confirmed"
    assert dashboard.fleet.tasks[row.id].name == "renamed"
    send(dashboard, f"/tasks/{row.id}/delete/")
    assert carried_out(dashboard).state == "confirmed"
    assert row.id not in dashboard.fleet.tasks


@pytest.mark.parametrize(
    ("kind", "chosen", "left"),
    [
        ("services", ["postEnvironmentStart", "prebuild"], ("post_environment_start", "prebuild")),
        ("tasks", ["beforeSnapshot"], ("before_snapshot",)),
        ("tasks", [], ()),
    ],
)
def test_what_starts_a_service_or_a_task_is_changed(
    dashboard: Dashboard, kind: str, chosen: list[str], left: tuple[str, ...]
) -> None:
    row = next(
        row
        for row in getattr(dashboard.fleet, kind).values()
        if kind == "tasks" or (row.phase in {"", "stopped"} and row.role == "default")
    )
    shown = text(dashboard.get(f"/{kind}/{row.id}/edit/"))
    ticked = re.findall(r'type="checkbox" name="triggers" value="(\w+)"[^>]*checked', shown)
    assert {re.sub("([A-Z])", r"_\1", word).lower() for word in ticked} == set(row.triggers)
    fields = {"name": row.name, "initial-name": row.name, "initial-triggers": ["unlike"], "triggers": chosen}
    response = dashboard.clients["admin"].post(f"/{kind}/{row.id}/edit/", fields, headers=HTMX)
    assert response.status_code == 204, errors(response)
    assert Action.objects.get().params == {"triggers": sorted(chosen)}
    assert carried_out(dashboard).state == "confirmed"
    assert set(getattr(dashboard.fleet, kind)[row.id].triggers) == set(left)
    assert "triggers" in text(dashboard.get("/activity/"))


def test_triggers_that_this_version_does_not_know_are_kept(dashboard: Dashboard, one: Environment) -> None:
    dashboard.put(Task("t9", "e1", "odd", triggers=("manual", "on_full_moon")))
    assert "one that this version does not know" in text(dashboard.get("/tasks/t9/edit/"))
    assert send(dashboard, "/tasks/t9/edit/", name="even", triggers="prebuild").status_code == 204
    assert Action.objects.get().params == {"name": "even"}


def test_what_is_needed_unless_another_is_given_is_not_called_optional(dashboard: Dashboard) -> None:
    labels = re.findall(r'<label for="id_(\w+)">(.*?)</label>', text(dashboard.get("/environments/new/")))
    optional = {name for name, label in labels if "(optional)" in label}
    assert optional == {"name", "timeout"}


def test_what_cannot_be_sent_ends_as_failed_in_words(dashboard: Dashboard) -> None:
    row = dashboard.running()
    send(dashboard, f"/environments/{row.id}/edit/", name="fine")
    Action.objects.update(params={"timeout": 60.0})
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert action.outcome == "timeout: must be 0 (never) or at least 1800 seconds (30 minutes)"
    assert not dashboard.simulated.world.calls_to("UpdateEnvironment", row.id)
