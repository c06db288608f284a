"""The automations file of an environment: opened, edited with every mistake at its line, previewed, sent once."""

import html
import re
import time
from typing import Any

import pytest
from django.http import HttpResponse

from dashboard import jobs
from dashboard.control.models import Action, State
from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import AUTOMATIONS_FILE, CurrentFile, FileEntry
from dashboard.fleet.entities import Environment, Kind
from dashboard.simulator.catalog import VALUE_MARK
from tests.unruly import refusing
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_forms import carried_out

CANARY = "c4n4ry-typed"
SPELLING = "  spelling:\n    name: Spelling\n    command: make spelling\n"


class Desk:
    """An environment with services and tasks, and its file."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        fleet = dashboard.fleet
        self.row: Environment = dashboard.environment(
            lambda row: (
                row.phase == "running"
                and not dashboard.of_operator(row)
                and bool(fleet.inside(Kind.TASK, row.id))
                and bool(fleet.inside(Kind.SERVICE, row.id))
            )
        )
        self.path = f"/environments/{self.row.id}/automations/"
        self.read()

    def read(self) -> CurrentFile:
        """What a worker does for somebody who opens the file."""
        return self.dashboard.simulated.sync().automations_file(self.row.id)

    def open(self, role: str = "admin", query: str = "") -> HttpResponse:
        return self.dashboard.get(self.path + query, role)

    def post(self, step: str, role: str = "admin", **fields: str) -> HttpResponse:
        return self.dashboard.post(self.path, role, step=step, **fields)

    def preview(self, content: str, **fields: str) -> HttpResponse:
        return self.post("preview", text=content, base=base(self.open()), **fields)

    def apply(self, preview: HttpResponse, **fields: str) -> HttpResponse:
        return self.post("apply", **{"text": content(preview), "base": base(preview)} | fields)

    def with_spelling(self) -> str:
        return content(self.open()).rstrip("\n") + "\n" + SPELLING


@pytest.fixture
def desk(dashboard: Dashboard) -> Desk:
    return Desk(dashboard)


def content(response: HttpResponse) -> str:
    """The text in the form, as a browser reads it: the first line end does not count."""
    found = re.search(r'<textarea [^>]*name="text"[^>]*>\n?(.*?)</textarea>', text(response), re.DOTALL)
    assert found, "no text"
    return html.unescape(found[1])


def base(response: HttpResponse) -> str:
    found = re.search(r'name="base" value="(\w+)"', text(response))
    assert found, "no base"
    return found[1]


def words(response: HttpResponse) -> str:
    """What the page says, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text(response))).split())


# Opening


def test_the_file_shows_what_is_there_and_no_value_of_a_variable(desk: Desk) -> None:
    page = desk.open()
    assert page.status_code == 200
    said = content(page)
    assert re.search(r"^services:$", said, re.MULTILINE)
    assert re.search(r"^tasks:$", said, re.MULTILINE)
    assert VALUE_MARK not in text(page)
    assert "the platform made it" in words(page)
    assert page["Cache-Control"] == "no-store"


def test_a_file_that_nobody_has_read_is_waited_for_and_not_for_ever(dashboard: Dashboard) -> None:
    path = f"/environments/{dashboard.running().id}/automations/"
    page = dashboard.get(path)
    assert "are being read" in words(page)
    assert page["Refresh"] == f"1; url={path}?try=1"
    assert dashboard.get(f"{path}?new=1&try=3")["Refresh"] == f"1; url={path}?new=1&try=4"
    over = dashboard.get(f"{path}?try=15")
    assert "Refresh" not in over
    assert "could not be read so far" in words(over)
    assert dashboard.get(f"{path}?try=x")["Refresh"].endswith("try=1")


def test_the_job_reads_it_for_whoever_waits(desk: Desk) -> None:
    desk.dashboard.simulated.store.keep_detail(AUTOMATIONS_FILE, CurrentFile(desk.row.id))
    assert "Refresh" in desk.open()
    jobs.read_automations_file(desk.row.id)
    assert "Refresh" not in desk.open()


def test_why_it_cannot_be_put_together_is_said_and_there_is_nothing_to_edit(desk: Desk) -> None:
    desk.dashboard.simulated.wire.on("ListTasks", refusing(403, "permission_denied", "not for this key"))
    desk.read()
    page = desk.open()
    assert "not for this key" in words(page)
    assert "<textarea" not in text(page)
    assert desk.open(query="?download=1")["Location"] == desk.path
    sent = desk.post("apply", text=SPELLING)
    assert (sent.status_code, content(sent)) == (422, SPELLING)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_send_it_may_read_and_download_it(desk: Desk, role: str) -> None:
    page = desk.open(role)
    assert "<textarea" not in text(page)
    assert "services:" in text(page)
    assert desk.open(role, "?download=1").content.decode() == content(desk.open())
    assert desk.post("apply", role, text=desk.with_spelling()).status_code == 403
    assert not Action.objects.exists()


