"""Queries changed by a click: what is typed around the part that changes stays as it is typed.

A text with mistakes is first reduced to what is right in it: an unclosed quote would swallow what is added.
"""

from collections.abc import Callable, Mapping

from dashboard.fleet.query.language import Parsed, Term, Value, parse, quoted, replaced, written

LONGEST_VALUE = 200
ANY = "*"
"""As a parameter: no choice."""


def chosen(text: str, field: str) -> tuple[str, ...]:
    """The values that the text asks of a field, when one term names them plainly."""
    terms = _plain(parse(text), field)
    return tuple(value.text for value in terms[0].values) if len(terms) == 1 else ()


def without(text: str, field: str) -> str:
    """No more terms of this field."""
    return _changed(text, lambda term: None if term.field == field else term)


def with_only(text: str, field: str, value: str) -> str:
    """One term of this field, with a value that is written as it should stand."""
    return f"{without(text, field)} {field}:{value}".strip()


def toggled(text: str, field: str, word: str) -> str:
    """The word added to what is asked of the field, or taken away."""
    picked = chosen(text, field)
    words = tuple(one for one in picked if one != word) if word in picked else (*picked, word)
    if not words:
        return without(text, field)
    if picked:
        return _changed(
            text, lambda term: _with_words(term, words) if term in _plain(parse(text), field) else term
        )
    return with_only(text, field, quoted(word))


def folded(text: str, parameters: Mapping[str, str]) -> str:
    """The text with what older addresses and the page's own menus ask beside it."""
    for field, asked in (("phase", quoted), ("project", _exactly)):
        value = parameters.get(field, "").strip()[:LONGEST_VALUE]
        if value == ANY:
            text = without(text, field)
        elif value:
            text = with_only(text, field, asked(value))
    for field in ("archived", "platform"):
        if parameters.get(field) == "1" and not any(term.field == field for term in parse(text).terms):
            text = with_only(text, field, "any")
    return text


def _exactly(value: str) -> str:
    return "=" + quoted(value)


def _plain(parsed: Parsed, field: str) -> list[Term]:
    """The terms that ask for this field; exactly one is a choice that menus can show and change."""
    return [term for term in parsed.terms if term.field == field and not term.negated]


def _with_words(term: Term, words: tuple[str, ...]) -> Term:
    return Term(term.field, tuple(Value(word) for word in words))


def _changed(text: str, change: Callable[[Term], Term | None]) -> str:
    parsed = parse(text)
    if parsed.problems:
        parsed = parse(written(parsed.terms))
    result = parsed.text
    for term in reversed(parsed.terms):
        now = change(term)
        if now is not term:
            result = replaced(result, term.start, term.end, "" if now is None else written([now]))
    return result.strip()
