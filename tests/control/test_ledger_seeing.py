"""Requested → confirmed, by looking at the target."""

from dataclasses import replace

import pytest

from dashboard.control import ledger
from dashboard.control.models import Action, State
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Environment, Service
from tests.control.conftest import TARGETS, seconds

VERBS = list(Verb)


def state_of(action):
    return Action.objects.get(id=action.id).state


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
