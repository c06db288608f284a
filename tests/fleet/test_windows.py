"""Sweeps that walk side by side: windows of environments, batches of services and tasks, over the simulator's wire."""

import io
import threading
from collections import Counter
from itertools import pairwise
from math import ceil

import pytest

from dashboard.fleet.batches import batches, in_batches
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.windows import OVERLAP, WHOLE, windows
from dashboard.ona import Ona
from dashboard.simulator import World, create_app, serve
from tests.conftest import Simulated
from tests.fleet.sweeps import kept, listed, stored
from tests.unruly import Unruly, after, edited, meanwhile, once, refusing


@pytest.fixture
def large(store, clock):
    """Enough environments for windows, and services for batches."""
    world = World(environments=1_200, seed=7, now=clock, life=False)
    wire = Unruly(create_app(world))
    with (
        serve(wire) as base_url,
        Ona.open(base_url, "test-key", clock=clock, sleep=lambda _: None) as ona,
    ):
        yield Simulated(world, ona, store, clock, wire, base_url)


def swept(simulated, *kinds):
    return simulated.sync().full(kinds or (Kind.ENVIRONMENT,))


def rows(count, spread=1000.0):
    return [Environment(f"{number:08d}", created=1e9 + number * spread) for number in range(count)]


# Windows


def test_windows_cover_all_of_time_with_as_many_environments_each():
    known = rows(10_000)
    found = windows(known)
    assert found[0].before is None
    assert found[-1].since is None
    assert all(newer.since == older.before for newer, older in pairwise(found))
    held = Counter(
        next(place for place, one in enumerate(found) if one.since is None or row.created >= one.since)
        for row in known
    )
    assert max(held.values()) <= 500
    assert 20 <= len(found) <= 25


@pytest.mark.parametrize(
    "known",
    [
        rows(250),
        [Environment(str(number)) for number in range(5_000)],
        [Environment(f"{number:08d}", created=1e9 - number) for number in range(5_000)],
        [*rows(5_000)[1:], Environment("00000000", created=2e9)],
    ],
    ids=["few", "no times", "ids against time", "one id against time"],
)
def test_what_is_few_or_not_in_the_order_of_time_is_walked_in_one_chain(known):
    assert windows(known) == WHOLE


def test_a_thousand_made_in_one_second_are_not_cut_apart():
    burst = [Environment(f"{number:08d}", created=1e9) for number in range(5_000)]
    assert len(windows(burst)) <= 2


def test_a_second_sweep_walks_windows_side_by_side_and_sees_the_same_with_hardly_more_requests(large):
    first = swept(large)
    under_way, most, lock = [0], [0], threading.Lock()

    def counted(app, environ, start_response):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        try:
            return app(environ, start_response)
        finally:
            with lock:
                under_way[0] -= 1

    large.wire.on("ListEnvironments", counted)
    second = swept(large)
    assert second.error == ""
    assert second.counts == first.counts
    assert second.changed == 0
    assert most[0] > 1
    pages = ceil(second.counts["environment"] / 100)
    assert second.requests <= 1.15 * pages + 1  # and one for the archive
    assert set(stored(large, Kind.ENVIRONMENT)) == set(kept(large.world))


def test_a_window_that_fails_removes_nothing_and_keeps_what_the_others_saw(large):
    swept(large)
    before = set(stored(large, Kind.ENVIRONMENT))
    victim = next(iter(listed(large.world).values()))
    changed = max(listed(large.world))
    with large.world.present():
        large.world.environments[changed].name = "seen all the same"
        large.world.environments[changed].status_version += 1
        large.world.environment_table.remove(victim.id)
    large.wire.on("ListEnvironments", after(4, refusing(500, "internal", "the database is down")))
    failed = swept(large)
    assert failed.error == "ListEnvironments: the database is down (internal)"
    assert set(stored(large, Kind.ENVIRONMENT)) == before
    large.wire.meddlers.clear()
    assert swept(large).error == ""
    assert set(stored(large, Kind.ENVIRONMENT)) == before - {victim.id}
    assert stored(large, Kind.ENVIRONMENT)[changed].name == "seen all the same"


def test_what_is_made_and_deleted_while_windows_are_walked_costs_nobody_else(large):
    swept(large)
    before = set(stored(large, Kind.ENVIRONMENT))
    doomed = sorted(listed(large.world))[5:1_000:50]

    def half_way():
        with large.world.present():
            for identifier in doomed:
                large.world.environment_table.remove(identifier)

    large.wire.on("ListEnvironments", after(6, once(meanwhile(half_way))))
    assert swept(large).error == ""
    assert before - set(stored(large, Kind.ENVIRONMENT)) <= set(doomed)
    assert swept(large).error == ""
    assert set(stored(large, Kind.ENVIRONMENT)) == before - set(doomed)


