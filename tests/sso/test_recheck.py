"""Whoever signed in at the provider stays as long as the provider says so, and no longer."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from dashboard.control.models import Role, SignIn, User
from dashboard.web.sso import recheck
from tests.sso.conftest import Visitor
from tests.sso.openid import CLIENT, Between, OpenId
from tests.web.conftest import HTMX, text

pytestmark = pytest.mark.django_db
EVENTS = {"http://schemas.openid.net/event/backchannel-logout": {}}
OVER, EARLY, FRESH = 16, 11, 9
"""Minutes since the last check: too many, enough to look again, too few."""


@pytest.fixture
def ada(visitor: Visitor) -> Visitor:
    visitor.sign_in("ada")
    return visitor


def calls(between: Between, path: str = "/token") -> int:
    return between.asked.count(path)


@pytest.mark.parametrize("minutes", [OVER, EARLY])
def test_a_group_that_was_taken_away_is_gone_after_the_next_check(
    ada: Visitor, openid: OpenId, minutes: float
) -> None:
    openid.regroup("ada", "developers")
    assert ada.who() == Role.ADMIN
    ada.wait(minutes)
    assert ada.who() == Role.OPERATOR
    assert User.objects.get(first_name="Ada Admin").role == Role.OPERATOR


def test_a_fresh_session_asks_nobody(ada: Visitor, between: Between) -> None:
    before = len(between.asked)
    ada.wait(FRESH)
    assert ada.who() == Role.ADMIN
    assert len(between.asked) == before


def test_one_check_serves_until_the_next_is_due(ada: Visitor, between: Between) -> None:
    ada.wait(OVER)
    before = calls(between)
    for _ in range(3):
        assert ada.who() == Role.ADMIN
    assert calls(between) == before + 1
    ada.wait(OVER)
    assert ada.who() == Role.ADMIN
    assert calls(between) == before + 2


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_is_done_before_the_check(ada: Visitor, openid: OpenId, method: str) -> None:
    openid.tell(people={})
    ada.wait(OVER)
    answer = getattr(ada.here, method)("/environments/new/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/")
    assert ada.who() == ""


def test_a_poll_of_somebody_who_may_not_stay_leaves_for_the_sign_in(ada: Visitor, openid: OpenId) -> None:
    openid.tell(people={})
    ada.wait(OVER)
    url = "http://testserver/services/?q=web"
    answer = ada.here.get("/services/?seen=x", headers=HTMX | {"HX-Current-URL": url})
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/sso/?next=%2Fservices%2F%3Fq%3Dweb"


def test_a_provider_that_is_down_for_a_moment_is_not_noticed(ada: Visitor, between: Between) -> None:
    between.down = True
    ada.wait(EARLY)
    assert ada.who() == Role.ADMIN


def test_nothing_is_shown_while_nobody_can_tell_and_the_session_outlives_that(
    ada: Visitor, between: Between
) -> None:
    between.down = True
    ada.wait(OVER)
    answer = ada.here.get("/services/")
    assert answer.status_code == 503
    assert "nobody can tell whether you may still be here" in text(answer)
    between.down = False
    ada.wait(OVER)
    assert ada.who() == Role.ADMIN


def test_one_request_asks_and_the_others_wait_for_its_answer(
    ada: Visitor, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once would use one refresh token twice, which providers take for theft."""
    monkeypatch.setattr(recheck, "WAIT", 0.3)
    ada.wait(OVER)
    SignIn.objects.update(tried=timezone.now())
    before = calls(between)
    assert ada.here.get("/services/").status_code == 503
    assert calls(between) == before


def test_without_a_refresh_token_the_way_leads_through_the_provider(visitor: Visitor, openid: OpenId) -> None:
    openid.tell(refresh=False)
    openid.tell(client=openid.client | {"grant_types": ["authorization_code"]})
    visitor.sign_in("ada")
    visitor.wait(EARLY)
    assert visitor.who() == Role.ADMIN
    visitor.wait(OVER)
    answer = visitor.here.get("/services/?q=web")
    assert answer["Location"] == "/accounts/sso/?next=%2Fservices%2F%3Fq%3Dweb"
    assert visitor.who() == ""


