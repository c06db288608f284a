"""Edits, deletions and signs of activity: when they make sense, when they have ended, their words."""

import pytest

from dashboard.control.rule import CONFIRMED
from dashboard.control.rules import edits
from dashboard.control.verbs import RULES, Verb, mistake
from dashboard.fleet.entities import Environment, Service, Task, mark
from tests.control.test_verbs import ENVIRONMENT, SERVICE

ALL = set(ENVIRONMENT)
GOING = {"deleting", "deleted"}
MARKS = (mark("run"), mark("check"), "")


@pytest.mark.parametrize(
    ("verb", "sensible"),
    [
        (Verb.EDIT_ENVIRONMENT, ALL - GOING),
        (Verb.DELETE_ENVIRONMENT, ALL - GOING),
        (Verb.FORCE_DELETE_ENVIRONMENT, ALL - {"deleted"}),
        (Verb.KEEP_AWAKE, {"running", "updating"}),
        (Verb.UNARCHIVE_ENVIRONMENT, set()),
    ],
)
def test_in_which_phases_a_verb_makes_sense(verb, sensible):
    assert {
        phase for phase in ENVIRONMENT if not RULES[verb].pointless(Environment("e", phase=phase))
    } == sensible


@pytest.mark.parametrize("verb", [Verb.EDIT_SERVICE, Verb.DELETE_SERVICE])
def test_only_a_deleted_service_is_past_it(verb):
    assert {phase for phase in SERVICE if RULES[verb].pointless(Service("s", phase=phase))} == {"deleted"}


def test_what_is_archived_can_be_taken_out():
    rule = RULES[Verb.UNARCHIVE_ENVIRONMENT]
    assert rule.pointless(Environment("e", phase="stopped", archived=1.0)) == ""
    assert rule.ended(Environment("e", phase="stopped", archived=1.0), {}) is None
    assert rule.ended(Environment("e", phase="stopped"), {}) == CONFIRMED


@pytest.mark.parametrize(
    ("verb", "row", "params", "confirmed"),
    [
        (Verb.EDIT_ENVIRONMENT, Environment("e", "web", timeout=1800.0), {"name": "web"}, True),
        (Verb.EDIT_ENVIRONMENT, Environment("e", "web", timeout=0.0), {"name": "web", "timeout": 0.0}, True),
        (
            Verb.EDIT_ENVIRONMENT,
            Environment("e", "web", timeout=1800.0),
            {"name": "web", "timeout": 0.0},
            False,
        ),
        (Verb.EDIT_ENVIRONMENT, Environment("e", "web"), {"timeout": 0.0}, False),
        (Verb.EDIT_ENVIRONMENT, Environment("e", "old"), {"name": "web"}, False),
        (Verb.EDIT_ENVIRONMENT, Environment("e", "old"), {}, False),
        (Verb.EDIT_SERVICE, Service("s", name="db", marks=MARKS), {"name": "db", "start": "run"}, True),
        (Verb.EDIT_SERVICE, Service("s", name="db", marks=MARKS), {"stop": ""}, True),
        (Verb.EDIT_SERVICE, Service("s", name="db", marks=MARKS), {"start": "walk"}, False),
        (Verb.EDIT_SERVICE, Service("s", name="db"), {"name": "db", "start": "run"}, False),  # an old row
        (Verb.EDIT_SERVICE, Service("s", description="x"), {"description": "y"}, False),
        (Verb.EDIT_TASK, Task("t", name="b", mark=mark("make")), {"command": "make"}, True),
        (Verb.EDIT_TASK, Task("t", name="b", mark=mark("make")), {"command": "make all"}, False),
        (Verb.EDIT_TASK, Task("t", name="b", description="z"), {"description": "z", "name": "b"}, True),
    ],
)
def test_an_edit_is_confirmed_when_the_row_shows_all_of_it(verb, row, params, confirmed):
    assert RULES[verb].ended(row, params) == (CONFIRMED if confirmed else None)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (Environment("e", phase="running", signal_source="us", signal_at=1000.0), "confirmed"),
        (Environment("e", phase="running", signal_source="us", signal_at=800.0), "confirmed"),  # rounded
        (Environment("e", phase="running", signal_source="us", signal_at=600.0), None),
        (Environment("e", phase="running", signal_source="VS Code", signal_at=999.0), None),
        (Environment("e", phase="running", signal_source="VS Code", signal_at=1001.0), "confirmed"),
        (Environment("e", phase="running"), None),
        (Environment("e", phase="stopping"), "failed"),
    ],
)
def test_activity_is_confirmed_when_it_or_something_newer_shows(row, state):
    ended = RULES[Verb.KEEP_AWAKE].ended(row, {"source": "us", "at": 1000.0})
    assert (ended and ended.state) == state


@pytest.mark.parametrize("verb", [Verb.DELETE_ENVIRONMENT, Verb.FORCE_DELETE_ENVIRONMENT])
def test_a_delete_has_ended_when_it_is_deleted_or_gone(verb):
    rule = RULES[verb]
    assert {phase for phase in ENVIRONMENT if rule.ended(Environment("e", phase=phase), {})} == {"deleted"}
    assert rule.gone.state == "confirmed"


@pytest.mark.parametrize("person", ["Ada", "", "A" * 200, " Ada \n Lovelace "])
def test_the_source_keeps_to_the_apis_length(person):
    source = edits.source(person)
    assert 3 <= len(source) <= 80
    assert mistake(Verb.KEEP_AWAKE, {"source": source}) == ("", "")


@pytest.mark.parametrize(
    ("verb", "params", "words"),
    [
        (Verb.EDIT_ENVIRONMENT, {"timeout": 7200.0}, "timeout 2 h"),
        (Verb.EDIT_ENVIRONMENT, {"timeout": 5400.0, "name": "web"}, "timeout 90 min, name web"),
        (Verb.EDIT_ENVIRONMENT, {"timeout": 0.0}, "timeout never"),
        (Verb.EDIT_SERVICE, {"stop": ""}, "stop none"),
        (Verb.EDIT_TASK, {"command": "a\nb"}, "command a b"),
        (Verb.EDIT_TASK, {"command": "x" * 100}, "command " + "x" * 59 + "…"),
        (Verb.DELETE_TASK, {}, ""),
    ],
)
def test_what_was_asked_for_in_words(verb, params, words):
    assert RULES[verb].words(params) == words


@pytest.mark.parametrize(
    ("verb", "params", "field"),
    [
        (Verb.EDIT_ENVIRONMENT, {"name": "x" * 129}, "name"),
        (Verb.EDIT_ENVIRONMENT, {"timeout": 1799.0}, "timeout"),
        (Verb.EDIT_ENVIRONMENT, {"timeout": -1.0}, "timeout"),
        (Verb.EDIT_ENVIRONMENT, {"timeout": 0.0}, ""),
        (Verb.EDIT_SERVICE, {"name": ""}, "name"),
        (Verb.EDIT_TASK, {"name": ""}, "name"),
        (Verb.KEEP_AWAKE, {"source": "ab"}, "source"),
        (Verb.STOP_ENVIRONMENT, {"anything": 1}, ""),
    ],
)
def test_a_value_beyond_a_limit_is_named(verb, params, field):
    named, rule = mistake(verb, params)
    assert (named, bool(rule)) == (field, bool(field))
