"""The grammar of the filter language: text → terms, with the position of every part, and back.

    query   term term …             every term must hold
    term    [-] field:value,value   the field has one of the values; with the minus it has none of them
            [-] word,word           one of the words occurs in the row; with the minus none does
    value   [< <= > >= =] text      a comparison of numbers and times; = asks for the whole text
    text    bare or "in quotes"     inside quotes \\" is a quote and \\\\ a backslash

Which fields there are and what they take is `fields`'s business. Reading goes over the text once, from left to
right, without regular expressions that could be made to run long.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.fleet.sentences import sentence

LONGEST_TEXT = 1_000
"""Letters of a query."""
MOST_TERMS = 32
OPERATORS = ("<=", ">=", "<", ">", "=")
_FIELD = re.compile(r"([A-Za-z][A-Za-z_-]{0,30}):(?!//)")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with text[start:end], in words. `instead` would be right in its place; "" when nobody knows."""

    start: int
    end: int
    message: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    operator: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """`field` is "" for free words; in lower case otherwise."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """The terms that could be read, and what could not."""

    text: str
    terms: tuple[Term, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Mistake(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(text: str) -> Parsed:
    """Never raises. A text that is too long gives no term; a term with a mistake is left out of the terms."""
    if len(text) > LONGEST_TEXT:
        return Parsed(text, (), (Problem(LONGEST_TEXT, len(text), _TOO_LONG),))
    terms: list[Term] = []
    problems: list[Problem] = []
    at = _skip(text, 0)
    while at < len(text):
        if len(terms) + len(problems) == MOST_TERMS:
            problems.append(
                Problem(
                    at, len(text), sentence("A filter has at most {MOST_TERMS} terms.", MOST_TERMS=MOST_TERMS)
                )
            )
            break
        try:
            term = _term(text, at)
            terms.append(term)
            at = term.end
        except _Mistake as mistake:
            problems.append(mistake.problem)
            at = _end_of_term(text, mistake.problem.end)
        at = _skip(text, at)
    return Parsed(text, tuple(terms), tuple(problems))


_TOO_LONG = sentence("A filter has at most {most:,} letters; this part is beyond them.", most=LONGEST_TEXT)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end_of_term(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at


def _term(text: str, start: int) -> Term:
    negated = text[start] == "-"
    at = start + negated
    if negated and (at == len(text) or text[at].isspace()):
        raise _Mistake(
            Problem(start, at, sentence("A minus stands before what it excludes, without a space."))
        )
    found = _FIELD.match(text, at)
    field = found[1].lower() if found else ""
    if found:
        at = found.end()
        if at == len(text) or text[at].isspace():
            raise _Mistake(
                Problem(
                    start, at, sentence("{field}: needs a value behind it, without a space.", field=field)
                )
            )
    values = [_value(text, at, field)]
    while values[-1].end < len(text) and text[values[-1].end] == ",":
        values.append(_value(text, values[-1].end + 1, field))
    end = values[-1].end
    if end < len(text) and not text[end].isspace():
        raise _Mistake(Problem(end, end + 1, sentence("After a closing quote comes a space or a comma.")))
    return Term(field, tuple(values), negated, start, end)


def _value(text: str, start: int, field: str) -> Value:
    operator = next((sign for sign in OPERATORS if field and text.startswith(sign, start)), "")
    at = start + len(operator)
    if text.startswith('"', at):
        content, end = _quoted(text, at)
    else:
        end = at
        while end < len(text) and text[end] != "," and not text[end].isspace():
            end += 1
        content = text[at:end]
    if not content.strip():
        raise _Mistake(_nothing(start, end))
    return Value(content, operator, start, end)


def _nothing(start: int, end: int) -> Problem:
    """Of a value that is not there: points at the comma or the sign that promises one."""
    first = start - 1 if start == end and start else start
    return Problem(first, max(end, first + 1), sentence("A value is missing here."))


def _quoted(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    at = start + 1
    while at < len(text):
        letter = text[at]
        if letter == '"':
            return "".join(parts), at + 1
        if letter == "\\" and text[at + 1 : at + 2] in {'"', "\\"}:
            at += 1
        parts.append(text[at])
        at += 1
    raise _Mistake(
        Problem(start, len(text), sentence("This quote is not closed."), text[start:].rstrip() + '"')
    )


def written(terms: Iterable[Term]) -> str:
    """The terms as text; parsing it gives the same terms."""
    return " ".join(_written(term) for term in terms)


def _written(term: Term) -> str:
    values = ",".join(value.operator + quoted(value.text, free=not term.field) for value in term.values)
    return ("-" if term.negated else "") + (f"{term.field}:" if term.field else "") + values


def quoted(text: str, *, free: bool = False) -> str:
    """`text` as a value (of no field when `free`), in quotes where it needs them."""
    plain = not any(letter == "," or letter.isspace() for letter in text) and not text.startswith('"')
    if free:
        plain = plain and not text.startswith("-") and not _FIELD.match(text)
    else:
        plain = plain and not text.startswith(OPERATORS)
    if plain:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_field(text: str) -> bool:
    """Whether this is the name of a field, with its minus or without, when a colon follows."""
    return _FIELD.match(text.removeprefix("-") + ":") is not None


def replaced(text: str, start: int, end: int, instead: str) -> str:
    """`text` with text[start:end] replaced, and no space too many around what is taken away."""
    before, after = text[:start], text[end:]
    if not instead:
        before, after = before.rstrip(), after.lstrip()
        instead = " " if before and after else ""
    return before + instead + after
