"""axe and Lighthouse over the pages of a running demo, what a first visit transfers, and what moves while pages poll.

    make audit [ENVIRONMENTS=10000] [ONLY=visits,moved,lighthouse,axe,states]

The first four parts look at overview, list, details and idle in a fleet of that size (`axe`: at all pages when it is
small). `states` looks at every page and state that the gallery shows, in fleets of their own, two at a time. Ends with
the worst of each kind and where it was; with 1 when a limit is missed or a part came to no end. `ONLY` names the parts.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Browser, Error, Page, Playwright

from dashboard.stack.parts import free_port
from scripts import scores
from scripts.demo import LISTS, Demo, addresses, demo, go, signed_in
from scripts.exam import SIZES, findings
from scripts.walk import WALKS, beside_each_other, chromium

MEASURED = ("overview", "environments", "environments-one", "idle", "executions-one")
LARGE = 1_000
TRIES = 3
READ_FAST = {"ONA_REQUESTS_PER_SECOND": "100"}
"""A minute for 10,000 environments down to their executions, where the usual pace takes six."""
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
        go(page, at.url)
        known = page.locator("#panels .big").first.inner_text()
        if int("".join(letter for letter in known if letter.isdigit()) or 0) >= 0.9 * environments:
            empty = [name for name in LISTS if not _rows(page, f"{at.url}/{name}/")]
            if not empty:
                return
        page.wait_for_timeout(3_000)
    raise SystemExit(f"The fleet was not read in {READ_SECONDS} s.")


def _rows(page: Page, url: str) -> int:
    go(page, url)
    return page.locator("td.main a").count()


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
            go(page, at.url + paths[name])
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


@dataclass(frozen=True)
class Audit:
    """What the parts look at: the measured pages, and those that axe looks at."""

    playwright: Playwright
    browser: Browser
    at: Demo
    paths: dict[str, str]
    axed: dict[str, str]

    @property
    def measured(self) -> dict[str, str]:
        return {name: self.paths[name] for name in MEASURED}


@dataclass(frozen=True)
class Verdict:
    """The worst of one kind, where it was, and whether it keeps its limit."""

    kind: str
    worst: str
    where: str
    limit: str
    good: bool

    def __str__(self) -> str:
        return f"{'met   ' if self.good else 'MISSED'}  {self.kind:24}{self.worst:>8}  {self.limit:14}{self.where}"


def most(kind: str, seen: dict[str, float], limit: float, unit: str = "") -> Verdict:
    """Of figures by place that may be at most so much."""
    where, worst = max(seen.items(), key=lambda one: one[1])
    return Verdict(kind, f"{worst:.4g}{unit}", where, f"at most {limit:g}", worst <= limit)


def visited(audit: Audit) -> Iterator[Verdict]:
    seen = list(visits(audit.browser, audit.at, audit.paths))
    for one in seen:
        print(f"{one.page:18} first visit {one.all:.0f} kB, scripts {one.scripts:.0f} kB", flush=True)
    yield most("first visit, kB", {one.page: round(one.all) for one in seen}, MOST_KB)
    yield most("its scripts, kB", {one.page: round(one.scripts) for one in seen}, MOST_SCRIPT_KB)


def shifted(audit: Audit) -> Iterator[Verdict]:
    shifts = {}
    for name, device, shift, what in moved(audit.browser, audit.at, audit.paths):
        shifts[f"{name} on a {device}"] = shift
        print(f"{name:18} {device:8}moved {shift:.4f} in {POLLED_SECONDS} s of polling {what}", flush=True)
    yield most("layout shift", shifts, MOST_SHIFT)


def scored(audit: Audit) -> Iterator[Verdict]:
    seen: dict[str, dict[str, float]] = {kind: {} for kind in scores.KINDS}
    for name, device, found, said in scores.lighthouse(audit.playwright, audit.at, audit.measured):
        for kind, score in found.items():
            seen[kind][f"{name} on a {device}"] = score
        shown = "".join(f"{kind} {found[kind]:3.0f}  " for kind in scores.KINDS)
        print(f"{name:18} {device:8}{shown}{said}", flush=True)
    for kind, places in seen.items():
        where, worst = min(places.items(), key=lambda one: one[1])
        yield Verdict(kind, f"{worst:.0f}", where, f"at least {scores.LEAST}", worst >= scores.LEAST)


def axed(audit: Audit) -> Iterator[Verdict]:
    page = signed_in(audit.browser, audit.at, SIZES[0], "light")
    found = list[tuple[str, str]]()
    for name, path in audit.axed.items():
        go(page, audit.at.url + path)
        found += told(findings(page, name))
    page.context.close()
    yield from counted(found, len(audit.axed), "pages of this fleet")


def stated() -> Iterator[Verdict]:
    """Its fleets run beside each other, in processes of their own."""
    parts = beside_each_other(examined)
    found = [one for part, _ in parts for one in part]
    yield from counted(found, sum(number for _, number in parts), "pages and states")


def examined(walk: str) -> tuple[list[tuple[str, str]], int]:
    """What is wrong on one walk, and how many sights it had."""
    found, number = list[tuple[str, str]](), 0
    with chromium() as (_, browser):
        for sight in WALKS[walk](browser):
            if sight.paper:
                continue
            number += 1
            found += told(steady(sight.page, sight.name))
    return found, number


def steady(page: Page, name: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a page that may load itself again while it is looked at, as those do that wait for Redis."""
    for _ in range(TRIES):
        try:
            return iter(list(findings(page, name)))
        except Error as trouble:
            said = str(trouble)
            page.wait_for_load_state()
    return iter([("axe", f"{name} could not be looked at: {said[:120]}")])


