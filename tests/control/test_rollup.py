"""The record becomes hours a day, counted again until nothing changes them."""

import itertools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.control.models import EnvironmentDay, RecordedEnvironment, Recording, Stretch
from dashboard.control.record import rollup
from dashboard.fleet.hours import IDLE_AFTER

H = 3600.0
UTC_ZONE = ZoneInfo("UTC")
DAY = date(2026, 9, 21)
MIDNIGHT = datetime(2026, 9, 21, tzinfo=UTC).timestamp()


def at(hour):
    return MIDNIGHT + hour * H


def recorded(key="e-1", *, phase="running", since=8.0, **more):
    values = {"first_seen": at(0), "version": 1, "class_id": "c-1", "project_id": "p-1", "creator_id": "u-1"}
    return RecordedEnvironment.objects.create(
        id=key, name=key, phase=phase, phase_since=at(since), **{**values, **more}
    )


def stretch(what, word, start, end, *, key="e-1", subject=""):
    return Stretch.objects.create(
        environment_id=key, what=what, word=word, start=at(start), end=at(end), subject=subject
    )


def recording(since=0.0, until=12.0, counted=None):
    return Recording.objects.create(
        id=1,
        since=at(since),
        until=at(until),
        epoch="e",
        version=1,
        counted=at(since if counted is None else counted),
    )


def goes_on_until(hour):
    Recording.objects.update(until=at(hour))
    rollup.count(UTC_ZONE)


def hours(day=DAY, key="e-1"):
    """(running, idle, not known) in hours."""
    row = EnvironmentDay.objects.get(day=day, environment_id=key)
    return (row.running / H, row.idle / H, row.unknown / H)


@pytest.mark.django_db
class TestCount:
    def test_what_goes_on_counts_up_to_the_end_of_the_record(self):
        recording()
        recorded(started=at(8), since=8)
        stretch("phase", "stopped", 0, 8)
        stretch("start", "", 8, 8)
        assert rollup.count(UTC_ZONE) == 1
        assert hours() == (4, 2, 0)
        goes_on_until(13)
        assert hours() == (5, 3, 0)
        row = EnvironmentDay.objects.get()
        assert (row.class_id, row.project_id, row.creator_id) == ("c-1", "p-1", "u-1")

    def test_counting_again_changes_nothing(self):
        recording()
        recorded()
        rollup.count(UTC_ZONE)
        before = list(EnvironmentDay.objects.values())
        assert rollup.count(UTC_ZONE) == 0
        Recording.objects.update(counted=at(0))
        assert rollup.count(UTC_ZONE) == 0
        assert list(EnvironmentDay.objects.values()) == before

    def test_what_is_learnt_late_still_counts(self):
        recording(until=23.9)
        recorded(since=0)
        rollup.count(UTC_ZONE)
        assert hours()[1] == 23.9
        stretch("run", "Build", 0, 23.5, subject="x-1")
        goes_on_until(24.1)
        assert hours() == (24, 0, 0)

    def test_a_night_is_split_at_midnight(self):
        recording(since=20, until=30)
        recorded(since=20, first_seen=at(20))
        stretch("start", "", 19, 19)
        rollup.count(UTC_ZONE)
        assert (hours(), hours(date(2026, 9, 22))) == ((4, 3, 0), (6, 6, 0))

    def test_nothing_before_the_record_began_is_counted(self):
        recording(since=10)
        recorded(since=8, first_seen=at(8))
        rollup.count(UTC_ZONE)
        assert hours() == (2, 2, 0)

    def test_what_is_gone_counts_until_then(self):
        recording()
        recorded(since=8, gone=at(10))
        stretch("phase", "running", 0, 10)
        rollup.count(UTC_ZONE)
        assert hours() == (10, 10, 0)

    def test_a_hole_is_counted_as_not_known_and_a_gap_never_as_idle(self):
        recording()
        recorded(phase="stopped", since=9)
        stretch("phase", "running", 0, 5)
        stretch("gap", "", 5, 9, key="")
        rollup.count(UTC_ZONE)
        assert hours() == (5, 5, 4)
        recorded("e-2", since=0)
        Recording.objects.update(counted=at(0))
        rollup.count(UTC_ZONE)
        assert hours(key="e-2") == (12, 8, 0)

    def test_an_environment_that_never_ran_has_no_row(self):
        recording()
        recorded(phase="stopped", since=0)
        rollup.count(UTC_ZONE)
        assert not EnvironmentDay.objects.exists()

    def test_without_a_record_there_is_nothing_to_count(self):
        assert rollup.count(UTC_ZONE) == 0

    @pytest.mark.parametrize(("at_once", "chunk"), [(1e9, 500), (0.0, 500), (0.0, 1)])
    def test_a_replay_hands_out_every_environment_with_what_led_to_the_time(
        self, monkeypatch, at_once, chunk
    ):
        monkeypatch.setattr(rollup, "AT_ONCE", at_once)
        monkeypatch.setattr(rollup, "CHUNK", chunk)
        recording(until=30)
        recorded("e-1", since=26, runs={"x-9": ["Build", at(27)]})
        recorded("e-2", phase="stopped", since=5)
        recorded("e-3", gone=at(3))
        stretch("phase", "stopped", 0, 26)
        stretch("signal", "SSH", 23, 23.5)
        stretch("signal", "SSH", 2, 3)
        stretch("gap", "", 24, 25, key="")
        found = list(rollup.replay(at(24), at(28)))
        assert [one.environment.id for one in found] == ["e-1", "e-2"]
        told = [
            (span.what.value, (span.start - MIDNIGHT) / H, (span.end - MIDNIGHT) / H)
            for span in found[0].spans
        ]
        assert told == [("phase", 0, 26), ("signal", 23, 23.5), ("phase", 26, 28), ("run", 27, 28)]
        assert found[0].gaps == [(at(24), at(25))]
        assert rollup.history_of(found[0].environment, at(24), at(28)).spans == [
            span for span in found[0].spans if span.what.value != "signal"
        ]


half_hours = st.integers(0, 95).map(lambda number: number / 2)


@pytest.mark.django_db(transaction=False)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(half_hours, min_size=1, max_size=6, unique=True), st.lists(half_hours, max_size=6))
def test_however_often_it_is_counted_on_the_way_the_sum_is_the_same(db, ends, looks):
    """A phase changes at each of `ends`, hours are counted at each of `looks` and at the end."""
    for model in (Recording, RecordedEnvironment, Stretch, EnvironmentDay):
        model.objects.all().delete()
    recording(until=0.0)
    environment = recorded(phase="running", since=0)
    events = sorted([(hour, "end") for hour in ends] + [(hour, "look") for hour in looks])
    for hour, event in [*events, (48.0, "look")]:
        Recording.objects.update(until=at(hour))
        if event == "look":
            rollup.count(UTC_ZONE)
        elif at(hour) > environment.phase_since:
            stretch("phase", environment.phase, (environment.phase_since - MIDNIGHT) / H, hour)
            environment.phase = "stopped" if environment.phase == "running" else "running"
            environment.phase_since = at(hour)
            environment.save()
    edges = [0.0, *sorted({hour for hour in ends if hour > 0}), 48.0]
    ran = sum(end - start for start, end in list(itertools.pairwise(edges))[::2])
    rows = list(EnvironmentDay.objects.all())
    assert sum(row.running for row in rows) / H == pytest.approx(ran)
    assert sum(row.idle for row in rows) == pytest.approx(sum(row.running for row in rows))
    assert IDLE_AFTER == 2 * H
