"""What a field can be asked for, and the test that a value becomes.

A test is asked about the raw value of a row (a word, an id, a number, seconds…). It remembers its answer for each
raw value, so that a name is compared once for each project and not once for each row.
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import Enum
from typing import Any

from dashboard.fleet.marking import marked as _
from dashboard.fleet.query.language import Value, quoted
from dashboard.fleet.sentences import sentence

Test = Callable[[Any], bool]
MOST_CANDIDATES = 2_000
"""Words among which the nearest one is looked for."""
LONGEST_GUESS = 64


class Takes(Enum):
    """What stands behind the colon; the text is for the table of fields."""

    WORD = _("one of its words")
    NAME = _("part of the name, =whole name, or an id")
    TEXT = _("part of the text, or =whole text")
    ID = _("the id, its beginning or its end")
    NUMBER = _("a number, with < <= > >= or none")
    DURATION = _("a time like 30m 2h 7d with < <= > >=; without a sign, at least")
    SWITCH = _("yes, no or any")


class Wrong(Exception):
    """The value makes no sense to its field; `instead` would."""

    def __init__(self, message: str, instead: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.instead = instead


class Answers(dict[Any, bool]):
    """Raw value → whether it passes, asked once for each."""

    def __init__(self, ask: Test) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, raw: Any) -> bool:
        self[raw] = answer = self._ask(raw)
        return answer


def fold(text: str) -> str:
    """Text as it is compared: without difference of case, of width or of composition."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def nearest(word: str, candidates: Iterable[str]) -> str:
    """The candidate that looks most like the word; "" when none does."""
    known = {fold(one): one for one, _ in zip(candidates, range(MOST_CANDIDATES), strict=False)}
    found = get_close_matches(fold(word[:LONGEST_GUESS]), known, 1, 0.6)
    return known[found[0]] if found else ""


def text_test(value: Value) -> Test:
    """Of one text, or of several of which one must pass."""
    _only(value, "", "=")
    wanted, whole = fold(value.text), value.operator == "="

    def holds(raw: Any) -> bool:
        texts = (raw,) if isinstance(raw, str) else raw
        return any(fold(text) == wanted if whole else wanted in fold(text) for text in texts)

    return holds


def id_test(value: Value) -> Test:
    _only(value, "", "=")
    wanted, whole = value.text.lower(), value.operator == "="
    return lambda raw: (
        raw.lower() == wanted if whole else raw.lower().startswith(wanted) or raw.lower().endswith(wanted)
    )


def name_test(value: Value, names: Callable[[str], tuple[str, ...]]) -> Test:
    """Of an id: by the names of what it stands for, or by itself."""
    by_name = text_test(value)
    return lambda raw: bool(raw) and (raw == value.text or by_name(names(raw)))


def word_test(value: Value, known: Iterable[str], present: Callable[[], Iterable[str]]) -> Test:
    """Of a word that must be `known` to this version or `present` in the fleet."""
    _only(value, "", "=")
    wanted = fold(value.text).replace("-", "_")
    words = tuple(known)
    if wanted not in words:
        there = set(present())
        if wanted not in there:
            choices = sorted({*words, *there} - {""})
            raise Wrong(
                sentence("There is no {text}. {one_of}", text=value.text, one_of=_one_of(choices)),
                nearest(wanted, choices),
            )
    return lambda raw: bool(raw == wanted) if isinstance(raw, str) else wanted in raw


def _one_of(choices: list[str]) -> str:
    shown = ", ".join(choices[:16])
    return (
        sentence("Known: {shown}{more}.", shown=shown, more=" …" if len(choices) > 16 else "")
        if choices
        else ""
    )


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq
}  # fmt: skip
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:[0-9]{1,6}(?:min|[smhdw])){1,6}\Z")
_PART = re.compile(r"([0-9]+)(min|[smhdw])")


def number_test(value: Value) -> Test:
    """Of one number, or of several of which one must pass; of None never."""
    if not re.fullmatch(r"[0-9]{1,9}", value.text):
        raise Wrong(sentence("This takes a whole number, such as 3 or >0."), "")
    wanted, compare = int(value.text), _COMPARE[value.operator or "="]

    def holds(raw: Any) -> bool:
        numbers = raw if isinstance(raw, tuple) else (raw,)
        return any(compare(number, wanted) for number in numbers if number is not None)

    return holds


def duration_test(value: Value) -> Test:
    """Of seconds; what is not known passes no test."""
    wanted, compare = seconds(value.text), _COMPARE[value.operator or ">="]
    if value.operator == "=":
        raise Wrong(sentence("Times are compared with < or >."), f">{value.text}")
    return lambda raw: raw is not None and compare(raw, wanted)


def seconds(text: str) -> int:
    """`30m`, `2h`, `1d12h` in seconds; raises Wrong."""
    typed = text.lower()
    if not _DURATION.match(typed):
        digits = re.fullmatch(r"[0-9]{1,6}", typed)
        raise Wrong(sentence("This takes a time, such as 30m, 2h or 7d."), f"{text}h" if digits else "")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(typed))


def switch_test(value: Value) -> Test:
    _only(value, "", "=")
    word = fold(value.text)
    if word not in {"yes", "no", "any"}:
        raise Wrong(sentence("This takes yes, no or any."), nearest(word, ("yes", "no", "any")))
    return lambda raw: word == "any" or bool(raw) is (word == "yes")


def _only(value: Value, *operators: str) -> None:
    if value.operator not in operators:
        raise Wrong(sentence("This cannot be compared by size."), quoted(value.text))
