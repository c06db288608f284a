"""Anything is found by a few letters, and so is what may be done."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.fleet.entities import Environment, Execution, Person, Project, Service, Task
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


def test_a_deed_reaches_what_is_ones_own_behind_namesakes_of_others(fleet: Dashboard) -> None:
    fleet.put(
        *(Environment(f"e-{n}", "otter", "running", creator_id="u-ole") for n in range(20)),
        *(Service(f"s-o{n}", "e-1", f"otter {n}", "otter", phase="stopped") for n in range(20)),
        Service("s-own", "e-0000aaaa1111", "otter's own", "otter", phase="stopped"),
    )
    assert found(fleet, "stop otter", "operator") == [
        ("Stop otter on the river", "/environments/e-0000aaaa1111/stop/")
    ]
    assert found(fleet, "delete otter", "operator") == [
        ("Delete otter on the river", "/environments/e-0000aaaa1111/delete/"),
        ("Delete otter's own", "/services/s-own/delete/"),
    ]


def test_a_name_that_begins_with_a_deed_is_a_name_first(fleet: Dashboard) -> None:
    fleet.put(Environment("e-0000aaaa5555", "stop otter five", "running"))
    assert found(fleet, "stop otter")[0] == ("stop otter five", "/environments/e-0000aaaa5555/")


def test_a_deed_that_cannot_be_done_finds_what_it_is_about(fleet: Dashboard) -> None:
    assert found(fleet, "stop river", "viewer")[0] == ("otter on the river", "/environments/e-0000aaaa1111/")
    assert found(fleet, "stop sea")[0] == ("sea otter", "/environments/e-0000aaaa2222/")
    assert found(fleet, "ledger stop", "viewer") == [("Ledger", "/services/s-only/")]
    assert found(fleet, "stop heron") == []


def test_a_name_stays_apart_from_what_may_be_done_with_it(fleet: Dashboard) -> None:
    fleet.put(Environment("e-0000aaaa5555", "سمك", "running"))
    assert found(fleet, "stop سمك")[0] == ("Stop \u2068سمك\u2069", "/environments/e-0000aaaa5555/stop/")


def test_nothing_is_found_twice(fleet: Dashboard) -> None:
    fleet.put(Environment("e-0000aaaa5555", "stop otter five", "running"))
    for words in ("stop otter", "stop stop", "otter"):
        page = text(fleet.clients["admin"].get("/find/", {"q": words}, headers=HTMX))
        for pattern in (r'data-url="([^"]*)"', r'find-title"[^>]*>([^<]*)'):
            all_of_them = re.findall(pattern, page)
            assert all_of_them == list(dict.fromkeys(all_of_them)) != [], words


def test_what_stands_between_words_alone_names_nothing(fleet: Dashboard) -> None:
    for words in ("---", "_", "- -", "\u2028", "\u3000"):
        assert found(fleet, words) == found(fleet, "")
        assert found(fleet, f"{words}otter") == found(fleet, "otter")


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


def test_a_person_whose_name_is_anothers_id_or_address_has_only_their_own_environments(
    fleet: Dashboard,
) -> None:
    people = {"u-3": "Ada", "u-4": "u-3", "u-5": "ada@x.example", "u-6": "u-6"}
    fleet.put(
        *(Person(one, name, "ADA@x.example" if name == "Ada" else "") for one, name in people.items()),
        *(Environment(f"e-of-{one}", f"heron of {name}", creator_id=one) for one, name in people.items()),
    )
    for one, name in people.items():
        query = parse_qs(urlsplit(dict(found(fleet, name))[name]).query)["q"][0]
        page = text(fleet.clients["admin"].get("/environments/", {"q": query}))
        assert re.findall(r'id="environment-e-of-(u-\d)', page) == [one], query


def test_an_id_or_its_end_finds_the_row(fleet: Dashboard) -> None:
    fleet.put(Task("t-feedbeef", "e-0000aaaa1111", "Feed", "feed"))
    assert found(fleet, "edbeef") == [
        ("Feed", "/tasks/t-feedbeef/"),
        ("Run Feed", "/tasks/t-feedbeef/start/"),
    ]
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
