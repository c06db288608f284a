"""Help where it is needed: hints that go away for good, what words mean, why something is not offered."""

import pytest

from dashboard.control.models import User
from dashboard.fleet.entities import Environment
from dashboard.web.glossary import HINTS, PHASES
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_find import found

HINT = 'id="hint"'


def test_a_hint_goes_away_for_good_and_for_this_person_alone(dashboard: Dashboard) -> None:
    assert HINT in text(dashboard.get("/idle/", "viewer"))
    answer = dashboard.post("/help/hints/idle/away/", "viewer", next="/idle/?idle=1h")
    assert answer["Location"] == "/idle/?idle=1h"
    assert HINT not in text(dashboard.get("/idle/", "viewer"))
    assert HINT in text(dashboard.get("/idle/", "admin"))
    assert HINT in text(dashboard.get("/costs/", "viewer"))
    assert not dashboard.clients["viewer"].post("/help/hints/costs/away/", headers=HTMX).content
    assert HINT not in text(dashboard.get("/costs/", "viewer"))


def test_nothing_but_a_hint_is_put_away_and_nobody_is_led_astray(dashboard: Dashboard) -> None:
    assert dashboard.post("/help/hints/constructor/away/", "viewer").status_code == 404
    answer = dashboard.post("/help/hints/overview/away/", "viewer", next="https://evil.example/")
    assert answer["Location"] == "/"
    viewer = User.objects.get(username="viewer")
    assert viewer.preferences == {"hints": ["overview"]}


@pytest.mark.parametrize(
    "odd", [{"hints": "all", "columns": 7, "compact": "yes"}, {"columns": {"tasks": [{}]}}]
)
def test_preferences_that_make_no_sense_are_none(dashboard: Dashboard, odd: dict[str, object]) -> None:
    User.objects.filter(username="viewer").update(preferences=odd)
    assert HINT in text(dashboard.get("/tasks/", "viewer"))
    assert dashboard.post("/help/hints/overview/away/", "viewer").status_code == 302


def test_ones_name_leads_to_what_is_ones_own_and_admins_to_what_they_set_up(dashboard: Dashboard) -> None:
    menus = {
        role: text(dashboard.get("/", role)).partition('id="you"')[2].partition("</details>")[0]
        for role in ("viewer", "admin")
    }
    of_everybody = (
        "/#tell",
        "/accounts/messages/",
        "/views/",
        "/accounts/tokens/",
        "/accounts/sessions/",
        "/api/",
    )
    of_admins = ("/webhooks/", "/idle/channels/")
    for role, menu in menus.items():
        assert all(f'href="{path}"' in menu for path in of_everybody)
        assert [f'href="{path}"' in menu for path in of_admins] == [role == "admin"] * 2
        offered = [url for _, url in found(dashboard, "webhooks", role)]
        assert ("/webhooks/" in offered) == (role == "admin")


def test_every_phase_and_hint_is_explained(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/help/", "viewer"))
    assert all(f'id="phase-{phase}"' in page for phase in PHASES)
    assert all(
        HINT in text(dashboard.get(f"/{name}/".replace("-list", "").replace("overview/", "")))
        for name in HINTS
    )


def test_a_page_says_why_something_is_not_offered(dashboard: Dashboard) -> None:
    stopped, running = dashboard.stopped(), dashboard.running()
    assert "It is stopped already" in text(dashboard.get(f"/environments/{stopped.id}/"))
    page = text(dashboard.get(f"/environments/{running.id}/", "viewer"))
    assert "Your role is viewer" in page
    assert 'id="explain-phase"' in page
    assert "only the environments they created" in text(
        dashboard.get(f"/environments/{running.id}/", "operator")
    )


def test_a_search_tells_environments_of_one_name_apart(dashboard: Dashboard) -> None:
    dashboard.put(*(Environment(f"e-{mark}00000000", "twin", "running") for mark in "abcd"))
    page = text(dashboard.get("/find/?q=twin"))
    assert len(found(dashboard, "twin")) >= 6
    assert page.count("nobody · b00000000"[-8:]) >= 2
