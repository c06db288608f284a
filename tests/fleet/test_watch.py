"""Events make reading early: over the simulator's wire, with a real Valkey and real streams."""

import threading
import time
from contextlib import contextmanager

import pytest

from dashboard.fleet import watch
from dashboard.fleet.entities import Kind
from dashboard.fleet.watch import Pending, Watcher
from dashboard.simulator import enums, environments
from tests.conftest import until
from tests.fleet.sweeps import first, phases, stored
from tests.unruly import refusing

METHOD = "WatchEvents"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "FIRST_DELAY", 0.1)
    monkeypatch.setattr(watch, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("random.random", lambda: 0.0)


class Heard(list):
    """What was read early; `swept` counts how often all that moves was read."""

    swept = 0


@contextmanager
def watching(simulated):
    heard, stop, sync = Heard(), threading.Event(), simulated.sync()

    def early(identifiers):
        heard.extend(identifiers)
        sync.early(identifiers)

    def moving():
        heard.swept += 1

    watcher = Watcher(simulated.ona, simulated.store, early, moving, stop)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        yield heard
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def state(simulated):
    found = simulated.store.watch_state()
    return found.state if found else ""


def stop_one(simulated):
    target = first(simulated.world, enums.RUNNING)
    simulated.ona.environments.stop(target.id)
    simulated.clock.pass_(1.5)
    return target


def test_a_change_is_read_as_soon_as_its_event_comes(simulated):
    simulated.sync().full()
    with watching(simulated) as heard:
        until(lambda: heard.swept == 1)
        target = stop_one(simulated)
        until(lambda: (simulated.ona.environments.get(target.id), target.id in heard)[1])
        until(lambda: phases(simulated, Kind.ENVIRONMENT)[target.id] == "stopping")
        inside = {one.id for one in target.services}
        until(lambda: "running" not in {phases(simulated, Kind.SERVICE)[one] for one in inside})
    assert state(simulated) == "listening"


def test_after_a_connection_that_broke_it_connects_again_and_reads_what_moves(simulated):
    simulated.sync().full()
    simulated.wire.on(METHOD, refusing(503, "unavailable", "later"))
    with watching(simulated) as heard:
        until(lambda: state(simulated) == "waiting")
        assert heard.swept == 0
        assert simulated.store.watch_state().reason == "WatchEvents: later (unavailable)"
        simulated.wire.meddlers.clear()
        until(lambda: heard.swept == 1)
        assert state(simulated) == "listening"


def test_a_key_that_may_not_listen_turns_it_off_and_says_so(simulated):
    simulated.wire.on(METHOD, refusing(403, "permission_denied", "not yours"))
    with watching(simulated) as heard:
        until(lambda: state(simulated) == "refused")
        time.sleep(0.5)
        assert simulated.wire.asked.count(METHOD) == 1
        assert heard.swept == 0
    assert "not yours" in simulated.store.watch_state().reason


def test_only_one_of_many_listens_and_another_takes_over(simulated, monkeypatch):
    monkeypatch.setattr(watch, "RENEW_SECONDS", 0.2)
    with watching(simulated) as one:
        until(lambda: one.swept == 1)
        with watching(simulated) as other:
            time.sleep(0.5)
            assert other.swept == 0
            assert simulated.wire.asked.count(METHOD) == 1
    with watching(simulated) as another:
        until(lambda: another.swept == 1)


def test_a_lease_that_is_lost_ends_listening(simulated, valkey, monkeypatch):
    monkeypatch.setattr(watch, "RENEW_SECONDS", 0.2)
    with watching(simulated) as heard:
        until(lambda: heard.swept == 1)
        valkey.set("ona:test:lock:watch", "somebody else")
        time.sleep(1)
        assert heard.swept == 1


def test_what_is_deleted_is_gone_at_its_event(simulated):
    simulated.sync().full()
    with watching(simulated) as heard:
        until(lambda: heard.swept == 1)
        target = first(simulated.world, enums.STOPPED)
        simulated.ona.environments.delete(target.id)
        simulated.clock.pass_(3)
        simulated.ona.environments.get(target.id)  # the world moves when it is asked
        until(lambda: _is_gone(simulated, target.id))


def _is_gone(simulated, identifier):
    row = stored(simulated, Kind.ENVIRONMENT).get(identifier)
    return row is None or row.phase in {"deleting", "deleted"}


def test_events_that_come_together_are_read_once_and_each_resource_once_a_while():
    pending = Pending()
    for identifier in ("a", "b", "a"):
        pending.add(identifier)
    assert pending.due(0.0) == ["a", "b"]
    pending.add("a")
    pending.add("c")
    assert pending.due(watch.AGAIN_SECONDS / 2) == ["c"]
    assert pending.due(watch.AGAIN_SECONDS * 1.1) == ["a"]


def test_a_change_without_a_new_phase_is_read_early_too(simulated):
    simulated.sync().full()
    with watching(simulated) as heard:
        until(lambda: heard.swept == 1)
        target = first(simulated.world, enums.RUNNING)
        for name in ("one", "another"):
            with simulated.world.present():
                target.name = name
                environments.changed(simulated.world, target, spec=True)
            until(lambda name=name: stored(simulated, Kind.ENVIRONMENT)[target.id].name == name)


def test_what_goes_wrong_with_one_reading_does_not_end_listening(simulated, monkeypatch):
    simulated.sync().full()
    monkeypatch.setattr(Pending, "due", raising_once(Pending.due))
    with watching(simulated) as heard:
        until(lambda: heard.swept == 1)
        target = stop_one(simulated)
        simulated.ona.environments.get(target.id)
        until(lambda: target.id in heard)


def raising_once(method):
    calls = []

    def raises(*arguments):
        calls.append(None)
        if len(calls) == 1:
            raise ValueError("nobody thought of this")
        return method(*arguments)

    return raises
