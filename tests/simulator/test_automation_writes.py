"""Services and tasks are defined, changed and removed; how they behave is told by their commands."""

import pytest

from tests.simulator.wire import AUTOMATIONS, Wire
from tests.simulator.words import NOBODY


@pytest.fixture
def wire():
    return Wire(environments=30)


@pytest.fixture
def home(wire):
    return next(row for row in wire.world.environments.values() if row.usable and row.tasks)


def call(wire, method, **body):
    return wire.call(f"{AUTOMATIONS}/{method}", **body)


def refused(wire, method, **body):
    return wire.refused(f"{AUTOMATIONS}/{method}", **body)


def service(wire, home, reference="api", more=None, **commands):
    metadata = {"reference": reference, "name": "API", "triggeredBy": [{"manual": True}]}
    spec = {"commands": {"start": "serve", **commands}, **(more or {})}
    return call(wire, "CreateService", environmentId=home.id, metadata=metadata, spec=spec)["service"]


def task(wire, home, reference="t1", command="make", **more):
    metadata = {"reference": reference, "name": "T"}
    body = {"environmentId": home.id, "metadata": metadata, "spec": {"command": command}, **more}
    return call(wire, "CreateTask", **body)["task"]


def seen(wire, made, last, limit=150):
    return wire.phases_until(
        last, lambda: wire.service(made["id"])["status"].get("phase", "SERVICE_PHASE_UNSPECIFIED"), limit
    )


def run(wire, made, last, limit=200):
    execution = call(wire, "StartTask", id=made["id"])["taskExecution"]
    return wire.phases_until(last, lambda: wire.execution(execution["id"])["status"]["phase"], limit)


# Services


def test_a_new_service_shows_what_was_asked_and_waits_to_be_started(wire, home):
    docker = {"docker": {"image": "redis:7", "environment": ["A=b"]}}
    env = [{"name": "TOKEN", "valueFrom": {"secretRef": {"id": NOBODY}}}, {"name": "MODE", "value": "dev"}]
    made = service(wire, home, ready="ping", more={"runsOn": docker, "env": env, "readinessTimeout": "90s"})
    assert made["spec"]["runsOn"] == docker
    assert made["spec"]["env"] == env
    assert made["spec"]["readinessTimeout"] == "90s"
    assert made["status"] == {}
    assert made["metadata"]["triggeredBy"] == [{"manual": True}]
    call(wire, "StartService", id=made["id"])
    assert seen(wire, made, "RUNNING") == ["UNSPECIFIED", "STARTING", "RUNNING"]


@pytest.mark.parametrize(
    ("commands", "last", "failure"),
    [
        ({"start": "sleep 3; exit 0"}, "STOPPED", ""),
        ({"start": "exit 7"}, "FAILED", "start command exited with code 7"),
    ],
)
def test_the_code_a_start_command_exits_with_decides(wire, home, commands, last, failure):
    made = service(wire, home, **commands)
    call(wire, "StartService", id=made["id"])
    assert seen(wire, made, last)[-2:] == ["RUNNING", last]
    assert wire.service(made["id"])["status"].get("failureMessage", "") == failure
    wire.time.passes(300)
    assert wire.service(made["id"])["status"]["phase"] == f"SERVICE_PHASE_{last}"


def test_a_service_that_is_never_ready_fails_after_its_limit(wire, home):
    made = service(wire, home, ready="false", more={"readinessTimeout": "20s"})
    call(wire, "StartService", id=made["id"])
    wire.time.passes(15)
    assert seen(wire, made, "FAILED") == ["STARTING", "FAILED"]
    assert "not ready within 20 seconds" in wire.service(made["id"])["status"]["failureMessage"]


def test_a_service_without_limit_may_be_starting_for_good(wire, home):
    made = service(wire, home, ready="exit 1")
    call(wire, "StartService", id=made["id"])
    wire.time.passes(86_400)
    assert wire.service(made["id"])["status"]["phase"] == "SERVICE_PHASE_STARTING"


def test_a_service_that_ignores_the_signal_is_killed_after_two_minutes(wire, home):
    made = service(wire, home, start="trap '' TERM; serve")
    call(wire, "StartService", id=made["id"])
    seen(wire, made, "RUNNING")
    call(wire, "StopService", id=made["id"])
    seen(wire, made, "STOPPING")
    wire.time.passes(115)
    assert wire.service(made["id"])["status"]["phase"] == "SERVICE_PHASE_STOPPING"
    seen(wire, made, "STOPPED", 10)


