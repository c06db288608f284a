"""Several organisations: what their file may say, and what it makes of a process's environment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboard.config.base import ConfigurationError, read_key
from dashboard.config.organisations import Organisations, organisations, read_organisations
from dashboard.organisation import ENTERED, Here, enter

ACME = {"slug": "acme", "name": "Acme", "key": "key-of-acme"}
BETA = {"slug": "beta", "name": "Beta", "key": "key-of-beta"}
SERVE = ["granian", "dashboard.wsgi:application"]
FILE = """
[[organisation]]
slug = "acme"
name = "Acme"
key = "key-of-acme"
action_key = "acts-for-acme"
admin_groups = ["acme-admins"]
redis_url = "redis://valkey/1"
settings = { ONA_REQUESTS_PER_SECOND = 10 }

[[organisation]]
slug = "beta"
name = "Beta"
key = "key-of-beta"
redis_url = "redis://valkey/2"
address = "https://beta.example.com"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "organisations.toml").write_text(FILE, encoding="utf-8")
    return str(tmp_path / "organisations.toml")


def told(*tables: Mapping[str, Any], signs_in_here: bool = True, **top: Any) -> Organisations:
    return organisations({"organisation": [dict(one) for one in tables], **top}, signs_in_here=signs_in_here)


def both(acme: Mapping[str, Any], beta: Mapping[str, Any]) -> Organisations:
    return told(ACME | acme, BETA | beta)


def test_each_organisation_has_its_path_and_its_variables(path: str) -> None:
    acme, beta = read_organisations(path, {}).all
    assert (acme.home, beta.home) == ("/o/acme/", "https://beta.example.com/")
    assert acme.environ == {
        "ONA_API_KEY": "key-of-acme",
        "ONA_ACTION_API_KEY": "acts-for-acme",
        "ADMIN_GROUPS": "acme-admins",
        "REDIS_URL": "redis://valkey/1",
        "ONA_REQUESTS_PER_SECOND": "10",
    }


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Acme"}, "the slug 'Acme' cannot be in an address"),
    ({"slug": "-acme"}, "cannot be in an address"),
    ({"slug": "a/../b"}, "cannot be in an address"),
    ({"slug": ""}, "cannot be in an address"),
    ({"slug": "a" * 40}, "cannot be in an address"),
    ({"slug": 3}, "cannot be in an address"),
    ({"name": ""}, "acme has no name that can be shown"),
    ({"name": "A\nB"}, "acme has no name that can be shown"),
    ({"name": "x" * 61}, "acme has no name that can be shown"),
    ({"key": ""}, "acme has no key"),
    ({"key": 5}, "acme: key is no text"),
    ({"key_file": "/run/key"}, "acme has both key and key_file"),
    ({"simulated": True}, "acme is simulated and has a key"),
    ({"simulated": "yes"}, "acme: simulated is neither true nor false"),
    ({"keys": "x"}, "acme: 'keys' is not known"),
    ({"admin_groups": "admins"}, "acme: admin_groups is no list of names"),
    ({"admin_groups": ["a,b"]}, "acme: a name in admin_groups has a comma"),
    ({"address": "acme.example.com"}, "acme: the address is no host"),
    ({"address": "https://example.com/acme"}, "acme: the address is no host"),
    ({"redis_url": "valkey:6379"}, "acme: Redis has an address of another kind"),
    ({"redis_url": "redis://valkey/one"}, "acme: the Redis database has no number"),
    ({"redis_url": "redis://valkey/0?db=1"}, "acme: the number of the Redis database is not in the path"),
    ({"redis_url": "redis://valkey:x/0"}, "acme: Redis has no address"),
    ({"redis_url": "sentinel://a:26379,b"}, "acme: Redis has no sentinels or no group"),
    ({"database_url": "nowhere"}, "acme: the database has no address"),
    ({"settings": 1}, "acme: settings is no table"),
    ({"settings": {"SSO_MODE": "proxy"}}, "acme: 'SSO_MODE' cannot differ between organisations"),
    ({"settings": {"ONA_API_KEY": "x"}}, "acme: 'ONA_API_KEY' cannot differ between organisations"),
    ({"settings": {"CURRENCY": ["EUR"]}}, "acme: CURRENCY is neither text nor number"),
]


