"""Batches on their pages: begun once, followed live, cancelled, tried again, undone, taken along as CSV."""

import csv
import io
import re
from dataclasses import replace

import pytest
from django.http import HttpResponse

from dashboard.control.models import Action, Batch, State
from dashboard.web.spreadsheet import cell
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_idle import fleet, idle, question

assert fleet  # the fixture


@pytest.fixture
def batch(fleet: Dashboard) -> Batch:
    """Of three environments, begun by an admin."""
    question(fleet, id=["e-1", "e-2", "e-3"])
    found = Batch.objects.get()
    assert begin(fleet, found).status_code == 302
    found.refresh_from_db()
    return found


def begin(
    fleet: Dashboard, batch: Batch, role: str = "admin", reason: str = " too \n expensive "
) -> HttpResponse:
    return fleet.clients[role].post(f"/batches/{batch.id}/begin/", {"reason": reason})


def settle(*states: str, **fields: object) -> None:
    for place, state in enumerate(states):
        Action.objects.filter(place=place).update(state=state, **fields)


def test_the_answer_begins_it_and_leads_to_its_page(fleet: Dashboard, batch: Batch) -> None:
    assert (batch.reason, batch.actor_name) == ("too expensive", "admin")
    page = text(fleet.get(f"/batches/{batch.id}/"))
    assert "Stop of 3 environments" in page
    assert "<q>too expensive</q>" in page
    assert "0 of 3 have ended" in page
    assert page.count("Waiting to be sent") == 4  # three rows and the count of them
    assert begin(fleet, batch).status_code == 302
    assert Action.objects.count() == 3


