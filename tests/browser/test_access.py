"""Everybody can use every page: axe finds nothing, in light and dark, wide and narrow; no page scrolls sideways."""

from collections.abc import Callable
from typing import Any, Literal
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Person, Visit

pytestmark = pytest.mark.browser
SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1440, "height": 900},
    "phone": {"width": 390, "height": 844},
}
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS: dict[str, Any] = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}
SHAPES: dict[str, Any] = {**EVERYTHING, "rules": {rule: {"enabled": False} for rule in COLOURS["runOnly"]}}
Schemes = tuple[tuple[Literal["light", "dark"], dict[str, Any]], ...]
SCHEMES: dict[str, Schemes] = {
    "desk": (("light", EVERYTHING), ("dark", COLOURS)),
    "phone": (("dark", SHAPES),),
}
LISTS = ("environments", "services", "tasks", "executions")


def findings(page: Page, schemes: Schemes) -> list[str]:
    """What axe finds, and a page wider than the screen. Dark and light differ only in colours, and a phone shows
    those of a desk.
    """
    axe, found = Axe(), []
    for scheme, options in schemes:
        page.emulate_media(color_scheme=scheme)
        found += [(scheme, one) for one in axe.run(page, options=options).response["violations"]]
    told = [
        f"{scheme}, {one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for scheme, one in found
        for node in one["nodes"]
    ]
    width = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    return told + ([f"scrolls sideways by {width} px"] if width > 0 else [])


def first_of(section: str) -> Callable[[Page], None]:
    """The page of the first failed one, else the first: it has most to show."""

    def open_it(page: Page) -> None:
        page.goto(f"/{section}/?sort=phase")
        page.goto(page.locator("#rows tr .main a").first.get_attribute("href") or "")
        expect(page.get_by_text("The details are being read")).to_have_count(0)

    return open_it


def at(path: str) -> Callable[[Page], None]:
    def open_it(page: Page) -> None:
        page.goto(path)

    return open_it


def dialog(page: Page) -> None:
    page.goto("/environments/?phase=running")
    page.locator("a.stop").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def question(page: Page) -> None:
    page.goto("/environments/?phase=running")
    page.goto(page.locator("a.stop").first.get_attribute("href") or "")


def running(page: Page) -> None:
    page.goto("/environments/?phase=running")
    page.goto(page.locator("#rows tr .main a").first.get_attribute("href") or "")
    expect(page.get_by_text("The details are being read")).to_have_count(0)
    for opened in page.locator("details").all():
        opened.evaluate("details => { details.open = true; }")


