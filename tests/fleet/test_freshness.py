"""How old the data are, and why, in words."""

import pytest

from dashboard.fleet.freshness import Freshness, freshness
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep

STALE = "No poll has finished since; is the worker running?"


def moment(trouble="", **sweeps):
    """`hot_ok=Sweep(…)` stands for `hot:ok`."""
    return Moment(sweeps={name.replace("_", ":"): sweep for name, sweep in sweeps.items()}, trouble=trouble)


def good(name, started, seconds=1.0):
    return Sweep(name, started, seconds)


def bad(name, started):
    return Sweep(name, started, 1.0, "the key is expired")


HOT, FULL = good("hot", 1000), good("full", 990, 4)


@pytest.mark.parametrize(
    ("seen", "now", "expected"),
    [
        (moment(), 1001, Freshness("empty", None, "Waiting for the first poll of the Ona API.")),
        (moment(hot_last=bad("hot", 1000)), 1001, Freshness("failed", None, "the key is expired")),
        (moment("Redis does not answer"), 1001, Freshness("failed", None, "Redis does not answer")),
        (moment(hot_ok=HOT, hot_last=HOT), 1001, Freshness("fresh", 1001)),
        # twice the interval (5 s) and what the sweep takes (1 s) after its end at 1001
        (moment(hot_ok=HOT, hot_last=HOT), 1012, Freshness("fresh", 1001)),
        (moment(hot_ok=HOT, hot_last=HOT), 1012.1, Freshness("stale", 1001, STALE)),
        (moment(full_ok=FULL, full_last=FULL), 1008, Freshness("fresh", 994)),
        (moment(full_ok=FULL, full_last=FULL), 1008.1, Freshness("stale", 994, STALE)),
        # the newest good sweep counts, whichever it is
        (moment(hot_ok=HOT, hot_last=HOT, full_ok=FULL, full_last=FULL), 1008, Freshness("fresh", 1001)),
        # the last sweep failed
        (
            moment(hot_ok=HOT, hot_last=bad("hot", 1005)),
            1006,
            Freshness("failed", 1001, "the key is expired"),
        ),
        # an older failure is over
        (moment(hot_ok=HOT, hot_last=HOT, full_last=bad("full", 900)), 1002, Freshness("fresh", 1001)),
        # names are no measure of freshness
        (
            moment(names_ok=good("names", 1000), names_last=bad("names", 1001)),
            1001,
            Freshness("empty", None, "Waiting for the first poll of the Ona API."),
        ),
        (
            moment("Redis does not answer", hot_ok=HOT, hot_last=HOT),
            1002,
            Freshness("failed", 1001, "Redis does not answer"),
        ),
    ],
)
def test_what_a_page_says_about_its_data(seen, now, expected):
    assert freshness(seen, now, interval=5) == expected
