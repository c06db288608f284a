"""Claim → perform: nothing lost, nothing twice, whatever the API answers and whichever worker dies."""

from dataclasses import replace

import pytest

from dashboard.control import ledger, left_behind
from dashboard.control.models import Action, State
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment
from dashboard.ona import Ona
from dashboard.simulator import enums
from tests.control.conftest import SERVICE, TASK, seconds
from tests.unruly import carried_out_and_dropped, dropped, edited, refusing


def state_of(action):
    return Action.objects.get(id=action.id).state


@pytest.fixture
def acting(simulated):
    """The simulated API, and rows of it that a verb can be tried on."""
    world = simulated.world
    running = next(one for one in world.environments.values() if one.phase == enums.RUNNING and one.tasks)
    simulated.environment = Environment(running.id, "e", "running")
    simulated.task = replace(TASK, id=next(task.id for task in running.tasks))
    simulated.service = replace(SERVICE, id=next(one.id for one in running.services))
    return simulated


def perform(acting, action, at=1.0):
    ledger.perform(action, acting.ona, lambda: seconds(at))
    action.refresh_from_db()
    return action


def test_what_the_api_accepts_is_requested(book, acting):
    action = perform(acting, book.claimed(Verb.STOP_ENVIRONMENT, acting.environment))
    assert (action.state, action.requested, action.ended) == (State.REQUESTED, seconds(1), None)
    assert [call.outcome for call in acting.world.calls_to("StopEnvironment", acting.environment.id)] == [
        "ok"
    ]


def test_running_a_task_keeps_the_id_of_its_execution(book, acting):
    action = perform(acting, book.claimed(Verb.START_TASK, acting.task))
    assert action.state == State.REQUESTED
    assert acting.world.executions[action.result_id].task.id == acting.task.id


def test_what_the_api_refuses_has_failed_in_the_apis_own_words(book, acting):
    acting.wire.on("StopEnvironment", refusing(403, "permission_denied", "you may not stop this"))
    action = perform(acting, book.claimed(Verb.STOP_ENVIRONMENT, acting.environment))
    assert (action.state, action.ended) == (State.FAILED, seconds(1))
    assert action.outcome.startswith("StopEnvironment: you may not stop this (permission_denied)")


def test_a_429_is_tried_again_after_the_delay_the_api_asked_for(book, acting):
    acting.wire.on("StopEnvironment", refusing(429, "resource_exhausted", "slow down", Retry_After="7"))
    action = perform(acting, book.claimed(Verb.STOP_ENVIRONMENT, acting.environment))
    assert (action.state, action.not_before, action.attempts) == (State.QUEUED, seconds(8), 1)
    assert "slow down" in action.outcome
    assert ledger.claim(action.id, seconds(7.9)) is None
    acting.wire.meddlers.clear()
    again = perform(acting, ledger.claim(action.id, seconds(8)), at=9)
    assert (again.state, again.attempts, again.outcome) == (State.REQUESTED, 2, "")


def test_an_api_that_only_says_later_is_asked_for_ten_minutes(book, acting):
    acting.wire.on("StopEnvironment", refusing(429, "resource_exhausted", Retry_After="60"))
    action, at = book.asked(Verb.STOP_ENVIRONMENT, acting.environment), 0.0
    while action.state == State.QUEUED:
        action = perform(acting, ledger.claim(action.id, seconds(at)), at=at)
        at += 60
    assert (action.state, action.attempts, action.ended) == (State.FAILED, 11, seconds(600))


def test_a_429_repeats_even_the_run_of_a_task_which_was_not_acted_on(book, acting):
    acting.wire.on("StartTask", refusing(429, "resource_exhausted", Retry_After="3"))
    action = perform(acting, book.claimed(Verb.START_TASK, acting.task))
    assert (action.state, action.not_before) == (State.QUEUED, seconds(4))
    assert acting.world.calls_to("StartTask") == []


@pytest.mark.parametrize(("asked", "waits"), [("600", 60), ("1", 1)])
def test_no_delay_is_longer_than_a_minute(book, acting, asked, waits):
    acting.wire.on("StopEnvironment", refusing(429, "resource_exhausted", Retry_After=asked))
    action = perform(acting, book.claimed(Verb.STOP_ENVIRONMENT, acting.environment))
    assert action.not_before == seconds(1 + waits)


def test_an_api_that_says_never_to_come_back_is_believed(book, acting):
    never = {"type": "google.rpc.RetryInfo", "value": ""}
    acting.wire.on(
        "StopEnvironment", refusing(429, "resource_exhausted", "the quota is used up", details=(never,))
    )
    action = perform(acting, book.claimed(Verb.STOP_ENVIRONMENT, acting.environment))
    assert action.state == State.FAILED
    assert "the quota is used up" in action.outcome


