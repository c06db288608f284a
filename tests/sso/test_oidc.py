"""Signing in at a real OpenID provider, and everything that must not let anybody in."""

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.conf import settings as current
from django.core import signing
from django.db import connection

from dashboard.config.base import ConfigurationError
from dashboard.config.projects import Grant, Grants, ProjectRole
from dashboard.config.sso import read_groups, read_oidc
from dashboard.control.models import Role, SignIn, User
from dashboard.fleet.entities import Environment
from dashboard.management.commands import doctor
from dashboard.web.sso import oidc
from tests.sso.conftest import ORIGIN, Visitor
from tests.sso.openid import CLIENT, Between, OpenId, new_key, pass_through
from tests.web.conftest import Dashboard, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("person", "role"), [("oda", Role.OPERATOR), ("ada", Role.ADMIN), ("vic", Role.VIEWER)]
)
def test_the_provider_says_who_asks_and_groups_give_the_role(
    visitor: Visitor, person: str, role: Role
) -> None:
    answer = visitor.sign_in(person)
    assert (answer.status_code, answer["Location"]) == (302, "/services/")
    assert visitor.who() == role


def test_claims_in_the_id_token_serve_as_well_as_those_of_userinfo(
    visitor: Visitor, openid: OpenId, between: Between
) -> None:
    openid.tell(conform=False)
    visitor.sign_in("oda")
    assert visitor.who() == Role.OPERATOR
    assert "/me" not in between.asked


def test_the_question_carries_pkce_a_state_and_a_nonce(visitor: Visitor) -> None:
    first, second = (parse_qs(urlsplit(visitor.leave()).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 32
        assert first[name] != second[name]


def test_what_is_kept_on_the_way_is_out_of_reach_of_scripts_and_leaves_no_session(visitor: Visitor) -> None:
    visitor.leave()
    (cookie,) = [value for name, value in visitor.here.cookies.items() if name.startswith("ona_attempt_")]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/accounts/sso/callback/"
    assert current.SESSION_COOKIE_NAME not in visitor.here.cookies


def test_a_verified_address_ties_a_person_to_what_they_created(
    visitor: Visitor, dashboard: Dashboard
) -> None:
    visitor.sign_in("oda")
    own, other = dashboard.running(own=True), dashboard.running()
    assert visitor.here.get(f"/environments/{own.id}/stop/").status_code == 200
    assert visitor.here.get(f"/environments/{other.id}/stop/").status_code == 403


def test_an_address_that_is_not_verified_owns_nothing(visitor: Visitor, dashboard: Dashboard) -> None:
    visitor.sign_in("eve")
    assert visitor.who() == Role.OPERATOR
    assert User.objects.get(first_name="Eve").email == ""
    own = dashboard.running(own=True)
    assert visitor.here.get(f"/environments/{own.id}/stop/").status_code == 403


def test_people_with_one_address_stay_two_people(visitor: Visitor, openid: OpenId) -> None:
    visitor.sign_in("oda")
    Visitor(openid).sign_in("eve")
    assert User.objects.filter(username__startswith="oidc:").count() == 2


def test_with_groups_for_viewers_everybody_else_is_told_why_not(
    visitor: Visitor, settings: LazySettings
) -> None:
    settings.SSO_GROUPS = read_groups({"VIEWER_GROUPS": "cyclists"})
    answer = visitor.sign_in("vic")
    assert answer.status_code == 403
    assert "None of your groups" in text(answer)
    assert visitor.who() == ""
    assert not SignIn.objects.filter(user__first_name="Vic").exists()


def test_groups_are_read_again_at_every_sign_in(visitor: Visitor, openid: OpenId) -> None:
    visitor.sign_in("ada")
    openid.regroup("ada")
    again = Visitor(openid)
    again.sign_in("ada")
    assert again.who() == Role.VIEWER


def test_groups_give_roles_in_projects_until_the_next_sign_in_or_check_finds_them_gone(
    visitor: Visitor, openid: OpenId, dashboard: Dashboard, settings: LazySettings
) -> None:
    ours = dashboard.of_a_project(own=False)
    other = dashboard.environment(lambda row: row.phase == "running" and row.project_id != ours.project_id)
    settings.PROJECT_ROLES = Grants(
        (Grant(ProjectRole.LEAD, ours.project_id, groups=frozenset({"cyclists"})),)
    )

    def may(row: Environment) -> bool:
        return visitor.here.get(f"/environments/{row.id}/stop/").status_code == 200

    openid.regroup("vic", "cyclists", "rowers")
    visitor.sign_in("vic")
    assert (visitor.who(), may(ours), may(other)) == (Role.VIEWER, True, False)
    assert User.objects.get(first_name="Vic").told_groups == ["cyclists"], "no others are kept"
    openid.regroup("vic", "rowers")
    visitor.wait(16)
    assert (visitor.who(), may(ours)) == (Role.VIEWER, False)
    openid.regroup("vic", "cyclists")
    visitor.sign_in("vic")
    assert may(ours)


def test_what_was_begun_in_one_organisation_opens_nothing_in_another(
    visitor: Visitor, settings: LazySettings
) -> None:
    """Another organisation has other signing keys; here it even has the same database."""
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    settings.SECRET_KEY = "of-another-organisation" * 3
    visitor.come_back(url)
    assert visitor.who() == ""
    visitor.sign_in("ada")
    assert visitor.who() == Role.ADMIN
    settings.SECRET_KEY = "of-a-third-organisation" * 3
    assert visitor.who() == ""


def test_the_session_begins_anew_at_sign_in(visitor: Visitor) -> None:
    visitor.here.get("/accounts/login/")
    visitor.sign_in("oda")
    first = visitor.here.session.session_key
    visitor.sign_in("oda")
    assert visitor.here.session.session_key != first


def test_a_code_opens_once(visitor: Visitor) -> None:
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    assert visitor.come_back(url).status_code == 302
    cookies = dict(visitor.here.cookies)
    assert visitor.come_back(url).status_code == 400
    assert not [name for name, value in cookies.items() if name.startswith("ona_attempt_") and value.value]


def test_a_code_that_was_used_before_is_refused_by_the_provider(visitor: Visitor, openid: OpenId) -> None:
    """Somebody who kept the cookie as well as the address."""
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    thief = Visitor(openid)
    for name, value in visitor.here.cookies.items():
        thief.here.cookies[name] = value.value
    assert visitor.come_back(url).status_code == 302
    assert thief.come_back(url).status_code == 403
    assert thief.who() == ""


def test_a_code_in_another_browser_opens_nothing(visitor: Visitor, openid: OpenId) -> None:
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    other = Visitor(openid)
    other.leave()
    assert other.come_back(url).status_code == 400
    assert other.who() == ""


@pytest.mark.parametrize(
    "change", ["state=none", "state=", "iss=https://evil.example", "error=access_denied"]
)
def test_a_way_back_that_was_changed_opens_nothing(visitor: Visitor, change: str) -> None:
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    name = change.partition("=")[0]
    kept = "&".join(part for part in urlsplit(url).query.split("&") if not part.startswith(f"{name}="))
    assert visitor.come_back(f"/accounts/sso/callback/?{kept}&{change}").status_code in {400, 403}
    assert visitor.who() == ""


def test_an_attempt_is_good_for_ten_minutes(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    url = pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)
    later = time.time() + 601
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert visitor.come_back(url).status_code == 400


def nonce_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["nonce"][0]


def forged(token: str, **claims: object) -> str:
    """The token with other claims and its old signature."""
    header, payload, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "==")) | claims
    return ".".join(
        (header, base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("="), signature)
    )


