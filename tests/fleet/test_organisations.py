"""Two organisations on one Valkey: each has a database of its own, and sees nothing of the other."""

import pytest
import redis
from redis import Redis

from dashboard.celery import options
from dashboard.config.places import redis_place
from dashboard.fleet.anchors import KEY
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.newer import newer
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Observation, Store, connect
from dashboard.fleet.tries import Limit, Tries


@pytest.fixture
def acme(valkey: Redis, valkey_url: str) -> Redis:
    return connect(f"{valkey_url}?db=1")


@pytest.fixture
def beta(valkey: Redis, valkey_url: str) -> Redis:
    return connect(f"{valkey_url}?db=2")


def contents(client: redis.Redis) -> dict[bytes, object]:
    return {key: client.dump(key) for key in client.scan_iter()}


def test_what_one_writes_the_other_neither_sees_nor_loses(acme: Redis, beta: Redis) -> None:
    """Even with one namespace, as if both had the same key."""
    for client, name in ((acme, "otter"), (beta, "heron")):
        Store(client, "same").write([Observation(Environment("e-1", name, "running"), 1.0)], newer=newer)
        client.hset(KEY, mapping={"number": 1, "seal": name})
    before = contents(beta)
    Store(acme, "same").write([], newer=newer, gone=[(Kind.ENVIRONMENT, "e-1")])
    Tries(Store(acme, "same"), {}).wait(Limit("tries", 1, 60), "oda")
    acme.flushdb()
    assert contents(beta) == before
    assert Snapshot(Store(beta, "same"), lambda: 1.0).now().fleet.environments["e-1"].name == "heron"
    assert not Snapshot(Store(acme, "same"), lambda: 1.0).now().fleet.environments


def test_what_one_spends_of_its_budget_or_is_refused_costs_the_other_nothing(
    acme: Redis, beta: Redis
) -> None:
    waited: dict[str, list[float]] = {"acme": [], "beta": []}
    ours = Budget(acme, "same", 20.0, Lead.AT_ONCE, waited["acme"].append)
    theirs = Budget(beta, "same", 20.0, Lead.AT_ONCE, waited["beta"].append)
    ours.slow_down(30.0)
    ours.wait()
    assert (ours.rate, len(waited["acme"])) == (10.0, 1)
    theirs.wait()
    assert (theirs.rate, waited["beta"]) == (20.0, [])


def test_their_jobs_wait_in_queues_apart(valkey_url: str) -> None:
    for url in ("redis://valkey:6379/{}", f"{valkey_url}?db={{}}"):
        brokers = {options(url.format(number))["broker_url"] for number in (1, 2)}
        assert len(brokers) == 2
        assert len({redis_place(url.format(number)) for number in (1, 2)}) == 2
