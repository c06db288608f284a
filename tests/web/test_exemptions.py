"""Exemptions on their pages: granted on an environment's page or by filter, shown on rows, listed, ended."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.control.models import Action, Exemption
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_idle import fleet, listed

assert fleet  # the fixture


def later(**span: float) -> str:
    return f"{timezone.localtime() + timedelta(**span):%Y-%m-%dT%H:%M}"


def grant(fleet: Dashboard, role: str = "admin", environment: str = "e-4", **fields: str) -> HttpResponse:
    path = f"/environments/{environment}/exempt/" if environment else "/idle/exemptions/new/"
    return fleet.clients[role].post(path, {"until": later(days=2), "reason": "a demo"} | fields)


def test_an_owner_grants_one_on_the_page_of_the_environment(fleet: Dashboard) -> None:
    page = text(fleet.get("/environments/e-4/", "operator"))
    assert "Not exempt: it may be stopped for being idle." in page
    assert 'href="/environments/e-4/exempt/"' in page
    assert grant(fleet, "operator")["Location"] == "/environments/e-4/"
    page = text(fleet.get("/environments/e-4/", "operator"))
    assert "(operator: a demo)" in page
    assert "End the exemption" in page


def test_what_is_exempt_is_kept_and_says_why(fleet: Dashboard) -> None:
    grant(fleet)
    assert "e-4" not in listed(fleet.get("/idle/"))
    page = fleet.get("/idle/?show=exempt")
    assert listed(page) == ["e-4"]
    assert "Not idle: exempt until" in text(page)
    assert set(listed(fleet.get("/idle/?show=all&q=is:exempt"))) == {"e-4"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"until": ""}, "Every exemption has an end."),
        ({"until": "soon"}, "This takes a date and a time."),
        ({"until": later(days=-1)}, "An exemption ends in the future."),
        ({"until": later(days=30)}, "The latest end that you may choose is"),
        ({"reason": "   "}, "Say why"),
        ({"reason": "a\x00b"}, "Null characters are not allowed"),
    ],
)
def test_what_is_wrong_comes_back_at_its_field(fleet: Dashboard, fields: dict[str, str], words: str) -> None:
    answer = grant(fleet, "operator", **fields)
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert not Exemption.objects.exists()


def test_only_admins_exempt_by_filter_and_no_operator_somebody_elses(fleet: Dashboard) -> None:
    assert grant(fleet, "operator", "").status_code == 403
    assert grant(fleet, "operator", "e-1").status_code == 403
    assert grant(fleet, "viewer", "e-4").status_code == 403
    assert grant(fleet, "admin", "", query="creator:ada").status_code == 302
    assert listed(fleet.get("/idle/")) == ["e-4"]
    assert grant(fleet, "admin", "", query="creater:ada").status_code == 422
    assert grant(fleet, "admin", "no-such").status_code == 404


def test_they_are_listed_the_next_to_end_first_and_marked(fleet: Dashboard) -> None:
    grant(fleet, environment="e-1", until=later(days=5))
    grant(fleet, environment="e-2", until=later(hours=3))
    page = text(fleet.get("/idle/exemptions/", "viewer"))
    assert page.index("otter 2") < page.index("otter 1")
    assert page.count("ends within a day") == 1
    assert '<form method="post" action="/idle/exemptions/' not in page


def test_one_is_ended_early_and_what_it_held_is_idle_again(fleet: Dashboard) -> None:
    grant(fleet, "operator")
    exemption = Exemption.objects.get()
    assert fleet.post(f"/idle/exemptions/{exemption.id}/end/", "viewer").status_code == 403
    fleet.post(f"/idle/exemptions/{exemption.id}/end/", "operator")
    assert "e-4" in listed(fleet.get("/idle/"))
    assert "1 that is over" in text(fleet.get("/idle/exemptions/"))
    page = text(fleet.get("/activity/"))
    assert "Exempt environment" in page
    assert "End exemption environment" in page
    assert Action.objects.count() == 2


def test_in_a_dialog_the_page_is_renewed(fleet: Dashboard) -> None:
    dialog = fleet.get("/environments/e-4/exempt/", **HTMX)
    assert "<!doctype" not in text(dialog)
    fields = {"until": later(days=1), "reason": "x"}
    answer = fleet.clients["admin"].post("/environments/e-4/exempt/", fields, headers=HTMX)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
