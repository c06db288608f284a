"""After a stop: every owner is told once, by whom and why, with the link that starts it again."""

from datetime import timedelta

import pytest

from dashboard.control import batches
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Batch, Channel, Delivery, Role, State, Topic
from dashboard.control.notify import afterwards
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Kind, Person
from dashboard.fleet.snapshot import Fleet
from tests.control.conftest import NOW, seconds, user
from tests.control.test_policies import policy

ADA, BOB = Person("p-ada", "Ada", "ada@example.com"), Person("p-bob", "Bob", "bob@example.com")
ROWS = [Environment(f"e-{number}", f"otter {number}", "running", creator_id="p-ada") for number in range(3)]
OTHERS = Environment("e-9", "owl", "running", creator_id="p-bob")
NOBODYS = Environment("e-8", "hare", "running")


def fleet(*rows):
    return Fleet(
        "e", 1, {Kind.ENVIRONMENT: {row.id: row for row in rows}, Kind.PERSON: {"p-ada": ADA, "p-bob": BOB}}
    )


ALL = (*ROWS, OTHERS, NOBODYS)
FLEET = fleet(*ALL)


@pytest.fixture(autouse=True)
def mail(settings):
    settings.ONA_SIMULATED, settings.PUBLIC_URL = True, "https://ona.example.com"


def stopped(who, rows=ALL, verb=Verb.STOP_ENVIRONMENT, state=State.CONFIRMED, **options):
    """A batch that has come to its end."""
    batch = batches.ask(who, verb, rows, now=NOW, **options)
    batches.begin(batch, who, FLEET, reason="clean-up", now=NOW)
    Action.objects.filter(batch=batch).update(state=state, ended=seconds(60))
    return batch


def told(at=120.0, of=FLEET):
    afterwards.tell_stopped(of, seconds(at))
    return {one.recipient: one for one in Delivery.objects.filter(topic=Topic.AFTER)}


def test_owners_of_many_get_one_message_and_nobody_gets_two(admin):
    stopped(admin)
    found = told()
    assert set(found) == {"mail:ada@example.com", "mail:bob@example.com", "nobody"}
    mine, his = found["mail:ada@example.com"], found["mail:bob@example.com"]
    assert (mine.subject, mine.environments) == ("3 of your environments were stopped", ["e-0", "e-1", "e-2"])
    assert his.subject == "owl was stopped"
    assert f"By {admin}:" in his.body
    assert "owl was stopped at 12:01 UTC, because: clean-up." in his.body
    assert "Start it again: https://ona.example.com/environments/e-9/start/" in his.body
    assert len(told(at=600)) == 3


def test_nobody_is_told_before_the_whole_batch_has_ended(admin):
    batch = stopped(admin)
    Action.objects.filter(batch=batch, target_id="e-9").update(state=State.REQUESTED, ended=None)
    assert told() == {}


@pytest.mark.parametrize("state", [State.SKIPPED, State.FAILED, State.UNKNOWN])
def test_of_what_was_not_stopped_nobody_is_told(admin, state):
    stopped(admin, state=state)
    assert told() == {}


def test_what_was_tried_again_is_told_of_then_and_nothing_twice(admin):
    batch = stopped(admin, ROWS)
    Action.objects.filter(batch=batch, target_id="e-0").update(state=State.FAILED)
    assert [one.environments for one in told().values()] == [["e-1", "e-2"]]
    batches.retry(batch, admin, FLEET, seconds(200))
    Action.objects.filter(batch=batch, state=State.QUEUED).update(state=State.CONFIRMED, ended=seconds(260))
    told(at=300)
    assert sorted(one.environments for one in Delivery.objects.all()) == [["e-0"], ["e-1", "e-2"]]


def test_whoever_stopped_their_own_is_not_told(db):
    ada = user(Role.ADMIN, "Ada@example.com")
    stopped(ada, (*ROWS, OTHERS))
    assert set(told()) == {"mail:bob@example.com"}


def test_a_policy_tells_its_channel_too_and_the_fallback_where_no_address_is_known(admin):
    ops, team = (
        Channel.objects.create(name=name, kind="mail", created=NOW, changed=NOW) for name in ("Ops", "Team")
    )
    one = policy(admin, armed=True, channel=team, fallback=ops)
    stopped(admin, policy=one)
    found = {key: sorted(one.environments) for key, one in told().items()}
    assert found[f"channel:{ops.pk}"] == ["e-8"]
    assert len(found[f"channel:{team.pk}"]) == 5


def test_what_an_operator_had_the_dashboard_make_is_theirs_though_a_key_made_it(admin):
    oda = user(Role.OPERATOR, "oda@example.com")
    Action.objects.create(
        verb="environment.create", kind="environment", target_id="new", target_name="x", actor=oda,
        result_id="e-8", state=State.CONFIRMED, created=NOW, not_before=NOW,
    )  # fmt: skip
    stopped(admin, [NOBODYS])
    assert set(told()) == {"mail:oda@example.com"}


def test_of_a_delete_the_message_says_so_and_offers_no_start(admin):
    stopped(admin, [OTHERS], verb=Verb.DELETE_ENVIRONMENT)
    [one] = told().values()
    assert one.subject == "owl was deleted"
    assert "cannot be undone" in one.body
    assert "/start/" not in one.body


def test_an_old_batch_is_no_news(admin):
    batch = stopped(admin)
    assert told(at=90_000) == {}
    batch.refresh_from_db()
    assert batch.told is None


def test_an_exemption_is_announced_the_day_before_its_end_to_who_granted_it(db):
    ada = user(Role.ADMIN, "ada@example.com")
    for days, reason in ((3, "demo"), (0.5, "a short one")):
        given = {
            "reason": reason,
            "until": NOW + timedelta(days=days),
            "now": NOW,
            "longest": exemptions.LONGEST,
        }
        exemptions.grant(ada, FLEET, row=OTHERS, **given)
    assert exemptions.announce(seconds(3600)) == 0
    for hours in (49, 50):
        exemptions.announce(NOW + timedelta(hours=hours))
    [one] = Delivery.objects.filter(topic=Topic.EXEMPTION)
    assert (one.recipient, one.environments) == ("mail:ada@example.com", ["e-9"])
    assert "The exemption of owl ends at" in one.subject
    assert "https://ona.example.com/environments/e-9/keep/" in one.body


def test_an_exemption_that_was_granted_a_moment_ago_is_not_announced_to_end(db):
    ada = user(Role.ADMIN, "ada@example.com")
    until = NOW + timedelta(hours=25)
    exemptions.grant(
        ada, FLEET, row=OTHERS, reason="until six", until=until, now=NOW, longest=exemptions.LONGEST
    )
    assert [exemptions.announce(NOW + timedelta(hours=hours)) for hours in (1, 2, 12, 13, 24)] == [
        0,
        0,
        0,
        1,
        0,
    ]


def test_batches_that_only_start_are_not_told_of(admin):
    stopped(admin, verb=Verb.START_ENVIRONMENT)
    assert told() == {}
    assert Batch.objects.get().told is None
