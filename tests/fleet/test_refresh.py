"""One resource read by itself, and the names of people, projects and runners."""

import pytest

from dashboard.fleet.entities import Kind
from dashboard.fleet.reading import Reading
from dashboard.ona import errors
from dashboard.simulator import enums
from tests.fleet.sweeps import (
    NOBODY,
    first,
    stored,
)
from tests.unruly import edited, refusing


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


def test_an_open_page_does_not_bring_back_what_was_deleted(simulated):
    sync = simulated.sync()
    sync.full()
    target = first(simulated.world, enums.DELETING)
    simulated.clock.pass_(25)
    sync.hot()
    assert stored(simulated, Kind.ENVIRONMENT)[target.id].phase == "deleted"
    sync.full()
    simulated.store.attend(Kind.ENVIRONMENT, target.id)
    sync.hot()
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
