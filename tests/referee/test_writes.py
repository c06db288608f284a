"""Every writing method with the official client: what it makes, and one refusal of each."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.simulator import World
from tests.referee.conftest import Drive

pytestmark = pytest.mark.referee
AUTOMATIONS = "environments.automations"
NOBODY = "01900000-0000-7000-8000-000000000000"
STOPPED, RUNNING = "ENVIRONMENT_PHASE_STOPPED", "ENVIRONMENT_PHASE_RUNNING"
Send = Callable[..., Any]


@pytest.fixture
def send(drive: Drive, base_url: str) -> Send:
    """The value of one call that has to succeed."""

    def run(call: str, **args: Any) -> Any:
        [result] = drive(base_url, {"call": call, "args": args})
        assert "error" not in result, result
        return result["value"]

    return run


def until(world: World, drive: Drive, base_url: str, identifier: str, phase: str) -> None:
    [result] = drive(
        base_url,
        {
            "call": "environments.retrieve",
            "args": {"environment_id": identifier},
            "watch": "environment.status.phase",
            "until": [phase],
            "seconds": 20,
        },
    )
    assert result["seen"][-1] == phase


def test_an_environment_is_created_renamed_changed_marked_and_deleted(
    drive: Drive, world: World, base_url: str, send: Send
) -> None:
    repository = {"specs": [{"context_url": {"url": "https://github.com/acme/web"}}]}
    spec = {
        "machine": {"class": world.directory.classes[0].id},
        "content": {"initializer": repository},
        "timeout": {"disconnected": "7200s"},
        "desired_phase": RUNNING,
    }
    made = send("environments.create", spec=spec, name="demo")["environment"]
    identifier = made["id"]
    assert made["status"]["phase"] == "ENVIRONMENT_PHASE_CREATING"
    assert made["spec"]["timeout"] == {"disconnected": "7200s"}
    until(world, drive, base_url, identifier, RUNNING)
    here = {"environment_id": identifier}
    assert send("environments.update", **here, metadata={"name": "other"}) == {}
    assert send("environments.update", **here, spec={"timeout": {"disconnected": "0s"}}) == {}
    signal = {"source": "Referee", "timestamp": "2026-02-12T14:30:00Z"}
    assert send("environments.mark_active", **here, activity_signal=signal) == {}
    for call in ("create_environment_token", "create_logs_token"):
        assert send(f"environments.{call}", **here)["accessToken"]
    assert send("environments.retrieve", **here)["environment"]["metadata"]["name"] == "other"
    assert send("environments.delete", **here) == {}
    until(world, drive, base_url, identifier, "ENVIRONMENT_PHASE_DELETED")


def test_an_environment_comes_from_a_project_and_goes_by_force(
    drive: Drive, world: World, base_url: str, send: Send
) -> None:
    project = world.directory.projects[0]
    made = send("environments.create_from_project", project_id=project.id)["environment"]
    assert made["metadata"]["projectId"] == project.id
    assert send("environments.delete", environment_id=made["id"], force=True) == {}
    [gone] = drive(base_url, {"call": "environments.retrieve", "args": {"environment_id": made["id"]}})
    assert gone["error"] == "NotFoundError"


def test_an_archived_environment_is_unarchived(world: World, send: Send) -> None:
    target = next(row.id for row in world.environments.values() if row.archived_at)
    assert send("environments.unarchive", environment_id=target) == {}
    shown = send("environments.retrieve", environment_id=target)["environment"]
    assert "archivedAt" not in shown["metadata"]


def test_services_and_tasks_are_made_changed_and_deleted(world: World, send: Send) -> None:
    home = next(row.id for row in world.environments.values() if row.usable)
    metadata = {"reference": "ref-service", "name": "R", "triggered_by": [{"manual": True}]}
    commands = {"commands": {"start": "serve", "ready": "ping"}}
    service = send(f"{AUTOMATIONS}.services.create", environment_id=home, metadata=metadata, spec=commands)
    identifier = service["service"]["id"]
    assert send(f"{AUTOMATIONS}.services.update", id=identifier, metadata={"name": "New"}) == {}
    shown = send(f"{AUTOMATIONS}.services.retrieve", id=identifier)["service"]
    assert (shown["metadata"]["name"], shown["spec"]["commands"]["ready"]) == ("New", "ping")
    task = send(
        f"{AUTOMATIONS}.tasks.create", environment_id=home, depends_on=[identifier],
        metadata={"reference": "ref-task", "name": "T"}, spec={"command": "sleep 1"},
    )["task"]  # fmt: skip
    assert task["dependsOn"] == [identifier]
    assert send(f"{AUTOMATIONS}.tasks.update", id=task["id"], spec={"command": "exit 0"}) == {}
    assert send(f"{AUTOMATIONS}.tasks.delete", id=task["id"]) == {}
    assert send(f"{AUTOMATIONS}.services.delete", id=identifier, force=True) == {}


def test_a_file_settles_services_and_tasks(world: World, send: Send) -> None:
    home = next(row.id for row in world.environments.values() if row.usable)
    file = {
        "services": {"from-file": {"name": "F", "commands": {"start": "x"}, "triggeredBy": ["manual"]}},
        "tasks": {"file-task": {"name": "T", "command": "make", "dependsOn": ["from-file"]}},
    }
    made = send(f"{AUTOMATIONS}.upsert", environment_id=home, automations_file=file)
    assert [len(made["updatedServiceIds"]), len(made["updatedTaskIds"])] == [1, 1]
    assert send(f"{AUTOMATIONS}.upsert", environment_id=home, automations_file=file) == {}


LOGS = "environments.create_logs_token"
BAD_NAME = {"metadata": {"reference": "a b", "name": "x"}}
SHORT = {"spec": {"timeout": {"disconnected": "60s"}}}
UNKNOWN_TASK = {"id": NOBODY}


@pytest.mark.parametrize(
    ("call", "args", "code"),
    [
        ("environments.create", {"name": "n" * 81}, "invalid_argument"),
        ("environments.create_from_project", {"project_id": NOBODY}, "not_found"),
        ("environments.update", {"environment_id": NOBODY, **SHORT}, "invalid_argument"),
        ("environments.delete", {"environment_id": NOBODY}, "not_found"),
        ("environments.unarchive", {"environment_id": "x"}, "invalid_argument"),
        ("environments.mark_active", {"environment_id": NOBODY}, "not_found"),
        ("environments.create_environment_token", {"environment_id": NOBODY}, "not_found"),
        (LOGS, {"environment_id": ""}, "invalid_argument"),
        ("environments.start", {"environment_id": NOBODY}, "not_found"),
        ("environments.stop", {"environment_id": NOBODY}, "not_found"),
        ("environments.classes.list", {"page_size": 101}, "invalid_argument"),
        (f"{AUTOMATIONS}.upsert", {"environment_id": NOBODY, "automations_file": {}}, "not_found"),
        (f"{AUTOMATIONS}.services.create", {"environment_id": NOBODY, **BAD_NAME}, "invalid_argument"),
        (f"{AUTOMATIONS}.services.list", {"filter": {"references": [""]}}, "invalid_argument"),
        (f"{AUTOMATIONS}.services.retrieve", {"id": NOBODY}, "not_found"),
        (f"{AUTOMATIONS}.services.start", {"id": NOBODY}, "not_found"),
        (f"{AUTOMATIONS}.services.update", {"id": NOBODY}, "not_found"),
        (f"{AUTOMATIONS}.services.delete", {"id": NOBODY}, "not_found"),
        (f"{AUTOMATIONS}.tasks.create", {"environment_id": NOBODY, **BAD_NAME}, "invalid_argument"),
        (f"{AUTOMATIONS}.tasks.retrieve", UNKNOWN_TASK, "not_found"),
        (f"{AUTOMATIONS}.tasks.update", UNKNOWN_TASK, "not_found"),
        (f"{AUTOMATIONS}.tasks.delete", UNKNOWN_TASK, "not_found"),
        (f"{AUTOMATIONS}.tasks.executions.retrieve", UNKNOWN_TASK, "not_found"),
        (f"{AUTOMATIONS}.tasks.executions.stop", UNKNOWN_TASK, "not_found"),
        (f"{AUTOMATIONS}.tasks.executions.list", {"token": "made-up"}, "invalid_argument"),
        ("organizations.list_members", {"organization_id": NOBODY}, "permission_denied"),
        ("projects.list", {"filter": {"project_ids": ["x"]}}, "invalid_argument"),
        ("runners.list", {"page_size": 101}, "invalid_argument"),
        ("events.watch", {"environment_id": NOBODY}, "not_found"),
    ],
)
def test_each_method_refuses_as_documented(
    drive: Drive, base_url: str, call: str, args: dict[str, object], code: str
) -> None:
    [result] = drive(base_url, {"call": call, "args": args})
    assert result["body"]["code"] == code


def test_events_arrive_as_json_lines(drive: Drive, world: World, base_url: str) -> None:
    target = next(row.id for row in world.environments.values() if row.usable)
    rename = {"call": "environments.update", "args": {"environment_id": target, "metadata": {"name": "e"}}}
    # This client reads 64 bytes at a time, so it sees an event only once the next one has come.
    twice = [rename, rename]
    wanted = {"resource_type": "RESOURCE_TYPE_ENVIRONMENT", "resource_ids": [target]}
    [organization, environment] = drive(
        base_url,
        {
            "call": "events.watch",
            "args": {"organization": True, "resource_type_filters": [wanted]},
            "take": 1,
            "meanwhile": twice,
        },
        {"call": "events.watch", "args": {"environment_id": target}, "take": 1, "meanwhile": twice},
    )
    event = {
        "operation": "RESOURCE_OPERATION_UPDATE",
        "resourceType": "RESOURCE_TYPE_ENVIRONMENT",
        "resourceId": target,
    }
    assert organization["events"] == environment["events"] == [event]
