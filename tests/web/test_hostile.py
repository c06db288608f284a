"""Texts from the API and from people are shown as text, whatever they hold."""

from html.parser import HTMLParser

import pytest

from dashboard.control.models import Action
from dashboard.fleet.details import EnvironmentDetail, ExecutionDetail, Part, SecretName, ServiceDetail, Step
from dashboard.fleet.entities import Environment, Execution, Kind, Person, Port, Project, Service, Task
from dashboard.web.templatetags.words import web_address
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_polls import put_three

SCRIPT = "<script>alert(1)</script>"
TEXTS = {
    "script": SCRIPT,
    "attribute": '" onmouseover="alert(1)" x="',
    "quote": "' onmouseover='alert(1)' x='",
    "template": "{{ settings.SECRET_KEY }}{% load static %}",
    "long": "x" * 500,
    "letters": "ä💩\u202eevil\u2066 \ufeff\u0000 İ ﷽",
    "line": "one\r\ntwo\u2028three",
    "comment": "--><!-- </title></textarea></style>",
}
BAD_ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "//evil",
    "",
)


class Attributes(HTMLParser):
    """Every attribute of a page, as a browser reads it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value or "") for name, value in attributes]


def fill(dashboard: Dashboard, words: str) -> None:
    """A fleet in which every text is `words`."""
    dashboard.empty()
    dashboard.put(
        Environment(
            id="e1", name=words, phase="running", repository=words, branch=words, context_url="javascript:alert(1)",
            project_id="p1", creator_id="u1", creator_kind=words, runner_id=words, class_id=words, role=words,
            failures=(words,), warnings=(words,), signal_source=words, signal_at=1.0, unpushed=1,
            ports=(Port(1, words, words, "javascript:alert(1)"),), timed_out=words,
        ),
        Service(
            id="s1", environment_id="e1", name=words, reference=words, description=words, role="",
            phase="failed", failure=words, triggers=(words,), creator_id="u1",
        ),
        Task(id="t1", environment_id="e1", name=words, reference=words, description=words, triggers=(words,)),
        Execution(
            id="x1", task_id="t1", environment_id="e1", name=words, phase="running", failure=words,
            started_by=words, creator_id="u1",
        ),
        Person("u1", words, "a@example.com"),
        Project("p1", words),
    )  # fmt: skip
    keep = dashboard.simulated.store.keep_detail
    part = Part(words, words, words, words, words)
    keep(
        Kind.ENVIRONMENT,
        EnvironmentDetail("e1", 0, (part,), (SecretName(words, words, words, words),), (words,)),
    )
    keep(Kind.SERVICE, ServiceDetail("s1", 0, words, words, words, words, (words,), (words,)))
    step = Step("1", words, "task", "t1", words, words)
    keep(Kind.EXECUTION, ExecutionDetail("x1", 0, ((step,),)))


PATHS = (
    "/", "/environments/", "/services/", "/tasks/", "/executions/", "/environments/e1/", "/services/s1/",
    "/tasks/t1/", "/executions/x1/", "/environments/e1/stop/", "/services/s1/start/", "/tasks/t1/start/",
    "/executions/x1/stop/", "/activity/", "/environments/?project=p1", "/system/",
)  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_every_page_shows_any_text_as_text(dashboard: Dashboard, name: str) -> None:
    words = TEXTS[name]
    fill(dashboard, words)
    dashboard.post("/environments/e1/stop/", reason=words)
    Action.objects.update(state="failed", outcome=words)
    for path in PATHS:
        for headers in ({}, HTMX):
            page = dashboard.get(path, **headers)
            assert page.status_code == 200, path
            html = text(page)
            assert SCRIPT not in html
            attributes = Attributes(html).found
            assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]
            links = [
                value for name, value in attributes if name in ("href", "src", "action", "hx-get", "hx-post")
            ]
            assert not [link for link in links if not link.startswith(("/", "#", "http://", "https://"))]
            assert "{{ settings" not in html or name == "template"
            assert len(html) < 400_000


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_only_web_addresses_become_links(address: str) -> None:
    assert web_address(address) == ""
    assert web_address("https://example.com/" + address).startswith("https://example.com/")


@pytest.mark.parametrize(
    "phase", ["", "hibernating_deeply", "\u202e", "ENVIRONMENT_PHASE_NEW", "x" * 200, "<b>"]
)
def test_a_phase_that_is_not_known_is_shown_as_it_came(dashboard: Dashboard, phase: str) -> None:
    dashboard.empty()
    dashboard.put(
        Environment(id="e1", name="one", phase=phase),
        Service(id="s1", environment_id="e1", name="db", phase=phase),
        Execution(id="x1", environment_id="e1", task_id="t1", phase=phase),
    )
    for path in ("/", "/environments/", "/environments/e1/", "/services/s1/", "/executions/x1/"):
        page = dashboard.get(path)
        assert page.status_code == 200
        assert "<b>" not in text(page).replace("<b>1</b>", "")
    assert ("No phase" if not phase else "Hibernating deeply" if "_deeply" in phase else "") in text(page)
    assert dashboard.poll(dashboard.get("/environments/")).status_code == 204


@pytest.mark.parametrize("number", [-1e18, -1.0, 0.0, 1e12, 1e18, float("inf")])
def test_times_out_of_this_world_break_no_page(dashboard: Dashboard, number: float) -> None:
    dashboard.empty()
    dashboard.put(
        Environment(id="e1", name="one", created=number, started=number, signal_at=number, timeout=number),
        Execution(id="x1", environment_id="e1", phase="running", created=number, started=number),
    )
    for path in ("/", "/environments/", "/environments/e1/", "/executions/", "/executions/x1/"):
        assert dashboard.get(path).status_code == 200


def test_a_row_whose_ids_fit_no_address_breaks_no_page(dashboard: Dashboard) -> None:
    put_three(dashboard)
    dashboard.put(
        Service(id="s1", environment_id="a/b", name="db"),
        Execution(id="x1", environment_id="", task_id="c/d", name="run"),
        Environment(id="e/f", name="slashed", phase="running"),
    )
    for path in ("/", "/environments/", "/services/", "/executions/", "/services/s1/", "/executions/x1/"):
        assert dashboard.get(path).status_code == 200, path


@pytest.mark.parametrize("identifier", ["e/f", "e%2Ff", "ü 💩", "?q=1", "#x", "a b", "x" * 128])
def test_any_id_has_an_address_that_leads_to_it(dashboard: Dashboard, identifier: str) -> None:
    dashboard.empty()
    dashboard.put(Environment(id=identifier, name="the one", phase="running"))
    link = next(
        value
        for name, value in Attributes(text(dashboard.get("/environments/"))).found
        if name == "href" and value.startswith("/environments/") and "?" not in value
        if value not in {"/environments/", "/environments/new/"}
    )
    page = dashboard.get(link)
    assert page.status_code == 200
    assert "the one" in text(page)
