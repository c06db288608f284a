"""Stars in a browser, and notifications of what is starred: one of the open tabs tells, once."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit, until

pytestmark = pytest.mark.browser
NOTIFICATION = """window.Notification = class {
  static get permission() {
    return localStorage.getItem("may") || "default";
  }
  static requestPermission() {
    localStorage.setItem("may", "granted");
    return Promise.resolve("granted");
  }
  constructor(title, { body }) {
    const told = JSON.parse(localStorage.getItem("told") || "[]");
    localStorage.setItem("told", JSON.stringify([...told, [title, body]]));
    window.notice = this;
  }
  close() {}
};
navigator.permissions.query = async () => ({ state: Notification.permission.replace("default", "prompt") });"""
ITEM = {"key": "a", "title": "<b>otter</b> has failed", "body": "disk full", "url": "/tasks/"}


def told(page: Page) -> Any:
    """What was told in this browser, after every tab that may ask has asked once more."""
    for tab in page.context.pages:
        tab.evaluate("dispatchEvent(new Event('pageshow'))")
    return json.loads(page.evaluate("localStorage.getItem('told')") or "[]")


def test_a_star_is_put_by_key_and_its_news_told_once_by_one_of_the_tabs(visit: Visit) -> None:
    person = visit("viewer")
    person.context.add_init_script(NOTIFICATION)
    now: dict[str, Any] = {"seen": "none", "items": []}

    def answer(route: Route) -> None:
        same = f"seen={now['seen']}" in route.request.url
        route.fulfill(status=204) if same else route.fulfill(json=now)

    person.context.route("**/watching/?*", answer)
    first = person.page("/environments/?phase=running&sort=name")
    star = first.locator("#rows .star").first
    star.focus()
    first.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    name = first.locator("#rows .main bdi").first.inner_text()

    second = person.page("/")
    expect(second.locator("#starred a bdi").first).to_have_text(name)
    second.get_by_role("button", name="Turn on in this browser").click()
    expect(second.get_by_text("On in this browser.")).to_be_visible()
    until(lambda: "keys" in second.evaluate("Object.entries(localStorage).join()"))
    now.update(seen="one", items=[ITEM])
    until(lambda: told(first))
    assert [told(first) for _ in range(3)][-1] == [[ITEM["title"], ITEM["body"]]]
    with person.context.expect_page() as opened:
        teller = next(tab for tab in (first, second) if tab.evaluate("typeof notice") != "undefined")
        teller.evaluate("notice.onclick()")
    expect(opened.value).to_have_url(f"{person.stack.url}/tasks/")

    opened.value.close()
    second.close()
    now.update(seen="two", items=[ITEM, ITEM | {"key": "b", "title": "owl"}])
    until(lambda: len(told(first)) == 2)
    first.goto("/")
    first.locator("#starred .star").first.press("Enter")
    expect(first.locator("#starred .star")).to_have_count(0)
