"""The fleet lives by itself, stays in balance and leaves alone what a request has touched."""

from dashboard.simulator import enums, life
from tests.simulator.wire import ENVIRONMENTS, Wire


def picture(wire):
    world = wire.world
    return (
        {row.id: (row.phase, row.status_version) for row in world.environments.values()},
        {row.id: row.phase for row in world.services.values()},
        {row.id: (row.phase, row.status_version) for row in world.executions.values()},
    )


def test_something_changes_every_few_seconds():
    wire = Wire(life=True)
    wire.time.passes(60)
    changes, before = 0, picture(wire)
    for _ in range(60):
        wire.time.passes(5)
        after = picture(wire)
        changes += after != before
        before = after
    assert changes > 45


def test_a_day_leaves_the_fleet_in_balance():
    wire = Wire(life=True)
    counts = []
    for _ in range(48):
        wire.time.passes(1800)
        counts.append(wire.world.phase_counts())
    alive = [one.total() - one[enums.DELETED] for one in counts]
    running = [one[enums.RUNNING] / size for one, size in zip(counts, alive, strict=True)]
    assert all(55 <= size <= 66 for size in alive), alive
    assert 0.15 < sum(running[-12:]) / 12 < 0.8, running


def test_tasks_run_and_some_of_them_fail():
    wire = Wire(life=True)
    before = set(wire.world.executions)
    for _ in range(40):
        wire.time.passes(120)
        wire.world.advance()
    phases = {row.phase for row in wire.world.executions.values() if row.id not in before}
    assert phases >= {enums.SUCCEEDED, enums.FAILED}


def test_nobody_touches_what_a_request_has_just_started():
    wire = Wire(life=True, environments=30)
    row = next(
        row for row in wire.world.environments.values() if row.phase == enums.STOPPED and not row.archived_at
    )
    wire.call(f"{ENVIRONMENTS}/StartEnvironment", environmentId=row.id)
    wire.time.passes(61)
    for _ in range(90):
        wire.time.passes(5)
        assert wire.world.environments[row.id].phase == enums.RUNNING


def test_a_long_silence_is_caught_up_without_living_through_all_of_it():
    wire = Wire(life=True, environments=200)
    wire.time.passes(60 * 86_400)
    wire.world.advance()
    assert wire.world.environments


def test_histories_stay_bounded():
    wire = Wire(environments=20)
    task = next(
        row for row in wire.world.tasks.values() if row.environment.usable and row.recipe.reference == "lint"
    )
    for _ in range(4100):
        life.executions.request_start(wire.world, task, task.creator, wire.world.advance())
        wire.time.passes(0.5)
    assert len(wire.world.executions) <= 4100
    assert len(wire.world.executions) == len(set(wire.world.executions))
