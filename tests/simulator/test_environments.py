"""The state machine of environments, on a clock that the test moves."""

import pytest

from tests.simulator.wire import ENVIRONMENTS, Wire

RUNNING, STOPPED = "ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_STOPPED"


@pytest.fixture
def wire():
    return Wire()


def some(wire, phase, fits=lambda _: True):
    return next(
        row
        for row in wire.world.environments.values()
        if row.phase == f"ENVIRONMENT_PHASE_{phase}" and row.archived_at is None and fits(row)
    )


def start(wire, row):
    return wire.call(f"{ENVIRONMENTS}/StartEnvironment", environmentId=row.id)


def stop(wire, row):
    return wire.call(f"{ENVIRONMENTS}/StopEnvironment", environmentId=row.id)


def phases(wire, row, last, limit=150):
    return wire.phases_until(last, lambda: wire.environment(row.id)["status"]["phase"], limit)


def test_a_start_answers_before_anything_changes_and_then_takes_its_time(wire):
    row = some(wire, "STOPPED", lambda row: row.failures)
    before = wire.environment(row.id)
    assert start(wire, row) == {}
    wire.time.passes(0.3)
    assert wire.environment(row.id) == before
    wire.time.passes(0.7)
    after = wire.environment(row.id)
    assert after["status"]["phase"] == "ENVIRONMENT_PHASE_STARTING"
    assert after["status"]["activitySignal"]["source"] == "Starting"
    assert after["metadata"]["lastStartedAt"] > before["metadata"]["lastStartedAt"]
    assert after["spec"]["desiredPhase"] == RUNNING
    assert "failureMessage" not in after["status"]
    began = wire.time.at
    assert phases(wire, row, "RUNNING") == ["STARTING", "RUNNING"]
    assert 18 <= wire.time.at - began <= 61


def test_versions_rise_with_every_change_and_are_decimal_texts(wire):
    row = some(wire, "STOPPED")
    seen = [wire.environment(row.id)]
    start(wire, row)
    for seconds in (2, 30, 60):
        wire.time.passes(seconds)
        seen.append(wire.environment(row.id))
    status = [int(one["status"]["statusVersion"]) for one in seen]
    assert status[0] < status[1] < status[-1]
    assert all(isinstance(one["status"]["statusVersion"], str) for one in seen)
    assert int(seen[-1]["spec"]["specVersion"]) > int(seen[0]["spec"]["specVersion"])


def test_a_stop_shows_after_a_second_and_ends_within_a_quarter_of_a_minute(wire):
    row = some(wire, "RUNNING")
    assert stop(wire, row) == {}
    wire.time.passes(0.3)
    assert wire.environment(row.id)["status"]["phase"] == RUNNING
    began = wire.time.at
    assert phases(wire, row, "STOPPED") == ["RUNNING", "STOPPING", "STOPPED"]
    assert 5 <= wire.time.at - began <= 17
    stopped = wire.environment(row.id)
    assert stopped["spec"]["desiredPhase"] == STOPPED
    assert "timeout" not in stopped["status"]["machine"]


def test_services_of_a_stopped_environment_read_stopped_and_still_wish_to_run(wire):
    row = some(wire, "RUNNING", lambda row: len(row.services) > 3)
    running = [service.id for service in row.services if service.phase == "SERVICE_PHASE_RUNNING"]
    stop(wire, row)
    phases(wire, row, "STOPPED")
    for identifier in running:
        service = wire.service(identifier)
        assert service["status"]["phase"] == "SERVICE_PHASE_STOPPED"
        assert service["spec"]["desiredPhase"] == "SERVICE_PHASE_RUNNING"


def test_running_executions_end_stopped_with_their_environment(wire):
    run = next(run for run in wire.world.live_executions.values() if run.environment.usable)
    stop(wire, run.environment)
    phases(wire, run.environment, "STOPPED")
    ended = wire.execution(run.id)
    assert ended["status"]["phase"] == "TASK_EXECUTION_PHASE_STOPPED"
    assert ended["metadata"]["completedAt"]


def test_starting_brings_up_what_the_start_triggers(wire):
    row = some(wire, "STOPPED", lambda row: any(task.recipe.reference == "seed" for task in row.tasks))
    task = next(task for task in row.tasks if task.recipe.reference == "seed")
    start(wire, row)
    phases(wire, row, "RUNNING")
    wire.time.passes(60)
    wire.world.advance()
    for service in row.services:
        triggered = "postEnvironmentStart" in service.recipe.triggers
        assert (service.phase == "SERVICE_PHASE_RUNNING") == triggered, service.recipe.reference
    assert [run for run in row.executions if run.task is task and run.started_by == "postEnvironmentStart"]


