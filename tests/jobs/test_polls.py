"""The jobs that read the fleet and record what they saw."""

import logging
import time

import pytest
from django.db import DatabaseError

from dashboard import jobs
from dashboard.celery import app
from dashboard.control.models import EnvironmentDay, RecordedEnvironment
from dashboard.fleet.entities import Kind
from dashboard.fleet.store import Sweep
from dashboard.fleet.sync import Sync
from tests.jobs.conftest import phases
from tests.unruly import edited, refusing

SWEEPS = {"hot": jobs.poll_hot, "full": jobs.poll_full, "names": jobs.poll_names}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_done_and_recorded(api, name):
    SWEEPS[name]()
    sweep = jobs.parts.store().sweeps()[f"{name}:ok"]
    assert (sweep.error, sweep.requests) == ("", len(api.wire.asked))
    assert sweep.changed > 0
    assert time.time() - sweep.started < 60


@pytest.mark.parametrize("name", SWEEPS)
def test_a_second_sweep_at_the_same_time_does_nothing(api, name):
    with jobs.parts.store().single(name, 60):
        SWEEPS[name]()
    assert api.wire.asked == []
    assert jobs.parts.store().sweeps() == {}
    SWEEPS[name]()
    SWEEPS[name]()  # the lock is free again each time
    assert f"{name}:ok" in jobs.parts.store().sweeps()


@pytest.mark.parametrize("name", ["hot", "full"])
def test_a_sweep_whose_worker_died_blocks_the_next_for_its_lifetime_only(api, valkey, name):
    lifetime = {"hot": 60, "full": 600}[name]
    seen = []

    def look(app_, environ, start):
        seen.append(valkey.pttl(f"{jobs.parts.store()._prefix}lock:{name}") / 1000)
        return app_(environ, start)

    api.wire.on("ListEnvironments", look)
    SWEEPS[name]()
    assert lifetime - 10 < seen[0] <= lifetime


@pytest.mark.parametrize(
    ("name", "method"), [("hot", "ListEnvironments"), ("full", "ListTasks"), ("names", "ListProjects")]
)
def test_a_dead_api_leaves_its_reason_beside_the_last_success(api, caplog, name, method):
    SWEEPS[name]()
    api.wire.on(method, refusing(500, "internal", "the database is down"))
    jobs.parts.store().record(Sweep("names", 1.0))  # long ago, so that names are due
    good = jobs.parts.store().sweeps()[f"{name}:ok"]
    SWEEPS[name]()
    sweeps = jobs.parts.store().sweeps()
    assert sweeps[f"{name}:last"].error == f"{method}: the database is down (internal)"
    assert sweeps[f"{name}:ok"] == good
    assert f"{name} sweep failed" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "requests", "error", "at_once"),
    [(4.9, 40, "", False), (5.1, 40, "", True), (5.1, 101, "", False), (60.0, 40, "no route", False)],
)
def test_a_hot_poll_that_outlasts_its_interval_is_followed_at_once_unless_it_waited_for_the_budget(
    api, settings, monkeypatch, seconds, requests, error, at_once
):
    settings.POLL_HOT_SECONDS, settings.ONA_REQUESTS_PER_SECOND = 5.0, 20
    swept, handed_over = Sweep("hot", 1.0, seconds, error, requests), []
    monkeypatch.setattr(Sync, "hot", lambda _: swept)
    monkeypatch.setattr(jobs.poll_hot, "delay", lambda: handed_over.append("hot"))
    monkeypatch.setattr(jobs.poll_full, "delay", lambda: None)
    monkeypatch.setattr(jobs.poll_names, "delay", lambda: None)
    jobs.poll_hot()
    assert bool(handed_over) is at_once


@pytest.mark.parametrize(
    ("age", "seconds", "lost"),
    [(1.0, 1.0, 0), (69.0, 1.0, 0), (72.0, 1.0, 1), (150.0, 90.0, 0), (-60.0, 1.0, 0)],
)
def test_a_poll_of_everything_that_never_came_is_asked_for_again_once(
    api, settings, monkeypatch, age, seconds, lost
):
    settings.POLL_FULL_SECONDS, handed_over = 60.0, []
    jobs.poll_full()
    now = time.time()
    monkeypatch.setattr(jobs.parts, "clock", lambda: now)
    monkeypatch.setattr(Sync, "hot", lambda _: Sweep("hot", now, 0.1))
    monkeypatch.setattr(jobs.poll_full, "delay", lambda: handed_over.append("full"))
    jobs.parts.store().record(Sweep("full", now - age, seconds))
    for _ in range(3):
        jobs.poll_hot()
    assert len(handed_over) == lost


