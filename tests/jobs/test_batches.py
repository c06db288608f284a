"""Batches as the workers see them: worked off lane by lane, looked at before each call, followed up by the polls."""

import threading
import time
from collections import Counter

import pytest

from dashboard import jobs
from dashboard.control import batches, ledger, left_behind
from dashboard.control.models import Action, State
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import load
from dashboard.jobs import reclaiming
from dashboard.simulator import enums, executions
from tests.conftest import until
from tests.control.conftest import admin
from tests.unruly import carried_out_and_dropped, refusing

assert admin  # the fixtures


@pytest.fixture
def idle(api):
    """What has run in the simulated world without activity for three hours and more; the clocks agree."""
    api.clock.now = time.time()
    found = [one for one in api.world.environments.values() if one.phase == enums.RUNNING][:6]
    for environment in found:
        environment.attended, environment.idle_limit = False, 0
        environment.last_started = environment.signal_at = api.clock.now - 5 * 3600
        for run in environment.executions:
            run.phase = enums.STOPPED_EXECUTION if run.phase not in enums.FINISHED else run.phase
    jobs.poll_full()
    jobs.poll_hot()
    until(lambda: jobs.parts.snapshot().now().fleet.environments)  # what this process knows is 0.25 s old
    return found


def once(wire, meddle):
    """Trouble for the first call only."""

    def first(app, environ, start_response):
        wire.meddlers.clear()
        return meddle(app, environ, start_response)

    return first


def stop(who, environments, limit=7200.0):
    fleet = load(jobs.parts.store())
    rows = [fleet.environments[one.id] for one in environments]
    batch = batches.ask(who, Verb.STOP_ENVIRONMENT, rows, now=ledger.utc_now(), idle_limit=limit)
    batches.begin(batch, who, fleet, reason="idle", now=ledger.utc_now())
    return batch


def outcomes(batch):
    return [(one.state, one.outcome) for one in Action.objects.of_batch(batch)]


def test_a_worker_that_is_told_to_end_sends_nothing_more_of_a_batch(idle, api, admin, monkeypatch):
    batch = stop(admin, idle)
    monkeypatch.setattr(reclaiming, "ending", told := threading.Event())
    told.set()
    jobs.send_lane(0)
    assert [state for state, _ in outcomes(batch)] == ["queued"] * 6


def test_a_batch_is_sent_in_order_and_settled_by_the_polls(idle, api, admin):
    batch = stop(admin, idle)
    api.wire.asked.clear()
    jobs.send_lane(0)
    assert Counter(api.wire.asked) == {"GetEnvironment": 6, "ListTaskExecutions": 6, "StopEnvironment": 6}
    assert [state for state, _ in outcomes(batch)] == ["requested"] * 6
    sent = list(Action.objects.order_by("requested").values_list("place", flat=True))
    assert sent == [0, 1, 2, 3, 4, 5]
    api.clock.pass_(60)
    jobs.poll_hot()
    api.wire.asked.clear()
    jobs.chase()
    assert outcomes(batch) == [("confirmed", "")] * 6
    assert api.wire.asked == []


def test_what_is_in_use_again_is_skipped_and_never_called(idle, api, admin):
    batch = stop(admin, idle)
    idle[1].signal_at, idle[1].signal_source = api.clock.now - 20, "JetBrains"
    idle[1].status_version += 1
    task = next(task for task in api.world.tasks.values() if task.environment is idle[2])
    executions.request_start(api.world, task, idle[2].creator, api.clock.now)
    jobs.send_lane(0)
    found = outcomes(batch)
    assert found[1][0] == "skipped"
    assert found[1][1].startswith("active again 2")
    assert found[2] == ("skipped", f"task execution {task.recipe.name} runs")
    assert [state for state, _ in found].count("requested") == 4
    assert idle[1].phase == enums.RUNNING


def test_two_lanes_never_send_the_same(idle, api, admin):
    stop(admin, idle)
    with jobs.parts.store().single("lane:0", 60):
        jobs.send_lane(0)
        assert "StopEnvironment" not in api.wire.asked
        jobs.send_lane(1)
    assert api.wire.asked.count("StopEnvironment") == 6


def test_an_api_that_refuses_one_leaves_its_words_and_the_others_go_on(idle, api, admin):
    batch = stop(admin, idle)
    api.wire.on("StopEnvironment", once(api.wire, refusing(403, "permission_denied", "not yours")))
    jobs.send_lane(0)
    found = outcomes(batch)
    assert found[0][0] == "failed"
    assert "not yours" in found[0][1]
    assert [state for state, _ in found[1:]] == ["requested"] * 5


