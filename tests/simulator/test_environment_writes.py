"""Creating, changing and deleting environments, on a clock that the test moves."""

import base64

import pytest

from dashboard.simulator import enums
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire
from tests.simulator.words import NOBODY

CREATE, UPDATE = f"{ENVIRONMENTS}/CreateEnvironment", f"{ENVIRONMENTS}/UpdateEnvironment"
FROM_PROJECT, DELETE = f"{ENVIRONMENTS}/CreateEnvironmentFromProject", f"{ENVIRONMENTS}/DeleteEnvironment"
GET, UNARCHIVE = f"{ENVIRONMENTS}/GetEnvironment", f"{ENVIRONMENTS}/UnarchiveEnvironment"
ACTIVE = f"{ENVIRONMENTS}/MarkEnvironmentActive"


@pytest.fixture
def wire():
    return Wire(environments=60)


def env(wire, phase, fits=lambda _: True):
    return next(
        row
        for row in wire.world.environments.values()
        if row.phase == f"ENVIRONMENT_PHASE_{phase}" and row.archived_at is None and fits(row)
    )


def phases(wire, row, last, limit=150):
    return wire.phases_until(last, lambda: wire.environment(row.id)["status"]["phase"], limit)


def spec(wire, **more):
    url = {"contextUrl": {"url": "https://github.com/acme/web/tree/next"}}
    return {
        "machine": {"class": wire.world.directory.classes[0].id},
        "content": {"initializer": {"specs": [url]}},
        **more,
    }


# Create


def test_a_created_environment_comes_up_with_services_and_tasks(wire):
    asked = spec(wire, timeout={"disconnected": "7200s"}, ports=[{"port": 3000, "name": "web"}])
    made = wire.call(CREATE, spec=asked, name="demo", annotations={"team": "blue"})["environment"]
    assert made["status"]["phase"] == "ENVIRONMENT_PHASE_CREATING"
    assert (made["metadata"]["name"], made["metadata"]["annotations"]) == ("demo", {"team": "blue"})
    assert made["metadata"]["originalContextUrl"] == "https://github.com/acme/web/tree/next"
    assert made["metadata"]["creator"]["principal"] == "PRINCIPAL_SERVICE_ACCOUNT"
    assert "projectId" not in made["metadata"]
    assert made["spec"]["timeout"] == {"disconnected": "7200s"}
    assert made["spec"]["ports"] == [{"port": 3000, "name": "web"}]
    assert made["spec"]["content"]["initializer"] == asked["content"]["initializer"]
    row = wire.world.environments[made["id"]]
    assert phases(wire, row, "RUNNING") == ["CREATING", "STARTING", "RUNNING"]
    assert {row.recipe.role for row in row.services} >= {"SERVICE_ROLE_DEFAULT", "SERVICE_ROLE_EDITOR"}
    assert row.tasks
    [call] = wire.world.calls_to("CreateEnvironment")
    assert call.outcome == "ok"


def test_the_same_repository_brings_the_same_automations(wire):
    rows = [wire.call(CREATE, spec=spec(wire))["environment"]["id"] for _ in range(2)]
    one, two = (wire.world.environments[row] for row in rows)
    assert [s.recipe.reference for s in one.services] == [s.recipe.reference for s in two.services]


def test_without_initializer_it_is_a_scratch_environment(wire):
    machine = {"machine": {"class": wire.world.directory.classes[0].id}}
    made = wire.call(CREATE, spec=machine)["environment"]
    assert "originalContextUrl" not in made["metadata"]
    assert not wire.world.environments[made["id"]].tasks


def test_a_project_is_the_base_and_the_request_beats_it(wire):
    project = wire.world.directory.projects[0]
    made = wire.call(FROM_PROJECT, projectId=project.id, spec={"machine": {"class": project.classes[1].id}})[
        "environment"
    ]
    assert made["metadata"]["projectId"] == project.id
    assert made["spec"]["machine"]["class"] == project.classes[1].id
    row = wire.world.environments[made["id"]]
    assert [task.recipe for task in row.tasks] == list(project.tasks)


def test_a_class_that_the_project_does_not_have_is_refused_with_those_it_has(wire):
    directory = wire.world.directory
    project = directory.projects[0]
    other = next(row for row in directory.classes if row.enabled and row not in project.classes)
    body = {"projectId": project.id, "spec": {"machine": {"class": other.id}}}
    answer = wire.post(FROM_PROJECT, body)
    [detail] = answer.json["details"]
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_argument")
    assert detail["type"].endswith("BadRequestEnvironmentClassDetails")
    assert detail["debug"] == {"environmentClassIds": [row.id for row in project.classes]}
    assert project.classes[0].id.encode() in base64.b64decode(detail["value"] + "==")


