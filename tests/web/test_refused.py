"""What somebody may not do: the page says what their role opens, whom to ask, and where they may go instead."""

import re
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.utils import timezone

from dashboard.control.models import User
from tests.web.conftest import Dashboard, text
from tests.web.states import GERMAN

HOSTILE = "<b>Ada</b>"


def links(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="button[^"]*" href="([^"]*)">([^<]*)</a>', page.partition("<main")[2])


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/idle/policies/new/", [("/idle/policies/", "Idle policies")]),
        ("/idle/channels/", [("/idle/", "Idle")]),
        ("/activity/audit/?q=x", [("/activity/", "Activity")]),
        ("/webhooks/", []),
    ],
)
def test_it_leads_to_the_nearest_page_they_may_see(
    dashboard: Dashboard, path: str, near: list[tuple[str, str]]
) -> None:
    answer = dashboard.get(path, "operator")
    assert answer.status_code == 403
    assert links(text(answer)) == [*near, ("/", "To the overview")]


def test_it_says_what_their_role_opens_who_gives_roles_and_who_is_an_admin(
    dashboard: Dashboard, settings: LazySettings
) -> None:
    User.objects.filter(username="admin").update(username=HOSTILE, last_login=timezone.now())
    page = text(dashboard.get("/webhooks/", "operator"))
    assert "As an operator you start and stop" in page
    assert "manage.py accounts --role" in page
    assert "Admins here: <bdi>&lt;b&gt;Ada&lt;/b&gt;</bdi>." in page
    row = dashboard.running()
    page = text(dashboard.get(f"/environments/{row.id}/stop/", "viewer"))
    assert page.count("you can see everything and change nothing") == 1
    assert "As a viewer" not in page  # the reason has said it
    assert (f"/environments/{row.id}/", "To its page") in links(page)
    assert "Admins hier:" in text(dashboard.get("/webhooks/", "operator", **GERMAN))
    settings.SSO_MODE, settings.SSO_OIDC = "oidc", SimpleNamespace(name=HOSTILE)
    assert "from your groups at &lt;b&gt;Ada" in text(dashboard.get("/webhooks/", "operator"))