@pytest.mark.parametrize(("changed", "what"), WRONG)
def test_a_wrong_table_is_refused_with_one_sentence_that_quotes_no_key(
    changed: dict[str, Any], what: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        both(changed, {})
    assert what in str(refused.value)
    assert str(refused.value).startswith("ORGANISATIONS_FILE: ")
    assert str(refused.value).count("; set ") == 1
    assert "key-of-acme" not in str(refused.value)


SHARED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"slug": "acme"}, "slug"),
    ({}, {"name": "ACME"}, "name"),
    ({}, {"key": "key-of-acme"}, "key"),
    ({"base_url": "https://a/api/"}, {"base_url": "https://a/api", "key": "key-of-acme"}, "key"),
    ({"address": "https://a.example"}, {"address": "https://A.example/"}, "address"),
    ({"redis_url": "redis://Valkey"}, {"redis_url": "redis://:secret@valkey:6379/0"}, "Redis database"),
    ({"redis_url": "redis://localhost/2"}, {"redis_url": "rediss://127.0.0.1/2"}, "Redis database"),
    ({"redis_url": "unix:///run/v"}, {"redis_url": "unix:///run/../run/v?db=0"}, "Redis database"),
    (
        {"redis_url": "sentinel://a:26379,b/main/1"},
        {"redis_url": "sentinel://:secret@B:26379,a:26379/main/1"},
        "Redis database",
    ),
    ({"database_url": "postgres://a:x@db/ona"}, {"database_url": "postgresql://b@DB:5432/ona"}, "database"),
    ({"database_url": "sqlite:////srv/a"}, {"database_url": "sqlite:////srv/b/../a"}, "database"),
]


@pytest.mark.parametrize(("acme", "beta", "what"), SHARED)
def test_two_organisations_never_share_what_each_must_have_of_its_own(
    acme: dict[str, Any], beta: dict[str, Any], what: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"have the same {what}; set one of its own for each"):
        both(acme, beta)


@pytest.mark.parametrize(
    ("acme", "beta"),
    [
        ({"redis_url": "redis://valkey/0"}, {"redis_url": "redis://valkey/1"}),
        ({"redis_url": "redis://valkey:6379"}, {"redis_url": "redis://valkey:6380"}),
        ({"redis_url": "sentinel://a,b/main/0"}, {"redis_url": "sentinel://a,b/main/1"}),
        ({"redis_url": "unix:///run/v?db=1"}, {"redis_url": "unix:///run/v?db=2"}),
        ({"database_url": "postgres://u@db/a"}, {"database_url": "postgres://u@db/b"}),
        ({"base_url": "https://a/api"}, {"base_url": "https://b/api", "key": "key-of-acme"}),
    ],
)
def test_what_lies_apart_is_let_in(acme: dict[str, Any], beta: dict[str, Any]) -> None:
    assert len(both(acme, beta).all) == 2


def test_a_key_in_two_files_is_still_one_key(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("the-same\n", encoding="utf-8")
    acme, beta = ({"slug": x, "name": x, "key_file": str(tmp_path / x)} for x in "ab")
    with pytest.raises(ConfigurationError, match="a and b have the same key"):
        told(acme, beta)


def test_files_of_others_need_not_be_readable() -> None:
    others = {"key_file": "/none", "database_url_file": "/none", "redis_url_file": "/none"}
    assert told(ACME, {"slug": "beta", "name": "Beta"} | others)


def test_with_single_sign_on_each_organisation_says_who_may_look() -> None:
    with pytest.raises(ConfigurationError, match="acme would be open to everybody who signs in"):
        told(ACME, signs_in_here=False)
    assert told(ACME | {"viewer_groups": ["acme"]}, signs_in_here=False)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there is no organisation"),
        ("organisation = 1", "there is no organisation"),
        ("organisation = [1]", "there is no organisation"),
        ("other = 1", "'other' is not known"),
        ('key = "secret-value', "ORGANISATIONS_FILE is no TOML"),
    ],
)
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=what) as refused:
        read_organisations(str(tmp_path / "file"), {})
    assert "secret-value" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*none"):
        read_organisations(str(tmp_path / "none"), {})


def test_without_the_file_nothing_changes() -> None:
    environ = {"ONA_API_KEY": "k", "SECRET_KEY": "s"}
    assert enter(environ, SERVE) == Here()
    assert environ == {"ONA_API_KEY": "k", "SECRET_KEY": "s"}


def test_a_process_gets_what_its_organisation_has_and_nothing_from_around_it(path: str) -> None:
    environ = {
        "ORGANISATIONS_FILE": path,
        "ORGANISATION": "beta",
        "ONA_API_KEY": "of-somebody",
        "ONA_ACTION_API_KEY_FILE": "/run/of-somebody",
        "DATABASE_URL": "sqlite:///of-somebody",
        "ADMIN_GROUPS": "of-somebody",
        "VAR_DIR": "/srv/var",
        "TIME_ZONE": "Europe/Berlin",
    }
    here = enter(environ, SERVE)
    assert (here.slug, here.prefix, [one.home for one in here.neighbours]) == ("beta", "", ["/o/acme/"])
    assert "of-somebody" not in " ".join(environ.values())
    assert environ["ONA_API_KEY"] == "key-of-beta"
    assert environ["VAR_DIR"] == "/srv/var/organisations/beta"
    assert environ["ALLOWED_HOSTS"] == "beta.example.com"
    assert environ["CSRF_TRUSTED_ORIGINS"] == environ["PUBLIC_URL"] == "https://beta.example.com"
    assert environ["TIME_ZONE"] == "Europe/Berlin"