@pytest.mark.parametrize("trouble", [dropped, refusing(503, "unavailable"), refusing(500, "internal")])
def test_what_may_be_repeated_is_tried_five_times_ever_slower_and_then_fails(book, acting, trouble):
    acting.wire.on("StopEnvironment", trouble)
    action, at, waits = book.asked(Verb.STOP_ENVIRONMENT, acting.environment), 0.0, []
    for _ in range(4):
        action = perform(acting, ledger.claim(action.id, seconds(at)), at=at)
        assert action.state == State.QUEUED
        waits.append((action.not_before - seconds(at)).total_seconds())
        at += waits[-1]
    action = perform(acting, ledger.claim(action.id, seconds(at)), at=at)
    assert waits == [1, 2, 4, 8]
    assert (action.state, action.attempts) == (State.FAILED, 5)
    assert acting.wire.asked.count("StopEnvironment") == 5


@pytest.mark.parametrize(
    ("trouble", "arrived"),
    [
        (carried_out_and_dropped, 1),
        (dropped, 0),
        (refusing(503, "unavailable"), 0),
        (refusing(500, "internal"), 0),
        (edited(lambda document: document.clear()), 1),
    ],
)
def test_a_task_of_which_nobody_knows_whether_it_runs_is_never_sent_twice(book, acting, trouble, arrived):
    acting.wire.on("StartTask", trouble)
    action = perform(acting, book.claimed(Verb.START_TASK, acting.task))
    assert action.state == State.UNKNOWN
    assert action.outcome.startswith("Nobody knows whether Ona received this")
    assert action.outcome.endswith("Look at the task's executions before you run it again.")
    for at in (2, 100, 1000):
        left_behind.sweep(seconds(at), book.queue.append)
        assert ledger.claim(action.id, seconds(at)) is None
    assert book.queue == []
    assert acting.wire.asked.count("StartTask") == 1
    assert len(acting.world.calls_to("StartTask", acting.task.id)) == arrived


def test_a_task_that_certainly_never_arrived_is_tried_again(book, acting):
    with Ona.open("http://127.0.0.1:1/api", "test-key") as nowhere:
        action = book.claimed(Verb.START_TASK, acting.task)
        ledger.perform(action, nowhere, lambda: seconds(1))
    assert state_of(action) == State.QUEUED


# What a dead worker leaves behind


def test_a_repeatable_verb_goes_back_to_the_queue_when_its_worker_died(book):
    action = book.claimed(Verb.STOP_ENVIRONMENT)
    assert left_behind.sweep(seconds(60), book.queue.append) == 0
    assert left_behind.sweep(seconds(61), book.queue.append) == 1
    assert (state_of(action), book.queue) == (State.QUEUED, [action.id])
    assert ledger.claim(action.id, seconds(61)) is not None


def test_a_task_whose_worker_died_is_unknown(book):
    action = book.claimed(Verb.START_TASK)
    assert left_behind.sweep(seconds(61), book.queue.append) == 1
    action.refresh_from_db()
    assert (action.state, action.ended, book.queue) == (State.UNKNOWN, seconds(61), [])
    assert action.outcome.endswith("Look at the task's executions before you run it again.")


def test_a_worker_that_is_known_to_have_died_is_not_waited_for(book):
    lost, kept = book.asked(Verb.STOP_ENVIRONMENT), book.asked(Verb.STOP_SERVICE)
    ledger.claim(lost.id, seconds(0), "here:1")
    ledger.claim(kept.id, seconds(0), "here:2")
    assert left_behind.sweep(seconds(1), book.queue.append, lambda sender: sender == "here:1") == 1
    assert (state_of(lost), state_of(kept)) == (State.QUEUED, State.SENDING)
    assert book.queue == [lost.id]


def test_what_kills_five_workers_is_not_given_to_a_sixth(book):
    action = book.asked(Verb.STOP_ENVIRONMENT)
    for attempt in range(5):
        assert ledger.claim(action.id, seconds(attempt * 100)) is not None
        assert left_behind.sweep(seconds(attempt * 100 + 61), book.queue.append) == 1
    assert state_of(action) == State.FAILED
    assert len(book.queue) == 4


def test_a_worker_that_was_only_slow_does_not_overwrite_the_verdict(book, acting):
    action = book.claimed(Verb.START_TASK, acting.task)
    left_behind.sweep(seconds(61), book.queue.append)
    assert perform(acting, action, at=62).state == State.UNKNOWN


def test_a_retry_whose_message_was_lost_is_found_by_the_sweep(book):
    action = book.claimed(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=State.QUEUED, not_before=seconds(4))
    assert left_behind.sweep(seconds(3), book.queue.append) == 0
    assert left_behind.sweep(seconds(4), book.queue.append) == 1
    assert book.queue == [action.id]


def test_a_clock_that_was_set_back_by_an_hour_holds_nothing_up(book):
    waiting, sending = book.asked(Verb.STOP_ENVIRONMENT), book.claimed(Verb.STOP_SERVICE)
    requested = book.asked(Verb.START_ENVIRONMENT)
    Action.objects.filter(id=requested.id).update(state=State.REQUESTED, requested=seconds(0))
    assert left_behind.sweep(seconds(-3600), book.queue.append) == 1
    assert book.queue == [waiting.id]
    assert ledger.claim(waiting.id, seconds(-3600)) is not None
    assert Action.objects.get(id=sending.id).sent == seconds(-3600)
    assert Action.objects.get(id=requested.id).requested == seconds(-3600)
