"""A picture of every page and state in every size and theme, and one sheet of them all to look at.

    make gallery [ONLY="overview execution-failed"]

`var/gallery/index.html` has a row for each state, its sizes and themes beside each other, small; each leads to the
picture itself, and the rows are found by name. A page is loaded once: its window is made narrow and its theme changed
before its eyes. The walks go two at a time.
"""

import html
import os
import shutil
from functools import partial
from pathlib import Path

from playwright.sync_api import Error, Page

from scripts.demo import ROOT
from scripts.exam import SIZES
from scripts.walk import WALKS, beside_each_other, chromium

GALLERY = ROOT / "var" / "gallery"
SMALL = "small"
SCHEMES = ("light", "dark")
PAPER = (794, 1123)
"""A4 at 96 dots an inch."""
SETTLED_MS = 900
SHARE = 0.3
"""Of a window, how large it is on the sheet."""
CURRENT = """for (const one of document.querySelectorAll("nav [aria-current]"))
  one.closest("nav").scrollLeft = one.offsetLeft - 60"""
"""A menu that is wider than the screen shows where one is, as it does on a page that is loaded narrow."""
SHEET = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title><style>
body { font: 14px system-ui; margin: 0; background: #77777d; color: #fff; }
header { position: sticky; top: 0; background: #333338; padding: 8px 16px; }
input { font: inherit; padding: 4px 8px; width: 280px; }
section { padding: 8px 16px 16px; content-visibility: auto; contain-intrinsic-size: auto 310px; }
h2 { font-size: 14px; margin: 0 0 6px; } div { display: flex; gap: 10px; align-items: start; }
img { display: block; border: 1px solid #444; } [hidden] { display: none; }
</style><header><label>State <input autofocus placeholder="such as odd, german, dialog"></label>
<output></output></header>ROWS<script>
const input = document.querySelector("input"), said = document.querySelector("output");
const rows = [...document.querySelectorAll("section")];
const show = () => {
  const words = input.value.toLowerCase().split(/\\s+/);
  for (const row of rows) row.hidden = !words.every((word) => row.id.includes(word));
  said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} states`;
  history.replaceState(null, "", `#${input.value}`);
};
input.value = decodeURIComponent(location.hash.slice(1));
input.addEventListener("input", show);
show();
</script>"""
PICTURE = (
    '<a href="{file}.png" title="{file}"><img src="small/{file}.jpeg" alt="{file}" width="{width}" height="{height}"'
    ' loading="lazy"></a>'
)


def shown(page: Page, name: str, whole: bool) -> None:
    """The page as it is, in every size and theme."""
    page.wait_for_timeout(SETTLED_MS)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(CURRENT)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            taken(page, f"{name}-{width}-{scheme}", whole)
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    page.emulate_media(color_scheme="light")


def paper(page: Page, name: str) -> None:
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    page.emulate_media(media="print")
    taken(page, f"{name}-{PAPER[0]}-light", True)
    page.emulate_media(media="screen")


def taken(page: Page, file: str, whole: bool) -> None:
    """The picture, and what the window shows of it; once more where Chromium loses a long page while it looks."""
    for more in (True, False):
        try:
            page.screenshot(path=GALLERY / f"{file}.png", full_page=whole)
            page.screenshot(path=GALLERY / SMALL / f"{file}.jpeg", type="jpeg", quality=40)
        except Error:
            if not more:
                raise
            page.wait_for_timeout(SETTLED_MS)
        else:
            return


def pictures(walk: str, only: list[str]) -> list[str]:
    """Takes those of one walk; the names of its states in their order."""
    names = []
    with chromium() as (_, browser):
        for sight in WALKS[walk](browser):
            if only and sight.name not in only:
                continue
            names.append(sight.name)
            if sight.paper:
                paper(sight.page, sight.name)
            else:
                shown(sight.page, sight.name, sight.whole)
    return names


def sheet(names: list[str]) -> Path:
    """All that the folder has, in the order of the walks; what was taken before and is not named comes last."""
    ends = [f"-{width}-{scheme}" for width, _ in SIZES for scheme in SCHEMES] + [f"-{PAPER[0]}-light"]
    sizes = dict((*SIZES, PAPER))
    there = {one.stem for one in GALLERY.glob("*.png")}
    before = sorted({one.removesuffix(end) for one in there for end in ends if one.endswith(end)} - {*names})
    rows = []
    for name in (*names, *before):
        shots = [
            PICTURE.format(
                file=html.escape(name + end), width=round(width * SHARE), height=round(sizes[width] * SHARE)
            )
            for end in ends
            if name + end in there and (width := int(end.split("-")[1]))
        ]
        rows.append(
            f'<section id="{html.escape(name)}"><h2>{html.escape(name)}</h2><div>{"".join(shots)}</div></section>'
        )
    place = GALLERY / "index.html"
    place.write_text(SHEET.replace("ROWS", "\n".join(rows)), encoding="utf-8")
    return place


def main() -> None:
    only = os.environ.get("ONLY", "").split()
    if not only:
        shutil.rmtree(GALLERY, ignore_errors=True)
    (GALLERY / SMALL).mkdir(parents=True, exist_ok=True)
    names = [name for some in beside_each_other(partial(pictures, only=only)) for name in some]
    print(f"Gallery: {sheet(names)}")


if __name__ == "__main__":
    main()
