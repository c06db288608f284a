"""A list that is narrowed by sets of rows is the one that asking every row would give."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.fleet.entities import Environment, Execution, Kind, Person, Project, Service, Task, kind_of
from dashboard.fleet.query import DEFAULT_SORT, PAGE_SIZE, SORTS, Context, Query, phase_of, run, select
from dashboard.fleet.query.fields import FIELDS
from dashboard.fleet.query.indexes import INDEXES
from dashboard.fleet.query.reading import At
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import Change

NOW = Context(1_000.0, "1")
FEW = st.sampled_from([str(number) for number in range(12)])
NAMES = st.sampled_from(["ash", "Birch", "cedar", ""])
PHASES = st.sampled_from(["running", "stopped", "starting", "", "failed"])
TIMES = st.none() | st.floats(0, 900)
ROWS = st.one_of(
    st.builds(
        Environment, FEW, NAMES, PHASES, project_id=FEW, creator_id=FEW, class_id=FEW, created=TIMES,
        archived=TIMES, failures=st.sampled_from([(), ("broken",)]), started=TIMES, signal_at=TIMES,
    ),
    st.builds(
        Service, FEW, FEW, NAMES, phase=PHASES, creator_id=FEW, role=st.sampled_from(["", "default", "editor"])
    ),
    st.builds(Task, FEW, FEW, NAMES, creator_id=FEW, created=TIMES),
    st.builds(Execution, FEW, FEW, FEW, NAMES, PHASES, created=TIMES, started=TIMES, completed=TIMES),
    st.builds(Person, FEW, NAMES),
    st.builds(Project, FEW, NAMES),
)  # fmt: skip
LISTED = st.sampled_from([Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION])
TEXTS = st.lists(
    st.sampled_from(
        ["phase:running", "-phase:stopped,starting", "phase:failed", "project:ash", "-project:Birch", "creator:cedar",
         "class:1,2", "ash", "-birch", "archived:any", "archived:yes", "platform:any", "is:mine", "age:>5m",
         "has:failure", "phase:nonsense", "-creator:ash", "id:3", "last:failed,running", "-last:stopped", "-has:last"]
    ), max_size=3,
).map(" ".join)  # fmt: skip


def naive(fleet, kind, query):
    """Every row is asked, every row is sorted."""
    selection = select(fleet, kind, query.text, NOW)
    rows = [row for row in fleet.of(kind).values() if selection.holds(row)]
    key = SORTS[kind][query.sort.removeprefix("-")].of
    rows.sort(key=lambda row: (key(fleet, row), row.id), reverse=query.sort.startswith("-"))
    return rows


def fleet_of(rows):
    changes = [Change(1, kind_of(row), row.id, row) for row in rows]
    return Fleet("e").applied("e", changes)


@settings(max_examples=200, deadline=None)
@given(st.lists(ROWS, max_size=60), st.lists(ROWS, max_size=20), LISTED, TEXTS, st.data())
def test_a_narrowed_list_is_the_one_that_asks_every_row(rows, more, kind, text, data):
    fleet = fleet_of(rows)
    sort = data.draw(st.sampled_from([sign + name for name in SORTS[kind] for sign in ("", "-")]))
    query = Query(text, sort)
    for now in (fleet, fleet.applied("e", [Change(2, kind_of(row), row.id, row) for row in more])):
        result, expected = run(now, kind, query, NOW), naive(now, kind, query)
        assert result.rows == expected[:PAGE_SIZE]
        assert result.total == len(expected)
        assert result.everything + result.left_out == len(now.of(kind))
        if "phase:" not in text:
            assert result.phases == Counter(phase_of(row) for row in expected)


def test_every_page_of_a_long_list_is_its_slice():
    fleet = fleet_of(
        [Environment(f"e-{n}", f"name {n % 97}", "running" if n % 3 else "stopped") for n in range(900)]
    )
    for text in ("", "phase:running", "phase:stopped name:5"):
        for sort in ("name", "-name", DEFAULT_SORT[Kind.ENVIRONMENT]):
            expected = naive(fleet, Kind.ENVIRONMENT, Query(text, sort))
            for page in range(1, -(-len(expected) // PAGE_SIZE) + 1):
                rows = run(fleet, Kind.ENVIRONMENT, Query(text, sort, page), NOW).rows
                assert rows == expected[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


@given(st.lists(ROWS, max_size=30))
def test_an_index_holds_what_its_field_reads(rows):
    fleet = fleet_of(rows)
    at = At(fleet, NOW)
    for kind, fields in FIELDS.items():
        for field in fields.values():
            for row in fleet.of(kind).values() if field.index else ():
                assert INDEXES[field.index].of(fleet, row) == field.read(at, row)
