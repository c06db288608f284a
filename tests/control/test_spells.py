"""The spells of services follow the sweeps into the database with the rest of the record."""

from dataclasses import replace

import pytest
from django.db import DatabaseError

from dashboard.control.models import Recording, ServiceSpell
from dashboard.control.record import history
from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.store import rows as stored_rows
from tests.control.test_history import API, WEB, Sweeps, T

DB = Service("v-db", "e-web", "Database", phase="running")
JOB = Service("v-job", "e-web", "Worker", phase="stopped")
BROKEN = Service("v-bad", "e-web", "Proxy", phase="failed", failure="exited with code 1")
EDITOR = Service("v-ed", "e-web", "Editor", phase="running", role="editor")


@pytest.fixture
def begun(store, db):
    """The record of services of which one runs, one rests and one has failed, and of the platform's editor."""
    sweeps = Sweeps(store)
    sweeps.full(0, WEB, API, DB, JOB, BROKEN, EDITOR)
    sweeps.record(0)
    return sweeps


def spells(key):
    """(start, up, end, outcome), in seconds since T; "cut" where the beginning is not known."""
    return [
        (
            *(None if at is None else at - T for at in (row.start, row.up, row.end)),
            row.outcome + (" cut" if row.cut else ""),
        )
        for row in ServiceSpell.objects.filter(service_id=key).order_by("start")
    ]


def test_the_record_begins_with_what_is_up_and_what_has_failed(begun):
    assert spells("v-db") == [(0, 0, None, " cut")]
    assert spells("v-bad") == [(0, None, 0, "failed cut")]
    assert (spells("v-job"), spells("v-ed")) == ([], [])
    row = ServiceSpell.objects.get(service_id="v-db")
    assert (row.environment_id, row.name) == ("e-web", "Database")
    assert Recording.objects.get().services_since == T


def test_a_service_is_followed_through_start_failure_and_restart(begun):
    begun.hot(5, replace(JOB, phase="starting"))
    begun.record(6)
    begun.hot(10, replace(JOB, phase="running"))
    begun.record(11)
    begun.hot(15, replace(JOB, phase="failed", failure="exited with code 1"))
    begun.hot(20, replace(JOB, phase="starting"), replace(EDITOR, phase="failed"))
    begun.record(21)
    assert spells("v-job") == [(5, 10, 15, "failed"), (20, None, None, "")]
    begun.hot(25, replace(JOB, phase="stopping"))
    begun.hot(30, JOB)
    begun.record(31)
    assert spells("v-job")[1] == (20, None, 30, "stopped")
    assert spells("v-ed") == []


def test_one_that_fails_between_two_looks_is_recorded_and_an_edit_of_it_is_not(begun):
    begun.hot(5, replace(JOB, phase="failed", failure="not found"), replace(BROKEN, description="edited"))
    begun.record(6)
    begun.hot(10, replace(JOB, phase="failed", failure="not found", marks=("other",)))
    begun.record(11)
    assert spells("v-job") == [(5, None, 5, "failed")]
    assert len(spells("v-bad")) == 1


def test_what_goes_with_its_environment_is_gone(begun):
    begun.full(60, gone=[(Kind.SERVICE, "v-db"), (Kind.SERVICE, "v-job"), (Kind.ENVIRONMENT, "e-web")])
    begun.record(61)
    assert (spells("v-db"), spells("v-job")) == ([(0, 0, 61, "gone cut")], [])


def test_a_worker_that_dies_and_changes_that_are_followed_twice_change_nothing(begun, monkeypatch):
    before = Recording.objects.values().get()
    begun.hot(5, replace(JOB, phase="running"))
    begun.hot(10, JOB, replace(DB, phase="failed"))
    begun.hot(15, replace(JOB, phase="starting"))
    with monkeypatch.context() as dying:
        dying.setattr(ServiceSpell.objects, "bulk_create", _dies)
        with pytest.raises(DatabaseError):
            begun.record(16)
    assert Recording.objects.values().get() == before
    begun.record(16)
    after = (spells("v-job"), spells("v-db"))
    assert after == ([(5, 5, 10, "stopped"), (15, None, None, "")], [(0, 0, 10, "failed cut")])
    Recording.objects.update(**before)  # as if its place in the stream had been lost
    begun.record(17)
    assert (spells("v-job"), spells("v-db")) == after


