"""Saved views: private and shared, one of them first, with the number of their rows."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.control.models import DefaultView, SavedView, User
from dashboard.control.people.views import MOST_VIEWS, keep, may_change, may_delete, set_default
from dashboard.fleet.query import Context
from dashboard.web import view_tabs
from dashboard.web.view_tabs import count_of
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_lists import ids

RUNNING = {"name": "Running ones", "query": "phase:running", "sort": "name"}


def save(
    dashboard: Dashboard, role: str = "admin", section: str = "environments", **fields: str
) -> HttpResponse:
    return dashboard.post(f"/views/new/{section}/", role, **(RUNNING | fields))


def saved(dashboard: Dashboard, role: str = "admin", **fields: str) -> SavedView:
    response = save(dashboard, role, **fields)
    assert response.status_code == 302, text(response)
    return SavedView.objects.latest("created")


def tabs(page: HttpResponse) -> list[str]:
    bar = re.search(r'<nav id="views".*?</nav>', text(page), re.DOTALL)
    return re.findall(r"<bdi>(.*?)</bdi>", bar[0]) if bar else []


def test_what_a_list_shows_is_saved_under_a_name_and_stands_above_it(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/environments/?q=phase:running&sort=name"))
    assert 'href="/views/new/environments/?q=phase%3Arunning&amp;sort=name"' in page
    form = text(dashboard.get("/views/new/environments/?q=phase:running&sort=name"))
    assert 'value="phase:running"' in form
    assert 'name="sort" value="name"' in form
    assert save(dashboard)["Location"] == "/environments/?q=phase%3Arunning&sort=name"
    page = dashboard.get("/environments/?q=phase%3Arunning&sort=name")
    assert tabs(page) == ["Running ones"]
    assert re.search(
        r'data-q="phase:running" data-sort="name" aria-current="true"><bdi>Running ones', text(page)
    )
    assert tabs(dashboard.get("/services/")) == []


def test_a_view_is_private_until_it_is_shared(dashboard: Dashboard) -> None:
    view = saved(dashboard, "operator")
    for role, seen in (("operator", ["Running ones"]), ("admin", []), ("viewer", [])):
        assert tabs(dashboard.get("/environments/", role)) == seen
    assert dashboard.get(f"/views/{view.pk}/", "admin").status_code == 404
    dashboard.post(f"/views/{view.pk}/", "operator", **RUNNING, shared="on")
    for role in ("operator", "admin", "viewer"):
        assert tabs(dashboard.get("/environments/", role)) == ["Running ones"]


def test_viewers_save_for_themselves_alone(dashboard: Dashboard) -> None:
    assert 'name="shared"' not in text(dashboard.get("/views/new/environments/", "viewer"))
    assert not saved(dashboard, "viewer", shared="on").shared


@pytest.mark.parametrize(
    ("owner", "shared", "by", "may"),
    [
        ("operator", False, "operator", (True, True)),
        ("operator", False, "admin", (False, False)),
        ("operator", True, "operator", (True, True)),
        ("operator", True, "admin", (True, True)),
        ("admin", True, "operator", (False, False)),
        ("admin", True, "viewer", (False, False)),
        ("viewer", False, "viewer", (True, True)),
        ("viewer", True, "viewer", (False, True)),  # was an operator once
    ],
)
def test_its_owner_changes_a_view_and_an_admin_a_shared_one(
    users: dict[str, User], owner: str, shared: bool, by: str, may: tuple[bool, bool]
) -> None:
    view = SavedView(owner=users[owner], shared=shared)
    assert (may_change(users[by], view), may_delete(users[by], view)) == may  # change, delete


def test_others_can_neither_change_nor_delete_what_they_see(dashboard: Dashboard) -> None:
    view = saved(dashboard, "admin", shared="on")
    for role in ("viewer", "operator"):
        assert dashboard.get(f"/views/{view.pk}/", role).status_code == 403
        assert dashboard.post(f"/views/{view.pk}/", role, **RUNNING).status_code == 403
        assert dashboard.post(f"/views/{view.pk}/delete/", role).status_code == 403
        page = text(dashboard.get("/views/", role))
        assert f"/views/{view.pk}/default/" in page
        assert f"/views/{view.pk}/delete/" not in page
    assert dashboard.post(f"/views/{view.pk}/delete/", "admin").status_code == 302
    assert not SavedView.objects.exists()


def test_a_list_asked_for_without_anything_opens_with_the_default_view(dashboard: Dashboard) -> None:
    view = saved(dashboard, default="on")
    address = "/environments/?q=phase%3Arunning&sort=name"
    opened = dashboard.get("/environments/")
    assert (opened.status_code, opened["Location"]) == (302, address)
    page = text(dashboard.get(address))
    assert "opens first" in page
    assert '<a href="/environments/?q=">show all</a>' in page
    assert dashboard.get("/environments/?q=").status_code == 200
    assert dashboard.get("/environments/", **HTMX).status_code == 200
    assert dashboard.get("/environments/", "viewer").status_code == 200
    assert dashboard.get("/services/").status_code == 200
    dashboard.post(f"/views/{view.pk}/default/", on="0")
    assert dashboard.get("/environments/").status_code == 200


def test_there_is_one_default_a_person_and_list(dashboard: Dashboard, users: dict[str, User]) -> None:
    first, second = (
        saved(dashboard, default="on"),
        saved(dashboard, name="Second", query="is:idle", default="on"),
    )
    assert [one.view_id for one in DefaultView.objects.all()] == [second.pk]
    saved(dashboard, section="services", default="on")
    assert DefaultView.objects.count() == 2
    set_default(users["admin"], first, on=True)
    assert DefaultView.objects.get(kind="environment").view_id == first.pk


def test_a_shared_view_may_be_anybodys_default_until_it_is_no_longer_shared(dashboard: Dashboard) -> None:
    view = saved(dashboard, shared="on", default="on")
    dashboard.post(f"/views/{view.pk}/default/", "viewer", on="1")
    assert dashboard.get("/environments/", "viewer").status_code == 302
    dashboard.post(f"/views/{view.pk}/", **RUNNING, default="on")
    assert dashboard.get("/environments/", "viewer").status_code == 200
    assert dashboard.get("/environments/", "admin").status_code == 302


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "  "}, "This field is required"),
        ({"name": "\u202e\u200b"}, "can be seen"),
        ({"name": "x" * 61}, "at most 60"),
        ({"query": "phase:runing"}, "There is no runing"),
        ({"query": '"open'}, "not closed"),
        ({"query": "x" * 1_001}, "at most 1000"),
        ({"name": "Taken"}, "There is a view with this name"),
    ],
)
def test_a_view_with_a_mistake_is_not_saved(dashboard: Dashboard, fields: dict[str, str], words: str) -> None:
    saved(dashboard, name="Taken")
    response = save(dashboard, **fields)
    assert response.status_code == 422
    assert words in text(response)
    assert SavedView.objects.count() == 1


def test_there_is_room_for_so_many_views(dashboard: Dashboard, users: dict[str, User]) -> None:
    view = saved(dashboard)
    for number in range(MOST_VIEWS - 1):
        keep(
            users["admin"],
            SavedView(kind=view.kind, name=f"{number}", owner=users["admin"], created=view.created),
            default=False,
        )
    assert "delete one first" in text(save(dashboard, name="One too many"))
    assert "42 more views" in text(dashboard.get("/environments/?q="))


def test_an_unknown_order_of_a_view_is_the_lists_own(dashboard: Dashboard) -> None:
    assert saved(dashboard, sort="__class__").sort == "-created"


def test_each_view_counts_its_rows_for_whoever_looks(dashboard: Dashboard) -> None:
    running = saved(dashboard, shared="on")
    mine = saved(dashboard, name="Mine", query="is:mine", shared="on")
    shown = text(dashboard.get("/views/counts/environments/", "operator"))
    expected = len(ids(dashboard.get("/environments/?q=is:mine", "operator")))
    assert expected
    assert f'<b id="count-{mine.pk}" hx-swap-oob="true">{expected}</b>' in shown
    assert f'<b id="count-{mine.pk}" hx-swap-oob="true">0</b>' in text(
        dashboard.get("/views/counts/environments/")
    )
    found = re.search(r'class="muted found">(\d+) of', text(dashboard.get("/environments/?q=phase:running")))
    assert found
    assert f'<b id="count-{running.pk}" hx-swap-oob="true">{found[1]}</b>' in shown
    assert f'data-label="Rows" class="num">{found[1]}</td>' in text(dashboard.get("/views/"))


def test_a_name_full_of_markup_is_text(dashboard: Dashboard) -> None:
    saved(dashboard, name="<script>alert(1)</script>", query="<script>", shared="on", default="on")
    for path in ("/environments/?q=", "/views/", f"/environments/?q={quote('<script>')}"):
        assert "<script>alert" not in text(dashboard.get(path))


def test_htmx_is_sent_to_the_list_and_gets_mistakes_in_the_dialog(dashboard: Dashboard) -> None:
    browser = dashboard.clients["admin"]
    wrong = browser.post("/views/new/environments/", RUNNING | {"name": ""}, headers=HTMX)
    assert wrong.status_code == 200
    assert "<!doctype" not in text(wrong)
    done = browser.post("/views/new/environments/", RUNNING, headers=HTMX)
    assert (done.status_code, done["HX-Redirect"]) == (204, "/environments/?q=phase%3Arunning&sort=name")


def test_views_cost_lists_one_query_a_second_and_a_poll_none(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(ask: Callable[[], HttpResponse]) -> int:
        with CaptureQueriesContext(connection) as queries:
            ask()
        return sum("savedview" in query["sql"] for query in queries)

    for number in range(5):
        saved(dashboard, name=f"{number}", shared="on")
    page = dashboard.get("/environments/?q=")
    monkeypatch.setattr(view_tabs, "READ_SECONDS", 60.0)
    view_tabs.forget()
    assert asked(lambda: dashboard.get("/environments/?q=")) == 1
    assert asked(lambda: dashboard.get("/environments/?q=")) == 0
    assert asked(lambda: dashboard.get("/environments/?q=phase:running", **HTMX)) == 0
    assert asked(lambda: dashboard.poll(page)) == 0


def test_a_shared_view_outlives_the_account_of_its_owner(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    view = saved(dashboard, "operator", shared="on")
    users["operator"].delete()
    assert "somebody who has left" in text(dashboard.get("/views/"))
    assert dashboard.post(f"/views/{view.pk}/delete/", "admin").status_code == 302


def test_counts_are_those_of_the_fleet_of_that_moment(dashboard: Dashboard) -> None:
    view = saved(dashboard)
    context = Context(1_000_000.0)
    before = count_of(dashboard.fleet, view, context)
    dashboard.empty()
    assert count_of(dashboard.fleet, view, context) == 0 != before


def test_a_view_with_an_order_that_there_is_not_opens_in_the_lists_own(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    view = SavedView(kind="environment", name="Old", query="", owner=users["admin"], created=timezone.now())
    for view.sort in ("", "-", "an-order-of-a-newer-version"):
        view.save()
        for address in ("/views/", "/environments/", "/views/counts/environments/", f"/views/{view.pk}/"):
            assert dashboard.get(address).status_code == 200, (view.sort, address)
    assert 'aria-current="true"><bdi>Old' in text(dashboard.get("/environments/"))
