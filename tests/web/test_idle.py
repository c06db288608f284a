"""The review of what is idle: what is listed, why, and what can be chosen from it."""

import csv
import io
import json
import re
import time

import pytest

from dashboard import jobs
from dashboard.control.models import Action, Batch
from dashboard.fleet.entities import Environment, Execution, Person, Port, Project
from tests.web.conftest import HTMX, OPERATOR, Dashboard, text

HOUR = 3600.0


def idle(number: int, hours: float = 5.0, **changes: object) -> Environment:
    at = time.time() - hours * HOUR
    given = {
        "phase": "running",
        "desired": "running",
        "started": at - 60,
        "signal_at": at,
        "creator_id": "p-ada",
    }
    given |= {"signal_source": "VS Code", "status_version": 1, "timeout": 0.0}
    return Environment(f"e-{number}", f"otter {number}", **(given | changes))


@pytest.fixture
def fleet(dashboard: Dashboard) -> Dashboard:
    """Five idle ones, the second the longest, the fourth the operator's, and some that are not."""
    dashboard.simulated.sync().hot()
    dashboard.empty()
    dashboard.put(
        idle(1, 5, unpushed=2, changed=1),
        idle(2, 50, ports=(Port(3000, "web", "everyone"),)),
        idle(3, 3),
        idle(4, 4, creator_id="p-oda"),
        idle(5, 2.5, role="default"),
        idle(6, 0.1),
        idle(7, 9, phase="stopped"),
        idle(8, 9),
        idle(9, 9, role="prebuild"),
        Execution("x-1", "t", "e-8", "Build", "running"),
        Person("p-oda", "Oda", OPERATOR),
        Person("p-ada", "Ada", "ada@example.com"),
    )
    return dashboard


def test_a_project_is_chosen_from_a_menu_that_keeps_the_rest(fleet: Dashboard) -> None:
    fleet.put(idle(1, 5, project_id="p-1"), Project("p-1", "Web shop"))
    asked = {"q": "otter project:none", "project": "Web shop", "idle": "1h", "sort": "name"}
    answer = fleet.clients["admin"].get("/idle/", asked, headers=HTMX | {"HX-Trigger": "by-project"})
    assert listed(answer) == ["e-1"]
    there = "/idle/?q=otter+project%3A%3D%22Web+shop%22&idle=1h&sort=name"
    assert answer["HX-Push-Url"] == there
    assert '<option value="Web shop" selected>' in text(answer)
    assert 'data-q="otter project:=&quot;Web shop&quot;"' in text(answer)
    assert listed(fleet.get(there)) == ["e-1"]
    assert 'name="idle" value="1h"' in text(fleet.get(there)).partition('id="by-project"')[2]
    everything = fleet.get(f"{there}&project=*")
    assert set(listed(everything)) == {"e-1", "e-2", "e-3", "e-4", "e-5"}


def test_whoever_left_most_is_asked_for_by_name_where_only_one_has_it(fleet: Dashboard) -> None:
    def links() -> list[str]:
        shown = text(fleet.get("/idle/")).partition('id="creators"')[2].partition("</p>")[0]
        return re.findall(r'href="(/idle/[^"]+)"', shown)

    assert links() == ["/idle/?q=creator%3A%3DAda", "/idle/?q=creator%3A%3DOda"]
    fleet.put(Person("p-ada-2", "ADA", "other@example.com"))
    assert links()[0] == "/idle/?q=creator%3A%3Dp-ada"


def listed(response) -> list[str]:
    return re.findall(r'<tr role="row" id="environment-([^"]+)"', text(response))


def choices(response) -> list[str]:
    return re.findall(r'id="pick-(e-[^"]+)"', text(response))


