"""The whole fleet judged by one limit."""

from dataclasses import replace

from dashboard.control.idle import Limits
from dashboard.control.idleness.review import longest_first, review
from dashboard.fleet.entities import Environment, Execution, Kind
from dashboard.fleet.snapshot import Fleet, Moment
from dashboard.fleet.store import Sweep
from tests.control.conftest import NOW, seconds

HOUR = 3600.0
TWO_HOURS = Limits(2 * HOUR)


def running(name, idle, **changes):
    at = NOW.timestamp() - idle * HOUR
    return Environment(name, name, "running", desired="running", started=at, signal_at=at, **changes)


ROWS = (
    running("long", 60),
    running("busy", 50),
    running("short", 3),
    running("active", 1),
    running("never", 1, timeout=0),
    running("held", 5),
    replace(running("off", 90), phase="stopped"),
)


def moment(epoch, version=1, rows=ROWS):
    work = Execution("x", "t", "busy", "Build", "running")
    fleet = Fleet(
        epoch, version, {Kind.ENVIRONMENT: {row.id: row for row in rows}, Kind.EXECUTION: {"x": work}}
    )
    return Moment(fleet, {"hot:ok": Sweep("hot", NOW.timestamp(), ahead=0.0)})


def names(found, view):
    return [one.row.id for one in sorted(found.seen_by(view), key=longest_first)]


def test_views_of_one_review():
    found = review(moment("views"), TWO_HOURS, NOW, {"held": "exempt until Friday"})
    assert names(found, "idle") == ["long", "short"]
    assert names(found, "awake") == ["busy"]
    assert names(found, "never") == ["never"]
    assert names(found, "exempt") == ["held"]
    assert set(names(found, "kept")) == {"busy", "held", "active", "never"}
    assert "off" not in names(found, "all")


def test_everybody_who_looks_at_once_gets_the_same_review_and_no_older_fleet():
    first = review(moment("kept"), TWO_HOURS, NOW)
    assert review(moment("kept"), TWO_HOURS, seconds(0.5)) is first
    assert review(moment("kept", 2), TWO_HOURS, NOW) is not first
    assert review(moment("kept"), Limits(HOUR), NOW) is not first
    assert review(moment("kept"), TWO_HOURS, NOW, {"held": "exempt"}) is not first
    assert review(moment("kept"), TWO_HOURS, seconds(5)) is not first


def test_old_data_leave_everything_alone():
    found = review(moment("old"), TWO_HOURS, seconds(300))
    assert found.idle == []
    assert {one.why for one in found.judged if one.row.id != "off"} == {found.doubt}
