"""Everything is a few letters away, and no single key gets in the way of typing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_access import LISTS, SCHEMES, findings

pytestmark = pytest.mark.browser


PAGES = (
    "/environments/?phase=stopped",
    "/idle/?idle=30m",
    "/idle/policies/new/",
    "/accounts/tokens/",
    "/views/",
)
"""Beside those of the navigation."""
FOCUSABLE = """(root) => {
  const groups = new Set();
  return [...root.querySelectorAll("a[href], button, input, select, textarea, summary")].filter((one) => {
    if (one.disabled || one.tabIndex < 0 || one.type === "hidden") return false;
    if (!one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type !== "radio") return true;
    const known = groups.has(one.name);
    groups.add(one.name);
    return !known || one.checked;
  });
}"""
WATCH = f"""() => {{
  window.expected = ({FOCUSABLE})(document);
  window.stops = new Set();
  window.unseen = [];
  document.addEventListener("focusin", ({{ target }}) => {{
    window.stops.add(target);
    if (!window.expected.includes(target)) return;
    const marked = [target, target.closest("label")].filter(Boolean).map((one) => getComputedStyle(one));
    if (!marked.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2))
      window.unseen.push(target.outerHTML.slice(0, 120));
  }});
  return window.expected.length;
}}"""
MISSED = """() => window.expected
  .filter((one) => one.isConnected && one.checkVisibility() && !window.stops.has(one)
    && !(one.type === "radio" && [...window.stops].some((other) => other.name === one.name))
    && !(one.id && [...window.stops].some((other) => other.id === one.id)))
  .map((one) => one.outerHTML.slice(0, 120))"""
OPENERS = """() => [...document.querySelectorAll("main :is(a, button)[hx-target='#dialog'][id]")]
  .filter((one) => one.checkVisibility() && !one.closest("#rows")).map((one) => one.id)"""
FOLDS = """(most) => {
  htmx.find("#poll")?.remove();  // what is walked now stays as it is
  window.folds = [...document.querySelectorAll("details:not(:is(.log-lines *, details *))")]
    .filter((one) => one.querySelector("summary").checkVisibility()).slice(0, most);
  return window.folds.length;
}"""
OPENED = f"""(place) => {{
  window.inside = window.folds[place].open ? ({FOCUSABLE})(window.folds[place]).slice(1) : null;
  window.stops = new Set();
  return window.inside?.length ?? -1;
}}"""
CLOSED = """(place) => {
  const [fold, title] = [window.folds[place], window.folds[place].querySelector("summary")];
  const missed = window.inside.filter((one) => !window.stops.has(one)).map((one) => `not reached: ${one.outerHTML}`);
  if (fold.matches(".menu, .explain")) {
    if (fold.open) missed.push("stays open");
    if (document.activeElement !== title) missed.push("loses the focus");
  }
  fold.open = false;
  return missed.map((one) => `${location.pathname} ${title.textContent.slice(0, 40)}: ${one}`.slice(0, 200));
}"""
ROW = """() => [...document.querySelectorAll("main table.list tbody tr")]
  .filter((row) => row.querySelector("a[href]")).indexOf(document.activeElement.closest("tr"))"""
MOST_FOLDS = 6
ROUNDS = 6


def walked(page: Page) -> list[str]:
    """What the Tab key does not reach of the page that is open, and what does not show that it has the focus. What a
    poll renews meanwhile may take several rounds; out of a trap no number of rounds would lead.
    """
    stops, missed = page.evaluate(WATCH), ["all"]
    for _ in range(ROUNDS):
        for _ in range(stops + 10):
            page.keyboard.press("Tab")
        if not (missed := page.evaluate(MISSED)):
            break
    unseen = page.evaluate("window.unseen")
    return [f"{page.url} not reached: {one}" for one in missed] + [
        f"{page.url} not seen: {one}" for one in unseen
    ]


def folds_are_walked(page: Page) -> list[str]:
    """Menus, hints and what is folded open with Enter and Space, and the Tab key reaches what is in them; Escape closes
    those that lie above the page and gives the focus back.
    """
    found = list[str]()
    for place in range(page.evaluate(FOLDS, MOST_FOLDS)):
        page.evaluate("(place) => window.folds[place].querySelector('summary').focus()", place)
        page.keyboard.press("Space" if place % 2 else "Enter")
        inside = page.evaluate(OPENED, place)
        assert inside >= 0, (page.url, place)
        for _ in range(inside):
            page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        found += page.evaluate(CLOSED, place)
    return found


def rows_are_walked(page: Page) -> None:
    links = page.locator("main table.list tbody tr td.main > a:visible")
    if links.count() < 2:
        return
    page.locator("#main").focus()
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(ROW) == place, page.url
    box = page.locator("main tbody tr").first.locator("input[name=id]")
    if box.count():
        for chosen in (True, False):
            page.keyboard.press("x")
            expect(box).to_be_checked(checked=chosen)


def dialogs_give_the_focus_back(page: Page) -> None:
    dialog = page.locator("#dialog")
    for opener in page.evaluate(OPENERS):
        page.locator(f"[id='{opener}']").focus()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        for _ in range(4):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.locator(f"[id='{opener}']")).to_be_focused()


def test_the_keyboard_reaches_everything_and_leaves_typing_alone(visit: Visit) -> None:
    page = visit("admin").page()
    page.goto("/environments/?phase=running")
    name = page.locator("#rows tr .main a bdi").first.inner_text()
    palette = page.get_by_role("combobox", name="Search everything")
    options = page.locator("#palette-list").get_by_role("option")
    page.keyboard.press("j")
    expect(page.locator("#rows tr .main a").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("?gek")
    expect(page.locator("#q")).to_have_value("?gek")
    page.keyboard.press("Control+k")
    expect(options.filter(has_text="Overview")).to_be_visible()
    page.keyboard.press("Tab")
    expect(
        page.locator("#palette-list")
    ).to_be_focused()  # because it scrolls; what is typed goes into the box
    page.keyboard.type(name)
    expect(options.filter(has_text=name).first).to_be_visible()
    assert not findings(page, SCHEMES["desk"])
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator("#q")).to_be_focused()

    page.locator("#main").focus()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    keys.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("?")
    page.keyboard.press("Control+k")  # opens only while no dialog is open
    expect(palette).to_be_visible()
    expect(keys).to_be_hidden()
    page.keyboard.type("system")
    expect(options.filter(has_text=re.compile("^System"))).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()

    page.goto("/keys/")
    page.get_by_label("Single keys are on").check()
    page.locator("#main").focus()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Environments", level=1)).to_be_visible()
    page.goto(page.locator("#rows tr .main a").first.get_attribute("href") or "")
    page.keyboard.press("Control+k")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("edit")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_visible()


def test_every_page_is_walked_with_the_keyboard_alone(visit: Visit) -> None:
    page, found = visit("admin").page("/"), list[str]()
    menu = page.locator(".side nav a[href]")
    paths = [str(menu.nth(place).get_attribute("href")) for place in range(menu.count())]
    page.goto("/environments/?phase=stopped")
    one = page.locator("#rows td.main > a").first.get_attribute("href") or ""
    for path in (*paths, *PAGES, one):
        page.goto(f"{path}?q=phase:failed" if path.strip("/") in LISTS else path)
        found += walked(page)
        rows_are_walked(page)
        dialogs_give_the_focus_back(page)
        found += folds_are_walked(page)
    assert not found, "\n".join(found)

    more, item = page.locator("[id^=more-]"), page.locator(".menu[open] a").first
    more.focus()
    for key in ("Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(item).to_be_focused()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()

    page.goto("/environments/")
    heading = page.get_by_role("columnheader", name="Project")
    for button in ("Show them", "Usual columns"):
        page.locator("#choose-columns").focus()
        page.keyboard.press("Enter")
        page.locator("#show-project").focus()
        page.keyboard.press("Space")
        page.locator("#dialog").get_by_role("button", name=button).last.focus()
        page.keyboard.press("Enter")
        expect(heading).to_have_count(0 if button == "Show them" else 1)
        expect(page.locator("#dialog")).to_be_hidden()
