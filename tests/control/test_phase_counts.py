"""Phases are counted every ten minutes, from the record alone."""

import pytest

from dashboard.control.models import PhaseCount, RecordedEnvironment, Recording, Stretch
from dashboard.control.record import history, phase_counts

M = 60.0
T = 1_790_000_400.0  # a moment that is counted


def recording(since=0.0, until=30.0):
    Recording.objects.create(id=1, since=T + since * M, until=T + until * M, epoch="e", version=1, counted=T)


def lasting(key, phase, since, **more):
    RecordedEnvironment.objects.create(
        id=key, name=key, phase=phase, phase_since=T + since * M, first_seen=T, version=1, **more
    )


def stretch(word, start, end, *, what="phase", key="e-1"):
    Stretch.objects.create(environment_id=key, what=what, word=word, start=T + start * M, end=T + end * M)


def counted():
    return {round((at - T) / M): counts for at, counts in phase_counts.since(0.0)}


@pytest.mark.django_db
class TestCount:
    def test_what_has_ended_and_what_lasts_are_counted_at_each_moment(self):
        recording()
        lasting("e-1", "stopped", 15)
        lasting("e-2", "running", 0)
        lasting("e-3", "stopped", 12, gone=T + 20 * M)
        stretch("running", 0, 10)
        stretch("stopping", 10, 15)
        stretch("stopped", 12, 20, key="e-3")
        stretch("Build", 0, 30, what="run")
        assert phase_counts.count() == 3
        assert counted() == {
            0: {"running": 2},
            10: {"running": 1, "stopping": 1},
            20: {"running": 1, "stopped": 1},
        }

    def test_each_moment_is_counted_once_and_only_when_it_can_be_known(self):
        recording(until=11.9)
        lasting("e-1", "running", 0)
        assert phase_counts.count() == 1
        Recording.objects.update(until=T + 12 * M)
        assert phase_counts.count() == 1
        assert phase_counts.count() == 0
        assert list(counted()) == [0, 10]

    def test_a_record_that_has_just_begun_has_its_beginning(self):
        recording(since=1, until=1)
        lasting("e-1", "running", 1)
        assert phase_counts.count() == 1
        assert counted() == {1: {"running": 1}}

    def test_where_nobody_looked_there_are_no_numbers(self):
        recording()
        lasting("e-1", "running", 0)
        stretch("", 5, 15, what="gap", key="")
        phase_counts.count()
        assert counted()[10] == {}

    def test_a_worker_that_was_away_for_weeks_makes_up_for_eight_days(self):
        recording(since=-30 * 24 * 60)
        lasting("e-1", "running", 0)
        assert [phase_counts.count() for _ in range(9)] == [144] * 8 + [0]
        Recording.objects.update(until=T + 24 * 60 * M)
        phase_counts.count()
        assert PhaseCount.objects.count() <= 8 * 144 + 1

    def test_a_record_that_is_dropped_takes_its_counts_along(self):
        recording()
        phase_counts.count()
        history.forget()
        assert not PhaseCount.objects.exists()

    def test_without_a_record_there_is_nothing_to_count(self):
        assert phase_counts.count() == 0