def test_the_idle_are_listed_longest_first(fleet: Dashboard) -> None:
    assert listed(fleet.get("/idle/")) == ["e-2", "e-1", "e-4", "e-3", "e-5"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("idle=4h", {"e-2", "e-1", "e-4"}),
        ("idle=2d", {"e-2"}),
        ("q=creator:oda", {"e-4"}),
        ("q=otter+-creator:oda&idle=3h", {"e-1", "e-2", "e-3"}),
        ("show=kept", {"e-6", "e-8", "e-9"}),
        ("show=all", {f"e-{number}" for number in range(1, 10) if number != 7}),
        ("show=nonsense&page=99", {"e-1", "e-2", "e-3", "e-4", "e-5"}),
    ],
)
def test_the_address_says_what_is_shown(fleet: Dashboard, query: str, found: set[str]) -> None:
    assert set(listed(fleet.get(f"/idle/?{query}"))) == found


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("0h", "A limit is between 10 minutes"),
        ("5m", "signals of activity come only every five"),
        ("400d", "and a year"),
        ("banana", "“banana” is no length of time"),
        ("-2h", "is no length of time"),
        ("<script>", "“&lt;script&gt;” is no length of time"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_with_the_reason(
    fleet: Dashboard, limit: str, words: str
) -> None:
    page = fleet.clients["admin"].get("/idle/", {"idle": limit})
    assert words in text(page)
    assert page.status_code == 200


def test_a_row_tells_the_evidence_and_what_a_stop_keeps(fleet: Dashboard) -> None:
    page = text(fleet.get("/idle/"))
    activity, port, never, nothing = (
        page.index(words)
        for words in (
            "last signal VS Code",
            "port 3000 open to everyone",
            "its own timeout is never",
            "no execu",
        )
    )
    assert activity < port < never < nothing, "what is so of every idle one comes last"
    assert "2 commits" in page
    assert "1 file" in page
    assert "A stop keeps unsaved work, a delete does not." in page
    kept = text(fleet.get("/idle/?show=kept"))
    assert "Not idle: task execution Build runs." in kept
    assert "Not idle: it is a prebuild, left alone unless a policy includes those." in kept


def test_a_fleet_that_was_not_read_lately_has_nothing_idle(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(idle(1))
    page = dashboard.get("/idle/")
    assert listed(page) == []
    assert "Nothing counts as idle now:</strong> the fleet has not been read yet" in text(page)


def test_a_poll_says_nothing_while_nothing_changes_and_brings_the_row_that_did(fleet: Dashboard) -> None:
    page = fleet.get("/idle/")
    assert fleet.poll(page).status_code == 204
    fleet.put(idle(3, 3, changed=4, status_version=2))
    answer = text(fleet.poll(page))
    assert 'id="environment-e-3" hx-swap-oob="true"' in answer
    assert "environment-e-1" not in answer


def test_who_may_stop_what_may_choose_it(fleet: Dashboard) -> None:
    assert choices(fleet.get("/idle/")) == ["e-2", "e-1", "e-4", "e-3", "e-5"]
    assert choices(fleet.get("/idle/", "operator")) == ["e-4"]
    assert choices(fleet.get("/idle/", "viewer")) == []
    assert "stop-chosen" not in text(fleet.get("/idle/", "viewer"))
    assert choices(fleet.get("/idle/?show=all")) == []


def question(fleet: Dashboard, role: str = "admin", **fields: object):
    return fleet.clients[role].post("/idle/stop/", fields, headers=HTMX)


def targets() -> list[str]:
    return [target["id"] for target in Batch.objects.get().targets]


def test_the_question_says_what_will_happen_to_whom(fleet: Dashboard) -> None:
    said = text(question(fleet, id=["e-1", "e-4", "e-8", "e-gone"], idle="2h"))
    assert "Stop 2 environments?" in said
    assert "2 environments of 2 people are shut down" in said
    assert "1 of them has unsaved work" in said
    assert "active within the last 2 h when its turn comes is skipped" in said
    assert "<bdi>otter 8</bdi>: task execution Build runs" in said
    assert targets() == ["e-1", "e-4"]
    assert not Action.objects.exists()


def test_all_that_match_go_beyond_the_page_and_are_fixed_by_the_question(fleet: Dashboard) -> None:
    fleet.put(*(idle(100 + number, 6) for number in range(120)))
    page = fleet.get("/idle/")
    assert len(choices(page)) == 50
    assert "Stop all 125 that match…" in text(page)
    said = text(question(fleet, all="1", idle="2h"))
    assert "Stop 125 environments?" in said
    fleet.put(idle(999, 7))
    (batch,) = Batch.objects.all()
    fleet.clients["admin"].post(f"/batches/{batch.id}/begin/", {"reason": "night"})
    assert Action.objects.count() == 125
    assert not Action.objects.filter(target_id="e-999").exists()


def test_all_that_match_are_those_of_the_filter_and_the_limit(fleet: Dashboard) -> None:
    question(fleet, all="1", idle="4h", q="creator:ada")
    assert targets() == ["e-2", "e-1"]


def test_an_operator_is_asked_about_their_own_only(fleet: Dashboard) -> None:
    said = text(question(fleet, "operator", all="1"))
    assert "4 environments are left out" in said
    assert targets() == ["e-4"]


def test_without_htmx_the_question_is_a_page(fleet: Dashboard) -> None:
    page = fleet.clients["admin"].post("/idle/stop/", {"id": ["e-1"]})
    assert "<!doctype html>" in text(page)
    assert "Stop 1 environment?" in text(page)


def test_nothing_chosen_is_said_and_makes_nothing(fleet: Dashboard) -> None:
    page = fleet.clients["admin"].post("/idle/stop/", {})
    assert (page.status_code, "Nothing to do" in text(page)) == (422, True)
    assert "Nothing to do" in text(question(fleet))
    assert not Batch.objects.exists()


def test_the_overview_counts_the_idle_and_names_the_longest(fleet: Dashboard) -> None:
    page = text(fleet.get("/"))
    assert re.search(r"Idle for more than 2 h</a> <small>5<", page)
    assert "<bdi>otter 2</bdi>" in page
    assert "1 of them has unsaved work" in page


def test_a_page_of_a_thousand_idle_ones_is_bounded(fleet: Dashboard) -> None:
    fleet.put(*(idle(1_000 + number, 6) for number in range(1_000)))
    page = fleet.get("/idle/?page=2")
    assert len(listed(page)) == 50
    assert "page 2 of 21" in text(page)
    assert len(page.content) < 200_000
    assert jobs.parts.snapshot().now().fleet.environments


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("", ["e-2", "e-1", "e-4", "e-3", "e-5"]),
        ("idle", ["e-5", "e-3", "e-4", "e-1", "e-2"]),
        ("name", ["e-1", "e-2", "e-3", "e-4", "e-5"]),
        ("-name", ["e-5", "e-4", "e-3", "e-2", "e-1"]),
        ("creator", ["e-2", "e-1", "e-3", "e-5", "e-4"]),
        ("-creator", ["e-4", "e-2", "e-1", "e-3", "e-5"]),
        ("-cost", ["e-2", "e-1", "e-4", "e-3", "e-5"]),  # without prices nothing is dearer
        ("-nonsense", ["e-2", "e-1", "e-4", "e-3", "e-5"]),
    ],
)
def test_the_review_and_its_files_come_in_the_order_asked_for(
    fleet: Dashboard, order: str, first: list[str]
) -> None:
    page = fleet.get(f"/idle/?sort={order}")
    assert listed(page) == first
    sorted_by = (
        order.removeprefix("-") if order in {"idle", "name", "-name", "creator", "-creator"} else "idle"
    )
    sorted_by = "cost" if order == "-cost" else sorted_by
    assert text(page).count("aria-sort=") == (sorted_by != "cost")
    lines = json.loads(b"".join(fleet.get(f"/idle/?sort={order}&format=json").streaming_content))
    assert [line["id"] for line in lines] == first


