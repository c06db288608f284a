"""Sending an automations file: not over somebody else's change, with the values that are there, seen afterwards."""

import json

import pytest

from dashboard.control import ledger
from dashboard.control.automations_file import check, write
from dashboard.control.models import Action, State
from dashboard.control.rule import CONFIRMED
from dashboard.control.verbs import RULES, Verb, mistake
from dashboard.fleet.automations_file import read
from dashboard.fleet.details import CurrentFile
from dashboard.fleet.entities import Environment
from dashboard.simulator import enums
from tests.control.conftest import seconds
from tests.unruly import carried_out_and_dropped, dropped, passed, refusing

VERB = Verb.UPSERT_AUTOMATIONS
RULE = RULES[VERB]
VALUE = "c4n4ry-of-a-container"
FILE = {
    "services": {
        "cache": {
            "name": "Cache",
            "commands": {"start": "redis-server"},
            "runsOn": {"docker": {"image": "redis:8", "environment": [f"PASSWORD={VALUE}", "MODE=plain"]}},
        }
    }
}


@pytest.fixture
def home(simulated):
    """A stopped environment, whose container has a variable."""
    environments = simulated.world.environments.values()
    found = next(one for one in environments if one.phase == enums.STOPPED and one.archived_at is None)
    simulated.ona.automations.upsert_file(found.id, FILE)
    return found


def params(simulated, home, edit=lambda text: text):
    current, _ = read(simulated.ona, home.id, 1.0)
    checked = check(edit(write(current)), current)
    assert not checked.mistakes
    return {"file": checked.file, "base": current.fingerprint, "adds": [], "changes": ["cache"]}


def renamed(text):
    return text.replace("name: Cache", "name: Fast cache")


def cache_of(home):
    return next(one.recipe for one in home.services if one.recipe.reference == "cache")


def test_what_is_read_shows_names_of_variables_and_no_value(simulated, home):
    current, items = read(simulated.ona, home.id, 1.0)
    text = write(current)
    assert "- PASSWORD=<unchanged>" in text
    assert VALUE not in text + repr(current) + repr(items)
    assert {one.reference for one in current.entries if one.left_out} == {
        one.recipe.reference for one in home.services if one.recipe.role not in {"", "SERVICE_ROLE_DEFAULT"}
    }


def test_a_file_that_is_sent_back_keeps_the_values_that_it_does_not_show(simulated, home):
    wanted = params(simulated, home, renamed)
    assert VALUE not in json.dumps(wanted)
    RULE.send(simulated.ona, home.id, wanted)
    assert cache_of(home).name == "Fast cache"
    assert cache_of(home).image_env == (f"PASSWORD={VALUE}", "MODE=plain")


def test_a_variable_that_the_file_leaves_out_goes_and_the_others_keep_their_values(simulated, home):
    RULE.send(
        simulated.ona, home.id, params(simulated, home, lambda text: text.replace("- MODE=<unchanged>", ""))
    )
    assert cache_of(home).image_env == (f"PASSWORD={VALUE}",)


def test_nothing_is_sent_over_what_somebody_else_changed_meanwhile(simulated, home):
    wanted = params(simulated, home, renamed)
    task = home.tasks[0]
    task.recipe = type(task.recipe)(**{**vars_of(task.recipe), "name": "Theirs"})
    simulated.wire.asked.clear()
    with pytest.raises(Exception, match="Not sent: somebody else changed"):
        RULE.send(simulated.ona, home.id, wanted)
    assert "UpsertAutomationsFile" not in simulated.wire.asked


def vars_of(recipe):
    return {name: getattr(recipe, name) for name in type(recipe).__dataclass_fields__}


def test_a_value_that_went_between_two_calls_is_not_sent_as_its_stand_in(simulated, home):
    wanted = params(simulated, home, renamed)
    asked = []

    def lost_after_the_first_look(app, environ, start_response):
        asked.append(1)
        if len(asked) == 2:
            service = next(one for one in home.services if one.recipe.reference == "cache")
            service.recipe = type(service.recipe)(**{**vars_of(service.recipe), "image_env": ()})
        return passed(app, environ, start_response)

    simulated.wire.on("ListServices", lost_after_the_first_look)
    with pytest.raises(Exception, match=r"variable of services\.cache could not be kept"):
        RULE.send(simulated.ona, home.id, wanted)
    assert "UpsertAutomationsFile" not in simulated.wire.asked[-4:]