@pytest.mark.parametrize(
    "source",
    [
        {"contextUrl": {"url": "https://git.acme.example/a/b"}},
        {"git": {"remoteUri": "git@git.acme.example:a/b.git"}},
    ],
)
def test_a_host_that_is_not_connected_is_a_failed_precondition(wire, source):
    content = {"content": {"initializer": {"specs": [source]}}}
    answer = wire.post(CREATE, {"spec": spec(wire, **content)})
    assert (answer.status_code, answer.json["code"]) == (400, "failed_precondition")
    assert answer.json["details"][0]["debug"] == {"missingAuthenticationTokensForHosts": ["git.acme.example"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"machine": {}}, "invalid_argument"),
        ({"machine": {"class": NOBODY}}, "invalid_argument"),
    ],
)
def test_an_environment_needs_a_class_that_exists(wire, change, code):
    assert wire.refused(CREATE, spec=spec(wire, **change))[:2] == (400, code)


def test_a_disabled_class_makes_no_environment(wire):
    disabled = next(row for row in wire.world.directory.classes if not row.enabled)
    asked = spec(wire, machine={"class": disabled.id})
    assert wire.refused(CREATE, spec=asked)[:2] == (400, "failed_precondition")


@pytest.mark.parametrize(
    ("part", "path", "rule"),
    [
        ({"timeout": {"disconnected": "60s"}}, "timeout.disconnected", "disconnected_timeout"),
        ({"ports": [{"port": 80, "name": "x"}]}, "ports[0].port", "int32.gte_lte"),
        ({"ports": [{"port": 8080}]}, "ports[0].name", "string.min_len"),
        ({"content": {"initializer": {"specs": [{}]}}}, "content.initializer.specs[0].spec", "required"),
        (
            {"devcontainer": {"devcontainerFilePath": "/x"}},
            "devcontainer.devcontainer_file_path",
            "relative_path",
        ),
    ],
)
def test_a_broken_rule_of_a_spec_is_named(wire, part, path, rule):
    _, code, message = wire.refused(CREATE, spec=spec(wire, **part))
    assert code == "invalid_argument"
    assert message.startswith(f"validation error:\n - spec.{path}: ")
    assert message.endswith(f" [{rule}]")
    assert len(message.splitlines()) == 2


# Update


def test_a_change_while_running_passes_through_updating(wire):
    row = env(wire, "RUNNING", lambda row: row.idle_limit and row.attended)
    assert wire.call(UPDATE, environmentId=row.id, spec={"timeout": {"disconnected": "0s"}}) == {}
    assert wire.environment(row.id)["status"]["phase"] == "ENVIRONMENT_PHASE_RUNNING"
    assert phases(wire, row, "UPDATING") == ["RUNNING", "UPDATING"]
    assert wire.environment(row.id)["spec"]["timeout"] == {"disconnected": "0s"}
    assert phases(wire, row, "RUNNING") == ["UPDATING", "RUNNING"]


def test_a_change_while_stopped_is_stored(wire):
    row = env(wire, "STOPPED")
    ports = [{"port": 5000, "name": "api", "admission": "ADMISSION_LEVEL_EVERYONE"}]
    wire.call(UPDATE, environmentId=row.id, spec={"ports": ports})
    wire.time.passes(2)
    shown = wire.environment(row.id)
    assert (shown["status"]["phase"], shown["spec"]["ports"]) == ("ENVIRONMENT_PHASE_STOPPED", ports)


@pytest.mark.parametrize("phase", ["STOPPING", "DELETING"])
def test_nothing_changes_while_it_goes_down(wire, phase):
    row = env(wire, phase)
    refusal = wire.refused(UPDATE, environmentId=row.id, spec={"timeout": {"disconnected": "0s"}})
    assert refusal[:2] == (400, "failed_precondition")


def test_absent_fields_stay_and_a_key_without_value_goes(wire):
    row = env(wire, "STOPPED", lambda row: not wire.environment(row.id)["spec"].get("sshPublicKeys"))
    keys = [{"id": "a", "value": "ssh-ed25519 A"}, {"id": "b", "value": "ssh-ed25519 B"}]
    for asked in ({"sshPublicKeys": keys}, {"sshPublicKeys": []}, {"sshPublicKeys": [{"id": "a"}]}):
        wire.call(UPDATE, environmentId=row.id, spec=asked)
        wire.time.passes(2)
    assert wire.environment(row.id)["spec"]["sshPublicKeys"] == keys[1:]


