"""The state machines of services and executions, on a clock that the test moves."""

import pytest

from dashboard.simulator import enums
from dashboard.simulator.executions import aggregate, make_plan
from tests.simulator.wire import AUTOMATIONS, Wire


@pytest.fixture
def wire():
    return Wire(environments=120)


def service_where(wire, phase, fits=lambda _: True):
    return next(
        row
        for row in wire.world.services.values()
        if row.environment.usable and row.phase == f"SERVICE_PHASE_{phase}" and fits(row.recipe)
    )


def task_where(wire, reference):
    return next(
        row
        for row in wire.world.tasks.values()
        if row.environment.usable and row.recipe.reference == reference
    )


def service_phases(wire, row, last):
    return wire.phases_until(last, lambda: wire.service(row.id)["status"]["phase"])


def run_phases(wire, identifier, last, limit=600):
    return wire.phases_until(last, lambda: wire.execution(identifier)["status"]["phase"], limit)


def start_task(wire, task):
    return wire.call(f"{AUTOMATIONS}/StartTask", id=task.id)["taskExecution"]


# Services


def test_a_service_with_a_ready_command_is_starting_until_it_is_ready(wire):
    row = service_where(wire, "STOPPED", lambda recipe: recipe.ready and not recipe.breaks)
    session = wire.service(row.id)["spec"]["session"]
    assert wire.call(f"{AUTOMATIONS}/StartService", id=row.id) == {}
    wire.time.passes(0.3)
    assert wire.service(row.id)["status"]["phase"] == "SERVICE_PHASE_STOPPED"
    assert service_phases(wire, row, "RUNNING") == ["STOPPED", "STARTING", "RUNNING"]
    after = wire.service(row.id)
    assert after["spec"]["desiredPhase"] == "SERVICE_PHASE_RUNNING"
    assert after["spec"]["session"] == after["status"]["session"] != session


def test_a_service_without_a_ready_command_runs_at_once(wire):
    row = service_where(wire, "RUNNING", lambda recipe: recipe.reference == "worker")
    wire.call(f"{AUTOMATIONS}/StopService", id=row.id)
    service_phases(wire, row, "STOPPED")
    wire.call(f"{AUTOMATIONS}/StartService", id=row.id)
    assert service_phases(wire, row, "RUNNING") == ["STOPPED", "RUNNING"]


def test_a_stop_passes_through_stopping_and_changes_the_wish(wire):
    row = service_where(wire, "RUNNING", lambda recipe: not recipe.stop_fails)
    assert wire.call(f"{AUTOMATIONS}/StopService", id=row.id) == {}
    assert service_phases(wire, row, "STOPPED") == ["RUNNING", "STOPPING", "STOPPED"]
    assert wire.service(row.id)["spec"]["desiredPhase"] == "SERVICE_PHASE_STOPPED"


def test_a_failing_stop_command_ends_in_failure(wire):
    row = service_where(wire, "RUNNING", lambda recipe: recipe.stop_fails)
    wire.call(f"{AUTOMATIONS}/StopService", id=row.id)
    service_phases(wire, row, "FAILED")
    assert "stop command" in wire.service(row.id)["status"]["failureMessage"]


def test_a_start_during_a_stop_brings_it_up_again(wire):
    row = service_where(wire, "RUNNING", lambda recipe: recipe.reference == "web")
    wire.call(f"{AUTOMATIONS}/StopService", id=row.id)
    wire.call(f"{AUTOMATIONS}/StartService", id=row.id)
    seen = service_phases(wire, row, "STOPPED")
    seen += service_phases(wire, row, "RUNNING")
    assert seen == ["RUNNING", "STOPPING", "STOPPED", "STOPPED", "STARTING", "RUNNING"]


def test_a_service_that_always_breaks_fails_again(wire):
    row = service_where(wire, "FAILED", lambda recipe: recipe.breaks)
    wire.call(f"{AUTOMATIONS}/StartService", id=row.id)
    wire.time.passes(1)
    assert wire.service(row.id)["status"]["phase"] == "SERVICE_PHASE_STARTING"
    assert "failureMessage" not in wire.service(row.id)["status"]
    service_phases(wire, row, "FAILED")
    assert wire.service(row.id)["status"]["failureMessage"] == "start command exited with code 127"


