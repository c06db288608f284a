"""Lengths of time and times of day in words, the same on every page and in every record."""

from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, gettext, pgettext

from dashboard.fleet.sentences import Said


class Spoken(NamedTuple):
    """What a language says of time; the same words as static/dashboard.js uses."""

    units: tuple[tuple[int, str], ...]
    """Seconds and name of each, the largest first."""
    point: str
    just_now: str
    ago: str
    ahead: str


def spoken() -> Spoken:
    """That of the language of this request; English in jobs."""
    return _spoken(get_language() or "")


@cache
def _spoken(_: str) -> Spoken:
    days, hours = pgettext("unit of time", "d"), pgettext("unit of time", "h")
    minutes, seconds = pgettext("unit of time", "min"), pgettext("unit of time", "s")
    return Spoken(
        ((86_400, days), (3_600, hours), (60, minutes), (1, seconds)),
        str(get_format("DECIMAL_SEPARATOR")),
        gettext("just now"),
        gettext("{span} ago"),
        gettext("in {span}"),
    )


WITHOUT_YEAR = timedelta(days=300)
"""Within it a day and its month are enough to tell which one is meant."""
ENGLISH = Spoken(
    ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")), ".", "just now", "{span} ago", "in {span}"
)


LONGEST = 1e12
"""Seconds. Nothing that has a date takes as long."""
UNKNOWN = "—"
"""Stands for a length that is none: not a number, or without end."""


class Length(Said):
    """A duration, which knows how many seconds it is."""

    seconds: float

    def said(self) -> str:
        return spoken_length(self.seconds)


class TimeOfDay(Said):
    """A time as a clock shows it, which knows when it is, and when it was said."""

    at: float
    now: datetime

    def said(self) -> str:
        return spoken_time_of_day(self.at, self.now)


def length(seconds: float) -> Length:
    """A duration to two units: 9 d 4 h, 1 h 20 min, 3 min 5 s, 0.8 s."""
    made = Length(_length(seconds, ENGLISH))
    made.seconds = seconds
    return made


def spoken_length(seconds: float) -> str:
    """The same in the language of this request."""
    return _length(seconds, spoken())


def _length(seconds: float, language: Spoken) -> str:
    units = language.units
    if not abs(seconds) < LONGEST:  # what is no number is not, either
        return UNKNOWN
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} {units[-1][1]}".replace(".", language.point, 1)
    whole = int(seconds)
    at = next(number for number, (size, _) in enumerate(units) if whole >= size)
    size, unit = units[at]
    words = f"{whole // size} {unit}"
    if at + 1 == len(units):
        return words
    small, name = units[at + 1]
    rest = whole % size // small
    return f"{words} {rest} {name}" if rest else words


def span(seconds: float) -> str:
    """A length of time by its largest unit, in the language of this request: 42 s, 3 min, 5 h, 12 d."""
    units = spoken().units
    if not abs(seconds) < LONGEST:
        return UNKNOWN
    size, unit = next((one for one in units if seconds >= one[0]), units[-1])
    return f"{int(seconds // size)} {unit}"


def time_of_day(at: float, now: datetime) -> TimeOfDay:
    """An epoch second as a clock in `now`'s time zone shows it: 10:02, on another day Fri 20 Nov 10:02, far from now
    20 Nov 2099.
    """
    moment = datetime.fromtimestamp(at, now.tzinfo)
    if moment.date() == now.date():
        made = TimeOfDay(f"{moment:%H:%M}")
    elif _is_far(moment, now):
        made = TimeOfDay(f"{moment.day} {moment:%b %Y}")
    else:
        made = TimeOfDay(f"{moment:%a} {moment.day} {moment:%b %H:%M}")
    made.at, made.now = at, now
    return made


def spoken_time_of_day(at: float, now: datetime) -> str:
    """The same in the language of this request."""
    moment = datetime.fromtimestamp(at, now.tzinfo)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if _is_far(moment, now):
        return date_format(moment, pgettext("format of a date", "j M Y"))
    return date_format(moment, pgettext("format of a date", "D j M H:i"))


def _is_far(moment: datetime, now: datetime) -> bool:
    return abs(moment - now) > WITHOUT_YEAR
