"""A picture of every page in every size and theme, and one contact sheet of them all to look at.

    make gallery

`var/gallery/` gets the pictures, `index.html` to leaf through them, and a sheet for each size and theme.
"""

import html
import shutil

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import find
from scripts.demo import ROOT, Demo, addresses, demo, dialog, signed_in

GALLERY = ROOT / "var" / "gallery"
SIZES = ((1440, 900), (390, 844))
SCHEMES = ("light", "dark")
SETTLED_MS = 1300
SHEET = """<!doctype html><meta charset="utf-8"><title>Gallery</title><style>
body {{ font: 13px system-ui; margin: 16px; background: #888; display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax({width}px, 1fr)); }}
figure {{ margin: 0; }} img {{ width: 100%; height: {height}px; object-fit: cover; object-position: top; }}
</style>{figures}"""
FIGURE = '<figure><a href="{file}"><img src="{file}" alt=""></a><figcaption>{file}</figcaption></figure>'


def pictures(browser: Browser, at: Demo, size: tuple[int, int], scheme: str) -> None:
    """Every page in one size and theme, also what somebody sees who may not, and who is not signed in."""
    page = signed_in(browser, at, size, scheme)
    for name, path in addresses(page, at):
        page.goto(at.url + path)
        page.wait_for_timeout(SETTLED_MS)
        _take(page, name, size, scheme, whole=True)
    dialog(page, at)
    _take(page, "dialog", size, scheme)
    stop = page.locator("dialog form").get_attribute("action") or "/"
    page.context.clear_cookies()
    page.goto(at.url)
    _take(page, "sign-in", size, scheme)
    page.context.close()
    viewer = signed_in(browser, at, size, scheme, "viewer")
    viewer.goto(at.url + stop)
    _take(viewer, "forbidden", size, scheme)
    viewer.context.close()


def _take(page: Page, name: str, size: tuple[int, int], scheme: str, *, whole: bool = False) -> None:
    page.screenshot(path=GALLERY / f"{name}-{size[0]}-{scheme}.png", full_page=whole)


def sheet(browser: Browser, size: tuple[int, int], scheme: str) -> None:
    """All pictures of one size and theme beside each other."""
    end = f"-{size[0]}-{scheme}"
    files = sorted(one.name for one in GALLERY.glob(f"*{end}.png") if not one.name.startswith("sheet"))
    figures = "".join(FIGURE.format(file=html.escape(one)) for one in files)
    wide = size[0] > 1000
    place = GALLERY / f"sheet{end}.html"
    place.write_text(SHEET.format(width=460 if wide else 240, height=300 if wide else 420, figures=figures))
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.goto(place.as_uri())
    page.screenshot(path=place.with_suffix(".png"), full_page=True)
    page.close()


def main() -> None:
    shutil.rmtree(GALLERY, ignore_errors=True)
    GALLERY.mkdir(parents=True)
    with demo() as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        for size in SIZES:
            for scheme in SCHEMES:
                pictures(browser, at, size, scheme)
                sheet(browser, size, scheme)
        browser.close()
    links = "".join(f'<p><a href="{one.name}">{one.stem}</a>' for one in sorted(GALLERY.glob("sheet*.png")))
    (GALLERY / "index.html").write_text(f"<!doctype html><title>Gallery</title>{links}")
    print(f"Gallery: {GALLERY / 'index.html'}")


if __name__ == "__main__":
    main()
