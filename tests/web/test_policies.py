"""Idle policies on their pages: made with every mistake at its field, previewed, armed, paused, deleted, explained."""

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.control.models import Action, Batch, IdlePolicy, User
from dashboard.control.policies import changes as policies
from dashboard.control.policies import runs as policy_runs
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_idle import fleet

assert fleet  # the fixture

GOOD = {
    "name": "Nightly",
    "scope": "creator:ada",
    "idle": "2h",
    "act": "stop",
    "zone": "Europe/Berlin",
    "most_a_run": "20",
    "most_an_hour": "60",
}
IDLE = 4
"""Idle ones of Ada's."""


def save(
    fleet: Dashboard, path: str = "/idle/policies/new/", then: str = "save", **fields: str
) -> HttpResponse:
    return fleet.clients["admin"].post(path, GOOD | {"then": then} | fields)


def made(fleet: Dashboard, **fields: str) -> IdlePolicy:
    assert save(fleet, **fields).status_code == 302
    return IdlePolicy.objects.get()


def run(fleet: Dashboard) -> None:
    IdlePolicy.objects.update(last_run=None)
    policy_runs.run_all(fleet.simulated.snapshot().now(), timezone.localtime())


def path(policy: IdlePolicy, page: str = "") -> str:
    return f"/idle/policies/{policy.pk}/{page}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"idle": "0m"}, "A limit is between 10 minutes"),
        ({"idle": "soon"}, "This takes a time"),
        ({"scope": "projekt:web"}, "projekt (letter 1): "),
        ({"scope": "creator:ada idle:often"}, "often (letter 18): "),
        ({"scope": "creator:ada -is:mine"}, "is:mine (letter 13): nothing is a policy"),
        ({"during": "Xyz"}, "“Xyz” is no day"),
        ({"during": "22:00-22:00"}, "never opens"),
        ({"during": "Sat", "never": "Fri-Sun"}, "With these spans it would never act"),
        ({"never": "Mon-Sun"}, "With these spans it would never act"),
        ({"zone": "Europe/Berlyn"}, "Perhaps Europe/Berlin?"),
        ({"most_a_run": "0"}, "greater than or equal to 1"),
        ({"most_an_hour": "-1"}, "greater than or equal to 1"),
        ({"act": "destroy"}, "Select a valid choice"),
        ({"roles": "root"}, "Select a valid choice"),
        ({"name": "a\x00b", "most_a_run": ""}, "This field is required"),
    ],
)
def test_what_makes_no_sense_comes_back_at_its_field(
    fleet: Dashboard, fields: dict[str, str], words: str
) -> None:
    answer = save(fleet, **fields)
    assert (answer.status_code, words in text(answer).replace("&#x27;", "'")) == (422, True)
    assert not IdlePolicy.objects.exists()


def test_a_preview_that_cannot_be_made_names_the_fields(fleet: Dashboard) -> None:
    page = text(save(fleet, name="", scope=""))
    assert '<a href="#id_name">Name</a>: This field is required.' in page
    assert '<a href="#id_sure">I mean the whole fleet</a>: This filter matches the whole fleet' in page


@pytest.mark.parametrize("scope", ["", "otter"])
def test_the_whole_fleet_is_accepted_only_when_the_consequence_is_ticked(
    fleet: Dashboard, scope: str
) -> None:
    answer = save(fleet, scope=scope)
    assert answer.status_code == 422
    assert "This filter matches the whole fleet: all 9 environments, of which 8 run now." in text(answer)
    assert save(fleet, scope=scope, sure="on").status_code == 302


def test_a_preview_shows_what_it_would_do_and_saves_nothing(fleet: Dashboard) -> None:
    page = text(save(fleet, then="preview"))
    assert f"<strong>{IDLE} environments</strong> would be stopped" in page
    assert "otter 2" in page
    assert "policy Nightly allows 2 h" in page
    assert "1: <bdi>a task execution runs</bdi>" in page
    assert not IdlePolicy.objects.exists()
    assert not Action.objects.exists()


def test_a_preview_of_a_change_is_held_against_what_is_saved(fleet: Dashboard) -> None:
    policy = made(fleet)
    page = text(save(fleet, path(policy, "edit/"), then="preview", idle="4h", most_a_run="1"))
    assert "Compared with how it is saved: 0 more, 2 fewer." in page
    assert "It would pause itself" in page
    assert "2 no longer, and why" in page
    assert "active within the last 4 h" in page
    assert IdlePolicy.objects.get().idle == 7200
    IdlePolicy.objects.update(idle=14_400)
    page = text(save(fleet, path(policy, "edit/"), then="preview"))
    assert "2 more, 0 fewer" in page
    assert page.count('<span class="tag">new</span>') == 2


def test_while_a_policy_is_changed_its_preview_alone_is_asked_for(fleet: Dashboard) -> None:
    policy = made(fleet)
    client, address = fleet.clients["admin"], path(policy, "edit/")
    assert 'hx-trigger="change"' in text(fleet.get(address))
    for changes, words in (
        ({"idle": "4h"}, "Compared with how it is saved"),
        ({"idle": "soon"}, "Not known until these are corrected"),
        ({"scope": ""}, "would be stopped"),  # the whole fleet: shown before it is confirmed
    ):
        answer = client.post(address, {**GOOD, **changes, "then": "preview"}, headers=HTMX)
        assert words in text(answer)
        assert "<form" not in text(answer)
    assert IdlePolicy.objects.get().idle == 7200
    assert fleet.clients["viewer"].post(address, GOOD, headers=HTMX).status_code == 403


