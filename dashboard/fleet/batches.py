"""Which environments to ask about in one request for their services or tasks. Pure.

One filter list takes 25 ids, one page 100 items. What is known of how many each has decides how many go
together, so that a batch is answered by one page where that is possible.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil

MOST_IDS = 25
"""The most values the API takes in one filter list."""
PAGE = 100
ROOM = 95
"""Known items of one batch: a few more may have come meanwhile."""
SHORT_CHAIN = 4
"""Pages that one chain reads as well as batches do."""
DEARER = 1.5
"""Batches may cost this many times the requests of a chain, for being asked side by side."""
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def batches(identifiers: Iterable[str], known: Counter[str]) -> Iterator[tuple[str, ...]]:
    """The ids in groups; `known` says how many items each environment had."""
    batch: list[str] = []
    held = 0
    for identifier in identifiers:
        more = known[identifier]
        if batch and (len(batch) == MOST_IDS or held + more > ROOM):
            yield tuple(batch)
            batch, held = [], 0
        batch.append(identifier)
        held += more
    if batch:
        yield tuple(batch)


def in_batches(identifiers: list[str], known: Counter[str]) -> list[tuple[str, ...]]:
    """The batches to ask for, [] when one chain over everything costs clearly less, or an id cannot be asked for."""
    pages = ceil(known.total() / PAGE)
    if pages <= SHORT_CHAIN or not all(UUID.fullmatch(identifier) for identifier in identifiers):
        return []
    found = list(batches(identifiers, known))
    return found if len(found) <= DEARER * pages else []