def signing_in_fails(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def choice(page: Page) -> None:
    page.goto("/idle/?idle=30m")
    page.locator("#rows input[name=id]").first.check()
    page.locator("#stop-chosen").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def policy(page: Page) -> None:
    """The page of one that only watches, and the dialog in which it would be armed."""
    page.goto("/idle/policies/new/")
    page.get_by_label("Name").fill(f"Watch {uuid4().hex[:8]}")
    page.get_by_label("Environments").fill("project:web")
    page.get_by_role("button", name="Save as a dry run").click()
    page.get_by_role("button", name="Arm…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def policy_with_mistakes(page: Page) -> None:
    page.goto("/idle/policies/new/")
    page.get_by_label("Only during").fill("Mon 22:00")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def what_if(page: Page) -> None:
    """With its answer: the curve, the limits and the stops."""
    page.goto("/idle/what-if/?scope=&idle=2h&days=7")
    page.get_by_role("button", name="Replay").first.click()
    expect(page.get_by_role("table", name="What each limit would have come to")).to_be_visible()


ADDRESSES = {
    "overview": "/",
    **{section: f"/{section}/" for section in LISTS},
    "nothing matches": "/environments/?q=nothing+has+this+name",
    "idle": "/idle/?idle=30m",
    "kept": "/idle/?show=kept",
    "batches": "/batches/",
    "exemptions": "/idle/exemptions/",
    "policies": "/idle/policies/",
    "daily reports": "/idle/reports/",
    "new channel": "/idle/channels/new/",
    "messages to you": "/accounts/messages/",
    "exemption by filter": "/idle/exemptions/new/",
    "activity": "/activity/",
    "system": "/system/",
    "sessions": "/accounts/sessions/",
    "classes": "/classes/",
    "new environment": "/environments/new/",
    "filter with mistakes": "/environments/?q=phase:runing+fase:x",
    "help of the filter": "/filter/executions/",
    "views": "/views/",
    "new view": "/views/new/environments/?q=phase:running",
    "not found": "/environments/none/",
}
PAGES: dict[str, Callable[[Page], None]] = {
    **{name: at(path) for name, path in ADDRESSES.items()},
    **{f"one of {section}": first_of(section) for section in LISTS},
    "one that runs": running,
    "choice": choice,
    "new policy": policy_with_mistakes,
    "policy": policy,
    "what if": what_if,
    "dialog": dialog,
    "question": question,
}


def forbidden(page: Page) -> None:
    page.goto("/environments/?phase=running")
    row = page.locator("#rows tr[id]").first.get_attribute("id") or ""
    page.goto(f"/environments/{row.removeprefix('environment-')}/stop/")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()


def look(person: Person, pages: dict[str, Callable[[Page], None]], schemes: Schemes) -> list[str]:
    person.expected += ["status of 4(0[34]|22)"]
    page, found = person.page(), []
    for name, open_it in pages.items():
        open_it(page)
        found += [f"{name}: {finding}" for finding in findings(page, schemes)]
    return found


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit: Visit, size: str) -> None:
    viewport, schemes = SIZES[size], SCHEMES[size]
    found = look(visit("admin", viewport=viewport), PAGES, schemes)
    found += look(visit("viewer", viewport=viewport), {"forbidden": forbidden}, schemes)
    outside = {"sign-in": at("/accounts/login/"), "sign-in failed": signing_in_fails}
    found += look(visit(viewport=viewport), outside, schemes)
    assert not found, "\n".join(found)


SHAPES = (
    *ADDRESSES.values(),
    *(
        "/environments/?sort=phase",
        "/costs/",
        "/activity/audit/",
        "/classes/prices/",
        "/help/",
        "/api/",
        "/webhooks/",
    ),
    *("/accounts/tokens/", "/idle/policies/new/", "/columns/environments/", "/find/?q=o"),
)
WIDTHS = (1440, 1280, 1000, 768, 390)
HIDDEN = """() => [document.scrollingElement, ...document.querySelectorAll(".scroll")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth)
  .map((box) => [box.querySelector("caption")?.textContent ?? box.tagName, box.scrollWidth - box.clientWidth])"""
ROOM = """() => Math.min(...[...document.querySelectorAll("#list td.main")].map((cell) => {
  const style = getComputedStyle(cell);
  return cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}))"""
NAME = """() => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = getComputedStyle(document.querySelector("#list td.main a")).font;
  return pen.measureText("brave-otter-of-the-north").width;
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_holds_its_shape_at_every_width(visit: Visit, language: str) -> None:
    """None scrolls sideways, no table hides anything beyond its edge, and names have room."""
    person, found = visit("admin"), list[str]()
    person.expected += ["status of 404"]
    page = person.page()
    person.context.add_cookies([{"name": "ona_language", "value": language, "url": person.stack.url}])
    page.goto("/executions/?sort=phase")
    one = page.locator("#rows tr .main a").first.get_attribute("href") or ""
    for path in (*SHAPES, one):
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(path)
        assert page.evaluate("document.documentElement.lang").startswith(language)
        if page.locator("#list td.main a").count() and page.evaluate(ROOM) < page.evaluate(NAME):
            found.append(f"{path}: no room for names")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if beyond := page.evaluate(HIDDEN):
                found.append(f"{path} at {width} px: {beyond}")
    assert not found, "\n".join(found)
