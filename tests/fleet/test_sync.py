"""Poll, compare, write, over the simulator's wire."""

from dataclasses import replace

import pytest

from dashboard.fleet.entities import HOT_PHASES, Execution, Kind
from dashboard.fleet.newer import newer
from dashboard.fleet.reading import Reading
from dashboard.fleet.store import Observation
from dashboard.ona import errors
from dashboard.ona.send import NewEnvironment
from dashboard.simulator import enums, environments
from tests.unruly import after, dropped, edited, meanwhile, once, passed, refusing

NOBODY = "01900000-0000-7000-8000-00000000dead"
PREFIXES = {
    Kind.ENVIRONMENT: "ENVIRONMENT_PHASE_",
    Kind.SERVICE: "SERVICE_PHASE_",
    Kind.EXECUTION: "TASK_EXECUTION_PHASE_",
}


def word(kind, phase):
    return phase.removeprefix(PREFIXES[kind]).lower().replace("unspecified", "")


def listed(world):
    """The environments that the API lists when nothing is said about archived ones."""
    return {
        one.id: one
        for one in world.environments.values()
        if one.phase != enums.DELETED and one.archived_at is None
    }


def kept(world):
    """The environments that a full sweep keeps: the listed ones and the archived ones."""
    return {one.id: one for one in world.environments.values() if one.phase != enums.DELETED}


def stored(simulated, kind):
    return {row.id: row for _, row in simulated.store.rows(kind)}


def phases(simulated, kind):
    return {identifier: row.phase for identifier, row in stored(simulated, kind).items()}


def first(world, phase):
    return next(one for one in listed(world).values() if one.phase == phase)


def call(simulated, method, identifier):
    getattr(simulated.ona.environments, method)(identifier)


def without(key, *identifiers):
    """A list answer that leaves these out."""

    def change(document):
        document[key] = [item for item in document.get(key, []) if item["id"] not in identifiers]

    return edited(change)


def spoil(key, **fields):
    """A list answer of which the first item has these fields instead."""

    def change(document):
        document[key][0].update(fields)

    return edited(change)


# The full sweep


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


def test_what_was_in_an_environment_that_went_before_goes_without_being_asked_for(simulated, monkeypatch):
    monkeypatch.setattr("dashboard.fleet.reading.MOST_DOUBTED", 0)
    sync, world = simulated.sync(), simulated.world
    sync.full()
    victim = next(one for one in world.environments.values() if one.services and one.phase == enums.STOPPED)
    inside = {one.id for one in victim.services}
    with world.present() as at:
        environments.begin_deleting(world, victim, at)
    simulated.clock.pass_(30)
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    assert sync.refresh((Kind.ENVIRONMENT, victim.id))[0] is Reading.GONE
    assert inside <= set(stored(simulated, Kind.SERVICE))
    assert sync.full(whole_history=True).error == ""
    for kind in (Kind.SERVICE, Kind.TASK, Kind.EXECUTION):
        assert victim.id not in {row.environment_id for row in stored(simulated, kind).values()}


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
    before = [stored(simulated, kind) for kind in kinds]
    victim = first(simulated.world, enums.STOPPED)
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    simulated.wire.on(method, after(1 if method == "ListServices" else 0, trouble))
    failed = sync.full()
    assert failed.error
    assert [stored(simulated, kind) for kind in kinds] == before
    assert (victim.id in stored(simulated, Kind.ENVIRONMENT)) is (method == "ListEnvironments")
    assert simulated.store.sweeps()["full:last"] == failed
    assert simulated.store.sweeps()["full:ok"].error == ""


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


def test_a_malformed_item_is_skipped_and_counted_and_nothing_of_its_kind_is_removed(simulated):
    sync = simulated.sync()
    sync.full()
    victim = first(simulated.world, enums.STOPPED)
    simulated.wire.on("ListServices", once(spoil("services", id=["not", "an", "id"])))
    simulated.wire.on("ListEnvironments", without("environments", victim.id))
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    before = set(stored(simulated, Kind.SERVICE))
    sweep = sync.full()
    assert (sweep.error, sweep.skipped) == ("", 1)
    assert sweep.counts["service"] == len(before) - 1
    assert set(stored(simulated, Kind.SERVICE)) == before
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)


def test_people_and_projects_that_are_gone_lose_their_names(simulated):
    sync = simulated.sync()
    sync.names()
    leaver = next(iter(stored(simulated, Kind.PERSON)))

    def without_leaver(document):
        document["members"] = [one for one in document["members"] if one["userId"] != leaver]

    simulated.wire.on("ListMembers", edited(without_leaver))
    sync.names()
    assert leaver not in stored(simulated, Kind.PERSON)
    assert stored(simulated, Kind.PROJECT)


