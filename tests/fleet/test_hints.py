"""A filter that names what is not there is answered with the nearest that is."""

import pytest

from dashboard.fleet.entities import Environment, Kind, Person, Project, Service, kind_of
from dashboard.fleet.query import Context, Query, run
from dashboard.fleet.snapshot import Fleet

NOW = Context(1_000_000.0)
ROWS = (
    Environment("e-1", "sunny otter", "running", repository="acme/shop", project_id="j-1", creator_id="p-1"),
    Environment("e-2", "grey owl", "stopped", repository="acme/till", project_id="j-2", creator_id="p-1"),
    Service("s-1", "e-1", "Web server", reference="web"),
    Project("j-1", "Web shop"),
    Project("j-2", "Payments"),
    Project("j-3", "Stop words"),
    Person("p-1", "Ada Lovelace", "ada@example.com"),
)
FLEET = Fleet(
    rows={
        kind: {row.id: row for row in ROWS if kind_of(row) is kind} for kind in {kind_of(row) for row in ROWS}
    }
)


def hinted(text, kind=Kind.ENVIRONMENT):
    """What the list says, and the query with each hint followed."""
    found = run(FLEET, kind, Query(text, "name"), NOW)
    return [text[: hint.start] + hint.instead + text[hint.end :] for hint in found.hints]


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("project:paymnets", ["project:Payments"]),
        ("phase:running project:paymnets", ["phase:running project:Payments"]),
        ('project:="Web shp"', ['project:="Web shop"']),
        ("project:wbe", ["project:Web"]),
        ("creator:adda", ["creator:Ada"]),
        ("name:oter", ["name:otter"]),
        ("repo:acme/shpo", ["repo:acme/shop"]),
        ("project:paymnets,wbe", ["project:Payments,wbe", "project:paymnets,Web"]),
    ],
)
def test_a_name_that_nothing_has_is_answered_with_the_nearest(text, instead):
    assert hinted(text) == instead


@pytest.mark.parametrize(
    "text",
    [
        "project:payments",
        "project:paymnets,web",
        "project:zzzzzzzzzz",
        "-name:oter -name:owl -name:otter",
        "project:stop",
        "project:j-3",
        "failure:machin",
        "phase:runing",
        "oter",
        "",
    ],
)
def test_nothing_is_said_of_a_list_with_rows_or_of_what_is_there_or_like_nothing_or_wrong_anyway(text):
    assert hinted(text) == []


def test_what_is_inside_an_environment_is_found_by_its_name_too():
    assert hinted("environment:oter", Kind.SERVICE) == ["environment:otter"]
    assert hinted("name:srever", Kind.SERVICE) == ["name:server"]


def test_a_hint_is_no_mistake():
    found = run(FLEET, Kind.ENVIRONMENT, Query("project:paymnets", "name"), NOW)
    assert (found.total, found.selection.problems) == (0, ())
    assert [hint.message for hint in found.hints] == ["project: Nothing is called paymnets."]
