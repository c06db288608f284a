"""A primary, a replica and a sentinel: when the primary dies, store and broker go on with the other."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from celery import Celery

from dashboard.celery import options
from dashboard.config.base import ConfigurationError
from dashboard.config.redis import Sentinels, read_redis, sentinels
from dashboard.fleet.entities import Kind, Project
from dashboard.fleet.store import Observation, Store, StoreError, connect
from dashboard.log_lines import password_of
from dashboard.stack import parts
from tests.conftest import until

SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor fleet 127.0.0.1 {primary} 1
sentinel auth-pass fleet s3cret,@:/
sentinel down-after-milliseconds fleet 600
sentinel failover-timeout fleet 3000
"""


class Group:
    """Three processes of a test's own."""

    def __init__(self, folder: Path, left: ExitStack) -> None:
        self.folder, self.left = folder, left
        self.binary = parts.valkey(folder / "unused", folder).argv[0]
        self.first, self.second, self.port = (parts.free_port() for _ in range(3))
        self.primary = self._server(self.first)
        self._server(self.second, "--replicaof", "127.0.0.1", str(self.first))
        replica = redis.Redis(port=self.second, password="s3cret,@:/")
        until(lambda: tried(replica.ping) and replica.info()["master_link_status"] == "up", 30)
        told = folder / "sentinel.conf"  # it finds the replica with its first look; the second is 10 s later
        told.write_text(SENTINEL.format(port=self.port, folder=folder, primary=self.first), encoding="utf-8")
        self._start(str(told), "--sentinel")
        self.asked = redis.Redis(port=self.port, socket_timeout=3)
        until(lambda: self._says(b"num-slaves", b"1"), 30)

    @property
    def url(self) -> str:
        return f"sentinel://:s3cret%2C%40%3A%2F@127.0.0.1:1,127.0.0.1:{self.port}/fleet/3"

    def _says(self, name: bytes, value: bytes) -> bool:
        try:
            answer = self.asked.execute_command("SENTINEL", "MASTER", "fleet")
        except redis.RedisError:
            return False
        told = answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
        return str(told.get(name, told.get(name.decode()))) in {str(value), value.decode()}

    def _server(self, port: int, *words: str) -> subprocess.Popen:
        secret = ("--requirepass", "s3cret,@:/", "--primaryauth", "s3cret,@:/")
        place = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        return self._start(*place, *secret, *words, "--repl-diskless-sync-delay", "0")

    def _start(self, *words: str) -> subprocess.Popen:
        process = subprocess.Popen([self.binary, *words], stdout=subprocess.DEVNULL)
        self.left.callback(process.wait)
        self.left.callback(process.kill)
        return process


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    with ExitStack() as left:
        yield Group(tmp_path, left)


def tried(deed) -> bool:
    try:
        deed()
    except (StoreError, OSError):
        return False
    return True


def test_store_and_broker_go_on_with_the_replica(group: Group) -> None:
    store = Store(connect(group.url), "test")
    app = Celery("sentinels")
    app.conf.update(options(group.url))
    newer = lambda _old, _new: True  # noqa: E731
    store.write([Observation(Project("a", "one"), 1.0)], newer=newer)
    epoch, _ = store.position()
    with app.connection_for_write() as broker:
        broker.SimpleQueue("full").put({"number": 1})
    replica = redis.Redis(port=group.second, password="s3cret,@:/", db=3)
    until(lambda: replica.exists("ona:celery:full"), 30)
    group.primary.kill()
    until(lambda: tried(lambda: store.write([Observation(Project("a", "two"), 2.0)], newer=newer)), 60)
    assert store.row(Kind.PROJECT, "a") == Project("a", "two")
    assert store.position()[0] != epoch  # numbers of the other may not mean the same changes
    with app.connection_for_write() as broker:
        broker.SimpleQueue("full").put({"number": 2})
    assert store._redis.llen("ona:celery:full") == 2


def test_the_address_of_a_group_is_read_in_parts() -> None:
    known = sentinels("sentinel://me:p%40ss@one:1,[::1]:2,three/fleet/4")
    assert known == Sentinels((("one", 1), ("::1", 2), ("three", 26379)), "fleet", 4, "me", "p@ss")
    assert sentinels("redis://one:6379/0") is None
    assert password_of("sentinel://:s3cret@one:1,two:2/fleet") == "s3cret"


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://one:26379",
        "sentinel:///fleet/0",
        "sentinel://one:x/fleet",
        "sentinel://:hidden@one/f/x",
        "http://one",
    ],
)
def test_what_names_no_group_stops_the_start_without_quoting_a_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="set it to") as stopped:
        read_redis("", {"REDIS_URL": url})
    assert "hidden" not in str(stopped.value)
