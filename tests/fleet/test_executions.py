"""Executions: what has finished is read once, and each task keeps the newest ones."""

import pytest

from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.kept import beyond
from dashboard.fleet.newer import newer
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Observation
from dashboard.fleet.sync import HISTORY_SECONDS, Sync
from tests.fleet.sweeps import stored
from tests.unruly import edited

GHOST = "01900000-0000-7000-8000-00000000dead"


def asked(simulated):
    calls = simulated.wire.asked.count("ListTaskExecutions")
    simulated.wire.asked.clear()
    return calls


@pytest.fixture
def busy(simulated):
    """A fleet whose executions fill several pages."""
    tasks = [one for one in simulated.world.tasks.values() if one.environment.usable and not one.depends_on]
    for _ in range(40):
        for task in tasks[:10]:
            run = simulated.ona.automations.start_task(task.id)
            simulated.ona.automations.stop_execution(run.id)
    simulated.clock.pass_(60)
    return simulated


def test_what_has_finished_is_read_once_and_what_is_new_is_read(busy):
    sync = busy.sync()
    first = sync.full()
    assert asked(busy) >= 5
    task = next(one for one in busy.world.tasks.values() if one.environment.usable and not one.depends_on)
    run = busy.ona.automations.start_task(task.id).id
    busy.ona.automations.stop_execution(run)
    busy.clock.pass_(60)
    again = busy.sync().full()
    assert asked(busy) <= 3
    assert stored(busy, Kind.EXECUTION)[run].phase == "stopped"
    assert again.counts["execution"] >= first.counts["execution"] + 1
    assert set(stored(busy, Kind.EXECUTION)) == set(busy.world.executions)


def test_after_an_hour_all_of_them_are_read_and_what_is_gone_is_removed(busy):
    busy.sync().full()
    busy.store.write([Observation(Execution(GHOST, phase="succeeded"), 1.0)], newer=newer)
    busy.sync().full()
    assert GHOST in stored(busy, Kind.EXECUTION)
    busy.clock.pass_(HISTORY_SECONDS)
    busy.sync().full()
    assert GHOST not in stored(busy, Kind.EXECUTION)


def test_executions_in_another_order_are_read_to_the_end(busy):
    busy.sync().full()
    asked(busy)
    busy.wire.on("ListTaskExecutions", edited(lambda document: document["taskExecutions"].reverse()))
    busy.sync().full()
    assert asked(busy) >= 5


def test_a_task_keeps_its_newest_executions_and_all_that_live(busy):
    live = next(one for one in busy.world.tasks.values() if one.environment.usable and not one.depends_on)
    running = busy.ona.automations.start_task(live.id).id

    def sync():
        return Sync(busy.ona, busy.store, Snapshot(busy.store, lambda: 0.0), busy.clock, kept=5)

    busy.sync().full()
    busy.clock.pass_(HISTORY_SECONDS)
    sweep = sync().full()
    assert sweep.counts["execution"] == len(busy.world.executions)
    rows = stored(busy, Kind.EXECUTION)
    for task in busy.world.tasks:
        ended = sorted(one.id for one in busy.world.executions.values() if one.task.id == task)
        ours = {row.id for row in rows.values() if row.task_id == task and not row.live}
        assert len(ours) <= 5
        assert ours <= set(ended[-6:])
    assert running in rows
    assert sync().full().changed == 0


def test_only_finished_ones_beyond_the_bound_are_surplus():
    runs = [Execution(f"e{number}", "t", phase="succeeded", created=float(number)) for number in range(5)]
    runs.append(Execution("old", "t", phase="running", created=-1.0))
    assert beyond(2, runs, {}) == {"e0", "e1", "e2"}
    assert beyond(2, runs[:1], {row.id: row for row in runs[1:]}) == {"e0", "e1", "e2"}
    assert beyond(9, runs, {}) == set()


def test_many_tasks_are_not_each_looked_for_among_all_executions():
    class Name(str):
        compared = 0

        def __eq__(self, other):
            Name.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    runs = [
        Execution(f"e{number}", Name(f"t{number % 300}"), phase="succeeded", created=float(number))
        for number in range(900)
    ]
    assert len(beyond(1, runs, {})) == 600
    assert Name.compared <= 2 * len(runs)