@pytest.mark.parametrize(
    ("phase", "call", "outcome"),
    [
        ("CREATING", start, "CREATING"),
        ("STARTING", start, "STARTING"),
        ("RUNNING", start, "RUNNING"),
        ("UPDATING", start, "UPDATING"),
        ("STOPPED", stop, "STOPPED"),
        ("STOPPING", stop, "STOPPING"),
        ("DELETING", stop, "DELETING"),
        ("CREATING", stop, "STOPPED"),
        ("STARTING", stop, "STOPPED"),
        ("UPDATING", stop, "STOPPED"),
    ],
)
def test_calls_in_other_phases_are_accepted(wire, phase, call, outcome):
    row = some(wire, phase)
    assert call(wire, row) == {}
    wire.time.passes(30)
    assert wire.environment(row.id)["status"]["phase"] == f"ENVIRONMENT_PHASE_{outcome}"


@pytest.mark.parametrize("phase", ["STOPPING", "DELETING"])
def test_a_start_is_refused_while_stopping_or_deleting(wire, phase):
    status, code, message = wire.refused(
        f"{ENVIRONMENTS}/StartEnvironment", environmentId=some(wire, phase).id
    )
    assert (status, code) == (400, "failed_precondition")
    assert phase.lower() in message


def test_an_archived_environment_cannot_be_started(wire):
    row = next(row for row in wire.world.environments.values() if row.archived_at)
    assert wire.refused(f"{ENVIRONMENTS}/StartEnvironment", environmentId=row.id)[1] == "failed_precondition"


def test_a_stop_right_after_a_start_wins(wire):
    row = some(wire, "STOPPED")
    start(wire, row)
    stop(wire, row)
    wire.time.passes(120)
    assert wire.environment(row.id)["status"]["phase"] == STOPPED


def test_a_stop_repeated_every_half_second_still_stops_it(wire):
    row = some(wire, "RUNNING")
    for _ in range(60):
        stop(wire, row)
        wire.time.passes(0.5)
    assert wire.environment(row.id)["status"]["phase"] == STOPPED


def test_the_first_start_also_runs_what_a_new_dev_container_triggers():
    wire = Wire(environments=300, life=True)
    row = some(wire, "CREATING", lambda row: any(task.recipe.reference == "install" for task in row.tasks))
    wire.time.passes(90)
    wire.world.advance()
    assert ("install", "postDevcontainerStart") in {
        (run.task.recipe.reference, run.started_by) for run in row.executions
    }


def test_two_starts_are_one(wire):
    row = some(wire, "STOPPED")
    start(wire, row)
    start(wire, row)
    assert phases(wire, row, "RUNNING") == ["STOPPED", "STARTING", "RUNNING"]


def test_inactivity_stops_it_with_a_sentence_and_leaves_the_wish_alone(wire):
    row = some(wire, "STOPPED", lambda row: row.idle_limit == 1800)
    start(wire, row)
    phases(wire, row, "RUNNING")
    wire.time.passes(1900)
    assert wire.environment(row.id)["status"]["phase"].endswith(("STOPPING", "STOPPED"))
    wire.time.passes(30)
    stopped = wire.environment(row.id)
    assert stopped["status"]["phase"] == STOPPED
    assert stopped["status"]["machine"]["timeout"] == "Timed out due to no activity detected for 30 minutes"
    assert stopped["spec"]["desiredPhase"] == RUNNING


def test_a_limit_of_zero_never_stops_it(wire):
    row = some(wire, "STOPPED", lambda row: row.idle_limit == 0)
    assert wire.environment(row.id)["spec"]["timeout"] == {"disconnected": "0s"}
    start(wire, row)
    phases(wire, row, "RUNNING")
    wire.time.passes(30 * 86_400)
    assert wire.environment(row.id)["status"]["phase"] == RUNNING


def test_a_frozen_clock_freezes_everything():
    wire = Wire(speed=0, life=True)
    row = some(wire, "STOPPED")
    start(wire, row)
    before = wire.environment(row.id)
    wire.time.passes(86_400)
    assert wire.environment(row.id) == before


def test_a_faster_clock_passes_sixty_seconds_in_one():
    wire = Wire(speed=60)
    row = some(wire, "STOPPED")
    start(wire, row)
    wire.time.passes(1.2)
    assert wire.environment(row.id)["status"]["phase"] == RUNNING
