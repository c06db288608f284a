"""All-clear: who was told of a stop that will not come is told so once, and nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import (
    AuditEntry,
    Channel,
    Delivered,
    Delivery,
    Exemption,
    StopWarning,
    Topic,
    User,
)
from dashboard.control.notify import all_clear
from dashboard.control.notify import owed as notify
from dashboard.control.permissions import Forbidden
from dashboard.control.policies import changes as policies
from tests.control.conftest import NOW, seconds
from tests.control.test_batches import running
from tests.control.test_policies import HOUR, policy
from tests.control.test_warned import FRESH, IDLE, LEAD, NOBODYS, mail, moment, run, told, warning

assert mail
assert warning  # fixtures
ALL = (IDLE, NOBODYS, FRESH)


def arrive(*states):
    """The warnings that were written come to an end: each in its state, else sent."""
    for delivery, state in zip(told(), [*states, *(Delivered.SENT for _ in told())], strict=False):
        Delivery.objects.filter(pk=delivery.pk, state=Delivered.QUEUED).update(state=state)


def look(*rows, at):
    """What is written by one look at that time: to whom, what, about which."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    all_clear.tell(moment(*rows).fleet, seconds(at))
    new = Delivery.objects.exclude(pk__in=before).order_by("recipient")
    assert all(one.topic == Topic.CLEAR for one in new)
    return [(one.recipient, one.subject, sorted(one.environments)) for one in new]


def awake(row, at=300.0):
    return replace(row, signal_at=seconds(at).timestamp(), signal_source="VS Code")


def keep(admin, row, at=60.0):
    until = {"until": seconds(7 * HOUR), "now": seconds(at), "longest": exemptions.LONGEST}
    exemptions.grant(admin, moment().fleet, row=row, reason="<b>demo</b>", **until)


def test_who_was_warned_is_told_once_with_the_reason(warning):
    run()
    arrive()
    run(awake(IDLE), NOBODYS, at=360)
    assert look(awake(IDLE), at=370) == [], "they are gathered for a minute"
    found = look(awake(IDLE), at=420)
    assert found == [("mail:ada@example.com", "otter 0 is not stopped after all", ["e-0"])]
    body = Delivery.objects.get(topic=Topic.CLEAR).body
    assert "otter 0 was to be stopped at 12:30 UTC. It is not: active again 12:05 (VS Code)." in body
    assert look(awake(IDLE), at=480) == look(awake(IDLE), at=540) == []


@pytest.mark.parametrize("state", [Delivered.QUEUED, Delivered.FAILED, Delivered.GAVE_UP])
def test_what_was_not_sent_never_is_and_nobody_is_told_that_it_is_over(warning, state, admin):
    run(IDLE)
    arrive(state)
    run(awake(IDLE), at=360)
    assert look(awake(IDLE), at=420) == []
    [delivery] = told()
    if state == Delivered.GAVE_UP:
        assert not notify.try_again(delivery, admin, seconds(430))
    else:
        assert not notify.claim(delivery, seconds(430))
        assert told()[0].state == Delivered.GAVE_UP
    assert look(awake(IDLE), at=480) == []


def test_one_that_is_being_sent_is_waited_for(warning):
    run(IDLE)
    arrive(Delivered.SENDING)
    run(awake(IDLE), at=360)
    assert look(awake(IDLE), at=420) == []
    Delivery.objects.update(state=Delivered.SENT)
    assert len(look(awake(IDLE), at=430)) == 1


def test_what_was_stopped_or_is_gone_or_is_warned_of_by_another_policy_is_no_all_clear(admin):
    mine = policy(admin, name="Mine", armed=True, lead=LEAD)
    rows = [replace(running(number), creator_id="p-ada") for number in range(3)]
    run(*rows)
    policy(admin, name="Theirs", armed=True, lead=LEAD, scope="name:2")
    run(*rows, at=60)
    arrive()
    policies.pause(mine, admin, "a release", seconds(120))
    stopped = replace(rows[0], phase="stopping")
    standing = list(StopWarning.objects.filter(ended=None).values_list("name", flat=True))
    assert look(stopped, rows[2], at=240) == []
    assert standing == ["otter 2"]
    assert StopWarning.objects.filter(policy=mine, cleared=None).count() == 0


@pytest.mark.parametrize("deed", ["paused", "changed", "deleted", "exempt"])
def test_many_of_one_owner_are_one_message_and_the_channel_hears_too(admin, deed):
    team = Channel.objects.create(name="Team", kind="mail", created=NOW, changed=NOW)
    known = policy(admin, armed=True, lead=LEAD, channel=team)
    rows = [replace(running(number), creator_id="p-ada") for number in range(3)]
    run(*rows)
    arrive()
    known.refresh_from_db()
    if deed == "paused":
        policies.pause(known, admin, "a release", seconds(60))
    elif deed == "changed":
        policies.keep(known, admin, seconds(60))
    elif deed == "deleted":
        policies.delete(known, admin, seconds(60))
    for row in rows if deed == "exempt" else ():
        keep(admin, row)
    written = Delivery.objects.filter(topic=Topic.CLEAR)
    if deed != "deleted":
        look(*rows, at=120)
    assert sorted(one.recipient for one in written) == [f"channel:{team.pk}", "mail:ada@example.com"]
    assert {one.subject for one in written} == {
        "3 of your environments are not stopped after all",
        "3 environments are not stopped after all",
    }
    assert look(*rows, at=180) == []
    assert all("<b>" not in one.body for one in written)


def test_a_spell_that_is_warned_of_anew_may_end_anew(warning, admin):
    run(IDLE)
    arrive()
    keep(admin, IDLE)
    assert len(look(IDLE, at=130)) == 1
    exemptions.end(Exemption.objects.get(), admin, moment().fleet, seconds(140))
    run(IDLE, at=180)
    assert len(told()) == 2
    arrive()
    keep(admin, IDLE, at=240)
    assert len(look(IDLE, at=310)) == 1


def test_long_after_its_time_there_is_no_news(warning):
    run(IDLE)
    arrive()
    run(awake(IDLE, at=LEAD + HOUR + 60), at=LEAD + HOUR + 120)
    assert look(awake(IDLE), at=LEAD + HOUR + 190) == []


def test_what_was_given_up_is_tried_again_once_by_an_admin_and_stands_in_the_audit(db, admin, monkeypatch):
    recipient = notify.Recipient("ada@example.com", name="Ada")
    for occasion, until in (("one", None), ("late", NOW + timedelta(hours=1))):
        notify.tell(occasion, [recipient], "Hello", "…", topic=Topic.REPORT, now=NOW, until=until)
    notify.tell("nobody", [notify.Recipient()], "Hello", "…", topic=Topic.REPORT, now=NOW)
    Delivery.objects.update(state=Delivered.GAVE_UP, why="it answered 550", attempts=8)
    one, late, nobody = (Delivery.objects.get(occasion=name) for name in ("one", "late", "nobody"))
    operator = User.objects.create(username="olga", role="operator")
    with pytest.raises(Forbidden):
        notify.try_again(one, operator, NOW)
    assert [notify.try_again(one, admin, NOW) for _ in range(2)] == [True, False]
    assert not notify.try_again(late, admin, NOW + timedelta(hours=1))
    assert not notify.try_again(nobody, admin, NOW)
    one.refresh_from_db()
    assert (one.state, one.attempts, one.why) == (Delivered.QUEUED, 0, "")
    assert notify.claim(one, ledger.utc_now())
    entry = AuditEntry.objects.get(act="message-again")
    assert (entry.target_name, entry.outcome) == ("Hello", "given up because it answered 550")
