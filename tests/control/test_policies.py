"""Idle policies: what a run stops, what it keeps, when it pauses itself, and what stays on record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.control import batches
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Batch, IdlePolicy, PolicyRun, PolicyVerdict, Role, State, User
from dashboard.control.permissions import Forbidden
from dashboard.control.policies import changes as policies
from dashboard.control.policies import runs as policy_runs
from dashboard.control.policies.verdicts import assess
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.look import Look
from dashboard.fleet.snapshot import Fleet, Moment
from dashboard.fleet.store import Sweep
from tests.control.conftest import NOW, seconds, user
from tests.control.test_batches import running

HOUR = 3600.0
IDLE = [running(number) for number in range(3)]
FRESH = replace(running(8), signal_at=NOW.timestamp() - 60)
BUSY = running(9)
WORK = Execution("x-1", "t-1", BUSY.id, "Build", "running")
ROWS = (*IDLE, FRESH, BUSY)


def moment(*rows, at=0.0, ahead=0.0):
    rows = rows or ROWS
    fleet = Fleet("e", 1, {Kind.ENVIRONMENT: {row.id: row for row in rows}, Kind.EXECUTION: {"x-1": WORK}})
    return Moment(fleet, {"hot:ok": Sweep("hot", seconds(at).timestamp(), ahead=ahead)})


def policy(who, *, armed=False, **changes):
    given = {"name": "Nightly", "idle": 2 * HOUR, "most_a_run": 10, "most_an_hour": 20} | changes
    made = IdlePolicy(**given)
    policies.keep(made, who, NOW)
    if armed:
        assert policies.arm(made, who, NOW)
    return IdlePolicy.objects.get(pk=made.pk)


def run(*rows, at=0.0, **options):
    return policy_runs.run_all(moment(*rows, at=at, **options), seconds(at))


def stops():
    return {one.target_id: one for one in Action.objects.filter(verb="environment.stop")}


def verdicts(one):
    return {row.environment_id: (row.decision, row.why) for row in one.verdicts.all()}


def test_a_dry_run_stops_nothing_and_records_what_it_would_have_stopped(admin):
    one = policy(admin)
    assert run() == 0
    assert not Batch.objects.exists()
    recorded = one.runs.get()
    assert (recorded.armed, recorded.stops, recorded.kept) == (
        False,
        3,
        {"active within the last 2 h": 1, "a task execution runs": 1},
    )
    assert [item["id"] for item in recorded.decided] == ["e-0", "e-1", "e-2"]
    assert "policy Nightly allows 2 h" in recorded.decided[0]["because"]
    one.refresh_from_db()
    assert one.said == "Would have stopped 3, kept 2"


def test_an_armed_one_stops_only_what_is_idle_and_says_why(admin):
    one = policy(admin, armed=True)
    assert run() == 3
    assert set(stops()) == {"e-0", "e-1", "e-2"}
    first = stops()["e-0"]
    assert first.reason.startswith("Policy Nightly: nobody active for 2 h: idle 5 h: ")
    assert (first.actor, first.actor_name) == (admin, f"Policy Nightly ({admin})")
    assert Batch.objects.get().policy == one
    assert verdicts(one)["e-9"] == ("keep", "task execution Build runs")
    assert verdicts(one)["e-8"] == ("keep", "active within the last 2 h")


def test_one_that_only_warns_stops_nothing(admin):
    one = policy(admin, armed=True, act="warn")
    assert run() == 0
    assert not Batch.objects.exists()
    assert (one.runs.get().warns, verdicts(one)["e-0"]) == (3, ("warn", ""))


def test_the_next_run_asks_for_nothing_twice(admin):
    policy(admin, armed=True)
    run()
    assert run(at=60.0) == 0
    assert Action.objects.filter(verb="environment.stop").count() == 3


def test_a_clock_that_was_set_back_by_an_hour_doubles_no_stop_and_holds_no_policy_up(admin):
    one = policy(admin, armed=True)
    later = running(7)
    assert run() == len(IDLE)
    assert policy_runs.run_all(moment(), seconds(30 - HOUR)) == 0  # what is known comes from the future
    assert run(*ROWS, replace(later, signal_at=NOW.timestamp() - 4 * HOUR), at=60 - HOUR) == 1
    assert run(at=95 - HOUR) == 0
    assert set(stops()) == {row.id for row in (*IDLE, later)}
    assert Action.objects.filter(verb="environment.stop").count() == len(IDLE) + 1
    assert IdlePolicy.objects.get(pk=one.pk).last_run == seconds(95 - HOUR)


def test_what_was_stopped_in_vain_is_left_alone_for_a_while(admin):
    one = policy(admin, armed=True)
    run()
    Action.objects.filter(batch__policy=one).update(state=State.FAILED)
    assert run(at=60.0) == 0
    assert verdicts(one)["e-0"][1].startswith("a policy's attempt came to nothing")
    assert run(at=31 * 60.0) == 3


def test_what_somebody_started_again_is_judged_from_that_start(admin):
    policy(admin, armed=True)
    run(IDLE[0])
    Action.objects.filter(verb="environment.stop").update(state=State.CONFIRMED)
    again = replace(IDLE[0], started=seconds(600).timestamp())
    assert run(again, at=700.0) == 0
    assert run(again, at=600 + 2 * HOUR) == 1


def test_a_run_that_decides_the_same_makes_the_last_one_longer(admin):
    one = policy(admin)
    for minute in range(3):
        run(at=60.0 * minute)
    recorded = one.runs.get()
    assert (recorded.times, recorded.at, recorded.until) == (3, NOW, seconds(120))
    run(*IDLE[:2], at=180.0)
    assert one.runs.count() == 2
    assert set(verdicts(one)) == {"e-0", "e-1"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"most_a_run": 2}, "it would stop 3 at once, and 2 is the most in a run"),
        ({"most_an_hour": 2}, "it would stop 3 after 0 within the last hour, and 2 is the most"),
    ],
)
def test_beyond_its_most_it_stops_nothing_and_pauses_itself(admin, changes, why):
    one = policy(admin, armed=True, **changes)
    assert run() == 0
    one.refresh_from_db()
    assert (one.state, one.paused_why) == ("paused", why)
    assert not stops()
    assert one.runs.get().paused == why
    assert Action.objects.get(verb="policy.pause").actor_name == "Policy Nightly"
    assert run(at=60.0) == 0


def test_the_hour_counts_what_was_stopped_before(admin):
    one = policy(admin, armed=True, most_an_hour=4)
    run(*IDLE[:2])
    assert run(*IDLE, running(5), running(6), at=120.0) == 0
    one.refresh_from_db()
    assert one.paused_why == "it would stop 3 after 2 within the last hour, and 4 is the most"


def test_of_two_policies_the_one_that_keeps_wins(admin):
    nightly = policy(admin, armed=True)
    policy(admin, armed=True, name="Owls", scope="name:otter name:1", idle=8 * HOUR)
    run()
    assert set(stops()) == {"e-0", "e-2"}
    assert verdicts(nightly)["e-1"] == ("keep", "policy Owls keeps it: active within the last 8 h")


@pytest.mark.parametrize(
    "changes",
    [
        {"armed": False},
        {"act": "warn"},
        {"during": "Sat"},
        {"scope": "name:owl"},
    ],
)
def test_one_that_does_not_act_on_it_now_has_no_say(admin, changes):
    policy(admin, armed=True)
    policy(admin, **({"armed": True, "name": "Long", "idle": 8 * HOUR} | changes))
    run()
    assert set(stops()) == {"e-0", "e-1", "e-2"}


def test_the_never_of_one_holds_for_the_others(admin):
    nightly = policy(admin, armed=True)
    policy(admin, armed=True, name="Weekday", never="Mon 11:00-13:00", idle=HOUR)
    assert run() == 0
    assert verdicts(nightly)["e-0"] == ("keep", "policy Weekday never acts on it at this time")


def test_outside_its_window_it_says_so_and_keeps(admin):
    one = policy(admin, armed=True, during="Mon 22:00-06:00", zone="Europe/Berlin")
    assert run() == 0
    one.refresh_from_db()
    assert one.said == "Kept everything: its window is closed"
    assert run(at=9 * HOUR) == 4  # 23:00 in Berlin, and by then nobody has been active anywhere


def test_old_data_stop_nothing(admin):
    one = policy(admin, armed=True)
    assert policy_runs.run_all(moment(), seconds(600)) == 0
    one.refresh_from_db()
    assert one.said == "Kept everything: what is known of it is 10 min old"


@pytest.mark.parametrize("ahead", [-4 * HOUR, None])
def test_a_clock_of_ours_that_is_ahead_or_unknown_stops_nothing(admin, ahead):
    policy(admin, armed=True)
    assert run(ahead=ahead) == 0
    assert not stops()


def test_special_roles_are_kept_unless_they_are_named(admin):
    prebuild = replace(IDLE[0], role="prebuild")
    one = policy(admin, armed=True)
    assert run(prebuild) == 0
    assert verdicts(one)["e-0"][1] == "it is a prebuild, left alone unless a policy includes those"
    IdlePolicy.objects.update(roles=["prebuild"])
    assert run(prebuild, at=60.0) == 1


def test_what_is_exempt_is_kept(admin):
    policy(admin, armed=True)
    grant(admin, IDLE[1])
    run()
    assert set(stops()) == {"e-0", "e-2"}
    assert PolicyRun.objects.get().kept["exempt"] == 1


def grant(who, row, at=0.0):
    fleet, until = moment(row).fleet, NOW + timedelta(days=1)
    exemptions.grant(
        who, fleet, row=row, reason="demo", until=until, now=seconds(at), longest=timedelta(days=7)
    )


def why_skip(row=IDLE[0], at=30.0, executions=()):
    action = Action.objects.get(target_id=row.id, verb="environment.stop")
    return batches.why_skip(action, Look(row, executions, 0, 0.0), seconds(at), moment(row).fleet)


def test_an_exemption_made_between_verdict_and_sending_is_heeded(admin):
    policy(admin, armed=True)
    run()
    assert why_skip() == ""
    grant(admin, IDLE[0])
    assert why_skip().startswith("exempt until")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "paused"}, "policy Nightly is no longer armed"),
        ({"state": "dry"}, "policy Nightly is no longer armed"),
        ({"scope": "name:owl"}, "policy Nightly no longer speaks of it"),
        ({"never": "Mon"}, "policy Nightly: it never acts at this time"),
        ({"idle": 9 * HOUR}, "active again 5 h ago (of an unnamed source)"),
    ],
)
def test_what_became_of_the_policy_meanwhile_is_heeded(admin, changes, why):
    policy(admin, armed=True)
    run()
    IdlePolicy.objects.update(**changes)
    assert why_skip() == why


def test_another_policy_armed_meanwhile_keeps_it(admin):
    policy(admin, armed=True)
    run()
    policy(admin, armed=True, name="Owls", idle=8 * HOUR)
    assert why_skip().startswith("policy Owls keeps it")


def test_a_pause_skips_what_was_not_sent_and_forgets_its_verdicts(admin):
    one = policy(admin, armed=True)
    run()
    assert policies.pause(one, admin, "a demo", seconds(5))
    assert {action.state for action in stops().values()} == {"skipped"}
    assert not PolicyVerdict.objects.exists()
    assert not policies.pause(one, admin, "again", seconds(6))
    assert policies.arm(one, admin, seconds(10))
    assert run(at=60.0) == 3


def test_what_an_admin_armed_who_is_none_any_more_pauses(admin):
    one = policy(admin, armed=True)
    User.objects.update(role=Role.OPERATOR)
    assert run() == 0
    one.refresh_from_db()
    assert one.paused_why.endswith("is no longer an admin, so somebody has to arm it again")


def test_a_changed_one_is_a_dry_run_again_and_what_was_seen_before_cannot_be_armed(admin):
    one = policy(admin, armed=True)
    stale = IdlePolicy.objects.get(pk=one.pk)
    one.idle = HOUR
    policies.keep(one, admin, seconds(10))
    assert IdlePolicy.objects.get().state == "dry"
    assert not policies.arm(stale, admin, seconds(11))
    lines = Action.objects.order_by("created", "-verb").values_list("verb", "target_name")
    assert list(lines) == [
        ("policy.make", "Nightly"),
        ("policy.arm", "Nightly"),
        ("policy.change", "Nightly"),
    ]


def test_deleted_it_leaves_its_batch_and_a_line(admin):
    one = policy(admin, armed=True)
    run()
    policies.delete(one, admin, seconds(5))
    assert Batch.objects.get().actor_name == f"Policy Nightly ({admin})"
    assert {action.state for action in stops().values()} == {"skipped"}
    assert Action.objects.filter(verb="policy.delete", target_name="Nightly").exists()


def test_only_admins_change_policies(admin):
    one = policy(admin)
    for role in (Role.OPERATOR, Role.VIEWER):
        who = user(role)
        for deed in (
            lambda who=who: policies.keep(one, who, NOW),
            lambda who=who: policies.arm(one, who, NOW),
            lambda who=who: policies.pause(one, who, "", NOW),
            lambda who=who: policies.delete(one, who, NOW),
        ):
            with pytest.raises(Forbidden):
                deed()


def test_two_workers_run_it_once(admin):
    policy(admin, armed=True)
    seen = list(IdlePolicy.objects.awake())
    first, second = (policy_runs._run(one, moment(), NOW, {}) for one in (seen[0], seen[0]))
    assert (first, second) == (3, 0)
    assert Batch.objects.count() == 1


def test_a_scope_that_cannot_be_read_keeps_everything(admin):
    one = policy(admin, armed=True, scope="projekt:web")
    assert run() == 0
    one.refresh_from_db()
    assert one.said.startswith("Kept everything: its scope cannot be read: ")


def test_an_assessment_writes_nothing(admin):
    one = policy(admin, most_a_run=2)
    before = Action.objects.count()
    found = assess(one, moment(), NOW, {}, [])
    assert [item.row.id for item in found.stops] == ["e-0", "e-1", "e-2"]
    assert found.too_many.startswith("it would stop 3 at once")
    assert (Action.objects.count(), PolicyVerdict.objects.count()) == (before, 0)


def test_runs_of_long_ago_are_forgotten(admin):
    policy(admin)
    run()
    assert policy_runs.prune(NOW + timedelta(days=80)) == 0
    assert policy_runs.prune(NOW + timedelta(days=91)) == 1