# In the ledger


def asked(book, simulated, home, edit=renamed):
    row = Environment(home.id, "home", "stopped")
    action = ledger.request(
        book.user, VERB, row, simulated.snapshot().now().fleet, now=seconds(0), enqueue=book.queue.append,
        params=params(simulated, home, edit),
    ).action  # fmt: skip
    return ledger.claim(action.id, seconds(0))


def perform(action, simulated):
    ledger.perform(action, simulated.ona, lambda: seconds(1))
    return action


def test_it_is_confirmed_when_the_services_and_tasks_are_as_the_file_says(book, simulated, home):
    action = perform(asked(book, simulated, home), simulated)
    assert action.state == State.REQUESTED
    other = CurrentFile(home.id, 1.0)
    assert not ledger.observe(action, other, seconds(2).timestamp(), seconds(2))
    assert not ledger.observe(
        action, CurrentFile(home.id, 1.0, trouble="no"), seconds(2).timestamp(), seconds(2)
    )
    now, _ = read(simulated.ona, home.id, 1.0)
    assert ledger.observe(action, now, seconds(3).timestamp(), seconds(3))
    assert (action.state, RULE.ended(now, action.params)) == (State.CONFIRMED, CONFIRMED)
    assert VALUE not in json.dumps(Action.objects.get().params)


def test_what_is_not_seen_in_time_says_that_the_services_and_tasks_are_not_so(book, simulated, home):
    action = perform(asked(book, simulated, home), simulated)
    assert ledger.observe(action, CurrentFile(home.id, 1.0), seconds(200).timestamp(), seconds(200))
    assert (
        action.outcome
        == "Ona accepted it, but after 2 minutes the services and tasks are not all as the file says."
    )


def test_a_refusal_is_kept_in_the_apis_own_words_without_the_values(book, simulated, home):
    simulated.wire.on("UpsertAutomationsFile", refusing(400, "invalid_argument", f"bad value {VALUE}"))
    action = perform(asked(book, simulated, home), simulated)
    assert (action.state, VALUE in action.outcome) == (State.FAILED, False)
    simulated.wire.on("UpsertAutomationsFile", refusing(400, "invalid_argument", "the image does not exist"))
    action = perform(asked(book, simulated, home), simulated)
    assert "the image does not exist" in action.outcome


def test_it_is_tried_again_when_only_the_reading_before_it_failed(book, simulated, home):
    action = asked(book, simulated, home)
    simulated.wire.on("ListServices", refusing(503, "unavailable", "come back later"))
    perform(action, simulated)
    assert (action.state, "come back later" in action.outcome) == (State.QUEUED, True)
    assert "UpsertAutomationsFile" not in simulated.wire.asked[-3:]


@pytest.mark.parametrize(("meddler", "name"), [(dropped, "Cache"), (carried_out_and_dropped, "Fast cache")])
def test_it_is_never_sent_twice_when_its_answer_is_lost(book, simulated, home, meddler, name):
    action = asked(book, simulated, home)
    simulated.wire.on("UpsertAutomationsFile", meddler)
    perform(action, simulated)
    assert (action.state, cache_of(home).name) == (State.UNKNOWN, name)
    assert "Open the automations file" in action.outcome


def test_its_words_say_what_it_adds_and_changes(simulated, home):
    many = [f"task-{number}" for number in range(7)]
    assert RULE.words({"adds": ["lint"], "changes": ["web", "db"]}) == "adds lint, changes web, db"
    assert RULE.words({"adds": many}) == "adds task-0, task-1, task-2, task-3, task-4 and 2 more"
    assert mistake(VERB, {"file": {"tasks": {"a": {"name": ""}}}})[0] == "tasks.a.name"
