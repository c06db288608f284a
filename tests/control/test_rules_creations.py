"""What is made: limits before the call, when it has ended, and where a person looks before asking again."""

import pytest

from dashboard.control.rule import CONFIRMED
from dashboard.control.rules.words import TASK_TRIGGERS, TRIGGERS
from dashboard.control.verbs import RULES, Verb, mistake, verbs_of, watched
from dashboard.fleet.entities import Environment, Kind, Service, Task
from dashboard.ona.send import rules as limits

SERVICE = {"reference": "web", "name": "Web", "start": "run"}
TASK = {"reference": "build", "name": "Build", "command": "make"}
URL = "https://github.com/acme/web"


@pytest.mark.parametrize(
    ("verb", "params", "field"),
    [
        (Verb.ADD_SERVICE, SERVICE, ""),
        (Verb.ADD_SERVICE, SERVICE | {"triggers": list(TRIGGERS)}, ""),
        (Verb.ADD_SERVICE, SERVICE | {"reference": "a b"}, "reference"),
        (Verb.ADD_SERVICE, SERVICE | {"start": ""}, "start"),
        (Verb.ADD_SERVICE, SERVICE | {"triggers": ["beforeSnapshot"]}, "triggers.0"),
        (Verb.ADD_TASK, TASK | {"triggers": list(TASK_TRIGGERS)}, ""),
        (Verb.ADD_TASK, TASK | {"name": ""}, "name"),
        (Verb.ADD_TASK, TASK | {"reference": "x" * 129}, "reference"),
        (Verb.CREATE_ENVIRONMENT, {"repository": URL, "class_id": "c"}, ""),
        (Verb.CREATE_ENVIRONMENT, {"repository": "web"}, "content.0.url"),
        (Verb.CREATE_ENVIRONMENT, {"project": "p", "name": "x" * 81}, "name"),
        (Verb.CREATE_ENVIRONMENT, {"project": "p", "timeout": 60.0}, "timeout"),
    ],
)
def test_a_value_beyond_a_limit_is_named(verb, params, field):
    assert mistake(verb, params)[0] == field


def test_every_trigger_of_the_api_can_be_chosen():
    assert tuple(TRIGGERS) == limits.TRIGGERS
    assert tuple(TASK_TRIGGERS) == limits.TASK_TRIGGERS


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (Environment("e", phase="creating"), None),
        (Environment("e", phase="starting"), None),
        (Environment("e", phase="running"), "confirmed"),
        (Environment("e", phase="updating"), "confirmed"),
        (Environment("e", phase="stopping", failures=("no machine",)), "failed"),
        (Environment("e", phase="stopped"), "confirmed"),
        (Environment("e", phase="deleted"), "confirmed"),
    ],
)
def test_a_new_environment_is_followed_until_it_is_up(row, state):
    outcome = RULES[Verb.CREATE_ENVIRONMENT].ended(row, {})
    assert (outcome and outcome.state) == state


@pytest.mark.parametrize(("verb", "row"), [(Verb.ADD_SERVICE, Service("s")), (Verb.ADD_TASK, Task("t"))])
def test_what_was_added_is_confirmed_once_it_is_seen_itself(verb, row):
    assert RULES[verb].ended(row, {}) == CONFIRMED
    assert RULES[verb].ended(Environment("e", phase="running"), {}) is None


def test_a_creation_is_not_offered_on_a_row_and_what_it_made_is_watched():
    assert Verb.CREATE_ENVIRONMENT not in verbs_of(Kind.ENVIRONMENT)
    assert watched(Verb.CREATE_ENVIRONMENT, "new-1", "e-9") == (Kind.ENVIRONMENT, "e-9")
    assert watched(Verb.ADD_TASK, "e-1", "t-9") == (Kind.TASK, "t-9")


@pytest.mark.parametrize(
    ("verb", "params", "words"),
    [
        (Verb.CREATE_ENVIRONMENT, {"repository": URL, "timeout": 0.0}, f"from {URL}, timeout never"),
        (Verb.CREATE_ENVIRONMENT, {"project": "p"}, ""),
        (Verb.ADD_SERVICE, SERVICE, "web"),
    ],
)
def test_what_was_asked_for_in_words(verb, params, words):
    assert RULES[verb].words(params) == words