@pytest.mark.parametrize("call", ["StartService", "StopService"])
def test_start_and_stop_never_fail_for_being_there_already(wire, call):
    row = service_where(wire, "RUNNING" if call == "StartService" else "STOPPED")
    before = row.phase
    assert wire.call(f"{AUTOMATIONS}/{call}", id=row.id) == {}
    wire.time.passes(10)
    assert wire.service(row.id)["status"]["phase"] == before


def test_a_service_cannot_start_in_an_environment_that_does_not_run(wire):
    row = next(row for row in wire.world.services.values() if row.environment.phase.endswith("STOPPED"))
    assert wire.refused(f"{AUTOMATIONS}/StartService", id=row.id)[:2] == (400, "failed_precondition")
    assert wire.call(f"{AUTOMATIONS}/StopService", id=row.id) == {}


def test_a_services_version_is_the_moment_of_the_answer_and_its_status_has_none(wire):
    row = service_where(wire, "RUNNING")
    first = wire.service(row.id)
    wire.time.passes(1)
    second = wire.service(row.id)
    assert int(second["spec"]["specVersion"]) - int(first["spec"]["specVersion"]) == 1_000_000
    assert "statusVersion" not in first["status"]


# Executions

A, B, C = enums.SUCCEEDED, enums.EXECUTING, enums.STEP_WAITING


@pytest.mark.parametrize(
    ("steps", "whole"),
    [
        ([C, C], enums.PENDING),
        ([B, C], enums.EXECUTING),
        ([A, C], enums.EXECUTING),
        ([A, A], enums.SUCCEEDED),
        ([A, enums.CANCELLED], enums.CANCELLED),
        ([enums.CANCELLED, enums.FAILED, B], enums.FAILED),
    ],
)
def test_the_phase_of_an_execution_is_the_aggregate_of_its_steps(steps, whole):
    assert aggregate(steps) == whole


def test_a_plan_runs_what_is_needed_first_and_the_task_last(wire):
    task = next(
        row
        for row in wire.world.tasks.values()
        if row.recipe.reference == "test" and len(row.depends_on) == 2
    )
    plan = make_plan(task, wire.world.rng)
    done = set()
    for group in plan:
        for step in group:
            needs = getattr(step.target, "depends_on", ())
            assert {need.id for need in needs} <= done
            assert len(step.depends_on) == len(needs)
        done |= {step.target.id for step in group}
    assert [step.target for step in plan[-1]] == [task]
    assert len(plan) >= 2


def test_a_task_is_pending_then_runs_its_groups_one_after_another(wire):
    task = next(
        row
        for row in wire.world.tasks.values()
        if row.recipe.reference == "build" and row.depends_on and row.environment.usable
    )
    run = start_task(wire, task)
    assert run["status"] == {"statusVersion": "1", "phase": "TASK_EXECUTION_PHASE_PENDING"}
    assert "startedAt" not in run["metadata"]
    first, second = (group["steps"][0]["id"] for group in run["spec"]["plan"])
    wire.time.passes(2)
    running = wire.execution(run["id"])
    assert running["metadata"]["startedAt"]
    assert running["status"]["logUrl"]
    assert running["status"]["steps"] == [{"id": first, "phase": "TASK_EXECUTION_PHASE_RUNNING"}]
    assert run_phases(wire, run["id"], "SUCCEEDED") == ["RUNNING", "SUCCEEDED"]
    ended = wire.execution(run["id"])
    assert [step["id"] for step in ended["status"]["steps"]] == [first, second]
    assert ended["metadata"]["completedAt"] > ended["metadata"]["startedAt"] > ended["metadata"]["createdAt"]
    assert int(ended["status"]["statusVersion"]) > 3