def test_a_failing_stop_command_ends_in_failure(wire, home):
    made = service(wire, home, stop="false")
    call(wire, "StartService", id=made["id"])
    seen(wire, made, "RUNNING")
    call(wire, "StopService", id=made["id"])
    assert seen(wire, made, "FAILED")[-1] == "FAILED"


def test_the_spec_changes_only_while_the_service_is_down(wire, home):
    made = service(wire, home)
    call(wire, "StartService", id=made["id"])
    seen(wire, made, "RUNNING")
    change = {"commands": {"start": "serve --fast"}}
    assert refused(wire, "UpdateService", id=made["id"], spec=change)[:2] == (400, "failed_precondition")
    call(wire, "UpdateService", id=made["id"], metadata={"name": "New", "triggeredBy": {"trigger": []}})
    call(wire, "StopService", id=made["id"])
    seen(wire, made, "STOPPED")
    assert call(wire, "UpdateService", id=made["id"], spec=change) == {}
    shown = wire.service(made["id"])
    assert shown["spec"]["commands"]["start"] == "serve --fast"
    assert shown["metadata"]["name"] == "New"
    assert "triggeredBy" not in shown["metadata"]


def test_the_status_of_a_service_is_not_a_callers_to_change(wire, home):
    made = service(wire, home)
    asked = {"phase": "SERVICE_PHASE_RUNNING"}
    assert refused(wire, "UpdateService", id=made["id"], status=asked)[:2] == (403, "permission_denied")


def test_a_running_service_is_stopped_before_it_is_gone(wire, home):
    made = service(wire, home)
    call(wire, "StartService", id=made["id"])
    seen(wire, made, "RUNNING")
    assert call(wire, "DeleteService", id=made["id"]) == {}
    assert seen(wire, made, "DELETED") == ["RUNNING", "STOPPING", "DELETED"]
    wire.time.passes(5)
    assert refused(wire, "GetService", id=made["id"])[:2] == (404, "not_found")


def test_force_removes_a_service_at_once_and_from_what_depends_on_it(wire, home):
    made = service(wire, home)
    later = task(wire, home, dependsOn=[made["id"]])
    call(wire, "DeleteService", id=made["id"], force=True)
    assert refused(wire, "GetService", id=made["id"])[:2] == (404, "not_found")
    assert "dependsOn" not in call(wire, "GetTask", id=later["id"])["task"]


# Tasks


@pytest.mark.parametrize(
    ("command", "last"), [("sleep 5", "SUCCEEDED"), ("exit 3", "FAILED"), ("make", "SUCCEEDED")]
)
def test_a_new_task_runs_as_its_command_says(wire, home, command, last):
    assert run(wire, task(wire, home, command=command), last)[-1] == last


def test_the_plan_follows_what_the_task_depends_on(wire, home):
    api = service(wire, home, ready="ping")
    first = task(wire, home, "first", "sleep 1", dependsOn=[api["id"]])
    last = task(wire, home, "last", "sleep 1", dependsOn=[first["id"], api["id"]])
    execution = call(wire, "StartTask", id=last["id"])["taskExecution"]
    groups = [
        [step.get("serviceId") or step["task"]["id"] for step in group["steps"]]
        for group in execution["spec"]["plan"]
    ]
    assert groups == [[api["id"]], [first["id"]], [last["id"]]]
    wire.phases_until("SUCCEEDED", lambda: wire.execution(execution["id"])["status"]["phase"])
    assert wire.service(api["id"])["status"]["phase"] == "SERVICE_PHASE_RUNNING"


def test_a_running_execution_keeps_the_spec_it_was_started_with(wire, home):
    made = task(wire, home, command="sleep 60")
    execution = call(wire, "StartTask", id=made["id"])["taskExecution"]
    call(wire, "UpdateTask", id=made["id"], spec={"command": "exit 1"}, metadata={"name": "Other"})
    wire.time.passes(5)
    step = wire.execution(execution["id"])["spec"]["plan"][0]["steps"][0]
    assert (step["task"]["spec"]["command"], step["label"]) == ("sleep 60", "T")
    assert call(wire, "GetTask", id=made["id"])["task"]["metadata"]["name"] == "Other"


def test_a_task_cannot_wait_for_itself_or_for_strangers(wire, home):
    one = task(wire, home, "one")
    two = task(wire, home, "two", dependsOn=[one["id"]])
    stranger = next(row for row in wire.world.tasks.values() if row.environment is not home)
    for need in (one["id"], two["id"], stranger.id):
        refusal = refused(wire, "UpdateTask", id=one["id"], dependsOn=[need])
        assert refusal[:2] == (400, "invalid_argument")