def test_a_new_session_of_the_dev_container_runs_what_its_start_triggers(wire):
    row = env(
        wire,
        "RUNNING",
        lambda row: any("postDevcontainerStart" in task.recipe.triggers for task in row.tasks),
    )
    before = set(wire.world.executions)
    wire.call(UPDATE, environmentId=row.id, spec={"devcontainer": {"session": "again"}})
    assert phases(wire, row, "UPDATING")[-1] == "UPDATING"
    phases(wire, row, "RUNNING")
    started = [run for run in wire.world.executions.values() if run.id not in before]
    assert {run.started_by for run in started} == {"postDevcontainerStart"}
    assert {run.environment for run in started} == {row}


def test_a_name_changes_at_once_and_may_have_128_letters(wire):
    row = env(wire, "RUNNING")
    wire.call(UPDATE, environmentId=row.id, metadata={"name": "n" * 128})
    assert wire.environment(row.id)["metadata"]["name"] == "n" * 128
    *_, message = wire.refused(UPDATE, environmentId=row.id, metadata={"name": "n" * 129})
    assert "metadata.name: value length must be at most 128 characters" in message
    wire.call(UPDATE, environmentId=row.id, metadata={"name": ""})
    assert "name" not in wire.environment(row.id)["metadata"]


# Delete, archive, activity


def test_a_stopped_one_is_deleted_and_then_unknown_to_writers(wire):
    row = env(wire, "STOPPED")
    assert wire.call(DELETE, environmentId=row.id) == {}
    assert phases(wire, row, "DELETED") == ["STOPPED", "DELETING", "DELETED"]
    assert wire.refused(DELETE, environmentId=row.id)[:2] == (404, "not_found")


def test_a_running_one_is_stopped_before_it_is_deleted(wire):
    row = env(wire, "RUNNING")
    wire.call(DELETE, environmentId=row.id)
    assert phases(wire, row, "DELETED")[:2] == ["RUNNING", "STOPPING"]
    ids = {"environmentIds": [row.id]}
    assert "services" not in wire.call(f"{AUTOMATIONS}/ListServices", filter=ids)


@pytest.mark.parametrize(
    "phase", ["CREATING", "STARTING", "RUNNING", "UPDATING", "STOPPING", "STOPPED", "DELETING"]
)
def test_force_removes_it_at_once_from_any_phase(phase):
    wire = Wire(environments=60, life=True)
    row = env(wire, phase)
    wire.call(DELETE, environmentId=row.id, force=True)
    assert wire.refused(GET, environmentId=row.id)[:2] == (404, "not_found")
    wire.time.passes(300)
    assert row.id not in wire.world.environments
    assert not [one for one in wire.world.services.values() if one.environment is row]


def test_an_archived_one_starts_only_once_it_is_unarchived(wire):
    row = next(row for row in wire.world.environments.values() if row.archived_at)
    start = f"{ENVIRONMENTS}/StartEnvironment"
    assert wire.refused(start, environmentId=row.id)[:2] == (400, "failed_precondition")
    assert wire.call(UNARCHIVE, environmentId=row.id) == {}
    assert "archivedAt" not in wire.environment(row.id)["metadata"]
    assert wire.environment(row.id)["status"]["phase"] == "ENVIRONMENT_PHASE_STOPPED"
    assert wire.call(start, environmentId=row.id) == {}
    deleting = env(wire, "DELETING")
    assert wire.refused(UNARCHIVE, environmentId=deleting.id)[:2] == (400, "failed_precondition")


def test_activity_keeps_an_environment_from_being_stopped():
    wire = Wire(environments=60, life=True)
    row = env(wire, "RUNNING", lambda row: row.idle_limit and not row.attended)
    for _ in range(2 * row.idle_limit // 300):
        wire.call(ACTIVE, environmentId=row.id, activitySignal={"source": "Monitor"})
        wire.time.passes(300)
    assert wire.world.environments[row.id].phase in {enums.RUNNING, enums.UPDATING}
    shown = wire.environment(row.id)["status"]["activitySignal"]
    assert shown["source"] == "Monitor"
    *_, message = wire.refused(ACTIVE, environmentId=row.id, activitySignal={"source": "x"})
    assert "activity_signal.source: value length must be at least 3 characters" in message


@pytest.mark.parametrize("method", ["CreateEnvironmentAccessToken", "CreateEnvironmentLogsToken"])
def test_tokens_are_for_one_environment_and_need_it_to_exist(wire, method):
    row = env(wire, "RUNNING")
    token = wire.call(f"{ENVIRONMENTS}/{method}", environmentId=row.id)["accessToken"]
    assert token.startswith("eyJ")
    assert wire.refused(f"{ENVIRONMENTS}/{method}", environmentId=NOBODY)[:2] == (404, "not_found")
