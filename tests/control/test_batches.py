"""One wish for many: asked, begun, worked off in order, cancelled, tried again, undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.control import batches, ledger, left_behind
from dashboard.control.models import Action, Batch, Role, State
from dashboard.control.permissions import Forbidden
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Execution, Kind
from dashboard.fleet.look import Look
from dashboard.fleet.snapshot import Fleet
from tests.control.conftest import FLEET, MINE, NOW, PEOPLE, THEIRS, seconds, user

HOURS = 3600.0


def fleet(*environments):
    people = {person.id: person for person in PEOPLE}
    return Fleet("e", 1, {Kind.ENVIRONMENT: {row.id: row for row in environments}, Kind.PERSON: people})


def running(number, **changes):
    idle = NOW.timestamp() - 5 * HOURS
    return Environment(
        f"e-{number}",
        f"otter {number}",
        "running",
        desired="running",
        started=idle,
        signal_at=idle,
        **changes,
    )


TEN = [running(number) for number in range(10)]


def asked(who, rows=TEN, verb=Verb.STOP_ENVIRONMENT, limit=2 * HOURS):
    return batches.ask(who, verb, rows, now=NOW, idle_limit=limit)


def begun(who, rows=TEN, known=None, **options):
    batch = asked(who, rows, **options)
    assert batches.begin(batch, who, known or fleet(*rows), reason="too many", now=NOW)
    return batch


def states(batch):
    return [action.state for action in Action.objects.of_batch(batch)]


def claimed(batch, at=0.0):
    action = batches.claim_next(seconds(at), "here:1")
    assert action is not None
    assert action.batch == batch
    return action


# Asking and beginning


def test_a_question_does_nothing_yet(admin):
    batch = asked(admin)
    assert [target["id"] for target in batch.targets] == [row.id for row in TEN]
    assert not Action.objects.exists()
    assert not Batch.objects.begun().exists()


def test_begun_it_is_one_action_a_target_in_the_order_of_the_question(admin):
    batch = begun(admin, TEN[::-1])
    actions = list(Action.objects.of_batch(batch))
    assert [one.target_id for one in actions] == [row.id for row in reversed(TEN)]
    assert {(one.state, one.reason, one.actor_name, one.created) for one in actions} == {
        ("queued", "too many", str(admin), NOW)
    }


def test_a_double_click_begins_it_once(admin):
    batch = begun(admin)
    assert not batches.begin(batch, admin, fleet(*TEN), reason="again", now=seconds(1))
    assert Action.objects.count() == 10


def test_the_targets_are_those_of_the_question_whatever_is_there_now(admin):
    batch = asked(admin, TEN[:3])
    gone, stopped = TEN[0], replace(TEN[1], phase="stopped")
    batches.begin(batch, admin, fleet(stopped, TEN[2], TEN[5]), reason="", now=NOW)
    found = {one.target_name: (one.state, one.outcome) for one in Action.objects.of_batch(batch)}
    assert found == {
        gone.name: ("skipped", batches.GONE),
        stopped.name: ("skipped", "it is stopped already"),
        TEN[2].name: ("queued", ""),
    }


def test_a_viewer_may_neither_ask_nor_begin_nor_cancel_nor_retry(admin):
    viewer, batch = user(Role.VIEWER), asked(admin)
    for deed in (
        lambda: asked(viewer),
        lambda: batches.begin(batch, viewer, FLEET, reason="", now=NOW),
        lambda: batches.cancel(batch, viewer, NOW),
        lambda: batches.retry(batch, viewer, FLEET, NOW),
    ):
        with pytest.raises(Forbidden, match="viewer"):
            deed()
    assert not Action.objects.exists()


def test_each_target_is_authorised_on_its_own(db):
    operator = user(Role.OPERATOR, "operator@example.com")
    batch = begun(operator, [MINE, THEIRS], FLEET)
    assert states(batch) == ["queued", "skipped"]
    assert "only the environments they created" in Action.objects.get(target_id=THEIRS.id).outcome


def test_what_somebody_else_has_asked_for_is_not_asked_again(admin, book):
    other = book.asked(Verb.STOP_ENVIRONMENT, TEN[3])
    batch = begun(admin)
    assert states(batch).count("queued") == 9
    assert (
        Action.objects.of_batch(batch).get(place=3).outcome
        == f"{other.actor_name} has asked for this already"
    )


def test_more_than_it_takes_is_refused(admin):
    rows = [running(number) for number in range(batches.MOST_TARGETS + 1)]
    with pytest.raises(batches.TooMany, match="2,001 are too many"):
        asked(admin, rows)


def test_questions_of_yesterday_are_forgotten_and_what_began_is_not(admin):
    begun(admin, TEN[:1])
    old = asked(admin)
    Batch.objects.update(created=NOW - timedelta(days=2))
    new = asked(admin)
    assert not Batch.objects.filter(id=old.id).exists()
    assert Batch.objects.count() == 2
    assert Batch.objects.filter(id=new.id).exists()


def test_a_thousand_are_written_with_few_questions_to_the_database(admin, django_assert_max_num_queries):
    rows = [running(number) for number in range(1_000)]
    batch = asked(admin, rows)
    with django_assert_max_num_queries(60):
        batches.begin(batch, admin, fleet(*rows), reason="", now=NOW)
    assert Action.objects.count() == 1_000


# Working it off


def test_batches_are_worked_off_in_order_of_their_wishes(admin):
    first = begun(admin, TEN[:2])
    second = asked(admin, TEN[5:7])
    batches.begin(second, admin, fleet(*TEN), reason="", now=seconds(1))
    order = [claimed(batch, 2).target_id for batch in (first, first, second, second)]
    assert order == ["e-0", "e-1", "e-5", "e-6"]
    assert batches.claim_next(seconds(3), "") is None
    assert not batches.waiting(seconds(3))


def test_the_sweep_leaves_what_waits_in_a_batch_to_the_batch(admin):
    begun(admin)
    queue = []
    assert left_behind.sweep(seconds(60), queue.append) == 0
    assert queue == []


def test_what_a_dead_worker_was_sending_is_sent_again_in_its_turn(admin):
    batch = begun(admin)
    claimed(batch)
    queue = []
    left_behind.sweep(seconds(1), queue.append, lambda sender: sender == "here:1")
    assert queue == []
    assert claimed(batch, 2).place == 0


def seen(row=TEN[0], executions=(), **changes):
    return Look(replace(row, **changes), executions, 0, 0.0)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (seen(), ""),
        (seen(signal_at=NOW.timestamp() - 20, signal_source="VS Code"), "active again 20 s ago (VS Code)"),
        (seen(started=NOW.timestamp() - 60), "active again 1 min ago (started)"),
        (seen(executions=(Execution("x", name="Build", phase="running"),)), "task execution Build runs"),
        (seen(phase="updating"), "it is updating"),
        (seen(phase="stopped"), "it is stopped already"),
        (seen(signal_at=NOW.timestamp() + 900), "its last activity lies in the future, so a clock is wrong"),
        (Look(None), batches.GONE),
        (replace(seen(), ahead=None), "the API does not say what time it is"),
        (replace(seen(), skipped=1), "some of its task executions cannot be read"),
        (replace(seen(), ahead=-4 * HOURS), "active again 1 h ago (started)"),
    ],
)
def test_each_is_looked_at_again_before_it_is_sent(admin, look, words):
    if words.startswith("active again 1 h"):
        look = replace(look, row=replace(look.row, signal_at=None))
    assert batches.why_skip(claimed(begun(admin)), look, NOW, FLEET) == words


def test_without_an_idle_limit_only_what_makes_no_sense_is_skipped(admin):
    action = claimed(begun(admin, limit=None))
    assert batches.why_skip(action, seen(signal_at=NOW.timestamp()), NOW, FLEET) == ""
    assert batches.why_skip(action, seen(phase="stopped"), NOW, FLEET) == "it is stopped already"


# Cancelling


def test_a_cancelled_batch_sends_nothing_more_and_what_was_sent_goes_on(admin):
    batch = begun(admin)
    sending = claimed(batch)
    assert batches.cancel(batch, admin, seconds(5)) == 9
    assert states(batch) == ["sending"] + ["skipped"] * 9
    assert batches.claim_next(seconds(6), "") is None
    assert f"{admin} cancelled the rest" in Action.objects.get(place=9).outcome
    sending.refresh_from_db()
    assert sending.state == State.SENDING


def test_what_comes_back_to_a_cancelled_batch_is_skipped_too(admin):
    batch = begun(admin)
    sending = claimed(batch)
    batches.cancel(batch, admin, seconds(5))
    Action.objects.filter(id=sending.id).update(state=State.QUEUED)
    assert batches.claim_next(seconds(9), "") is None
    assert batches.end_cancelled(seconds(9)) == 1
    assert set(states(batch)) == {"skipped"}


# Trying again


def test_what_failed_is_tried_again_in_its_place_and_the_first_try_stays_on_record(admin):
    batch = begun(admin)
    Action.objects.filter(place=3).update(state=State.FAILED, ended=NOW)
    Action.objects.filter(place=4).update(state=State.UNCONFIRMED, ended=NOW)
    Action.objects.exclude(place__in=[3, 4]).update(state=State.CONFIRMED, ended=NOW)
    assert batches.retry(batch, admin, fleet(*TEN), seconds(60)) == 2
    assert states(batch) == ["confirmed"] * 3 + ["queued"] * 2 + ["confirmed"] * 5
    assert Action.objects.count() == 12
    assert batches.retry(batch, admin, fleet(*TEN), seconds(61)) == 0


def test_a_retry_goes_on_where_a_cancelled_batch_failed(admin):
    batch = begun(admin, TEN[:2])
    Action.objects.filter(place=0).update(state=State.FAILED)
    batches.cancel(batch, admin, seconds(1))
    batches.retry(batch, admin, fleet(*TEN), seconds(2))
    assert claimed(batch, 3).place == 0
    assert batches.claim_next(seconds(3), "") is None


def test_a_retry_that_meets_somebody_elses_wish_in_the_same_moment_is_written_again(admin, monkeypatch):
    batch = begun(admin, TEN[:2])
    Action.objects.update(state=State.FAILED, ended=NOW)
    made, write = ledger.new_action, []

    def somebody_else_is_faster(who, verb, row, now, why):
        if not write:
            write.append(made(who, verb, row, now, why).save())
        return made(who, verb, row, now, why)

    monkeypatch.setattr(ledger, "new_action", somebody_else_is_faster)
    assert batches.retry(batch, admin, fleet(*TEN), seconds(60)) == 2
    assert states(batch) == ["queued", "queued"]


@pytest.mark.parametrize(
    ("verb", "phase", "arrived"),
    [
        (Verb.START_ENVIRONMENT, "starting", True),
        (Verb.START_ENVIRONMENT, "running", True),
        (Verb.START_ENVIRONMENT, "stopping", False),
        (Verb.START_ENVIRONMENT, "deleting", False),
        (Verb.STOP_ENVIRONMENT, "stopping", True),
        (Verb.STOP_ENVIRONMENT, "running", False),
    ],
)
def test_only_a_phase_that_it_brings_shows_that_a_lost_call_arrived(admin, verb, phase, arrived):
    batch = begun(admin, TEN[:1], verb=Verb.STOP_ENVIRONMENT)
    action = claimed(batch)
    action.verb, action.outcome = verb.value, ledger.PERHAPS_SENT
    action.save()
    assert ledger.sent_before(action, replace(TEN[0], phase=phase), seconds(9)) is arrived
    action.refresh_from_db()
    assert (action.state == State.REQUESTED) is arrived


# Undoing


def after_the_stop(row, **changes):
    return replace(row, phase="stopped", **changes)


def test_undoing_starts_what_it_stopped_and_what_ran_before_and_nothing_else(admin):
    known = [*TEN[:6], replace(TEN[6], phase="stopping")]
    batch = begun(admin, known)
    Action.objects.update(state=State.CONFIRMED)
    Action.objects.filter(place=1).update(state=State.FAILED)
    Action.objects.filter(place=2).update(state=State.SKIPPED)
    Action.objects.filter(place=5).update(state=State.UNCONFIRMED)
    restarted = after_the_stop(TEN[3], started=NOW.timestamp())
    now_there = fleet(after_the_stop(TEN[0]), after_the_stop(TEN[1]), after_the_stop(TEN[2]), restarted,
                      after_the_stop(TEN[5]), after_the_stop(known[6]))  # fmt: skip
    undo = batches.undo_of(batch, now_there)
    assert [row.id for row in undo.rows] == ["e-0", "e-5"]
    assert dict(undo.left_out) == {
        "otter 3": "it was started since",
        "otter 4": batches.GONE,
        "otter 6": "it did not run before",
    }
