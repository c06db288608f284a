"""A page that stays open tells of failures, moves nothing in front of a reader, and notices a new release."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
RENEW = """(drop) => {
  const rows = htmx.find("#rows").cloneNode(true);
  for (const details of rows.querySelectorAll("details")) details.open = false;  // as the server has them
  const added = rows.firstElementChild.cloneNode(true);
  added.id = "environment-new";
  for (const details of added.querySelectorAll("details")) details.id = "why-new";
  rows.prepend(added);
  if (drop) rows.lastElementChild.remove();
  rows.setAttribute("hx-swap-oob", "true");
  htmx.swap("#main", `<template>${rows.outerHTML}</template>`, { swapStyle: "none" });
}"""

CHANGE = """() => {
  const fresh = htmx.find("#panels").cloneNode(true);
  const [counted, elsewhere] = fresh.querySelectorAll(".tallies a");
  counted.querySelector("b").textContent = "8,001";
  elsewhere.href = "/tasks/";
  fresh.setAttribute("hx-swap-oob", "true");
  htmx.findAll("#panels .tallies a").forEach((link) => { link.kept = true; });
  htmx.find("#panels .tallies a").focus();
  htmx.swap("#main", `<template>${fresh.outerHTML}</template>`, { swapStyle: "none" });
}"""
QUIET = "htmx.find('#poll').outerHTML = '<div id=poll></div>'"
OTHER_CHIPS = """() => {
  const fresh = htmx.find("#summary").cloneNode(true);
  fresh.querySelector("#chip-all b").textContent = "8,001";
  fresh.setAttribute("hx-swap-oob", "true");
  htmx.swap("#main", `<template>${fresh.outerHTML}</template>`, { swapStyle: "none" });
}"""
NOTHING_MATCHES = """htmx.swap("#main", `<template><div id="chosen" class="chosen" data-total="0" data-here="0"
  hx-swap-oob="true"></div></template>`, { swapStyle: "none" })"""
CLOSED = """() => {
  const [shown, said] = ["one", "two"].map((text) => Object.assign(document.createElement("section"), { id: "made",
    innerHTML: `<details id="group" open><summary>Group</summary><p>${text}</p></details>` }));
  htmx.find("#main").append(shown);
  htmx.find("#group").addEventListener("toggle", ({ target }) => {
    if (target.open) return;
    said.setAttribute("hx-swap-oob", "true");
    htmx.swap("#main", `<template>${said.outerHTML}</template>`, { swapStyle: "none" });
  });
}"""
LEAVE = "Object.defineProperty(document, 'hidden', { value: true })"


def rows_wait_in_another_list_too(page: Page) -> None:
    page.goto("/environments/?phase=stopped&sort=name")
    waiting = page.get_by_role("button", name="1 new")
    for _ in range(2):
        page.evaluate(QUIET)
        page.evaluate(RENEW, False)
        expect(waiting).to_be_visible()
        page.evaluate("htmx.ajax('GET', location.href, { target: '#list', swap: 'outerHTML' })")
        expect(waiting).to_have_count(0)
    page.evaluate(QUIET)


def what_is_chosen_goes_with_its_list(page: Page) -> None:
    page.goto("/environments/")
    page.evaluate(QUIET)
    picked, chip = page.locator("#picked"), page.locator("#chip-running")
    chip.focus()
    chip.hover()
    page.evaluate(OTHER_CHIPS)
    page.mouse.move(1, 1)
    expect(page.locator("#chip-all b")).to_have_text("8,001")
    expect(chip).to_be_focused()
    page.keyboard.press("Enter")
    expect(chip).to_have_attribute("aria-current", "true")
    page.evaluate("htmx.find('#rows input[name=id]').click()")
    expect(picked).to_have_text("1 chosen")
    page.go_back()
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")
    expect(picked).to_have_text("None chosen")
    page.evaluate("htmx.find('#rows input[name=id]').click()")
    expect(page.locator("#stop-chosen")).to_be_in_viewport()  # at the lower edge; the phases stay
    expect(page.locator("#summary")).to_be_visible()
    page.evaluate(NOTHING_MATCHES)
    expect(page.locator("#pick[data-any]")).to_have_count(0)


def what_somebody_closes_stays_closed(page: Page) -> None:
    page.evaluate(CLOSED)
    page.locator("#group summary").click()
    expect(page.locator("#group p")).to_have_text("two")
    expect(page.locator("#group")).not_to_have_attribute("open", "")


def a_row_that_comes_before_an_opened_one_is_not_opened(page: Page) -> None:
    page.goto("/idle/?show=all")
    page.evaluate("htmx.find('#poll').remove()")
    why = page.locator("#rows details").first
    opened = page.locator(f"[id='{why.get_attribute('id')}']")
    opened.locator("summary").click()
    page.evaluate(RENEW, False)
    page.get_by_role("button", name="1 new").click()
    expect(page.locator("#why-new")).not_to_have_attribute("open", "")
    expect(opened).to_have_attribute("open", "")


def test_a_page_that_stays_open_tells_without_jumping(visit: Visit) -> None:
    page = visit("admin").page("/executions/?phase=failed")  # what has failed there stays so
    expect(page).to_have_title(re.compile("^▲ Task executions"))
    assert "failing" in (page.locator("#icon").get_attribute("href") or "")
    page.goto("/environments/?phase=stopped&sort=name")
    expect(page).to_have_title(re.compile("^Environments"))

    page.evaluate("htmx.find('#poll')?.remove()")  # the only changes are those made here
    first = page.locator("#rows tr").first
    name = first.get_attribute("id") or ""
    page.evaluate(RENEW, False)
    waiting = page.get_by_role("button", name="1 new")
    expect(waiting).to_be_visible()
    assert first.get_attribute("id") == name
    waiting.click()
    expect(first).to_have_attribute("id", "environment-new")
    expect(first.locator("td.main a").first).to_be_focused()
    expect(waiting).to_have_count(0)

    page.evaluate("htmx.find('#environment-new').remove()")
    page.evaluate(RENEW, False)
    expect(waiting).to_be_visible()
    page.evaluate(LEAVE)
    expect(first).to_have_attribute("id", "environment-new")
    expect(waiting).to_have_count(0)

    page.evaluate("htmx.find('#environment-new').remove()")
    rows_wait_in_another_list_too(page)
    page.evaluate(LEAVE)
    page.evaluate(RENEW, True)
    expect(first).to_have_attribute("id", "environment-new")

    a_row_that_comes_before_an_opened_one_is_not_opened(page)
    what_is_chosen_goes_with_its_list(page)
    page.goto("/")
    page.evaluate("htmx.find('#poll')?.remove()")
    what_somebody_closes_stays_closed(page)
    table = page.locator("#failed-services")
    table.hover()
    page.evaluate("""() => htmx.swap("#main", `<template><section id="failed-services" hx-swap-oob="true"
      class="card flush"><h2>Another</h2></section></template>`, { swapStyle: "none" })""")
    expect(table).not_to_contain_text("Another")
    page.mouse.move(1, 1)
    expect(table).to_contain_text("Another")

    page.evaluate(CHANGE)
    expect(page.locator("#panels .tallies b").first).to_have_text("8,001")
    assert page.evaluate("document.activeElement.kept")
    changed = page.locator("#panels .tallies a").nth(1)
    expect(changed).to_have_attribute("href", "/tasks/")
    assert not changed.evaluate("link => link.kept")  # nobody follows what they did not see

    fresh = "{ state: 'fresh', at: new Date().toISOString(), now: new Date().toISOString(), release: 'x' }"
    for _ in range(2):
        page.evaluate(f"htmx.trigger('body', 'fleet:freshness', {fresh})")
    expect(page.get_by_text("This dashboard has been updated.")).to_have_count(1)