def test_a_step_that_needs_a_service_brings_it_up(wire):
    task = next(
        row
        for row in wire.world.tasks.values()
        if row.environment.usable
        and row.recipe.reference == "migrate"
        and [need.phase for need in row.depends_on] == [enums.SERVICE_RUNNING]
    )
    service = task.depends_on[0]
    wire.call(f"{AUTOMATIONS}/StopService", id=service.id)
    service_phases(wire, service, "STOPPED")
    run = start_task(wire, task)
    assert run["spec"]["plan"][0]["steps"][0]["serviceId"] == service.id
    run_phases(wire, run["id"], "SUCCEEDED")
    assert wire.service(service.id)["status"]["phase"] == "SERVICE_PHASE_RUNNING"


def test_a_failed_step_fails_the_whole_and_nothing_follows(wire):
    task = task_where(wire, "e2e")
    for _ in range(20):
        run = start_task(wire, task)
        wire.time.passes(400)
        ended = wire.execution(run["id"])
        if ended["status"]["phase"] == "TASK_EXECUTION_PHASE_FAILED":
            break
    assert "exited with code 1" in ended["status"]["failureMessage"]
    assert ended["status"]["steps"][-1]["phase"] == "TASK_EXECUTION_PHASE_FAILED"
    assert run["id"] not in wire.world.live_executions


def test_a_stop_ends_a_run_within_seconds(wire):
    run = start_task(wire, task_where(wire, "install"))
    wire.time.passes(3)
    assert wire.call(f"{AUTOMATIONS}/StopTaskExecution", id=run["id"]) == {}
    wire.time.passes(0.3)
    assert wire.execution(run["id"])["status"]["phase"] == "TASK_EXECUTION_PHASE_RUNNING"
    assert run_phases(wire, run["id"], "STOPPED", 6) == ["RUNNING", "STOPPED"]
    assert wire.execution(run["id"])["spec"]["desiredPhase"] == "TASK_EXECUTION_PHASE_STOPPED"


def test_a_command_that_ignores_the_signal_is_killed_after_ten_seconds_and_fails(wire):
    task = next(
        row
        for row in wire.world.tasks.values()
        if row.environment.usable and row.recipe.reference == "e2e" and not row.depends_on
    )
    run = start_task(wire, task)
    wire.time.passes(3)
    wire.call(f"{AUTOMATIONS}/StopTaskExecution", id=run["id"])
    began = wire.time.at
    run_phases(wire, run["id"], "FAILED")
    assert 10 <= wire.time.at - began <= 11.25
    assert wire.execution(run["id"])["status"]["failureMessage"].startswith("killed")


def test_a_run_stopped_while_pending_never_starts(wire):
    run = start_task(wire, task_where(wire, "lint"))
    wire.world.live_executions[run["id"]].moves += 1  # its start is held back
    wire.call(f"{AUTOMATIONS}/StopTaskExecution", id=run["id"])
    assert run_phases(wire, run["id"], "STOPPED") == ["PENDING", "STOPPED"]
    ended = wire.execution(run["id"])
    assert "startedAt" not in ended["metadata"]
    assert "steps" not in ended["status"]


def test_stopping_a_finished_run_changes_nothing(wire):
    run = next(row for row in wire.world.executions.values() if row.phase == enums.SUCCEEDED)
    before = wire.execution(run.id)
    assert wire.call(f"{AUTOMATIONS}/StopTaskExecution", id=run.id) == {}
    wire.time.passes(20)
    assert wire.execution(run.id) == before


def test_a_task_cannot_start_in_an_environment_that_does_not_run(wire):
    task = next(row for row in wire.world.tasks.values() if not row.environment.usable)
    assert wire.refused(f"{AUTOMATIONS}/StartTask", id=task.id)[:2] == (400, "failed_precondition")


def test_every_start_of_a_task_makes_an_execution_in_the_callers_name(wire):
    task = task_where(wire, "lint")
    runs = [start_task(wire, task) for _ in range(2)]
    caller = wire.call("gitpod.v1.IdentityService/GetAuthenticatedIdentity")["subject"]
    assert runs[0]["id"] != runs[1]["id"]
    assert [run["metadata"]["creator"] for run in runs] == [caller, caller]
    assert wire.environment(task.environment.id)["id"] == runs[0]["metadata"]["environmentId"]
