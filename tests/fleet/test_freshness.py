"""How old the data are, and why, in words."""

import pytest

from dashboard.fleet.freshness import OVERDUE, Freshness, freshness
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep

STALE = OVERDUE["hot"]


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
        (moment(hot_last=bad("hot", 1000)), 1001, Freshness("failed", None, "The key is expired.")),
        (moment("Redis does not answer"), 1001, Freshness("failed", None, "Redis does not answer.")),
        (moment(hot_ok=HOT, hot_last=HOT), 1001, Freshness("fresh", 1001)),
        # twice the interval (5 s) and what the sweep takes (1 s) after its end at 1001
        (moment(hot_ok=HOT, hot_last=HOT), 1012, Freshness("fresh", 1001)),
        (moment(hot_ok=HOT, hot_last=HOT), 1012.1, Freshness("stale", 1001, STALE)),
        # twice the interval (60 s) and what the sweep takes (4 s) after its end at 994
        (moment(full_ok=FULL, full_last=FULL), 1118, Freshness("fresh", 994)),
        (moment(full_ok=FULL, full_last=FULL), 1118.1, Freshness("stale", 994, OVERDUE["full"])),
        # the newest good sweep counts, whichever it is
        (moment(hot_ok=HOT, hot_last=HOT, full_ok=FULL, full_last=FULL), 1008, Freshness("fresh", 1001)),
        # the last sweep failed
        (
            moment(hot_ok=HOT, hot_last=bad("hot", 1005)),
            1006,
            Freshness("failed", 1001, "The key is expired."),
        ),
        # a good sweep hides no bad one
        (
            moment(hot_ok=HOT, hot_last=HOT, full_last=bad("full", 900)),
            1002,
            Freshness("failed", None, "The key is expired."),
        ),
        (
            moment(hot_ok=HOT, hot_last=HOT, full_ok=FULL, full_last=bad("full", 1000)),
            1002,
            Freshness("failed", 994, "The key is expired."),
        ),
        (
            moment(hot_ok=good("hot", 1120), hot_last=good("hot", 1120), full_ok=FULL, full_last=FULL),
            1121,
            Freshness("stale", 994, OVERDUE["full"]),
        ),
        # the first sweep of everything is still under way
        (moment(hot_ok=HOT, hot_last=HOT), 1003, Freshness("fresh", 1001)),
        # names are no measure of freshness
        (
            moment(names_ok=good("names", 1000), names_last=bad("names", 1001)),
            1001,
            Freshness("empty", None, "Waiting for the first poll of the Ona API."),
        ),
        (
            moment("Redis does not answer", hot_ok=HOT, hot_last=HOT),
            1002,
            Freshness("failed", 1001, "Redis does not answer."),
        ),
    ],
)
def test_what_a_page_says_about_its_data(seen, now, expected):
    assert freshness(seen, now, {"hot": 5, "full": 60}) == expected
