"""Which rows a list shows, in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.entities import Environment, Execution, Kind, Person, Project, Service, Task
from dashboard.fleet.query import (
    DEFAULT_SORT,
    PAGE_SIZE,
    SORTS,
    Context,
    Query,
    last_active,
    parse,
    phase_of,
    run,
)
from dashboard.fleet.snapshot import Fleet

LISTED = (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION)


def fleet(*rows):
    by_kind = {}
    for row in rows:
        kind = {Environment: Kind.ENVIRONMENT, Service: Kind.SERVICE, Task: Kind.TASK}.get(type(row))
        kind = kind or {Execution: Kind.EXECUTION, Person: Kind.PERSON, Project: Kind.PROJECT}[type(row)]
        by_kind.setdefault(kind, {})[row.id] = row
    return Fleet("epoch", 1, by_kind)


ADA, BOB = Person("p-ada", "Ada Łoś", "ada@example.com"), Person("p-bob", "", "bob@example.com")
SHOP, DOCS = Project("j-shop", "Shop"), Project("j-docs", "docs")
E1 = Environment(
    "e-1", "Sunny otter", "running", project_id="j-shop", creator_id="p-ada", created=10.0, started=50.0,
    repository="o/shop", branch="feat/basket", signal_at=70.0,
)  # fmt: skip
E2 = Environment(
    "e-2", "grey owl", "stopped", project_id="j-shop", creator_id="p-bob", created=30.0, started=90.0,
    signal_at=60.0, failures=("no machine was free",),
)  # fmt: skip
E3 = Environment("e-3", "red fox", "starting", project_id="j-docs", creator_id="p-ada", created=20.0)
E4 = Environment(
    "e-4", "Amber ant", "hibernating", creator_id="gone-12345678", creator_kind="service_account"
)
S1 = Service("s-1", "e-1", "Web", "web", phase="running")
S2 = Service("s-2", "e-2", "Database", "database", phase="failed", failure="port 5432 is taken")
S3 = Service("s-3", "e-gone-00000000", "Cache", phase="stopping")
T1, T2 = Task("t-1", "e-1", "Build", "build"), Task("t-2", "e-3", "Test", "test")
X1 = Execution("x-1", "t-1", "e-1", "Build", "succeeded", created=5.0, started=6.0, completed=9.0)
X2 = Execution(
    "x-2", "t-1", "e-1", "Build", "failed", failure="exit 137", created=8.0, started=9.0, completed=10.0
)
X3 = Execution("x-3", "t-2", "e-3", "Test", "running", created=7.0, started=8.0)
SMALL = fleet(ADA, BOB, SHOP, DOCS, E1, E2, E3, E4, S1, S2, S3, T1, T2, X1, X2, X3)


NOW = Context(100.0)


def asked(kind, **parameters):
    return run(SMALL, kind, parse(kind, parameters), NOW)


def ids(result):
    return [row.id for row in result.rows]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Kind.ENVIRONMENT, "OTTER", {"e-1"}),
        (Kind.ENVIRONMENT, "  otter   sunny ", {"e-1"}),
        (Kind.ENVIRONMENT, "otter fox", set()),
        (Kind.ENVIRONMENT, "e-3", {"e-3"}),
        (Kind.ENVIRONMENT, "ada łoś", {"e-1", "e-3"}),
        (Kind.ENVIRONMENT, "bob@example", {"e-2"}),
        (Kind.ENVIRONMENT, "shop", {"e-1", "e-2"}),
        (Kind.ENVIRONMENT, "o/shop", {"e-1"}),
        (Kind.ENVIRONMENT, "basket", {"e-1"}),
        (Kind.ENVIRONMENT, "no machine", {"e-2"}),
        (Kind.ENVIRONMENT, "service account", {"e-4"}),
        (Kind.ENVIRONMENT, "", {"e-1", "e-2", "e-3", "e-4"}),
        (Kind.SERVICE, "web", {"s-1"}),
        (Kind.SERVICE, "sunny otter", {"s-1"}),
        (Kind.SERVICE, "5432", {"s-2"}),
        (Kind.SERVICE, "shop", {"s-1", "s-2"}),
        (Kind.TASK, "docs", {"t-2"}),
        (Kind.TASK, "build", {"t-1"}),
        (Kind.EXECUTION, "exit 137", {"x-2"}),
        (Kind.EXECUTION, "red fox", {"x-3"}),
    ],
)
def test_free_text_looks_in_names_people_projects_branches_and_failures(kind, text, found):
    assert set(ids(asked(kind, q=text))) == found


@pytest.mark.parametrize(
    ("kind", "phase", "found"),
    [
        (Kind.ENVIRONMENT, "running", {"e-1"}),
        (Kind.ENVIRONMENT, "failed", {"e-2"}),
        (Kind.ENVIRONMENT, "stopped", set()),
        (Kind.ENVIRONMENT, "hibernating", {"e-4"}),
        (Kind.SERVICE, "failed", {"s-2"}),
        (Kind.EXECUTION, "failed", {"x-2"}),
    ],
)
def test_a_failed_one_counts_as_failed_whatever_its_phase(kind, phase, found):
    assert set(ids(asked(kind, phase=phase))) == found


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Kind.ENVIRONMENT, {"e-3"}),
        (Kind.SERVICE, set()),
        (Kind.TASK, {"t-2"}),
        (Kind.EXECUTION, {"x-3"}),
    ],
)
def test_a_project_is_that_of_the_environment(kind, found):
    assert set(ids(asked(kind, project="j-docs"))) == found


def test_each_phase_counts_what_the_rest_of_the_filter_leaves():
    result = asked(Kind.ENVIRONMENT, phase="running", project="j-shop")
    assert result.total == 1
    assert result.phases == {"running": 1, "failed": 1}
    assert result.everything == 4
    result = asked(Kind.ENVIRONMENT, q="phase:running project:docs")
    assert (result.total, dict(result.phases)) == (0, {"starting": 1})
    assert asked(Kind.ENVIRONMENT, q="owl -phase:failed").phases == {"failed": 1}


@pytest.mark.parametrize(
    ("kind", "sort", "order"),
    [
        (Kind.ENVIRONMENT, "name", ["e-4", "e-2", "e-3", "e-1"]),
        (Kind.ENVIRONMENT, "-name", ["e-1", "e-3", "e-2", "e-4"]),
        (Kind.ENVIRONMENT, "created", ["e-4", "e-1", "e-3", "e-2"]),
        (Kind.ENVIRONMENT, "-created", ["e-2", "e-3", "e-1", "e-4"]),
        (Kind.ENVIRONMENT, "environment", ["e-4", "e-2", "e-3", "e-1"]),
        (Kind.ENVIRONMENT, "project", ["e-4", "e-3", "e-1", "e-2"]),
        (Kind.ENVIRONMENT, "-project", ["e-2", "e-1", "e-3", "e-4"]),
        (Kind.ENVIRONMENT, "creator", ["e-1", "e-3", "e-2", "e-4"]),
        # failed, moving, running; a word nobody knows comes last
        (Kind.ENVIRONMENT, "phase", ["e-2", "e-3", "e-1", "e-4"]),
        (Kind.ENVIRONMENT, "-active", ["e-2", "e-1", "e-4", "e-3"]),
        (Kind.SERVICE, "phase", ["s-2", "s-3", "s-1"]),
        (Kind.SERVICE, "environment", ["s-3", "s-2", "s-1"]),
        (Kind.TASK, "-run", ["t-1", "t-2"]),
        (Kind.TASK, "run", ["t-2", "t-1"]),
        (Kind.EXECUTION, "-duration", ["x-1", "x-2", "x-3"]),
        (Kind.EXECUTION, "phase", ["x-2", "x-3", "x-1"]),
    ],
)
def test_each_order(kind, sort, order):
    assert ids(asked(kind, sort=sort)) == order


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in LISTED for field in SORTS[kind]])
def test_ties_go_by_id_and_the_other_direction_is_the_exact_reverse(kind, field):
    row_type = {
        Kind.ENVIRONMENT: Environment, Kind.SERVICE: Service, Kind.TASK: Task, Kind.EXECUTION: Execution
    }[kind]  # fmt: skip
    alike = fleet(*(row_type(f"id-{number:03}", name="same") for number in (3, 1, 2)))
    up = run(alike, kind, parse(kind, {"sort": field}), NOW)
    down = run(alike, kind, parse(kind, {"sort": f"-{field}"}), NOW)
    assert ids(up) == ["id-001", "id-002", "id-003"]
    assert ids(down) == ["id-003", "id-002", "id-001"]


@pytest.mark.parametrize("kind", LISTED)
@pytest.mark.parametrize("sort", ["", "-", "--name", "nonsense", "-nonsense", "name desc", "NAME"])
def test_an_unknown_sort_is_the_default_one(kind, sort):
    assert parse(kind, {"sort": sort}).sort == DEFAULT_SORT[kind]


MANY = fleet(*(Environment(f"e-{n:04}", f"name {n % 7}", "running", created=float(n)) for n in range(420)))


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("1", 1), ("2", 2), ("9", 9), ("10", 9), ("999999", 9), ("9" * 12, 9), ("9" * 5000, 9), ("007", 7),
        ("0", 1), ("-1", 1), ("abc", 1), ("", 1), ("1.5", 1), ("\uff12", 1), (" 2", 1), ("1e3", 1),
    ],
)  # fmt: skip
def test_a_page_out_of_range_is_the_nearest_one(page, shown):
    result = run(MANY, Kind.ENVIRONMENT, parse(Kind.ENVIRONMENT, {"page": page, "sort": "created"}), NOW)
    assert (result.query.page, result.pages, result.total) == (shown, 9, 420)
    start = (shown - 1) * PAGE_SIZE
    assert ids(result) == [f"e-{n:04}" for n in range(start, min(start + PAGE_SIZE, 420))]


@pytest.mark.parametrize("sort", ["name", "-name", "created", "-created"])
def test_the_pages_together_are_the_whole_list_in_order(sort):
    pages = [
        row
        for page in range(1, 10)
        for row in run(MANY, Kind.ENVIRONMENT, Query(sort=sort, page=page), NOW).rows
    ]
    expected = sorted(
        MANY.environments.values(),
        key=lambda row: (row.name if "name" in sort else row.created, row.id),
        reverse=sort.startswith("-"),
    )
    assert pages == expected


def test_an_empty_list_has_one_empty_page():
    result = run(Fleet(), Kind.ENVIRONMENT, parse(Kind.ENVIRONMENT, {"page": "3"}), NOW)
    assert (result.rows, result.pages, result.query.page, result.total) == ([], 1, 1, 0)


def test_given_rows_are_searched_instead_of_the_whole_kind():
    result = run(SMALL, Kind.EXECUTION, parse(Kind.EXECUTION, {}), NOW, rows=SMALL.runs_of("t-1"))
    assert ids(result) == ["x-2", "x-1"]
    assert result.everything == 2


@pytest.mark.parametrize(
    ("row", "at"), [(E1, 70.0), (E2, 90.0), (E4, None), (Environment("e", signal_at=5.0), 5.0)]
)
def test_last_activity_is_the_newer_of_signal_and_start(row, at):
    assert last_active(row) == at


PARAMETERS = st.dictionaries(
    st.sampled_from(["q", "phase", "project", "sort", "page"]),
    st.text()
    | st.sampled_from(["failed", "running", "j-shop", "-name", "active", "-1", "2", "otter", "9" * 40]),
)


@given(st.sampled_from(LISTED), PARAMETERS, st.sampled_from([SMALL, MANY, Fleet()]))
def test_whatever_is_typed_ends_in_a_list_within_bounds(kind, parameters, there):
    query = parse(kind, parameters)
    result = run(there, kind, query, NOW)
    assert 1 <= result.query.page <= result.pages
    assert len(result.rows) <= PAGE_SIZE
    assert len(result.rows) <= result.total <= result.everything
    assert result.everything + result.left_out == len(there.of(kind))
    assert bool(result.rows) == bool(result.total)
    assert all(phase_of(row) in result.phases for row in result.rows)
    assert sum(result.phases.values()) >= result.total
