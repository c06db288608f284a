"""This process's copy of the fleet follows the store, and outlives it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.fleet.entities import Environment, Execution, Kind, Person, Service, Task
from dashboard.fleet.newer import newer
from dashboard.fleet.snapshot import CHECK_SECONDS, FORGOTTEN, Fleet, Snapshot, load
from dashboard.fleet.store import Observation, Store, Sweep, connect
from tests.conftest import Clock, until
from tests.fleet.valkey import own_valkey


def write(store, *rows, gone=()):
    return store.write([Observation(row, 100.0) for row in rows], newer=newer, gone=gone)


def service(number, phase="running"):
    return Service(f"s-{number}", "e-1", phase=phase)


@pytest.fixture
def ticks():
    return Clock(0.0)


@pytest.fixture
def snapshot(store, ticks):
    return Snapshot(store, ticks)


def later(snapshot, ticks):
    """The fleet after the next check."""
    ticks.pass_(CHECK_SECONDS)
    return snapshot.now().fleet


def test_an_empty_store_is_an_empty_fleet(snapshot):
    moment = snapshot.now()
    assert (moment.fleet.version, dict(moment.fleet.environments), moment.trouble) == (0, {}, "")


def test_the_first_look_loads_everything(store, snapshot):
    write(store, service(1), Environment("e-1"))
    write(store, service(1, "stopped"))
    fleet = snapshot.now().fleet
    assert (fleet.epoch, fleet.version) == store.position()
    assert fleet.services["s-1"].phase == "stopped"
    assert (fleet.version_of(Kind.SERVICE, "s-1"), fleet.version_of(Kind.ENVIRONMENT, "e-1")) == (2, 1)
    assert fleet.version_of(Kind.SERVICE, "nobody") == 0


def test_redis_is_asked_at_most_every_quarter_second(store, snapshot, ticks):
    snapshot.now()
    write(store, service(1))
    ticks.pass_(CHECK_SECONDS - 0.01)
    assert not snapshot.now().fleet.services
    ticks.pass_(0.01)
    assert snapshot.now().fleet.services


def test_changes_are_taken_from_the_stream(store, valkey, snapshot, ticks):
    write(store, service(1), service(2))
    snapshot.now()
    write(store, service(1, "stopped"), service(3), gone=[(Kind.SERVICE, "s-2")])
    valkey.delete("ona:test:rows:service")  # only the stream can tell now
    fleet = later(snapshot, ticks)
    assert {row.id: row.phase for row in fleet.services.values()} == {"s-1": "stopped", "s-3": "running"}
    assert fleet.version == store.position()[1]
    assert fleet.version_of(Kind.SERVICE, "s-1") == 2
    assert fleet.version_of(Kind.SERVICE, "s-2") == 0


def test_a_copy_that_fell_behind_the_stream_loads_everything(store, valkey, snapshot, ticks):
    write(store, service(1))
    snapshot.now()
    write(store, service(2))
    write(store, service(3), service(4))
    valkey.xtrim("ona:test:changes", maxlen=1, approximate=False)
    assert set(later(snapshot, ticks).services) == {"s-1", "s-2", "s-3", "s-4"}


def test_a_stream_cut_within_one_version_makes_the_copy_load_everything(store, valkey, snapshot, ticks):
    write(store, service(1))
    snapshot.now()
    write(store, service(2), service(3), service(4))
    valkey.xtrim("ona:test:changes", maxlen=1, approximate=False)
    assert set(later(snapshot, ticks).services) == {"s-1", "s-2", "s-3", "s-4"}


def test_a_store_that_lost_its_memory_leaves_the_old_fleet_until_a_full_sweep(store, valkey, snapshot, ticks):
    write(store, service(1), service(2))
    store.record(Sweep("full", 100.0))
    snapshot.now()
    valkey.flushall()
    assert set(later(snapshot, ticks).services) == {"s-1", "s-2"}
    write(store, service(2, "stopped"), service(3))
    store.record(Sweep("hot", 200.0))
    assert set(later(snapshot, ticks).services) == {"s-1", "s-2"}
    moment = snapshot.now()
    assert moment.trouble == FORGOTTEN
    assert moment.sweeps["full:ok"].started == 100.0
    store.record(Sweep("full", 300.0))
    fleet = later(snapshot, ticks)
    assert {row.id: row.phase for row in fleet.services.values()} == {"s-2": "stopped", "s-3": "running"}
    assert (fleet.epoch, fleet.version) == store.position()
    assert snapshot.now().trouble == ""


def test_a_new_epoch_is_noticed_even_at_the_same_version(store, valkey, snapshot, ticks):
    write(store, service(1))
    snapshot.now()
    valkey.flushall()
    write(store, service(2))
    store.record(Sweep("full", 300.0))
    assert set(later(snapshot, ticks).services) == {"s-2"}


def test_a_new_epoch_that_has_gone_further_is_not_taken_for_the_old_one(store, valkey, snapshot, ticks):
    write(store, service(1), service(2))
    snapshot.now()
    valkey.flushall()
    for number in (3, 4, 5):
        write(store, service(number))
    store.record(Sweep("full", 300.0))
    assert set(later(snapshot, ticks).services) == {"s-3", "s-4", "s-5"}


def test_a_store_restored_to_an_older_version_is_loaded_again(store, valkey, snapshot, ticks):
    write(store, service(1))
    old = {key: valkey.dump(key) for key in valkey.keys("*")}
    write(store, service(2))
    assert set(snapshot.now().fleet.services) == {"s-1", "s-2"}
    valkey.flushall()
    for key, dump in old.items():
        valkey.restore(key, 0, dump)
    assert set(later(snapshot, ticks).services) == {"s-1"}


def test_sweeps_come_with_the_moment(store, snapshot, ticks):
    assert snapshot.now().sweeps == {}
    store.record(Sweep("hot", 5.0))
    later(snapshot, ticks)
    assert snapshot.now().sweeps["hot:ok"].started == 5.0


def test_an_older_fleet_never_changes(store, snapshot, ticks):
    write(store, service(1), Environment("e-1", "before"))
    old = snapshot.now().fleet
    assert [row.id for row in old.inside(Kind.SERVICE, "e-1")] == ["s-1"]
    write(store, service(1, "stopped"), service(2), gone=[(Kind.ENVIRONMENT, "e-1")])
    new = later(snapshot, ticks)
    assert old.services == {"s-1": service(1)}
    assert old.environments["e-1"].name == "before"
    assert [row.id for row in old.inside(Kind.SERVICE, "e-1")] == ["s-1"]
    assert {row.id for row in new.inside(Kind.SERVICE, "e-1")} == {"s-1", "s-2"}
    assert not new.environments
    assert old.version_of(Kind.SERVICE, "s-1") == 1


def test_the_last_fleet_outlives_a_dead_redis_and_says_why(ticks):
    with own_valkey() as server:
        store = Store(connect(server.url), "test")
        write(store, service(1))
        snapshot = Snapshot(store, ticks)
        alive = snapshot.now()
        assert alive.trouble == ""
        server.kill()
        ticks.pass_(CHECK_SECONDS)
        dead = snapshot.now()
        assert dead.fleet is alive.fleet
        assert dead.trouble == "Redis does not answer (ConnectionError)."
        server.start()
        write(store, service(2))
        store.record(Sweep("full", 300.0))
        ticks.pass_(CHECK_SECONDS)
        again = snapshot.now()
        assert again.trouble == ""
        assert set(again.fleet.services) == {"s-2"}


def test_a_redis_that_came_back_from_an_older_dump_is_read_again(ticks):
    with own_valkey() as server:
        store = Store(connect(server.url), "test")
        write(store, service(1), service(2))
        store.record(Sweep("full", 1.0))
        store._redis.save()
        snapshot = Snapshot(store, ticks)
        write(store, service(1, "stopping"))
        write(store, service(1, "stopped"))
        assert later(snapshot, ticks).services["s-1"].phase == "stopped"
        server.kill()
        server.start()
        for phase in ("starting", "failed"):  # the same numbers again, for other changes
            write(store, service(2, phase))
        write(store, service(3))
        fleet = later(snapshot, ticks)
        assert {row.id: row.phase for row in fleet.services.values()} == {
            "s-1": "running",
            "s-2": "failed",
            "s-3": "running",
        }


def test_a_redis_that_was_never_there_gives_an_empty_fleet_and_a_reason(tmp_path, ticks):
    snapshot = Snapshot(Store(connect(f"unix://{tmp_path}/nobody.sock"), "test"), ticks)
    assert snapshot.now().trouble == "Redis does not answer (ConnectionError)."
    assert not snapshot.now().fleet.environments


def test_one_thread_asks_while_the_others_go_on_with_what_is_there(ticks):
    """The server is stopped (not dead), so that whoever asks it waits."""
    with own_valkey() as server:
        store = Store(connect(server.url), "test")
        write(store, service(1))
        snapshot = Snapshot(store, ticks)
        first = snapshot.now()
        write(store, service(2))
        ticks.pass_(CHECK_SECONDS)
        server.pause()
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(snapshot.now)
            until(snapshot._lock.locked)
            started = time.monotonic()
            assert all(snapshot.now() is first for _ in range(50))
            assert time.monotonic() - started < 0.5
            assert not asking.done()
            server.go_on()
            assert set(asking.result().fleet.services) == {"s-1", "s-2"}


def test_threads_that_come_first_together_all_wait_for_the_fleet(store, snapshot):
    write(store, service(1))
    barrier = threading.Barrier(6)

    def look(_):
        barrier.wait()
        return set(snapshot.now().fleet.services)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(look, range(6))) == [{"s-1"}] * 6


def test_runs_of_a_task_come_newest_first():
    runs = [Execution(f"x-{at}", "t-1", created=at) for at in (2.0, 9.0, None, 4.0)]
    fleet = Fleet(rows={Kind.EXECUTION: {run.id: run for run in runs}})
    assert [run.id for run in fleet.runs_of("t-1")] == ["x-9.0", "x-4.0", "x-2.0", "x-None"]
    assert fleet.runs_of("t-2") == []


@pytest.mark.parametrize(
    ("emails", "asked", "person"),
    [
        (["Ada@Example.com"], "ada@example.com", "p-0"),
        ([" ada@example.com "], "ada@example.com", "p-0"),
        (["ada@example.com", "ADA@example.com"], "ada@example.com", ""),
        (["ada@example.com"] * 3, "ada@example.com", ""),
        (["", ""], "", None),
    ],
)
def test_an_address_that_two_people_share_names_nobody(emails, asked, person):
    people = {f"p-{n}": Person(f"p-{n}", email=email) for n, email in enumerate(emails)}
    assert Fleet(rows={Kind.PERSON: people}).person_by_email.get(asked) == person


@pytest.mark.parametrize(
    ("identifier", "kind", "name"),
    [
        ("p-1", "", "Ada"),
        ("p-2", "", "bob@example.com"),
        ("0197-unknown-12345678", "user", "user 12345678"),
        ("0197-unknown-12345678", "service_account", "service account 12345678"),
        ("0197-unknown-12345678", "", "user 12345678"),
        ("", "", "nobody"),
    ],
)
def test_people_without_a_name_are_shown_by_their_short_id(identifier, kind, name):
    people = {"p-1": Person("p-1", "Ada"), "p-2": Person("p-2", "", "bob@example.com")}
    assert Fleet(rows={Kind.PERSON: people}).person(identifier, kind) == name


IDS = st.sampled_from(["1", "2", "3"])
PHASES = st.sampled_from(["running", "stopped", "failed"])
SOME_ROWS = st.lists(
    st.builds(Service, IDS, phase=PHASES) | st.builds(Environment, IDS, phase=PHASES) | st.builds(Task, IDS),
    max_size=4,
)
GONE = st.lists(st.tuples(st.sampled_from([Kind.SERVICE, Kind.ENVIRONMENT, Kind.TASK]), IDS), max_size=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(SOME_ROWS, GONE, st.booleans()), max_size=6))
def test_applying_the_stream_is_the_same_as_loading_everything(valkey, store, history):
    valkey.flushall()
    ticks = Clock(0.0)
    snapshot = Snapshot(store, ticks)
    write(store, Service("0"))
    snapshot.now()
    for rows, gone, look in history:
        write(store, *rows, gone=gone)
        if look:
            later(snapshot, ticks)
    followed, loaded = later(snapshot, ticks), load(store)
    assert (followed.epoch, followed.version) == (loaded.epoch, loaded.version)
    for kind in Kind:
        assert dict(followed.of(kind)) == dict(loaded.of(kind))
        assert followed.table(kind).versions() == loaded.table(kind).versions()
