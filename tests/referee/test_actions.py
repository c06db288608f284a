"""Starting and stopping with the official client, seen by reading again."""

from typing import Any

import pytest

from dashboard.simulator import World
from tests.referee.conftest import Drive

pytestmark = pytest.mark.referee
AUTOMATIONS = "environments.automations"
RUNNING, STOPPED = "ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_STOPPED"


def watch(call: str, where: str, until: list[str], **args: str) -> dict[str, Any]:
    return {"call": call, "args": args, "watch": where, "until": until, "seconds": 20}


def environment_until(phase: str, identifier: str) -> dict[str, Any]:
    where = "environment.status.phase"
    return watch("environments.retrieve", where, [phase], environment_id=identifier)


def test_a_stopped_environment_starts_and_stops_again(drive: Drive, world: World, base_url: str) -> None:
    target = next(
        row for row in world.environments.values() if row.phase == STOPPED and row.archived_at is None
    ).id
    before, start, up, stop, down, after = drive(
        base_url,
        {"call": "environments.retrieve", "args": {"environment_id": target}},
        {"call": "environments.start", "args": {"environment_id": target}},
        environment_until(RUNNING, target),
        {"call": "environments.stop", "args": {"environment_id": target}},
        environment_until(STOPPED, target),
        {"call": "environments.retrieve", "args": {"environment_id": target}},
    )
    assert (start, stop) == ({"value": {}}, {"value": {}})
    assert [phase for phase in up["seen"] if phase != STOPPED] == ["ENVIRONMENT_PHASE_STARTING", RUNNING]
    assert [phase for phase in down["seen"] if phase != RUNNING] == ["ENVIRONMENT_PHASE_STOPPING", STOPPED]
    old, new = before["value"]["environment"], after["value"]["environment"]
    assert new["spec"]["desiredPhase"] == STOPPED
    assert new["metadata"]["lastStartedAt"] > old["metadata"]["lastStartedAt"]
    for part, version in (("status", "statusVersion"), ("spec", "specVersion")):
        assert int(new[part][version]) > int(old[part][version])


def test_a_service_stops_and_starts(drive: Drive, world: World, base_url: str) -> None:
    target = next(
        row.id
        for row in world.services.values()
        if row.environment.usable and row.phase == "SERVICE_PHASE_RUNNING" and not row.recipe.stop_fails
    )
    where, read = "service.status.phase", f"{AUTOMATIONS}.services.retrieve"
    stop, down, start, up, again = drive(
        base_url,
        {"call": f"{AUTOMATIONS}.services.stop", "args": {"id": target}},
        watch(read, where, ["SERVICE_PHASE_STOPPED"], id=target),
        {"call": f"{AUTOMATIONS}.services.start", "args": {"id": target}},
        watch(read, where, ["SERVICE_PHASE_RUNNING"], id=target),
        {"call": f"{AUTOMATIONS}.services.start", "args": {"id": target}},
    )
    assert stop == start == again == {"value": {}}
    assert down["seen"][-1] == "SERVICE_PHASE_STOPPED"
    assert up["seen"][-1] == "SERVICE_PHASE_RUNNING"


def test_a_task_starts_once_per_call_and_its_execution_ends(
    drive: Drive, world: World, base_url: str
) -> None:
    task = next(
        row
        for row in world.tasks.values()
        if row.environment.usable and row.recipe.reference == "lint" and not row.depends_on
    )
    read, started = drive(
        base_url,
        {"call": f"{AUTOMATIONS}.tasks.retrieve", "args": {"id": task.id}},
        {"call": f"{AUTOMATIONS}.tasks.start", "args": {"id": task.id}},
    )
    assert read["value"]["task"]["spec"]["command"] == "make lint"
    run = started["value"]["taskExecution"]
    assert run["status"]["phase"] == "TASK_EXECUTION_PHASE_PENDING"
    assert run["metadata"]["taskId"] == task.id
    over = ["TASK_EXECUTION_PHASE_SUCCEEDED", "TASK_EXECUTION_PHASE_FAILED"]
    where = "taskExecution.status.phase"
    [ended] = drive(base_url, watch(f"{AUTOMATIONS}.tasks.executions.retrieve", where, over, id=run["id"]))
    assert ended["seen"][-1] in over
    assert [call.outcome for call in world.calls_to("StartTask", task.id)] == ["ok"]


def test_a_running_execution_stops(drive: Drive, world: World, base_url: str) -> None:
    task = next(
        row for row in world.tasks.values() if row.environment.usable and row.recipe.reference == "install"
    )
    [started] = drive(base_url, {"call": f"{AUTOMATIONS}.tasks.start", "args": {"id": task.id}})
    target = started["value"]["taskExecution"]["id"]
    where, read = "taskExecution.status.phase", f"{AUTOMATIONS}.tasks.executions.retrieve"
    stop, ended, again = drive(
        base_url,
        {"call": f"{AUTOMATIONS}.tasks.executions.stop", "args": {"id": target}},
        watch(read, where, ["TASK_EXECUTION_PHASE_STOPPED", "TASK_EXECUTION_PHASE_SUCCEEDED"], id=target),
        {"call": f"{AUTOMATIONS}.tasks.executions.stop", "args": {"id": target}},
    )
    assert stop == again == {"value": {}}
    assert ended["seen"][-1] == "TASK_EXECUTION_PHASE_STOPPED"
