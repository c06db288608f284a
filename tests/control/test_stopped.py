"""What is stopped for long: owners are told that Ona archives it, or it is deleted, never with work that is lost."""

from dataclasses import replace

import pytest

from dashboard.control import batches
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Delivery, IdlePolicy, RecordedEnvironment, StopWarning, Topic
from dashboard.control.policies import changes as policies
from dashboard.control.policies import runs as policy_runs
from dashboard.fleet.entities import Environment, Kind, Person
from dashboard.fleet.look import Look
from dashboard.fleet.snapshot import Fleet, Moment
from dashboard.fleet.store import Sweep
from tests.control.conftest import NOW, seconds

DAY = 86_400.0
THEN = NOW.timestamp()
OLD = Environment(
    "e-0", "otter", "stopped", desired="stopped", creator_id="p-ada", git_seen=True,
    started=THEN - 40 * DAY, signal_at=THEN - 40 * DAY + 3600, signal_source="VS Code",
)  # fmt: skip
ADA = Person("p-ada", "Ada", "ada@example.com")


@pytest.fixture(autouse=True)
def mail(settings):
    settings.ONA_SIMULATED, settings.PUBLIC_URL = True, "https://ona.example.com"


def record(row=OLD, since=THEN - 39 * DAY, phase="stopped"):
    kept = {"name": row.name, "first_seen": since, "version": 1, "phase": phase, "phase_since": since}
    RecordedEnvironment.objects.update_or_create(id=row.id, defaults=kept)


def moment(*rows, at=0.0):
    tables = {Kind.ENVIRONMENT: {row.id: row for row in rows or (OLD,)}, Kind.PERSON: {ADA.id: ADA}}
    read = Sweep("", seconds(at).timestamp(), ahead=0.0)
    return Moment(Fleet("e", 1, tables), {"hot:ok": read, "names:ok": read})


def run(*rows, at=0.0):
    IdlePolicy.objects.update(last_run=None)
    return policy_runs.run_all(moment(*rows, at=at), seconds(at))


def policy(who, **changes):
    given = {"name": "Old", "idle": 30 * DAY, "act": "delete", "most_a_run": 10, "most_an_hour": 20} | changes
    made = IdlePolicy(**given)
    policies.keep(made, who, NOW)
    assert policies.arm(made, who, NOW, made.name)
    return made


def deletes():
    return [one.target_id for one in Action.objects.filter(verb="environment.delete")]


def why(one):
    return one.verdicts.get().why


def test_what_has_been_stopped_for_long_is_deleted_through_a_batch_and_says_why(admin):
    record()
    policy(admin)
    assert run() == 1
    action = Action.objects.get(verb="environment.delete")
    assert (action.target_id, action.batch.verb) == ("e-0", "environment.delete")
    assert action.reason.startswith("Policy Old: stopped for 30 d: stopped for 39 d: last active")
    assert "no unsaved work reported" in action.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unpushed": 2, "changed": 1}, "it holds 2 unpushed commits and 1 changed file"),
        ({"changed": 3}, "it holds 3 changed files"),
        ({"git_seen": False}, "whether it holds unsaved work is not known"),
        ({"role": "prebuild"}, "it is a prebuild, left alone unless a policy includes those"),
        ({"desired": "running"}, "it is to be running"),
        ({"started": THEN - DAY}, "it was started since"),
        ({"started": THEN + DAY}, "its last activity lies in the future, so a clock is wrong"),
    ],
)
def test_what_must_not_go_is_kept_and_says_why(admin, changes, words):
    record()
    one = policy(admin)
    run(replace(OLD, **changes))
    assert (deletes(), why(one)) == ([], words)


def test_since_when_it_is_stopped_must_be_known_and_long_enough(admin):
    one = policy(admin)
    run()
    assert why(one) == "since when it is stopped is not known"
    record(since=THEN - 29 * DAY)
    run(at=60)
    assert (why(one), deletes()) == ("stopped within the last 30 d", [])
    record(phase="running")
    run(at=120)
    assert (why(one), deletes()) == ("since when it is stopped is not known", [])


