"""Several beats and workers: each turn of a job is sent once, whoever sends it, and queues can be served apart."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery.contrib.testing.worker import start_worker

from dashboard import jobs
from dashboard.celery import KEY_PREFIX, OF_NO_OTHER, QUEUES, ROUTES, app
from dashboard.celery_loops import Scheduler
from dashboard.fleet.claims import Claims
from dashboard.fleet.store import Store, connect
from dashboard.process import this_process
from tests.conftest import until
from tests.fleet.valkey import own_valkey
from tests.web.conftest import broker, publishing_to  # noqa: F401

INTERVAL = 0.4


def a_beat(store: Store, interval: float = INTERVAL) -> Scheduler:
    """One that has just started, with one job."""
    beat = Scheduler(app, claims=Claims(store), lazy=True)
    before = app.conf.beat_schedule
    app.conf.beat_schedule = {"hot": {"task": "jobs.poll_hot", "schedule": interval}}
    beat.setup_schedule()
    app.conf.beat_schedule = before
    return beat


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Scheduler]]]:
    """(job, beat) in the order in which they were sent; nothing is published."""
    seen: list[tuple[str, Scheduler]] = []

    def send(beat: Scheduler, entry: Any, producer: None = None) -> None:
        seen.append((entry.name, beat))

    monkeypatch.setattr(Scheduler, "apply_entry", send)
    monkeypatch.setattr(Scheduler, "producer", None)
    return seen


def test_two_beats_never_send_one_turn_twice(store: Store, sent: list[tuple[str, Scheduler]]) -> None:
    beats = [a_beat(store), a_beat(store)]
    began = time.monotonic()
    while len(sent) < 6:
        for beat in beats:
            beat.tick()
        assert time.monotonic() - began < 60
    turns = (time.monotonic() - began) / (INTERVAL - 0.05) + 1
    assert len(sent) <= turns


def test_a_clock_that_was_set_back_stops_no_beat(
    store: Store, sent: list[tuple[str, Scheduler]], monkeypatch: pytest.MonkeyPatch
) -> None:
    beat, moved = a_beat(store), [0.0]
    true_time, true_now = time.time, app.now
    monkeypatch.setattr(time, "time", lambda: true_time() + moved[0])
    monkeypatch.setattr(app, "now", lambda: true_now() + timedelta(seconds=moved[0]))
    for by in (3600.0, 0.0, -3600.0):
        moved[0] = by
        sent.clear()
        until(lambda: beat.tick() is None or len(sent) >= 2)


def test_the_other_takes_over_when_one_stops(store: Store, sent: list[tuple[str, Scheduler]]) -> None:
    first, second = a_beat(store), a_beat(store)
    until(lambda: first.tick() is None or sent)
    for _ in range(3):
        second.tick()
    assert [beat for _, beat in sent] == [first]
    until(lambda: second.tick() is None or len(sent) > 1, 30)
    assert sent[1][1] is second
    first.tick()  # back again, and late: nothing is left for it
    assert len(sent) == 2


def test_a_beat_that_starts_again_does_not_send_what_was_just_sent(
    store: Store, sent: list[tuple[str, Scheduler]]
) -> None:
    a_beat(store, 600.0).tick()
    assert len(sent) == 1
    due, seconds = (again := a_beat(store, 600.0)).is_due(again.schedule["hot"])
    assert not due
    assert 300 < seconds <= 602.1


def test_a_claim_is_one_processs_until_it_lapses(store: Store, valkey: redis.Redis) -> None:
    claims = Claims(store)
    assert claims.take("full", 600) is None
    assert 590 < (claims.take("full", 600) or 0) <= 600
    assert claims.take("hot", 600) is None  # another job
    assert 50 < (claims.take("full", 60) or 0) <= 60  # the interval was made shorter
    valkey.delete("ona:test:beat:full")
    assert claims.take("full", 60) is None


def test_a_turn_that_has_lapsed_is_not_given_back_for_another(store: Store, valkey: redis.Redis) -> None:
    """Not either when it lapses, and another beat takes it, right after the first thing that we ask."""
    overtaken = list[str]()

    class Overtaken(redis.Redis):
        def execute_command(self, *args: Any, **options: Any) -> Any:
            answer = super().execute_command(*args, **options)
            if not overtaken:
                overtaken.append(str(args[0]))
                valkey.set("ona:test:beat:full", "elsewhere:1")
            return answer

    valkey.set("ona:test:beat:full", this_process())
    Claims(Store(Overtaken(connection_pool=valkey.connection_pool), "test")).give_back("full")
    assert overtaken
    Claims(store).give_back("full")
    assert valkey.get("ona:test:beat:full") == b"elsewhere:1"
    valkey.set("ona:test:beat:full", this_process())
    Claims(store).give_back("full")
    assert not Claims(store).is_taken("full")


def test_a_beat_outlives_a_redis_that_is_gone(
    sent: list[tuple[str, Scheduler]], caplog: pytest.LogCaptureFixture
) -> None:
    with own_valkey() as server:
        beat = a_beat(Store(connect(server.url), "test"))
        server.kill()
        assert beat.tick() == pytest.approx(1.0, abs=0.1)
        assert "could not claim hot" in caplog.text
        assert sent == []
        server.start()
        until(lambda: beat.tick() is None or sent, 30)


def test_what_could_not_be_sent_keeps_its_turn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[float]()

    def refuse(*_: Any, **__: Any) -> None:
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise ConnectionError

    monkeypatch.setattr(Scheduler, "apply_async", refuse)
    monkeypatch.setattr(Scheduler, "producer", None)
    beat, other = a_beat(store, 600.0), a_beat(store, 600.0)
    assert beat.tick() == 0
    assert other.tick() > 1  # while it may still come
    until(lambda: beat.tick() is None or len(tried) > 1)
    assert 0.9 < tried[1] - tried[0] < 60
    for _ in range(5):
        beat.tick()
    assert len(tried) == 2


def test_every_route_leads_from_a_job_to_a_queue() -> None:
    app.loader.import_default_modules()
    assert set(ROUTES) <= set(app.tasks)
    assert {route["queue"] for route in ROUTES.values()} | {OF_NO_OTHER} == set(QUEUES)


@pytest.mark.parametrize(
    ("hand_over", "queue"),
    [
        (lambda: jobs.perform.delay("some"), "actions"),
        (jobs.poll_hot.delay, "hot"),
        (jobs.poll_full.delay, "full"),
        (lambda: jobs.tail.delay("service", "some"), "logs"),
        (jobs.prune_history.delay, "full"),
        (lambda: app.send_task("jobs.send_notices"), "notify"),
    ],
)
def test_a_job_goes_into_the_queue_of_its_urgency(
    valkey: redis.Redis,
    broker: None,  # noqa: F811
    hand_over: Callable[[], Any],
    queue: str,
) -> None:
    hand_over()
    depths = {name: valkey.llen(KEY_PREFIX + name) for name in QUEUES}
    assert depths == {name: int(name == queue) for name in QUEUES}


@pytest.fixture
def noted() -> Iterator[list[str]]:
    """The queues whose messages were read by a worker of the test."""
    seen: list[str] = []

    @app.task(name="tests.done")
    def note(queue: str) -> None:
        seen.append(queue)

    yield seen
    del app.tasks["tests.done"]
    app.amqp.queues._consume_from = None


def test_a_worker_for_some_queues_leaves_the_others_alone(
    valkey: redis.Redis,
    broker: None,  # noqa: F811
    noted: list[str],
) -> None:
    for queue in QUEUES:
        app.tasks["tests.done"].apply_async((queue,), queue=queue)
    some = ["actions", "notify"]
    # The level is that of the settings: it becomes the process's.
    with start_worker(
        app, pool="solo", perform_ping_check=False, loglevel="INFO", queues=some, shutdown_timeout=20
    ):
        until(lambda: len(noted) == len(some), 30)
    assert set(noted) == set(some)
    assert {name for name in QUEUES if valkey.llen(KEY_PREFIX + name)} == set(QUEUES) - set(some)
    app.amqp.queues._consume_from = None  # one without a choice serves them all
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="INFO", shutdown_timeout=20):
        until(lambda: len(noted) == len(QUEUES), 30)