def test_saved_it_is_a_dry_run_that_is_listed_and_explained(fleet: Dashboard) -> None:
    policy = made(fleet)
    run(fleet)
    for address in ("/idle/policies/", path(policy), "/idle/", "/system/"):
        page = text(fleet.get(address, "viewer"))
        assert f"Would have stopped {IDLE}, kept 3" in page, address
        assert "Dry run" in page
    page = text(fleet.get(path(policy) + "?q=otter+8", "viewer"))
    assert "task execution Build runs" in page
    assert "otter 1<" not in page.split('id="verdicts"')[1]
    assert "would stop it" in text(fleet.get("/environments/e-1/"))
    assert "keeps it: <bdi>task execution Build runs" in text(fleet.get("/environments/e-8/"))


def test_one_that_warns_shows_on_the_environment(fleet: Dashboard) -> None:
    made(fleet, act="warn")
    run(fleet)
    assert "warns of it: idle for more than 2 h" in text(fleet.get("/environments/e-1/"))
    assert f"Would have warned of {IDLE}" in text(fleet.get("/idle/"))


def test_it_is_armed_after_a_question_with_what_it_would_do(fleet: Dashboard) -> None:
    policy = made(fleet)
    question = fleet.get(path(policy, "arm/"), **HTMX)
    assert f"<strong>{IDLE} environments</strong> would be stopped" in text(question)
    assert "<!doctype" not in text(question)
    fleet.post(path(policy, "arm/"), changed=policy.changed.isoformat())
    run(fleet)
    batch = Batch.objects.get()
    assert f'href="/batches/{batch.pk}/"' in text(fleet.get(path(policy)))
    page = text(fleet.get("/activity/"))
    assert "Arm policy" in page
    assert f'href="{path(policy)}"' in page


def test_what_was_changed_after_the_question_is_not_armed(fleet: Dashboard) -> None:
    policy = made(fleet)
    policies.keep(IdlePolicy.objects.get(), User.objects.get(username="admin"), timezone.now())
    fleet.post(path(policy, "arm/"), changed=policy.changed.isoformat())
    assert IdlePolicy.objects.get().state == "dry"


def test_paused_it_says_why_everywhere_and_deleted_it_is_gone(fleet: Dashboard) -> None:
    policy = made(fleet)
    fleet.post(path(policy, "pause/"), reason="a demo <b>")
    for address in ("/idle/policies/", path(policy), "/idle/", "/system/"):
        assert "admin: a demo &lt;b&gt;" in text(fleet.get(address, "viewer")), address
    assert "Paused" in text(fleet.get("/idle/policies/"))
    fleet.post(path(policy, "delete/"))
    assert fleet.get(path(policy)).status_code == 404
    assert "Delete policy" in text(fleet.get("/activity/"))


def test_everybody_sees_and_only_admins_are_offered_changes(fleet: Dashboard) -> None:
    policy = made(fleet)
    for role in ("viewer", "operator"):
        page = text(fleet.get(path(policy), role))
        assert "Arm…" not in page
        assert "New policy" not in text(fleet.get("/idle/policies/", role))
        assert fleet.get(path(policy, "edit/"), role).status_code == 403
        assert fleet.post(path(policy, "arm/"), role).status_code == 403


def test_a_page_that_is_open_follows_the_runs(fleet: Dashboard) -> None:
    policy = made(fleet)
    page = fleet.get(path(policy))
    assert fleet.poll(page).status_code == 204
    run(fleet)
    news = text(fleet.poll(page))
    assert f"Would have stopped {IDLE}" in news
    assert 'id="verdicts"' in news


def test_arming_one_that_deletes_spells_out_the_consequence_and_takes_its_name(fleet: Dashboard) -> None:
    policy = made(fleet, act="delete", idle="30d", lead="1d")
    question = text(fleet.get(path(policy, "arm/")))
    assert "A delete cannot be undone." in question
    assert "Type <strong>Nightly</strong> to arm it" in question
    changed = policy.changed.isoformat()
    for typed, status, state in (("", 422, "dry"), ("nightly", 422, "dry"), ("Nightly", 302, "armed")):
        answer = fleet.post(path(policy, "arm/"), changed=changed, typed=typed)
        policy.refresh_from_db()
        assert (answer.status_code, policy.state) == (status, state)
    shown = text(fleet.get(path(policy)))
    assert "after 30 d of being stopped" in shown
    assert "what holds unsaved work, or may, is left alone" in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"act": "delete", "idle": "2h"}, "Nothing is deleted that has been stopped for less than a day."),
        ({"unsaved": "on"}, "This is for policies that delete."),
    ],
)
def test_a_delete_that_makes_no_sense_is_refused(
    fleet: Dashboard, fields: dict[str, str], words: str
) -> None:
    answer = save(fleet, **fields)
    assert (answer.status_code, words in text(answer)) == (422, True)
