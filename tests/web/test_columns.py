"""The columns of a list: chosen and ordered by each person, carried by links and views, and the same in files."""

import csv
import html
import io
import json
import re

import pytest
from django.http import HttpResponse

from dashboard.control.models import SavedView, User
from dashboard.fleet.entities import Environment, Port
from tests.web.conftest import HTMX, Dashboard, poller, text
from tests.web.test_exports import body
from tests.web.test_lists import LISTS

HOSTILE = (
    "",
    "none",
    ",",
    "phase,phase",
    "a" * 5_000,
    "name,actions",
    "<script>",
    "\x00",
    "default,branch",
    "é",
)


def headings(page: HttpResponse) -> list[str]:
    row = re.search(r"<thead.*?</thead>", text(page), re.DOTALL)
    assert row
    cells = re.findall(r"<th .*?</th>", row[0], re.DOTALL)
    return [re.sub(r"<[^>]+>|[↑↓]", "", cell).strip() for cell in cells]


def cells(page: HttpResponse) -> list[str]:
    """What the first row's cells are called, in their order."""
    row = re.search(r'<tbody id="rows".*?</tr>', text(page), re.DOTALL)
    assert row
    return re.findall(r'<td role="cell" data-label="([^"]*)"', row[0])


def choose(
    dashboard: Dashboard, *names: str, section: str = "environments", role: str = "viewer", **more: str
) -> HttpResponse:
    form = {"order": list(names), "show": list(names), "deed": "keep", "density": "comfortable"} | more
    return dashboard.clients[role].post(f"/columns/{section}/?q=phase%3Arunning&sort=name", form)


def test_chosen_columns_are_in_their_order_for_this_person_and_in_the_link(dashboard: Dashboard) -> None:
    answer = choose(dashboard, "branch", "phase", "price")
    assert answer["Location"] == "/environments/?q=phase%3Arunning&sort=name&columns=branch,phase,price"
    there = ["Environment", "Branch", "Phase", "Price of an hour", "Actions"]
    page = dashboard.get("/environments/", "viewer")
    assert headings(page) == there
    assert cells(page) == ["Branch", "Phase", "Price of an hour"]
    assert headings(dashboard.get("/environments/", "operator")) != there
    for role in ("operator", "admin"):
        assert [
            one for one in headings(dashboard.get(answer["Location"], role)) if "Choose" not in one
        ] == there
    assert "columns=branch,phase,price" in text(page).partition("<thead")[2].partition("</thead>")[0]
    assert "Project" in headings(dashboard.get("/environments/?columns=default", "viewer"))
    choose(dashboard, "phase", deed="usual")
    assert "Project" in headings(dashboard.get("/environments/", "viewer"))


def test_a_poll_shows_what_its_page_shows_whatever_was_chosen_since(dashboard: Dashboard) -> None:
    usual = dashboard.get("/environments/", "viewer")
    choose(dashboard, "branch", density="compact")
    assert dashboard.poll(usual, "viewer").status_code == 204
    own = dashboard.get("/environments/", "viewer")
    assert 'class="list brief environments own compact"' in text(own)
    assert "columns=branch" in poller(own)[0]
    choose(dashboard, "phase", deed="usual")
    assert dashboard.poll(own, "viewer").status_code == 204


def test_a_column_is_moved_step_by_step_and_nothing_is_kept_before_the_end(dashboard: Dashboard) -> None:
    form = {"order": ["phase", "project", "branch"], "show": ["branch"], "deed": "up:branch"}
    answer = dashboard.clients["viewer"].post("/columns/environments/", form, headers=HTMX)
    order = re.findall(r'name="order" value="([^"]*)"', text(answer))
    assert order[:3] == ["phase", "branch", "project"]
    assert re.findall(r'id="show-([a-z]+)" checked', text(answer)) == ["branch"]
    assert User.objects.get(username="viewer").preferences == {}
    for deed in ("up:phase", "down:nothing", "up:", "sideways:phase"):
        assert (
            dashboard.clients["viewer"].post("/columns/environments/", form | {"deed": deed}).status_code
            < 400
        )


