"""What past executions tell of a task, and who is alike."""

from dataclasses import replace

import pytest

from dashboard.fleet import runs
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.fleet.runs import Record, record_of
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import Change
from dashboard.fleet.table import Table

T = 1_790_000_000.0


def run(number, phase="succeeded", seconds=10.0, **more):
    """Runs count from the oldest; each begins when it was asked for."""
    at = T + 1000 * number
    ended = None if phase in {"pending", "running"} else at + seconds
    told = {"name": "Build", "created": at, "started": at, "completed": ended, **more}
    return Execution(f"x-{number}", "t-1", "e-1", phase=phase, **told)


def newest_first(*phases, seconds=10.0):
    """Of phases from the oldest to the newest: s, f, x (stopped), r (running)."""
    words = {"s": "succeeded", "f": "failed", "x": "stopped", "r": "running"}
    return [run(number, words[phase], seconds) for number, phase in enumerate(phases)][::-1]


def fleet(*rows):
    tables = {kind: [] for kind in Kind}
    kinds = {Environment: Kind.ENVIRONMENT, Service: Kind.SERVICE, Task: Kind.TASK, Execution: Kind.EXECUTION}
    for row in rows:
        tables[kinds[type(row)]].append((1, row.id, row))
    return Fleet("e", 1, {kind: Table(some) for kind, some in tables.items()})


@pytest.mark.parametrize(
    ("phases", "ended", "rate", "turns", "flaky"),
    [
        ("", 0, None, 0, False),
        ("r", 0, None, 0, False),
        ("xx", 2, None, 0, False),
        ("ssss", 4, 100.0, 0, False),
        ("sfff", 4, 25.0, 0, False),
        ("sfs", 3, pytest.approx(66.7, abs=0.1), 1, False),
        ("fsfsr", 4, 50.0, 2, True),
        ("fxs", 3, 50.0, 0, False),
    ],
)
def test_a_record_counts_what_ended_and_how_often_a_failure_passed(phases, ended, rate, turns, flaky):
    record = record_of(newest_first(*phases))
    assert (record.ended, record.rate, record.turns, record.flaky) == (ended, rate, turns, flaky)


def test_few_runs_have_no_usual_duration():
    assert record_of(newest_first(*"ssssff")).median is None
    assert record_of(newest_first(*"sssssff")).median == 10.0


def test_the_usual_is_of_successes_alone():
    some = [run(number, seconds=float(number + 1)) for number in range(20)]
    record = record_of([*some[::-1], run(90, "failed", 900.0)])
    assert (record.median, record.p95) == (10.5, 19.0)


def test_slower_runs_are_told_with_by_how_much():
    quick, slow = (
        [run(number) for number in range(10)],
        [run(number + 10, seconds=15.0) for number in range(10)],
    )
    record = record_of([*slow[::-1], *quick[::-1]])
    assert (record.recent, record.before) == (15.0, 10.0)
    assert record.slower == pytest.approx(50.0)
    assert record_of([*quick[::-1], *slow[::-1]]).slower is None
    assert record_of(quick[::-1]).slower is None


def test_only_the_newest_runs_are_judged():
    many = [run(number, "failed" if number < 500 else "succeeded") for number in range(560)]
    assert record_of(many[::-1]) == Record(60, 60, 0, 10.0, 10.0, 10.0, 10.0, 0)


def test_a_run_without_times_counts_without_a_duration():
    record = record_of([Execution(f"x-{number}", phase="succeeded") for number in range(9)])
    assert (record.succeeded, record.median) == (9, None)


def test_the_last_success_is_the_one_before_or_any():
    one, two, three = run(1), run(2, "failed"), run(3)
    known = fleet(one, two, three)
    assert runs.last_success(known, two) == one
    assert runs.last_success(known, one) == three
    assert runs.last_success(fleet(two), two) is None


def services(*phases):
    environments = [Environment(f"e-{n}", project_id="p" if n < 3 else "q") for n in range(len(phases))]
    rows = [Service(f"s-{n}", f"e-{n}", "Web", "web", phase=phase) for n, phase in enumerate(phases)]
    other = Service("s-x", "e-0", "Db", "db", phase="failed")
    ours = Service("s-y", "e-0", "Web", "web", role="editor", phase="failed")
    return fleet(*environments, *rows, other, ours), rows


def test_services_of_one_reference_are_counted_in_the_project_and_everywhere():
    known, rows = services("failed", "running", "failed", "failed", "stopped")
    found = runs.alike(known, rows[0], 5)
    assert found.here == {"failed": 2, "running": 1}
    assert found.everywhere == {"failed": 3, "running": 1, "stopped": 1}
    assert ids(found) == (["s-2", "s-3"], ["s-1", "s-4"])  # those of the project first
    assert (found.failing, found.homes) == (2, 4)
    assert ids(runs.alike(known, rows[0], 1)) == (["s-2"], ["s-1"])


def ids(found):
    return tuple([one.id for one in some] for some in (found.failed, found.rest))


def test_tasks_of_one_reference_are_counted_by_their_last_runs_and_environments_once():
    def ran(number, task, phase, name="Build"):
        return replace(run(number, phase, name=name), id=f"x-{task}-{number}", task_id=task)

    rows = [
        Environment("e-1", project_id="p"),
        Environment("e-2", project_id="p"),
        Environment("e-3", project_id="q"),
        Task("t-1", "e-1", "Build", "build"),
        Task("t-2", "e-2", "Build", "build"),
        Task("t-3", "e-2", "Build again", "build"),
        Task("t-4", "e-3", "Build", "build"),
        Task("t-5", "e-3", "Build", "other"),
        Task("t-6", "e-1", "Build", "build"),
        *(ran(1, "t-1", "failed"), ran(1, "t-2", "succeeded"), ran(2, "t-2", "failed")),
        *(ran(1, "t-3", "failed"), ran(1, "t-5", "failed"), ran(1, "t-6", "failed")),
    ]
    found = runs.alike(fleet(*rows), rows[3], 5)
    assert (found.here, found.everywhere) == ({"failed": 4}, {"failed": 4, "": 1})
    assert (found.failing, found.homes) == (1, 1)
    assert ids(found) == (["t-2", "t-3", "t-6"], ["t-4"])
    later = fleet(*rows).applied("e", [Change(2, Kind.EXECUTION, "x-9", ran(9, "t-2", "succeeded"))])
    assert runs.alike(later, rows[3], 5).here == {"failed": 3, "succeeded": 1}


def test_a_task_with_few_runs_goes_by_its_namesakes_in_the_project():
    homes = [
        Environment("e-1", project_id="p"),
        Environment("e-2", project_id="p"),
        Environment("e-3", project_id="q"),
    ]
    namesakes = [replace(run(n), id=f"y-{n}", task_id="t-2", environment_id="e-2") for n in range(6)]
    strangers = [
        replace(run(n, seconds=99.0), id=f"z-{n}", task_id="t-3", environment_id="e-3") for n in range(6)
    ]
    known = fleet(*homes, *namesakes, *strangers, run(50, seconds=700.0))
    usual = runs.usual_of(known, "t-1", "Build", "e-1")
    assert (usual.shared, usual.record.median, usual.record.ended) == (True, 10.0, 7)
    assert runs.usual_of(known, "t-1", "Build", "e-1", besides="x-50").record.p95 == 10.0
    assert not runs.usual_of(known, "t-2", "Build", "e-2").shared
    assert runs.usual_of(known, "t-1", "Build", "e-gone").record.median is None
