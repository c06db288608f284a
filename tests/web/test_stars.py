"""Stars: put by everybody on what they see, shown to them alone, found again on the overview and by `is:starred`."""

import re
from html import unescape

import pytest

from dashboard.control.models import Star, User
from dashboard.control.people import stars
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.web import stars as shown
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_polls import swapped

NAME = 'otter <b>"'


@pytest.fixture
def three(dashboard: Dashboard) -> Dashboard:
    """An environment with a service and a task, beside another environment."""
    shown.forget()
    dashboard.empty()
    dashboard.put(
        Environment("e-1", NAME, "running", status_version=1),
        Environment("e-2", "owl", "stopped", status_version=1),
        Service("s-1", "e-1", "web", phase="failed"),
        Task("t-1", "e-1", "Build"),
        Execution("x-1", "t-1", "e-1", "Build", "succeeded", created=1.0, completed=2.0),
    )
    return dashboard


def pressed(html: str) -> dict[str, bool]:
    """What each star of a page would name, and whether it is pressed."""
    found = re.findall(r'name="(star|unstar)" value="([^"]*)" aria-pressed="(true|false)"', html)
    assert all((word == "unstar") is (state == "true") for word, _, state in found)
    return {unescape(value): state == "true" for _, value, state in found}


def test_a_star_shows_to_whoever_put_it_in_rows_and_on_the_page_and_to_nobody_else(three: Dashboard) -> None:
    before = three.get("/environments/", "viewer")
    answer = three.post("/stars/", "viewer", star="environment:e-1", next="/environments/?page=1")
    assert (answer.status_code, answer["Location"]) == (302, "/environments/?page=1")
    for path in ("/environments/", "/environments/e-1/"):
        assert pressed(text(three.get(path, "viewer")))["environment:e-1"]
        assert not pressed(text(three.get(path)))["environment:e-1"]
    assert not pressed(text(three.get("/environments/", "viewer")))["environment:e-2"]
    three.put(Environment("e-1", NAME, "stopping", status_version=2))
    assert pressed(text(three.poll(before, "viewer"))) == {"environment:e-1": True}


def test_the_filter_finds_what_is_starred_and_executions_of_what_is(three: Dashboard) -> None:
    for value in ("environment:e-1", "service:s-1", "task:t-1"):
        assert three.clients["viewer"].post("/stars/", {"star": value}, headers=HTMX).status_code == 204
    for path, name in (
        ("environments", "environment-e-1"),
        ("services", "service-s-1"),
        ("tasks", "task-t-1"),
        ("executions", "execution-x-1"),
    ):
        assert re.findall(
            r'<tr role="row" id="([^"]+)"', text(three.get(f"/{path}/?q=is:starred", "viewer"))
        ) == [name]
        assert "Nothing matches" in text(three.get(f"/{path}/?q=is:starred"))
    three.post("/stars/", "viewer", unstar="environment:e-1")
    assert "Nothing matches" in text(three.get("/environments/?q=is:starred", "viewer"))


def test_the_overview_lists_what_is_starred_trouble_first_and_what_is_gone_last(three: Dashboard) -> None:
    page = three.get("/")
    assert "A star beside an environment" in text(page)
    for value in ("environment:e-1", "environment:e-2", "task:t-1", "service:s-1"):
        three.post("/stars/", star=value)
    assert "starred" in swapped(three.poll(page))
    three.simulated.store.write([], newer=lambda *_: True, gone=[(Kind.ENVIRONMENT, "e-2")])
    block = text(three.get("/")).partition('id="starred"')[2].partition("</section>")[0]
    names = re.findall(r'value="([^"]+)"', block)
    assert [unescape(one) for one in names] == [
        "service:s-1",
        "environment:e-1",
        "task:t-1",
        "environment:e-2",
    ]
    assert "no longer there" in block
    assert "otter &lt;b&gt;&quot;" in block
    three.post("/stars/", unstar="environment:e-2")
    assert "no longer there" not in text(three.get("/"))


def test_a_star_asked_for_twice_is_one_and_nobody_has_more_than_the_most(
    three: Dashboard, users: dict[str, User]
) -> None:
    viewer = users["viewer"]
    for _ in range(2):
        three.post("/stars/", "viewer", star="environment:e-1")
    assert Star.objects.count() == 1
    Star.objects.bulk_create(
        Star(user=viewer, kind="task", target_id=f"t{number}", name="x", created=viewer.date_joined)
        for number in range(stars.MOST_STARS - 1)
    )
    refused = three.clients["viewer"].post("/stars/", {"star": "environment:e-2"}, headers=HTMX)
    assert (refused.status_code, "200 things" in text(refused)) == (409, True)
    three.post("/stars/", "viewer", star="environment:e-2")
    assert "Take one away first" in text(three.get("/environments/", "viewer"))
    assert (
        three.clients["viewer"].post("/stars/", {"star": "environment:e-1"}, headers=HTMX).status_code == 204
    )
    assert Star.objects.filter(user=viewer).count() == stars.MOST_STARS
    assert three.get("/", "viewer").status_code == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 400),
        ({"star": "environment:"}, 400),
        ({"star": "person:u1"}, 400),
        ({"star": "e-1"}, 400),
        ({"star": "environment:nothing"}, 404),
        ({"star": "environment:e-1\0"}, 302),
        ({"unstar": "environment:nothing"}, 302),
        ({"star": "environment:e-1", "next": "https://evil.example/"}, 302),
    ],
)
def test_what_is_not_there_gets_no_star(three: Dashboard, sent: dict[str, str], status: int) -> None:
    answer = three.post("/stars/", "viewer", **sent)
    assert (answer.status_code, answer.get("Location", "/")) == (status, "/")
