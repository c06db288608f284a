"""Every page in every state that there is to look at, one after another, in demos of their own.

What `make gallery` takes pictures of, and what `make audit` examines.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from dashboard.stack.parts import free_port
from scripts.chromium import find
from scripts.demo import addresses, demo, go, signed_in
from scripts.demo_past import give_past
from scripts.gallery_states import nothing, others, printed, states, troubles
from scripts.odd_fleet import odd_demo

DESK = (1440, 900)
Found = TypeVar("Found")


@dataclass(frozen=True)
class Sight:
    """A page as it stands, until the next one is asked for. `whole`: all of it is meant, not what a window shows."""

    name: str
    page: Page
    whole: bool = True
    paper: bool = False


def _usual(browser: Browser) -> Iterator[Sight]:
    with demo(port=free_port()) as at:
        give_past(at)
        page = signed_in(browser, at, DESK, "light")
        for name, path in addresses(page, at):
            go(page, at.url + path)
            yield Sight(name, page)
        for name, whole in states(page, at):
            yield Sight(name, page, whole)
        page.context.close()


def _others(browser: Browser) -> Iterator[Sight]:
    """As others see it, on paper, when something is away, and with nothing in it."""
    with demo(port=free_port()) as at:
        give_past(at)
        page = signed_in(browser, at, DESK, "light")
        for other, name, whole in others(browser, at, page):
            yield Sight(name, other, whole)
        for name in printed(page, at):
            yield Sight(name, page, paper=True)
        for name, whole in troubles(page, at):
            yield Sight(name, page, whole)
        page.context.close()
    with demo(0, free_port()) as at:
        page = signed_in(browser, at, DESK, "light")
        for name, whole in nothing(page, at):
            yield Sight(name, page, whole)
        page.context.close()


def _odd(browser: Browser) -> Iterator[Sight]:
    with odd_demo() as odd:
        page = signed_in(browser, odd.at, DESK, "light")
        page.on("dialog", lambda said: _run(said.message))
        for name, path in odd.paths.items():
            go(page, odd.at.url + path)
            yield Sight(f"odd-{name}", page)
        go(page, odd.at.url)
        page.keyboard.press("Control+k")
        page.keyboard.type("name")
        page.wait_for_selector("#palette-list [role=option]")
        yield Sight("odd-palette", page, False)
        page.context.close()


def _run(message: str) -> None:
    raise SystemExit(f"A text of the fleet was run as a script: {message}")


WALKS: dict[str, Callable[[Browser], Iterator[Sight]]] = {"usual": _usual, "odd": _odd, "others": _others}
"""Each in demos of its own, so that they may run beside each other."""


@contextmanager
def chromium() -> Iterator[tuple[Playwright, Browser]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        yield playwright, browser
        browser.close()


def beside_each_other(look: Callable[[str], Found]) -> list[Found]:
    """What `look` finds on each walk, by its name; two go at a time, in processes of their own."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [answer.result() for answer in [pool.submit(look, name) for name in WALKS]]
