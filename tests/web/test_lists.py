"""The four lists: page or fragment, what the address changes, and what it costs."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.control import ledger, wishes
from dashboard.control.models import Action, Exemption, User
from dashboard.fleet.entities import Environment, Project
from dashboard.fleet.query import phase_of
from dashboard.fleet.query.fields import FIELDS
from dashboard.fleet.store import Store
from dashboard.web import view_tabs
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
    "q=" + quote('"not closed phase:'),
    "q=" + quote("(a+)+$ [^x]{9999} .*.*.* \\1"),
    "q=" + quote("phase:" + "," * 900),
    "q=" + quote("-" * 900),
    "q=" + quote("project:" + "é," * 300 + "x"),
    "q=" + "x:y%20" * 1_500,
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
    dashboard: Dashboard, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in (wishes, view_tabs):
        monkeypatch.setattr(kept, "READ_SECONDS", 60.0)
    dashboard.empty()
    costs = []
    for many in (10, 1_000):
        rows = [Environment(id=f"e{n}", name=f"{n}", project_id=f"p{n % 7}") for n in range(many)]
        dashboard.put(*rows, *(Project(f"p{n}", f"Project {n}") for n in range(7)))
        dashboard.get("/environments/")  # the process has read the fleet
        before = redis_commands(dashboard.simulated.store)
        with django_assert_num_queries(2):  # session, person
            page = dashboard.get("/environments/")
        costs.append(redis_commands(dashboard.simulated.store) - before)
        assert len(ids(page)) == min(many, 50)
    assert costs[0] == costs[1]
    assert costs[0] <= 4


def test_what_the_list_leaves_out_is_there_when_asked_for(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    platform = {row.id for row in fleet.services.values() if row.platform}
    assert platform
    page = dashboard.get("/services/?sort=created")
    assert not platform & set(ids(page))
    assert f"{len(platform)} of the platform itself" in text(page)
    assert 'href="/services/?q=platform%3Aany&amp;sort=created"' in text(page)
    for address in ("q=platform:any", "platform=1", "q=platform:yes", "q=role:editor"):
        assert platform & set(ids(dashboard.get(f"/services/?sort=-created&{address}"))), address
    assert '<a href="/services/?q=">hide' in text(dashboard.get("/services/?q=platform:any"))


def test_older_addresses_become_part_of_the_filter(dashboard: Dashboard) -> None:
    one = dashboard.environment(lambda row: row.phase == "running" and row.project_id != "")
    name = dashboard.fleet.project(one.project_id)
    page = text(dashboard.get(f"/environments/?phase=running&project={one.project_id}&archived=1&q=e"))
    asked = re.search(r'id="q" name="q" value="([^"]*)"', page)
    assert asked
    assert asked[1] == f"e phase:running project:={one.project_id} archived:any"
    assert f'<option value="{name}" selected>' in page
    answer = dashboard.get("/environments/?phase=running&project=*&q=project:x+e", **HTMX)
    assert answer["HX-Push-Url"] == "/environments/?q=e+phase%3Arunning"


def test_a_click_on_a_phase_adds_it_and_another_takes_it_away(dashboard: Dashboard) -> None:
    def chip(page: str, phase: str) -> tuple[str, bool]:
        found = re.search(rf'id="chip-{phase}"[^>]* href="([^"]*)"[^>]*?( aria-current="true")?>', page)
        assert found
        return html.unescape(found[1]), bool(found[2])

    url, current = chip(text(dashboard.get("/environments/?q=name:e&sort=name")), "running")
    assert (url, current) == ("/environments/?q=name%3Ae+phase%3Arunning&sort=name", False)
    page = text(dashboard.get(url))
    assert chip(page, "running") == ("/environments/?q=name%3Ae&sort=name", True)
    url, current = chip(page, "stopped")
    assert (url, current) == ("/environments/?q=name%3Ae+phase%3Arunning%2Cstopped&sort=name", False)
    assert chip(text(dashboard.get(url)), "all")[0] == "/environments/?q=name%3Ae&sort=name"


def test_a_mistake_is_shown_in_its_place_with_the_nearest_word(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/?q=phase:runing+name:e&sort=name")
    assert '<code class="where">phase:<mark>runing</mark> name:e</code>' in text(page)
    assert "There is no runing." in text(page)
    assert 'href="/environments/?q=phase%3Arunning+name%3Ae&amp;sort=name"' in text(page)
    assert 'aria-invalid="true"' in text(page)
    assert "The list goes by the rest of the filter." in text(page)
    assert ids(page) == ids(dashboard.get("/environments/?q=name:e&sort=name"))
    assert dashboard.poll(page).status_code == 204


def test_an_empty_list_offers_the_nearest_name_without_calling_it_a_mistake(dashboard: Dashboard) -> None:
    name = min(row.name for row in dashboard.fleet.projects.values())
    page = dashboard.get(f"/environments/?q=project:={name}x")
    assert f"Nothing is called {name}x." in text(page)
    assert f'href="/environments/?q=project%3A%3D{name}"' in text(page)
    assert 'aria-invalid="true"' not in text(page)
    assert "by the rest of the filter" not in text(page)
    assert not ids(page)


def test_while_somebody_types_a_mistake_leaves_list_and_address_as_they_were(dashboard: Dashboard) -> None:
    typing = HTMX | {"HX-Trigger": "filters"}
    answer = dashboard.get("/environments/?q=phase:", **typing)
    assert (answer["HX-Reswap"], answer["HX-Push-Url"]) == ("none", "false")
    assert text(answer).startswith('<div id="problems"')
    assert 'id="list"' not in text(answer)
    answer = dashboard.get("/environments/?q=phase:running", **typing)
    assert answer["HX-Push-Url"] == "/environments/?q=phase%3Arunning"
    assert '<div id="problems" class="problems" role="status" hx-swap-oob="innerHTML"></div>' in text(answer)


def test_mine_are_those_of_the_ona_user_with_the_same_address(dashboard: Dashboard) -> None:
    mine = {row.id for row in dashboard.fleet.environments.values() if dashboard.of_operator(row)}
    assert set(ids(dashboard.get("/environments/?q=is:mine+archived:any", "operator"))) == mine != set()
    assert not ids(dashboard.get("/environments/?q=is:mine", "admin"))


def test_mine_are_also_those_that_the_dashboard_made_for_me(dashboard: Dashboard) -> None:
    row = dashboard.running()
    stop = f"/environments/{row.id}/stop/"
    assert stop not in dashboard.get(f"/environments/?q=id:{row.id}", "operator").content.decode()
    now = ledger.utc_now()
    Action.objects.create(
        verb="environment.create",
        kind="environment",
        target_id="new-1",
        actor=User.objects.get(role="operator"),
        state="confirmed",
        result_id=row.id,
        created=now,
        not_before=now,
    )
    assert row.id in ids(dashboard.get("/environments/?q=is:mine", "operator"))
    assert row.id in ids(dashboard.get("/idle/?q=is:mine&show=all", "operator"))
    assert row.id not in ids(dashboard.get("/environments/?q=is:mine", "admin"))
    assert stop in dashboard.get(f"/environments/?q=id:{row.id}", "operator").content.decode()


def test_what_may_stand_at_the_caret_is_offered(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/filter/environments/options/?before=name:e+phase:run"))
    assert 'role="option" id="option-0"' in page
    assert 'data-before="name:e phase:running"' in page
    creators = text(dashboard.get("/filter/environments/options/?before=creator:"))
    assert creators.count("<li") > 5
    for hostile in ("%22", "x" * 5_000, "%00", "project:%22%3Cscript%3E", ",:,:,-"):
        assert dashboard.get(f"/filter/tasks/options/?before={hostile}").status_code == 200
    assert dashboard.get("/filter/nonsense/options/").status_code == 404


@pytest.mark.parametrize("section", LISTS)
def test_the_example_in_the_empty_filter_can_be_read(dashboard: Dashboard, section: str) -> None:
    example = re.search(r'placeholder="Filter, such as: ([^"]+)"', text(dashboard.get(f"/{section}/")))
    assert example
    assert "The list goes by the rest" not in text(dashboard.get(f"/{section}/?q={quote(example[1])}"))


def test_the_help_of_a_list_names_every_field(dashboard: Dashboard) -> None:
    for section, kind in zip(LISTS, FIELDS, strict=True):
        page, part = (
            text(dashboard.get(f"/filter/{section}/")),
            text(dashboard.get(f"/filter/{section}/", **HTMX)),
        )
        assert "<!doctype html>" in page
        assert "<!doctype html>" not in part
        for name in FIELDS[kind]:
            assert f"<code>{name}:</code>" in page, name
        assert f'href="/filter/{section}/"' in text(dashboard.get(f"/{section}/"))
    assert dashboard.get("/filter/nonsense/").status_code == 404


def test_what_is_exempt_can_be_asked_for(dashboard: Dashboard) -> None:
    one, now = dashboard.running(), timezone.now()
    assert ids(dashboard.get("/environments/?q=is:exempt")) == []
    Exemption.objects.create(
        environment_id=one.id,
        name=one.name,
        actor_name="a",
        reason="a demo",
        created=now,
        until=now + timedelta(1),
    )
    assert ids(dashboard.get("/environments/?q=is:exempt")) == [one.id]
    assert one.id not in ids(dashboard.get("/environments/?q=-is:exempt+phase:running"))


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
    for query in ("phase=failed", "q=nothing+has+this+name", f"project={quote(everything[1])}", "page=2"):
        assert offered(f"/environments/?{query}") == everything


def test_the_form_sends_a_sort_only_when_one_was_chosen(dashboard: Dashboard) -> None:
    assert 'name="sort"' not in text(dashboard.get("/environments/"))
    assert 'name="sort" value="name"' in text(dashboard.get("/environments/?sort=name"))


@pytest.mark.parametrize(("started", "said"), [(200.0, "started"), (50.0, "VS Code"), (None, "VS Code")])
def test_the_last_activity_of_a_page_is_that_of_its_row_in_the_list(
    dashboard: Dashboard, started: float | None, said: str
) -> None:
    row = Environment("e1", "one", "running", started=started, signal_at=100.0, signal_source="VS Code")
    dashboard.put(row)
    page = text(dashboard.get("/environments/e1/"))
    shown = re.sub(r"<[^>]+>", "", page.partition("<dt>Last activity</dt>")[2].partition("</dd>")[0])
    assert said in shown
    assert ("VS Code" in shown) is (started != 200.0)
