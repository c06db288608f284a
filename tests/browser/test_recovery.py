"""Whatever dies comes back by itself, the open page with it, and what was accepted still happens."""

import os
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POST, Person, Stack, Visit, assert_not_reloaded, mark, until

pytestmark = pytest.mark.browser
UNREACHABLE = [
    "net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|CONNECTION_CLOSED)",
    "^htmx:(sendError|timeout|responseError|afterRequest)",
    "status of 50[0-9]|Response Status Error Code 50[0-9]",
]


def open_page(visit: Visit) -> tuple[Person, Page]:
    admin = visit("admin")
    admin.expected += UNREACHABLE
    page = admin.page("/environments/?phase=running")
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
    mark(page)
    return admin, page


def ask_for_a_stop(page: Page, stack: Stack) -> tuple[str, ...]:
    """Post one; returns what must become of it."""
    paths = page.locator("a.stop")
    path = paths.nth(paths.count() - 1).get_attribute("href") or ""
    assert page.evaluate(POST, path) == 200
    return ("environment.stop", path.split("/")[2], "confirmed")


def came_back(stack: Stack, name: str, before: int) -> bool:
    return stack.pid(name) not in (0, before)


def assert_all_is_well(page: Page, stack: Stack, wanted: tuple[str, ...]) -> None:
    """The stop has ended well, the page is fresh again, its rows are those of the fleet, all without a reload."""
    until(lambda: wanted in [one[:3] for one in stack.actions()], 60, show=stack.actions)
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator(f"#rows #environment-{wanted[1]}:not(.left)")).to_have_count(0)
    expect(page.locator("#rows tr[id]").first).to_be_visible()
    assert_not_reloaded(page)


@pytest.mark.parametrize("name", ["worker", "valkey", "web"])
def test_a_kill_right_after_a_stop_loses_nothing(visit: Visit, stack: Stack, name: str) -> None:
    _, page = open_page(visit)
    if name == "worker":  # it gets the message and never works on it; else the stop might be through already
        os.kill(stack.pid("worker"), signal.SIGSTOP)
    wanted = ask_for_a_stop(page, stack)
    before = stack.kill(name)
    until(lambda: came_back(stack, name, before))
    assert_all_is_well(page, stack, wanted)


@pytest.mark.parametrize("name", ["worker", "valkey"])
def test_a_stop_asked_for_right_after_a_kill_is_carried_out(visit: Visit, stack: Stack, name: str) -> None:
    _, page = open_page(visit)
    before = stack.kill(name)
    wanted = ask_for_a_stop(page, stack)
    until(lambda: came_back(stack, name, before))
    assert_all_is_well(page, stack, wanted)


def test_a_dashboard_that_does_not_answer_says_so_until_it_does(visit: Visit, stack: Stack) -> None:
    _, page = open_page(visit)
    before, trouble = stack.pid("web"), page.locator("#trouble")
    os.kill(stack.process.pid, signal.SIGSTOP)  # nobody starts it again meanwhile
    try:
        os.killpg(before, signal.SIGKILL)
        expect(trouble).to_be_visible()
        expect(trouble).to_contain_text("The dashboard does not answer; trying again.")
    finally:
        os.kill(stack.process.pid, signal.SIGCONT)
    until(lambda: came_back(stack, "web", before))
    expect(trouble).to_be_hidden()
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
    assert_not_reloaded(page)


def test_an_api_that_does_not_answer_is_named_until_it_does(visit: Visit, stack: Stack) -> None:
    _, page = open_page(visit)
    simulator = stack.pid("simulator")
    os.kill(simulator, signal.SIGSTOP)
    try:
        expect(page.locator("#trouble")).to_be_visible()
        rows = page.locator("#rows tr").count()  # what was on its way when the API went silent has arrived
        assert rows > 0
        with page.expect_response(lambda response: "seen=" in response.url):
            pass
        assert page.locator("#rows tr").count() == rows
    finally:
        os.kill(simulator, signal.SIGCONT)
    expect(page.locator("#trouble")).to_be_hidden()
    assert_not_reloaded(page)
