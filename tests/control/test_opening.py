"""When a policy may act: reading spans, midnight, and the two nights of the year on which the clock jumps."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.control.policies.opening import DAY, Opening, Span, Unreadable, read, words

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")


def opening(during="", never="", zone=BERLIN):
    return Opening(read(during), read(never), zone)


def local(*parts, fold=0):
    return datetime(*parts, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("", ""),
        ("mon-fri 22:00-6:00", "Mon-Fri 22:00-06:00"),
        ("Saturday, Sunday", "Sat,Sun"),
        ("Fri-Mon 8:00-0:00 ; 12:30 - 13:00", "Mon,Fri,Sat,Sun 08:00-24:00; 12:30-13:00"),
        ("Mon-Sun", "every day"),
        ("every day", "every day"),
    ],
)
def test_spans_are_read_as_people_write_them(text, same):
    assert words(read(text)) == same


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Xyz 10:00-11:00", "“Xyz” is no day"),
        ("Mon 10-11", "“10-11” is no span of the day"),
        ("25:00-26:00", "no clock shows"),
        ("10:61-11:00", "no clock shows"),
        ("22:00-22:00", "never opens"),
        ("Mon-Fri; ?", "no span of the week"),
        ("; ".join(["Mon"] * 21), "20 spans"),
    ],
)
def test_what_cannot_be_read_is_named(text, said):
    with pytest.raises(Unreadable, match=said):
        read(text)


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins():
    nights = opening("Fri 22:00-06:00")
    assert nights.closed(local(2026, 9, 25, 21, 59)) == "outside"
    assert not nights.closed(local(2026, 9, 25, 22, 0))
    assert not nights.closed(local(2026, 9, 26, 5, 59))
    assert nights.closed(local(2026, 9, 26, 6, 0))
    assert nights.closed(local(2026, 9, 25, 5, 0))


def test_never_wins():
    hours = opening("20:00-08:00", "Sat,Sun")
    assert not hours.closed(local(2026, 9, 25, 23, 0))
    assert hours.closed(local(2026, 9, 26, 0, 0)) == "never"


def test_what_is_never_open_is_known():
    assert opening().always
    assert opening("Mon 10:00-11:00").ever
    assert not opening("Sat", "Fri-Sun").ever
    assert not opening(never="Mon-Sun").ever


def test_a_span_in_the_hour_that_summer_time_leaves_out_does_not_open_that_day():
    gap = opening("02:00-03:00")
    sunday = local(2026, 3, 29, 0, 0)
    assert gap.next_change(sunday) == local(2026, 3, 30, 2, 0)


def test_what_begins_in_that_hour_opens_when_it_is_over():
    late = opening("02:30-05:00")
    assert late.next_change(local(2026, 3, 29, 0, 0)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_counts_twice():
    twice = opening("02:00-03:00")
    opens = twice.next_change(local(2026, 10, 25, 0, 0))
    assert opens == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert twice.next_change(opens) - opens == timedelta(hours=2)


spans = st.builds(
    Span,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, DAY - 1),
    st.integers(1, DAY),
).filter(lambda span: span.start != span.end)
moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-04-04T15:00"]).flatmap(
        lambda jump: st.integers(-180, 180).map(
            lambda minutes: datetime.fromisoformat(f"{jump}+00:00") + timedelta(minutes=minutes)
        )
    ),
)


@given(st.lists(spans, max_size=3), st.lists(spans, max_size=2), st.sampled_from(ZONES), moments)
@settings(max_examples=60, deadline=None)
def test_the_next_change_is_the_first_minute_at_which_it_differs(during, never, zone, at):
    hours, at = Opening(tuple(during), tuple(never), ZoneInfo(zone)), at.replace(second=0, microsecond=0)
    now, found = bool(hours.closed(at)), hours.next_change(at)
    end = at + timedelta(hours=30)
    by_minute = (at + timedelta(minutes=step) for step in range(1, 1800))
    first = next((moment for moment in by_minute if bool(hours.closed(moment)) is not now), None)
    if first is None:
        assert found is None or found >= end
    else:
        assert found == first


@given(st.lists(spans, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_what_is_written_reads_as_the_same_hours(given_spans):
    written = words(tuple(given_spans))
    before, after = (
        Opening(tuple(given_spans), (), ZoneInfo("UTC")),
        Opening(read(written), (), ZoneInfo("UTC")),
    )
    monday = datetime(2026, 9, 21, tzinfo=UTC)
    for step in range(0, 7 * DAY, 7):
        at = monday + timedelta(minutes=step)
        assert before.closed(at) == after.closed(at)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(Unreadable):
        written = words(read(text))
        assert words(read(written)) == written
