"""What a process has listed before is not read again, and nothing goes stale by it."""

from dashboard.fleet.entities import Kind
from dashboard.fleet.memory import Memory
from dashboard.fleet.newer import newer
from dashboard.fleet.sync import Sync
from dashboard.simulator import enums
from tests.fleet.sweeps import first, kept, stored
from tests.unruly import edited, once, refusing

KINDS = (Kind.ENVIRONMENT,)


def remembering(simulated):
    """A sync with a memory, and what it reads anew."""
    memory, read = Memory(), []
    keep = memory.keep

    def noted(digest, row):
        read.append(row.id)
        keep(digest, row)

    memory.keep = noted
    return Sync(simulated.ona, simulated.store, simulated.snapshot(), simulated.clock, memory=memory), read


def test_only_what_changed_is_read_again(simulated):
    sync, read = remembering(simulated)
    before = sync.full(KINDS)
    assert set(read) == set(kept(simulated.world))
    read.clear()
    target = first(simulated.world, enums.STOPPED)
    with simulated.world.present():
        target.name = "renamed"
        target.status_version += 1
    again = sync.full(KINDS)
    assert target.id in read
    assert len(read) < len(kept(simulated.world)) / 2
    assert again.counts == before.counts
    assert stored(simulated, Kind.ENVIRONMENT)[target.id].name == "renamed"


def test_a_row_that_the_store_lost_is_written_again_though_its_bytes_are_known(simulated):
    sync, _ = remembering(simulated)
    sync.full(KINDS)
    lost = first(simulated.world, enums.STOPPED)
    simulated.store.write([], newer=newer, gone=[(Kind.ENVIRONMENT, lost.id)])
    sync.full(KINDS)
    assert lost.id in stored(simulated, Kind.ENVIRONMENT)


def test_a_store_that_lost_everything_is_filled_again(simulated, valkey):
    sync, _ = remembering(simulated)
    sync.full(KINDS)
    valkey.flushall()
    sync.full(KINDS)
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(kept(simulated.world))


def test_what_vanished_is_gone_though_it_is_remembered(simulated):
    sync, _ = remembering(simulated)
    sync.full(KINDS)
    victim = first(simulated.world, enums.STOPPED)
    with simulated.world.present():
        simulated.world.environment_table.remove(victim.id)
    sync.full(KINDS)
    assert victim.id not in stored(simulated, Kind.ENVIRONMENT)


def test_after_a_sweep_that_failed_the_next_one_sees_everything(simulated):
    sync, _ = remembering(simulated)
    sync.full(KINDS)
    simulated.wire.on("ListEnvironments", once(refusing(403, "permission_denied")))
    assert sync.full(KINDS).error
    again = sync.full(KINDS)
    assert (again.error, again.changed) == ("", 0)
    assert set(stored(simulated, Kind.ENVIRONMENT)) == set(kept(simulated.world))


def test_a_phase_nobody_knows_is_told_at_every_sweep(simulated):
    def odd(document):
        for one in document.get("environments", [])[:1]:
            one["status"]["phase"] = "ENVIRONMENT_PHASE_HIBERNATING"

    simulated.wire.on("ListEnvironments", edited(odd))
    sync, _ = remembering(simulated)
    for _ in range(2):
        assert any("hibernating" in note for note in sync.full(KINDS).notes)
