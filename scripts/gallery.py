"""A picture of every page and state in every size and theme, and contact sheets of them all to look at.

    make gallery [ONLY="overview execution-failed"]

`var/gallery/` gets the pictures, `index.html` to leaf through them, and a sheet for each size and theme. A page is
loaded once: its window is made narrow and its theme changed before its eyes.
"""

import html
import os
import shutil

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import find
from scripts.demo import ROOT
from scripts.walk import sights

GALLERY = ROOT / "var" / "gallery"
SIZES = ((1440, 900), (390, 844))
SCHEMES = ("light", "dark")
PAPER = (794, 1123)
"""A4 at 96 dots an inch."""
SETTLED_MS = 900
CURRENT = """for (const one of document.querySelectorAll("nav [aria-current]"))
  one.closest("nav").scrollLeft = one.offsetLeft - 60"""
"""A menu that is wider than the screen shows where one is, as it does on a page that is loaded narrow."""
SHEET = """<!doctype html><meta charset="utf-8"><title>Gallery</title><style>
body {{ font: 13px system-ui; margin: 16px; background: #888; display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax({width}px, 1fr)); }}
figure {{ margin: 0; }} img {{ width: 100%; height: {height}px; object-fit: cover; object-position: top; }}
</style>{figures}"""
FIGURE = '<figure><a href="{file}"><img src="{file}" alt=""></a><figcaption>{file}</figcaption></figure>'
ONLY = os.environ.get("ONLY", "").split()


def shown(page: Page, name: str, whole: bool) -> None:
    """The page as it is, in every size and theme."""
    if ONLY and name not in ONLY:
        return
    page.wait_for_timeout(SETTLED_MS)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(CURRENT)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.screenshot(path=GALLERY / f"{name}-{width}-{scheme}.png", full_page=whole)
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    page.emulate_media(color_scheme="light")


def paper(page: Page, name: str) -> None:
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    page.emulate_media(media="print")
    page.screenshot(path=GALLERY / f"{name}-{PAPER[0]}-light.png", full_page=True)
    page.emulate_media(media="screen")


def sheet(browser: Browser, width: int, scheme: str) -> None:
    """All pictures of one size and theme beside each other."""
    end = f"-{width}-{scheme}"
    files = sorted(one.name for one in GALLERY.glob(f"*{end}.png") if not one.name.startswith("sheet"))
    figures = "".join(FIGURE.format(file=html.escape(one)) for one in files)
    wide = width > 1000
    place = GALLERY / f"sheet{end}.html"
    place.write_text(SHEET.format(width=460 if wide else 240, height=300 if wide else 420, figures=figures))
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.goto(place.as_uri())
    page.screenshot(path=place.with_suffix(".png"), full_page=True)
    page.close()


def pictures(browser: Browser) -> None:
    for sight in sights(browser):
        if sight.paper:
            paper(sight.page, sight.name)
        else:
            shown(sight.page, sight.name, sight.whole)


def main() -> None:
    if not ONLY:
        shutil.rmtree(GALLERY, ignore_errors=True)
    GALLERY.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        pictures(browser)
        for width, scheme in (
            *((size[0], scheme) for size in SIZES for scheme in SCHEMES),
            (PAPER[0], "light"),
        ):
            sheet(browser, width, scheme)
        browser.close()
    links = "".join(f'<p><a href="{one.name}">{one.stem}</a>' for one in sorted(GALLERY.glob("sheet*.html")))
    (GALLERY / "index.html").write_text(f"<!doctype html><title>Gallery</title>{links}")
    print(f"Gallery: {GALLERY / 'index.html'}")


if __name__ == "__main__":
    main()
