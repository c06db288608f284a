"""The automations file in a real browser, and the whole way of an environment from its creation to its end."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Stack, Visit, assert_not_reloaded, mark, sign_in, until

pytestmark = pytest.mark.browser
REFUSED = r"the server responded with a status of 4(09|13|22)"
"""The browser notes answers that refuse a form, though they are pages like others."""
SERVICES = """\
services:
  site:
    name: Site of the way
    commands:
      start: serve
      ready: curl -sf localhost:3000
"""
TASKS = """\
tasks:
  first:
    name: First step
    command: make first
  second:
    name: Second step
    command: make second
    dependsOn:
      - site
      - first
"""
EXECUTION = "tr[id^=execution-] .main a"
ROOM = "(box) => box.getElementsByClassName('line').length"


def assert_accessible(page: Page) -> None:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def open_file(page: Page, query: str = "phase=stopped") -> str:
    """The editor of the first environment of a list; returns the environment's id."""
    page.goto(f"/environments/?{query}")
    path = page.locator("#rows tr[id] .main a").first.get_attribute("href") or ""
    page.goto(path)
    page.get_by_role("link", name="Automations file").last.click()
    expect(page.locator("#text")).to_be_visible()
    return path.split("/")[2]


def preview(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Preview").click()


def state_of(stack: Stack, verb: str, identifier: str) -> str:
    """The state of the newest action of that verb on that target."""
    found = [one[2] for one in stack.actions() if one[:2] == (verb, identifier)]
    return found[-1] if found else ""


def confirmed(stack: Stack, verb: str, identifier: str, seconds: float = PATIENCE) -> None:
    until(lambda: state_of(stack, verb, identifier) == "confirmed", seconds, stack.actions)


def test_an_environment_is_made_used_and_deleted_in_the_browser_alone(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page("/environments/")
    identifier = _made(page, "the whole way")
    expect(page.locator("#header")).to_contain_text("Running", timeout=90_000)

    page.locator(f"#more-{identifier}").click()
    page.locator(f"#upsert-automations-{identifier}").click()
    expect(page.locator("#text")).to_be_visible()
    preview(page, SERVICES + TASKS)
    expect(page.locator("h2", has_text="3 to be added")).to_be_visible()
    page.get_by_label("Reason").fill("to see the whole way")
    page.get_by_role("button", name="Send the file").click()
    expect(page.locator(".banner.success")).to_contain_text("is on its way")
    confirmed(stack, "environment.upsert-automations", identifier)
    expect(page.locator("#actions")).to_contain_text("adds site, first, second")

    service = _inside(page, "#services", "Site of the way")
    _ask(page, "Start", "service.start", service, stack)
    expect(page.locator("#header")).to_contain_text("Running")

    page.goto(f"/environments/{identifier}/")
    task = _inside(page, "#tasks", "Second step")
    _ask(page, "Run", "task.start", task, stack)
    page.locator(EXECUTION).first.click()
    plan = page.locator("#plan")
    expect(plan).to_contain_text("First step")
    expect(plan).to_contain_text("Second step")
    box = page.locator("#log-lines")
    until(lambda: box.evaluate(ROOM) > 0)
    expect(page.locator("#header")).to_contain_text("Succeeded", timeout=90_000)
    expect(plan.locator(".step-open b").first).to_have_text(re.compile(r"\d s$"))  # as the log says
    _choose_steps(page)

    page.goto(f"/environments/{identifier}/")
    _ask(page, "Stop", "environment.stop", identifier, stack)
    expect(page.locator("#header")).to_contain_text("Stopped")
    page.locator(f"#more-{identifier}").click()
    page.locator(f"#delete-{identifier}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    name = dialog.get_by_label("Name of the environment")
    if name.count():
        name.fill(identifier)
    dialog.get_by_role("button", name="Delete", exact=True).click()
    confirmed(stack, "environment.delete", identifier, 60)
    page.goto("/environments/?q=the+whole+way")
    there = page.locator("#rows tr:not(.left)", has_text="the whole way")
    expect(there).to_have_count(0, timeout=90_000)


def _choose_steps(page: Page) -> None:
    """By keyboard beside the plan, back, and on a phone, where the log comes into view."""
    first, second = (page.locator("#plan .step-open", has_text=f"{one} step") for one in ("First", "Second"))
    title = page.locator("#log-title")
    mark(page)
    expect(title).to_have_text("Log")
    first.focus()
    page.keyboard.press("Enter")
    expect(title).to_have_text("Log of First step")
    expect(page).to_have_url(re.compile(r"\?step="))
    expect(first).to_have_attribute("aria-current", "true")
    expect(first).to_be_focused()
    expect(page.locator("#log-lines .log-fold")).to_have_count(0)
    assert_accessible(page)
    address = page.url
    page.go_back()
    expect(title).to_have_text("Log")
    page.set_viewport_size({"width": 390, "height": 844})
    second.click()
    expect(title).to_have_text("Log of Second step")
    expect(page.locator("#step-title")).to_be_focused()
    expect(page.locator("#step-title")).to_be_in_viewport()
    page.get_by_role("link", name="Back to the plan").click()
    expect(first).to_be_in_viewport()
    assert_not_reloaded(page)
    page.goto(f"{address}#log")
    expect(title).to_have_text("Log of First step")
    page.set_viewport_size({"width": 1280, "height": 720})


def _made(page: Page, name: str) -> str:
    """A new environment, of whose page this is; returns its id."""
    until(lambda: page.goto("/environments/") and page.locator("#project option").count() > 1)
    page.locator("#new-environment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Project").select_option(index=1)
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/activity/")
    row = page.locator("#rows tr", has_text=name).first
    row.get_by_role("link", name="The environment it made").click()
    expect(page.locator("#header h1")).to_have_text(name)
    return page.url.split("/")[4]


def _inside(page: Page, table: str, name: str) -> str:
    """Go to the page of a service or task in one of the environment's tables; returns its id."""
    page.locator(table).get_by_role("link", name=name, exact=True).click()
    expect(page.locator("#header h1")).to_have_text(name)
    return page.url.split("/")[4]


def _ask(page: Page, label: str, verb: str, identifier: str, stack: Stack) -> None:
    """Press the button of the page's header, say yes, and wait until it is confirmed."""
    page.locator("#header").get_by_role("button", name=re.compile(f"^{label}")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_be_hidden()
    confirmed(stack, verb, identifier, 60)


def test_a_mistakes_link_selects_its_line_and_every_step_is_accessible(visit: Visit) -> None:
    person = visit("admin")
    person.expected.append(REFUSED)
    page = person.page()
    open_file(page)
    assert_accessible(page)
    preview(page, "# padding\n" * 60 + TASKS.replace("make second", "''").replace("      - site\n", ""))
    mistakes = page.locator(".mistakes")
    expect(mistakes).to_contain_text("1 mistake. Nothing was sent.")
    expect(mistakes).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    box = page.locator("#text")
    expect(box).to_be_focused()
    chosen = box.evaluate("(box) => box.value.slice(box.selectionStart, box.selectionEnd)")
    assert chosen == "    command: ''"
    assert box.evaluate("(box) => box.scrollTop") > 0
    expect(page.locator(".gutter .wrong")).to_have_text("67")
    box.fill(TASKS.replace("      - site\n", "").replace("first:", "way-1:").replace("- first", "- way-1"))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("h2", has_text="to be added")).to_be_visible()
    assert_accessible(page)


def test_what_was_typed_is_not_lost_to_a_stray_click(visit: Visit) -> None:
    page = visit("admin").page()
    open_file(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss())[1])
    page.locator("#text").press("End")
    page.locator("#text").type("# mine")
    page.get_by_role("link", name="Services", exact=True).click()
    until(lambda: asked == ["beforeunload"])
    assert "# mine" in page.locator("#text").input_value()
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#header h1")).to_be_visible()
    assert asked == ["beforeunload"]


def test_a_form_of_five_megabytes_is_refused_with_a_page_that_says_so(visit: Visit) -> None:
    person = visit("admin")
    person.expected.append(REFUSED)
    page = person.page()
    open_file(page)
    page.locator("#text").evaluate("(box) => { box.value = 'x'.repeat(5_000_000) }")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("h1")).to_have_text("That is too large")


def test_a_file_is_edited_and_sent_without_javascript(visit: Visit, stack: Stack) -> None:
    person = visit(java_script_enabled=False)
    person.expected.append(REFUSED)
    page = person.page()
    page.goto("/environments/")
    sign_in(page, "admin", stack.password("admin"))
    page.goto("/environments/?phase=stopped")
    path = page.locator("#rows tr[id] .main a").nth(1).get_attribute("href") or ""
    page.goto(f"{path}automations/?new=1")
    expect(page.locator("#text")).to_be_visible()  # the page that waits comes back by itself
    preview(page, "tasks:\n  plain:\n    name: 5\n    command: make\n")
    expect(page.locator(".mistakes")).to_contain_text("must be a text: put it in quotes")
    preview(page, "tasks:\n  plain:\n    name: Plain\n    command: make\n")
    page.get_by_role("button", name="Back to the editor").click()
    expect(page.locator("#text")).to_have_value("tasks:\n  plain:\n    name: Plain\n    command: make\n")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Send the file").click()
    expect(page).to_have_url(re.compile(f"{path}$"))
    confirmed(stack, "environment.upsert-automations", path.split("/")[2])