def test_the_review_as_a_file_says_why(fleet: Dashboard) -> None:
    answer = fleet.get("/idle/?q=id:e-2&format=csv", "viewer")
    assert answer["Content-Disposition"] == 'attachment; filename="idle.csv"'
    (line,) = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode().removeprefix("\ufeff")))
    assert (line["id"], line["decision"], line["creator"], line["source"]) == (
        "e-2",
        "stop",
        "Ada",
        "VS Code",
    )
    assert 50 * HOUR <= int(line["idle"]) < 50 * HOUR + 60
    assert "port 3000 open to everyone" in line["because"]
    kept = json.loads(b"".join(fleet.get("/idle/?show=kept&format=json").streaming_content))
    assert {one["id"]: one["decision"] for one in kept} == {"e-6": "keep", "e-8": "keep", "e-9": "keep"}
    assert "/idle/?show=kept&amp;format=csv" in text(fleet.get("/idle/?show=kept"))


def test_a_mistake_in_the_filter_is_marked_in_its_place_as_on_the_lists(fleet: Dashboard) -> None:
    page = text(fleet.get("/idle/?q=otter%20foo:bar%20projekt:web"))
    assert "otter <mark>foo</mark>:bar" in page
    assert 'href="/idle/?q=otter+foo%3Abar+project%3Aweb"' in page
    assert "The list goes by the rest of the filter." in page
    typing = fleet.clients["admin"].get("/idle/?q=projekt:web", headers={**HTMX, "HX-Trigger": "filters"})
    assert (typing["HX-Reswap"], "<mark>projekt</mark>" in text(typing)) == ("none", True)