def test_the_creator_may_send_it(dashboard: Dashboard) -> None:
    own = dashboard.running(own=True)
    dashboard.simulated.sync().automations_file(own.id)
    assert "<textarea" in text(dashboard.get(f"/environments/{own.id}/automations/", "operator"))


def test_a_download_is_a_file(desk: Desk) -> None:
    answer = desk.open(query="?download=1")
    assert answer["Content-Type"] == "application/yaml; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="automations.yaml"'


def test_one_can_start_from_an_example_whose_lines_are_all_comments(desk: Desk) -> None:
    said = content(desk.open(query="?new=1"))
    assert all(line.startswith("#") or not line for line in said.split("\n"))
    assert "it names no service and no task" in words(desk.preview(said))


def test_it_is_linked_from_the_environments_page_and_a_dialog_gives_way_to_its_page(desk: Desk) -> None:
    page = text(desk.dashboard.get(f"/environments/{desk.row.id}/"))
    assert page.count(f'href="{desk.path}"') == 2
    assert f'hx-get="{desk.path}"' not in page
    assert desk.dashboard.clients["admin"].get(desk.path, headers=HTMX)["HX-Redirect"] == desk.path
    act = desk.dashboard.get(f"/environments/{desk.row.id}/upsert-automations/")
    assert (act.status_code, act["Location"]) == (302, desk.path)


# Mistakes


def test_mistakes_come_back_with_their_lines_and_the_text_as_it_was_typed(desk: Desk) -> None:
    typed = "\n\ntasks:\n  a:\n    nam: <b>A</b>\n    command: ''\n"
    answer = desk.preview(typed.replace("\n", "\r\n"))
    assert answer.status_code == 422
    assert content(answer) == typed
    said = words(answer)
    assert "3 mistakes. Nothing was sent." in said
    assert (
        "Line 5 tasks.a.nam is not a field of an automations file; did you mean “name”? nam: <b>A</b>" in said
    )
    assert "<b>A</b>" not in text(answer)
    assert 'data-line="6"' in text(answer)


def test_a_value_that_is_typed_is_refused_and_kept_nowhere(desk: Desk, valkey: Any) -> None:
    typed = "tasks:\n  a:\n    name: A\n    command: c\n    runsOn:\n      docker:\n        image: x\n"
    typed += f"        environment:\n          - K={CANARY}\n"
    for step in ("preview", "apply"):
        answer = desk.post(step, text=typed, base=base(desk.open()))
        assert answer.status_code == 422
        assert "values are not typed here" in words(answer)
    assert not Action.objects.exists()
    for key in valkey.keys("*"):
        assert CANARY.encode() not in (valkey.dump(key) or b"")


def test_a_file_that_is_too_long_and_a_form_that_is_too_large_are_refused_clearly(desk: Desk) -> None:
    long = desk.preview("# " + "x" * LONGEST_FILE)
    assert long.status_code == 422
    assert "at most 64,000 are taken" in words(long)
    huge = desk.preview("x" * 5_000_000)
    assert huge.status_code == 413
    assert "That is too large" in words(huge)
    assert len(huge.content) < 20_000


def test_a_file_that_is_not_known_any_more_costs_a_second_click_and_no_text(desk: Desk, valkey: Any) -> None:
    typed = desk.with_spelling()
    for key in valkey.keys("*automations-file*"):
        valkey.delete(key)
    answer = desk.post("preview", text=typed)
    assert (answer.status_code, content(answer)) == (422, typed)
    assert "is being read" in words(answer)


# Preview


def test_of_what_stays_as_it_is_the_preview_tells_what_the_file_cannot_say(desk: Desk) -> None:
    there = FileEntry(Kind.TASK, "lint", "t-1", {"name": "Lint", "command": "make"}, ("the variables TOKEN",))
    known = CurrentFile(desk.row.id, time.time(), (there,))
    desk.dashboard.simulated.store.keep_detail(AUTOMATIONS_FILE, known)
    said = words(desk.preview(desk.with_spelling()))
    assert "1 stay as they are: lint ." in said
    assert "lint has the variables TOKEN. Ona's documentation does not say whether that stays." in said


def test_the_preview_says_what_is_added_changed_and_missing(desk: Desk) -> None:
    said = desk.with_spelling()
    first = re.search(r"^services:\n  ([\w-]+):\n    name: (.*)\n", said)
    assert first
    edited = said.replace(f"    name: {first[2]}\n", "    name: Renamed\n", 1)
    preview = desk.preview(edited)
    assert preview.status_code == 200
    assert "1 to be added task spelling Spelling" in words(preview)
    assert "1 to be changed" in words(preview)
    assert f"service {first[1]} Renamed name before: {first[2]} after: Renamed" in words(preview)
    assert content(preview) == edited
    assert not Action.objects.exists()
    alone = desk.preview(f"tasks:\n{SPELLING}")
    assert "not in the file Ona's documentation does not say whether services and tasks" in words(alone)
    missing = next(row for row in desk.dashboard.fleet.inside(Kind.TASK, desk.row.id))
    assert f'href="/tasks/{missing.id}/"' in text(alone)


