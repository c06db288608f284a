"""Tables and indexes that were followed through changes are those that would be made from scratch."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.fleet import order as orders
from dashboard.fleet.entities import Environment, Execution, Kind, Person, Project, Service, Task, kind_of
from dashboard.fleet.index import Key, Postings
from dashboard.fleet.order import Order, select
from dashboard.fleet.places import place_set, places_in
from dashboard.fleet.snapshot import BY_ENVIRONMENT, BY_TASK, Fleet
from dashboard.fleet.store import Change
from dashboard.fleet.table import CHUNK, Table

PLACES = frozenset({Kind.ENVIRONMENT, Kind.PROJECT})


def project_of(fleet, row):
    place = fleet.environments.get(row.environment_id)
    return fleet.project(place.project_id).casefold() if place is not None else ""


def last_run(fleet, row):
    return max((run.created or 0.0 for run in fleet.runs_of(row.id)), default=0.0)


NAME = Key(lambda _, row: row.name)
PHASE = Key(lambda _, row: row.phase)
PROJECT = Key(project_of, PLACES)
ENVIRONMENT = Key(lambda fleet, row: fleet.environment_name(row.environment_id), PLACES)
CREATOR = Key(lambda fleet, row: fleet.person(row.creator_id), frozenset({Kind.PERSON}))
LAST_RUN = Key(last_run, frozenset({Kind.EXECUTION}))
ORDERS = [
    *((kind, key) for kind in (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK) for key in (NAME, PROJECT, CREATOR)),
    (Kind.SERVICE, ENVIRONMENT), (Kind.SERVICE, BY_ENVIRONMENT), (Kind.EXECUTION, BY_TASK),
    (Kind.TASK, LAST_RUN), (Kind.ENVIRONMENT, PHASE),
]  # fmt: skip
POSTINGS = [(Kind.ENVIRONMENT, PHASE), (Kind.SERVICE, PHASE), (Kind.SERVICE, PROJECT), (Kind.TASK, PROJECT)]


def built(fleet):
    """Make every index, as requests would."""
    for kind, key in ORDERS:
        fleet.order(kind, key)
    for kind, key in POSTINGS:
        fleet.postings(kind, key)
    return fleet


def ids(fleet, kind, places):
    return [fleet.table(kind).at(place).id for place in places]


def assert_the_same(followed, fresh):
    for kind in Kind:
        assert dict(followed.of(kind)) == dict(fresh.of(kind))
        assert sorted(row.id for row in followed.of(kind).values()) == sorted(fresh.of(kind))
        assert followed.table(kind).versions() == fresh.table(kind).versions()
    for kind, key in ORDERS:
        expected = ids(fresh, kind, Order.build(fresh, kind, key).walk())
        found = followed._indexes.get((Order, kind, key))
        assert found is not None
        assert ids(followed, kind, found.walk()) == expected
        assert ids(followed, kind, found.walk(descending=True)) == expected[::-1]
        assert len(found) == len(expected)
    for kind, key in POSTINGS:
        found, expected = followed.postings(kind, key), Postings.build(fresh, kind, key)
        assert set(found) == set(expected)
        for value in expected:
            assert sorted(ids(followed, kind, places_in(found[value]))) == sorted(
                ids(fresh, kind, places_in(expected[value]))
            )


FEW = st.sampled_from([str(number) for number in range(8)])
NAMES = st.sampled_from(["ash", "Birch", "cedar", ""])
ROWS = st.one_of(
    st.builds(Environment, FEW, NAMES, NAMES, project_id=FEW, creator_id=FEW),
    st.builds(Service, FEW, FEW, NAMES, phase=NAMES, creator_id=FEW),
    st.builds(Task, FEW, FEW, NAMES, creator_id=FEW),
    st.builds(Execution, FEW, FEW, FEW, NAMES, created=st.none() | st.floats(0, 9)),
    st.builds(Person, FEW, NAMES),
    st.builds(Project, FEW, NAMES),
)
GONE = st.tuples(
    st.sampled_from([Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION, Kind.PERSON]), FEW
)
HISTORY = st.lists(st.lists(ROWS | GONE, max_size=12), max_size=6)


def changes(edits, version):
    for edit in edits:
        if isinstance(edit, tuple):
            yield Change(version, *edit, None)
        else:
            yield Change(version, kind_of(edit), edit.id, edit)


@settings(max_examples=150, deadline=None)
@given(HISTORY)
def test_what_was_followed_is_what_would_be_made_from_scratch(history):
    fleet, known, versions = built(Fleet("e")), {kind: {} for kind in Kind}, {kind: {} for kind in Kind}
    for version, edits in enumerate(history, 1):
        some = list(changes(edits, version))
        for change in some:
            if change.row is None:
                known[change.kind].pop(change.id, None)
                versions[change.kind].pop(change.id, None)
            else:
                known[change.kind][change.id] = change.row
                versions[change.kind][change.id] = version
        fleet = fleet.applied("e", some)
    fresh = {
        kind: Table((versions[kind][key], key, row) for key, row in rows.items())
        for kind, rows in known.items()
    }
    assert_the_same(fleet, Fleet("e", fleet.version, fresh))


def many(count, *, phase="running"):
    return [Environment(f"e-{n:05}", f"name {n * 7919 % count}", phase) for n in range(count)]


def test_large_tables_follow_many_changes_and_the_old_ones_stay_as_they_were(monkeypatch):
    monkeypatch.setattr(orders, "LONGEST", 32)
    monkeypatch.setattr(orders, "SHORTEST", 8)
    rows = {row.id: row for row in many(4 * CHUNK)}
    first = fleet = built(Fleet("e", 0, {Kind.ENVIRONMENT: rows}))
    for step in range(1, 9):
        gone = [Change(step, Kind.ENVIRONMENT, key, None) for key in sorted(rows)[step::11]]
        new = [Environment(f"n-{step}-{n}", f"name {n}", "stopped") for n in range(70)]
        other = [Environment(key, f"other {key[::-1]}", "failed") for key in sorted(rows)[5::17]]
        edits = [*gone, *(Change(step, Kind.ENVIRONMENT, row.id, row) for row in (*new, *other))]
        for change in edits:
            rows.pop(change.id, None)
            rows |= {change.id: change.row} if change.row is not None else {}
        fleet = fleet.applied("e", edits)
    followed = fleet._indexes[Order, Kind.ENVIRONMENT, NAME]
    wanted = sorted(rows, key=lambda key: (rows[key].name, key))
    assert ids(fleet, Kind.ENVIRONMENT, followed.walk()) == wanted
    assert ids(fleet, Kind.ENVIRONMENT, followed.stretch(100, 200)) == wanted[100:200]
    assert dict(fleet.environments) == rows
    assert fleet.table(Kind.ENVIRONMENT).places < len(rows) + 200  # places are used again
    assert dict(first.environments) == {row.id: row for row in many(4 * CHUNK)}
    assert ids(first, Kind.ENVIRONMENT, first.order(Kind.ENVIRONMENT, NAME).walk()) == sorted(
        first.environments, key=lambda key: (first.environments[key].name, key)
    )


@given(
    st.sets(st.integers(0, 1199), max_size=1200) | st.just(set(range(1200))),
    st.integers(0, 1250),
    st.integers(0, 60),
    st.booleans(),
)
def test_a_page_is_the_slice_of_everything_sorted(chosen, start, length, descending):
    found = select(
        LARGE,
        Kind.ENVIRONMENT,
        NAME,
        place_set(chosen, 1200),
        start=start,
        end=start + length,
        descending=descending,
    )
    table = LARGE.table(Kind.ENVIRONMENT)
    everything = sorted(
        (table.at(place) for place in chosen), key=lambda row: (row.name, row.id), reverse=descending
    )
    assert found == everything[start : start + length]


LARGE = Fleet("e", 0, {Kind.ENVIRONMENT: {row.id: row for row in many(1200)}})


def test_a_change_shares_what_it_leaves_alone():
    fleet = built(Fleet("e", 0, {Kind.ENVIRONMENT: {row.id: row for row in many(8 * CHUNK)}}))
    changed = fleet.applied(
        "e", [Change(1, Kind.ENVIRONMENT, "e-00001", Environment("e-00001", "name 1", "failed"))]
    )
    before, after = fleet.table(Kind.ENVIRONMENT).chunks, changed.table(Kind.ENVIRONMENT).chunks
    assert sum(one is not other for one, other in zip(before, after, strict=True)) == 1
    assert changed.table(Kind.SERVICE) is fleet.table(Kind.SERVICE)
    for index in ((Order, Kind.SERVICE, BY_ENVIRONMENT), (Postings, Kind.SERVICE, PROJECT)):
        assert changed._indexes[index] is fleet._indexes[index]