def test_a_look_without_an_answer_is_taken_again_later(idle, api, admin):
    batch = stop(admin, idle[:1])
    api.wire.on("GetEnvironment", refusing(500, "internal", "the database is down"))
    jobs.send_lane(0)
    ((state, words),) = outcomes(batch)
    assert state == "queued"
    assert "the database is down" in words
    api.wire.meddlers.clear()
    Action.objects.filter(state=State.QUEUED).update(not_before=ledger.utc_now())
    jobs.send_lane(0)
    assert [state for state, _ in outcomes(batch)] == ["requested"]


def test_a_stop_whose_answer_was_lost_counts_as_done_by_the_batch_and_is_undone_with_it(idle, api, admin):
    batch = stop(admin, idle[:1])
    api.wire.on("StopEnvironment", carried_out_and_dropped)
    jobs.send_lane(0)
    assert outcomes(batch)[0][0] == "queued"
    api.wire.meddlers.clear()
    api.clock.pass_(60)
    Action.objects.filter(state=State.QUEUED).update(not_before=ledger.utc_now())
    jobs.send_lane(0)
    assert [state for state, _ in outcomes(batch)] == ["requested"]
    jobs.chase()
    assert outcomes(batch) == [("confirmed", "")]
    assert api.wire.asked.count("StopEnvironment") == 1


def test_a_stop_whose_worker_died_after_sending_it_counts_as_done_by_the_batch(idle, api, admin):
    batch = stop(admin, idle[:1])
    action = batches.claim_next(ledger.utc_now(), "a worker")
    api.ona.environments.stop(action.target_id)
    left_behind.sweep(ledger.utc_now(), str, lambda sender: sender == "a worker")
    api.clock.pass_(60)
    jobs.send_lane(0)
    assert [state for state, _ in outcomes(batch)] == ["requested"]
    jobs.chase()
    assert outcomes(batch) == [("confirmed", "")]
    assert api.wire.asked.count("StopEnvironment") == 1


def test_what_somebody_else_stopped_while_it_waited_is_skipped_after_a_429_too(idle, api, admin):
    batch = stop(admin, idle[:1])
    api.wire.on("StopEnvironment", refusing(429, "resource_exhausted", "later"))
    jobs.send_lane(0)
    api.wire.meddlers.clear()
    api.ona.environments.stop(idle[0].id)
    api.clock.pass_(60)
    Action.objects.filter(state=State.QUEUED).update(not_before=ledger.utc_now())
    jobs.send_lane(0)
    assert [state for state, _ in outcomes(batch)] == ["skipped"]


def test_what_the_key_may_not_see_is_skipped(idle, api, admin):
    batch = stop(admin, idle[:1])
    api.wire.on("GetEnvironment", refusing(403, "permission_denied", "no"))
    jobs.send_lane(0)
    assert outcomes(batch) == [("skipped", batches.GONE)]


def test_the_beat_starts_the_lanes_only_when_something_waits(idle, api, admin, valkey):
    queue = "ona:celery:actions"
    valkey.delete(queue)
    jobs.send_batches()
    assert valkey.llen(queue) == 0
    stop(admin, idle)
    jobs.send_batches()
    assert valkey.llen(queue) == jobs.reclaiming.LANES


def test_a_broker_that_is_down_costs_no_action(idle, no_broker, admin):
    batch = stop(admin, idle)
    jobs.start_batch()
    assert [state for state, _ in outcomes(batch)] == ["queued"] * 6


def test_a_clock_of_ours_that_is_ahead_stops_nothing(idle, api, admin):
    batch = stop(admin, idle, limit=6 * 3600.0)
    api.clock.now += 10 * 3600  # the simulator's own clock moves too, but its answers carry the real date
    jobs.send_lane(0)
    assert {state for state, _ in outcomes(batch)} == {"skipped"}


def test_one_that_was_asked_for_singly_is_followed_up_before_a_batch(idle, api, admin, monkeypatch):
    stop(admin, idle[:3])
    jobs.send_lane(0)
    single = Action.objects.get(place=2)
    Action.objects.filter(id=single.id).update(batch=None)
    followed = []
    monkeypatch.setattr(jobs.actions, "chase_one", lambda action: followed.append(action.place) or True)
    jobs.chase()
    assert followed == [2, 0, 1]
