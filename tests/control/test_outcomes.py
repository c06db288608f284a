"""Ends that are neither what was asked for nor a failure: their words say what is known."""

from dataclasses import replace

import pytest

from dashboard.control import ledger
from dashboard.control.models import State
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Execution
from dashboard.ona import errors
from tests.control.conftest import NOW, TARGETS, seconds


def observe(action, row, at):
    return ledger.observe(action, row, seconds(at).timestamp(), seconds(at))


def test_a_service_that_started_and_ended_without_an_error_is_confirmed_in_words(book):
    stopped = TARGETS[Verb.START_SERVICE]
    action = book.requested(Verb.START_SERVICE)
    assert not observe(action, stopped, 1)
    assert not observe(action, replace(stopped, phase="starting"), 2)
    assert observe(action, stopped, 3)
    assert (action.state, "ended by itself" in action.outcome) == (State.CONFIRMED, True)


def test_a_service_that_was_still_stopping_has_not_started_when_it_is_stopped(book):
    stopping = replace(TARGETS[Verb.START_SERVICE], phase="stopping")
    action = book.requested(Verb.START_SERVICE, stopping)
    assert not observe(action, replace(stopping, phase="stopped"), 2)
    assert action.state == State.REQUESTED


def test_a_start_that_was_never_seen_says_where_to_look(book):
    action = book.requested(Verb.START_SERVICE)
    assert observe(action, TARGETS[Verb.START_SERVICE], RULES[Verb.START_SERVICE].patience + 1)
    assert (action.state, "see its log" in action.outcome) == (State.UNCONFIRMED, True)


def test_an_execution_that_waits_for_long_was_made_all_the_same(book):
    action = book.requested(Verb.START_TASK, result_id="x-9")
    assert observe(action, Execution("x-9", phase="pending"), RULES[Verb.START_TASK].patience + 1)
    assert (action.state, "still does" in action.outcome) == (State.CONFIRMED, True)


@pytest.mark.parametrize(("acting", "named"), [("key", True), ("another", False)])
def test_a_key_that_may_not_act_is_told_with_the_setting_for_one_that_may(book, settings, acting, named):
    settings.ONA_API_KEY, settings.ONA_ACTION_API_KEY = "key", acting
    action = book.claimed(Verb.STOP_ENVIRONMENT)
    refused = errors.PermissionDenied("permission_denied", "this token is read-only", 403)
    ledger.perform(action, None, lambda: NOW, send=raising(refused))
    assert action.state == State.FAILED
    assert "this token is read-only" in action.outcome
    assert ("set ONA_ACTION_API_KEY" in action.outcome) is named


def raising(error):
    def send(*_):
        raise error

    return send
