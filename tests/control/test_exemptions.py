"""Exemptions: who may grant which, what is refused with which words, what holds, and what stays on record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.control import batches
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Exemption, Role, State
from dashboard.control.permissions import Forbidden
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import Fleet
from tests.control.conftest import FLEET, MINE, NOW, PEOPLE, THEIRS, user
from tests.control.test_batches import begun, claimed, seen

WEEK = timedelta(days=7)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def operator(db):
    return user(Role.OPERATOR, "operator@example.com")


def grant(who, row=MINE, **changes):
    given = {"reason": "a demo", "until": TOMORROW, "now": NOW, "longest": WEEK} | changes
    return exemptions.grant(who, FLEET, row=row, **given)


def holds(now=NOW, fleet=FLEET):
    return exemptions.holds(fleet, now)


def test_it_holds_until_its_end_and_says_who_and_why(operator):
    grant(operator)
    assert holds() == {MINE.id: f"exempt until Tue 22 Sep 12:00 ({operator}: a demo)"}
    assert holds(TOMORROW - timedelta(seconds=1)) != {}
    assert holds(TOMORROW) == {}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"until": NOW}, "until", "ends in the future"),
        ({"until": NOW - timedelta(days=1)}, "until", "ends in the future"),
        (
            {"until": NOW + timedelta(days=8)},
            "until",
            "The latest end that you may choose is Mon 28 Sep 12:00",
        ),
        ({"reason": ""}, "reason", "Say why"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(operator, changes, field, words):
    with pytest.raises(exemptions.Refused, match=words) as refused:
        grant(operator, **changes)
    assert refused.value.field == field
    assert not Exemption.objects.exists()
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("query", "words"), [("", "whole fleet"), ("projekt:web", "no field projekt"), ('"open', "not closed")]
)
def test_a_filter_that_is_empty_or_wrong_is_refused(admin, query, words):
    with pytest.raises(exemptions.Refused, match=words):
        grant(admin, None, query=query)


def test_who_may_grant_what(admin, operator, db):
    grant(admin, THEIRS, until=NOW + timedelta(days=300))
    with pytest.raises(exemptions.Refused):
        grant(admin, THEIRS, until=NOW + timedelta(days=400))
    for who, row, query in ((operator, THEIRS, ""), (operator, None, "otter"), (user(Role.VIEWER), MINE, "")):
        with pytest.raises(Forbidden):
            grant(who, row, query=query)
    assert Exemption.objects.count() == 1


def test_one_by_filter_holds_whatever_matches_then(admin):
    grant(admin, None, query="creator:ada")
    assert set(holds()) == {THEIRS.id}
    now_hers = replace(MINE, creator_id="p-ada")
    people = {person.id: person for person in PEOPLE}
    fleet = Fleet("e", 2, {Kind.ENVIRONMENT: {MINE.id: now_hers}, Kind.PERSON: people})
    assert set(holds(fleet=fleet)) == {MINE.id}


def test_of_several_the_one_that_ends_last_is_told(admin, operator):
    grant(operator, until=NOW + timedelta(days=3))
    grant(admin)
    assert holds()[MINE.id].startswith("exempt until Thu 24 Sep")


def test_it_is_ended_early_by_its_owner_its_granter_or_an_admin_and_once(admin, operator):
    theirs, mine = grant(admin, THEIRS), grant(admin)
    with pytest.raises(Forbidden):
        exemptions.end(theirs, operator, FLEET, NOW)
    with pytest.raises(Forbidden):
        exemptions.end(mine, user(Role.VIEWER), FLEET, NOW)
    assert exemptions.end(mine, operator, FLEET, NOW)
    assert not exemptions.end(mine, admin, FLEET, NOW)
    assert set(holds()) == {THEIRS.id}


def test_both_are_lines_of_the_ledger(operator):
    exemptions.end(grant(operator), operator, FLEET, NOW)
    lines = [(one.verb, one.state, one.target_id, one.reason) for one in Action.objects.order_by("verb")]
    assert lines == [
        ("environment.end-exemption", State.CONFIRMED, MINE.id, ""),
        ("environment.exempt", State.CONFIRMED, MINE.id, "a demo"),
    ]
    assert "until Tue 22 Sep 12:00" in Action.objects.get(verb="environment.exempt").outcome


def test_one_granted_after_the_dialog_is_heeded_at_the_moment_of_sending(admin):
    action = claimed(begun(admin))
    row = seen().row
    grant(admin, row)
    assert batches.why_skip(action, seen(), NOW, FLEET).startswith("exempt until")
