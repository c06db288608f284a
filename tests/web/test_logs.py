"""The log of a resource: a panel that follows, a page, a file; whatever it says, it is text."""

import html
import json
import re

import pytest

from dashboard import jobs
from dashboard.fleet import log_store
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_entries import CLOSE, ENDED, FAILED, FOLLOWING, LINE, OPEN, Entry
from dashboard.web.pages import logs as pages
from tests.web.conftest import HTMX, Dashboard, text

HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[31m<b>red</b>\x1b[0m",
    '"><img src=x onerror=alert(1)>',
    "\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\",
    "nul \x00 bell \x07 \x9b2J \u202eevil",
)


class Log:
    """A log of an execution in the store, and its pages."""

    def __init__(self, dashboard, row):
        self.dashboard, self.row = dashboard, row
        self.path = f"/executions/{row.id}/log/"

    def write(self, *said, **changes):
        entries = [Entry(LINE, one) if isinstance(one, str) else one for one in said]
        with jobs.logs().writing(Kind.EXECUTION, self.row.id) as writer:
            writer.write(entries, **{"state": FOLLOWING, **changes})

    def page(self, role="viewer"):
        return self.dashboard.get(self.path, role)

    def poll(self, answer):
        """What the poller of a page or of an earlier answer gets."""
        found = re.search(r"id=\"log-poll\"[^>]* hx-vals='([^']*)'", text(answer))
        seen = json.loads(html.unescape(found[1]))["seen"]
        return self.ask(seen)

    def ask(self, seen):
        return self.dashboard.clients["viewer"].get(self.path, {"seen": seen}, headers=HTMX)


@pytest.fixture
def asked(monkeypatch):
    found = []
    monkeypatch.setattr(jobs.tail, "delay", lambda *names: found.append(names))
    return found


@pytest.fixture
def log(dashboard: Dashboard, asked):
    row = next(row for row in dashboard.fleet.executions.values() if not row.live)
    return Log(dashboard, row)


def test_the_first_look_asks_for_a_tail_once(log, asked):
    first = log.page()
    assert "Looking for the log" in text(first)
    assert log.poll(first).status_code == 204
    assert asked == [("execution", log.row.id)]
    assert jobs.logs().watched(Kind.EXECUTION, log.row.id)


def test_the_resources_own_pages_have_the_panel_and_their_polls_leave_it_alone(log):
    log.write("hello")
    page = log.dashboard.get(f"/executions/{log.row.id}/", "viewer")
    assert '<div class="line">hello</div>' in text(page)
    assert 'role="log"' in text(page)
    log.write("more")
    assert log.dashboard.poll(page, "viewer").status_code == 204
    service = next(iter(log.dashboard.fleet.services.values()))
    assert 'id="log-lines"' in text(log.dashboard.get(f"/services/{service.id}/", "viewer"))


def test_a_poll_brings_only_what_is_new(log):
    log.write("one")
    page = log.page()
    log.write("two", "three")
    answer = log.poll(page)
    assert 'id="log-lines" hx-swap-oob="beforeend"' in text(answer)
    assert ("two" in text(answer), ">one<" in text(answer)) == (True, False)
    assert log.poll(answer).status_code == 204
    assert answer["Cache-Control"] == "no-store"


def test_a_poll_brings_the_end(log):
    log.write("one")
    page = log.page()
    log.write(state=ENDED)
    answer = log.poll(page)
    assert "The log has ended." in text(answer)
    assert "log-lines" not in text(answer)
    assert "every 5s" in text(answer)
    assert log.poll(answer).status_code == 204


@pytest.mark.parametrize(
    "seen", ["", "x", "-1.5.a", "ffff.1.ab", ".99999.", "ffff.999999999999.x", "é.1.2", "\0"]
)
def test_a_poll_that_saw_something_else_gets_everything(log, seen):
    log.write("one")
    assert 'id="log-lines" hx-swap-oob="innerHTML"' in text(log.ask(seen))


def test_a_page_begins_with_the_last_lines_and_says_so(log, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 10)
    log.write(*(f"line {number}" for number in range(30)))
    page = text(log.page())
    assert "20 earlier lines are not shown. The download has more." in page
    assert page.count('class="line"') == 10


def test_sections_fold_with_their_outcome_and_seconds(log):
    log.write(
        Entry(OPEN, "Build <x>", source="b"),
        "compiling",
        Entry(CLOSE, "", source="b", outcome="success", seconds=1.25),
        Entry(OPEN, "Test", source="t"),
        "testing",
        Entry(CLOSE, "", source="t", outcome="failure", seconds=61),
    )
    page = text(log.page())
    assert (
        '<details class="log-fold" data-source="b"><summary>Build &lt;x&gt; '
        '<small id="log-outcome-1" class="good" data-seconds="1.250">' in page
    )
    assert "success, 1.2 s" in page
    assert '<details class="log-fold" data-source="t" open><summary>Test' in page
    assert "failure, 61.0 s" in page


def test_a_section_with_nothing_beside_it_is_not_folded(log):
    log.write(Entry(OPEN, "Build", source="b"), "done", Entry(CLOSE, "", source="b", outcome="success"))
    assert '<details class="log-fold" data-source="b" open>' in text(log.page())


def test_a_poll_goes_on_inside_a_section(log):
    log.write(Entry(OPEN, "Build", source="b"), "one")
    page = log.page()
    log.write("two", Entry(CLOSE, "", source="b", outcome="success", seconds=2), "outside")
    answer = text(log.poll(page))
    assert '<div id="log-section-1" hx-swap-oob="beforeend"><div class="line">two</div></div>' in answer
    assert 'class="good" data-seconds="2.000" hx-swap-oob="true">success, 2.0 s</small>' in answer
    assert '<div id="log-lines" hx-swap-oob="beforeend"><div class="line">outside</div></div>' in answer


def test_a_page_that_begins_inside_sections_has_them(log, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 2)
    log.write(Entry(OPEN, "Outer", source="o"), Entry(OPEN, "Inner", source="i"), "a", "b", "c")
    page = text(log.page())
    assert page.index("Outer") < page.index("Inner") < page.index(">b<") < page.index(">c<")
    assert {'id="log-section-1"', 'id="log-section-2"'} <= set(re.findall(r'id="log-section-\d+"', page))


def test_hostile_lines_are_text(log):
    log.write(*HOSTILE, Entry(OPEN, "<script>title</script>\x1b[2J", source="x"))
    page = text(log.page())
    assert "<script>alert" not in page
    assert "<script>title" not in page
    assert "<img" not in page
    assert "javascript:alert" not in page
    assert '<span class="ansi-1">&lt;b&gt;red&lt;/b&gt;</span>' in page
    lines = page[page.index('id="log-lines"') : page.index('id="log-follow"')]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", lines)
    assert "style=" not in lines


def test_the_download_is_inert_text_without_control_sequences(log):
    log.write(*HOSTILE, Entry(LINE, "long", cut=True))
    answer = log.dashboard.get(f"{log.path}?download=1", "viewer")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="execution-')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text(answer))
    assert text(answer).splitlines()[:2] == ["<script>alert(1)</script>", "<b>red</b>"]
    assert "the rest was not kept" in text(answer)


def test_the_download_has_all_that_is_kept(log):
    log.write(*(f"line {number}" for number in range(2_500)))
    assert text(log.dashboard.get(f"{log.path}?download=1")).count("\n") == 2_500


def test_why_there_is_none_is_said(log):
    log.write(state=FAILED, reason="no <such> log")
    assert "no &lt;such&gt; log" in text(log.page())


def test_what_is_over_is_read_again_on_a_visit_but_not_by_polls(log, asked):
    log.write("one", state=ENDED)
    log.poll(log.ask(""))
    assert asked == []
    log.page()
    assert asked == [("execution", log.row.id)]


def test_a_kept_log_outlives_its_resource(log, asked):
    log.write("last words", state=ENDED)
    log.dashboard.empty()
    assert "last words" in text(log.page())
    assert asked == []


def test_a_log_of_nothing_is_not_found(log):
    assert log.dashboard.get("/executions/none/log/").status_code == 404
    assert log.dashboard.get("/services/none/log/?download=1").status_code == 404


def test_what_is_dropped_is_said(log, monkeypatch):
    monkeypatch.setattr(log_store, "LOG_ENTRIES", 5)
    log.write(*(f"line {number}" for number in range(8)))
    page = text(log.page())
    assert "3 earlier lines are not shown." in page
    assert "Only the end of it is kept." in page


def test_neither_address_nor_token_of_a_log_reaches_the_browser(log, settings):
    simulated, seen = log.dashboard.simulated, []
    world = simulated.world.executions
    row = next(
        row
        for row in log.dashboard.fleet.executions.values()
        if not row.live and world[row.id].environment.usable
    )
    settings.ONA_BASE_URL = simulated.base_url

    def look(app, environ, start):
        seen.append(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        return app(environ, start)

    simulated.wire.on(row.id, look)
    jobs.logs().watch(Kind.EXECUTION, row.id)
    jobs.tail("execution", row.id)
    read = Log(log.dashboard, row)
    for answer in (read.page(), read.ask(""), log.dashboard.get(f"{read.path}?download=1")):
        assert len(text(answer)) > 20
        assert seen[0] not in text(answer)
        assert simulated.base_url.removesuffix("/api") not in text(answer)
