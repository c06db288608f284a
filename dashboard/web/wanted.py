"""What somebody looks for by a few letters, and how well a name is that."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property

from dashboard.fleet.query.values import fold

BETWEEN = str.maketrans("-_", "  ")
"""What stands between words, beside white space: `web-server` finds “Web server”."""
UNSEEN = frozenset({"Mn", "Cf"})
"""Marks on letters, and what has no width or tells of directions."""
EXACT, BEGINS, BEGINS_A_WORD, INSIDE, ALL_WORDS, NEARLY, SCATTERED = range(7)
"""The ranks, the best first."""
SHORTEST_SLIP, LONGEST_SLIP = 4, 32
"""Letters of a text that may have one wrong; in a longer one it is not looked for."""


def plain(text: str) -> str:
    """Text as it is compared: folded, without accents and without what is not seen."""
    folded = fold(text)
    if folded.isascii():
        return folded
    seen = (one for one in unicodedata.normalize("NFD", folded) if unicodedata.category(one) not in UNSEEN)
    return unicodedata.normalize("NFC", "".join(seen))


def loosened(name: str) -> str:
    """A name as it is compared: one line, one space between words."""
    return " ".join(plain(name).translate(BETWEEN).split())


class Wanted:
    """What is looked for; nothing, where it has no words. A `line` is a name as `loosened` gives it."""

    def __init__(self, text: str) -> None:
        self.text = plain(text)
        self.loose = loosened(text)
        self.words = self.loose.split()

    def __bool__(self) -> bool:
        return bool(self.words)

    def begins(self, name: str) -> bool:
        """Enough of its first letters to mean it."""
        return len(self.loose) > 2 and loosened(name).startswith(self.loose)

    def rank(self, name: str) -> int | None:
        """How well the name is what is looked for; None where it is not."""
        line = loosened(name)
        if (found := self.placed(line)) is not None:
            return found
        if self.nearly(line):
            return NEARLY
        return SCATTERED if self.scatters and self.scattered.match(f"\n{line}") else None

    def placed(self, line: str) -> int | None:
        """As `rank`, without slips and without what is scattered."""
        if self.loose in line:
            if line == self.loose:
                return EXACT
            place = line.index(self.loose)
            return BEGINS if place == 0 else INSIDE if line[place - 1].isalnum() else BEGINS_A_WORD
        return ALL_WORDS if len(self.words) > 1 and all(word in line for word in self.words) else None

    @property
    def scatters(self) -> bool:
        """Whether it is long enough for its letters to be looked for one by one."""
        return len(self.loose) > 2

    @cached_property
    def scattered(self) -> re.Pattern[str]:
        """Its letters in their order, in one line after a line break. Looks at each letter of a line once."""
        letters = map(re.escape, self.loose.replace(" ", ""))
        return re.compile("\n" + "".join(f"[^{one}\n]*+{one}" for one in letters))

    @property
    def forgives(self) -> bool:
        """Whether it is long enough for a slip, and short enough."""
        return SHORTEST_SLIP <= len(self.loose) <= LONGEST_SLIP

    @cached_property
    def halves(self) -> tuple[str, str, str]:
        """A slip leaves one half as it is, unless it is right between them: then they meet as in the third."""
        text, half = self.loose, len(self.loose) // 2
        return text[:half], text[half:], text[: half - 1] + text[half] + text[half - 1] + text[half + 1 :]

    def nearly(self, line: str) -> bool:
        """With one letter too many, too few or another, or two that changed places."""
        if not self.forgives:
            return False
        first, second, swapped = self.halves
        return (
            swapped in line
            or any(_begins_nearly(line[at + len(first) :], second) for at in _places(line, first))
            or any(_begins_nearly(line[:at][::-1], first[::-1]) for at in _places(line, second))
        )


def _places(line: str, piece: str) -> Iterator[int]:
    at = line.find(piece)
    while at >= 0:
        yield at
        at = line.find(piece, at + 1)


def _begins_nearly(line: str, text: str) -> bool:
    """Whether the line begins with the text, in which one letter may be wrong."""
    pairs = enumerate(zip(line, text, strict=False))
    at = next((place for place, (one, other) in pairs if one != other), min(len(line), len(text)))
    rest, after = text[at:], line[at:]
    return (
        after.startswith(rest[1:])
        or after[1:].startswith((rest, rest[1:]))
        or (len(rest) > 1 and after.startswith(rest[1] + rest[0] + rest[2:]))
    )
