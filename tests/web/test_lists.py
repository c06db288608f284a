"""The four lists: page or fragment, what the address changes, and what it costs."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries

from dashboard.fleet.entities import Environment, Project
from dashboard.fleet.query import phase_of
from dashboard.fleet.store import Store
from tests.web.conftest import HTMX, Dashboard, text

LISTS = ("environments", "services", "tasks", "executions")
RESTORE = HTMX | {"HX-History-Restore-Request": "true"}


def ids(page: Any) -> list[str]:
    """The ids of the rows on a page, in order."""
    return re.findall(r'<tr role="row" id="[a-z]+-([^"]+)"', text(page))


@pytest.mark.parametrize("section", LISTS)
def test_htmx_gets_the_list_alone_and_everybody_else_the_page(dashboard: Dashboard, section: str) -> None:
    page, fragment = dashboard.get(f"/{section}/"), dashboard.get(f"/{section}/", **HTMX)
    restored = dashboard.get(f"/{section}/", **RESTORE)
    assert text(page).lstrip().startswith("<!doctype html>")
    assert text(restored).lstrip().startswith("<!doctype html>")
    assert text(fragment).lstrip().startswith('<section id="list"')
    assert ids(page) == ids(fragment) == ids(restored)
    for response in (page, fragment, restored):
        assert text(response).count('id="poll"') == 1
        assert {"HX-Request", "HX-History-Restore-Request"} <= set(response["Vary"].split(", "))
        assert response["Cache-Control"] == "no-store"
    assert "hx-swap-oob" in text(fragment)
    assert "hx-swap-oob" not in text(page) + text(restored)


def test_the_address_chooses_and_everything_in_it_adds_up(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    shown = set(ids(dashboard.get("/environments/"))) | set(ids(dashboard.get("/environments/?page=2")))
    in_use = {row.id for row in fleet.environments.values() if row.archived is None}
    assert shown == in_use != set(fleet.environments)
    assert (
        set(ids(dashboard.get("/environments/?archived=1&phase=archived")))
        == set(fleet.environments) - in_use
    )
    one = dashboard.environment(lambda row: row.phase == "running" and row.project_id != "")
    project, creator = one.project_id, fleet.person(one.creator_id, one.creator_kind)

    def expected(*tests: Callable[[Environment], bool]) -> set[str]:
        return {key for key in in_use if all(test(fleet.environments[key]) for test in tests)}

    def named(row: Environment) -> bool:  # each word may be found in another of the texts
        person, place = fleet.person(row.creator_id, row.creator_kind), fleet.project(row.project_id)
        texts = (row.name, row.repository, row.branch, person, place, *row.failures)
        return all(any(word in part.casefold() for part in texts) for word in creator.casefold().split())

    filters: list[tuple[str, Callable[[Environment], bool]]] = [
        ("phase=running", lambda row: phase_of(row) == "running"),
        (f"project={project}", lambda row: row.project_id == project),
        (f"q={quote(creator)}", named),
    ]
    for chosen in product([True, False], repeat=3):
        parts = [one for one, wanted in zip(filters, chosen, strict=True) if wanted]
        if parts:
            page = dashboard.get("/environments/?" + "&".join(part for part, _ in parts))
            assert set(ids(page)) == expected(*(test for _, test in parts)), parts
            assert one.id in ids(page)


@pytest.mark.parametrize("section", LISTS)
def test_each_heading_sorts_both_ways(dashboard: Dashboard, section: str) -> None:
    page = text(dashboard.get(f"/{section}/"))
    for field in set(re.findall(r"sort=-?([a-z]+)", page)):
        up = dashboard.get(f"/{section}/?sort={field}")
        down = dashboard.get(f"/{section}/?sort=-{field}")
        assert text(up).count('aria-sort="ascending"') == 1
        assert text(down).count('aria-sort="descending"') == 1
        if 'rel="next"' not in text(up):
            assert ids(up) == list(reversed(ids(down)))


def test_pages_follow_each_other_without_gap_or_overlap(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(*(Environment(id=f"e{n:03}", name=f"n {n:03}", created=float(n)) for n in range(120)))
    seen: list[str] = []
    for number in (1, 2, 3):
        page = dashboard.get(f"/environments/?sort=name&page={number}")
        seen += ids(page)
        assert ("previous" in text(page), 'rel="next"' in text(page)) == (number > 1, number < 3)
    assert seen == [f"e{n:03}" for n in range(120)]
    assert ids(dashboard.get("/environments/?sort=name&page=99")) == seen[100:]
    assert ids(dashboard.get("/environments/?sort=name&page=-1")) == seen[:50]


HOSTILE = (
    "page=-1",
    "page=0",
    "page=99999999999999999999",
    "page=%D9%A3",
    "page=1e9",
    "page=" + "9" * 5000,
    "sort=__class__",
    "sort=-",
    "sort=--name",
    "sort=name%00",
    "q=" + "x" * 10_000,
    "q=%00",
    "q=a%00b&phase=%00&project=%00&sort=%00&page=%00",
    "q=%",
    "q=%zz%",
    "q=%ED%A0%80",
    "q=%F0%9F%92%A9%E2%80%AE%EF%BB%BF",
    "q=" + quote("ﬃ İstanbul ß \u202e\u0000\u2028"),
    "q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "phase=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "project=%27%20OR%201%3D1--",
    "phase=" + "y" * 10_000,
    "q=a&q=b&page=1&page=2",
    "&&&===;;;",
    "platform=%00",
    "seen=x",
)


@pytest.mark.parametrize("section", [*LISTS, "activity", "system"])
def test_any_address_gets_a_sensible_page(dashboard: Dashboard, section: str) -> None:
    for query, headers in product(HOSTILE, ({}, HTMX)):
        if headers and query.startswith("seen="):
            continue  # a poll
        page = dashboard.get(f"/{section}/?{query}", **headers)
        assert page.status_code == 200, query
        assert "<script>alert" not in text(page), query
        assert "</html>" in text(page) or headers, query
        assert len(page.content) < 200_000, query


def redis_commands(store: Store) -> int:
    """How many commands Redis has carried out so far."""
    return int(store._redis.info("stats")["total_commands_processed"])


def test_a_list_costs_the_same_however_many_there_are(
    dashboard: Dashboard, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    dashboard.empty()
    costs = []
    for many in (10, 1_000):
        rows = [Environment(id=f"e{n}", name=f"{n}", project_id=f"p{n % 7}") for n in range(many)]
        dashboard.put(*rows, *(Project(f"p{n}", f"Project {n}") for n in range(7)))
        dashboard.get("/environments/")  # the process has read the fleet
        before = redis_commands(dashboard.simulated.store)
        with django_assert_num_queries(3):  # session, person, what was asked of the rows
            page = dashboard.get("/environments/")
        costs.append(redis_commands(dashboard.simulated.store) - before)
        assert len(ids(page)) == min(many, 50)
    assert costs[0] == costs[1]
    assert costs[0] <= 4


def test_platform_services_are_folded_away_until_asked_for(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    platform = {row.id for row in fleet.services.values() if row.platform}
    assert platform
    assert not platform & set(ids(dashboard.get("/services/?sort=created")))
    everything = dashboard.get("/services/?platform=1&sort=-created")
    assert platform & set(ids(everything))
    assert 'name="platform" value="1"' in text(everything)


def test_platform_services_stay_in_view_while_one_sorts_filters_and_pages(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/services/?platform=1", **HTMX))
    for link in re.findall(r'hx-get="(/services/\?[^"]*)"', page):
        assert "platform=1" in link, link


def test_an_empty_fleet_says_so(dashboard: Dashboard) -> None:
    dashboard.empty()
    for section in LISTS:
        page = text(dashboard.get(f"/{section}/"))
        assert "There are no " in page
        assert "0 " in page
    assert "Nothing matches." in text(dashboard.get("/environments/?q=x"))


def test_projects_on_offer_are_the_same_whatever_else_is_chosen(dashboard: Dashboard) -> None:
    def offered(path: str) -> list[str]:
        return re.findall(r'<option value="([^"]+)"', text(dashboard.get(path)))

    everything = offered("/environments/")
    assert len(everything) > 1
    for query in ("phase=failed", "q=nothing+has+this+name", f"project={everything[0]}", "page=2"):
        assert offered(f"/environments/?{query}") == everything


def test_the_way_back_to_everything_keeps_what_is_included(dashboard: Dashboard) -> None:
    for address in ("/environments/?archived=1", "/services/?platform=1"):
        assert f'<a href="{address}">show all</a>' in text(dashboard.get(f"{address}&phase=failed"))
        page = text(dashboard.get(f"{address}&q=nothing+has+this+name"))
        assert page.count(f'<a href="{address}">') == 2


def test_the_form_sends_a_sort_only_when_one_was_chosen(dashboard: Dashboard) -> None:
    assert 'name="sort"' not in text(dashboard.get("/environments/"))
    assert 'name="sort" value="name"' in text(dashboard.get("/environments/?sort=name"))
