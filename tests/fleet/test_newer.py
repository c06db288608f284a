"""Which of two observations may replace the other."""

import pytest

from dashboard.fleet.entities import Environment, Execution, Service
from dashboard.fleet.newer import newer
from dashboard.fleet.store import Observation


def environment(status=0, spec=0):
    return Environment("e", status_version=status, spec_version=spec)


@pytest.mark.parametrize(
    ("old", "old_asked", "new", "new_asked", "replaces"),
    [
        # versions are numbers, not text: 8 < 1871, 10 > 9
        (environment(8), 10, environment(1871), 10, True),
        (environment(1871), 10, environment(8), 99, False),
        (environment(9), 10, environment(10), 5, True),
        # a slow poll never overwrites what a later read-back saw, whenever it arrives
        (environment(12), 10, environment(11), 99, False),
        # the same status: the wish decides
        (environment(7, 3), 10, environment(7, 4), 5, True),
        (environment(7, 4), 10, environment(7, 3), 99, False),
        (environment(7, 9), 10, environment(8, 3), 5, True),
        # the same versions, or none on one side: the moment of the request decides
        (environment(7, 3), 10, environment(7, 3), 10, True),
        (environment(7, 3), 10, environment(7, 3), 9, False),
        (environment(7), 10, environment(0), 11, True),
        (environment(7), 10, environment(0), 9, False),
        (environment(0), 10, environment(7), 9, False),
        (environment(0, 5), 10, environment(7, 4), 5, False),
        # everything else goes by the moment of the request
        (Service("s", phase="running"), 10, Service("s", phase="stopped"), 11, True),
        (Service("s", phase="running"), 10, Service("s", phase="stopped"), 10, True),
        (Service("s", phase="running"), 10, Service("s", phase="stopped"), 9.999, False),
        (Execution("x", phase="running"), 10, Execution("x", phase="pending"), 9, False),
        # an hour earlier: no request takes that long, the clock was set back
        (Service("s", phase="running"), 4000, Service("s", phase="stopped"), 400, True),
        (environment(9), 4000, environment(8), 400, False),
    ],
)
def test_which_observation_is_the_newer_one(old, old_asked, new, new_asked, replaces):
    assert newer(Observation(old, old_asked), Observation(new, new_asked)) is replaces
