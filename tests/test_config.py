"""Settings come from the environment, are documented, and complain in one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.config.base import (
    VARIABLES,
    ConfigurationError,
    Variable,
    read,
    read_list,
    read_seconds,
    valkey_socket,
)

ROOT = Path(__file__).parent.parent
SETTINGS = (ROOT / "dashboard/settings.py").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
BY_NAME = pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
NOT_OURS = {"DASHBOARD_EMBEDDED", "DASHBOARD_SIMULATED"}  # between `manage.py up` and its children


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    environ = os.environ | variables
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False
    )


@BY_NAME
def test_every_setting_is_in_the_example_with_its_default_and_help(variable: Variable) -> None:
    assert f"#{variable.name}={variable.default}\n" in EXAMPLE
    assert " ".join(variable.help.split()) in " ".join(EXAMPLE.replace("\n# ", " ").split())


@BY_NAME
def test_every_setting_is_in_the_table_of_the_readme(variable: Variable) -> None:
    assert f"| `{variable.name}` " in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_names_no_setting_that_is_not_read() -> None:
    assert set(re.findall(r"^#([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == {
        variable.name for variable in VARIABLES
    }


def test_settings_read_nothing_that_is_not_in_the_table() -> None:
    names = set(re.findall(r'(?:read|read_list|read_seconds|environ\.get)\("([A-Z_]+)"', SETTINGS))
    assert names - NOT_OURS <= {variable.name for variable in VARIABLES}


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")
    assert read("ONA_API_KEY", {"ONA_API_KEY_FILE": str(tmp_path / "key")}) == "from-file"


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    assert (
        read("ONA_API_KEY", {"ONA_API_KEY": "plain", "ONA_API_KEY_FILE": str(tmp_path / "none")}) == "plain"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"SECRET_KEY_FILE: cannot read .*none"):
        read("SECRET_KEY", {"SECRET_KEY_FILE": str(tmp_path / "none")})


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    assert read("TIME_ZONE", {"TIME_ZONE_FILE": str(tmp_path / "none")}) == "UTC"


def test_a_list_is_split_at_commas_and_stripped() -> None:
    assert read_list("ALLOWED_HOSTS", {"ALLOWED_HOSTS": " a.example , ,b.example"}) == [
        "a.example",
        "b.example",
    ]


@pytest.mark.parametrize("text", ["five", "0", "-1", "inf", "nan", "1e999"])
def test_a_bad_number_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^POLL_HOT_SECONDS=.* is not a positive number; set it to one"
    ):
        read_seconds("POLL_HOT_SECONDS", {"POLL_HOT_SECONDS": text})


@pytest.mark.parametrize(
    "variables",
    [
        {"POLL_FULL_SECONDS": "soon"},
        {"SSO_MODE": "magic"},
        {"TIME_ZONE": "Nowhere"},
        {"TIME_ZONE": "../etc/passwd"},
        {"DATABASE_URL": "magic://x", "SECRET_KEY": "x"},
        {"REDIS_URL": "redis://x", "SECRET_KEY": ""},
    ],
)
def test_a_bad_setting_stops_a_command_with_one_sentence(variables: dict[str, str]) -> None:
    ended = manage("check", **variables)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert re.search(r"; set .*\.$", ended.stderr.strip())


def test_the_private_valkey_listens_in_the_folder() -> None:
    assert valkey_socket(Path("/srv/dashboard/var")) == Path("/srv/dashboard/var/valkey.sock")


def test_the_private_valkey_of_a_deep_folder_listens_where_a_socket_may() -> None:
    path = valkey_socket(Path("/srv") / ("deep" * 50))
    assert len(os.fsencode(path)) < 100
    assert path != valkey_socket(Path("/srv") / ("other" * 50))