def test_a_deleted_task_is_gone_and_its_run_is_stopped(wire, home):
    made = task(wire, home, command="sleep 600")
    execution = call(wire, "StartTask", id=made["id"])["taskExecution"]
    wire.time.passes(3)
    assert call(wire, "DeleteTask", id=made["id"]) == {}
    assert refused(wire, "GetTask", id=made["id"])[:2] == (404, "not_found")
    wire.time.passes(10)
    assert wire.execution(execution["id"])["status"]["phase"] == "TASK_EXECUTION_PHASE_STOPPED"


@pytest.mark.parametrize("method", ["CreateService", "CreateTask"])
def test_a_reference_is_taken_once_in_an_environment(wire, home, method):
    service(wire, home, "both")
    body = {"metadata": {"reference": "both", "name": "x"}, "spec": {"commands": {"start": "x"}}}
    assert refused(wire, method, environmentId=home.id, **body)[:2] == (409, "already_exists")


BAD_NAME = {"metadata": {"reference": "a b"}}
BAD_FILE = {"automationsFile": {"services": {"a b": {"name": "A"}}}}


@pytest.mark.parametrize(
    ("method", "body", "rules"),
    [
        (
            "CreateService",
            BAD_NAME,
            {"metadata.reference": "string.pattern", "metadata.name": "string.min_len"},
        ),
        ("CreateService", {"spec": {"commands": {}}}, {"spec.commands.start": "string.min_len"}),
        (
            "CreateService",
            {"spec": {"readinessTimeout": "86401s"}},
            {"spec.readiness_timeout": "duration.gte_lte"},
        ),
        ("CreateTask", {"dependsOn": ["x"]}, {"depends_on[0]": "string.uuid"}),
        ("UpsertAutomationsFile", BAD_FILE, {'automations_file.services["a b"]': "string.pattern"}),
    ],
)
def test_broken_rules_are_named(wire, home, method, body, rules):
    _, code, message = refused(wire, method, environmentId=home.id, **body)
    first, *lines = message.splitlines()
    assert (code, first) == ("invalid_argument", "validation error:")
    found = {line[3:].partition(": ")[0]: line.rpartition(" [")[2][:-1] for line in lines}
    assert found == rules


# A whole file

FILE = {
    "services": {
        "web": {"name": "Web", "commands": {"start": "serve"}, "triggeredBy": ["postDevcontainerStart"]}
    },
    "tasks": {"build": {"name": "Build", "command": "make", "dependsOn": ["web"], "triggeredBy": ["manual"]}},
}


@pytest.fixture
def bare(wire):
    return next(
        row
        for row in wire.world.environments.values()
        if row.usable and not row.from_project and not row.tasks
    )


def test_a_file_makes_what_is_new_changes_what_differs_and_says_which(wire, bare):
    first = call(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=FILE)
    [web], [build] = first["updatedServiceIds"], first["updatedTaskIds"]
    assert call(wire, "GetTask", id=build)["task"]["dependsOn"] == [web]
    assert call(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=FILE) == {}
    changed = {"tasks": {"build": {**FILE["tasks"]["build"], "command": "make all"}}}
    again = call(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=changed)
    assert again == {"updatedTaskIds": [build]}
    assert wire.service(web)["metadata"]["reference"] == "web"


def test_a_changed_running_service_is_restarted_in_a_new_session(wire, bare):
    made = call(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=FILE)
    web = {"id": made["updatedServiceIds"][0]}
    call(wire, "StartService", **web)
    seen(wire, web, "RUNNING")
    before = wire.service(web["id"])["status"]["session"]
    changed = {"services": {"web": {**FILE["services"]["web"], "commands": {"start": "serve --new"}}}}
    call(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=changed)
    assert seen(wire, web, "STOPPED") == ["RUNNING", "STOPPING", "STOPPED"]
    assert seen(wire, web, "RUNNING")[-1] == "RUNNING"
    assert wire.service(web["id"])["status"]["session"] != before


def test_a_file_with_an_unknown_need_changes_nothing(wire, bare):
    before = len(bare.services)
    broken = {**FILE, "tasks": {"build": {"name": "B", "command": "make", "dependsOn": ["nowhere"]}}}
    refusal = refused(wire, "UpsertAutomationsFile", environmentId=bare.id, automationsFile=broken)
    assert refusal[:2] == (400, "invalid_argument")
    assert len(bare.services) == before