@pytest.mark.parametrize("changes", [{"phase": "running"}, {"archived": THEN - DAY}, {"phase": "deleting"}])
def test_what_is_not_stopped_or_is_archived_is_not_spoken_of(admin, changes):
    record()
    one = policy(admin)
    run(replace(OLD, **changes))
    assert not one.verdicts.exists()
    assert deletes() == []


@pytest.mark.parametrize("changes", [{"unpushed": 2}, {"git_seen": False}])
def test_unsaved_work_goes_only_where_the_policy_says_so(admin, changes):
    record()
    policy(admin, unsaved=True)
    run(replace(OLD, **changes))
    assert deletes() == ["e-0"]


def test_an_exemption_holds_for_deletes_too(admin):
    record()
    one = policy(admin)
    given = {"reason": "demo", "until": seconds(DAY), "now": NOW, "longest": exemptions.LONGEST}
    exemptions.grant(admin, moment().fleet, row=OLD, **given)
    run()
    assert why(one).startswith("exempt until")


def test_owners_are_warned_before_a_delete_and_starting_it_withdraws_that(admin):
    record()
    policy(admin, lead=DAY)
    run()
    [told] = Delivery.objects.filter(topic=Topic.BEFORE)
    assert told.subject.startswith("otter is deleted at ")
    assert "cannot be undone" in told.body
    assert "Keep it: https://ona.example.com/environments/e-0/keep/" in told.body
    assert run(at=DAY - 60) == 0
    running = replace(OLD, phase="running", started=seconds(DAY).timestamp())
    run(running, at=DAY)
    assert StopWarning.objects.get().outcome == "it is running"
    assert deletes() == []


def test_after_its_deadline_it_is_deleted(admin):
    record()
    policy(admin, lead=DAY)
    run()
    assert run(at=DAY) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"unpushed": 1}, "it holds 1 unpushed commit"),
        ({"git_seen": False}, "whether it holds unsaved work is not known"),
        ({"phase": "running"}, "it is running"),
        ({"started": THEN}, "it was started since"),
        ({"phase": "deleting"}, "it is being deleted"),
    ],
)
def test_it_is_looked_at_again_at_the_moment_of_sending(admin, changes, words):
    record()
    policy(admin)
    run()
    action = batches.claim_next(NOW, "me")
    seen = replace(OLD, **changes)
    assert batches.why_skip(action, Look(seen, ahead=0.0), NOW, moment().fleet) == words


def test_a_policy_that_says_something_else_by_then_sends_nothing(admin):
    record()
    policy(admin)
    run()
    IdlePolicy.objects.update(act="stop")
    action = batches.claim_next(NOW, "me")
    assert batches.why_skip(action, Look(OLD, ahead=0.0), NOW, moment().fleet)


def test_another_policy_that_would_wait_longer_wins(admin):
    record()
    policy(admin)
    policy(admin, name="Patient", idle=90 * DAY)
    run()
    assert deletes() == []


def test_more_than_its_most_pause_it(admin):
    rows = [replace(OLD, id=f"e-{number}") for number in range(3)]
    for row in rows:
        record(row)
    one = policy(admin, most_a_run=2)
    run(*rows)
    one.refresh_from_db()
    assert one.state == "paused"
    assert deletes() == []


def test_arming_one_that_deletes_takes_its_name(admin):
    made = IdlePolicy(name="Old", idle=30 * DAY, act="delete")
    policies.keep(made, admin, NOW)
    assert not policies.arm(made, admin, NOW)
    assert not policies.arm(made, admin, NOW, "old")
    assert policies.arm(made, admin, NOW, " Old ")


def test_owners_are_told_once_that_ona_archives_it_soon_and_nothing_is_sent(admin):
    record()
    policy(admin, act="archive", idle=2 * DAY)
    for at in (0, 60):
        assert run(at=at) == 0
    [told] = Delivery.objects.all()
    assert (told.topic, told.subject) == (Topic.ARCHIVE, "otter is archived soon")
    assert "Start it: https://ona.example.com/environments/e-0/start/" in told.body
    assert not Action.objects.exclude(kind="policy").exists()
