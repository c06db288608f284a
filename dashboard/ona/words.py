"""How the API spells enums and durations. Free of pydantic, so that a page that checks a form loads no models."""

import re

DURATION = re.compile(r"\d{1,12}(\.\d{1,9})?s", re.ASCII)
LONGEST_SECTION = 366 * 86_400.0
"""Seconds. What of a log says that it took longer was measured by no clock, or since 1970."""


def seconds(value: object) -> float | None:
    """A proto3 JSON duration ("1800s", "0.5s") in seconds; None for anything else. "0s" is 0.0, not None."""
    return float(value[:-1]) if isinstance(value, str) and DURATION.fullmatch(value) else None


def short(value: str, prefix: str) -> str:
    """The word of an enum's wire text: `short("SERVICE_PHASE_RUNNING", "SERVICE_PHASE_") == "running"`.

    Unspecified (absent, 0, `…_UNSPECIFIED`) is "". A value newer than this code survives as its own word, a
    bare number as its digits, and a name that lacks the prefix as the whole name in lower case.
    """
    word = value.removeprefix(prefix).lower()
    return "" if word in {"unspecified", "0"} else word


def enum_name(word: str, prefix: str) -> str:
    """The wire text of an enum's word, the reverse of `short`; a full name or a number passes unchanged."""
    return word if not word or word.startswith(prefix) or word.isdigit() else prefix + word.upper()
