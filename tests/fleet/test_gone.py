"""What a sweep takes for gone, and what it never does."""

from dataclasses import replace

import pytest

from dashboard.fleet.entities import Kind
from dashboard.fleet.newer import newer
from dashboard.fleet.reading import Reading
from dashboard.fleet.store import Observation
from dashboard.ona.send import NewEnvironment
from dashboard.simulator import enums, environments
from tests.fleet.sweeps import (
    first,
    kept,
    listed,
    spoil,
    stored,
    without,
)
from tests.unruly import after, dropped, meanwhile, once, passed, refusing


def homes(simulated, *kinds):
    """The environments that rows of these kinds (all that are inside of one) are in."""
    kinds = kinds or (Kind.SERVICE, Kind.TASK, Kind.EXECUTION)
    return {row.environment_id for kind in kinds for row in stored(simulated, kind).values()}


def apart_from(environment_id, rows):
    return {key: row for key, row in rows.items() if getattr(row, "environment_id", None) != environment_id}


def test_what_a_complete_scan_no_longer_shows_is_gone(simulated):
    sync = simulated.sync()
    sync.full()
    victim = first(simulated.world, enums.STOPPED)
    inside = {one.id for one in victim.services}
    with simulated.world.present() as at:
        environments.begin_deleting(simulated.world, victim, at)
    simulated.clock.pass_(30)
    sync.full()
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)
    assert inside
    assert not inside & set(stored(simulated, Kind.SERVICE))
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(kept(simulated.world))


def test_what_a_clock_far_ahead_dates_into_the_future_is_not_for_ever_just_made(simulated):
    sync = simulated.sync()
    sync.full()
    victim = first(simulated.world, enums.STOPPED)
    row = replace(stored(simulated, Kind.ENVIRONMENT)[victim.id], created=simulated.clock() + 7200)
    simulated.store.write([Observation(row, simulated.clock() + 1)], newer=lambda *_: True)
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    sync.refresh((Kind.ENVIRONMENT, victim.id))
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)


def test_what_was_in_an_environment_goes_with_it_and_stays_away(simulated):
    sync, world = simulated.sync(), simulated.world
    sync.full()
    victim = next(
        run.task.environment
        for run in world.executions.values()
        if run.phase in enums.FINISHED and run.task.environment.phase == enums.STOPPED
    )
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    assert sync.refresh((Kind.ENVIRONMENT, victim.id))[0] is Reading.GONE
    assert victim.id not in homes(simulated)
    assert simulated.sync().full(whole_history=True).error == ""  # its executions are still on the list
    assert victim.id not in homes(simulated, Kind.EXECUTION)


def test_what_was_left_in_an_environment_that_is_no_more_goes_without_being_asked_for(simulated, monkeypatch):
    monkeypatch.setattr("dashboard.fleet.reading.MOST_DOUBTED", 0)
    simulated.sync().full()
    world = simulated.world
    victim = next(one for one in world.environments.values() if one.services and one.phase == enums.STOPPED)
    with world.present() as at:
        environments.begin_deleting(world, victim, at)
    simulated.clock.pass_(30)
    simulated.store.write([], newer=newer, gone=[(Kind.ENVIRONMENT, victim.id)])
    assert victim.id in homes(simulated)
    assert simulated.sync().full(whole_history=True).error == ""
    assert victim.id not in homes(simulated)


def test_however_much_goes_at_once_is_gone_after_two_scans(simulated, monkeypatch):
    monkeypatch.setattr("dashboard.fleet.reading.MOST_DOUBTED", 1)
    sync = simulated.sync()
    sync.full()
    victims = [one.id for one in listed(simulated.world).values() if one.phase == enums.STOPPED][:5]
    simulated.wire.on("ListEnvironments", without("environments", *victims))
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    for left in (4, 0):
        sync.full((Kind.ENVIRONMENT,))
        assert len(set(victims) & set(stored(simulated, Kind.ENVIRONMENT))) == left
    assert simulated.wire.asked.count("GetEnvironment") == 2


def test_what_a_page_lacks_stays_when_it_can_still_be_read_by_itself(simulated):
    simulated.sync().full()
    victim = first(simulated.world, enums.STOPPED)
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    for trouble in (passed, refusing(500, "internal")):
        simulated.wire.on("GetEnvironment", trouble)
        assert simulated.sync().full().error == ""
        assert victim.id in stored(simulated, Kind.ENVIRONMENT)
    simulated.wire.on("GetEnvironment", refusing(403, "permission_denied"))
    assert simulated.sync().full().error == ""
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)


def test_what_is_not_found_right_after_it_was_made_is_not_gone(simulated):
    sync = simulated.sync()
    made = simulated.ona.environments.create(NewEnvironment(class_id=simulated.world.directory.classes[0].id))
    sync.full()
    simulated.world.faults.set("late", 1)
    assert sync.refresh((Kind.ENVIRONMENT, made.id))[:2] == (Reading.GONE, None)
    assert made.id in stored(simulated, Kind.ENVIRONMENT)


@pytest.mark.parametrize(
    "trouble",
    [refusing(500, "internal", "the database is down"), refusing(403, "permission_denied"), dropped],
)
@pytest.mark.parametrize("method", ["ListEnvironments", "ListServices", "ListTaskExecutions"])
def test_a_scan_that_fails_halfway_removes_nothing_of_its_kind_and_says_why(simulated, method, trouble):
    sync = simulated.sync()
    sync.full()
    kinds = (Kind.SERVICE, Kind.TASK, Kind.EXECUTION, Kind.CLASS)
    victim = first(simulated.world, enums.STOPPED)
    others = victim.id if method != "ListEnvironments" else ""  # what was in one that is gone goes with it
    before = [apart_from(others, stored(simulated, kind)) for kind in kinds]
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    simulated.wire.on(method, after(1 if method == "ListServices" else 0, trouble))
    failed = sync.full()
    assert failed.error
    assert [stored(simulated, kind) for kind in kinds] == before
    assert (victim.id in stored(simulated, Kind.ENVIRONMENT)) is (method == "ListEnvironments")
    assert simulated.store.sweeps()["full:last"] == failed
    assert simulated.store.sweeps()["full:ok"].error == ""


def test_a_malformed_item_is_skipped_and_counted_and_nothing_of_its_kind_is_removed(simulated):
    sync = simulated.sync()
    sync.full()
    victim = first(simulated.world, enums.STOPPED)
    simulated.wire.on("ListServices", once(spoil("services", id=["not", "an", "id"])))
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    before = stored(simulated, Kind.SERVICE)
    sweep = sync.full()
    assert (sweep.error, sweep.skipped) == ("", 1)
    assert sweep.counts["service"] == len(before) - 1
    assert set(stored(simulated, Kind.SERVICE)) == set(apart_from(victim.id, before))
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)


def test_what_is_made_while_a_scan_runs_is_not_removed_by_it(simulated):
    """The hot sweep of another worker sees it after this scan has passed its place in the list."""
    sync, other = simulated.sync(), simulated.sync()
    sync.full()
    newcomer = first(simulated.world, enums.RUNNING)
    simulated.store.write([], newer=newer, gone=[(Kind.ENVIRONMENT, newcomer.id)])
    sync = simulated.sync()

    def appears():
        simulated.wire.meddlers.clear()
        other.hot()

    simulated.wire.on("ListEnvironments", without("environments", newcomer.id))
    simulated.wire.on("ListTasks", meanwhile(appears))
    assert sync.full().error == ""
    assert newcomer.id in stored(simulated, Kind.ENVIRONMENT)
