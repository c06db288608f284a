"""Activity: everything that was asked for, found again by person, target, reason and state."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.control.models import Action, State
from tests.web.conftest import Dashboard, text
from tests.web.test_lists import ids
from tests.web.test_polls import swapped


def write(many: int = 1, **fields: object) -> list[Action]:
    now = timezone.now()
    given = {"verb": "environment.stop", "kind": "environment", "target_name": "one", "actor_name": "Ann"}
    given |= {"state": "confirmed", "not_before": now} | fields
    made = [
        Action(**({"target_id": f"e{n}", "created": now - timedelta(minutes=n)} | given)) for n in range(many)
    ]
    return list(Action.objects.bulk_create(made))


def test_nothing_yet(dashboard: Dashboard) -> None:
    assert "Nothing yet." in text(dashboard.get("/activity/"))
    assert "Nothing matches." in text(dashboard.get("/activity/?q=x"))


@pytest.mark.parametrize(
    "query", ["q=ANN", "q=money", "q=ann+one+money", "state=failed", "q=env-9&state=failed"]
)
def test_it_is_found_by_any_of_its_words(dashboard: Dashboard, query: str) -> None:
    write(3, actor_name="Bob")
    (wanted,) = write(
        target_id="env-9", target_name="One", reason="saves money", state="failed", outcome="no"
    )
    page = dashboard.get(f"/activity/?{query}")
    assert ids(page) == [str(wanted.id)]
    assert "1 action match" in text(page)


def test_a_percent_sign_is_a_percent_sign(dashboard: Dashboard) -> None:
    write(2)
    assert ids(dashboard.get("/activity/?q=%25")) == []
    assert ids(dashboard.get("/activity/?q=_")) == []


def test_newest_first_fifty_a_page_and_links_keep_the_filters(dashboard: Dashboard) -> None:
    made = write(120, reason="x")
    first, last = dashboard.get("/activity/?q=x&state=confirmed"), dashboard.get("/activity/?q=x&page=3")
    assert ids(first) == [str(one.id) for one in made[:50]]
    assert ids(last) == [str(one.id) for one in made[100:]]
    assert 'href="/activity/?q=x&amp;state=confirmed&amp;page=2" rel="next"' in text(first)
    assert "page 1 of 3" in text(first)
    for strange in ("page=99", "page=-1", "page=x", "page=" + "9" * 5_000, "state=nonsense", "page=%00"):
        assert dashboard.get(f"/activity/?{strange}").status_code == 200


def test_a_poll_brings_the_action_that_moved_and_a_new_one_the_body(dashboard: Dashboard) -> None:
    (action,) = write(state="requested")
    page = dashboard.get("/activity/")
    assert dashboard.poll(page).status_code == 204
    Action.objects.update(state="confirmed", ended=timezone.now())
    answer = dashboard.poll(page)
    assert swapped(answer) == [f"action-{action.id}", "poll"]
    write(target_id="other")
    assert "rows" in swapped(dashboard.poll(answer))


def test_every_state_and_an_unknown_kind_can_be_shown(dashboard: Dashboard) -> None:
    for state in State:
        write(state=state, verb="workshop.paint", kind="workshop", target_id=state)
    for path in ("/activity/", "/"):
        page = dashboard.get(path)
        assert page.status_code == 200
    for state in State:
        assert str(state.label) in text(dashboard.get("/activity/"))


def test_that_an_access_token_was_made_stands_here_and_on_the_environments_page(dashboard: Dashboard) -> None:
    row = dashboard.running()
    write(verb="environment.access-token", target_id=row.id, target_name=row.name, reason="a hung build")
    for path in ("/activity/", f"/environments/{row.id}/"):
        page = text(dashboard.get(path, "viewer"))
        assert "Access token" in page
        assert "a hung build" in page
    assert dashboard.get(f"/environments/{row.id}/access-token/").status_code == 404


def test_an_action_of_a_newer_version_is_shown_as_far_as_it_is_known(dashboard: Dashboard) -> None:
    row = dashboard.running()
    write(
        target_id=row.id,
        target_name=row.name,
        verb="environment.fly",
        state="requested",
        requested=timezone.now(),
    )
    for path in ("/activity/", f"/environments/{row.id}/", "/environments/", "/"):
        assert dashboard.get(path).status_code == 200
    assert "Fly environment" in text(dashboard.get("/activity/"))
