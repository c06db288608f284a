"""Lists as files: the same rows in the same order, safe in a spreadsheet."""

import csv
import io
import json
from typing import Any

import pytest

from dashboard.fleet.entities import Environment, Port
from dashboard.fleet.query.fields import FIELDS
from tests.web.conftest import Dashboard
from tests.web.test_lists import LISTS, ids


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("section", LISTS)
def test_a_file_has_the_rows_of_the_list_in_its_order(dashboard: Dashboard, section: str) -> None:
    query = "sort=-name&q=" + ("" if section == "tasks" else "-phase:failed")
    pages = [ids(dashboard.get(f"/{section}/?{query}&page={number}")) for number in (1, 2, 3, 4, 5, 6, 7, 8)]
    shown = list(dict.fromkeys(identifier for page in pages for identifier in page))
    answer = dashboard.get(f"/{section}/?{query}&format=json", "viewer")
    assert answer["Content-Type"] == "application/json"
    lines = json.loads(body(answer))
    assert [line["id"] for line in lines][: len(shown)] == shown
    kind = list(FIELDS)[LISTS.index(section)]
    assert set(lines[0]) == {*FIELDS[kind], "created"}
    table = list(csv.reader(io.StringIO(body(dashboard.get(f"/{section}/?{query}&format=csv")))))
    assert len(table) == len(lines) + 1
    assert table[0] == ["\ufeff" + next(iter(FIELDS[kind])), *list(FIELDS[kind])[1:], "created"]


def test_what_a_spreadsheet_would_run_is_text(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(
        Environment("e1", "=cmd()", "running", branch="+1", ports=(Port(80), Port(81)), created=1e300),
    )
    (line,) = csv.DictReader(io.StringIO(body(dashboard.get("/environments/?format=csv"))))
    assert (line["name"], line["branch"], line["port"], line["archived"]) == (
        "'=cmd()",
        "'+1",
        "80; 81",
        "no",
    )


def test_another_format_is_the_page(dashboard: Dashboard) -> None:
    assert b"<!doctype html>" in dashboard.get("/environments/?format=exe").content
