"""The hot sweep: what moves, what ended since, and what people have open."""

import io
import json
import threading

import pytest

from dashboard.fleet.entities import HOT_PHASES, Execution, Kind
from dashboard.fleet.memory import Memory
from dashboard.fleet.newer import newer
from dashboard.fleet.store import Observation
from dashboard.fleet.sync import Sync
from dashboard.simulator import enums
from tests.fleet.sweeps import (
    call,
    first,
    listed,
    phases,
    stored,
    word,
)
from tests.unruly import edited, meanwhile, refusing


def test_a_hot_sweep_notices_an_environment_that_stopped_and_its_services(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    inside = {one.id for one in target.services if one.phase == enums.SERVICE_RUNNING}
    call(simulated, "stop", target.id)
    simulated.clock.pass_(1.5)
    sync.hot()
    assert phases(simulated, Kind.ENVIRONMENT)[target.id] == "stopping"
    assert {phases(simulated, Kind.SERVICE)[one] for one in inside} == {"stopping"}
    simulated.clock.pass_(20)
    sync.hot()
    assert phases(simulated, Kind.ENVIRONMENT)[target.id] == "stopped"
    assert {phases(simulated, Kind.SERVICE)[one] for one in inside} == {"stopped"}


def test_a_hot_sweep_leaves_what_stands_still_unread(simulated):
    sync = simulated.sync()
    sync.full()
    simulated.wire.asked.clear()
    sweep = sync.hot()
    hot = [one for one in listed(simulated.world).values() if word(Kind.ENVIRONMENT, one.phase) in HOT_PHASES]
    assert sweep.counts["environment"] == len(hot)
    assert "GetEnvironment" not in simulated.wire.asked
    assert len(simulated.wire.asked) == sweep.requests


def test_a_hot_sweep_notices_an_execution_that_ended(simulated):
    sync = simulated.sync()
    task = next(
        one for one in simulated.world.tasks.values() if one.environment.usable and not one.depends_on
    )
    run = simulated.ona.automations.start_task(task.id).id
    sync.full()
    assert phases(simulated, Kind.EXECUTION)[run] == "pending"
    assert stored(simulated, Kind.EXECUTION)[run].name == task.recipe.name
    simulated.ona.automations.stop_execution(run)
    simulated.clock.pass_(15)
    sync.hot()
    assert phases(simulated, Kind.EXECUTION)[run] in {"stopped", "failed"}
    assert stored(simulated, Kind.EXECUTION)[run].name == task.recipe.name


def test_a_hot_sweep_notices_that_something_is_gone(simulated):
    sync = simulated.sync()
    sync.full()
    ghost = Execution("0197c3a0-5b1e-7d34-9a51-3f0c5d9e7a11", phase="running")
    simulated.store.write([Observation(ghost, 1.0)], newer=newer)
    target = first(simulated.world, enums.DELETING)
    simulated.clock.pass_(25)
    sync = simulated.sync()
    sync.hot()
    assert ghost.id not in stored(simulated, Kind.EXECUTION)
    assert stored(simulated, Kind.ENVIRONMENT)[target.id].phase == "deleted"
    sync.full()
    assert target.id not in stored(simulated, Kind.ENVIRONMENT)


def test_a_hot_sweep_reads_again_what_a_page_shows(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.STOPPED)
    simulated.store.attend(Kind.ENVIRONMENT, target.id)
    with simulated.world.present():
        target.name = "renamed"
        target.status_version += 1
    sync.hot()
    assert stored(simulated, Kind.ENVIRONMENT)[target.id].name == "renamed"
    assert simulated.store.detail(Kind.ENVIRONMENT, target.id).read_at == simulated.clock()


@pytest.mark.parametrize(
    "trouble",
    [
        refusing(400, "invalid_argument"),
        edited(lambda document: document.update(environment=7)),
        refusing(403, "permission_denied"),
    ],
)
def test_one_page_that_shows_nonsense_does_not_stop_the_hot_sweep(simulated, trouble):
    sync = simulated.sync()
    sync.full()
    stopped, running = first(simulated.world, enums.STOPPED), first(simulated.world, enums.RUNNING)
    simulated.store.attend(Kind.ENVIRONMENT, stopped.id)
    simulated.wire.on("GetEnvironment", trouble)
    call(simulated, "stop", running.id)
    simulated.clock.pass_(1.5)
    assert sync.hot().error == ""
    assert phases(simulated, Kind.ENVIRONMENT)[running.id] == "stopping"
    assert phases(simulated, Kind.ENVIRONMENT)[stopped.id] == "stopped"


def test_a_hot_sweep_that_fails_keeps_what_it_had_read_and_says_why(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    services = phases(simulated, Kind.SERVICE)
    call(simulated, "stop", target.id)
    simulated.clock.pass_(1.5)
    simulated.wire.on("ListServices", refusing(503, "unavailable", "later"))
    assert sync.hot().error == "ListServices: later (unavailable)"
    assert phases(simulated, Kind.ENVIRONMENT)[target.id] == "stopping"
    assert phases(simulated, Kind.SERVICE) == services


def test_environments_that_move_are_there_before_a_hot_sweep_has_read_their_services(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    call(simulated, "stop", target.id)
    simulated.clock.pass_(1.5)
    seen = []
    simulated.wire.on("ListServices", meanwhile(lambda: seen.append(phases(simulated, Kind.ENVIRONMENT))))
    sync.hot()
    assert seen[0][target.id] == "stopping"


def test_a_hot_sweep_reads_again_only_what_came_in_other_bytes_and_asks_for_the_services_of_all(simulated):
    memory, read = Memory(), []
    sync = Sync(simulated.ona, simulated.store, simulated.snapshot(), simulated.clock, memory=memory)
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    with simulated.world.present():
        target.name = "renamed"
        target.status_version += 1
    glance = memory.glance
    memory.glance = lambda digest, known: read.append(glance(digest, known)) or read[-1]
    asked = set()

    def note(app, environ, start):
        body = environ["wsgi.input"].read()
        asked.update(json.loads(body)["filter"]["environmentIds"])
        environ["wsgi.input"] = io.BytesIO(body)
        return app(environ, start)

    simulated.wire.on("ListServices", note)
    sweep = sync.hot()
    hot = {
        one.id: word(Kind.ENVIRONMENT, one.phase)
        for one in listed(simulated.world).values()
        if word(Kind.ENVIRONMENT, one.phase) in HOT_PHASES
    }
    assert (read.count(None), sweep.changed, sweep.counts["environment"]) == (1, 1, len(hot))
    assert stored(simulated, Kind.ENVIRONMENT)[target.id].name == "renamed"
    assert asked == {one for one, phase in hot.items() if phase not in {"creating", "starting"}}


def test_what_a_hot_sweep_remembers_is_written_again_where_the_store_lost_it(simulated):
    sync = simulated.sync()
    sync.full()
    lost = first(simulated.world, enums.RUNNING)
    simulated.store.write([], newer=newer, gone=[(Kind.ENVIRONMENT, lost.id)])
    sync.hot()
    assert lost.id in stored(simulated, Kind.ENVIRONMENT)


def test_what_pages_show_is_read_side_by_side(simulated):
    sync = simulated.sync()
    sync.full()
    for target in [one for one in listed(simulated.world).values() if one.phase == enums.STOPPED][:2]:
        simulated.store.attend(Kind.ENVIRONMENT, target.id)
    both = threading.Barrier(2, timeout=20)
    simulated.wire.on("GetEnvironment", meanwhile(both.wait))
    assert sync.hot().error == ""
    assert not both.broken