def test_in_a_dialog_the_browser_is_sent_to_the_page(fleet: Dashboard) -> None:
    question(fleet, id=["e-1"])
    batch = Batch.objects.get()
    answer = fleet.clients["admin"].post(f"/batches/{batch.id}/begin/", {"reason": "x"}, headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/batches/{batch.id}/")


def test_without_a_reason_the_question_comes_back(fleet: Dashboard) -> None:
    question(fleet, id=["e-1"])
    batch = Batch.objects.get()
    answer = begin(fleet, batch, reason=" \x00 ")
    assert (answer.status_code, "Say why" in text(answer)) == (422, True)
    assert not Action.objects.exists()


def test_a_question_belongs_to_whom_it_was_put(fleet: Dashboard) -> None:
    question(fleet, id=["e-1"])
    batch = Batch.objects.get()
    assert fleet.get(f"/batches/{batch.id}/", "operator").status_code == 404
    assert begin(fleet, batch, "operator").status_code == 404
    assert begin(fleet, batch, "viewer").status_code == 403
    assert "Stop 1 environment?" in text(fleet.get(f"/batches/{batch.id}/"))


def test_a_poll_brings_what_has_moved(fleet: Dashboard, batch: Batch) -> None:
    page = fleet.get(f"/batches/{batch.id}/")
    assert fleet.poll(page).status_code == 204
    Action.objects.filter(place=1).update(state=State.FAILED, outcome="StopEnvironment: not yours")
    answer = text(fleet.poll(page))
    assert answer.count("<tr") == 1
    assert "StopEnvironment: not yours" in answer
    assert "1 of 3 have ended: 1 failed" in answer


def test_states_are_a_filter_and_long_batches_have_pages(fleet: Dashboard) -> None:
    fleet.put(*(idle(100 + number) for number in range(60)))
    question(fleet, all="1")
    batch = Batch.objects.get()
    begin(fleet, batch)
    assert "page 2 of 2" in text(fleet.get(f"/batches/{batch.id}/?page=2"))
    settle("failed")
    page = text(fleet.get(f"/batches/{batch.id}/?state=failed"))
    assert len(re.findall(r'<tr role="row" id="action-', page)) == 1
    assert fleet.get(f"/batches/{batch.id}/?state=nonsense&page=x").status_code == 200


def test_the_rest_is_cancelled(fleet: Dashboard, batch: Batch) -> None:
    settle("requested")
    assert "Cancel the rest" in text(fleet.get(f"/batches/{batch.id}/"))
    fleet.post(f"/batches/{batch.id}/cancel/")
    page = text(fleet.get(f"/batches/{batch.id}/"))
    assert "Cancelled: 2 environments will not be asked for." in page
    assert "Cancel the rest" not in page
    assert [one.state for one in Action.objects.of_batch(batch)] == ["requested", "skipped", "skipped"]


def test_what_failed_is_tried_again_when_nothing_is_under_way(fleet: Dashboard, batch: Batch) -> None:
    settle("failed", "unconfirmed")
    assert 'id="retry"' not in text(fleet.get(f"/batches/{batch.id}/"))
    settle("failed", "unconfirmed", "confirmed")
    page = text(fleet.get(f"/batches/{batch.id}/"))
    assert "Try 2 again" in page
    assert "All 3 have ended: 1 stopped, 1 failed, 1 accepted and never seen." in page
    fleet.post(f"/batches/{batch.id}/retry/")
    assert [one.state for one in Action.objects.of_batch(batch)] == ["queued", "queued", "confirmed"]


def stopped_again(fleet: Dashboard) -> None:
    rows = [fleet.fleet.environments[f"e-{number}"] for number in (1, 2, 3)]
    fleet.put(*(replace(row, phase="stopped", status_version=9) for row in rows))


def test_undoing_asks_and_then_is_a_batch_of_its_own(fleet: Dashboard, batch: Batch) -> None:
    settle("confirmed", "failed", "confirmed")
    stopped_again(fleet)
    assert 'id="undo"' in text(fleet.get(f"/batches/{batch.id}/"))
    said = text(fleet.clients["admin"].post(f"/batches/{batch.id}/undo/", headers=HTMX))
    assert "Start 2 environments again?" in said
    undoing = Batch.objects.get(undoes=batch)
    assert [target["id"] for target in undoing.targets] == ["e-2", "e-3"]
    begin(fleet, undoing)
    assert {one.verb for one in Action.objects.of_batch(undoing)} == {"environment.start"}
    assert f'href="/batches/{undoing.id}/">undone</a>' in text(fleet.get(f"/batches/{batch.id}/"))
    assert f'href="/batches/{batch.id}/">an earlier batch</a>' in text(fleet.get(f"/batches/{undoing.id}/"))


def test_undoing_twice_finds_nothing_left_to_start(fleet: Dashboard, batch: Batch) -> None:
    settle("confirmed", "confirmed", "confirmed")
    answer = fleet.clients["admin"].post(f"/batches/{batch.id}/undo/")
    assert (answer.status_code, "it runs already" in text(answer)) == (422, True)


def test_a_batch_is_taken_along_as_csv(fleet: Dashboard, batch: Batch) -> None:
    settle("failed", outcome="=HYPERLINK(1)")
    answer = fleet.get(f"/batches/{batch.id}/?format=csv")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["environment"] for row in rows] == ["otter 2", "otter 1", "otter 3"]
    assert (rows[0]["state"], rows[0]["outcome"], rows[0]["reason"]) == (
        "failed",
        "'=HYPERLINK(1)",
        "too expensive",
    )
    assert answer["Content-Disposition"] == f'attachment; filename="batch-{batch.id}.csv"'


@pytest.mark.parametrize("text_", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_spreadsheet_runs_nothing(text_: str) -> None:
    assert cell(text_) == f"'{text_}"


def test_batches_are_listed_and_their_actions_lead_to_them(fleet: Dashboard, batch: Batch) -> None:
    for path in ("/idle/", "/batches/", "/activity/"):
        assert f'href="/batches/{batch.id}/"' in text(fleet.get(path))


def test_names_are_text_everywhere(fleet: Dashboard) -> None:
    fleet.put(replace(idle(666, 99), name="<script>x"))
    said = text(question(fleet, id=["e-666"]))
    batch = Batch.objects.get()
    begin(fleet, batch, reason="<script>x")
    for page in (said, *(text(fleet.get(path)) for path in ("/idle/", f"/batches/{batch.id}/", "/batches/"))):
        assert "<script>x" not in page
