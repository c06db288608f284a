"""From a text to a test of rows: every term checked against the table of fields, with its mistakes in words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.query.fields import FIELDS, LEFT_OUT, Field
from dashboard.fleet.query.flags import flags_of
from dashboard.fleet.query.language import Parsed, Problem, Term, Value, parse
from dashboard.fleet.query.reading import At, Context
from dashboard.fleet.query.search import word_in_row
from dashboard.fleet.query.values import (
    Answers,
    Takes,
    Test,
    Wrong,
    duration_test,
    id_test,
    name_test,
    nearest,
    number_test,
    switch_test,
    text_test,
    word_test,
)
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

SPECIAL = ("is", "has")
"""What stands before a colon without being a field."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One term as a test of rows.

    `holds(row)` is the whole of it. Where `index` is not "", it is the same as `accepts(raw)` of the row's raw value in
    that field: the rows are then those in the sets of the raw values that it accepts, and no row need be asked.
    """

    term: Term
    holds: Callable[[Any], bool]
    index: str = ""
    accepts: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a text selects. `problems` are in the order of the text; `conditions` come from what is right in it.

    `left_out(row)` is what the list does not show unless it is asked for; None when it was.
    """

    text: str
    conditions: tuple[Condition, ...]
    problems: tuple[Problem, ...]
    left_out: Callable[[Any], bool] | None

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(condition.term for condition in self.conditions)

    def holds(self, row: Listed) -> bool:
        """The whole query, of one row."""
        if self.left_out is not None and self.left_out(row):
            return False
        return all(condition.holds(row) for condition in self.conditions)


def select(fleet: Fleet, kind: Kind, text: str, context: Context) -> Selection:
    """Never raises, whatever the text."""
    at, parsed = At(fleet, context), parse(text)
    conditions: list[Condition] = []
    problems = list(parsed.problems)
    for term in parsed.terms:
        found = _condition(at, kind, term)
        if isinstance(found, Condition):
            conditions.append(found)
        else:
            problems.append(found)
    return Selection(
        text,
        tuple(conditions),
        tuple(sorted(problems, key=lambda problem: problem.start)),
        _left_out(at, kind, parsed),
    )


def together(conditions: Iterable[Condition]) -> Callable[[Any], bool] | None:
    """All of them as one test, the cheap ones first; None when there is nothing to test."""
    tests = [one.holds for one in sorted(conditions, key=lambda one: (not one.index, not one.term.field))]
    if len(tests) < 2:
        return tests[0] if tests else None

    def holds(row: Any) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost as much as the tests
            if not test(row):
                return False
        return True

    return holds


def _left_out(at: At, kind: Kind, parsed: Parsed) -> Callable[[Any], bool] | None:
    if kind not in LEFT_OUT:
        return None
    name, *others = LEFT_OUT[kind]
    for term in parsed.terms:
        asked = {term.field, *(f"{term.field}:{value.text.lower()}" for value in term.values)}
        if name in asked or (not term.negated and asked.intersection(others)):
            return None
    read = FIELDS[kind][name].read
    return lambda row: bool(read(at, row))


def _condition(at: At, kind: Kind, term: Term) -> Condition | Problem:
    if not term.field:
        words = [word_in_row(at, kind, value.text) for value in term.values]
        return Condition(term, _either(words, term.negated))
    if term.field == "is":
        return _flagged(at, kind, term)
    field = _field(kind, term.field)
    if field is None and term.field != "has":
        return _unknown_field(kind, term)
    tests: list[Test] = []
    for value in term.values:
        try:
            tests.append(_test(at, kind, field, value) if field else _has(at, kind, value))
        except Wrong as wrong:
            return Problem(
                value.start,
                value.end,
                sentence("{field}: {message}", field=term.field, message=wrong.message),
                wrong.instead,
            )
    if field is None:
        return Condition(term, _either(tests, term.negated))
    return _by_field(at, field, term, tests)


def _by_field(at: At, field: Field, term: Term, tests: list[Test]) -> Condition:
    read, passes = field.read, _either(tests, term.negated)
    if field.takes in _NO_TWO_ALIKE:
        return Condition(term, lambda row: passes(read(at, row)))
    answers = Answers(passes)
    return Condition(term, lambda row: answers[read(at, row)], field.index, answers.__getitem__)


_NO_TWO_ALIKE = frozenset({Takes.ID, Takes.DURATION})
"""Not worth remembering the answers of."""


def _either(tests: list[Test], negated: bool) -> Test:
    if len(tests) == 1:
        only = tests[0]
        return (lambda row: not only(row)) if negated else only
    return lambda row: any(test(row) for test in tests) is not negated


def _field(kind: Kind, name: str) -> Field | None:
    fields = FIELDS[kind]
    return fields.get(name) or fields.get(name.replace("_", "-"))


def _test(at: At, kind: Kind, field: Field, value: Value) -> Test:
    if field.takes is Takes.NAME and field.names is not None:
        names = field.names
        return name_test(value, lambda identifier: names(at.fleet, identifier))
    if field.takes is Takes.WORD:
        return word_test(value, field.words, lambda: present_words(at, kind, field))
    return _TESTS[field.takes](value)


_TESTS: dict[Takes, Callable[[Value], Test]] = {
    Takes.TEXT: text_test,
    Takes.ID: id_test,
    Takes.NUMBER: number_test,
    Takes.DURATION: duration_test,
    Takes.SWITCH: switch_test,
}


def present_words(at: At, kind: Kind, field: Field) -> set[str]:
    """The words that rows have in a field, known to this version or not."""
    found: set[str] = set()
    for row in cast("Iterable[Listed]", at.fleet.of(kind).values()):
        raw = field.read(at, row)
        found.update((raw,) if isinstance(raw, str) else raw)
    return found


def _flagged(at: At, kind: Kind, term: Term) -> Condition | Problem:
    known = flags_of(kind)
    tests: list[Test] = []
    for value in term.values:
        flag = known.get(value.text.lower())
        if flag is None:
            return _no_such("is", value, known)
        tests.append(partial(flag.holds, at))
    return Condition(term, _either(tests, term.negated))


def _no_such(name: str, value: Value, known: Iterable[str]) -> Problem:
    choices = sorted(known)
    message = sentence(
        "{name}: There is no {text}. Known: {join}.", name=name, text=value.text, join=", ".join(choices)
    )
    return Problem(value.start, value.end, message, nearest(value.text, choices))


def _has(at: At, kind: Kind, value: Value) -> Test:
    known = {field.name: field for field in FIELDS[kind].values() if field.has}
    field = known.get(value.text.lower())
    if field is None:
        problem = _no_such("has", value, known)
        raise Wrong(problem.message.removeprefix("has: "), problem.instead)
    read = field.read
    return lambda row: read(at, row) not in (None, "", 0, (), False)


def _unknown_field(kind: Kind, term: Term) -> Problem:
    end = term.start + term.negated + len(term.field)
    guess = nearest(term.field, [*FIELDS[kind], *SPECIAL])
    message = sentence(
        "There is no field {field} here. To search for the text itself, put it in quotes.", field=term.field
    )
    return Problem(term.start + term.negated, end, message, guess)
