"""Request → claim: nothing lost, nothing twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import OperationalError, connection, transaction

from dashboard.control import ledger, left_behind
from dashboard.control.models import Action, Role, State
from dashboard.control.permissions import Forbidden
from dashboard.control.verbs import RULES, Verb
from tests.control.conftest import MINE, TARGETS, THEIRS, seconds, user

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
    assert left_behind.sweep(seconds(5), book.queue.append) == 0  # a worker may just be about to take it
    assert left_behind.sweep(seconds(8), book.queue.append) == 1
    assert book.queue == [action.id]
    assert left_behind.sweep(seconds(18), broken) == 1
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
