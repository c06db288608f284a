"""When what is known may be acted on, and whose clock counts."""

from datetime import timedelta

import pytest

from dashboard.control.idleness.evidence import doubt, judged_at
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep
from tests.control.conftest import FLEET, NOW, seconds


def read(ago=3.0, ahead=0.0):
    return Moment(FLEET, {"hot:ok": Sweep("hot", NOW.timestamp() - ago, 1.0, ahead=ahead)})


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (read(), ""),
        (read(100), ""),
        (Moment(FLEET), "the fleet has not been read yet"),
        (read(301), "what is known of it is 5 min old"),
        (
            read(-3600),
            "what is known of it seems to come from the future, so this machine's clock was changed",
        ),
        (read(ahead=None), "the API does not say what time it is"),
        (read(ahead=-7200.0), ""),
    ],
)
def test_only_what_was_read_just_now_may_be_acted_on(moment, words):
    assert doubt(moment, NOW) == words


@pytest.mark.parametrize(("ahead", "counted_from"), [(0.0, 0), (-7200.0, -7200), (7200.0, 0), (None, 0)])
def test_the_earlier_of_both_clocks_counts(ahead, counted_from):
    assert judged_at(read(ahead=ahead), NOW) == NOW + timedelta(seconds=counted_from)


def test_without_a_sweep_our_clock_counts():
    assert judged_at(Moment(), NOW) == seconds(0)
