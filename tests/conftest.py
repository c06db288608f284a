"""What tests share: a real Valkey, a simulated world on the wire, and a clock that only tests move."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from dashboard.control.audit import triggers as audit_triggers
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, connect
from dashboard.fleet.sync import Sync
from dashboard.ona import Ona
from dashboard.ona.http import HEADERS
from dashboard.simulator import World, create_app, rpc, serve
from dashboard.stack import parts
from tests.unruly import Unruly

# How fast a machine is says nothing about what is tested: the first text ever drawn may take seconds on a busy one.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `holds()` is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not true within {seconds} s"
        time.sleep(0.02)


@dataclass
class Clock:
    """Epoch seconds that pass only when a test says so."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Valkey of this test run, on a unix socket."""
    with tempfile.TemporaryDirectory(prefix="ona-test-") as folder:
        path = Path(folder) / "valkey.sock"
        spec = parts.valkey(path, Path(folder))
        with subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL) as process:
            try:
                until(lambda: spec.ready(""))
                yield f"unix://{path}"
            finally:
                process.terminate()


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[redis.Redis]:
    """An empty Valkey."""
    client = connect(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(valkey: redis.Redis) -> Store:
    return Store(valkey, "test")


@dataclass
class Simulated:
    """A world behind its wire, and the sync that reads it into the store. `clock` moves both; `wire` makes trouble."""

    world: World
    ona: Ona
    store: Store
    clock: Clock
    wire: Unruly
    base_url: str
    ticks: list[float] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        """A new process's copy; it asks Redis every time, because its own clock always moves on."""

        def monotonic() -> float:
            self.ticks.append(0.0)
            return float(len(self.ticks))

        return Snapshot(self.store, monotonic)

    def sync(self) -> Sync:
        return Sync(self.ona, self.store, self.snapshot(), self.clock)


@pytest.fixture
def simulated(store: Store, clock: Clock) -> Iterator[Simulated]:
    """Sixty simulated environments that move only when the test's clock does."""
    world = World(environments=60, seed=7, now=clock)
    wire = Unruly(create_app(world))
    with (
        serve(wire) as base_url,
        Ona.open(base_url, "test-key", clock=clock, sleep=lambda _: None) as ona,
    ):
        yield Simulated(world, ona, store, clock, wire, base_url)


@pytest.fixture(scope="session", autouse=True)
def emptied_all_the_same() -> Iterator[None]:
    """The audit refuses to be emptied, also after a test that leaves its rows behind."""
    real = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        with connection.schema_editor() as editor:
            audit_triggers.drop(None, editor)
        real(case)
        with connection.schema_editor() as editor:
            audit_triggers.make(None, editor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def method_is_exercised(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that is marked with methods of the API fails unless our client was given a good answer to each."""
    marker = request.node.get_closest_marker("method")
    if marker is None:
        yield
        return
    answered: set[str] = set()
    real = rpc.Api.__call__

    def noted(api: rpc.Api, environ: Any, start_response: Any) -> Any:
        def start(status: str, *rest: Any) -> Any:
            if status.startswith("200") and environ.get("HTTP_USER_AGENT") == HEADERS["User-Agent"]:
                answered.add(environ["PATH_INFO"].rpartition("/")[2])
            return start_response(status, *rest)

        return real(api, environ, start)

    monkeypatch.setattr(rpc.Api, "__call__", noted)
    yield
    assert set(marker.args) <= answered
