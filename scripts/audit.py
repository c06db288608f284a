"""axe and Lighthouse over the pages of a running demo, what a first visit transfers, and what moves while pages poll.

    make audit [ENVIRONMENTS=10000] [ONLY=visits,moved,lighthouse,axe]

axe looks at pages of all kinds in both themes and two widths, which also must not scroll sideways; in a fleet of more
than `LARGE` environments at the measured pages only, since the others show the same there. Lighthouse measures
overview, lists and details as somebody with a desk and as somebody with a phone would see them for the first time; of
`TRIES` the best counts, because other work on the machine makes pages only slower. Ends with 1 when axe finds anything,
a page is wider than the screen, a score is below `LEAST` or a figure above its most. `ONLY` names the parts to run.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from dashboard.stack.parts import free_port
from scripts.chromium import find
from scripts.demo import LISTS, Demo, addresses, demo, sign_in, signed_in
from scripts.node import Ready, made_ready

LEAST = 95
KINDS = ("performance", "accessibility", "best-practices")
MEASURED = ("overview", "environments", "environments-one", "idle", "executions-one")
TRIES = 3
"""A busy machine makes Lighthouse miss the beginning of a page."""
LONGEST_TRY = 240
SIZES = ((1440, 900), (390, 844))
AXE = {"rules": {"target-size": {"enabled": True}}}
"""Of WCAG 2.2, and not asked for by itself."""
LARGE = 1_000
READ_SECONDS = 600
"""The first poll of a large fleet, on a small machine."""
MOST_KB, MOST_SCRIPT_KB = 150, 60
POLLED_SECONDS = 20
MOST_SHIFT = 0.01
"""While a page polls; 0.1 is what browsers call good for a whole visit."""
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value, sources } of list.getEntries())
      if (!hadRecentInput) window.shifts.push([value, sources.map(({ node }) => node?.id || node?.nodeName).join()]);
  }).observe({ type: "layout-shift", buffered: false });
}"""


@dataclass(frozen=True)
class Visit:
    """What a first visit transfers: kilobytes as they went over the wire, in all and of scripts."""

    page: str
    all: float
    scripts: float


def read(page: Page, at: Demo, environments: int) -> None:
    """Wait until the fleet is there, down to its tasks and their executions."""
    end = time.monotonic() + READ_SECONDS
    while time.monotonic() < end:
        page.goto(at.url)
        known = page.locator("#panels .big").first.inner_text()
        if int("".join(letter for letter in known if letter.isdigit()) or 0) >= 0.9 * environments:
            empty = [name for name in LISTS if not _rows(page, f"{at.url}/{name}/")]
            if not empty:
                return
        page.wait_for_timeout(3_000)
    raise SystemExit(f"The fleet was not read in {READ_SECONDS} s.")


def _rows(page: Page, url: str) -> int:
    page.goto(url)
    return page.locator("td.main a").count()


def axe(browser: Browser, at: Demo, paths: dict[str, str]) -> Iterator[str]:
    """What axe finds, and pages that are wider than the screen: one line each."""
    for size in SIZES:
        for scheme in ("light", "dark"):
            page = signed_in(browser, at, size, scheme)
            for name, path in paths.items():
                page.goto(at.url + path)
                where = f"{name} at {size[0]} px, {scheme}"
                for one in Axe().run(page, options=AXE).response["violations"]:
                    yield from (f"{where}: {one['id']}: {node['html'][:160]}" for node in one["nodes"])
                wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                if wide > 0:
                    yield f"{where}: scrolls sideways by {wide} px"
            page.context.close()


def visits(browser: Browser, at: Demo, paths: dict[str, str]) -> Iterator[Visit]:
    """First visits to the measured pages, by browsers that have nothing yet but the session."""
    known = signed_in(browser, at, SIZES[0], "light")
    for name in MEASURED:
        context = browser.new_context(storage_state=known.context.storage_state())
        page = context.new_page()
        wire = context.new_cdp_session(page)
        kinds: dict[str, str] = {}
        sizes: dict[str, float] = {}
        wire.on(
            "Network.responseReceived",
            lambda said, kinds=kinds: kinds.update({said["requestId"]: said["type"]}),
        )
        wire.on(
            "Network.loadingFinished",
            lambda said, sizes=sizes: sizes.update({said["requestId"]: said["encodedDataLength"] / 1000}),
        )
        wire.send("Network.enable")
        page.goto(at.url + paths[name], wait_until="load")
        yield Visit(
            name,
            sum(sizes.values()),
            sum(size for request, size in sizes.items() if kinds.get(request) == "Script"),
        )
        context.close()
    known.context.close()


def moved(browser: Browser, at: Demo, paths: dict[str, str]) -> Iterator[tuple[str, str, float, str]]:
    """(page, device, layout shift, what moved) while pages poll for `POLLED_SECONDS` and nobody touches them."""
    watched = []
    for size, device in zip(SIZES, ("desktop", "phone"), strict=True):
        first = signed_in(browser, at, size, "light")
        for name in MEASURED:
            page = first.context.new_page()
            page.goto(at.url + paths[name])
            watched.append((name, device, page))
        first.close()
    page.wait_for_timeout(1_500)  # of loading Lighthouse tells
    for _, _, page in watched:
        page.evaluate(SHIFTS)
    page.wait_for_timeout(POLLED_SECONDS * 1000)
    for name, device, page in watched:
        found = page.evaluate("shifts")
        yield name, device, sum(value for value, _ in found), "; ".join({what for _, what in found})
        page.close()


