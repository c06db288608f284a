"""A thread keeps the copy of the fleet new, so that no request pays for it."""

import os
import time

import pytest

from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.newer import newer
from dashboard.fleet.snapshot import BY_ENVIRONMENT, Snapshot
from dashboard.fleet.store import Observation, Store, Sweep, connect
from tests.conftest import Clock, until
from tests.fleet.valkey import own_valkey


@pytest.fixture
def following():
    """Makes copies that follow their store until the test ends."""
    made = []

    def follow(store, clock=time.monotonic):
        made.append(Snapshot(store, clock))
        made[-1].follow()
        return made[-1]

    yield follow
    for snapshot in made:
        snapshot.rest()


def write(store, *names):
    store.write([Observation(Service(name, "e-1"), 100.0) for name in names], newer=newer)


def test_two_processes_show_a_change_within_a_second_without_being_asked(store, following):
    write(store, "s-1")
    first, second = following(store), following(store)
    for snapshot in (first, second):
        assert set(snapshot.now().fleet.services) == {"s-1"}
    write(store, "s-2")
    until(lambda: all("s-2" in one._moment.fleet.services for one in (first, second)), seconds=1.0)


def test_a_request_catches_up_itself_when_the_thread_was_asleep_for_an_hour(store, following, monkeypatch):
    clock = Clock(0.0)
    snapshot = following(store, clock)
    monkeypatch.setattr(snapshot, "_keep_up", lambda: time.sleep(60))
    write(store, "s-1")
    assert set(snapshot.now().fleet.services) == {"s-1"}
    write(store, "s-2")
    clock.pass_(0.9)
    assert set(snapshot.now().fleet.services) == {"s-1"}
    clock.pass_(3600)
    assert set(snapshot.now().fleet.services) == {"s-1", "s-2"}


def test_a_reload_brings_the_indexes_that_were_in_use(store, following, valkey):
    snapshot = following(store, Clock(0.0))
    write(store, "s-1")
    assert len(snapshot.now().fleet.inside(Kind.SERVICE, "e-1")) == 1
    write(store, "s-2")
    write(store, "s-3", "s-4")
    valkey.xtrim("ona:test:changes", maxlen=1, approximate=False)
    fleet = snapshot._caught_up(snapshot._moment.fleet, *store.position())
    assert {key for _, _, key in fleet._indexes} == {BY_ENVIRONMENT}
    assert len(fleet.inside(Kind.SERVICE, "e-1")) == 4


def test_a_thread_that_met_a_dead_redis_goes_on_when_it_is_back(following):
    with own_valkey() as server:
        store = Store(connect(server.url), "test")
        write(store, "s-1")
        snapshot = following(store)
        snapshot.now()
        server.kill()
        until(lambda: snapshot.now().trouble)
        assert set(snapshot.now().fleet.services) == {"s-1"}
        server.start()
        store.record(Sweep("full", 300.0))
        until(lambda: not snapshot.now().trouble)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_follows_by_itself(store, following):
    write(store, "s-1")
    snapshot = following(store)
    snapshot.now()
    snapshot._lock.acquire()  # as if the thread were at work in that moment
    child = os.fork()
    if not child:
        write(store, "s-2")
        try:
            until(lambda: "s-2" in snapshot.now().fleet.services, seconds=5.0)
        except AssertionError:
            os._exit(1)
        os._exit(0)
    snapshot._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_a_process_wrote_itself_it_need_not_read_back(store, monkeypatch):
    one, another = (Snapshot(store, time.monotonic) for _ in range(2))
    rows = [Observation(Service(f"s-{number}", "e-1"), 100.0) for number in range(3)]
    store.write(rows[:2], newer=newer, heard=one.wrote)
    with monkeypatch.context() as patched:
        patched.setattr(store, "changes_since", None)
        patched.setattr(store, "rows", None)
        store.write([], newer=newer, gone=[(Kind.SERVICE, "s-0")], heard=one.wrote)
        assert set(one.newest().fleet.services) == {"s-1"}
    for kind in Kind:
        assert one.newest().fleet.of(kind) == another.newest().fleet.of(kind)
    store.write(rows[2:], newer=newer)  # by another process
    store.write(rows[:1], newer=newer, heard=one.wrote)
    assert set(one.newest().fleet.services) == set(another.newest().fleet.services) == {"s-0", "s-1", "s-2"}


def test_what_was_written_to_a_store_that_is_not_the_one_that_was_copied_is_not_taken_up(store, valkey):
    snapshot = Snapshot(store, time.monotonic)
    store.write([Observation(Service("s-1", "e-1"), 100.0)], newer=newer, heard=snapshot.wrote)
    valkey.flushall()
    for name in ("s-2", "s-3"):
        store.write([Observation(Service(name, "e-1"), 100.0)], newer=newer, heard=snapshot.wrote)
    assert set(snapshot.now().fleet.services) <= {"s-1"}
