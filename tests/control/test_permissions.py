"""Who may do what, by role, verb and ownership."""

from dataclasses import replace

import pytest

from dashboard.control.models import Role, User
from dashboard.control.permissions import TABLE, can, ona_person, refusal, seen_as
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment
from tests.control.conftest import EXECUTION, FLEET, MINE, SERVICE, TASK, THEIRS

MAIL = "operator@example.com"
ON_ENVIRONMENTS = (
    Verb.START_ENVIRONMENT,
    Verb.STOP_ENVIRONMENT,
    Verb.EDIT_ENVIRONMENT,
    Verb.EDIT_PORTS,
    Verb.KEEP_AWAKE,
    Verb.UNARCHIVE_ENVIRONMENT,
    Verb.DELETE_ENVIRONMENT,
    Verb.ADD_SERVICE,
    Verb.ADD_TASK,
)
ON_OTHERS = (
    (Verb.START_SERVICE, SERVICE),
    (Verb.STOP_SERVICE, SERVICE),
    (Verb.START_TASK, TASK),
    (Verb.STOP_EXECUTION, EXECUTION),
    (Verb.CREATE_ENVIRONMENT, Environment("new-1")),
)

IN_ENVIRONMENTS = (
    (Verb.EDIT_SERVICE, SERVICE),
    (Verb.DELETE_SERVICE, SERVICE),
    (Verb.EDIT_TASK, TASK),
    (Verb.DELETE_TASK, TASK),
)
"""What is in somebody else's environment."""


@pytest.mark.parametrize(
    ("role", "verb", "row", "allowed"),
    [
        *[(Role.VIEWER, verb, row, False) for verb in ON_ENVIRONMENTS for row in (MINE, THEIRS)],
        *[(Role.VIEWER, verb, row, False) for verb, row in ON_OTHERS],
        *[(Role.OPERATOR, verb, MINE, True) for verb in ON_ENVIRONMENTS],
        *[(Role.OPERATOR, verb, THEIRS, False) for verb in ON_ENVIRONMENTS],
        *[(Role.OPERATOR, verb, row, True) for verb, row in ON_OTHERS],
        *[(Role.ADMIN, verb, row, True) for verb in ON_ENVIRONMENTS for row in (MINE, THEIRS)],
        *[(Role.ADMIN, verb, row, True) for verb, row in (*ON_OTHERS, *IN_ENVIRONMENTS)],
        *[(Role.VIEWER, verb, row, False) for verb, row in IN_ENVIRONMENTS],
        *[(Role.OPERATOR, verb, row, False) for verb, row in IN_ENVIRONMENTS],
        *[(Role.OPERATOR, verb, replace(row, environment_id=MINE.id), True) for verb, row in IN_ENVIRONMENTS],
        *[(Role.OPERATOR, verb, replace(row, environment_id="gone"), False) for verb, row in IN_ENVIRONMENTS],
        *[(Role.OPERATOR, Verb.FORCE_DELETE_ENVIRONMENT, row, False) for row in (MINE, THEIRS)],
        (Role.ADMIN, Verb.FORCE_DELETE_ENVIRONMENT, THEIRS, True),
        *[(Role.OPERATOR, Verb.MAKE_ACCESS_TOKEN, row, False) for row in (MINE, THEIRS)],
        (Role.ADMIN, Verb.MAKE_ACCESS_TOKEN, THEIRS, True),
        # a role that does not exist may nothing, and a verb for environments covers nothing else
        ("owner", Verb.STOP_SERVICE, SERVICE, False),
        ("", Verb.STOP_SERVICE, SERVICE, False),
        (Role.OPERATOR, Verb.STOP_ENVIRONMENT, SERVICE, False),
    ],
)
def test_who_may_do_what(role, verb, row, allowed):
    user = User(username="someone", role=role, email=MAIL)
    assert can(user, verb, row, FLEET) is allowed
    assert bool(refusal(user, verb, row, FLEET)) is not allowed


@pytest.mark.parametrize(
    ("email", "person"),
    [
        ("operator@example.com", "p-oda"),
        ("OPERATOR@EXAMPLE.COM", "p-oda"),
        (" operator@example.com ", "p-oda"),
        ("twin@example.com", ""),
        ("stranger@example.com", ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_an_address_ties_a_person_to_ona_unless_it_is_shared(email, person):
    assert ona_person(User(email=email), FLEET) == person


@pytest.mark.parametrize("email", ["twin@example.com", "", "stranger@example.com"])
@pytest.mark.parametrize("creator", ["", "p-twin-1", "p-twin-2"])
def test_nobody_owns_what_has_no_creator_or_one_of_two(email, creator):
    user = User(username="someone", role=Role.OPERATOR, email=email)
    assert not can(user, Verb.STOP_ENVIRONMENT, Environment("e", creator_id=creator), FLEET)


@pytest.mark.parametrize("row", [SERVICE, TASK, EXECUTION])
def test_people_who_may_do_different_things_to_a_row_are_seen_as_different(row):
    oda, ada = (User(role=Role.OPERATOR, email=address) for address in (MAIL, "ada@example.com"))
    assert seen_as(oda, row, FLEET) != seen_as(ada, row, FLEET)
    assert seen_as(oda, replace(row, environment_id=MINE.id), FLEET) == seen_as(ada, row, FLEET)


def test_every_verb_is_in_the_table():
    assert set(TABLE) == set(Verb)
