"""Lengths of time and times of day in words, the same on every page and in every record."""

from datetime import datetime

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def length(seconds: float) -> str:
    """A duration to two units: 9 d 4 h, 1 h 20 min, 3 min 5 s, 0.8 s."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = int(seconds)
    at = next(number for number, (size, _) in enumerate(UNITS) if whole >= size)
    size, unit = UNITS[at]
    words = f"{whole // size} {unit}"
    if at + 1 == len(UNITS):
        return words
    small, name = UNITS[at + 1]
    rest = whole % size // small
    return f"{words} {rest} {name}" if rest else words


def time_of_day(at: float, now: datetime) -> str:
    """An epoch second as a clock in `now`'s time zone shows it: 10:02, on another day Fri 20 Nov 10:02."""
    moment = datetime.fromtimestamp(at, now.tzinfo)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%a} {moment.day} {moment:%b %H:%M}"
