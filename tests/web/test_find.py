"""Anything is found by a few letters, and so is what may be done."""

import html
import re
import time

import pytest

from dashboard.fleet.entities import Environment, Execution, Person, Project, Service, Task
from dashboard.web.names import Wanted
from tests.web.conftest import HTMX, OPERATOR, Dashboard, text

HOSTILE = '<script>"\u202e'


@pytest.fixture
def fleet(dashboard: Dashboard) -> Dashboard:
    dashboard.empty()
    dashboard.put(
        Environment("e-0000aaaa1111", "otter on the river", "running", project_id="p-1", creator_id="u-oda"),
        Environment("e-0000aaaa2222", "sea otter", "stopped", failures=("no disk",)),
        Environment("e-0000aaaa3333", "old otter", "stopped", archived=1.0),
        Environment("e-0000aaaa4444", HOSTILE, "running"),
        *(Service(f"s-{n}", "e-0000aaaa1111", "Web server", "web", phase="running") for n in range(3)),
        Service("s-only", "e-0000aaaa1111", "Ledger", "ledger", phase="failed"),
        Service("s-agent", "e-0000aaaa1111", "Web agent", "agent", role="editor"),
        Task("t-1", "e-0000aaaa1111", "Warm the cache", "warm"),
        Execution("x-1", "t-1", "e-0000aaaa1111", "Warm the cache", "running"),
        Project("p-1", "Web shop"),
        Person("u-oda", "Oda Perera", OPERATOR),
    )
    return dashboard


def found(dashboard: Dashboard, words: str, role: str = "admin", at: str = "") -> list[tuple[str, str]]:
    """(label, address) of the options."""
    page = text(dashboard.clients[role].get("/find/", {"q": words, "at": at}, headers=HTMX))
    options = re.findall(r'data-url="([^"]*)"[^>]*>\s*<span><bdi>(.*?)</bdi>', page)
    return [(html.unescape(label), html.unescape(url)) for url, label in options]


@pytest.mark.parametrize(
    ("text", "name", "rank"),
    [
        ("otter", "otter", 0),
        ("ott", "Otter", 1),
        ("ott", "sea-otter", 2),
        ("tter", "otter", 3),
        ("river otter", "otter on the river", 4),
        ("otrv", "otter on the river", 6),
        ("x", "otter", None),
        ("vro", "otter on the river", None),
        ("(.*)+$", "aaaa", None),
        ("ÄÖ", "äö", 0),
    ],
)
def test_names_are_ranked_by_how_they_match(text: str, name: str, rank: int | None) -> None:
    assert Wanted(text.lower()).rank(name) == rank


def test_no_text_makes_the_search_slow() -> None:
    name, began = "ab" * 5_000, time.process_time()
    assert Wanted("ab" * 39 + "c").rank(name) is None
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "line", "meant"),
    [
        ("ottre", "sea otter", True),
        ("oter", "sea otter", True),
        ("otteer", "sea otter", True),
        ("ottex", "sea otter", True),
        ("sevrer", "web server", True),
        ("web-srever", "web server", True),
        ("c.+*", "c.+[", True),
        ("xtter", "sea river", False),
        ("reto", "sea otter", False),
        ("ott", "sea toter", False),
        ("o" * 33, "o" * 32, False),
    ],
)
def test_one_slip_of_the_finger_is_forgiven(text: str, line: str, meant: bool) -> None:
    wanted = Wanted(text)
    assert wanted.nearly(line) == meant
    assert not meant or wanted.may_be_nearly(line)


def test_a_slip_still_finds_what_was_meant(fleet: Dashboard) -> None:
    assert [label for label, _ in found(fleet, "ottre", "viewer")] == ["sea otter", "otter on the river"]
    assert "Web server" in dict(found(fleet, "web-sevrer"))
    assert [label for label, _ in found(fleet, "otters on", "viewer")] == ["otter on the river"]


def test_what_changed_is_found_by_its_new_name(fleet: Dashboard) -> None:
    assert "heron" not in dict(found(fleet, "heron"))
    fleet.put(
        Environment("e-0000aaaa2222", "heron", "stopped"), Service("s-quill", "e-0000aaaa2222", "Quill")
    )
    assert dict(found(fleet, "heron"))["heron"] == "/environments/e-0000aaaa2222/"
    assert "sea otter" not in dict(found(fleet, "otter"))
    assert dict(found(fleet, "quill"))["Quill"] == "/services/s-quill/"


