"""The pages of one organisation among several: where they lead, what they keep, whom they show the others."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_script_prefix, resolve, set_script_prefix

from dashboard.config.sso import Groups, read_groups, read_proxy
from dashboard.control.notify import notices
from dashboard.organisation import Here, Neighbour
from dashboard.web.api.door import ADDRESSES
from dashboard.web.kept import pieces
from dashboard.web.mount import mounted
from tests.web.conftest import HTMX, Dashboard, poller, text

PREFIX = "/o/acme"
BETA = Neighbour("Beta <&>", "/o/beta/", Groups(viewer=frozenset({"beta"})))
GAMMA = Neighbour(
    "Gamma", "https://gamma.example.com/", Groups(frozenset({"gamma-admins"}), frozenset(), frozenset({"g"}))
)
LED_TO = re.compile(r'\s(?:href|src|action|formaction|hx-get|hx-post|data-[a-z-]+)="(/[^"]*)"')


@pytest.fixture(autouse=True)
def acme(settings: LazySettings) -> Iterator[None]:
    settings.ORGANISATION = Here("acme", "Acme", PREFIX, (BETA, GAMMA))
    settings.FORCE_SCRIPT_NAME = PREFIX
    set_script_prefix(PREFIX)
    pieces.clear()
    yield
    clear_script_prefix()
    pieces.clear()


def led_to(page: HttpResponse) -> set[str]:
    return {html.unescape(url) for url in LED_TO.findall(text(page))}


def test_every_page_leads_to_pages_of_its_own_organisation_only(dashboard: Dashboard) -> None:
    """One page of each kind, found by following links from the overview."""
    waiting, seen = [f"{PREFIX}/"], set[str]()
    while waiting:
        path = waiting.pop().removeprefix(PREFIX).partition("#")[0]
        name = str(resolve(path.partition("?")[0], ADDRESSES).url_name)
        if name in seen or "format=" in path or path.startswith("/static/"):
            continue
        seen.add(name)
        page = dashboard.get(path)
        assert page.status_code in {200, 405}, path
        for url in led_to(page):
            assert url == BETA.home or url.startswith(f"{PREFIX}/"), (path, url)
            if url != BETA.home and not url.startswith(f"{PREFIX}/static/"):
                waiting.append(url)
    assert len(seen) > 30, seen


def test_a_simulated_one_says_whose_key_is_missing_and_where_it_belongs(
    dashboard: Dashboard, settings: LazySettings
) -> None:
    assert "Simulated fleet" not in text(dashboard.get("/"))
    settings.ONA_SIMULATED = True
    for role in ("viewer", "anonymous"):
        page = text(dashboard.get("/accounts/login/" if role == "anonymous" else "/", role))
        assert "Acme has no API key" in page
        assert "ORGANISATIONS_FILE" in page
        assert "ONA_API_KEY" not in page


def test_forms_polls_reports_and_redirects_stay_in_it_too(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/")
    assert poller(page)[0].startswith(f"{PREFIX}/environments/")
    assert f"report-uri {PREFIX}/reports/csp/" in page["Content-Security-Policy"]
    assert dashboard.get("/", "anonymous")["Location"] == f"{PREFIX}/accounts/login/?next={PREFIX}/"
    poll = dashboard.get(
        "/", "anonymous", **HTMX, **{"HX-Current-URL": f"http://testserver{PREFIX}/tasks/?q=x"}
    )
    assert poll["HX-Redirect"].startswith(f"{PREFIX}/accounts/login/?next={PREFIX}/tasks/")


def test_a_message_leads_to_the_organisation_wherever_it_is_written(settings: LazySettings) -> None:
    settings.PUBLIC_URL = f"https://ona.example.com{PREFIX}"
    in_a_page = notices.link("idle")
    clear_script_prefix()  # as in a worker
    assert in_a_page == notices.link("idle") == f"https://ona.example.com{PREFIX}/idle/"


def test_the_palette_knows_the_page_it_was_opened_on(dashboard: Dashboard) -> None:
    running = dashboard.running()
    at = f"{PREFIX}/environments/{running.id}/"
    assert "Here" in text(dashboard.clients["admin"].get("/find/", {"at": at}, headers=HTMX))


def test_the_switcher_the_palette_and_the_title_name_organisations_harmlessly(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/environments/"))
    assert "<title>Environments · Acme · Ona fleet</title>" in page
    assert '<a href="/o/beta/"><bdi>Beta &lt;&amp;&gt;</bdi></a>' in page
    for words, homes in (("beta", {BETA.home}), ("organi", {BETA.home, GAMMA.home}), ("acme", set())):
        found = text(dashboard.clients["admin"].get("/find/", {"q": words}, headers=HTMX))
        assert {home for home in (BETA.home, GAMMA.home) if f'data-url="{home}"' in found} == homes


def test_every_figure_for_prometheus_says_whose_it_is(dashboard: Dashboard) -> None:
    samples = [line for line in text(dashboard.get("/metrics")).splitlines() if not line.startswith("#")]
    assert len(samples) > 20
    assert all('{organisation="acme"' in line or ',organisation="acme"' in line for line in samples)


def test_without_organisations_nothing_is_shown(dashboard: Dashboard, settings: LazySettings) -> None:
    settings.ORGANISATION = Here()
    page = text(dashboard.get("/"))
    assert "<title>Overview · Ona fleet</title>" in page
    assert "organisation" not in page.replace("see your organisation", "")


def test_only_the_name_is_shown_where_there_is_no_other(dashboard: Dashboard, settings: LazySettings) -> None:
    settings.ORGANISATION = Here("acme", "Acme", PREFIX)
    page = text(dashboard.get("/"))
    assert "<bdi>Acme</bdi>" in page
    assert "<details" not in page.partition("<nav")[0]


SIGN_ON = {"PROXY_PEERS": "127.0.0.1", "PROXY_SECRET": "a-secret-of-the-proxy"}


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ("acme", set()),
        ("acme,beta", {BETA.home}),
        ("acme,gamma-admins", {GAMMA.home}),
        ("acme,beta,g", {BETA.home, GAMMA.home}),
    ],
)
def test_with_single_sign_on_only_those_are_shown_that_let_the_person_in(
    dashboard: Dashboard, settings: LazySettings, groups: str, shown: set[str]
) -> None:
    settings.SSO_MODE, settings.SSO_PROXY = "proxy", read_proxy(SIGN_ON)
    settings.SSO_GROUPS = read_groups({"VIEWER_GROUPS": "acme"})
    told = {"OnaProxySecret": SIGN_ON["PROXY_SECRET"], "OnaUser": "oda", "OnaGroups": groups}
    page = text(Client().get("/system/", headers=told))
    assert {home for home in (BETA.home, GAMMA.home) if f'href="{home}"' in page} == shown
    found = text(Client().get("/find/?q=organisations", headers=told | HTMX))
    assert {home for home in (BETA.home, GAMMA.home) if f'data-url="{home}"' in found} == shown


def sent(path: str, query: str = "") -> tuple[str, dict[str, str], list[dict[str, Any]]]:
    """Status and headers of the answer of an application at PREFIX, and what reached the application."""
    reached: list[dict[str, Any]] = []
    answered: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        reached.append(environ)
        start_response("200 OK", [])
        return []

    mounted(application, PREFIX)(
        {"PATH_INFO": path, "QUERY_STRING": query}, lambda *told: answered.extend(told)
    )
    return answered[0], dict(answered[1]), reached


@pytest.mark.parametrize(
    "path", ["/", "/environments/", "/o/beta/", "/o/acme-2/", "/o/acmeX", "//o/acme/", "/O/ACME/"]
)
def test_a_process_serves_nothing_outside_its_path(path: str) -> None:
    status, _, reached = sent(path)
    assert status.startswith("404")
    assert not reached


def test_a_process_serves_its_path_and_probes_without_it() -> None:
    assert sent(f"{PREFIX}/tasks/")[2][0] | {"QUERY_STRING": ""} == {
        "PATH_INFO": "/tasks/",
        "SCRIPT_NAME": PREFIX,
        "QUERY_STRING": "",
    }
    assert sent("/healthz")[2][0]["PATH_INFO"] == "/healthz"
    status, headers, reached = sent(PREFIX, "q=x")
    assert (status[:3], headers["Location"], reached) == ("308", f"{PREFIX}/?q=x", [])
