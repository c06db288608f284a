"""Warnings before a stop: one for each idle spell, with a deadline that holds, told to whoever owns the environment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.control import batches
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Channel, Delivered, Delivery, StopWarning, Topic
from dashboard.control.notify import warned
from dashboard.control.policies import changes as policies
from dashboard.control.policies import runs as policy_runs
from dashboard.fleet.entities import Execution, Kind, Person
from dashboard.fleet.look import Look
from dashboard.fleet.snapshot import Fleet, Moment
from dashboard.fleet.store import Sweep
from tests.control.conftest import NOW, seconds
from tests.control.test_batches import running
from tests.control.test_policies import HOUR, policy

LEAD = 1800.0
ADA = Person("p-ada", "Ada", "ada@example.com")
IDLE = replace(running(0), creator_id="p-ada")
NOBODYS = replace(running(1), creator_id="p-gone")
FRESH = replace(running(2), creator_id="p-ada", signal_at=NOW.timestamp() - 60)
ROWS = (IDLE, NOBODYS, FRESH)


def moment(*rows, at=0.0, work=()):
    tables = {
        Kind.ENVIRONMENT: {row.id: row for row in rows or ROWS},
        Kind.PERSON: {ADA.id: ADA},
        Kind.EXECUTION: {one.id: one for one in work},
    }
    return Moment(
        Fleet("e", 1, tables),
        {name: Sweep(name, seconds(at).timestamp(), ahead=0.0) for name in ("hot:ok", "names:ok")},
    )


def run(*rows, at=0.0, work=()):
    return policy_runs.run_all(moment(*rows, at=at, work=work), seconds(at))


def stops():
    return [one.target_id for one in Action.objects.filter(verb="environment.stop")]


def standing():
    return {one.environment_id: one.deadline for one in StopWarning.objects.filter(ended=None)}


def over():
    return {one.environment_id: one.outcome for one in StopWarning.objects.exclude(ended=None)}


def told():
    return list(Delivery.objects.filter(topic=Topic.BEFORE).order_by("created", "recipient"))


@pytest.fixture(autouse=True)
def mail(settings):
    settings.ONA_SIMULATED, settings.PUBLIC_URL = True, "https://ona.example.com"


@pytest.fixture
def warning(admin):
    """An armed policy with a lead of half an hour."""
    return policy(admin, armed=True, lead=LEAD)


def test_what_is_idle_already_is_warned_of_and_stopped_when_its_deadline_has_passed(warning):
    assert run() == 0
    half_an_hour = NOW + timedelta(seconds=LEAD)
    assert standing() == {"e-0": half_an_hour, "e-1": half_an_hour}
    assert run(at=LEAD - 60) == 0
    assert stops() == []
    assert run(at=LEAD) == 2
    assert sorted(stops()) == ["e-0", "e-1"]


def test_a_warning_comes_a_lead_before_the_limit(warning):
    soon = replace(IDLE, signal_at=NOW.timestamp() - 2 * HOUR + LEAD)
    assert run(replace(soon, signal_at=soon.signal_at + 61)) == 0
    assert not StopWarning.objects.exists()
    run(soon, at=60)
    assert standing() == {"e-0": NOW + timedelta(seconds=LEAD + 60)}


def test_deadlines_are_in_whole_minutes_and_never_shorten_the_lead(warning):
    run(at=17)
    assert standing()["e-0"] == NOW + timedelta(seconds=LEAD + 60)


def test_owners_are_told_once_with_time_reason_and_link(warning):
    for at in (0, 60, 120):
        run(at=at)
    [mine, nobody] = told()
    assert (mine.recipient, mine.subject, mine.environments) == (
        "mail:ada@example.com",
        "otter 0 stops at 12:30 UTC",
        ["e-0"],
    )
    assert "because it is idle 5 h: last signal" in mine.body
    assert "Keep it awake: https://ona.example.com/environments/e-0/keep/" in mine.body
    assert mine.until == NOW + timedelta(seconds=LEAD)
    assert (nobody.recipient, nobody.state, nobody.environments) == ("nobody", Delivered.GAVE_UP, ["e-1"])


def test_whose_address_is_not_known_is_told_through_the_fallback_and_the_channel_hears_of_all(admin):
    ops, team = (
        Channel.objects.create(name=name, kind="mail", created=NOW, changed=NOW) for name in ("Ops", "Team")
    )
    policy(admin, armed=True, lead=LEAD, fallback=ops, channel=team)
    run()
    found = {one.recipient: sorted(one.environments) for one in told()}
    assert found == {
        "mail:ada@example.com": ["e-0"],
        f"channel:{ops.pk}": ["e-1"],
        f"channel:{team.pk}": ["e-0", "e-1"],
    }


def test_many_of_one_owner_are_one_message(warning):
    run(*(replace(running(number), creator_id="p-ada") for number in range(4)))
    [one] = told()
    assert (one.subject, len(one.environments)) == ("4 of your environments stop from 12:30 UTC on", 4)
    assert one.body.count("Keep it awake: ") == 4


def test_activity_withdraws_a_warning_and_says_so(warning):
    run()
    awake = replace(IDLE, signal_at=seconds(300).timestamp(), signal_source="VS Code")
    run(awake, NOBODYS, at=360)
    assert over() == {"e-0": "active again 12:05 (VS Code)"}
    run(awake, NOBODYS, at=LEAD + 60)
    assert stops() == ["e-1"]


def test_the_next_spell_is_warned_of_again(warning):
    run(IDLE)
    awake = replace(IDLE, signal_at=seconds(300).timestamp())
    run(awake, at=360)
    run(awake, at=300 + 2 * HOUR)
    assert StopWarning.objects.count() == 2
    assert stops() == []
    assert len(told()) == 2


def test_an_exemption_withdraws_it_and_its_end_warns_anew_of_the_same_spell(warning, admin):
    run(IDLE)
    until = {"until": seconds(7200), "now": seconds(60), "longest": exemptions.LONGEST}
    exemptions.grant(admin, moment(IDLE).fleet, row=IDLE, reason="demo", **until)
    run(IDLE, at=120)
    assert over()["e-0"].startswith("kept: exempt until")
    run(IDLE, at=7200)
    assert standing() == {"e-0": seconds(7200 + LEAD)}
    assert (StopWarning.objects.count(), len(told()), stops()) == (1, 2, [])


def test_an_execution_that_runs_when_the_deadline_comes_keeps_it(warning):
    run(IDLE)
    run(IDLE, at=LEAD, work=[Execution("x-1", "t-1", "e-0", "Build", "running")])
    assert (stops(), over()) == ([], {})
    run(IDLE, at=LEAD + 60)
    assert stops() == ["e-0"]


def test_executions_that_come_and_go_are_no_new_warning_each_time(warning):
    work = [Execution("x-1", "t-1", "e-0", "Build", "running")]
    for minute in range(10):
        run(IDLE, at=60.0 * minute, work=work if minute % 2 else [])
    assert len(told()) == 1


def test_what_was_not_stopped_within_an_hour_of_its_deadline_is_warned_of_anew(warning):
    run(IDLE)
    assert run(IDLE, at=LEAD + 3660) == 0
    assert standing() == {"e-0": seconds(2 * LEAD + 3660)}
    assert len(told()) == 2


def test_paused_or_changed_nothing_it_said_holds_any_more(warning, admin):
    run(IDLE)
    policies.pause(warning, admin, "", seconds(60))
    assert over() == {"e-0": "the policy is paused"}
    warning.refresh_from_db()
    policies.keep(warning, admin, seconds(LEAD))
    policies.arm(warning, admin, seconds(LEAD))
    run(IDLE, at=LEAD + 60)
    assert stops() == []
    assert standing() == {"e-0": seconds(2 * LEAD + 60)}


def test_a_dry_run_warns_nobody(admin):
    one = policy(admin, lead=LEAD)
    run()
    assert not StopWarning.objects.exists()
    assert not Delivery.objects.exists()
    one.refresh_from_db()
    assert one.said == "Would have warned of 2, kept 1"


def test_one_that_only_warns_tells_once_and_names_no_deadline(admin):
    policy(admin, armed=True, act="warn")
    for at in (0, 60):
        run(IDLE, at=at)
    [one] = told()
    assert one.subject == "otter 0 is idle"
    assert "Nothing stops it for that." in one.body
    assert standing() == {"e-0": None}


def test_more_warnings_than_its_most_pause_it_and_tell_its_admin_instead_of_the_owners(admin):
    admin.email = "boss@example.com"
    admin.save()
    one = policy(admin, armed=True, lead=LEAD, most_a_run=1)
    run()
    one.refresh_from_db()
    assert one.paused_why == "it would warn of 2 at once, and 1 is the most in a run"
    [message] = Delivery.objects.all()
    assert (message.topic, message.recipient) == (Topic.PAUSED, "mail:boss@example.com")
    assert not StopWarning.objects.exists()


def test_nobody_else_stops_what_a_policy_has_promised_to_keep_until_a_time(admin, warning):
    policy(admin, armed=True, name="Blunt")
    run(IDLE)
    assert stops() == []
    run(IDLE, at=LEAD)
    assert stops() == ["e-0"]


def test_none_is_warned_of_that_another_policy_will_keep(admin, warning):
    policy(admin, armed=True, name="Patient", idle=24 * HOUR)
    run(IDLE)
    assert not StopWarning.objects.exists()


def test_a_deadline_after_the_window_has_closed_is_not_set(admin):
    one = policy(admin, armed=True, lead=LEAD, during="10:00-12:10")
    run(IDLE)
    assert not StopWarning.objects.exists()
    assert one.verdicts.get().why == "its window closes before a warning would be up"


def sending(one, at):
    action = batches.claim_next(seconds(at), "me")
    return batches.why_skip(action, Look(one, ahead=0.0), seconds(at), moment(one).fleet)


def test_at_the_moment_of_sending_the_warning_must_stand_and_be_over(warning):
    run(IDLE)
    run(IDLE, at=LEAD)
    assert sending(IDLE, LEAD) == ""
    Action.objects.update(state="queued")
    StopWarning.objects.update(deadline=seconds(LEAD + 600))
    assert sending(IDLE, LEAD + 60) == "policy Nightly warned of it; it stops at 12:40 at the earliest"
    Action.objects.update(state="queued")
    warned.withdraw_all(warning, "x", seconds(LEAD))
    assert sending(IDLE, LEAD + 60) == "policy Nightly warns first"
    Action.objects.update(state="queued")
    other = replace(IDLE, signal_at=IDLE.signal_at + 60)
    assert sending(other, LEAD + 60) == "policy Nightly warns first"


def test_a_clock_of_the_api_that_is_behind_holds_a_stop_back(warning):
    run(IDLE)
    run(IDLE, at=LEAD)
    action = batches.claim_next(seconds(LEAD), "me")
    assert batches.why_skip(action, Look(IDLE, ahead=-120.0), seconds(LEAD), moment(IDLE).fleet)


def test_hostile_names_stay_text(warning):
    run(replace(IDLE, name="<!channel>\r\nBcc: all@example.com https://evil.example"))
    [one] = told()
    assert "\n" not in one.subject
    assert not any(bad in one.subject + one.body for bad in ("<!", "@example.com", "https://evil"))


def test_what_ended_long_ago_is_forgotten(warning, admin):
    run(IDLE)
    warned.withdraw_all(warning, "x", NOW)
    assert warned.prune(NOW + timedelta(days=89)) == 0
    assert warned.prune(NOW + timedelta(days=91)) == 1
