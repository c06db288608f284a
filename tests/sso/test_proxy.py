"""Over sockets: the dashboard behind a reverse proxy, and people who go around it or lie to it."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sso.conftest import BEHIND_A_PROXY
from tests.sso.reverse import PEOPLE, SECRET, reverse_proxy
from tests.test_stack import ROOT, Up, environ

Headers = tuple[tuple[str, str], ...]
NOBODY = ""


@pytest.fixture(scope="module")
def proxy(behind_proxy: Up) -> Iterator[int]:
    with reverse_proxy(behind_proxy.port) as port:
        yield port


def ask(port: int, *headers: tuple[str, str], path: str = "/system/", method: str = "GET") -> tuple[int, str]:
    """Status and body; headers go out exactly as they are spelt."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in (("Host", f"127.0.0.1:{port}"), *headers):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def who(port: int, *headers: tuple[str, str]) -> str:
    """The name and role that the page shows, NOBODY when it sends one to the sign-in."""
    status, body = ask(port, *headers)
    if status == 302:
        return NOBODY
    shown = re.search(r"<summary>.*?<strong>(.*?)</strong> <small>(.*?)</small></span></summary>", body)
    assert shown, body
    return f"{shown[1]}, {shown[2]}"


ODA, ADA = ("Cookie", "who=oda"), ("Cookie", "who=ada")


def test_the_proxy_says_who_asks(proxy: int) -> None:
    assert who(proxy, ADA) == "Ada Admin, admin"
    assert who(proxy, ODA) == "Oda Perera, operator"
    assert who(proxy, ("Cookie", "who=eve")) == "Eve, viewer"
    assert who(proxy) == NOBODY


@pytest.mark.parametrize(
    "lie",
    [
        (("OnaUser", "ada"),),
        (("onauser", "ada"), ("ONAGROUPS", "fleet-admins")),
        (("Ona-User", "ada"), ("Ona-Groups", "fleet-admins")),
        (("Ona_User", "ada"), ("Ona_Groups", "fleet-admins")),
        (("Remote-User", "ada"), ("X-Forwarded-User", "ada")),
        (("OnaUser", "ada"), ("OnaUser", "ada"), ("OnaGroups", "fleet-admins")),
        (("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")),
    ],
)
def test_what_a_client_adds_changes_nothing(proxy: int, lie: Headers) -> None:
    assert who(proxy, ODA, *lie) == "Oda Perera, operator"
    assert who(proxy, *lie) == NOBODY


@pytest.mark.parametrize("secret", ["", "wrong", f"{SECRET}x"])
def test_going_around_the_proxy_ends_at_the_sign_in(behind_proxy: Up, secret: str) -> None:
    headers = tuple(PEOPLE["ada"].items())
    assert who(behind_proxy.port, *headers, ("OnaProxySecret", secret)) == NOBODY
    assert who(behind_proxy.port, *headers) == NOBODY
    status, body = ask(behind_proxy.port, *headers, path="/accounts/login/")
    assert status == 403
    assert "did not come through the proxy" in body


def test_two_headers_of_one_name_sign_nobody_in(behind_proxy: Up) -> None:
    """As from a proxy that adds its own to the client's."""
    told = (("OnaProxySecret", SECRET), *PEOPLE["oda"].items())
    assert who(behind_proxy.port, *told) == "Oda Perera, operator"
    assert who(behind_proxy.port, ("OnaUser", "ada"), *told) == NOBODY
    assert who(behind_proxy.port, ("OnaProxySecret", "guess"), *told) == NOBODY


def test_a_lie_is_logged_without_its_value(proxy: int, behind_proxy: Up) -> None:
    who(proxy, ODA, ("Ona_Groups", "hush-hush"))
    who(behind_proxy.port, *PEOPLE["ada"].items())
    log = (behind_proxy.folder / "log" / "web.log").read_text(encoding="utf-8")
    assert "HTTP_ONA_GROUPS" in log
    assert "were not believed" in log
    for value in ("hush-hush", SECRET, "ada@example.com"):
        assert value not in log


def test_what_needs_no_person_answers_without_the_proxy(behind_proxy: Up) -> None:
    assert ask(behind_proxy.port, path="/healthz")[0] == 200


def test_there_are_no_local_accounts(behind_proxy: Up) -> None:
    assert "accounts" not in behind_proxy.output


@pytest.mark.parametrize(
    ("missing", "name"), [("PROXY_PEERS", "PROXY_PEERS"), ("PROXY_SECRET", "PROXY_SECRET")]
)
def test_without_peers_or_secret_it_does_not_start(tmp_path: Path, missing: str, name: str) -> None:
    variables = {key: value for key, value in BEHIND_A_PROXY.items() if key != missing}
    ended = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "1"],
        cwd=ROOT,
        env=os.environ | environ(tmp_path / "var", **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert f"set {name} to" in ended.stderr
    assert ended.stderr.count("\n") == 1