def test_an_api_without_an_archive_is_swept_all_the_same(simulated):
    simulated.wire.on("ListEnvironments", after(1, refusing(400, "invalid_argument")))
    sweep = simulated.sync().full()
    assert (sweep.error, sweep.counts["environment"]) == ("", len(listed(simulated.world)))
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(listed(simulated.world))


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


# The hot sweep


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


def test_a_hot_sweep_that_fails_changes_nothing(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    call(simulated, "stop", target.id)
    simulated.clock.pass_(1.5)
    simulated.wire.on("ListServices", refusing(503, "unavailable", "later"))
    before = simulated.store.position()
    assert sync.hot().error == "ListServices: later (unavailable)"
    assert simulated.store.position() == before


# One resource


def test_refreshing_one_says_what_came_of_it(simulated):
    sync = simulated.sync()
    target = first(simulated.world, enums.RUNNING)
    reading, row, asked = sync.refresh((Kind.ENVIRONMENT, target.id))
    assert (reading, row.phase, asked) == (Reading.SEEN, "running", simulated.clock())
    assert stored(simulated, Kind.ENVIRONMENT) == {target.id: row}
    assert sync.refresh((Kind.ENVIRONMENT, NOBODY))[:2] == (Reading.GONE, None)


def test_what_is_not_found_is_removed_and_what_is_forbidden_stays(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    simulated.wire.on("GetEnvironment", refusing(403, "permission_denied"))
    assert sync.refresh((Kind.ENVIRONMENT, target.id))[:2] == (Reading.HIDDEN, None)
    assert target.id in stored(simulated, Kind.ENVIRONMENT)
    simulated.wire.on("GetEnvironment", refusing(404, "not_found"))
    assert sync.refresh((Kind.ENVIRONMENT, target.id))[:2] == (Reading.GONE, None)
    assert target.id not in stored(simulated, Kind.ENVIRONMENT)


def test_a_proxy_that_knows_no_such_address_makes_nothing_look_deleted(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.RUNNING)
    simulated.wire.on("GetEnvironment", refusing(404, "", "<html>"))
    with pytest.raises(errors.OnaError):
        sync.refresh((Kind.ENVIRONMENT, target.id))
    assert target.id in stored(simulated, Kind.ENVIRONMENT)


def test_each_kind_is_read_with_its_detail(simulated):
    sync = simulated.sync()
    sync.full()
    for kind in (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION):
        before = stored(simulated, kind)
        identifier = min(before)
        reading, row, _ = sync.refresh((kind, identifier))
        assert reading is Reading.SEEN
        assert row == before[identifier]  # one alone reads like the same in a list
        assert simulated.store.detail(kind, identifier).id == identifier


# Names


def test_names_of_people_projects_and_runners_are_read(simulated):
    assert simulated.sync().names().error == ""
    directory = simulated.world.directory
    people = stored(simulated, Kind.PERSON)
    assert {one.id: (one.name, one.email) for one in directory.members} == {
        row.id: (row.name, row.email) for row in people.values()
    }
    assert set(stored(simulated, Kind.PROJECT)) == {one.id for one in directory.projects}
    assert set(stored(simulated, Kind.RUNNER)) == {one.id for one in directory.runners}
    fleet = simulated.snapshot().now().fleet
    assert fleet.person_by_email["operator@example.com"] == directory.operator.id
    assert fleet.project(directory.projects[0].id) == directory.projects[0].name


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        ("ListMembers", Kind.PERSON),
        ("GetAuthenticatedIdentity", Kind.PERSON),
        ("ListProjects", Kind.PROJECT),
        ("ListRunners", Kind.RUNNER),
    ],
)
def test_names_that_the_key_may_not_read_leave_the_others(simulated, method, missing):
    simulated.wire.on(method, refusing(403, "permission_denied"))
    assert simulated.sync().names().error == ""
    there = {kind for kind in (Kind.PERSON, Kind.PROJECT, Kind.RUNNER) if simulated.store.ids(kind)}
    assert there == {Kind.PERSON, Kind.PROJECT, Kind.RUNNER} - {missing}


def test_names_that_cannot_be_read_now_are_an_error_and_keep_what_was_known(simulated):
    sync = simulated.sync()
    sync.names()
    before = stored(simulated, Kind.PERSON)
    simulated.wire.on("ListRunners", refusing(503, "unavailable", "later"))
    assert sync.names().error == "ListRunners: later (unavailable)"
    assert stored(simulated, Kind.PERSON) == before
