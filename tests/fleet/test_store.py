"""The fleet in a real Valkey."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.fleet.details import EnvironmentDetail
from dashboard.fleet.entities import Environment, Execution, Kind, Service
from dashboard.fleet.newer import newer
from dashboard.fleet.store import Change, Observation, Store, Sweep, WatchState, connect, namespace
from dashboard.fleet.store import rows as stored_rows
from dashboard.process import this_process

ROWS, VERSION, CHANGES = "ona:test:rows:service", "ona:test:version", "ona:test:changes"


def service(number=1, phase="running"):
    return Service(f"s-{number}", phase=phase)


def seen(*rows, asked=100.0):
    return [Observation(row, asked) for row in rows]


def write(store, *rows, asked=100.0, gone=()):
    return store.write(seen(*rows, asked=asked), newer=newer, gone=gone)


def rows(store, kind=Kind.SERVICE):
    return {row.id: (version, row.phase) for version, row in store.rows(kind)}


def test_an_empty_store_has_no_epoch_and_no_rows(store):
    assert store.position() == ("", 0)
    assert rows(store) == {}
    assert store.row(Kind.SERVICE, "s-1") is None
    assert store.detail(Kind.SERVICE, "s-1") is None
    assert store.sweeps() == {}


def test_what_was_written_is_read_back(store):
    assert write(store, service(1), service(2), Environment("e-1", phase="running")) == 3
    assert store.row(Kind.SERVICE, "s-1") == service(1)
    assert rows(store) == {"s-1": (1, "running"), "s-2": (1, "running")}
    assert store.ids(Kind.ENVIRONMENT) == {"e-1"}


def test_each_write_that_changes_something_raises_the_version_by_one(store):
    write(store, service(1))
    epoch, _ = store.position()
    write(store, service(1, "stopping"))
    write(store, service(2))
    assert store.position() == (epoch, 3)
    assert rows(store) == {"s-1": (2, "stopping"), "s-2": (3, "running")}


def test_an_unchanged_sweep_leaves_version_stream_and_rows_untouched(store, valkey):
    write(store, service(1), service(2), asked=100.0)
    before = valkey.get(VERSION), valkey.xlen(CHANGES), valkey.hgetall(ROWS)
    assert write(store, service(1), service(2), asked=160.0, gone=[(Kind.SERVICE, "s-77")]) == 0
    assert (valkey.get(VERSION), valkey.xlen(CHANGES), valkey.hgetall(ROWS)) == before


def test_only_what_differs_is_written(store):
    write(store, service(1), service(2))
    assert write(store, service(1), service(2, "failed"), asked=160.0) == 1
    assert rows(store) == {"s-1": (1, "running"), "s-2": (2, "failed")}


def test_a_row_that_is_gone_is_removed_and_the_stream_says_so(store):
    write(store, service(1), service(2))
    assert write(store, gone=[(Kind.SERVICE, "s-1"), (Kind.SERVICE, "never-there")]) == 1
    assert rows(store) == {"s-2": (1, "running")}
    assert store.changes_since(1) == [Change(2, Kind.SERVICE, "s-1", None)]


def test_what_was_deleted_and_removed_is_not_brought_back_by_whoever_read_it_before(store):
    deleted = Environment("e-1", phase="deleted")
    write(store, Environment("e-1", phase="deleting"))
    assert write(store, deleted, asked=101.0) == 1  # whoever waits for its end sees it
    write(store, gone=[(Kind.ENVIRONMENT, "e-1")])
    assert write(store, deleted, asked=102.0) == 0
    assert rows(store, Kind.ENVIRONMENT) == {}


def test_a_slow_poll_does_not_overwrite_what_was_read_later(store):
    write(store, service(1, "stopping"), asked=200.0)
    assert write(store, service(1, "running"), asked=199.9995) == 0
    assert store.row(Kind.SERVICE, "s-1") == service(1, "stopping")


def test_the_moment_of_the_request_is_kept_with_every_digit(store):
    asked = 1_790_000_000.1239
    write(store, service(1, "stopping"), asked=asked)
    assert write(store, service(1, "stopped"), asked=asked) == 1


def test_a_row_seen_twice_in_one_sweep_is_written_once_as_it_was_last(store, valkey):
    twice = seen(service(1, "stopped"), asked=101.0) + seen(service(1, "running"), asked=100.0)
    assert store.write(twice, newer=newer) == 1
    assert store.row(Kind.SERVICE, "s-1") == service(1, "stopped")
    assert valkey.xlen(CHANGES) == 1


def test_two_writers_lose_no_update_and_leave_no_gap_between_versions(store, valkey, valkey_url):
    def writer(number):
        own = Store(connect(valkey_url), "test")
        for turn in range(30):
            write(own, service(number * 100 + turn), service(7, f"{number}-{turn}"), asked=float(turn))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(writer, (1, 2)))
    assert store.ids(Kind.SERVICE) == {f"s-{n * 100 + turn}" for n in (1, 2) for turn in range(30)} | {"s-7"}
    versions = [int(entry.partition(b"-")[0]) for entry, _ in valkey.xrange(CHANGES)]
    assert versions == sorted(versions)
    assert set(versions) == set(range(1, store.position()[1] + 1))
    assert len(store.changes_since(0)) == valkey.xlen(CHANGES)


def test_a_large_write_is_cut_into_batches_and_arrives_whole(store):
    many = [service(number) for number in range(stored_rows.BATCH + 5)]
    assert write(store, *many) == len(many)
    assert store.position()[1] == 2
    assert len(store.ids(Kind.SERVICE)) == len(many)
    assert write(store, gone=[(Kind.SERVICE, row.id) for row in many]) == len(many)
    assert store.ids(Kind.SERVICE) == set()


def test_changes_come_oldest_first(store):
    write(store, service(1))
    write(store, service(1, "stopping"), Environment("e-1"), asked=101.0)
    assert store.changes_since(0) == [
        Change(1, Kind.SERVICE, "s-1", service(1)),
        Change(2, Kind.SERVICE, "s-1", service(1, "stopping")),
        Change(2, Kind.ENVIRONMENT, "e-1", Environment("e-1")),
    ]
    assert [change.version for change in store.changes_since(1)] == [2, 2]


def test_a_stream_that_no_longer_reaches_back_gives_none(store, valkey):
    for number in range(3):
        write(store, service(number))
    valkey.xtrim(CHANGES, maxlen=2, approximate=False)
    assert store.changes_since(0) is None
    assert [change.version for change in store.changes_since(1)] == [2, 3]


def test_a_stream_cut_in_the_middle_of_one_version_gives_none(store, valkey):
    write(store, service(0))
    write(store, service(1), service(2), service(3))
    valkey.xtrim(CHANGES, maxlen=2, approximate=False)
    assert store.changes_since(1) is None


def test_no_changes_at_all_give_none(store):
    write(store, service(1))
    assert store.changes_since(1) is None
    assert store.changes_since(40) is None


def test_the_stream_is_capped(store, valkey, monkeypatch):
    monkeypatch.setattr(stored_rows, "CHANGES_KEPT", 1_000)
    for start in range(0, 3_000, 500):
        write(store, *(Execution(f"x-{start + n}") for n in range(500)))
    assert 1_000 <= valkey.xlen(CHANGES) < 1_200
    assert store.changes_since(0) is None


def test_what_another_version_wrote_and_nobody_can_read_is_left_out(store, valkey):
    write(store, service(1))
    valkey.hset(ROWS, "s-2", b'1 100.0\n{"id": 5}')
    assert rows(store) == {"s-1": (1, "running")}
    assert store.row(Kind.SERVICE, "s-2") is None
    assert write(store, service(2)) == 1
    assert store.row(Kind.SERVICE, "s-2") == service(2)


def test_changes_of_a_newer_version_that_cannot_be_read_leave_what_is_known(store, valkey):
    write(store, service(1))
    valkey.xadd(CHANGES, {"kind": "starship", "id": "x", "blob": b"{}"}, id="2-0")
    valkey.xadd(CHANGES, {"kind": "service", "id": "s-1", "blob": b'{"id": 5}'}, id="2-1")
    valkey.set("ona:test:version", 2)
    assert store.changes_since(1) == []
    assert store.changes_since(0) == [Change(1, Kind.SERVICE, "s-1", service(1))]


def test_attention_and_events_of_a_newer_version_are_read_as_far_as_they_are_known(store, valkey):
    store.attend(Kind.SERVICE, "s-1")
    valkey.zadd("ona:test:attention", {"starship:x": time.time()})
    valkey.set("ona:test:watch", '{"state": "listening", "since": 7.0, "invented": true}')
    assert store.attended() == [(Kind.SERVICE, "s-1")]
    assert store.watch_state() == WatchState("listening", 7.0)


def test_a_store_that_lost_its_memory_begins_another_epoch(store, valkey):
    write(store, service(1))
    epoch, _ = store.position()
    valkey.flushall()
    assert store.position() == ("", 0)
    write(store, service(1))
    assert store.position()[0] not in {"", epoch}
    assert store.position()[1] == 1


def test_a_change_says_when_it_was_asked_for(store):
    store.write([Observation(service(1), 7.25)], newer=newer)
    write(store, gone=[(Kind.SERVICE, "s-1")])
    assert [change.asked for change in store.changes_since(0)] == [7.25, 0.0]


def test_a_change_of_another_version_without_its_time_is_read(store, valkey):
    write(store, service(1))
    valkey.xadd("ona:test:changes", {"kind": "service", "id": "s-1", "blob": b""}, id="2-0")
    assert store.changes_since(1)[0].asked == 0.0


def test_two_organisations_never_mix(store, valkey):
    other = Store(valkey, "other")
    write(store, service(1))
    store.record(Sweep("hot", 1.0))
    store.keep_detail(Kind.SERVICE, EnvironmentDetail("s-1"))
    store.attend(Kind.SERVICE, "s-1")
    assert other.position() == ("", 0)
    assert rows(other) == {}
    assert other.sweeps() == {}
    assert other.detail(Kind.ENVIRONMENT, "s-1") is None
    assert other.attended() == []
    with store.single("hot", 9) as mine, other.single("hot", 9) as theirs:
        assert (mine, theirs) == (True, True)


@pytest.mark.parametrize("other", [("http://b", "key-1"), ("http://a", "key-2"), ("http://ak", "ey-1")])
def test_a_namespace_is_a_digest_of_address_and_key(other):
    assert namespace("http://a", "key-1") == namespace("http://a", "key-1")
    assert namespace(*other) != namespace("http://a", "key-1")
    assert "key" not in namespace(*other)


def test_a_sweep_is_kept_beside_its_last_success(store):
    good, bad = Sweep("hot", 1.0, 0.5, requests=3, counts={"task": 2}), Sweep("hot", 6.0, 0.1, "no route")
    store.record(good)
    store.record(bad)
    assert store.sweeps() == {"hot:ok": good, "hot:last": bad}


def test_every_key_expires_once_a_sweep_was_recorded(store, valkey):
    write(store, service(1), Environment("e-1"))
    store.keep_detail(Kind.ENVIRONMENT, EnvironmentDetail("e-1"))
    store.attend(Kind.ENVIRONMENT, "e-1")
    store.record(Sweep("hot", 1.0))
    write(store, service(1, "stopped"))
    with store.single("hot", 9):
        lifetimes = {key: valkey.ttl(key) for key in valkey.keys("*")}
    assert len(lifetimes) == 10
    assert {key: ttl for key, ttl in lifetimes.items() if ttl <= 0} == {}
    assert lifetimes[b"ona:test:rows:service"] > 6 * 24 * 3600


def test_a_detail_lives_an_hour(store, valkey):
    detail = EnvironmentDetail("e-1", read_at=5.0, commit="abc")
    store.keep_detail(Kind.ENVIRONMENT, detail)
    assert store.detail(Kind.ENVIRONMENT, "e-1") == detail
    assert 3500 < valkey.ttl("ona:test:detail:environment:e-1") <= 3600


def test_attention_is_news_once_and_the_latest_comes_first(store):
    assert store.attend(Kind.ENVIRONMENT, "e-1")
    assert store.attend(Kind.SERVICE, "s:1")
    assert not store.attend(Kind.ENVIRONMENT, "e-1")
    assert store.attended() == [(Kind.ENVIRONMENT, "e-1"), (Kind.SERVICE, "s:1")]


def test_attention_lapses_after_a_minute(store, valkey):
    valkey.zadd("ona:test:attention", {"service:old": time.time() - 61, "service:new": time.time() - 50})
    assert store.attended() == [(Kind.SERVICE, "new")]
    assert store.attend(Kind.SERVICE, "old")


def test_single_flight_lets_one_in(store):
    with store.single("full", 9) as first:
        with store.single("full", 9) as second, store.single("hot", 9) as other:
            assert (first, second, other) == (True, False, True)
        with store.single("full", 9) as third:
            assert third is False
    with store.single("full", 9) as again:
        assert again is True


def test_single_flight_lapses_when_its_holder_died(store):
    dead = store.single("full", 0.05)
    assert dead.__enter__() is True
    time.sleep(0.1)
    with store.single("full", 9) as next_one:
        assert next_one is True
        dead.__exit__(None, None, None)  # it was only slow: its end must not free the lock of the next
        with store.single("full", 9) as third:
            assert third is False


def test_single_flight_is_taken_from_who_has_died_or_has_let_go_of_it(store, valkey):
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = this_process().rpartition(":")[0]
    for holder, free in (
        (f"{host}:{ended.pid}/x", True),
        (f"{this_process()}/let-go-of-before-redis-came-back", True),
        ("elsewhere:1/x", False),
    ):
        valkey.set("ona:test:lock:full", holder, ex=100)
        with store.single("full", 9) as alone:
            assert alone is free


def test_what_another_version_recorded_of_a_sweep_is_read_as_far_as_it_is_known(store, valkey):
    valkey.hset("ona:test:sweeps", "full:ok", '{"name": "full", "started": 7.0, "invented": true}')
    assert store.sweeps() == {"full:ok": Sweep("full", 7.0)}


def test_single_flight_is_freed_by_an_error(store):
    with pytest.raises(ZeroDivisionError), store.single("full", 9):
        raise ZeroDivisionError
    with store.single("full", 9) as again:
        assert again is True
