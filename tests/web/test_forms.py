"""Forms of actions: each limit comes back at its field, and what is sent is seen to have happened."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.http import HttpResponse

from dashboard import jobs
from dashboard.control.models import Action
from dashboard.fleet.details import ServiceDetail, TaskDetail
from dashboard.fleet.entities import Environment, Kind, Port, Service, Task
from dashboard.simulator import enums
from tests.unruly import carried_out_and_dropped
from tests.web.conftest import HTMX, Dashboard, text, trigger

ERROR = re.compile(r'id="id_(\w+)_error">(.*?)</div>')


def errors(response: HttpResponse) -> dict[str, str]:
    """What is said at each field."""
    return dict(ERROR.findall(text(response)))


def send(dashboard: Dashboard, path: str, role: str = "admin", **fields: str) -> HttpResponse:
    return dashboard.clients[role].post(path, fields, headers=HTMX)


def carried_out(dashboard: Dashboard, seconds: float = 30) -> Action:
    """The newest action, performed and followed up."""
    action = Action.objects.order_by("-created")[0]
    jobs.perform(str(action.id))
    dashboard.simulated.clock.pass_(seconds)
    jobs.chase()
    action.refresh_from_db()
    return action


@pytest.fixture
def one(dashboard: Dashboard) -> Environment:
    row = Environment("e1", "one", "running", timeout=3600.0, signal_at=1.0, unpushed=2, changed=1)
    dashboard.put(row, replace(row, id="e2", name="clean", unpushed=0, changed=0))
    dashboard.put(Service("s1", "e1", "db", phase="stopped"), Service("s2", "e1", "api", phase="running"))
    dashboard.put(Task("t1", "e1", "build"))
    dashboard.simulated.store.keep_detail(Kind.SERVICE, ServiceDetail("s1", 1.0, "run"))
    dashboard.simulated.store.keep_detail(Kind.SERVICE, ServiceDetail("s2", 1.0, "run"))
    dashboard.simulated.store.keep_detail(Kind.TASK, TaskDetail("t1", 1.0, "make"))
    return row


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("environments/e1/edit", {"name": ""}, "name"),
        ("environments/e1/edit", {"name": " \n "}, "name"),
        ("environments/e1/edit", {"name": "x" * 81}, "name"),
        ("environments/e1/edit", {"name": "one", "timeout": "77"}, "timeout"),
        ("environments/e1/edit", {"name": "one", "timeout": "other"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "29"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "-1"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "1e3"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "9" * 15}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "3600", "minutes": "45"}, "minutes"),
        ("environments/e1/delete", {}, "confirmation"),
        ("environments/e1/delete", {"confirmation": "two"}, "confirmation"),
        ("environments/e2/force-delete", {}, "confirmation"),
        ("services/s1/edit", {"name": "", "start": "run"}, "name"),
        ("services/s1/edit", {"name": "db", "start": ""}, "start"),
        ("services/s1/edit", {"name": "db", "start": "x" * 8_000}, "start"),
        ("services/s1/edit", {"name": "x" * 201, "start": "run"}, "name"),
        ("services/s1/edit", {"name": "db", "start": "run", "triggers": "beforeSnapshot"}, "triggers"),
        ("services/s1/edit", {"name": "db", "start": "run", "description": "x" * 1_000}, "description"),
        ("tasks/t1/edit", {"name": ""}, "name"),
        ("tasks/t1/edit", {"name": "b", "command": "x" * 8_000}, "command"),
    ],
)
def test_a_limit_comes_back_at_its_field_in_the_dialog_and_on_a_page(
    dashboard: Dashboard, one: Environment, path: str, fields: dict[str, str], field: str
) -> None:
    dialog = send(dashboard, f"/{path}/", reason="because", **fields)
    page = dashboard.post(f"/{path}/", reason="because", **fields)
    assert (dialog.status_code, page.status_code) == (200, 422)
    for response in (dialog, page):
        assert list(errors(response)) == [field]
        assert 'value="because"' in text(response)
        group = field == "triggers"  # the fieldset around the boxes
        pattern = (
            rf'id="id_{field}_error"' if group else rf'<(?:input|select|textarea)[^>]*name="{field}"[^>]*>'
        )
        found = re.search(pattern, text(response))
        assert found
        assert group or 'aria-invalid="true"' in found[0]
        assert f"id_{field}_error" in found[0]
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "environments/e1/edit",
            {"name": "one", "initial-name": "one", "timeout": "3600", "initial-timeout": "3600"},
        ),
        ("services/s1/edit", {"name": "db", "initial-name": "db", "start": "run", "initial-start": "run"}),
        ("tasks/t1/edit", {"name": "build", "initial-name": "build"}),
    ],
)
def test_an_edit_that_changes_nothing_says_so(
    dashboard: Dashboard, one: Environment, path: str, fields: dict[str, str]
) -> None:
    assert "Nothing was changed." in text(send(dashboard, f"/{path}/", **fields))
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("fields", "params"),
    [
        ({"name": " two  words "}, {"name": "two words"}),
        ({"name": "one", "initial-name": "one", "timeout": "0"}, {"timeout": 0.0}),
        ({"name": "x" * 80, "timeout": "other", "minutes": "90"}, {"name": "x" * 80, "timeout": 5400.0}),
        ({"name": "ünï 💩", "timeout": "3600", "initial-timeout": "3600"}, {"name": "ünï 💩"}),
    ],
)
def test_only_what_changed_is_asked_for(
    dashboard: Dashboard, one: Environment, fields: dict[str, str], params: dict[str, Any]
) -> None:
    assert send(dashboard, "/environments/e1/edit/", **fields).status_code == 204
    assert Action.objects.get().params == params


def test_an_edit_while_another_one_is_open_is_not_lost_silently(
    dashboard: Dashboard, one: Environment
) -> None:
    assert send(dashboard, "/environments/e1/edit/", name="two").status_code == 204
    again = send(dashboard, "/environments/e1/edit/", name="three")
    assert "still under way" in text(again)
    assert 'value="three"' in text(again)
    same = trigger(send(dashboard, "/environments/e1/edit/", name="two"))
    assert "was asked for already" in same["toast"]["text"]
    assert Action.objects.count() == 1


def test_commands_are_locked_while_a_service_runs_or_nobody_has_read_them(
    dashboard: Dashboard, one: Environment
) -> None:
    dashboard.put(Service("s3", "e1", "new", phase="stopped"))
    for key, why in (("s2", "only while the service is stopped"), ("s3", "not been read yet")):
        page = text(dashboard.get(f"/services/{key}/edit/"))
        assert page.count(why) >= 3
        assert re.search(r'<textarea[^>]*name="start"[^>]*disabled', page)
        assert send(dashboard, f"/services/{key}/edit/", name="kept", start="rm -rf /").status_code == 204
    assert [action.params for action in Action.objects.all()] == [{"name": "kept"}] * 2


def test_deleting_shows_what_would_be_lost_and_asks_for_the_name_only_then(
    dashboard: Dashboard, one: Environment
) -> None:
    page = text(dashboard.get("/environments/e1/delete/"))
    assert "2 unpushed commits and 1 changed file. Deleting it loses them." in page
    assert send(dashboard, "/environments/e1/delete/", confirmation=" ONE ").status_code == 204
    assert 'name="confirmation"' not in text(dashboard.get("/environments/e2/delete/"))
    assert send(dashboard, "/environments/e2/delete/").status_code == 204
    assert [action.params for action in Action.objects.all()] == [{}, {}]


def test_an_operator_cannot_force(dashboard: Dashboard) -> None:
    own = dashboard.running(own=True)
    page = text(dashboard.get(f"/environments/{own.id}/", "operator"))
    assert f'id="delete-{own.id}"' in page
    assert f'id="force-delete-{own.id}"' not in page
    assert dashboard.get(f"/environments/{own.id}/force-delete/", "operator").status_code == 403


# From the form to what the API then shows


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


def test_a_refused_creation_says_which_git_account_to_connect(dashboard: Dashboard) -> None:
    fields = {"token": TOKEN, "repository": "https://git.example/o/shop", "class_id": a_class(dashboard)}
    send(dashboard, "/environments/new/", **fields)
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert "connect the git account for git.example in Ona's settings first" in action.outcome


def test_what_cannot_be_sent_ends_as_failed_in_words(dashboard: Dashboard) -> None:
    row = dashboard.running()
    send(dashboard, f"/environments/{row.id}/edit/", name="fine")
    Action.objects.update(params={"timeout": 60.0})
    action = carried_out(dashboard)
    assert action.state == "failed"
    assert action.outcome == "timeout: must be 0 (never) or at least 1800 seconds (30 minutes)"
    assert not dashboard.simulated.world.calls_to("UpdateEnvironment", row.id)


# What is made


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


# Ports


def ports_of(page: HttpResponse) -> dict[str, str]:
    """The form's controls as they are filled in."""
    found = dict(re.findall(r'<input[^>]*name="(port_\d+_[01])"(?:[^>]* value="([^"]*)")?', text(page)))
    for name, options in re.findall(
        r'<select name="(port_\d+_[23])"[^>]*>(.*?)</select>', text(page), re.DOTALL
    ):
        chosen = re.search(r'value="(\w*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_ports_are_shared_changed_and_taken_out(dashboard: Dashboard) -> None:
    row = dashboard.environment(lambda row: row.phase == "running" and len(row.ports) >= 2)
    path = f"/environments/{row.id}/edit-ports/"
    given, last = ports_of(dashboard.get(path)), len(row.ports)
    assert [given[f"port_{n}_0"] for n in range(last)] == [
        str(n) for n in sorted(p.number for p in row.ports)
    ]
    assert "Nothing was changed." in text(send(dashboard, path, **given))
    fresh = {"0": "9000", "1": " Docs  site ", "2": "everyone", "3": "https"}
    given |= {"port_0_0": ""} | {f"port_{last}_{part}": value for part, value in fresh.items()}
    assert send(dashboard, path, **given).status_code == 204
    assert carried_out(dashboard).state == "confirmed"
    ports = {port.number: port for port in dashboard.fleet.environments[row.id].ports}
    assert min(one.number for one in row.ports) not in ports
    assert (ports[9000].name, ports[9000].admission, ports[9000].protocol) == (
        "Docs site",
        "everyone",
        "https",
    )
    assert "9000 Docs site" in text(dashboard.get("/activity/"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"port_0_0": "80", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "65536", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "x", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": " "}, "port_0"),
        ({"port_0_0": "", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "x" * 101}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_0_2": "nobody"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_0_3": "gopher"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_1_0": "3000", "port_1_1": "b"}, "port_1"),
    ],
)
def test_a_ports_limits_come_back_at_its_row(
    dashboard: Dashboard, one: Environment, fields: dict[str, str], field: str
) -> None:
    assert list(errors(send(dashboard, "/environments/e1/edit-ports/", **fields))) == [field]
    assert not Action.objects.exists()


def test_the_last_port_cannot_be_taken_out(dashboard: Dashboard, one: Environment) -> None:
    dashboard.put(replace(one, id="e3", ports=(Port(3000, "web"),)))
    assert "cannot take out the last port" in text(send(dashboard, "/environments/e3/edit-ports/"))
