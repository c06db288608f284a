"""What is wrong with a file, and where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MOST_SHOWN = 30
LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1, `text` is that line, cut; `place` is a path such as `services.web.name`, or ""."""

    line: int
    words: str
    place: str = ""
    text: str = ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The word of `known` that somebody may have meant, "" when none is near."""
    lower = {one.lower(): one for one in known}
    found = get_close_matches(word[:80].lower(), lower, 1, 0.6)
    return lower[found[0]] if found else ""


def shown(text: str) -> str:
    """A line as it is quoted beside its mistake."""
    line = text.rstrip().replace("\t", "⇥")
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
