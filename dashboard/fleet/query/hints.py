"""What somebody may have meant whose filter names what is not there. It is no mistake: tomorrow it may be there."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import cast

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query.fields import FIELDS, Field
from dashboard.fleet.query.language import Problem, Term, Value, quoted
from dashboard.fleet.query.reading import At, Context
from dashboard.fleet.query.values import Takes, fold, nearest
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

MOST_TEXTS = 20_000
"""Names among which one is looked for."""
CALLED = frozenset({"name", "repo", "branch", "reference", "task"})
"""Texts that are names; the others are prose, or words of which the unknown ones are mistakes."""


def hints(fleet: Fleet, kind: Kind, terms: Iterable[Term], context: Context) -> Iterator[Problem]:
    """For a list that is empty: the names that nothing has, with the nearest that something has."""
    at = At(fleet, context)
    for term in terms:
        field = FIELDS[kind].get(term.field)
        if field is None or term.negated or (field.takes is not Takes.NAME and field.name not in CALLED):
            continue
        known = list(dict.fromkeys(islice(_known(at, kind, field), MOST_TEXTS)))
        for value in term.values:
            if instead := _instead(value, known):
                message = sentence("{field}: Nothing is called {text}.", field=term.field, text=value.text)
                yield Problem(value.start, value.end, message, instead)


def _instead(value: Value, known: list[str]) -> str:
    """What would find something in place of the value; "" when it does by itself, or nothing looks like it."""
    wanted, whole = fold(value.text), value.operator == "="
    if any(fold(text) == wanted if whole else wanted in fold(text) for text in known):
        return ""
    if near := nearest(value.text, known):
        return f"{value.operator}{quoted(near)}"
    near = (
        "" if whole else nearest(value.text, dict.fromkeys(word for text in known for word in text.split()))
    )
    return quoted(near) if near else ""


def _known(at: At, kind: Kind, field: Field) -> Iterator[str]:
    """What things are called, and the ids that find them as well."""
    if field.names is not None:
        for identifier in getattr(at.fleet, field.known):
            yield from field.names(at.fleet, identifier)
            yield identifier
        return
    for row in cast("Iterable[Listed]", at.fleet.of(kind).values()):
        if text := field.read(at, row):
            yield text
