"""The tail job: one a log, four a worker, and none after the worker was told to end."""

import logging

import pytest
from celery.signals import worker_shutting_down

from dashboard import jobs
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_entries import ENDED
from dashboard.fleet.store import StoreError
from dashboard.jobs.end import ending
from dashboard.simulator import enums


@pytest.fixture(autouse=True)
def calm():
    yield
    ending.clear()
    jobs.tails._contended.clear()


@pytest.fixture
def run(api):
    """An execution that is over, which somebody looks at."""
    found = next(
        one
        for one in api.world.executions.values()
        if one.phase in enums.FINISHED and one.started and one.environment.usable
    )
    jobs.logs().watch(Kind.EXECUTION, found.id)
    return found


def state(run):
    return jobs.logs().status(Kind.EXECUTION, run.id).state


def test_a_log_is_read_and_kept_for_its_time(run, settings, valkey):
    settings.LOG_RETENTION_HOURS = 2.0
    jobs.tail("execution", run.id)
    assert state(run) == ENDED
    assert 7_000 < valkey.ttl(jobs.logs()._key("log:lines", Kind.EXECUTION, run.id)) <= 7_200


def test_only_so_many_are_followed_at_once(run):
    for _ in range(jobs.tails.MOST_TAILS):
        assert jobs.tails._tails.acquire(blocking=False)
    jobs.tail("execution", run.id)
    assert (state(run), jobs.tails._contended.is_set()) == ("", True)
    for _ in range(jobs.tails.MOST_TAILS):
        jobs.tails._tails.release()
    jobs.tail("execution", run.id)
    assert state(run) == ENDED


def test_a_worker_that_ends_follows_nothing(run, api):
    worker_shutting_down.send(sender="worker", sig="TERM", how="warm", exitcode=0)
    jobs.tail("execution", run.id)
    assert "CreateEnvironmentLogsToken" not in api.wire.asked
    assert state(run) == "waiting"


def test_a_redis_that_is_gone_is_a_line_in_the_log(run, caplog, monkeypatch):
    def gone(*_):
        raise StoreError("gone")

    monkeypatch.setattr("dashboard.fleet.log_store.LogStore.writing", gone)
    with caplog.at_level(logging.WARNING):
        jobs.tail("execution", run.id)
    assert "could not be kept" in caplog.text
    assert jobs.tails._tails.acquire(blocking=False)
    jobs.tails._tails.release()


def test_the_tokens_of_a_tail_are_nowhere_else(run, valkey, caplog, api):
    caplog.set_level(logging.DEBUG)
    seen = []

    def look(app, environ, start):
        seen.append(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        return app(environ, start)

    api.wire.on(run.id, look)
    jobs.tail("execution", run.id)
    (token,) = set(seen)
    assert token.count(".") == 2
    assert token not in caplog.text
    assert token.encode() not in b"".join(valkey.dump(key) or b"" for key in valkey.keys("*"))
