"""When a policy may act: spans of the week by the clock on the wall of a time zone. Pure.

    spans  span; span; …
    span   [days] [from-to]        without days every day, without times the whole day
    days   Mon-Fri or Sat,Sun or every day; Fri-Mon goes over the weekend
    times  22:00-06:00             goes over midnight and belongs to the day on which it begins

The wall clock decides: what begins in an hour that summer time leaves out opens late or not that day, and an hour
that comes twice counts twice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.fleet.sentences import sentence

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVERY_DAY = frozenset(range(7))
DAY = 24 * 60
WEEK = 7 * DAY
AHEAD = timedelta(days=9)
"""So far the next change is looked for: spans repeat every week."""
MOST_SPANS = 20
_SPAN = re.compile(r"(?P<days>[A-Za-z][A-Za-z,\s-]*?)?\s*(?P<times>\d.*)?")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")


class Unreadable(Exception):
    """Text that is no list of spans; the message says what is wrong with which part."""


@dataclass(frozen=True, slots=True)
class Span:
    """On `days` (0 is Monday) from minute `start` to minute `end` of the day; an `end` that is not after the start is
    one of the next day.
    """

    days: frozenset[int] = EVERY_DAY
    start: int = 0
    end: int = DAY

    def holds(self, weekday: int, minute: int) -> bool:
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        evening = weekday in self.days and minute >= self.start
        return evening or ((weekday - 1) % 7 in self.days and minute < self.end)


Spans = tuple[Span, ...]


def read(text: str) -> Spans:
    """The spans of a text, () for an empty one. Raises Unreadable."""
    parts = [part for part in (piece.strip() for piece in text.split(";")) if part]
    if len(parts) > MOST_SPANS:
        raise Unreadable(sentence("{MOST_SPANS} spans are the most.", MOST_SPANS=MOST_SPANS))
    return tuple(_span(part) for part in parts)


def _span(part: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None:
        raise Unreadable(
            sentence("“{part}” is no span of the week; “Mon-Fri 22:00-06:00” is.", part=part[:60])
        )
    days = _days(found["days"]) if found["days"] else EVERY_DAY
    return Span(days, *_times(found["times"])) if found["times"] else Span(days)


def _days(text: str) -> frozenset[int]:
    if text.strip().lower() == "every day":
        return EVERY_DAY
    found: set[int] = set()
    for piece in text.split(","):
        first, dash, last = (word.strip() for word in piece.partition("-"))
        begin, end = _day(first), _day(last if dash else first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)


def _day(word: str) -> int:
    for number, name in enumerate(DAYS):
        if word[:3].lower() == name.lower():
            return number
    raise Unreadable(sentence("“{word}” is no day; they are {join}.", word=word[:20], join=", ".join(DAYS)))


def _times(text: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if found is None:
        raise Unreadable(sentence("“{text}” is no span of the day; “22:00-06:00” is.", text=text[:40]))
    hours = [int(number) for number in found.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or start >= DAY or end > DAY:
        raise Unreadable(sentence("“{text}” has a time that no clock shows.", text=text[:40]))
    if start == end:
        raise Unreadable(
            sentence("“{text}” never opens; leave the times out for the whole day.", text=text[:40])
        )
    return start, DAY if end == 0 else end


def words(spans: Spans) -> str:
    """The spans as they are written: Mon-Fri 22:00-06:00; Sat,Sun."""
    return "; ".join(_words(span) for span in spans)


def _words(span: Span) -> str:
    days = "" if span.days == EVERY_DAY else _named(sorted(span.days))
    if (span.start, span.end) == (0, DAY):
        return days or "every day"
    clock = f"{_clock(span.start)}-{_clock(span.end)}"
    return f"{days} {clock}" if days else clock


def _named(days: list[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return ",".join(DAYS[day] for day in days)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass(frozen=True, slots=True)
class Opening:
    """Open during `during` (always when there are none) but never during `never`, by the clocks of `zone`."""

    during: Spans
    never: Spans
    zone: ZoneInfo

    def closed(self, at: datetime) -> str:
        """Why it is closed at an aware `at`: "outside" its spans, "never" for one of those; "" while it is open."""
        local = at.astimezone(self.zone)
        return self._closed(local.weekday(), local.hour * 60 + local.minute)

    def _closed(self, weekday: int, minute: int) -> str:
        if any(span.holds(weekday, minute) for span in self.never):
            return "never"
        inside = not self.during or any(span.holds(weekday, minute) for span in self.during)
        return "" if inside else "outside"

    @property
    def ever(self) -> bool:
        """Whether any minute of the week is open."""
        return any(not self._closed(minute // DAY, minute % DAY) for minute in range(WEEK))

    @property
    def always(self) -> bool:
        return not self.during and not self.never

    def next_change(self, at: datetime) -> datetime | None:
        """When it opens or closes next; None when that is not within nine days."""
        now = bool(self.closed(at))
        moments = sorted({moment for moment in self._moments(at) if moment > at})
        return next((moment for moment in moments if bool(self.closed(moment)) is not now), None)

    def _moments(self, at: datetime) -> Iterator[datetime]:
        """Where something may change: the ends of spans, and each quarter of an hour because of summer time."""
        minutes = {0}.union(*({span.start, span.end % DAY} for span in (*self.during, *self.never)))
        today = at.astimezone(self.zone).date()
        for days in range(-1, AHEAD.days + 1):
            for minute in minutes:
                for fold in (0, 1):
                    wall = time(minute // 60, minute % 60, fold=fold)
                    there = datetime.combine(today + timedelta(days=days), wall, self.zone)
                    yield there.astimezone(UTC)
        quarter = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        for number in range(AHEAD.days * 96):
            yield quarter + number * timedelta(minutes=15)
