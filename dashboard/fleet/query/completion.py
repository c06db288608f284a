"""What may stand where the caret is: fields, their values out of the fleet, flags."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query.fields import FIELDS, Field
from dashboard.fleet.query.flags import flags_of
from dashboard.fleet.query.language import LONGEST_TEXT, OPERATORS, is_field, quoted
from dashboard.fleet.query.reading import At, Context
from dashboard.fleet.query.values import Takes, fold
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

MOST = 12
MOST_ROWS = 20_000
"""Rows in which texts to offer are looked for."""
DURATIONS = (">30m", ">2h", ">8h", ">1d", ">7d", ">30d", "<1h", "<1d", "<7d")
NUMBERS = (">0", "0", ">10")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` is shown and, with `means` beside it, chosen; the query then reads `before` up to the caret."""

    text: str
    means: str
    before: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the caret is: text[:start] stays, `typed` is what is completed, of `field` ("" outside of one)."""

    kept: str
    field: str
    typed: str


def complete(fleet: Fleet, kind: Kind, before: str, context: Context) -> list[Suggestion]:
    """At most MOST suggestions for a text that ends at the caret, the likeliest first."""
    if len(before) >= LONGEST_TEXT:
        return []
    at, place = At(fleet, context), place_of(before)
    found = _words(at, kind, place) if not place.field else _values(at, kind, place)
    unlike = (one for one in found if one.before != before)
    return list({one.before: one for one in islice(unlike, 2 * MOST)}.values())[:MOST]


def place_of(before: str) -> Place:
    """The part of the text that is being typed at its end; quotes hold together what they hold in the grammar."""
    term, value, field, quote = 0, 0, "", False
    for number, letter in enumerate(before):
        if letter == '"' and (quote or before[value:number] in {"", *OPERATORS}):
            quote = not quote
        elif quote:
            continue
        elif letter.isspace():
            term, value, field = number + 1, number + 1, ""
        elif letter == ",":
            value = number + 1
        elif letter == ":" and value == term and is_field(before[term:number]):
            value, field = number + 1, before[term:number].removeprefix("-").lower()
    if field:
        value += next((len(sign) for sign in OPERATORS if before.startswith(sign, value)), 0)
    elif value == term:
        value += before.startswith("-", value)
    return Place(before[:value], field, before[value:].removeprefix('"').replace('\\"', '"'))


def _likely(typed: str, texts: Iterable[str]) -> list[str]:
    """Those that begin with what is typed, then those that have it inside."""
    wanted = fold(typed)
    found = [text for text in texts if wanted in fold(text)]
    return sorted(found, key=lambda text: not fold(text).startswith(wanted))


def _words(at: At, kind: Kind, place: Place) -> Iterator[Suggestion]:
    """Fields; once something is typed also the phases, flags and projects that look like it."""
    fields = FIELDS[kind]
    names = {
        **{name: field.means for name, field in fields.items()},
        "is": "a flag",
        "has": sentence("has any"),
    }
    wanted = fold(place.typed)
    for name in (one for one in names if one.startswith(wanted)):
        yield Suggestion(f"{name}:", names[name], f"{place.kept}{name}:")
    if wanted:
        for name in ("phase", "is", "project"):
            if name in names:
                yield from _values(at, kind, Place(f"{place.kept}{name}:", name, place.typed), name)
        for name in (one for one in names if wanted in one and not one.startswith(wanted)):
            yield Suggestion(f"{name}:", names[name], f"{place.kept}{name}:")


def _values(at: At, kind: Kind, place: Place, prefix: str = "") -> Iterator[Suggestion]:
    head = f"{prefix}:" if prefix else ""
    for text, means, written in _offered(at, kind, place):
        yield Suggestion(head + text, means, place.kept + written)


def _offered(at: At, kind: Kind, place: Place) -> Iterator[tuple[str, str, str]]:
    """(what is shown, what it means, how it is written) of values."""
    if place.field == "is":
        flags = flags_of(kind)
        yield from ((name, flags[name].means, name) for name in _likely(place.typed, flags))
        return
    if place.field == "has":
        holding = {name: field.means for name, field in FIELDS[kind].items() if field.has}
        yield from ((name, holding[name], name) for name in _likely(place.typed, holding))
        return
    field = FIELDS[kind].get(place.field) or FIELDS[kind].get(place.field.replace("_", "-"))
    if field is None:
        return
    signed = place.kept.endswith(OPERATORS)
    for text in _texts(at, kind, field, place.typed):
        if field.takes in {Takes.DURATION, Takes.NUMBER}:
            if not signed:
                yield text, "", text
        else:
            yield text, "", quoted(text)


def _texts(at: At, kind: Kind, field: Field, typed: str) -> Iterable[str]:
    if field.takes is Takes.DURATION:
        return _likely(typed, DURATIONS)
    if field.takes is Takes.NUMBER:
        return _likely(typed, dict.fromkeys((*(one.partition(":")[2] for one in field.examples), *NUMBERS)))
    if field.takes is Takes.SWITCH:
        return _likely(typed, ("yes", "no", "any"))
    if field.takes is Takes.NAME and field.names is not None:
        names = field.names
        ids = getattr(at.fleet, field.known)
        return _likely(typed, sorted({names(at.fleet, identifier)[0] for identifier in ids}, key=fold))
    present = sorted(_present(at, kind, field, typed), key=fold)
    if field.takes is Takes.WORD:
        return _likely(typed, dict.fromkeys((*field.words, *present)))
    return _likely(typed, present)


def _present(at: At, kind: Kind, field: Field, typed: str) -> set[str]:
    """Texts that rows have in a field, as many as are offered of those that fit."""
    wanted, found = fold(typed), set[str]()
    seen = set[Any]()
    for row in islice(cast("Iterable[Listed]", at.fleet.of(kind).values()), MOST_ROWS):
        raw = field.read(at, row)
        if not raw or raw in seen:
            continue
        seen.add(raw)
        found.update(text for text in ((raw,) if isinstance(raw, str) else raw) if wanted in fold(text))
        if len(found) >= 4 * MOST:
            break
    return found
