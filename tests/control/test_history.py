"""What the sweeps wrote is followed into the database: once each, whatever dies in between."""

from dataclasses import replace

import pytest
from django.db import DatabaseError

from dashboard.control.models import RecordedEnvironment, RecordedName, Recording, Stretch
from dashboard.control.record import history
from dashboard.fleet.entities import Environment, EnvironmentClass, Execution, Kind, Person, Project
from dashboard.fleet.newer import newer
from dashboard.fleet.store import Observation, Store, Sweep
from dashboard.fleet.store import rows as stored_rows

T = 1_790_000_000.0
WEB = Environment(
    "e-web", "web", "running", project_id="p-1", creator_id="u-1", class_id="c-1", started=T - 500
)
API = Environment("e-api", "api", "stopped")
BUILD = Execution("x-1", "t-1", "e-web", "Build", "running", created=T + 1)


class Sweeps:
    """Writes as sweeps do, at moments that the test chooses; `at` counts from T."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.status = 0

    def full(self, at, *rows, gone=()):
        self._write(at, rows, gone)
        self.store.record(Sweep("full", T + at))

    def hot(self, at, *rows, gone=()):
        self._write(at, rows, gone)
        self.store.record(Sweep("hot", T + at))

    def _write(self, at, rows, gone):
        self.status += 1
        rows = [
            replace(row, status_version=self.status) if isinstance(row, Environment) else row for row in rows
        ]
        self.store.write([Observation(row, T + at) for row in rows], newer=newer, gone=gone)

    def record(self, at, **more):
        return history.record(self.store, T + at, **more)


@pytest.fixture
def sweeps(store, db):
    return Sweeps(store)


@pytest.fixture
def begun(sweeps):
    """The record of WEB, which runs, and API, which is stopped."""
    sweeps.full(0, WEB, API)
    assert sweeps.record(0) == 2
    return sweeps


def told(what="phase", key="e-web"):
    """(word, start, end) of what has ended, in seconds since T."""
    rows = Stretch.objects.filter(what=what, environment_id=key).order_by("start", "end")
    return [(row.word, row.start - T, row.end - T) for row in rows]


def now_in(key="e-web"):
    row = RecordedEnvironment.objects.get(id=key)
    return (row.phase, row.phase_since - T)


def until():
    return Recording.objects.get().until - T


def test_the_record_begins_with_the_first_full_sweep(sweeps):
    assert sweeps.record(0) == 0
    sweeps.hot(1, WEB)
    assert sweeps.record(1) == 0
    sweeps.full(2, WEB, API)
    assert sweeps.record(3) == 2
    assert (Recording.objects.get().since - T, until()) == (3, 3)
    assert (now_in(), now_in("e-api")) == (("running", 3), ("stopped", 3))
    web = RecordedEnvironment.objects.get(id="e-web")
    assert (web.name, web.project_id, web.creator_id, web.class_id) == ("web", "p-1", "u-1", "c-1")


def test_changes_are_followed_with_the_moments_of_their_requests(begun):
    begun.hot(5, replace(WEB, phase="stopping"))
    begun.hot(10, replace(WEB, phase="stopped"))
    begun.hot(15, replace(WEB, phase="starting", started=T + 13))
    assert begun.record(16) == 3
    assert told() == [("running", 0, 5), ("stopping", 5, 10), ("stopped", 10, 13)]
    assert (now_in(), until()) == (("starting", 13), 15)
    assert told("start") == [("", -500, -500), ("", 13, 13)]


def test_nothing_new_only_moves_the_end_of_the_record(begun):
    begun.hot(5)
    assert begun.record(6) == 0
    assert (until(), told(), now_in()) == (5, [], ("running", 0))


HOUR = 3600


@pytest.mark.parametrize("forgotten", [False, True], ids=["the stream goes on", "the store has begun anew"])
def test_a_clock_that_was_set_back_by_an_hour_doubles_nothing_and_holds_nothing_up(begun, valkey, forgotten):
    begun.hot(10, replace(WEB, phase="stopping"))
    begun.record(11)
    if forgotten:
        valkey.flushall()
    begun.full(20 - HOUR, replace(WEB, phase="stopped"), API)
    begun.record(21 - HOUR)
    assert now_in()[0] == "stopped"
    begun.hot(30 - HOUR, replace(WEB, phase="starting"))
    begun.record(31 - HOUR)
    assert now_in()[0] == "starting"
    assert (told(), until()) == ([("running", 0, 10)], 10)  # the hour is recorded once
    begun.hot(20, replace(WEB, phase="running"))
    begun.record(21)  # it has caught up
    assert (now_in()[0], until()) == ("running", 20)
    assert told() == [("running", 0, 10), ("starting", 10, 20)]


def test_a_failed_sweep_does_not_move_it(begun):
    begun.store.record(Sweep("hot", T + 50, error="no answer"))
    begun.record(51)
    assert until() == 0


def test_signals_and_executions_are_recorded(begun):
    begun.hot(5, replace(WEB, signal_source="SSH", signal_at=T + 4), BUILD)
    begun.record(6)
    assert RecordedEnvironment.objects.get(id="e-web").runs == {"x-1": ["Build", T + 1]}
    begun.hot(
        1200,
        replace(WEB, signal_source="SSH", signal_at=T + 1100),
        replace(BUILD, phase="failed", completed=T + 9),
    )
    begun.record(1201)
    assert (told("signal"), told("run")) == ([("SSH", 4, 4)], [("Build", 1, 9)])
    assert RecordedEnvironment.objects.get(id="e-web").runs == {}


def test_an_execution_that_began_and_ended_between_two_looks_is_recorded_once(begun):
    begun.full(60, replace(BUILD, phase="succeeded", completed=T + 3))
    begun.record(61)
    begun.full(120, replace(BUILD, phase="succeeded", completed=T + 3, name="Build all"))
    begun.record(121)
    assert told("run") == [("Build", 1, 3)]


def test_what_is_gone_ends_and_what_comes_back_begins_again(begun):
    begun.hot(5, BUILD)
    begun.full(60, gone=[(Kind.EXECUTION, "x-1"), (Kind.ENVIRONMENT, "e-web")])
    begun.record(61)
    assert (told(), told("run")) == ([("running", 0, 61)], [("Build", 1, 61)])
    assert RecordedEnvironment.objects.get(id="e-web").gone == T + 61
    begun.full(120, WEB)
    begun.record(121)
    assert (now_in(), RecordedEnvironment.objects.get(id="e-web").gone) == (("running", 120), None)
    assert RecordedEnvironment.objects.get(id="e-web").first_seen == T


def test_a_worker_that_dies_while_it_records_loses_and_repeats_nothing(begun, monkeypatch):
    begun.hot(5, replace(WEB, phase="stopping"))
    with monkeypatch.context() as dying:
        dying.setattr(Stretch.objects, "bulk_create", _dies)
        with pytest.raises(DatabaseError):
            begun.record(6)
    assert (told(), now_in(), until()) == ([], ("running", 0), 0)
    begun.hot(10, replace(WEB, phase="stopped"))
    begun.record(11)
    begun.record(12)
    assert told() == [("running", 0, 5), ("stopping", 5, 10)]


def _dies(*_, **__):
    raise DatabaseError("the worker died")


def test_the_same_changes_followed_twice_are_recorded_once(begun):
    before = Recording.objects.values().get()
    begun.hot(
        5, replace(WEB, phase="stopping", signal_at=T + 4), replace(BUILD, phase="failed", completed=T + 9)
    )
    begun.record(6)
    after = (told(), told("run"), now_in())
    Recording.objects.update(**before)  # as if its place in the stream had been lost
    begun.record(7)
    assert (told(), told("run"), now_in()) == after


def test_two_workers_at_once_record_once(begun, monkeypatch):
    begun.hot(5, replace(WEB, phase="stopping"))
    follow = history._follow

    def overtaken(*arguments):
        monkeypatch.setattr(history, "_follow", follow)
        assert begun.record(6) == 1
        return follow(*arguments)

    monkeypatch.setattr(history, "_follow", overtaken)
    assert begun.record(6) == 0
    assert told() == [("running", 0, 5)]


def test_a_stream_that_no_longer_reaches_back_is_made_up_for_by_comparing(begun, monkeypatch):
    monkeypatch.setattr(stored_rows, "CHANGES_KEPT", 1)
    begun.hot(5, replace(WEB, phase="stopping"))
    begun.hot(10, replace(WEB, phase="stopped"))
    begun.store._redis.xtrim("ona:test:changes", maxlen=1, approximate=False)
    assert begun.record(11) == 0  # what is missing may not have been read yet
    begun.full(60, API, gone=[(Kind.ENVIRONMENT, "e-api")])
    begun.store._redis.xtrim("ona:test:changes", maxlen=1, approximate=False)
    assert begun.record(61) == 2
    assert told() == [("running", 0, 61)]
    assert RecordedEnvironment.objects.get(id="e-api").gone == T + 61
    begun.hot(65, replace(WEB, phase="starting", started=T + 64))
    begun.record(66)
    assert now_in() == ("starting", 64)


def test_a_redis_that_lost_everything_is_waited_for(begun, valkey):
    valkey.flushall()
    begun.hot(30, WEB)
    assert begun.record(31) == 0
    assert RecordedEnvironment.objects.get(id="e-api").gone is None
    begun.full(60, replace(WEB, phase="stopped"), BUILD, API)
    begun.record(61)
    assert (told(), now_in(), now_in("e-api")) == ([("running", 0, 61)], ("stopped", 61), ("stopped", 0))


def test_time_in_which_nobody_looked_is_a_gap_and_what_changed_in_it_a_hole(begun):
    begun.hot(5)
    begun.record(6)
    begun.full(4000, replace(WEB, phase="stopped"), API)
    begun.record(4001)
    assert told("gap", "") == [("", 5, 4000)]
    assert (told(), now_in()) == ([("running", 0, 5)], ("stopped", 4000))
    assert now_in("e-api") == ("stopped", 0)  # not started since, so stopped all the time


def test_a_simulated_record_gives_way_to_a_real_one_and_never_the_other_way_round(sweeps):
    sweeps.full(0, WEB)
    assert sweeps.record(0, simulated=True) == 1
    assert sweeps.record(1, simulated=False) == 1
    assert Recording.objects.get().since == T + 1
    assert sweeps.record(2, simulated=True) == 0
    assert not Recording.objects.get().simulated


def test_another_simulated_fleet_begins_another_record(sweeps, valkey):
    sweeps.full(0, WEB, API)
    sweeps.record(0, simulated=True)
    valkey.flushall()
    other = replace(WEB, id="e-other", name="other")
    sweeps.full(60, other)
    sweeps.record(61, simulated=True)
    assert [row.id for row in RecordedEnvironment.objects.all()] == ["e-other"]
    assert Recording.objects.get().since == T + 61
    valkey.flushall()
    sweeps.full(120, other, API)  # the same one again
    sweeps.record(121, simulated=True)
    assert Recording.objects.get().since == T + 61


def test_a_real_fleet_that_is_replaced_as_a_whole_keeps_its_record(begun, valkey):
    valkey.flushall()
    begun.full(60, replace(WEB, id="e-other"))
    begun.record(61)
    assert (Recording.objects.get().since, RecordedEnvironment.objects.count()) == (T, 3)


def test_texts_that_a_database_does_not_take_are_cut_and_ids_left_out(begun):
    odd = "a\0b" * 200
    begun.full(
        5,
        Environment("e-odd", odd, odd[:128], project_id=odd, creator_id=odd, class_id=odd, role=odd),
        Environment("e-\0", "nul", "running"),
        Environment("e" * 129, "long", "running"),
        replace(BUILD, id="x" * 129),
        replace(BUILD, name=odd),
        replace(BUILD, id="x-3", environment_id="e" * 129),
    )
    begun.record(6)
    rows = {row.id: row for row in RecordedEnvironment.objects.all()}
    assert set(rows) == {"e-web", "e-api", "e-odd"}
    assert (rows["e-odd"].name, len(rows["e-odd"].project_id)) == (("ab" * 200)[:200], 128)
    assert rows["e-web"].runs == {"x-1": [("ab" * 200)[:200], T + 1]}
    again = Environment("e-odd", odd, odd[:128], branch="main", signal_source=odd, signal_at=T + 6)
    begun.hot(7, again)
    begun.record(8)
    stopped = replace(again, phase="stopped", signal_at=T + 9)
    begun.hot(10, stopped, replace(BUILD, name=odd, phase="failed"))
    begun.record(11)
    assert [(start, end) for _, start, end in told(key="e-odd")] == [(5, 10)]
    odd_row = RecordedEnvironment.objects.get(id="e-odd")
    assert (odd_row.signal_first - T, odd_row.signal_last - T) == (6, 9)
    assert told("run") == [(("ab" * 200)[:200], 1, 10)]


def test_names_are_remembered_when_what_they_name_is_gone(sweeps):
    sweeps.full(0, Person("u-1", "Ada"), Person("u-2", "", "oda@example.com"), Project("p-1", "Web"))
    sweeps.full(1, EnvironmentClass("c-1", "Large\0"), Person("u" * 200, "long"), Project("p-2", ""))
    assert history.remember_names(sweeps.store) == 4
    assert history.remember_names(sweeps.store) == 0
    sweeps.full(2, Person("u-1", "Ada Lovelace"), gone=[(Kind.PROJECT, "p-1")])
    assert history.remember_names(sweeps.store) == 1
    assert {(row.kind, row.key): row.name for row in RecordedName.objects.all()} == {
        ("person", "u-1"): "Ada Lovelace",
        ("person", "u-2"): "oda@example.com",
        ("project", "p-1"): "Web",
        ("class", "c-1"): "Large",
    }


def test_old_history_is_deleted_and_the_rest_stays(begun, settings):
    begun.hot(5, replace(WEB, phase="stopping"))
    begun.hot(10, replace(WEB, phase="stopped"))
    begun.record(11)
    day = 86_400
    settings.HISTORY_DAYS, settings.HISTORY_TOTALS_DAYS = 30, 60
    assert history.prune(T + 29 * day) == 0
    Stretch.objects.filter(start=T + 5).update(end=T + 25 * day)
    assert history.prune(T + 31 * day) == 2  # the start and the first phase
    assert told() == [("stopping", 5, 25 * day)]
    RecordedEnvironment.objects.filter(id="e-api").update(gone=T)
    assert history.prune(T + 61 * day) == 2
    assert [row.id for row in RecordedEnvironment.objects.all()] == ["e-web"]


def test_a_quiet_run_asks_the_database_little(begun, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        begun.record(1)
    begun.hot(5, replace(WEB, phase="stopping"), replace(API, phase="starting"))
    with django_assert_max_num_queries(8):
        begun.record(6)