def test_no_organisation_can_read_what_another_has_signed_or_sealed(path: str) -> None:
    keys = {"SECRET_KEY": "s" * 50, "AUDIT_KEY": f"{'n' * 32},{'o' * 32}"}
    acme, beta = ({"ORGANISATIONS_FILE": path, "ORGANISATION": one} | keys for one in ("acme", "beta"))
    enter(acme, SERVE)
    enter(beta, SERVE)
    values = {*keys.values(), *(one[name] for one in (acme, beta) for name in keys)}
    assert len(values) == 6
    assert [len(part) for part in acme["AUDIT_KEY"].split(",")] == [64, 64]


def test_a_child_that_inherits_the_environment_keeps_it(path: str) -> None:
    environ = {"ORGANISATIONS_FILE": path, "ORGANISATION": "acme", "SECRET_KEY": "s" * 50}
    enter(environ, SERVE)
    environ["ONA_API_KEY"] = "of-the-simulator"
    before = dict(environ)
    assert enter(environ, SERVE).slug == "acme"
    assert environ == before
    environ["ORGANISATION"] = "beta"
    with pytest.raises(ConfigurationError, match="is not the one of this process"):
        enter(environ, SERVE)


def test_messages_lead_to_the_organisation(path: str) -> None:
    environ = {"ORGANISATIONS_FILE": path, "ORGANISATION": "acme", "PUBLIC_URL": "https://ona.example.com/"}
    enter(environ, SERVE)
    assert environ["PUBLIC_URL"] == "https://ona.example.com/o/acme"


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({}, "ORGANISATION is not set; set it to one of acme, beta"),
        (
            {"ORGANISATION": "gamma"},
            "ORGANISATION='gamma' is not in ORGANISATIONS_FILE; set it to one of acme",
        ),
        ({"ORGANISATION": "acme", "ORGANISATIONS_FILE": ""}, "ORGANISATION is set without"),
    ],
)
def test_a_process_that_belongs_to_none_does_not_start(
    path: str, variables: dict[str, str], what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what):
        enter({"ORGANISATIONS_FILE": path} | variables, SERVE)


def test_only_up_starts_without_one_and_then_holds_no_key(path: str) -> None:
    environ = {"ORGANISATIONS_FILE": path, "ONA_API_KEY": "of-somebody", "VAR_DIR": "var"}
    here = enter(environ, ["manage.py", "up", "--port", "8000"])
    assert not here
    assert here.all is not None
    assert [one.slug for one in here.all.all] == ["acme", "beta"]
    assert environ == {"ORGANISATIONS_FILE": path, "VAR_DIR": "var"}
    assert ENTERED not in environ


def test_a_key_in_a_file_is_read_anew_when_it_is_replaced(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("old", encoding="utf-8")
    file = tmp_path / "organisations.toml"
    file.write_text(f'[[organisation]]\nslug = "a"\nname = "A"\nkey_file = "{key}"\n', encoding="utf-8")
    environ = {"ORGANISATIONS_FILE": str(file), "ORGANISATION": "a"}
    enter(environ, SERVE)
    key.write_text("new", encoding="utf-8")
    assert read_key("ONA_API_KEY", environ) == "new"


TOLD = """
import json, threading
import django
django.setup()
from django.conf import settings
from django.templatetags.static import static
names = ("SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE")
told = {f"{name}_{what}": getattr(settings, f"{name}_{what}") for name in names for what in ("NAME", "PATH")}
told["slug"], told["key"] = settings.ORGANISATION.slug, settings.ONA_API_KEY
first = threading.Thread(target=lambda: told.update(static=static("keys.js"), url=settings.STATIC_URL))
first.start()
first.join()
print(json.dumps(told))
"""


def test_the_settings_of_a_process_are_those_of_its_organisation(path: str, tmp_path: Path) -> None:
    """Also in a thread that answers no request: such a one may be the first to ask for the address of a file."""
    variables = {"ORGANISATIONS_FILE": path, "ORGANISATION": "acme", "VAR_DIR": str(tmp_path), "DEBUG": "1"}
    variables |= {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "SECRET_KEY": "s" * 50}
    asked = subprocess.run(
        [sys.executable, "-c", TOLD], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    assert json.loads(asked.stdout) == {
        "SESSION_COOKIE_NAME": "ona_session_acme",
        "CSRF_COOKIE_NAME": "ona_csrf_acme",
        "LANGUAGE_COOKIE_NAME": "ona_language",
        "SESSION_COOKIE_PATH": "/o/acme/",
        "CSRF_COOKIE_PATH": "/o/acme/",
        "LANGUAGE_COOKIE_PATH": "/o/acme/",
        "slug": "acme",
        "key": "key-of-acme",
        "static": "/o/acme/static/keys.js",
        "url": "/o/acme/static/",
    }
