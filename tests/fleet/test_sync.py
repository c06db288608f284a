"""The full sweep: poll, compare, write, over the simulator's wire."""

import io

import pytest

from dashboard.fleet.entities import Kind
from dashboard.simulator import enums
from tests.fleet.sweeps import (
    call,
    first,
    kept,
    listed,
    phases,
    stored,
    word,
)
from tests.unruly import meanwhile, passed, refusing


def test_a_full_sweep_shows_the_world_as_it_is(simulated):
    sweep = simulated.sync().full()
    world = simulated.world
    assert phases(simulated, Kind.ENVIRONMENT) == {
        key: word(Kind.ENVIRONMENT, one.phase) for key, one in kept(world).items()
    }
    archived = {row.id for row in stored(simulated, Kind.ENVIRONMENT).values() if row.archived}
    assert archived == set(kept(world)) - set(listed(world)) != set()
    assert phases(simulated, Kind.SERVICE) == {
        key: word(Kind.SERVICE, one.phase) for key, one in world.services.items()
    }
    assert phases(simulated, Kind.EXECUTION) == {
        key: word(Kind.EXECUTION, one.phase) for key, one in world.executions.items()
    }
    assert set(stored(simulated, Kind.TASK)) == set(world.tasks)
    assert set(stored(simulated, Kind.CLASS)) == {one.id for one in world.directory.classes}
    assert (sweep.error, sweep.skipped) == ("", 0)
    assert sweep.counts["environment"] == len(listed(world))
    assert sweep.changed == sum(sweep.counts.values()) + len(archived)
    assert simulated.store.sweeps() == {"full:ok": sweep, "full:last": sweep}


def test_a_full_sweep_reads_every_field_as_the_world_has_it(simulated):
    simulated.sync().full()
    rows = stored(simulated, Kind.ENVIRONMENT)
    for one in listed(simulated.world).values():
        row = rows[one.id]
        assert row.name == " ".join(one.name.split()) or not one.name.strip()
        assert (row.branch, row.unpushed, row.changed) == (one.branch, one.unpushed, one.changed) or (
            one.phase == enums.CREATING
        )
        assert row.repository == one.project.repository.split("/", 3)[3].removesuffix(".git")
        assert (row.status_version, row.spec_version) == (one.status_version, one.spec_version)
        assert (row.creator_id, row.class_id, row.runner_id) == (
            one.creator.id,
            one.machine_class.id,
            one.runner.id,
        )
        assert row.created == pytest.approx(one.created, abs=1e-5)
        assert row.started == pytest.approx(one.last_started, abs=1e-5)
        assert row.timeout == one.idle_limit
        assert row.failures == one.failures
    services = stored(simulated, Kind.SERVICE)
    for one in simulated.world.services.values():
        row = services[one.id]
        assert (row.environment_id, row.name, row.reference, row.failed) == (
            one.environment.id,
            one.recipe.name,
            one.recipe.reference,
            one.phase == enums.SERVICE_FAILED,
        )
    executions = stored(simulated, Kind.EXECUTION)
    for one in simulated.world.executions.values():
        row = executions[one.id]
        assert (row.task_id, row.name, row.steps_total) == (
            one.task.id,
            one.task.recipe.name,
            len(one.steps),
        )


def test_an_unchanged_world_changes_nothing_but_the_record_of_the_sweep(simulated):
    sync = simulated.sync()
    sync.full()
    before = simulated.store.position()
    simulated.clock.pass_(0.001)
    again = sync.full()
    assert again.changed == 0
    assert simulated.store.position() == before
    assert simulated.store.sweeps()["full:last"] == again


def test_what_a_full_sweep_had_read_before_it_failed_is_kept(simulated):
    simulated.wire.on("ListTaskExecutions", refusing(500, "internal"))
    failed = simulated.sync().full()
    assert failed.error
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(kept(simulated.world))
    assert set(stored(simulated, Kind.SERVICE)) == set(simulated.world.services)
    assert not stored(simulated, Kind.EXECUTION)
    assert set(stored(simulated, Kind.TASK)) == set(simulated.world.tasks)
    assert stored(
        simulated, Kind.CLASS
    )  # one kind that cannot be read does not keep the next from being read


def test_the_first_rows_are_there_before_the_sweep_is_done(simulated):
    seen = []
    simulated.wire.on("ListTasks", meanwhile(lambda: seen.append(stored(simulated, Kind.ENVIRONMENT))))
    simulated.sync().full()
    assert set(seen[0]) == set(kept(simulated.world))


def test_the_reason_of_a_failed_sweep_is_the_apis_own(simulated):
    simulated.wire.on("ListTasks", refusing(500, "internal", "the database is down"))
    assert simulated.sync().full().error == "ListTasks: the database is down (internal)"


def test_an_api_without_an_archive_is_swept_all_the_same(simulated):
    def no_archive(app, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
        refused = b"ARCHIVAL_STATUS_ARCHIVED" in body
        return (refusing(400, "invalid_argument") if refused else passed)(app, environ, start_response)

    simulated.wire.on("ListEnvironments", no_archive)
    sweep = simulated.sync().full()
    assert (sweep.error, sweep.counts["environment"]) == ("", len(listed(simulated.world)))
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(listed(simulated.world))


def test_a_slow_scan_does_not_overwrite_what_was_read_back_after_an_action(simulated):
    sync, other = simulated.sync(), simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    service = next(one for one in target.services if one.phase == enums.SERVICE_RUNNING)

    def acted_on_meanwhile():
        simulated.wire.meddlers.clear()
        simulated.ona.automations.stop_service(service.id)
        call(simulated, "stop", target.id)
        simulated.clock.pass_(1.5)
        other.refresh((Kind.ENVIRONMENT, target.id))
        other.refresh((Kind.SERVICE, service.id))

    simulated.wire.on(
        "ListTasks", meanwhile(acted_on_meanwhile)
    )  # environments and services are read by then
    assert sync.full().error == ""
    assert phases(simulated, Kind.ENVIRONMENT)[target.id] == "stopping"
    assert phases(simulated, Kind.SERVICE)[service.id] == "stopping"
