"""What a page must be in whatever state it stands: axe finds nothing, its shape holds, and focus is seen.

axe looks at it wide and narrow, in both themes; since those differ in colours only (a test of the style sheet holds
that), what it asks of a dark page is about colours. The shape is looked at in the same windows, at 320 pixels (WCAG
1.4.10), with the text spacing of 1.4.12, and with letters twice as large (1.4.4). Whatever takes the focus must show it
(2.4.7) and must not be covered (2.4.11).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page

SIZES = ((1440, 900), (390, 844))
NARROWEST = (320, 800)
DESK = (1280, 800)
COLOURS = ("color-contrast", "link-in-text-block")
LIGHT: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""Target size is of WCAG 2.2, and not asked for by itself."""
DARK: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": [*COLOURS]}
SIDEWAYS = "document.scrollingElement.scrollWidth - innerWidth"
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; " +
    "word-spacing: .16em !important } p { margin-bottom: 2em !important }");
  document.adoptedStyleSheets = [sheet];
}"""
UNSPACED = "document.adoptedStyleSheets = []"
CUT = """() => [...document.querySelectorAll("main *, .side *, dialog *")].filter((one) => {
  const style = getComputedStyle(one);
  return !one.closest("svg, .sr, .gutter") && one.checkVisibility() && one.clientWidth > 2 && one.textContent.trim() &&
    ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis" && !one.value &&
    style.webkitLineClamp === "none" &&
    (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map((one) => one.outerHTML.slice(0, 120))"""
"""Text that is cut and does not say so: what ends in dots is told to who rests on it."""
OVER = """() => [...document.querySelectorAll("main :is(td, th, dt, dd)")].flatMap((cell) => {
  if (!cell.checkVisibility() || cell.closest("thead")?.clientWidth < 2) return [];
  if (getComputedStyle(cell).overflowX !== "visible") return [];
  const { left, right } = cell.getBoundingClientRect();
  return [...cell.querySelectorAll("*")].filter((one) => {
    if (!one.checkVisibility() || !one.textContent.trim() || one.closest(".sr, svg, .tick, .explain p")) return false;
    for (let around = one.parentElement; around !== cell; around = around.parentElement)
      if (getComputedStyle(around).overflowX !== "visible") return false;
    return [...one.getClientRects()].some((box) => box.right > right + 1 || box.left < left - 1);
  }).slice(0, 1);
}).map((one) => one.outerHTML.slice(0, 120))"""
"""Text that stands out of its cell, over what is beside it."""
FOCUS = """() => {
  const said = [], scope = [...document.querySelectorAll("dialog[open]")].at(-1) || document;
  const [was, x, y] = [document.activeElement, scrollX, scrollY];
  const shows = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  };
  for (const one of scope.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
    if (one.disabled || one.tabIndex < 0 || one.closest("[inert]")) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    one.focus();
    if (document.activeElement !== one) continue;
    if (!shows(one) && !shows(one.parentElement)) said.push(`no sign of focus: ${one.outerHTML.slice(0, 120)}`);
    const points = [...one.getClientRects()].flatMap(({ left, top, right, bottom }) =>
      [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]]
        .map(([across, down]) => [left + across * (right - left), top + down * (bottom - top)]));
    const seen = points.some(([across, down]) => {
      const there = document.elementFromPoint(across, down);
      return there && (one.contains(there) || there.closest("label")?.contains(one));
    });
    if (!seen) said.push(`covered while it has the focus: ${one.outerHTML.slice(0, 120)}`);
  }
  (was || document.body).focus({ preventScroll: true });
  scrollTo(x, y);
  return said;
}"""

MENUS = """() => [...document.querySelectorAll("main details.menu, .side details.menu")].flatMap((menu) => {
  if (!menu.checkVisibility() || menu.open || document.querySelector("dialog[open]")) return [];
  menu.open = true;
  menu.scrollIntoView({ block: "start" });
  const box = menu.querySelector(":scope > div").getBoundingClientRect();
  const there = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(20, box.height / 2));
  menu.open = false;
  return box.left >= 0 && box.right <= innerWidth && menu.contains(there) ? [] : [menu.outerHTML.slice(0, 120)];
})"""
"""Menus that cannot be reached where they open."""
LOGS = """() => [...document.querySelectorAll(".log-lines, .run #log")]
  .filter((one) => one.checkVisibility() && one.scrollHeight > one.clientHeight + 1).map(({ id }) => id)"""
"""What is printed over what follows it."""


Findings = Iterator[tuple[str, str]]


def findings(page: Page, name: str) -> Findings:
    """(kind, what and where) of all that is wrong with the page as it stands; its window is as before in the end."""
    before = page.viewport_size
    if page.evaluate("matchMedia('(scripting: none)').matches"):
        with _scripted(page) as copy:
            yield from _wide_and_narrow(copy, name)
    else:
        yield from _wide_and_narrow(page, name)
        yield from _focused(page, name)
    yield from _shaped(page, name)
    if before is not None:
        page.set_viewport_size(before)


def _wide_and_narrow(page: Page, name: str) -> Findings:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme, options in (("light", LIGHT), ("dark", DARK)):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for one in _axe(page, options):
                for node in one["nodes"]:
                    yield "axe", f"{name} at {width} px, {scheme}: {one['id']}: {node['html'][:160]}"
        page.emulate_media(color_scheme="light")


def _focused(page: Page, name: str) -> Findings:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Shift")  # whoever has a keyboard is shown the focus
        yield from (("focus", f"{name} at {width} px: {said}") for said in page.evaluate(FOCUS))


def _shaped(page: Page, name: str) -> Findings:
    for width, height in (*SIZES, NARROWEST):
        page.set_viewport_size({"width": width, "height": height})
        yield from (("shape", f"{name} at {width} px: {said}") for said in _shape(page))
        yield from (
            ("shape", f"{name} at {width} px, no way to a menu: {said}") for said in page.evaluate(MENUS)
        )
    page.emulate_media(media="print")
    yield from (("shape", f"{name}, printed over what follows: {said}") for said in page.evaluate(LOGS))
    page.emulate_media(media="screen")
    page.evaluate(SPACED)
    yield from (("shape", f"{name}, text spaced, {NARROWEST[0]} px: {said}") for said in _shape(page))
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    yield from (("shape", f"{name}, text spaced: {said}") for said in _shape(page))
    page.evaluate(UNSPACED)
    yield from (("shape", f"{name}, letters twice as large: {said}") for said in _enlarged(page))


@contextmanager
def _scripted(page: Page) -> Iterator[Page]:
    """The page as it stands without scripts, where scripts can look at it; its own do not come."""
    written = page.content().replace("<noscript>", "").replace("</noscript>", "")
    if (browser := page.context.browser) is None:
        raise RuntimeError("A page without a browser.")
    copy = browser.new_context(storage_state=page.context.storage_state()).new_page()
    copy.route("**/*.js", lambda route: route.abort())
    copy.route(page.url, lambda route: route.fulfill(body=written, content_type="text/html; charset=utf-8"))
    copy.goto(page.url)
    yield copy
    copy.context.close()


def _axe(page: Page, options: dict[str, Any]) -> list[dict[str, Any]]:
    if not page.evaluate("!!window.axe"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        "(options) => axe.run(document, options).then(({ violations }) => violations)", options
    )
    return found


def _shape(page: Page) -> Iterator[str]:
    wide = page.evaluate(SIDEWAYS)
    if wide > 0:
        yield f"scrolls sideways by {wide} px"
    yield from (f"cuts text: {what}" for what in page.evaluate(CUT))
    yield from (f"stands out of its cell: {what}" for what in page.evaluate(OVER))


def _enlarged(page: Page) -> list[str]:
    """Its shape for somebody whose browser is set to letters of 32 pixels, which are twice the usual."""
    wire = page.context.new_cdp_session(page)
    wire.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    found = [*_shape(page)]
    wire.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    wire.detach()
    return found