def test_a_deed_and_a_name_find_the_deed(fleet: Dashboard) -> None:
    assert found(fleet, "stop otter")[0] == ("Stop otter on the river", "/environments/e-0000aaaa1111/stop/")
    assert found(fleet, "river otter stop")[0][0] == "Stop otter on the river"
    assert {url for _, url in found(fleet, "stop web-server")[:3]} == {
        f"/services/s-{number}/stop/" for number in range(3)
    }
    assert found(fleet, "delete sea")[0] == ("Delete sea otter", "/environments/e-0000aaaa2222/delete/")
    assert found(fleet, "ledger")[1][0].endswith("Ledger")
    for words in ("stop otter", "start sea", "delete sea", "run warm", "stop web-server", "ledger"):
        deeds = [url for _, url in found(fleet, words, "viewer") if url.count("/") > 3]
        assert not deeds, words


def test_a_name_that_begins_with_a_deed_is_a_name_first(fleet: Dashboard) -> None:
    fleet.put(Environment("e-0000aaaa5555", "stop otter", "running"))
    assert found(fleet, "stop otter")[0] == ("stop otter", "/environments/e-0000aaaa5555/")


def test_of_namesakes_it_says_how_many_have_failed(fleet: Dashboard) -> None:
    def hint() -> str:
        page = text(fleet.clients["viewer"].get("/find/", {"q": "web server"}, headers=HTMX))
        return re.findall(r"<small class=\"muted\"><bdi>(.*?)</bdi>", page)[0]

    assert hint() == "3 of them, none failed"
    fleet.put(Service("s-1", "e-0000aaaa1111", "Web server", "web", phase="failed"))
    assert hint() == "3 of them, 1 failed"


def test_environments_come_with_what_may_be_done(fleet: Dashboard) -> None:
    labels = [label for label, _ in found(fleet, "otter")]
    assert labels[:2] == ["otter on the river", "sea otter"]
    assert "old otter" not in labels
    assert ("Stop otter on the river", "/environments/e-0000aaaa1111/stop/") in found(fleet, "otter")
    assert not [label for label, _ in found(fleet, "otter", "viewer") if label.startswith(("Stop", "Start"))]
    operator = [label for label, _ in found(fleet, "otter", "operator")]
    assert "Stop otter on the river" in operator
    assert "Start sea otter" not in operator


def test_namesakes_are_one_result_that_leads_to_their_list(fleet: Dashboard) -> None:
    results = dict(found(fleet, "web server"))
    assert fleet.get(results["Web server"]).status_code == 200
    assert text(fleet.get(results["Web server"])).count('id="service-s-') == 3
    assert dict(found(fleet, "ledger"))["Ledger"] == "/services/s-only/"
    assert "Web agent" not in dict(found(fleet, "agent"))
    assert dict(found(fleet, "cache"))["Warm the cache"] == "/tasks/t-1/"


def test_people_and_projects_lead_to_their_environments(fleet: Dashboard) -> None:
    assert "otter on the river" in text(fleet.get(dict(found(fleet, "perera"))["Oda Perera"]))
    shop = text(fleet.get(dict(found(fleet, "shop"))["Web shop"]))
    assert "otter on the river" in shop
    assert "sea otter" not in shop


def test_an_id_or_its_end_finds_the_row(fleet: Dashboard) -> None:
    assert ("Warm the cache", "/executions/x-1/") in found(fleet, "x-1")
    assert ("sea otter", "/environments/e-0000aaaa2222/") in found(fleet, "aaaa2222")


def test_what_may_be_done_on_this_page_comes_first(fleet: Dashboard) -> None:
    first = found(fleet, "", at="/environments/e-0000aaaa1111/")
    assert first[0] == ("Stop", "/environments/e-0000aaaa1111/stop/")
    assert found(fleet, "", "viewer", at="/environments/e-0000aaaa1111/")[0][0] == "Overview"
    for nonsense in ("//evil", "/nothing/", "x" * 9_000, "/environments/none/"):
        assert found(fleet, "", at=nonsense)[0][0] == "Overview"


def test_hostile_letters_are_text_and_long_ones_are_cut(fleet: Dashboard) -> None:
    page = text(fleet.get("/find/?q=%3Cscript"))
    assert "<script>&quot;" not in page
    assert "&lt;script&gt;" in page
    assert fleet.clients["admin"].get("/find/", {"q": "x\0" * 5_000}).status_code == 200
    assert "Nothing has a name like that." in text(fleet.get("/find/?q=qqqqqq"))


def test_the_search_and_the_keys_are_pages_too(fleet: Dashboard) -> None:
    assert 'href="/environments/e-0000aaaa1111/"' in text(fleet.get("/find/?q=otter"))
    keys = text(fleet.get("/keys/"))
    home = text(fleet.get("/"))
    for letter, path in re.findall(r"<kbd>g</kbd> <kbd>(\w)</kbd></td><td><a href=\"([^\"]+)\"", keys):
        assert f'data-go="{letter}" href="{path}"' in home
    assert 'id="find" href="/find/"' in home