@pytest.mark.parametrize("wrong", [{"sub": "oda"}, {"aud": "another-client"}, {"exp": 1}])
def test_a_refreshed_token_is_checked_like_the_first(
    ada: Visitor, openid: OpenId, between: Between, wrong: dict[str, object]
) -> None:
    between.change("/token", id_token=openid.token(**{"groups": ["fleet-admins"], **wrong}))
    ada.wait(OVER)
    assert ada.who() == ""


def test_without_a_new_id_token_userinfo_tells_the_groups(
    ada: Visitor, openid: OpenId, between: Between
) -> None:
    between.change("/token", id_token=None)
    openid.regroup("ada", "developers")
    ada.wait(OVER)
    assert ada.who() == Role.OPERATOR


def test_signing_out_ends_the_session_here_and_leads_to_the_provider(ada: Visitor, openid: OpenId) -> None:
    answer = ada.here.post("/accounts/logout/")
    page = text(answer)
    assert f'content="0; url={openid.issuer}/session/end?client_id={CLIENT}' in page
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Faccounts%2Flogin%2F" in page
    assert ada.who() == ""
    sign_in = SignIn.objects.get(user__first_name="Ada Admin")
    assert sign_in.ended
    assert sign_in.refresh == ""


def test_signing_out_works_while_the_provider_is_down(ada: Visitor, between: Between) -> None:
    between.down = True
    assert ada.here.post("/accounts/logout/").status_code == 200
    assert ada.who() == ""


def test_the_provider_ends_a_session_by_itself(visitor: Visitor, openid: OpenId) -> None:
    openid.tell(conform=False)
    visitor.sign_in("ada")
    other = Visitor(openid)
    other.sign_in("oda")
    token = openid.token(sub="ada", jti="1", events=EVENTS)
    assert other.here.post("/accounts/sso/logout/", {"logout_token": token}).status_code == 200
    assert visitor.who() == ""
    assert other.who() == Role.OPERATOR


def test_the_provider_ends_one_session_of_several(visitor: Visitor, openid: OpenId) -> None:
    visitor.sign_in("ada")
    other = Visitor(openid)
    other.sign_in("ada")
    here = SignIn.objects.filter(session_key=visitor.here.session.session_key)
    here.update(provider_session="s-1")
    token = openid.token(sub=None, sid="s-1", jti="1", events=EVENTS)
    assert other.here.post("/accounts/sso/logout/", {"logout_token": token}).status_code == 200
    assert visitor.who() == ""
    assert other.who() == Role.ADMIN


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": None},
        {"events": {"something": {}}},
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"nonce": "x"},
        {"sub": None},
        {"iat": int(time.time()) - 7200},
    ],
)
def test_a_logout_token_that_is_not_right_ends_nothing(
    ada: Visitor, openid: OpenId, wrong: dict[str, object]
) -> None:
    token = openid.token(**{"sub": "ada", "jti": "1", "events": EVENTS, **wrong})
    assert ada.here.post("/accounts/sso/logout/", {"logout_token": token}).status_code == 400
    assert ada.here.post("/accounts/sso/logout/", {"logout_token": f"{token}x"}).status_code == 400
    assert ada.who() == Role.ADMIN


def test_after_so_many_hours_everybody_signs_in_again(ada: Visitor) -> None:
    expires = ada.here.session.get_expiry_age()
    assert 11.9 * 3600 < expires <= 12 * 3600
    ada.wait(OVER)
    ada.who()
    assert ada.here.session.get_expiry_age() <= expires


def test_the_address_of_the_provider_carries_no_token(visitor: Visitor) -> None:
    asked = parse_qs(urlsplit(visitor.leave()).query)
    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method",
    }  # fmt: skip
