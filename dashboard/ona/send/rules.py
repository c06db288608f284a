"""Limits that the API documents, as functions: "" when a value keeps the rule, else the rule as a sentence part.

The sentences go on after the name of a field: "name: must have 1 to 80 characters". They never quote the value.
Sources: the validation rules (`buf.validate`) in the descriptors that gitpod-sdk 1.2.0 ships.
"""

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from dashboard.ona.formed import formed

Rule = Callable[[Any], str]
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
REFERENCE = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", re.ASCII)
DAY, HALF_HOUR = 86400, 1800
LONGEST = 315_576_000_000
"""Seconds: the longest duration that protobuf knows, ten thousand years."""
TRIGGERS = ("manual", "postMachineStart", "postEnvironmentStart", "postDevcontainerStart", "prebuild")
TASK_TRIGGERS = (*TRIGGERS, "beforeSnapshot")
FILE_TRIGGERS = ("manual", "postEnvironmentStart", "postDevcontainerStart", "prebuild")


def anything(_: Any) -> str:
    """No rule."""
    return ""


def length(least: int, most: int) -> Rule:
    """Characters, both ends included."""
    return lambda text: (
        ""
        if least <= len(text) <= most
        else formed("must have {least} to {most} characters", least=least, most=most)
    )


def needed(text: str) -> str:
    return "" if text else formed("must not be empty")


def some(values: Collection[Any]) -> str:
    """For lists that an empty one cannot clear: on the wire it looks like one that was not given."""
    return "" if values else formed("must not be empty: the API takes an empty list for no change")


def at_most(number: int) -> Rule:
    return lambda values: (
        "" if len(values) <= number else formed("must not be more than {number}", number=number)
    )


def uuid(text: str) -> str:
    return "" if UUID.fullmatch(text) else formed("must be a UUID")


def uuid_or_empty(text: str) -> str:
    return uuid(text) if text else ""


def reference(text: str) -> str:
    return "" if REFERENCE.fullmatch(text) else formed("must have 1 to 128 letters, digits, _ or -")


def relative_path(text: str) -> str:
    return formed("must not start with /") if text.startswith("/") else ""


def address(text: str) -> str:
    return "" if ADDRESS.fullmatch(text) else formed("must be an address such as https://github.com/acme/web")


def port(number: int) -> str:
    return "" if 1024 <= number <= 65535 else formed("must be 1024 to 65535")


def inactivity(seconds: float) -> str:
    """0 switches the stop off."""
    kept = seconds == 0 or HALF_HOUR <= seconds <= LONGEST
    return (
        "" if kept else formed("must be 0 (never) or at least {least} seconds (30 minutes)", least=HALF_HOUR)
    )


def readiness(seconds: float) -> str:
    """0 switches the limit off."""
    return (
        "" if 0 <= seconds <= DAY else formed("must be 0 (no limit) to {most} seconds (24 hours)", most=DAY)
    )


def zoned(moment: datetime) -> str:
    return formed("must have a time zone") if moment.utcoffset() is None else ""


def one_of(words: Collection[str], shown: Collection[str] = ()) -> Rule:
    """`shown` is what the sentence lists instead of all."""
    known = ", ".join(filter(None, shown or words))
    return lambda word: "" if word in words else formed("must be one of {known}", known=known)


def triggers(words: Collection[str]) -> Rule:
    """A trigger's name, spelled as on the wire or as in `schema.Trigger`."""
    known = one_of(words)
    return lambda word: known(to_camel(word))
