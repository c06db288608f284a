"""Many environments started or stopped from their list: what can be chosen, by whom, and what the question says."""

import re

import pytest
from django.http import HttpResponse

from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, Batch, State
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_idle import choices, fleet, idle

assert fleet  # the fixture

RUNNING = ["e-1", "e-2", "e-3", "e-4", "e-5", "e-6", "e-8", "e-9"]


def asked(fleet: Dashboard, role: str = "admin", **fields: object) -> HttpResponse:
    return fleet.clients[role].post("/environments/bulk/", fields)


def targets() -> list[str]:
    return [one["id"] for one in Batch.objects.get().targets]


@pytest.mark.parametrize(
    ("role", "choosable"),
    [("admin", {*RUNNING, "e-7"}), ("operator", {"e-4"}), ("viewer", set())],
)
def test_rows_are_chosen_by_those_who_may_do_something_to_them(fleet, role, choosable) -> None:
    page = fleet.get("/environments/", role)
    assert set(choices(page)) == choosable
    assert ("Stop the chosen" in text(page)) is (role != "viewer")
    assert set(choices(fleet.get("/services/", role))) == set()


def test_the_question_names_whom_it_is_about_and_what_it_leaves_alone(fleet: Dashboard) -> None:
    page = text(asked(fleet, id=["e-1", "e-7", "gone", "e-6", "e-8", "e-1"], deed="stop"))
    assert "Stop 3 environments?" in page
    assert targets() == ["e-1", "e-6", "e-8"]
    assert "2 environments are left out" in page
    assert re.search(r"otter 7</bdi>: .*stopped", page)
    assert "no longer there" in page
    assert "1 of them was active within the last 15 minutes" in page
    assert "In 1 of them a task execution runs" in page
    assert Batch.objects.get().idle_limit is None
    assert not Action.objects.exists()


def test_it_goes_the_way_of_every_batch(fleet: Dashboard) -> None:
    asked(fleet, id=["e-1", "e-2"], deed="stop")
    batch = Batch.objects.get()
    assert fleet.clients["admin"].post(f"/batches/{batch.id}/begin/", {"reason": "moving"}).status_code == 302
    assert list(Action.objects.of_batch(batch).values_list("target_id", "state", "reason")) == [
        ("e-1", State.QUEUED, "moving"),
        ("e-2", State.QUEUED, "moving"),
    ]


def test_starts_are_asked_for_too(fleet: Dashboard) -> None:
    page = text(asked(fleet, id=["e-7", "e-1"], deed="start"))
    assert "Start 1 environment?" in page
    assert "What this batch stopped" not in page
    assert targets() == ["e-7"]


@pytest.mark.parametrize("fields", [{"all": "1", "deed": "stop"}, {"deed": "stop-all"}])
def test_all_that_match_are_those_of_the_other_pages_too(fleet: Dashboard, fields: dict[str, str]) -> None:
    fleet.put(*(idle(number, 5, project_id="p-many") for number in range(100, 170)))
    asked(fleet, q="phase:running -name:otter\\ 1", **fields)
    everyone = targets()
    Batch.objects.all().delete()
    asked(fleet, q="id:e-100,e-101,e-7", **fields)
    assert targets() == ["e-100", "e-101"]
    assert len(everyone) > 50


def test_each_target_is_judged_on_its_own(fleet: Dashboard) -> None:
    page = text(asked(fleet, "operator", q="phase:running", all="1", deed="stop"))
    assert targets() == ["e-4"]
    assert "7 environments are left out" in page
    assert "Operators start and stop only the environments they created" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"deed": "delete", "id": "e-1"}, "Only a start or a stop"),
        ({"id": "e-1"}, "Only a start or a stop"),
        ({"deed": "stop"}, "Nothing is chosen"),
        ({"deed": "stop", "id": "\x00"}, "Nothing is chosen"),
        ({"deed": "stop", "all": "1", "q": "phse:running"}, "nobody knows what matches it"),
        ({"deed": "stop-all", "q": "name:nobody"}, "Nothing is chosen"),
    ],
)
def test_what_makes_no_sense_asks_for_nothing(fleet: Dashboard, fields: dict[str, str], words: str) -> None:
    answer = asked(fleet, **fields)
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert not Batch.objects.exists()


def test_viewers_ask_for_nothing(fleet: Dashboard) -> None:
    assert asked(fleet, "viewer", id=["e-1"], deed="stop").status_code == 403
    assert not Batch.objects.exists()


def test_more_than_one_batch_takes_is_said(fleet: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.control.batches.MOST_TARGETS", 3)
    assert "8 are too many" in text(asked(fleet, q="phase:running", all="1", deed="stop"))


def test_in_the_list_the_question_is_a_dialog(fleet: Dashboard) -> None:
    answer = fleet.clients["admin"].post("/environments/bulk/", {"id": "e-1", "deed": "stop"}, headers=HTMX)
    assert text(answer).startswith('<div class="question">')


def test_an_exemption_does_not_keep_anybody_from_stopping_by_hand(fleet: Dashboard) -> None:
    row, now = fleet.fleet.environments["e-1"], ledger.utc_now()
    who = Batch._meta.get_field("actor").related_model.objects.get(role="admin")
    exemptions.grant(
        who,
        fleet.fleet,
        row=row,
        reason="demo",
        until=now + exemptions.SOON,
        now=now,
        longest=exemptions.LONGEST,
    )
    assert "Stop 1 environment?" in text(asked(fleet, id=["e-1"], deed="stop"))