def told(found: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for kind, what in found:
        print(f"{kind}: {what}", flush=True)
        yield kind, what


def counted(found: list[tuple[str, str]], number: int, of: str) -> Iterator[Verdict]:
    for kind, words in (("axe", "axe"), ("shape", "holding the shape"), ("focus", "focus seen")):
        places = [what for one, what in found if one == kind]
        where = f"{number} {of}" + (f", the first: {places[0][:90]}" if places else "")
        yield Verdict(words, str(len(places)), where, "no finding", not places)


Part = Callable[[Audit], Iterator[Verdict]]
PARTS: dict[str, Part] = {"visits": visited, "moved": shifted, "lighthouse": scored, "axe": axed}
STATES = "states"


def ended(name: str, part: Callable[[], Iterator[Verdict]]) -> list[Verdict]:
    """What a part found; that it came to no end is a verdict too."""
    began = time.monotonic()
    try:
        verdicts = list(part())
    except (Exception, SystemExit) as trouble:  # noqa: BLE001 - the other parts still have something to say
        traceback.print_exc()
        verdicts = [Verdict(name, "no end", str(trouble)[:90], "", False)]
    print(f"-- {name} took {time.monotonic() - began:.0f} s", flush=True)
    return verdicts


def measured(environments: int, names: list[str]) -> Iterator[Verdict]:
    with demo(environments, free_port(), READ_FAST) as at, chromium() as (playwright, browser):
        first = signed_in(browser, at, SIZES[0], "light")
        read(first, at, environments)
        paths = dict(addresses(first, at))
        first.context.close()
        few = {name: path for name, path in paths.items() if environments <= LARGE or name in MEASURED}
        audit = Audit(playwright, browser, at, paths, few)
        for name in names:
            yield from ended(name, lambda name=name: PARTS[name](audit))  # type: ignore[misc]


def main() -> int:
    environments = int(os.environ.get("ENVIRONMENTS") or 140)
    every = [*PARTS, STATES]
    names = [name for name in os.environ.get("ONLY", "").split(",") if name] or every
    if unknown := [name for name in names if name not in every]:
        raise SystemExit(f"No part is called {unknown[0]}; there are {', '.join(every)}.")
    began, verdicts = time.monotonic(), list[Verdict]()
    if of_one := [name for name in names if name in PARTS]:
        verdicts += ended("the fleet", lambda: measured(environments, of_one))
    if STATES in names:
        verdicts += ended(STATES, stated)
    print(
        f"The worst of each kind, at {environments} environments, after {(time.monotonic() - began) / 60:.0f} min:"
    )
    print(*verdicts, sep="\n")
    return 0 if all(one.good for one in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
