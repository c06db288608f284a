"""Request → claim → perform → confirm: nothing lost, nothing twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import OperationalError, connection, transaction

from dashboard.control import ledger
from dashboard.control.models import Action, Role, State
from dashboard.control.permissions import Forbidden
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Environment, Service
from dashboard.ona import Ona
from dashboard.simulator import enums
from tests.control.conftest import MINE, SERVICE, TARGETS, TASK, THEIRS, seconds, user
from tests.unruly import carried_out_and_dropped, dropped, edited, refusing

VERBS = list(Verb)


def state_of(action):
    return Action.objects.get(id=action.id).state


# Asking


@pytest.mark.parametrize("verb", VERBS)
def test_a_wish_is_written_before_anything_is_sent(book, verb, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        asked = book.ask(verb, reason="too many")
    assert book.queue == []
    action = Action.objects.get()
    row = TARGETS[verb]
    assert asked.new
    assert (action.state, action.verb, action.kind) == (State.QUEUED, verb.value, RULES[verb].kind.value)
    assert (action.target_id, action.target_name, action.environment_id) == (
        row.id,
        row.name,
        row.environment_id,
    )
    assert (action.actor, action.actor_name, action.reason) == (book.user, str(book.user), "too many")
    assert (action.created, action.phase_before, action.attempts) == (seconds(0), row.phase, 0)
    callbacks[0]()
    assert book.queue == [action.id]


def test_a_wish_that_is_rolled_back_never_reaches_the_workers(book, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        book.ask(Verb.STOP_ENVIRONMENT)
        transaction.set_rollback(True)
    assert book.queue == []
    assert not Action.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_a_viewer_is_refused_and_leaves_no_row(book, verb):
    with pytest.raises(Forbidden, match="viewer"):
        book.ask(verb, user=user(Role.VIEWER))
    assert not Action.objects.exists()


def test_an_operator_is_refused_somebody_elses_environment(book):
    operator = user(Role.OPERATOR, "operator@example.com")
    with pytest.raises(Forbidden, match="created"):
        book.ask(Verb.STOP_ENVIRONMENT, THEIRS, user=operator)
    assert not Action.objects.exists()
    assert book.ask(Verb.STOP_ENVIRONMENT, MINE, user=operator).new


def test_a_double_click_is_one_action(book):
    first, second = book.ask(Verb.STOP_ENVIRONMENT), book.ask(Verb.STOP_ENVIRONMENT, at=0.2)
    assert (first.new, second.new) == (True, False)
    assert second.action == first.action
    assert Action.objects.count() == 1


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.REQUESTED])
def test_a_wish_that_is_still_open_is_not_asked_again(book, state):
    first = book.asked(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=state)
    assert book.ask(Verb.STOP_ENVIRONMENT, at=5).action == first


@pytest.mark.parametrize(
    "state", [State.CONFIRMED, State.FAILED, State.SKIPPED, State.UNCONFIRMED, State.UNKNOWN]
)
def test_a_wish_that_ended_can_be_asked_again(book, state):
    book.asked(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=state)
    assert book.ask(Verb.STOP_ENVIRONMENT, at=5).new


def test_other_targets_and_other_verbs_are_other_wishes(book):
    assert book.ask(Verb.STOP_ENVIRONMENT, MINE).new
    assert book.ask(Verb.STOP_ENVIRONMENT, THEIRS).new
    assert book.ask(Verb.START_ENVIRONMENT).new


def test_a_pointless_wish_is_skipped_with_its_reason(book, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        action = book.asked(Verb.STOP_ENVIRONMENT, replace(MINE, phase="stopped"))
    assert (action.state, action.outcome, action.ended) == (
        State.SKIPPED,
        "it is stopped already",
        seconds(0),
    )
    assert callbacks == []
    assert ledger.claim(action.id, seconds(1)) is None


def test_a_broker_that_is_down_costs_time_and_no_action(book, django_capture_on_commit_callbacks):
    def broken(_):
        raise ConnectionError("no broker")

    with django_capture_on_commit_callbacks(execute=True):
        action = book.ask(Verb.STOP_ENVIRONMENT, enqueue=broken).action
    assert state_of(action) == State.QUEUED
    assert ledger.sweep(seconds(5), book.queue.append) == 0  # a worker may just be about to take it
    assert ledger.sweep(seconds(8), book.queue.append) == 1
    assert book.queue == [action.id]
    assert ledger.sweep(seconds(18), broken) == 1
    assert ledger.claim(action.id, seconds(20)) is not None


# Claiming


def test_one_claim_wins_and_the_next_gets_nothing(book):
    action = book.asked(Verb.STOP_ENVIRONMENT)
    won = ledger.claim(action.id, seconds(1))
    assert (won.state, won.sent, won.attempts) == (State.SENDING, seconds(1), 1)
    assert ledger.claim(action.id, seconds(1)) is None


def test_nothing_is_claimed_before_its_time(book):
    action = book.asked(Verb.STOP_ENVIRONMENT)
    Action.objects.update(not_before=seconds(30))
    assert ledger.claim(action.id, seconds(29)) is None
    assert ledger.claim(action.id, seconds(30)) is not None


@pytest.mark.parametrize("state", [state for state in State if state != State.QUEUED])
def test_only_what_waits_can_be_claimed(book, state):
    action = book.asked(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=state)
    assert ledger.claim(action.id, seconds(1)) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_claims_it(book):
    """All of them are held back just before they write, so that each has read what it wants to by then."""
    action, workers = book.asked(Verb.STOP_ENVIRONMENT), 6
    barrier = threading.Barrier(workers)

    def worker(_):
        waited = []

        def hold_back(execute, sql, *rest):
            if sql.startswith("UPDATE") and not waited:
                waited.append(barrier.wait(10))
            return execute(sql, *rest)

        try:
            with connection.execute_wrapper(hold_back):
                return patiently(lambda: ledger.claim(action.id, seconds(1)))
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        won = [one for one in pool.map(worker, range(workers)) if one is not None]
    assert [one.id for one in won] == [action.id]
    assert Action.objects.get().attempts == 1


def patiently(do):
    """The result of `do`; in memory SQLite refuses a second writer at once instead of making it wait."""
    for _ in range(500):
        try:
            return do()
        except OperationalError:
            time.sleep(0.002)
    raise AssertionError("the database stayed locked")


# Sending


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
        ledger.sweep(seconds(at), book.queue.append)
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
    assert ledger.sweep(seconds(60), book.queue.append) == 0
    assert ledger.sweep(seconds(61), book.queue.append) == 1
    assert (state_of(action), book.queue) == (State.QUEUED, [action.id])
    assert ledger.claim(action.id, seconds(61)) is not None


def test_a_task_whose_worker_died_is_unknown(book):
    action = book.claimed(Verb.START_TASK)
    assert ledger.sweep(seconds(61), book.queue.append) == 1
    action.refresh_from_db()
    assert (action.state, action.ended, book.queue) == (State.UNKNOWN, seconds(61), [])
    assert action.outcome.endswith("Look at the task's executions before you run it again.")


def test_a_worker_that_is_known_to_have_died_is_not_waited_for(book):
    lost, kept = book.asked(Verb.STOP_ENVIRONMENT), book.asked(Verb.STOP_SERVICE)
    ledger.claim(lost.id, seconds(0), "here:1")
    ledger.claim(kept.id, seconds(0), "here:2")
    assert ledger.sweep(seconds(1), book.queue.append, lambda sender: sender == "here:1") == 1
    assert (state_of(lost), state_of(kept)) == (State.QUEUED, State.SENDING)
    assert book.queue == [lost.id]


def test_what_kills_five_workers_is_not_given_to_a_sixth(book):
    action = book.asked(Verb.STOP_ENVIRONMENT)
    for attempt in range(5):
        assert ledger.claim(action.id, seconds(attempt * 100)) is not None
        assert ledger.sweep(seconds(attempt * 100 + 61), book.queue.append) == 1
    assert state_of(action) == State.FAILED
    assert len(book.queue) == 4


def test_a_worker_that_was_only_slow_does_not_overwrite_the_verdict(book, acting):
    action = book.claimed(Verb.START_TASK, acting.task)
    ledger.sweep(seconds(61), book.queue.append)
    assert perform(acting, action, at=62).state == State.UNKNOWN


def test_a_retry_whose_message_was_lost_is_found_by_the_sweep(book):
    action = book.claimed(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=State.QUEUED, not_before=seconds(4))
    assert ledger.sweep(seconds(3), book.queue.append) == 0
    assert ledger.sweep(seconds(4), book.queue.append) == 1
    assert book.queue == [action.id]


# Seeing

STOPPED = Environment("e-mine", phase="stopped")


def observe(action, row, at, asked=None):
    ended = ledger.observe(action, row, seconds(at if asked is None else asked).timestamp(), seconds(at))
    action.refresh_from_db()
    return ended


def test_what_was_wanted_and_is_seen_is_confirmed(book):
    action = book.requested(Verb.STOP_ENVIRONMENT)
    assert not observe(action, replace(STOPPED, phase="stopping"), 2)
    assert action.state == State.REQUESTED
    assert observe(action, STOPPED, 9)
    assert (action.state, action.ended, action.outcome) == (State.CONFIRMED, seconds(9), "")
    assert not observe(action, replace(STOPPED, phase="running"), 10)
    assert action.state == State.CONFIRMED


def test_an_answer_to_a_question_asked_before_the_request_says_nothing(book):
    action = book.requested(Verb.STOP_ENVIRONMENT)
    assert not observe(action, STOPPED, 5, asked=-0.1)
    assert action.state == State.REQUESTED
    assert observe(action, STOPPED, 5, asked=0.0)


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.UNKNOWN, State.FAILED])
def test_only_what_was_requested_can_be_confirmed(book, state):
    action = book.requested(Verb.STOP_ENVIRONMENT)
    Action.objects.update(state=state)
    action.refresh_from_db()
    assert not observe(action, STOPPED, 5)
    assert not ledger.overdue(action, seconds(99_999))
    assert state_of(action) == state


BROKEN = Environment("e-mine", "sunny otter", "stopped", failures=("no machine",), creator_id="p-oda")


def test_an_old_failure_is_no_news_until_the_target_has_moved(book):
    action = book.requested(Verb.START_ENVIRONMENT, BROKEN)
    assert not observe(action, BROKEN, 1)
    assert not observe(action, replace(BROKEN, phase="starting"), 2)
    assert action.moved
    assert observe(action, BROKEN, 40)
    assert (action.state, action.outcome) == (State.FAILED, "no machine")


def test_a_new_failure_is_news_at_once(book):
    action = book.requested(Verb.START_ENVIRONMENT, BROKEN)
    assert observe(action, replace(BROKEN, failures=("the quota is used up",)), 1)
    assert (action.state, action.outcome) == (State.FAILED, "the quota is used up")


def test_a_service_that_failed_before_and_fails_again_has_failed(book):
    failed = Service("s-1", "e-theirs", "Web", phase="failed", failure="exit 127")
    action = book.requested(Verb.START_SERVICE, failed)
    assert not observe(action, failed, 1)
    assert not observe(action, replace(failed, phase="starting", failure=""), 2)
    assert observe(action, failed, 5)
    assert (action.state, action.outcome) == (State.FAILED, "exit 127")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb is not Verb.START_TASK])
def test_what_is_not_seen_in_time_is_unconfirmed(book, verb):
    action, patience = book.requested(verb), RULES[verb].patience
    row = TARGETS[verb]
    assert not observe(action, row, patience)
    assert observe(action, row, patience + 0.1)
    assert (action.state, action.ended) == (State.UNCONFIRMED, seconds(patience + 0.1))
    assert row.phase in action.outcome


@pytest.mark.parametrize("verb", VERBS)
def test_what_could_not_be_read_in_time_is_unconfirmed(book, verb):
    action, patience = book.requested(verb), RULES[verb].patience
    assert not ledger.overdue(action, seconds(patience))
    assert ledger.overdue(action, seconds(patience + 0.1))
    assert state_of(action) == State.UNCONFIRMED


def test_the_last_look_counts_even_after_the_time_is_up(book):
    action = book.requested(Verb.STOP_ENVIRONMENT)
    assert observe(action, STOPPED, 10_000)
    assert action.state == State.CONFIRMED


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.endswith(".stop")])
def test_a_stop_has_what_it_wanted_when_its_target_is_gone(book, verb):
    action = book.requested(verb)
    assert observe(action, None, 1)
    assert (action.state, action.outcome) == (State.CONFIRMED, "It is no longer there.")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.endswith(".start")])
def test_a_start_has_failed_when_its_target_is_gone_unless_it_is_too_new_to_be_found(book, verb):
    action = book.requested(verb)
    assert not observe(action, None, 29.9)
    assert observe(action, None, 30)
    assert (action.state, action.outcome) == (
        State.FAILED,
        "It is no longer there, or not visible to this key.",
    )


def test_two_observers_end_an_action_once(book):
    action = book.requested(Verb.STOP_ENVIRONMENT)
    other = Action.objects.get(id=action.id)
    assert observe(action, STOPPED, 5)
    assert not observe(other, None, 6)
    assert action.ended == seconds(5)
