"""What the dashboard made for somebody is theirs here, whoever it belongs to upstream."""

from dataclasses import replace

import pytest

from dashboard.control.models import Action, Role, State, User
from dashboard.control.permissions import can, exemption_refusal, seen_as
from dashboard.control.verbs import Verb
from tests.control.conftest import FLEET, MINE, NOW, SERVICE, THEIRS

KEYS = replace(MINE, id="e-made", creator_id="p-service-account")
FLEET_WITH_IT = replace(FLEET, rows={**FLEET.rows, "environment": {**FLEET.environments, KEYS.id: KEYS}})
INSIDE = replace(SERVICE, environment_id=KEYS.id)


def person(name, role=Role.OPERATOR):
    return User.objects.create(username=name, role=role)


def creation(who, result_id=KEYS.id, verb=Verb.CREATE_ENVIRONMENT):
    return Action.objects.create(
        verb=verb.value,
        kind="environment",
        target_id=f"new-{who.pk}-{verb}",
        actor=who,
        state=State.CONFIRMED,
        result_id=result_id,
        created=NOW,
        not_before=NOW,
    )


@pytest.mark.django_db
def test_whoever_asked_for_it_may_stop_change_exempt_and_delete_it():
    oda, ada = person("oda"), person("ada")
    assert not can(oda, Verb.STOP_ENVIRONMENT, KEYS, FLEET_WITH_IT)
    creation(oda)
    for verb in (
        Verb.STOP_ENVIRONMENT,
        Verb.START_ENVIRONMENT,
        Verb.EDIT_ENVIRONMENT,
        Verb.DELETE_ENVIRONMENT,
    ):
        assert can(oda, verb, KEYS, FLEET_WITH_IT)
        assert not can(ada, verb, KEYS, FLEET_WITH_IT)
    assert can(oda, Verb.EDIT_SERVICE, INSIDE, FLEET_WITH_IT)
    assert exemption_refusal(oda, KEYS, FLEET_WITH_IT) == ""
    assert seen_as(oda, KEYS, FLEET_WITH_IT) != seen_as(ada, KEYS, FLEET_WITH_IT)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("result_id", "verb", "role"),
    [
        ("", Verb.CREATE_ENVIRONMENT, Role.OPERATOR),  # asked for, and it came to nothing
        (THEIRS.id, Verb.CREATE_ENVIRONMENT, Role.OPERATOR),
        (KEYS.id, Verb.ADD_SERVICE, Role.OPERATOR),  # a service with such an id is no environment
        (KEYS.id, Verb.CREATE_ENVIRONMENT, Role.VIEWER),  # who is only a viewer by now
    ],
)
def test_nothing_else_that_somebody_asked_for_makes_it_theirs(result_id, verb, role):
    who = person("oda", role)
    creation(who, result_id, verb)
    assert not can(who, Verb.STOP_ENVIRONMENT, KEYS, FLEET_WITH_IT)