def lighthouse(
    playwright: Playwright, at: Demo, paths: dict[str, str]
) -> Iterator[tuple[str, str, dict[str, float], str]]:
    """(page, device, scores of 0 to 100, what weighs) for each measured page."""
    ready, port = made_ready(Path(__file__).with_name("lighthouse")), free_port()
    with TemporaryDirectory() as folder:
        arguments = ["--no-sandbox", f"--remote-debugging-port={port}"]
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=find(), args=arguments, headless=True
        )
        sign_in(context, at).goto("about:blank")
        for name in MEASURED:
            for device in ("desktop", "phone"):
                yield name, device, *_best(ready, port, at.url + paths[name], device)
        context.close()


def _best(ready: Ready, port: int, url: str, device: str) -> tuple[dict[str, float], str]:
    best: tuple[dict[str, float], str] | None = None
    for number in range(1, TRIES + 1):
        found = _measure(ready, port, url, device)
        if found is not None and (best is None or found[0]["performance"] > best[0]["performance"]):
            best = (found[0], f"{found[1]} (try {number})")
        if best is not None and min(best[0].values()) >= LEAST:
            break
    if best is None:
        raise SystemExit(f"Lighthouse could not measure {url}.")
    return best


def _measure(ready: Ready, port: int, url: str, device: str) -> tuple[dict[str, float], str] | None:
    """None when it came to no end."""
    program = str(ready.place / "node_modules/lighthouse/cli/index.js")
    command = [ready.node, program, url, f"--port={port}", "--output=json", "--quiet"]
    command += ["--disable-storage-reset", f"--only-categories={','.join(KINDS)}"]
    command += ["--preset=desktop"] if device == "desktop" else []
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=LONGEST_TRY, env=dict(os.environ)
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"  {url} on a {device}: {str(error.stderr or error)[-300:]}", file=sys.stderr)
        return None
    report: dict[str, Any] = json.loads(done.stdout)
    audits = report["audits"]
    scores = {kind: 100 * (report["categories"][kind]["score"] or 0.0) for kind in KINDS}
    failing = sorted(key for key, one in audits.items() if one["score"] is not None and one["score"] < 0.5)
    said = ", ".join(
        f"{words} {audits[key]['numericValue'] / 1000:.1f} s"
        for key, words in (("first-contentful-paint", "first paint"), ("total-blocking-time", "blocked"))
    )
    shift = audits["cumulative-layout-shift"]["numericValue"]
    speed = report["environment"][
        "benchmarkIndex"
    ]  # what else the machine does shows in it; a quiet desk has 1,500
    return scores, f"{said}, layout shift {shift:.3f}, machine {speed:.0f}; {', '.join(failing)}"


@dataclass(frozen=True)
class Audit:
    """What the parts look at: the measured pages, and those that axe looks at."""

    playwright: Playwright
    browser: Browser
    at: Demo
    paths: dict[str, str]
    axed: dict[str, str]


Verdict = tuple[str, bool]
"""The worst that a part has found, and whether that is good enough."""


def visited(audit: Audit) -> Verdict:
    seen = []
    for one in visits(audit.browser, audit.at, audit.paths):
        seen.append(one)
        print(f"{one.page:18} first visit {one.all:.0f} kB, scripts {one.scripts:.0f} kB", flush=True)
    most, scripts = max(one.all for one in seen), max(one.scripts for one in seen)
    said = f"first visit {most:.0f} kB, scripts {scripts:.0f} kB"
    return said, most <= MOST_KB and scripts <= MOST_SCRIPT_KB


def shifted(audit: Audit) -> Verdict:
    shifts = []
    for name, device, shift, what in moved(audit.browser, audit.at, audit.paths):
        shifts.append(shift)
        print(f"{name:18} {device:8}moved {shift:.4f} in {POLLED_SECONDS} s of polling {what}", flush=True)
    return f"moved {max(shifts):.4f}", max(shifts) <= MOST_SHIFT


def scored(audit: Audit) -> Verdict:
    worst = dict.fromkeys(KINDS, 100.0)
    for name, device, scores, said in lighthouse(audit.playwright, audit.at, audit.paths):
        worst = {kind: min(worst[kind], scores[kind]) for kind in KINDS}
        shown = "".join(f"{kind} {scores[kind]:3.0f}  " for kind in KINDS)
        print(f"{name:18} {device:8}{shown}{said}", flush=True)
    return ", ".join(f"{kind} {score:.0f}" for kind, score in worst.items()), min(worst.values()) >= LEAST


def axed(audit: Audit) -> Verdict:
    found = 0
    for line in axe(audit.browser, audit.at, audit.axed):
        print(line, flush=True)
        found += 1
    return (
        "axe finds nothing, nothing scrolls sideways" if not found else f"{found} findings of axe",
        not found,
    )


PARTS: dict[str, Callable[[Audit], Verdict]] = {
    "visits": visited,
    "moved": shifted,
    "lighthouse": scored,
    "axe": axed,
}


def main() -> int:
    environments = int(os.environ.get("ENVIRONMENTS") or 140)
    names = [name for name in os.environ.get("ONLY", "").split(",") if name] or [*PARTS]
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"No part is called {unknown[0]}; there are {', '.join(PARTS)}.")
    with demo(environments, free_port()) as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        first = signed_in(browser, at, SIZES[0], "light")
        read(first, at, environments)
        paths = dict(addresses(first, at))
        first.context.close()
        few = {name: path for name, path in paths.items() if environments <= LARGE or name in MEASURED}
        audit = Audit(playwright, browser, at, paths, few)
        verdicts = [PARTS[name](audit) for name in names]
        browser.close()
    print("Worst: " + "; ".join(said for said, _ in verdicts))
    return 0 if all(good for _, good in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