def names_were_read(api):
    api.wire.asked.clear()
    jobs.poll_names()
    return "ListProjects" in api.wire.asked


@pytest.mark.parametrize(
    ("history", "due"),
    [
        ([], True),
        ([(0, "")], False),
        ([(3500, "")], False),
        ([(3700, "")], True),
        ([(10, "no route")], True),
        ([(3700, ""), (10, "no route")], True),
        ([(60, ""), (10, "no route")], True),
        ([(60, "no route"), (10, "")], False),
    ],
)
def test_names_are_read_again_after_an_hour_or_a_failure(api, history, due):
    for age, error in history:
        jobs.parts.store().record(Sweep("names", time.time() - age, error=error))
    assert names_were_read(api) is due


def test_names_that_this_key_may_not_read_are_not_asked_for_every_five_minutes(api):
    api.wire.on("ListMembers", refusing(403, "permission_denied"))
    assert names_were_read(api)
    assert not names_were_read(api)


def test_items_that_could_not_be_read_are_said(api, caplog):
    with caplog.at_level(logging.WARNING):
        jobs.polls._report(Sweep("full", 1.0, skipped=3))
        jobs.polls._report(Sweep("full", 1.0))
    assert [record.getMessage() for record in caplog.records] == [
        "full sweep skipped 3 items that could not be read"
    ]


def test_pages_that_were_read_twice_are_counted_and_said_once(api, caplog):
    caplog.set_level(logging.INFO)
    api.wire.on("ListEnvironments", edited(lambda _: None))  # written with spaces
    jobs.poll_full()
    pages = api.wire.asked.count("ListEnvironments")
    assert jobs.parts.store().sweeps()["full:ok"].twice == pages > 0
    said = [record.getMessage() for record in caplog.records if "twice" in record.getMessage()]
    assert said == [f"full sweep read {pages} pages twice, which came in an unusual form"]


def test_what_somebody_opened_is_read_at_once(api):
    target = next(iter(api.world.environments))
    jobs.refresh("environment", target)
    assert target in phases(Kind.ENVIRONMENT)
    assert jobs.parts.store().detail(Kind.ENVIRONMENT, target).id == target


def test_what_somebody_opened_and_cannot_be_read_is_a_line_in_the_log(api, caplog):
    api.wire.on("GetEnvironment", refusing(500, "internal", "the database is down"))
    jobs.refresh("environment", next(iter(api.world.environments)))
    assert "the database is down" in caplog.text


def test_every_scheduled_job_exists():
    assert {entry["task"] for entry in jobs.SCHEDULE.values()} <= set(app.tasks)


def test_what_a_sweep_saw_is_recorded_counted_and_deleted_when_it_is_old(api, db):
    jobs.poll_full()
    jobs.record_history()
    assert RecordedEnvironment.objects.count() == len(phases(Kind.ENVIRONMENT))
    time.sleep(0.2)
    jobs.poll_hot()
    jobs.record_history()
    jobs.count_hours()
    running = [key for key, phase in phases(Kind.ENVIRONMENT).items() if phase == "running"]
    counted = EnvironmentDay.objects.filter(running__gt=0).values_list("environment_id", flat=True)
    assert set(running) <= set(counted)
    jobs.prune_history()
    assert set(EnvironmentDay.objects.values_list("environment_id", flat=True)) == set(counted)


def test_a_history_that_cannot_be_recorded_is_told_in_one_line(api, db, monkeypatch, caplog):
    def refuses(*_, **__):
        raise DatabaseError("disk full")

    monkeypatch.setattr(jobs.records.history, "record", refuses)
    jobs.record_history()
    assert [record.getMessage() for record in caplog.records] == [
        "the history could not be recorded: disk full"
    ]
