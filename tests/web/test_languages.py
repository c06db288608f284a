"""Pages in the language of whoever reads them: chosen, else asked for by the browser; never another's."""

import math
import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation

from dashboard.fleet.spans import length, span, spoken_length, spoken_time_of_day, time_of_day
from dashboard.web import lists
from dashboard.web.kept import pieces
from dashboard.web.templatetags.words import count
from tests.web.conftest import HTMX, Dashboard, asked_by, poller, text
from tests.web.test_polls import pages

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def test_a_page_is_in_the_language_that_the_browser_asks_for(dashboard: Dashboard) -> None:
    german, english = dashboard.get("/", **GERMAN), dashboard.get("/", **{"Accept-Language": "fr"})
    assert '<html lang="de"' in text(german)
    assert "Übersicht</h1>" in text(german)
    assert 'id="words"' in text(german)
    assert '<html lang="en-gb"' in text(english)
    assert 'id="words"' not in text(english)
    assert {"Accept-Language", "HX-Request"} <= set(german["Vary"].split(", "))


@pytest.mark.parametrize("role", ["admin", "anonymous"])
def test_who_chooses_a_language_keeps_it_whatever_the_browser_asks_for(
    dashboard: Dashboard, role: str
) -> None:
    client, path = dashboard.clients[role], "/accounts/login/" if role == "anonymous" else "/services/?q=x"
    assert '<button class="plain" name="language" value="de" lang="de">Deutsch</button>' in text(
        client.get(path)
    )
    answer = client.post("/accounts/language/", {"language": "de", "next": path})
    assert (answer.status_code, answer["Location"]) == (302, path)
    cookie = answer.cookies["ona_language"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert '<html lang="de"' in text(client.get(path, headers={"Accept-Language": "en"}))


@pytest.mark.parametrize("language", ["", "xx", "../de", "de" * 200])
def test_a_language_that_there_is_not_changes_nothing_and_leads_nowhere_else(
    dashboard: Dashboard, language: str
) -> None:
    client = dashboard.clients["viewer"]
    answer = client.post("/accounts/language/", {"language": language, "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert "ona_language" not in answer.cookies
    client.cookies["ona_language"] = language
    assert '<html lang="en-gb"' in text(client.get("/"))


def test_choosing_takes_the_form_of_this_site(dashboard: Dashboard) -> None:
    assert Client(enforce_csrf_checks=True).post("/accounts/language/", {"language": "de"}).status_code == 403


def test_two_people_who_look_at_the_same_rows_read_each_their_own_language(dashboard: Dashboard) -> None:
    for path in pages(dashboard):
        first = [rows(text(dashboard.get(path, **headers))) for headers in ({}, GERMAN)]
        again = [rows(text(dashboard.get(path, **headers))) for headers in ({}, GERMAN)]
        assert again == first, path
        pieces.clear()
        lists._tables.clear()
        assert [rows(text(dashboard.get(path, **headers))) for headers in (GERMAN, {})] == first[::-1], path


def rows(html: str) -> list[str]:
    found = re.findall(r'<tr role="row" id="[^"]+">.*?</tr>', html, re.DOTALL)
    return [re.sub(r"<time.*?</time>|data-since=.*?</span>", "", row) for row in found]


def test_a_german_poll_is_quiet_when_nothing_changed_and_speaks_when_the_language_did(
    dashboard: Dashboard,
) -> None:
    page = dashboard.get("/environments/", **GERMAN)
    url = asked_by(*poller(page))
    for _ in range(2):
        assert dashboard.get(url, **HTMX, **GERMAN).status_code == 204
    other = dashboard.get(url, **HTMX)
    assert other.status_code == 200
    assert "Running" in text(other)
    assert dashboard.get(url, **HTMX, **GERMAN).status_code == 204


def test_numbers_and_times_are_written_as_german_writes_them() -> None:
    soon_after = datetime(1970, 2, 1, tzinfo=UTC)
    later = datetime(2026, 1, 1, tzinfo=UTC)
    with translation.override("de"):
        assert (spoken_length(0.84), span(3 * 86_400)) == ("0,8 s", "3 Tg.")
        assert spoken_time_of_day(0, soon_after) == "Do 1. Jan 00:00"
        assert spoken_time_of_day(0, later) == "1. Jan 1970"
        assert (length(0.84), time_of_day(0, soon_after)) == ("0.8 s", "Thu 1 Jan 00:00")  # as it is stored
        assert length(0.84).said() == "0,8 s"
        assert count(12_345) == "12.345"
    assert (length(0.84), span(3 * 86_400), count(12_345)) == ("0.8 s", "3 d", "12,345")
    assert time_of_day(0, soon_after) == "Thu 1 Jan 00:00"
    assert (time_of_day(0, later), time_of_day(0, later).said()) == ("1 Jan 1970", "1 Jan 1970")


@pytest.mark.parametrize("seconds", [math.inf, -math.inf, math.nan, 1e308, 1e12])
def test_what_is_no_length_of_time_is_a_dash_and_no_error(seconds: float) -> None:
    assert [length(seconds), spoken_length(seconds), span(seconds)] == ["—"] * 3
