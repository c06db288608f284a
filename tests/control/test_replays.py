"""A policy replayed over what is in the database: asked once, answered by a job, cancelled, pruned."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboard.control.models import (
    ClassPrice,
    Exemption,
    IdlePolicy,
    PolicyState,
    Progress,
    RecordedEnvironment,
    Recording,
    Replay,
    Stretch,
    User,
)
from dashboard.control.whatif import replays
from dashboard.control.whatif.replays import Busy
from dashboard.control.whatif.run import Impossible, Question, answer, spans_of
from dashboard.fleet.entities import Environment, Kind, Project
from dashboard.fleet.snapshot import Fleet

H = 3600.0
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 9, 21, tzinfo=UTC)
MIDNIGHT = NOW.timestamp()
FLEET = Fleet(
    "epoch",
    1,
    {
        Kind.ENVIRONMENT: {"e-1": Environment("e-1", "grey owl", "stopped", project_id="p-web")},
        Kind.PROJECT: {"p-web": Project("p-web", "Web shop")},
    },
)
pytestmark = pytest.mark.django_db


def at(hour):
    return MIDNIGHT + hour * H


def recording(since=0.0, until=48.0):
    Recording.objects.create(id=1, since=at(since), until=at(until), epoch="e", version=1, counted=at(since))


def recorded(key="e-1", *, start=8, left=12, end=20, **more):
    """Started at `start`, last used at `left`, stopped at `end`; hours."""
    values = {"first_seen": at(0), "version": 1, "class_id": "c-1", "project_id": "p-web", "name": key}
    values |= {"phase": "stopped", "phase_since": at(end), "started": at(start), "role": "default"}
    values |= {"source": "SSH", "signal_first": at(start), "signal_last": at(left)}
    RecordedEnvironment.objects.create(id=key, **{**values, **more})
    for what, word, begun, over in (("phase", "running", start, end), ("start", "", start, start)):
        Stretch.objects.create(environment_id=key, what=what, word=word, start=at(begun), end=at(over))


@pytest.fixture
def price():
    def put(class_id, amount, day="2026-01-01"):
        ClassPrice.objects.create(
            class_id=class_id, price=Decimal(amount), valid_from=day, set_at=NOW, set_by_name="ada"
        )

    return put


def ask(idle=2.0, days=7, **more):
    return Question(days, idle * H, **more)


def answered(question, told=lambda _done, _total: None):
    return answer(question, FLEET, ZONE, told)


def own(result, idle=2.0):
    return next(one for one in result["limits"] if one["limit"] == idle * H)


class TestAnswer:
    def test_hours_and_money_are_those_of_the_record_and_a_short_record_is_said_and_not_scaled_up(
        self, price
    ):
        recording()
        recorded()
        price("c-1", "0.50")
        result = answered(ask())
        one = own(result)
        assert (one["stops"], one["saved"] / H, one["money"]) == (1, 6, "3.0000")
        assert (result["first"], result["last"], result["since"]) == (at(0), at(48), at(0))
        [row] = one["listed"]
        assert (row["id"], row["at"], row["until"], row["end"]) == ("e-1", at(14), at(20), "stopped")
        assert row["money"] == "3.0000"

    def test_a_price_that_changes_counts_from_its_day_and_a_class_without_one_is_named(self, price):
        recording()
        recorded(end=30)  # midnight in Berlin is at 22:00
        recorded("e-2", class_id="c-2")
        price("c-1", "1")
        price("c-1", "2", day="2026-09-22")
        one = own(answered(ask()))
        assert (one["money"], one["unpriced"] / H) == (f"{8 + 2 * 8:.4f}", 6)

    def test_the_scope_is_held_against_what_things_are_and_what_passes_is_named(self):
        recording()
        recorded()
        recorded("e-2", project_id="p-other")
        result = answered(ask(scope='project:"Web shop" phase:running idle:>2h'))
        assert (result["environments"], result["left_out"]) == (1, ["idle:>2h"])
        assert answered(ask(scope="phase:stopped"))["environments"] == 0

    def test_of_what_is_gone_nobody_knows_the_branch_so_it_is_left_alone(self):
        recording()
        recorded("e-gone", gone=at(20))
        assert answered(ask(scope="-branch:main"))["environments"] == 0
        assert answered(ask(scope="project:web"))["environments"] == 1

    def test_special_roles_are_left_alone_unless_named(self):
        recording()
        recorded(role="prebuild")
        assert answered(ask())["environments"] == 0
        assert own(answered(ask(roles=("prebuild",))))["stops"] == 1

    def test_a_record_of_several_portions_is_read_to_its_end(self, monkeypatch):
        monkeypatch.setattr("dashboard.control.record.rollup.CHUNK", 2)
        recording()
        for number in range(5):
            recorded(f"e-{number}")
        result = answered(ask())
        assert (result["environments"], own(result)["stops"]) == (5, 5)
        assert answered(ask(scope="name:e-4"))["environments"] == 1

    def test_windows_exemptions_and_armed_policies_hold_as_they_did(self):
        recording()
        recorded()
        kept = {"actor_name": "ada", "reason": "demo", "name": "x", "created": NOW}
        assert own(answered(ask(never="17:00-18:00", zone="UTC")))["stops"] == 1
        assert own(answered(ask(during="18:00-24:00", zone="UTC")))["saved"] == 2 * H
        Exemption.objects.create(
            query="project:web", until=NOW + timedelta(hours=30), ended=NOW + timedelta(hours=15), **kept
        )
        assert own(answered(ask()))["saved"] == 5 * H
        IdlePolicy.objects.create(
            name="Longer",
            idle=7 * H,
            state=PolicyState.ARMED,
            created=NOW,
            made_by="a",
            changed=NOW,
            changed_by="a",
        )
        assert own(answered(ask()))["saved"] == 1 * H

    def test_a_policy_that_stops_too_many_at_once_is_told_when_it_would_have_paused_itself(self):
        recording()
        for number in range(3):
            recorded(f"e-{number}")
        assert answered(ask(most_a_run=2, most_an_hour=9))["too_many"]["many"] == 3
        assert answered(ask(most_a_run=3, most_an_hour=9))["too_many"] is None

    def test_without_a_record_or_with_a_scope_that_cannot_be_read_it_says_why(self):
        with pytest.raises(Impossible, match="Nothing is recorded"):
            answered(ask())
        recording()
        with pytest.raises(Impossible, match="scope cannot be read"):
            answered(ask(scope="projekt:web"))

    def test_windows_open_and_close_by_the_clock_on_the_wall(self):
        opening = ask(during="Mon-Fri 20:00-07:00", zone="Europe/Berlin").opening
        spans = spans_of(opening, at(0), at(48), lambda closed: not closed)
        assert [((start - MIDNIGHT) / H, (end - MIDNIGHT) / H) for start, end in spans] == [
            (18, 29),
            (42, 48),
        ]


@pytest.fixture
def ada():
    return User.objects.create(username="ada", role="viewer")


@pytest.fixture
def clock():
    return (NOW + timedelta(seconds=number) for number in itertools.count()).__next__


def work_off(clock):
    return replays.work_off(lambda: FLEET, ZONE, clock)


class TestAsking:
    def test_the_same_question_is_one_replay_and_its_answer_is_kept(self, ada, clock):
        recording()
        recorded()
        first, second = (replays.ask(ask(), ada, NOW) for _ in range(2))
        assert first.pk == second.pk
        assert work_off(clock) == 1
        done = Replay.objects.get()
        assert (done.state, done.done, done.total) == (Progress.DONE, 1, 1)
        assert own(done.result)["stops"] == 1
        assert replays.known(ask()).state == Progress.DONE
        assert replays.known(ask(days=30)) is None
        assert replays.ask(ask(), ada, NOW).state == Progress.WAITING  # once more, on the same row
        assert Replay.objects.count() == 1

    def test_too_many_questions_are_refused(self, ada):
        for days in (7, 14, 30):
            replays.ask(ask(days=days), ada, NOW)
        with pytest.raises(Busy, match="of your replays wait"):
            replays.ask(ask(idle=3), ada, NOW)

    def test_what_is_cancelled_ends_in_the_middle_and_leaves_no_answer(self, ada, clock, monkeypatch):
        monkeypatch.setattr("dashboard.control.whatif.run.EVERY", 1)
        recording()
        recorded()
        recorded("e-2")
        replay = replays.ask(ask(), ada, NOW)
        seen = []

        def cancelling():
            seen.append(Replay.objects.get().done)
            if seen[-1] == 1:
                replays.cancel(replay, NOW)
            return clock()

        assert work_off(cancelling) == 1
        replay.refresh_from_db()
        assert (replay.state, replay.done, replay.result) == (Progress.CANCELLED, 1, {})
        assert not replays.cancel(replay, NOW)

    def test_what_a_dead_worker_left_behind_is_begun_again_three_times_at_most(self, ada, clock):
        recording()
        recorded()
        replay = replays.ask(ask(), ada, NOW)
        left = {"state": Progress.RUNNING, "beat": NOW - timedelta(seconds=1), "tries": 2}
        Replay.objects.update(**left)
        assert work_off(clock) == 0  # somebody is at it
        Replay.objects.update(**{**left, "beat": NOW - timedelta(minutes=3)})
        assert work_off(clock) == 1
        Replay.objects.update(**{**left, "beat": NOW - timedelta(minutes=3), "tries": 3})
        assert work_off(clock) == 0
        replay.refresh_from_db()
        assert (replay.state, "three times" in replay.trouble) == (Progress.FAILED, True)

    def test_what_cannot_be_answered_says_why(self, ada, clock):
        replays.ask(ask(), ada, NOW)
        work_off(clock)
        assert Replay.objects.get().trouble == "Nothing is recorded yet."

    def test_old_answers_go(self, ada, clock):
        replays.ask(ask(), ada, NOW)
        work_off(clock)
        assert replays.prune(NOW + timedelta(days=6)) == 0
        assert replays.prune(NOW + timedelta(days=8)) == 1
