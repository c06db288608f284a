"""Sentences that were kept as text: which template made them, and from what, so that a page can say them again.

`make messages` lists the templates of all sentences in `dashboard/locale/sentences.json`. A text is taken apart only by
a template whose words it has from its first letter to its last; what a value says stays as it is, but for those that
are sentences themselves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

LISTED = Path(__file__).resolve().parent.parent / "locale" / "sentences.json"
LEAST = 8
"""Letters beside the values: a template with fewer would fit anything, unless it has one of `TELLING`."""
TELLING = frozenset({"kept", "phase"})
LONGEST = 2_000
NUMBERS = frozenset(
    {"kept", "many", "more", "most", "number", "stops", "earlier", "warned", "warnings", "most_a_run"}
)
NESTED = frozenset({"because", "phase", "rest", "source", "state", "what", "why", "words"})
"""Values that are themselves our own words; all others are names, numbers and times."""


@dataclass(frozen=True, slots=True)
class Template:
    """`between` are the words before, between and after the values; `more` is the template of several, "" if none, and
    `many` says that these are its words.
    """

    one: str
    more: str
    many: bool
    between: tuple[str, ...]
    names: tuple[str, ...]
    plain: bool = True
    """Without a value that is written in a way of its own, as `{number:,}` is."""

    def values_of(self, text: str) -> dict[str, str] | None:
        """None when another template made it."""
        first, *inner, last = self.between
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or end <= len(first):
            return None
        found, at = [], len(first)
        for words in inner:
            then = text.find(words, at + 1, end)
            if then < 0:
                return None
            found.append(text[at:then])
            at = then + len(words)
        found.append(text[at:end])
        values = dict(zip(self.names, found, strict=True))
        return values if all(_may_be(name, value) for name, value in values.items()) else None


@lru_cache(maxsize=4096)
def made_of(text: str) -> tuple[Template, Mapping[str, str]] | None:
    """Which template made a text, from which values; None when none did."""
    if " " not in text or len(text) > LONGEST:
        return None
    tried = ((template, template.values_of(text)) for template in templates())
    return next(((template, values) for template, values in tried if values is not None), None)


@cache
def templates() -> tuple[Template, ...]:
    """Those with values; of two that fit, the one that says more comes first."""
    listed = json.loads(LISTED.read_text(encoding="utf-8"))
    found = [_template(words, one, more) for one, more in listed for words in filter(None, (one, more))]
    able = [
        one
        for one in found
        if one.names and one.plain and (TELLING & set(one.names) or sum(map(_letters, one.between)) >= LEAST)
    ]
    return tuple(sorted(able, key=lambda one: -sum(map(len, one.between))))


def _may_be(name: str, value: str) -> bool:
    if name in NUMBERS:
        return value.isascii() and value.replace(",", "").isdigit()
    return bool(value) and not (name == "phase" and " " in value)


def _template(words: str, one: str, more: str) -> Template:
    parts = list(Formatter().parse(words))
    names = tuple(name for _, name, _, _ in parts if name is not None)
    between = [text for text, _, _, _ in parts]
    if parts and parts[-1][1] is not None:
        between.append("")
    return Template(one, more, words == more, tuple(between), names, not any(spec for _, _, spec, _ in parts))


def _tells(one: Template) -> bool:
    return bool(TELLING & set(one.names)) or sum(map(_letters, one.between)) >= LEAST


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