def test_a_field_that_the_file_no_longer_has_is_said_and_not_promised_away(desk: Desk) -> None:
    said = content(desk.open())
    shorter = re.sub(r"    triggeredBy:\n(      - \w+\n)+", "", said, count=1)
    assert shorter != said
    lost = words(desk.preview(shorter))
    assert "triggeredBy no longer in the file" in lost
    assert "is cleared or stays as it is, is not documented" in lost


def test_a_file_that_changes_nothing_cannot_be_sent(desk: Desk) -> None:
    preview = desk.preview(content(desk.open()))
    assert "Nothing. Everything that the file says is so already." in words(preview)
    assert 'value="apply"' not in text(preview)
    assert desk.apply(preview).status_code == 200
    assert not Action.objects.exists()


def test_the_way_back_to_the_editor_keeps_the_text_and_what_it_was_made_from(desk: Desk) -> None:
    preview = desk.preview(desk.with_spelling())
    editor = desk.post("edit", text=content(preview), base=base(preview))
    assert (content(editor), base(editor)) == (content(preview), base(preview))


# Sending


def test_a_file_is_sent_by_a_worker_and_confirmed_when_it_is_seen(desk: Desk) -> None:
    answer = desk.apply(desk.preview(desk.with_spelling()), reason="  so that\nit is checked ")
    assert (answer.status_code, answer["Location"]) == (302, f"/environments/{desk.row.id}/")
    page = text(desk.dashboard.get(answer["Location"]))
    assert "is on its way." in page
    assert "adds spelling" in page
    action = carried_out(desk.dashboard)
    assert (action.state, action.reason) == (State.CONFIRMED, "so that it is checked")
    assert set(action.params) == {"file", "base", "adds", "changes"}
    assert "spelling" in {row.reference for row in desk.dashboard.fleet.tasks.values()}
    assert "adds spelling" in text(desk.dashboard.get("/activity/"))


def test_a_double_click_and_a_second_tab_make_one_action(desk: Desk) -> None:
    preview = desk.preview(desk.with_spelling())
    assert [desk.apply(preview).status_code for _ in range(2)] == [302, 302]
    assert Action.objects.count() == 1
    other = desk.preview(desk.with_spelling().replace("Spelling", "Another"))
    refused = desk.apply(other)
    assert refused.status_code == 409
    assert "admin sent another automations file" in words(refused)
    carried_out(desk.dashboard)
    late = desk.apply(preview)  # a click that comes when all is over
    assert late.status_code == 200
    assert "Nothing." in words(late)
    assert Action.objects.count() == 1


def test_what_somebody_changed_meanwhile_is_said_before_it_is_sent(desk: Desk) -> None:
    opened = desk.open()
    preview = desk.preview(desk.with_spelling())
    simulated = desk.dashboard.simulated
    simulated.ona.automations.upsert_file(
        desk.row.id, {"tasks": {"theirs": {"name": "Theirs", "command": "t"}}}
    )
    desk.read()
    answer = desk.apply(preview)
    assert answer.status_code == 409
    assert "It has changed since you opened it" in words(answer)
    assert "task theirs Theirs" in words(answer)
    assert not Action.objects.exists()
    again = desk.post("preview", text=content(preview), base=base(opened))
    assert "It has changed since you opened it" in words(again)
    assert desk.apply(answer).status_code == 302


def test_what_somebody_changed_unseen_makes_the_action_fail_and_nothing_is_sent(desk: Desk) -> None:
    preview = desk.preview(desk.with_spelling())
    simulated = desk.dashboard.simulated
    simulated.ona.automations.upsert_file(
        desk.row.id, {"tasks": {"theirs": {"name": "Theirs", "command": "t"}}}
    )
    assert desk.apply(preview).status_code == 302
    action = carried_out(desk.dashboard)
    assert (action.state, "somebody else changed" in action.outcome) == (State.FAILED, True)
    assert "somebody else changed" in text(desk.dashboard.get(f"/environments/{desk.row.id}/"))


def test_the_apis_own_words_are_shown_when_it_refuses(desk: Desk) -> None:
    desk.dashboard.simulated.wire.on(
        "UpsertAutomationsFile", refusing(400, "invalid_argument", "no <such> image")
    )
    desk.apply(desk.preview(desk.with_spelling()))
    assert carried_out(desk.dashboard).state == State.FAILED
    assert "no &lt;such&gt; image" in text(desk.dashboard.get(f"/environments/{desk.row.id}/"))
