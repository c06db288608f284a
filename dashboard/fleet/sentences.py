"""Texts that are kept in English and shown in the language of whoever reads them.

What a verdict, a refusal or a mistake says is formed far from any page, may be kept, compared and stored, and is then
shown to several people. So it is English text, which knows how it was made: `said` makes it again in another language.
Where such text was stored and read again it is only text, and is looked up as a whole.
"""

from typing import Any

from django.utils.translation import gettext, ngettext


class Said(str):
    """English text; `said()` is it in the language of this request."""

    __slots__ = ()

    def said(self) -> str:
        return gettext(str(self))


class Sentence(Said):
    """`template` with `values`; the template is what catalogues have."""

    template: str
    values: dict[str, Any]

    def said(self) -> str:
        words = gettext(self.template)
        return (
            words.format(**{name: said(value) for name, value in self.values.items()})
            if self.values
            else words
        )


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


def joined(between: str, parts: tuple[str, ...]) -> Joined:
    made = Joined(between.join(parts))
    made.between, made.parts = between, parts
    return made


def looked_up(text: str) -> str:
    """Any English text in the language of this request; what no catalogue knows stays as it is."""
    if isinstance(text, Said):
        return text.said()
    return gettext(text) if text else ""


def said(value: Any) -> Any:
    """What is known how to say, else the value as it is."""
    return value.said() if isinstance(value, Said) else value
