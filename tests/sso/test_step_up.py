"""Asked once more who one is, at a real OpenID provider: only a new sign-in of the same person counts."""

import html
import re
import time

import pytest
from django.http import HttpResponse

from dashboard.control.models import Action, AuditEntry
from dashboard.web import step_up
from dashboard.web.sso import oidc
from tests.sso.conftest import ORIGIN, Visitor
from tests.sso.openid import OpenId, pass_through
from tests.web.conftest import Dashboard, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(visitor: Visitor, dashboard: Dashboard) -> Visitor:
    """An admin who signed in long ago."""
    visitor.sign_in("ada")
    session = visitor.here.session
    session[step_up.KEY] = time.time() - 1
    session.save()
    return visitor


def delete(ada: Visitor, dashboard: Dashboard) -> HttpResponse:
    row = dashboard.stopped()
    form = {"confirmation": row.name, "reason": "no longer needed"}
    return ada.here.post(f"/environments/{row.id}/delete/", form)


def way_there(asked: HttpResponse) -> str:
    found = re.search(r'href="(/accounts/sso/[^"]*)"', text(asked))
    assert found, text(asked)
    return html.unescape(found[1])


def test_the_form_waits_while_its_sender_signs_in_anew(ada: Visitor, dashboard: Dashboard) -> None:
    there = ada.here.get(way_there(delete(ada, dashboard)))["Location"]
    assert "prompt=login" in there
    assert "max_age=0" in there
    back = ada.come_back(pass_through(ada.there, there, "ada", ORIGIN))
    assert (back.status_code, back["Location"], Action.objects.count()) == (302, "/accounts/confirmed/", 0)
    page = text(ada.here.get("/accounts/confirmed/"))
    assert 'name="reason" value="no longer needed"' in page
    assert delete(ada, dashboard).status_code == 302
    assert [one.deed for one in Action.objects.all()] == ["delete"]
    assert AuditEntry.objects.filter(act="confirmed").count() == 1


def test_somebody_else_who_signs_in_there_confirms_nothing(
    ada: Visitor, dashboard: Dashboard, openid: OpenId
) -> None:
    there = ada.here.get(way_there(delete(ada, dashboard)))["Location"]
    stranger = Visitor(openid)
    refused = ada.come_back(pass_through(stranger.there, there, "oda", ORIGIN))
    stranger.there.close()
    assert refused.status_code == 403
    assert "Is it you?" in text(delete(ada, dashboard))
    assert ada.who() == "admin"


def test_a_provider_that_did_not_ask_anew_confirms_nothing(
    ada: Visitor, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that takes its own session for a sign-in: here, any that is not ten minutes after the question."""
    monkeypatch.setattr(oidc, "LEEWAY", -600)
    there = ada.here.get(way_there(delete(ada, dashboard)))["Location"]
    assert ada.come_back(pass_through(ada.there, there, "ada", ORIGIN)).status_code == 403
    assert "Is it you?" in text(delete(ada, dashboard))


def test_a_sign_in_of_which_the_provider_does_not_say_when_it_was_does_not_count(
    visitor: Visitor, dashboard: Dashboard
) -> None:
    visitor.sign_in("ada")
    assert "Is it you?" in text(delete(visitor, dashboard))
