"""What a sweep remarks on."""

from dashboard.fleet.entities import Environment, EnvironmentClass, Execution, Service, Task
from dashboard.fleet.remarks import notes
from dashboard.fleet.store import Observation

ASKED = 1_000_000.0


def remarked(*rows):
    return list(notes([Observation(row, ASKED) for row in rows], []))


def test_times_are_ahead_by_the_latest_of_them_wherever_it_stands():
    early = {"created": ASKED - 50, "started": None}
    for row in (
        Environment("e", **early, signal_at=ASKED + 600),
        Service("s", created=ASKED + 600),
        Task("t", created=ASKED + 600),
        Execution("x", **early, completed=ASKED + 600),
    ):
        assert remarked(row, Environment("e-2", created=ASKED)) == [
            "Ona's times are up to 10 min ahead of this machine's clock; one of the two is wrong."
        ]


def test_nothing_is_said_of_a_minute_or_where_there_are_no_times():
    assert remarked(EnvironmentClass("c"), Environment("e"), Task("t", created=ASKED + 59)) == []


def test_phases_that_nobody_knows_are_counted_kind_by_kind():
    odd = [Environment(f"e-{number}", phase="hibernating") for number in range(2)]
    assert remarked(*odd, Service("s", phase="dreaming"), Environment("e", phase="running"), Task("t")) == [
        "2 environments read “hibernating”, a phase that this version does not know; it is shown as it came.",
        "1 service reads “dreaming”, a phase that this version does not know; it is shown as it came.",
    ]