@pytest.mark.parametrize("section", LISTS)
def test_every_column_there_is_can_be_seen_and_exported(dashboard: Dashboard, section: str) -> None:
    form = text(dashboard.get(f"/columns/{section}/"))
    assert "<title>Columns of " in form
    names = re.findall(r'name="order" value="([^"]*)"', form)
    address = f"/{section}/?columns={','.join(names)}"
    page = dashboard.get(address)
    shown = [html.unescape(one) for one in headings(page) if not one.startswith("Choose")]
    assert cells(page) == shown[1:-1]
    lines = json.loads(body(dashboard.get(f"{address}&format=json")))
    table = list(csv.reader(io.StringIO(body(dashboard.get(f"{address}&format=csv")))))
    assert len(table) == len(lines) + 1
    assert table[0][1:] == list(lines[0])[1:]
    assert "id" in lines[0]


def test_a_file_has_the_columns_in_view_and_runs_nothing(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(Environment("e1", "=cmd()", "running", branch="+1", ports=(Port(80), Port(81))))
    page = text(dashboard.get("/environments/?columns=ports,branch"))
    found = re.search(r'<a href="([^"]*format=csv)"', page)
    assert found
    (line,) = csv.DictReader(io.StringIO(body(dashboard.get(html.unescape(found[1]))).lstrip("\ufeff")))
    assert line == {"name": "'=cmd()", "id": "e1", "port": "80; 81", "branch": "'+1"}


def test_an_address_with_odd_columns_is_a_list_all_the_same(dashboard: Dashboard) -> None:
    for columns in HOSTILE:
        for more in ("", "&format=json", "&density=dense"):
            assert dashboard.get(f"/tasks/?columns={columns}{more}").status_code == 200
        assert "<script>," not in text(dashboard.get(f"/tasks/?columns={columns}"))
        choose(dashboard, *columns.split(","), section="tasks")
        assert dashboard.get("/tasks/", "viewer").status_code == 200


def test_a_view_keeps_the_columns_that_were_in_sight(dashboard: Dashboard) -> None:
    form = text(dashboard.get("/views/new/environments/?q=phase:running&columns=branch,id&density=compact"))
    sent = dict(re.findall(r'<input type="hidden" name="(sort|columns|density)" value="([^"]*)"', form))
    dashboard.post("/views/new/environments/", name="Branches", query="phase:running", **sent)
    view = SavedView.objects.get()
    assert (view.columns, view.density) == ("branch,id", "compact")
    page = dashboard.get("/environments/?q=")
    found = re.search(r'<a href="([^"]*)"[^>]*data-q="phase:running"', text(page))
    assert found
    assert headings(dashboard.get(html.unescape(found[1])))[1:] == ["Environment", "Branch", "ID", "Actions"]


def test_two_tabs_lose_nothing_of_each_other(dashboard: Dashboard) -> None:
    choose(dashboard, "branch")
    choose(dashboard, "reference", section="tasks")
    kept = User.objects.get(username="viewer").preferences["columns"]
    assert kept == {"environments": ["branch"], "tasks": ["reference"]}


def test_a_column_that_a_narrow_screen_hides_says_so_until_somebody_wants_it(dashboard: Dashboard) -> None:
    hint = "hidden at this width"
    form = text(dashboard.get("/columns/environments/", "viewer"))
    told = rf'id="show-(\w+)" checked> <span>[^<]*<small class="muted too-narrow (?:wide|widest)">{hint}'
    assert sorted(re.findall(told, form)) == ["class", "created", "unsaved"]
    usual = re.findall(r'name="show" value="([^"]*)"[^>]* checked', form)
    choose(dashboard, *usual)
    assert 'class="list brief environments own"' in text(dashboard.get("/environments/", "viewer"))
    assert hint not in text(dashboard.get("/columns/environments/", "viewer"))
    assert 'class="list brief environments own"' not in text(
        dashboard.get("/environments/")
    )  # others' are as they were
