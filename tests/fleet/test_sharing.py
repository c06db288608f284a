"""Rows that say the same hold the same objects, and say what they said."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.codec import decode_row, encode_row
from dashboard.fleet.entities import Environment, Kind, Service, kind_of
from dashboard.fleet.newer import newer
from dashboard.fleet.sharing import as_before, shared
from dashboard.fleet.snapshot import Snapshot, load
from dashboard.fleet.store import Observation
from tests.conftest import Clock
from tests.fleet.test_codec import ROWS


def again(row):
    """An equal row that shares nothing with the first."""
    return decode_row(kind_of(row), encode_row(row))


@given(st.lists(ROWS, max_size=12), st.lists(ROWS, max_size=12))
def test_shared_rows_say_what_they_said(rows, others):
    kept = [row for _, row in shared(((1, again(row)) for row in (*rows, *others)), {})]
    assert kept == [*rows, *others]
    for row, before in zip(rows, others, strict=False):
        assert as_before(again(row), before) == row
        assert repr(as_before(again(row), before)) == repr(row)


def write(store, *rows):
    store.write([Observation(row, 100.0) for row in rows], newer=newer)


def test_an_id_that_many_rows_name_is_held_once(store):
    write(store, Environment("e" * 80), *(Service(f"s-{n}", "e" * 80, triggers=("boot",)) for n in range(5)))
    fleet = load(store)
    services = list(fleet.services.values())
    assert {id(row.environment_id) for row in services} == {id(next(iter(fleet.environments.values())).id)}
    assert len({id(row.triggers) for row in services}) == 1


def test_a_changed_row_goes_on_sharing_what_stayed(store):
    write(store, Service("s-1", "e" * 80, phase="starting", triggers=("boot", "manual")))
    ticks = Clock(0.0)
    snapshot = Snapshot(store, ticks)
    before = snapshot.now().fleet.services["s-1"]
    write(store, Service("s-1", "e" * 80, phase="running", triggers=("boot", "manual")))
    ticks.pass_(1.0)
    after = snapshot.now().fleet.services["s-1"]
    assert (before.phase, after.phase) == ("starting", "running")
    assert after.environment_id is before.environment_id
    assert after.triggers is before.triggers
    assert snapshot.now().fleet.of(Kind.SERVICE) == {"s-1": after}
