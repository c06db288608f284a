"""When a verb makes sense, and how its end is recognised."""

import pytest

from dashboard.control.verbs import RULES, Outcome, Verb, verbs_of, watched
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.ona.errors import Unsendable

ENVIRONMENT = (
    "",
    "creating",
    "starting",
    "running",
    "updating",
    "stopping",
    "stopped",
    "deleting",
    "deleted",
)
SERVICE = ("", "starting", "running", "stopping", "stopped", "failed", "deleted")
EXECUTION = ("", "pending", "running", "succeeded", "failed", "stopped")
ROW = {Kind.ENVIRONMENT: Environment, Kind.SERVICE: Service, Kind.TASK: Task, Kind.EXECUTION: Execution}


@pytest.mark.parametrize(
    ("verb", "phases", "sensible"),
    [
        (Verb.STOP_ENVIRONMENT, ENVIRONMENT, {"", "creating", "starting", "running", "updating"}),
        (Verb.START_ENVIRONMENT, ENVIRONMENT, {"", "stopped"}),
        (Verb.START_SERVICE, SERVICE, {"", "stopping", "stopped", "failed"}),
        (Verb.STOP_SERVICE, SERVICE, {"starting", "running"}),
        (Verb.STOP_EXECUTION, EXECUTION, {"", "pending", "running"}),
    ],
)
def test_in_which_phases_a_verb_makes_sense(verb, phases, sensible):
    row = ROW[RULES[verb].kind]
    assert {phase for phase in phases if not RULES[verb].pointless(row("x", phase=phase))} == sensible


def test_a_task_can_always_be_run_again():
    assert RULES[Verb.START_TASK].pointless(Task("t")) == ""


def test_an_archived_environment_is_not_started():
    assert "archive" in RULES[Verb.START_ENVIRONMENT].pointless(
        Environment("e", phase="stopped", archived=1.0)
    )


@pytest.mark.parametrize(
    ("verb", "phases", "confirmed"),
    [
        (Verb.STOP_ENVIRONMENT, ENVIRONMENT, {"stopped", "deleting", "deleted"}),
        (Verb.START_ENVIRONMENT, ENVIRONMENT, {"running", "updating"}),
        (Verb.START_SERVICE, SERVICE, {"running"}),
        (Verb.STOP_SERVICE, SERVICE, {"stopped", "failed", "deleted"}),
        (Verb.START_TASK, EXECUTION, {"running", "succeeded", "failed", "stopped"}),
        (Verb.STOP_EXECUTION, EXECUTION, {"succeeded", "failed", "stopped"}),
    ],
)
def test_which_phases_confirm_it(verb, phases, confirmed):
    row = ROW[watched(verb, "x", "y")[0]]
    ends = {phase: RULES[verb].ended(row("x", phase=phase), {}) for phase in phases}
    assert {phase for phase, end in ends.items() if end and end.state == "confirmed"} == confirmed


@pytest.mark.parametrize(
    ("verb", "row", "outcome"),
    [
        (Verb.START_ENVIRONMENT, Environment("e", phase="stopped", failures=("no machine",)), "no machine"),
        (Verb.START_ENVIRONMENT, Environment("e", phase="stopping", failures=("no machine",)), "no machine"),
        (Verb.START_ENVIRONMENT, Environment("e", phase="starting", failures=("old",)), None),
        (Verb.START_ENVIRONMENT, Environment("e", phase="stopped"), None),
        (Verb.START_SERVICE, Service("s", phase="failed", failure="exit 1"), "exit 1"),
        (Verb.START_SERVICE, Service("s", phase="failed"), "the service failed"),
        (Verb.START_SERVICE, Service("s", phase="stopped"), None),
    ],
)
def test_a_start_that_fails_says_why(verb, row, outcome):
    assert RULES[verb].ended(row, {}) == (outcome and Outcome("failed", outcome))


MAKES = {
    Verb.START_TASK: Kind.EXECUTION,
    Verb.CREATE_ENVIRONMENT: Kind.ENVIRONMENT,
    Verb.ADD_SERVICE: Kind.SERVICE,
    Verb.ADD_TASK: Kind.TASK,
    Verb.UPSERT_AUTOMATIONS: None,  # it makes services and tasks, as many as the file has
    Verb.MAKE_ACCESS_TOKEN: None,  # it makes nothing that could be watched
}


def test_only_what_makes_something_must_not_be_repeated_and_says_where_to_look_first():
    assert {verb: rule.makes for verb, rule in RULES.items() if not rule.repeatable} == MAKES
    assert {verb for verb, rule in RULES.items() if rule.look_first} == set(MAKES)


def test_an_access_token_is_no_matter_for_pages_and_workers():
    assert [verb for verb, rule in RULES.items() if rule.console] == [Verb.MAKE_ACCESS_TOKEN]
    assert Verb.MAKE_ACCESS_TOKEN not in verbs_of(Kind.ENVIRONMENT)
    with pytest.raises(Unsendable, match=r"only by manage\.py"):
        RULES[Verb.MAKE_ACCESS_TOKEN].send(None, "e", {})


def test_every_verb_has_a_rule_of_its_own_kind():
    assert set(RULES) == set(Verb)
    for kind in ROW:
        assert {verb.partition(".")[0] for verb in verbs_of(kind)} <= {kind.value}
    assert verbs_of(Kind.TASK) == [Verb.START_TASK, Verb.EDIT_TASK, Verb.DELETE_TASK]


def test_of_a_task_the_execution_it_made_is_watched():
    assert watched(Verb.START_TASK, "t-1", "x-9") == (Kind.EXECUTION, "x-9")
    assert watched(Verb.STOP_SERVICE, "s-1", "") == (Kind.SERVICE, "s-1")