def test_a_list_that_is_not_sorted_is_walked_from_one_end_to_the_other(large):
    swept(large)
    before = set(stored(large, Kind.ENVIRONMENT))
    large.wire.on("ListEnvironments", edited(lambda document: document["environments"].reverse()))
    again = swept(large)
    assert again.error == ""
    assert set(stored(large, Kind.ENVIRONMENT)) == before


def test_a_token_that_loops_ends_the_sweep_as_failed_after_few_requests(large):
    swept(large)
    before = set(stored(large, Kind.ENVIRONMENT))
    large.wire.on(
        "ListEnvironments", edited(lambda document: document.update(pagination={"nextToken": "again"}))
    )
    large.wire.on("ListServices", edited(lambda document: document.update(pagination={"nextToken": "x"})))
    failed = swept(large, Kind.ENVIRONMENT, Kind.SERVICE)
    assert "token" in failed.error
    assert failed.requests < 50
    assert set(stored(large, Kind.ENVIRONMENT)) == before


def test_tokens_that_are_made_up_for_ever_end_the_sweep_too(large):
    turns = iter(range(10**9))
    large.wire.on("ListServices", _same_page(large, turns))
    failed = swept(large, Kind.SERVICE)
    assert "same page" in failed.error
    assert failed.requests < 10


def _same_page(large, turns):
    """Whatever the token, the first page."""

    def meddle(app, environ, start_response):

        environ["wsgi.input"] = io.BytesIO(b'{"pagination":{"pageSize":100}}')
        environ["CONTENT_LENGTH"] = "31"
        change = edited(lambda document: document.update(pagination={"nextToken": str(next(turns))}))
        return change(app, environ, start_response)

    return meddle


# Batches


def test_batches_hold_25_environments_and_what_fits_on_one_page():
    names = [f"e{number}" for number in range(100)]
    empty = list(batches(names, Counter()))
    assert [len(one) for one in empty] == [25, 25, 25, 25]
    busy = Counter(dict.fromkeys(names, 10))
    assert {len(one) for one in batches(names, busy)} == {9, 1}
    assert [one for batch in batches(names, busy) for one in batch] == names


def test_one_chain_is_taken_where_batches_would_cost_more():
    names = [f"01900000-0000-7000-8000-{number:012d}" for number in range(5_000)]
    assert in_batches(names, Counter({names[0]: 90})) == []
    assert in_batches(names, Counter(dict.fromkeys(names, 5)))
    assert in_batches(["not an id", *names], Counter(dict.fromkeys(names, 5))) == []


def test_services_and_tasks_are_read_in_batches_and_nothing_is_lost(large):
    everything = (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK)
    first = swept(large, *everything)
    again = swept(large, *everything)
    assert (again.error, again.changed, again.counts) == ("", 0, first.counts)
    assert set(stored(large, Kind.SERVICE)) == set(large.world.services)
    assert set(stored(large, Kind.TASK)) == set(large.world.tasks)
    pages = sum(ceil(again.counts[kind] / 100) for kind in ("environment", "service", "task"))
    assert again.requests <= 1.15 * pages + 1


def test_a_service_that_is_gone_is_noticed_by_batches(large):
    everything = (Kind.ENVIRONMENT, Kind.SERVICE)
    swept(large, *everything)
    victim = next(iter(large.world.services.values()))
    with large.world.present():
        large.world.service_table.remove(victim.id)
        victim.environment.services.remove(victim)
    assert swept(large, *everything).error == ""
    assert victim.id not in stored(large, Kind.SERVICE)


def test_where_a_batch_is_refused_one_chain_reads_it_all(large):
    everything = (Kind.ENVIRONMENT, Kind.SERVICE)
    swept(large, *everything)
    large.wire.on("ListServices", once(refusing(403, "permission_denied")))
    again = swept(large, *everything)
    assert (again.error, again.counts["service"]) == ("", len(large.world.services))


def test_the_overlap_is_part_of_what_is_asked_for():
    window = windows(rows(10_000))[1]
    assert window.created_before.timestamp() == window.before + OVERLAP
    assert window.ends_with([window.since - OVERLAP - 1])
    assert not window.ends_with([window.since - OVERLAP / 2, None])
