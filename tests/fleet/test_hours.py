"""Hours out of spans: running, idle, not known; days of a time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet import hours
from dashboard.fleet.history import Span, What
from dashboard.fleet.hours import Hours, days_between, measure

H = 3600.0
BERLIN = ZoneInfo("Europe/Berlin")


def phase(word, start, end):
    return Span(What.PHASE, word, start * H, end * H)


def used(what, start, end=None):
    return Span(what, "SSH", start * H, (start if end is None else end) * H)


RAN = phase("running", 8, 18)


@pytest.mark.parametrize(
    ("spans", "gaps", "running", "idle", "unknown"),
    [
        ([], [], 0, 0, 24),
        ([phase("stopped", 0, 24)], [], 0, 0, 0),
        ([phase("stopped", 0, 8), RAN, phase("stopped", 18, 24)], [], 10, 10, 0),
        ([RAN], [], 10, 10, 14),
        ([RAN, used(What.START, 8)], [], 10, 8, 14),
        ([RAN, used(What.SIGNAL, 8, 16)], [], 10, 0, 14),
        ([RAN, used(What.SIGNAL, 8, 15)], [], 10, 1, 14),
        ([RAN, used(What.SIGNAL, 9), used(What.SIGNAL, 14)], [], 10, 1 + 3 + 2, 14),
        ([RAN, used(What.RUN, 8, 17)], [], 10, 0, 14),
        ([RAN, used(What.START, 7)], [], 10, 9, 14),  # before it ran
        ([RAN, used(What.SIGNAL, 20)], [], 10, 10, 14),
        ([phase("running", 8, 12), phase("updating", 12, 18), used(What.START, 8)], [], 10, 8, 14),
        ([phase("starting", 8, 9), phase("running", 9, 18), used(What.START, 8)], [], 9, 8, 14),
        ([phase("running", -5, 30), used(What.SIGNAL, -1)], [], 24, 23, 0),  # cut at both ends
        ([RAN, used(What.START, 8)], [(9 * H, 16 * H)], 10, 2, 14),  # nobody looked: not idle
        ([phase("running", 0, 10), phase("stopped", 12, 24)], [], 10, 10, 2),  # a hole
    ],
)
def test_hours_of_a_day(spans, gaps, running, idle, unknown):
    found = measure(spans, (0, 24 * H), gaps=gaps)
    assert found == Hours(running * H, idle * H, unknown * H)


def test_the_limit_says_when_idle_begins():
    spans = [RAN, used(What.START, 8)]
    assert [measure(spans, (0, 24 * H), idle_after=limit * H).idle / H for limit in (0, 1, 10, 24)] == [
        10,
        9,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 7, 1), 24),
        ("America/Santiago", date(2026, 9, 6), 23),  # has no midnight
        ("America/Havana", date(2026, 11, 1), 25),  # has two
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("UTC", date(2026, 12, 31), 24),
    ],
)
def test_a_day_is_as_long_as_it_is(zone, day, length):
    found = hours.the_day(day, ZoneInfo(zone))
    assert (found.end - found.start) / H == length
    assert hours.day_of(found.start, ZoneInfo(zone)) == found
    assert hours.day_of(found.end - 0.001, ZoneInfo(zone)) == found


def test_days_of_a_night_are_split_at_midnight_there():
    start, end = (datetime(2026, 7, day, hour, tzinfo=UTC).timestamp() for day, hour in ((1, 21), (2, 23)))
    found = list(days_between(start, end, BERLIN))
    assert [day.date.day for day in found] == [1, 2, 3]
    assert datetime.fromtimestamp(found[1].start, UTC).hour == 22
    assert list(days_between(end, end, BERLIN)) == []


# A year around both changes of the clocks
moments = st.floats(1_772_000_000, 1_772_000_000 + 300 * 86_400)
words = st.sampled_from(["running", "updating", "stopped", "starting"])
whats = st.sampled_from([What.SIGNAL, What.START, What.RUN])


def span(what, word, start, length):
    return Span(what, word, start, start + length)


spans = st.lists(
    st.builds(span, st.just(What.PHASE), words, moments, st.floats(0, 20 * 86_400))
    | st.builds(span, whats, st.just(""), moments, st.floats(0, 86_400)),
    max_size=15,
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Pacific/Apia"]).map(ZoneInfo)


@given(spans, moments, st.floats(1, 40 * 86_400), zones)
def test_the_days_add_up_to_the_whole(found, start, length, zone):
    end = start + length
    whole = measure(found, (start, end))
    parts = [
        measure(found, (max(day.start, start), min(day.end, end))) for day in days_between(start, end, zone)
    ]
    assert [sum(part) for part in zip(*parts, strict=True)] == pytest.approx(whole, abs=0.01)


@given(spans, moments, st.floats(0, 40 * 86_400), st.floats(0, 86_400))
def test_idle_is_a_part_of_running_and_running_of_the_time(found, start, length, limit):
    got = measure(found, (start, start + length), idle_after=limit)
    assert 0 <= got.idle <= got.running + 0.001
    assert got.running + got.unknown <= length + 0.001


@given(
    spans,
    moments,
    st.floats(0, 40 * 86_400),
    st.builds(span, whats, st.just(""), moments, st.floats(0, 86_400)),
)
def test_more_signs_of_use_never_make_more_idle(found, start, length, sign):
    window = (start, start + length)
    assert measure([*found, sign], window).idle <= measure(found, window).idle + 0.001


@given(spans, moments, st.floats(0, 40 * 86_400), st.floats(0, 86_400), st.floats(0, 86_400))
def test_a_longer_limit_never_makes_more_idle(found, start, length, one, other):
    window = (start, start + length)
    short, long = sorted((one, other))
    assert (
        measure(found, window, idle_after=long).idle <= measure(found, window, idle_after=short).idle + 0.001
    )
