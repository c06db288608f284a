"""Lists that are walked side by side: each in a thread, all over one client with pooled connections."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from dashboard.fleet.entities import Row
from dashboard.ona import Page, errors

MOST_AT_ONCE = 26
"""Requests of one sweep that are under way at the same time: a window each, and the archive."""

Chain = Callable[[], Iterator[Page[Any]]]
"""Begins a walk; its pages come when they are asked for."""


@dataclass
class Walk:
    """The pages of rows that came, in no order, and what ended the walk before its end (None: it is complete)."""

    pages: list[Page[Row]] = field(default_factory=list)
    trouble: errors.OnaError | None = None


def walked(chains: Sequence[Chain], convert: Callable[[Any], Row], most: int = MOST_AT_ONCE) -> Walk:
    """Every page of every chain. The first trouble ends them all; what came until then is kept.

    Rows are made as the pages come: what an API says of a fleet is twenty times larger than its rows.
    """
    walk, stop = Walk(), Event()

    def one(chain: Chain) -> None:
        if stop.is_set():
            return
        try:
            for page in chain():
                walk.pages.append(page.of(convert))
                if stop.is_set():
                    return
        except errors.OnaError as trouble:
            if not stop.is_set():
                walk.trouble = trouble
            stop.set()
        except BaseException:
            stop.set()
            raise

    if len(chains) == 1:
        one(chains[0])
        return walk
    with ThreadPoolExecutor(max(1, min(most, len(chains))), thread_name_prefix="sweep") as pool:
        for done in [pool.submit(one, chain) for chain in chains]:
            done.result()
    return walk
