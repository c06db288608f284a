"""Behind a real nginx with `auth_request`, configured as the page about sign-in says."""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dashboard.stack.parts import free_port
from tests.sso import nginx
from tests.sso.reverse import PEOPLE, SECRET
from tests.sso.test_proxy import ADA, NOBODY, ODA, ask, who
from tests.test_stack import Up, until

PAGE = Path(__file__).resolve().parents[2] / "docs/operations/sign-in.md"
HTTP = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{server}
}}
"""
ANSWERS = {"OnaUser": "User", "OnaEmail": "Email", "OnaName": "Preferred-Username", "OnaGroups": "Groups"}


class SignIn(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does: 202 with who it is, or 401."""

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("who")
        person = PEOPLE.get(cookie.value if cookie else "")
        self.send_response(202 if person else 401)
        for header, answer in ANSWERS.items():
            if person and person[header]:
                self.send_header(f"X-Auth-Request-{answer}", person[header])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def sign_in() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SignIn) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def configuration(folder: Path, port: int, upstream: int, sign_in: int) -> str:
    """The page's own, with the ports of this test and without TLS."""
    found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    server = re.sub(r"\n *ssl_\w+ .*;", "", found[1])
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("server_name ona.example.com;", "server_name _;"),
        ("127.0.0.1:4180", f"127.0.0.1:{sign_in}"),
        ("10.0.0.7:8000", f"127.0.0.1:{upstream}"),
        ("the content of proxy_secret", SECRET),
    ):
        assert old in server
        server = server.replace(old, new)
    return HTTP.format(folder=folder, server=server)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def proxy(behind_proxy: Up, sign_in: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = nginx.path()
    if not program:
        pytest.skip("NOT TESTED BEHIND NGINX: it is not installed, and there is no apt to fetch it with")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "nginx.conf").write_text(configuration(folder, port, behind_proxy.port, sign_in))
    process = subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"])
    try:
        until(lambda: accepts(port) or process.poll() is not None, 20)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(20)


def test_nginx_says_who_asks(proxy: int) -> None:
    assert who(proxy, ADA) == "Ada Admin, admin"
    assert who(proxy, ODA) == "Oda Perera, operator"
    assert who(proxy, ("Cookie", "who=eve")) == "Eve, viewer"


def test_nginx_sends_whoever_it_does_not_know_to_its_sign_in(proxy: int) -> None:
    assert who(proxy) == NOBODY
    assert ask(proxy, ("HX-Request", "true"))[0] == 401


@pytest.mark.parametrize("name", ["OnaGroups", "onagroups", "Ona-Groups", "Ona_Groups", "ONA_GROUPS"])
def test_nothing_that_a_client_adds_gets_past_nginx(proxy: int, name: str) -> None:
    assert who(proxy, ("Cookie", "who=eve"), (name, "fleet-admins")) == "Eve, viewer"
    assert who(proxy, (name, "fleet-admins"), ("OnaUser", "ada"), ("OnaProxySecret", SECRET)) == NOBODY
