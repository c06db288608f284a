"""The front of several organisations: each request reaches the processes of its organisation, and no other's."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from dashboard.config.organisations import Organisation, Organisations
from dashboard.simulator import serve
from dashboard.stack import organisations
from dashboard.stack.front import VARIABLE, Front, Route, front, told
from dashboard.stack.parts import free_port

SIZE = 300_000


def echo(name: str) -> Callable[..., Any]:
    """A web server that tells what reached it."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        size = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        seen = {key: value for key, value in environ.items() if isinstance(value, str)}
        body = json.dumps({"name": name, "size": size, **seen}).encode()
        status = "503 Busy" if environ["PATH_INFO"] == "/readyz" and name == "beta" else "200 OK"
        cookies = [
            ("Set-Cookie", f"{name}=1; Path=/o/{name}/"),
            ("Set-Cookie", f"{name}_csrf=2; Path=/o/{name}/"),
        ]
        more = [("X-Large", "x" * SIZE)] if environ["PATH_INFO"].endswith("/large") else []
        body = b"x" * SIZE if more else body
        start_response(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *cookies]
        )
        return [body]

    return application


@pytest.fixture(scope="module")
def routes() -> Iterator[list[Route]]:
    with ExitStack() as stack:
        ports = {
            name: httpx.URL(stack.enter_context(serve(echo(name)))).port or 0
            for name in ("acme", "beta", "gamma")
        }
        yield [
            Route("acme", "Acme <1>", ports["acme"]),
            Route("beta", "Beta", ports["beta"]),
            Route("gamma", "Gamma", ports["gamma"], host="gamma.example.com"),
            Route("dead", "Dead", free_port()),
        ]


def asked(
    routes: list[Route],
    *requests: tuple[str, str],
    host: str = "front",
    show_names: bool = False,
    **more: Any,
) -> list[httpx.Response]:
    """The answers to (method, path), one after the other in one browser."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(Front(routes, show_names=show_names))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return [await client.request(method, path, **more) for method, path in requests]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("host", "path", "name"),
    [
        ("front", "/o/acme/", "acme"),
        ("front", "/o/beta/tasks/?q=a%20b", "beta"),
        ("front", "/o/acme/o/beta/", "acme"),
        ("gamma.example.com", "/tasks/", "gamma"),
        ("GAMMA.example.com", "/o/acme/", "gamma"),
    ],
)
def test_a_request_reaches_the_organisation_of_its_host_or_path(
    routes: list[Route], host: str, path: str, name: str
) -> None:
    answer = asked(routes, ("GET", path), host=host)[0].json()
    path, _, query = path.partition("?")
    assert (answer["name"], answer["PATH_INFO"], answer["QUERY_STRING"]) == (name, path, query)
    assert answer["HTTP_HOST"].lower() == host.lower()


@pytest.mark.parametrize(
    "path",
    ["/environments/", "/o/unknown/", "/o/gamma/", "/o//acme/", "/O/acme/", "//o/acme/", "/static/x.css"],
)
def test_what_belongs_to_no_organisation_reaches_none(routes: list[Route], path: str) -> None:
    get, post = asked(routes, ("GET", path), ("POST", path))
    assert get.status_code == post.status_code == 404
    assert "name" not in get.headers


def test_nobody_is_told_which_organisations_there_are_unless_the_file_says_so(routes: list[Route]) -> None:
    page = asked(routes, ("GET", "/"))[0]
    assert page.status_code == 200
    assert not any(one.slug in page.text or one.name in page.text for one in routes)
    listed = asked(routes, ("GET", "/"), show_names=True)[0].text
    assert '<a href="/o/acme/">Acme &lt;1&gt;</a>' in listed
    assert '<a href="//gamma.example.com/">Gamma</a>' in listed


def test_a_short_name_or_a_missing_slash_leads_to_the_organisation(routes: list[Route]) -> None:
    answers = asked(
        routes, ("GET", "/o/?slug=+ACME+"), ("GET", "/o/beta"), ("GET", "/o/?slug=//evil.example")
    )
    assert [one.headers.get("location") for one in answers] == ["/o/acme/", "/o/beta/", None]
    assert answers[2].status_code == 404
    assert "evil" not in answers[2].text


def test_a_browser_sends_the_cookies_of_one_organisation_to_no_other(routes: list[Route]) -> None:
    answers = asked(
        routes, ("GET", "/o/acme/"), ("GET", "/o/beta/"), ("GET", "/o/beta/"), ("GET", "/o/acme/")
    )
    sent = [one.json().get("HTTP_COOKIE", "") for one in answers]
    assert sent == ["", "", "beta=1; beta_csrf=2", "acme=1; acme_csrf=2"]
    assert answers[0].headers.get_list("set-cookie") == [
        "acme=1; Path=/o/acme/",
        "acme_csrf=2; Path=/o/acme/",
    ]


def test_bodies_pass_whole_both_ways(routes: list[Route]) -> None:
    sent, large = asked(routes, ("POST", "/o/acme/"), ("POST", "/o/acme/large"), content=b"x" * SIZE)
    assert sent.json()["size"] == SIZE
    assert len(large.content) == SIZE


def test_headers_about_one_connection_go_no_further(routes: list[Route]) -> None:
    headers = {"Connection": "close, X-Mine", "X-Mine": "1", "TE": "trailers", "X-Other": "2"}
    answer = asked(routes, ("GET", "/o/acme/"), headers=headers)[0].json()
    assert answer["HTTP_X_OTHER"] == "2"
    assert not {"HTTP_X_MINE", "HTTP_TE"} & set(answer)


def test_an_organisation_that_does_not_answer_takes_no_other_along(routes: list[Route]) -> None:
    dead, well = asked(routes, ("GET", "/o/dead/"), ("GET", "/o/acme/"))
    assert (dead.status_code, dead.headers["retry-after"], well.status_code) == (503, "5", 200)
    assert "do not answer" in dead.text


def test_the_front_is_alive_by_itself_and_ready_when_all_are(routes: list[Route]) -> None:
    alive, ready = asked(routes, ("GET", "/healthz"), ("GET", "/readyz"))
    assert (alive.status_code, alive.text) == (200, "ok\n")
    assert (ready.status_code, ready.text) == (503, "2 of 4 organisations cannot serve\n")
    assert asked(routes[:1], ("GET", "/readyz"))[0].status_code == 200


def test_the_front_is_made_from_its_environment_which_holds_no_secret(
    routes: list[Route], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "ONA_API_KEY_FILE", "ORGANISATIONS_FILE", "OIDC_CLIENT_SECRET"):
        monkeypatch.setenv(name, "secret-value")
    spec = organisations.front_of(8000, routes, show_names=True)
    assert "secret-value" not in spec.environ.values()
    monkeypatch.setenv(VARIABLE, told(routes, show_names=True)[VARIABLE])
    assert isinstance(front(), Front)


def test_each_organisation_is_started_as_itself_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASHBOARD_ORGANISATION", "beta")
    monkeypatch.setenv("ORGANISATION", "beta")
    acme = Organisation("acme", "Acme", "/o/acme")
    environ = organisations.Several("/file.toml", Organisations((acme,))).environ(acme)
    assert (environ["ORGANISATION"], environ["ORGANISATIONS_FILE"]) == ("acme", "/file.toml")
    assert "DASHBOARD_ORGANISATION" not in environ