def _dies(*_, **__):
    raise DatabaseError("the worker died")


def test_a_stream_that_no_longer_reaches_back_is_made_up_for_by_comparing(begun, monkeypatch):
    begun.hot(5, replace(JOB, phase="running"))
    begun.record(6)
    monkeypatch.setattr(stored_rows, "CHANGES_KEPT", 1)
    begun.full(60, JOB, replace(DB, name="Postgres"), gone=[(Kind.SERVICE, "v-db")])
    begun.store._redis.xtrim("ona:test:changes", maxlen=1, approximate=False)
    begun.record(61)
    assert spells("v-job") == [(5, 5, 61, "stopped")]
    assert spells("v-db") == [(0, 0, 61, "gone cut")]


def test_time_in_which_nobody_looked_is_made_up_for_by_nothing(begun):
    begun.hot(5, replace(JOB, phase="running"))
    begun.record(6)
    begun.full(4000, replace(DB, phase="failed"), replace(BROKEN, phase="running", failure=""))
    begun.hot(4010, replace(JOB, phase="failed"))
    begun.hot(4015, replace(JOB, phase="starting"))
    begun.record(4016)
    assert spells("v-db") == [(0, 0, 5, "unseen cut"), (4000, None, 4000, "failed cut")]
    assert spells("v-bad")[1:] == [(4000, 4000, None, " cut")]
    # of the same service the second change was seen five seconds after the first
    assert spells("v-job") == [(5, 5, 5, "unseen"), (4010, None, 4010, "failed cut"), (4015, None, None, "")]


def test_a_record_of_the_version_before_gets_the_services_that_are_there(begun):
    ServiceSpell.objects.all().delete()
    Recording.objects.update(services_since=None)
    begun.hot(5, replace(JOB, phase="running"))
    begun.record(6)
    assert spells("v-db") == [(6, 6, None, " cut")]
    assert spells("v-job") == [(6, 6, None, " cut")]
    assert Recording.objects.get().services_since == T + 6
    begun.hot(10, JOB)
    begun.record(11)
    assert spells("v-job") == [(6, 6, 10, "stopped cut")]


def test_a_clock_that_was_set_back_holds_nothing_up(begun):
    begun.hot(10, replace(JOB, phase="running"))
    begun.record(11)
    begun.full(20 - 3600, replace(JOB, phase="failed"), WEB, API)
    begun.hot(25 - 3600, replace(JOB, phase="starting"))
    begun.record(26 - 3600)
    assert [end for *_, end, _ in spells("v-job")] == [None]
    begun.hot(30 - 3600, JOB)
    begun.record(31 - 3600)
    assert spells("v-job")[-1][-1] == "stopped"


def test_texts_that_a_database_does_not_take_are_cut_and_ids_left_out(begun):
    odd = "a\0b" * 200
    more = {"environment_id": odd, "name": odd, "phase": "running"}
    begun.full(5, Service("v-odd", **more), Service("v-\0", **more), Service("v" * 129, **more))
    begun.record(6)
    row = ServiceSpell.objects.exclude(service_id__in=["v-db", "v-bad"]).get()
    assert (row.service_id, row.name, len(row.environment_id)) == ("v-odd", ("ab" * 200)[:200], 128)


def test_old_spells_are_deleted_and_those_that_go_on_stay(begun, settings):
    settings.HISTORY_DAYS = 30
    begun.hot(5, replace(JOB, phase="running"))
    begun.hot(10, JOB)
    begun.record(11)
    assert history.prune(T + 29 * 86_400) == 0
    history.prune(T + 31 * 86_400)
    assert [row.service_id for row in ServiceSpell.objects.all()] == ["v-db"]
    history.forget()
    assert not ServiceSpell.objects.exists()


def test_many_services_at_once_ask_the_database_little(begun, django_assert_max_num_queries):
    many = [replace(JOB, id=f"v-{number}", phase="starting") for number in range(600)]
    begun.hot(5, *many)
    with django_assert_max_num_queries(12):  # two questions and two writes of at most 500 rows
        begun.record(6)
    begun.hot(10, *(replace(row, phase="failed") for row in many))
    with django_assert_max_num_queries(12):
        begun.record(11)
    assert ServiceSpell.objects.filter(outcome="failed", end=T + 10).count() == 600
