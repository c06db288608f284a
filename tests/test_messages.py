"""The catalogues hold all that pages say, whole and current; no template says anything beside them."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboard.web.script_words import WORDS
from scripts import messages

DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SAID = re.compile(r"\{% blocktranslate.*?\{% endblocktranslate %\}", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")
READ_OUT = ("alt", "aria-label", "data-label", "placeholder", "title")
ALLOWED = {"CSV", "Ctrl", "JSON", "Ona", "esc"}
"""Words that are the same in every language."""


class Unsaid(HTMLParser):
    """What a template says that no catalogue can translate."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self._quoted = 0
        self.found: list[str] = []
        self.feed(DJANGO.sub("", SAID.sub("", template)))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._quoted += tag in {"code", "kbd", "pre", "script", "style"}
        self.found += [value for name, value in attributes if name in READ_OUT and value and says(value)]

    def handle_endtag(self, tag: str) -> None:
        self._quoted -= tag in {"code", "kbd", "pre", "script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._quoted and says(data):
            self.found.append(data.strip())


def says(text: str) -> bool:
    return bool(set(WORD.findall(text)) - ALLOWED)


def test_every_catalogue_has_a_translation_of_all_that_pages_say_and_is_compiled() -> None:
    assert messages.check() == []


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in messages.TEMPLATES.rglob("*.html")}), ids=str
)
def test_templates_say_nothing_that_is_not_in_the_catalogue(folder: Path) -> None:
    said = {path.name: Unsaid(path.read_text(encoding="utf-8")).found for path in folder.glob("*.html")}
    assert {name: words for name, words in said.items() if words} == {}


def test_pages_hand_over_exactly_what_scripts_ask_for() -> None:
    asked = {text for text, _, _ in messages.of_scripts()}
    assert asked == set(WORDS)


@pytest.mark.parametrize(
    ("original", "translation", "same"),
    [
        ("%(n)s of {all}", "{all}, davon %(n)s", True),
        ("%(n)s of {all}", "davon %(m)s", False),
        ("<b>%(n)s</b>", "%(n)s", False),
        ("100 %%", "100", False),
        (("one <b>", "two <b>"), ("eins <b>", "zwei <b>"), True),
    ],
)
def test_a_translation_that_loses_a_placeholder_or_an_element_is_found(
    original: str | tuple[str, str], translation: str | tuple[str, str], same: bool
) -> None:
    message = messages.Message(original, translation)
    assert messages.same_places(message) is same