def test_a_token_made_by_the_tests_opens_so_that_the_refusals_below_mean_something(
    visitor: Visitor, openid: OpenId, between: Between
) -> None:
    start = visitor.leave()
    between.change("/token", id_token=openid.token(nonce=nonce_of(start), groups=["fleet-admins"]))
    assert visitor.come_back(pass_through(visitor.there, start, "ada", ORIGIN)).status_code == 302
    assert visitor.who() == Role.ADMIN


NOW = int(time.time())
BAD = {
    "another audience": {"aud": "another-client"},
    "audiences of which none is authorised": {"aud": [CLIENT, "another-client"]},
    "another authorised party": {"azp": "another-client"},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "no audience": {"aud": None},
    "no subject": {"sub": None},
    "somebody else's userinfo": {"sub": "oda", "groups": None},
    "expired": {"iat": NOW - 7200, "exp": NOW - 3600},
    "no expiry": {"exp": None},
    "not yet": {"nbf": NOW + 3600},
    "from the future": {"iat": NOW + 3600},
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_token_that_is_signed_right_but_says_wrong_opens_nothing(
    visitor: Visitor, openid: OpenId, between: Between, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    start = visitor.leave()
    token = openid.token(**{"nonce": nonce_of(start), **BAD[wrong]})
    between.change("/token", id_token=token)
    answer = visitor.come_back(pass_through(visitor.there, start, "ada", ORIGIN))
    assert answer.status_code == 403
    assert "could not be trusted" in text(answer)
    assert visitor.who() == ""
    assert token not in caplog.text


def test_a_token_with_a_broken_signature_opens_nothing(
    visitor: Visitor, openid: OpenId, between: Between
) -> None:
    start = visitor.leave()
    good = openid.token(nonce=nonce_of(start))
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for bad in (
        forged(good, groups=["fleet-admins"]),
        good[:-4] + "AAAA",
        f"{unsigned}.{good.split('.')[1]}.",
        good.rpartition(".")[0] + ".",
        "nonsense",
        "",
    ):
        between.change("/token", id_token=bad)
        assert (
            visitor.come_back(pass_through(visitor.there, visitor.leave(), "ada", ORIGIN)).status_code == 403
        )
        assert visitor.who() == ""


def test_a_key_the_provider_has_withdrawn_opens_nothing_and_a_new_one_does(
    visitor: Visitor, openid: OpenId, between: Between
) -> None:
    visitor.sign_in("ada")
    openid.know(new_key())
    assert Visitor(openid).sign_in("ada").status_code == 302
    start = visitor.leave()
    between.change("/token", id_token=openid.token(nonce=nonce_of(start)))
    answer = visitor.come_back(pass_through(visitor.there, start, "ada", ORIGIN))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "//evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_discovery_that_leads_elsewhere_is_not_followed(
    visitor: Visitor, between: Between, changed: dict[str, str]
) -> None:
    between.change("/.well-known/openid-configuration", **changed)
    answer = visitor.here.get("/accounts/sso/")
    assert answer.status_code == 403
    assert "evil" not in text(answer)


def test_a_provider_that_is_down_is_told_so_and_works_when_it_is_back(
    visitor: Visitor, between: Between
) -> None:
    between.down = True
    answer = visitor.here.get("/accounts/sso/")
    assert answer.status_code == 503
    assert "does not answer" in text(answer)
    between.down = False
    url = pass_through(visitor.there, visitor.leave(), "oda", ORIGIN)
    between.down = True
    assert visitor.come_back(url).status_code == 503
    between.down = False
    assert visitor.sign_in("oda").status_code == 302


def test_there_are_no_local_accounts(visitor: Visitor, users: dict[str, User]) -> None:
    users["admin"].set_password("right")
    users["admin"].save()
    page = visitor.here.post("/accounts/login/", {"username": "admin", "password": "right"})
    assert "Sign in with 127.0.0.1" in text(page)
    assert "password" not in text(page).lower()
    assert visitor.who() == ""


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(visitor: Visitor, target: str) -> None:
    url = pass_through(visitor.there, visitor.leave(target), "oda", ORIGIN)
    assert visitor.come_back(url)["Location"] == "/"


def test_no_token_is_in_the_database(visitor: Visitor, between: Between) -> None:
    kept: list[str] = []
    between.changes["/token"] = lambda response: kept.append(response.text) or response  # type: ignore[func-returns-value]
    visitor.sign_in("oda")
    tokens = json.loads(kept[0])
    assert tokens["refresh_token"]
    assert SignIn.objects.get(user__first_name="Oda Perera").refresh
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            dump.append(str(cursor.fetchall()))
    assert not [name for name in ("access_token", "refresh_token", "id_token") if tokens[name] in str(dump)]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OIDC_ISSUER": ""}, "needs OIDC_ISSUER; set it to"),
        ({"OIDC_CLIENT_ID": ""}, "needs OIDC_CLIENT_ID; set it to"),
        ({"OIDC_CLIENT_SECRET": ""}, "needs OIDC_CLIENT_SECRET; set it to"),
        ({"OIDC_ISSUER": "http://login.example.com"}, "is no https address; set it to"),
        ({"OIDC_ISSUER": "https://login.example.com/?tenant=1"}, "is no https address; set it to"),
        ({"OIDC_ISSUER": "https://me@login.example.com/"}, "is no https address; set it to"),
        ({"OIDC_SCOPES": "email"}, "lacks openid; set it to"),
        ({"OIDC_RECHECK_MINUTES": "soon"}, "is not a positive number; set it to"),
    ],
)
def test_missing_or_unsafe_settings_stop_the_start(variables: dict[str, str], words: str) -> None:
    good = {"OIDC_ISSUER": "https://login.example.com", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}
    assert read_oidc(good).name == "login.example.com"
    with pytest.raises(ConfigurationError) as refused:
        read_oidc(good | variables)
    assert words in str(refused.value)


def test_doctor_asks_the_provider(visitor: Visitor, between: Between) -> None:
    (good,) = doctor._sign_in()
    assert good.good
    assert "publishes its keys" in good.words
    between.down = True
    oidc._provider.cache_clear()
    (bad,) = doctor._sign_in()
    assert not bad.good
    assert "check OIDC_ISSUER" in bad.words
