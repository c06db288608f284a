"""The table of the API's methods: complete, up to date, and true of what is declared in it."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from dashboard.api_urls import urlpatterns
from scripts import methods

ROOT = Path(__file__).parent.parent
LINES = methods.lines()
DECLARED = sorted({place for places in methods.SHOWN.values() for place in places})


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.method)
def test_no_cell_is_empty(line: methods.Line) -> None:
    assert not line.empty


def test_all_methods_are_in_it_and_the_file_is_up_to_date() -> None:
    assert len(LINES) == 35
    assert methods.main("check") == 0


@pytest.mark.parametrize("place", DECLARED)
def test_every_page_and_command_that_is_declared_is_there(place: str) -> None:
    if place.startswith("`manage.py "):
        assert place.strip("`").partition(" ")[2] in get_commands()
    else:
        routes = {str(pattern.pattern).replace("<id:identifier>", "<id>") for pattern in urlpatterns}
        assert place.strip("`").removeprefix("/") in routes


@pytest.mark.parametrize("method", methods.SHOWN)
def test_what_is_declared_to_be_shown_is_asked_for_outside_of_the_client(method: str) -> None:
    (line,) = [line for line in LINES if line.method == method]
    calls = re.findall(r"`(\w+\.\w+)`", line.client)
    folders = ("fleet", "control", "management")
    code = "".join(
        path.read_text(encoding="utf-8")
        for name in folders
        for path in (ROOT / "dashboard" / name).rglob("*.py")
    )
    assert any(f"ona.{call}(" in code for call in calls)


def test_the_marks_name_only_methods_that_exist() -> None:
    assert set(methods.marked_tests()) == {line.method for line in LINES}
