"""Texts that are kept in English and shown in the language of whoever reads them.

What a verdict, a refusal or a mistake says is formed far from any page, may be kept, compared and stored, and is then
shown to several people. So it is English text, which knows how it was made: `said` makes it again in another language.
Where such text was stored and read again it is only text: it is looked up as a whole, else by the template of which it
was made.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import get_language, gettext, ngettext

from dashboard.fleet.said_again import NESTED, made_of
from dashboard.ona.formed import Formed


class Said(str):
    """English text; `said()` is it in the language of this request."""

    __slots__ = ()

    def said(self) -> str:
        return gettext(str(self))


class Sentence(Said, Formed):
    """`template` with `values`; the template is what catalogues have."""

    def said(self) -> str:
        return _said(self)


class Number(Said):
    """With separators between thousands."""

    def said(self) -> str:
        return str(intcomma(int(self.replace(",", ""))))


class Counted(Sentence):
    """A sentence that differs by `number`."""

    more: str
    number: int

    def said(self) -> str:
        values = {name: said(value) for name, value in self.values.items()}
        return ngettext(self.template, self.more, self.number).format(**values)


class Joined(Said):
    """Several, one behind another."""

    between: str
    parts: tuple[str, ...]

    def said(self) -> str:
        return self.between.join(said(part) for part in self.parts)


def sentence(template: str, **values: Any) -> Sentence:
    made = Sentence(template.format(**values) if values else template)
    made.template, made.values = template, values
    return made


def counted_sentence(one: str, more: str, number: int, **values: Any) -> Counted:
    made = Counted((one if number == 1 else more).format(**values))
    made.template, made.more, made.number, made.values = one, more, number, values
    return made


def number(count: int) -> Number:
    return Number(f"{count:,}")


def counted_template(one: str, more: str) -> tuple[str, str]:
    """Marks the words of a sentence that is formed elsewhere."""
    return one, more


def joined(between: str, parts: Iterable[str]) -> Joined:
    every = tuple(parts)
    made = Joined(between.join(every))
    made.between, made.parts = between, every
    return made


def looked_up(text: str) -> str:
    """Any English text in the language of this request; what no catalogue knows stays as it is."""
    if isinstance(text, (Said, Formed)):
        return str(said(text))
    if not text or (get_language() or "en").startswith("en"):
        return text
    words = gettext(text)
    return words if words != text else _again(text)


def _again(text: str) -> str:
    """What was kept as text, by the template that made it."""
    made = made_of(text)
    if made is None:
        return text
    template, found = made
    words = (
        ngettext(template.one, template.more, 2 if template.many else 1)
        if template.more
        else gettext(template.one)
    )
    return words.format(
        **{name: looked_up(value) if name in NESTED else value for name, value in found.items()}
    )


def said(value: Any) -> Any:
    """What is known how to say, else the value as it is."""
    if isinstance(value, Said):
        return value.said()
    return _said(value) if isinstance(value, Formed) else value


def _said(text: Formed) -> str:
    words = gettext(text.template)
    return (
        words.format(**{name: said(value) for name, value in text.values.items()}) if text.values else words
    )
