"""Every word of every page comes from the catalogue: in a language of brackets nothing but data stands outside them."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext

from dashboard.fleet import spans
from dashboard.fleet.entities import Kind
from dashboard.web import lists, plots, script_words, trends
from dashboard.web.kept import pieces
from dashboard.web.pages import overview
from scripts import messages
from tests.web.conftest import Dashboard, text
from tests.web.states import GERMAN, states
from tests.web.test_lists import LISTS

OPEN, CLOSE = "⟦", "⟧"
WORD = re.compile(r"(?<![\w-])[^\W\d_]{2,}(?![\w]|[-:]\S)")
"""Not the parts of an id, and not the fields of filters."""
READ_OUT = {"alt", "aria-label", "data-label", "placeholder", "title"}
DATA = {
    "bdi",
    "code",
    "kbd",
    "pre",
    "script",
    "style",
    "time",
    "title",
    "option",
    "textarea",
    "q",
    "strong",
    "h1",
}
"""Elements that hold what people, the API and filters say. Of `strong` and `h1` some hold names; their other words are
read in templates by tests/test_messages.py.
"""
SAID_OF_IT = (
    *(
        "name",
        "repository",
        "branch",
        "email",
        "failure",
        "failures",
        "warnings",
        "signal_source",
        "timed_out",
    ),
    *("role", "phase", "description"),
)
"""What the API says of a row in its own words."""
SAME = """
ada admin ai api archived base bot csv ctrl deleted deutsch editor english eur html id json min ona operator
snapshot url utc viewer yaml
apr aug dez feb jan jul jun nov okt sep mo di mi do fr sa so
europe berlin nightly fase xyz mon tue wed thu fri
slack microsoft teams google chat discord mattermost webhook mail
"""
"""Names, months and days, brands."""


@pytest.fixture
def brackets(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """German, in which every text of ours is itself in brackets."""
    catalog = messages.collected("de")
    for message in messages.said(catalog):
        if message.context == "format of a date":
            message.string = message.id
        elif isinstance(message.id, tuple):
            message.string = tuple(f"{OPEN}{part}{CLOSE}" for part in message.id)
        else:
            message.string = f"{OPEN}{message.id}{CLOSE}"
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(messages.mo_bytes(catalog))
    settings.LOCALE_PATHS = [tmp_path]
    _forget()
    yield
    _forget()


def _forget() -> None:
    for known in (pieces, lists._tables, overview._made):
        known.clear()
    for worked_out in (spans._spoken, script_words._of, plots._over, plots._curve, trends._phases):
        worked_out.cache_clear()


class Outside(HTMLParser):
    """The words outside brackets, of texts and of what is read out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.depth, self.inside, self.found = 0, [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "input", "br", "rect", "use", "path", "circle", "line"}:
            self.inside.append(tag)
        for name, value in attributes:
            if name in READ_OUT and tag != "time" and value and not self.depth and OPEN not in value:
                self.found += [f"{name}: {word}" for word in words_of(value)]

    def handle_endtag(self, tag: str) -> None:
        while tag in self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        for part in re.split(f"([{OPEN}{CLOSE}])", data):
            self.depth += (part == OPEN) - (part == CLOSE)
            if not self.depth and part not in {OPEN, CLOSE} and not DATA & set(self.inside):
                self.found += words_of(part)


def words_of(text: str) -> list[str]:
    return WORD.findall(text)


def data_words(dashboard: Dashboard) -> set[str]:
    """The words of names, and of what the API says of a row in its own words."""
    fleet = dashboard.fleet
    rows = [
        row
        for rows in (*map(fleet.of, Kind), fleet.people, fleet.projects, fleet.classes)
        for row in rows.values()
    ]
    texts = [str(getattr(row, name, "")) for row in rows for name in SAID_OF_IT]
    return {word.lower() for text in texts for word in words_of(text)} | set(SAME.split())


def paths(dashboard: Dashboard) -> list[str]:
    fleet = dashboard.fleet
    kinds = (fleet.environments, fleet.services, fleet.tasks, fleet.executions)
    details = [f"/{section}/{next(iter(rows))}/" for section, rows in zip(LISTS, kinds, strict=True)]
    running, stopped = dashboard.running().id, dashboard.stopped().id
    return [
        "/", *(f"/{section}/" for section in LISTS), *(f"/{section}/?q=phase:nothing" for section in LISTS), *details,
        f"/environments/{running}/", f"/environments/{stopped}/", f"/environments/{running}/stop/",
        f"/environments/{running}/edit/", f"/environments/{stopped}/start/", f"/environments/{stopped}/delete/",
        f"/environments/{running}/automations/", f"/environments/{running}/exempt/", "/environments/new/",
        "/idle/", "/idle/?view=all", "/idle/policies/", "/idle/policies/new/", "/idle/exemptions/",
        "/idle/exemptions/new/",
        "/idle/reports/", "/idle/what-if/",
        "/idle/channels/", "/idle/channels/new/", "/batches/", "/activity/",
        "/activity/audit/", "/system/", "/costs/", "/classes/", "/classes/prices/", "/views/", "/find/", "/find/?q=ot",
        "/keys/", "/filter/environments/", "/accounts/sessions/", "/accounts/messages/",
        "/accounts/tokens/", "/nowhere/",
    ]  # fmt: skip


def of_django() -> set[str]:
    """The words with which Django's own form fields refuse, in German."""
    with translation.override("de"):
        said = [gettext(text) for text in DJANGO_SAYS]
    return {word.lower() for text in said for word in words_of(text)}


DJANGO_SAYS = (
    *("This field is required.", "Select a valid choice. That choice is not one of the available choices."),
    *(
        "Enter a number.",
        "Enter a whole number.",
        "Enter a valid date.",
        "Enter a valid value.",
        "Enter a valid URL.",
    ),
    "Select a valid choice. %(value)s is not one of the available choices.",
    "Ensure this value is greater than or equal to %(limit_value)s.",
    "Ensure this value is less than or equal to %(limit_value)s.",
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
)


def untranslated(dashboard: Dashboard, pages: Iterable[tuple[str, HttpResponse]]) -> str:
    """The words that stand outside brackets, a line for each page that has any."""
    known, outside = data_words(dashboard) | of_django(), list[str]()
    for name, page in pages:
        assert page.status_code < 600, name
        found = [one for one in Outside(text(page)).found if one.rpartition(" ")[2].lower() not in known]
        if found:
            outside.append(f"{name}: {', '.join(found)}")
    return "\n".join(outside)


def test_nothing_but_data_stands_outside_the_catalogue(dashboard: Dashboard, brackets: None) -> None:
    asked = ((path, dashboard.get(path, **GERMAN)) for path in paths(dashboard))
    assert untranslated(dashboard, asked) == ""


def test_no_state_of_a_page_says_a_word_outside_the_catalogue(dashboard: Dashboard, brackets: None) -> None:
    found = untranslated(dashboard, states(dashboard))
    assert not found, pytest.fail(found)
