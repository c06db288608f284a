"""What each field and flag selects, and what is said of a mistake."""

import time
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.entities import (
    Environment,
    EnvironmentClass,
    Execution,
    Kind,
    Listed,
    Person,
    Port,
    Project,
    Runner,
    Service,
    Task,
    kind_of,
)
from dashboard.fleet.query import Context, Query, run, select
from dashboard.fleet.query.fields import FIELDS
from dashboard.fleet.query.flags import FLAGS, flags_of
from dashboard.fleet.query.language import parse
from dashboard.fleet.snapshot import Fleet

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_000 * DAY
BUSY = Environment(
    "e-busy-11112222", "Sunny Otter", "running", "running", repository="acme/shop", branch="feat/Basket",
    project_id="j-web", creator_id="p-ada", runner_id="r-1", class_id="c-large", role="default",
    created=NOW - 3 * DAY, started=NOW - 5 * HOUR, signal_at=NOW - 4 * HOUR, unpushed=2, changed=11,
    ports=(Port(3000), Port(8080)),
)  # fmt: skip
IDLE = replace(
    BUSY, id="e-idle-33334444", name="grey owl", project_id="j-shop", creator_id="p-bob", unpushed=0
)
WIDE = "\uff26\uff55\uff4c\uff4c Straße"
OLD = Environment(
    "e-old-55556666", WIDE, "stopped", "stopped", project_id="j-web", creator_id="p-bot", role="prebuild",
    created=NOW - 40 * DAY, started=NOW - 20 * DAY, failures=("no machine was free",), warnings=("disk is full",),
    lockdown=NOW - DAY,
)  # fmt: skip
KEPT = Environment("e-kept-77778888", "put away", "stopped", created=NOW - 90 * DAY, archived=NOW - 50 * DAY)
WEB = Service("s-web", "e-busy-11112222", "Web", "web", role="default", phase="running", creator_id="p-bob")
EDITOR = Service(
    "s-ed", "e-busy-11112222", "Editor", "vs", role="editor", phase="running", triggers=("manual",)
)
BROKEN = Service("s-db", "e-old-55556666", "Database", "db", phase="starting", failure="port is taken")
BUILD = Task(
    "t-build", "e-busy-11112222", "Build", "build", triggers=("manual", "prebuild"), creator_id="p-ada"
)
TEST = Task("t-test", "e-old-55556666", "Test", "test")
RUN = Execution(
    "x-1", "t-build", "e-busy-11112222", "Build", "running", creator_id="p-ada", started_by="manual",
    created=NOW - 700, started=NOW - 600,
)  # fmt: skip
DONE = Execution(
    "x-2", "t-test", "e-old-55556666", "Test", "failed", failure="exit 137",
    created=NOW - 2 * DAY, started=NOW - 2 * DAY, completed=NOW - 2 * DAY + 30,
)  # fmt: skip
DIRECTORY = (
    Person("p-ada", "Ada Łoś", "ada@example.com"), Person("p-bob", "Bob", "bob@example.com"), Person("p-bot", "CI bot"),
    Project("j-web", "Web"), Project("j-shop", "Web shop"), Runner("r-1", "Frankfurt"),
    EnvironmentClass("c-large", "Large"),
)  # fmt: skip
ROWS = (BUSY, IDLE, OLD, KEPT, WEB, EDITOR, BROKEN, BUILD, TEST, RUN, DONE)


def of(*rows):
    by_kind = {}
    for row in rows:
        by_kind.setdefault(kind_of(row), {})[row.id] = row
    return Fleet("epoch", 1, by_kind)


FLEET = of(*ROWS, *DIRECTORY)
ADA = Context(NOW, "p-ada", frozenset({"e-old-55556666"}))


def found(kind, text, context=ADA):
    """The names of what a text without mistakes selects."""
    selection = select(FLEET, kind, text, context)
    assert not selection.problems, selection.problems
    return {row.name for row in FLEET.of(kind).values() if selection.holds(row)}


BUSY_, IDLE_, OLD_, KEPT_ = "Sunny Otter", "grey owl", WIDE, "put away"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {BUSY_, IDLE_, OLD_}),
        ("phase:running", {BUSY_, IDLE_}),
        ("phase:RUNNING", {BUSY_, IDLE_}),
        ("phase:failed", {OLD_}),
        ("phase:archived", {KEPT_}),
        ("-phase:running", {OLD_}),
        ("phase:failed,running -creator:bot", {BUSY_, IDLE_}),
        ("desired:stopped", {OLD_}),
        ("project:web", {BUSY_, IDLE_, OLD_}),
        ("project:=web", {BUSY_, OLD_}),
        ('project:"web shop"', {IDLE_}),
        ("project:j-shop", {IDLE_}),
        ("creator:ada", {BUSY_}),
        ("creator:łoś", {BUSY_}),
        ("creator:bob@example.com", {IDLE_}),
        ("class:large", {BUSY_, IDLE_}),
        ("runner:frank", {BUSY_, IDLE_}),
        ("role:prebuild", {OLD_}),
        ("name:otter,owl", {BUSY_, IDLE_}),
        ("name:full", {OLD_}),
        ("name:STRASSE", {OLD_}),
        ("id:33334444", {IDLE_}),
        ("id:e-idle", {IDLE_}),
        ("id:=e-idle", set()),
        ("repo:acme/shop branch:basket", {BUSY_, IDLE_}),
        ("age:<7d", {BUSY_, IDLE_}),
        ("age:30d", {OLD_}),
        ("idle:>2h", {BUSY_, IDLE_, OLD_}),
        ("idle:<5h", {BUSY_, IDLE_}),
        ("idle:>4h", {OLD_}),
        ("idle:>=4h", {BUSY_, IDLE_, OLD_}),
        ("archived:any -idle:>1s", {KEPT_}),
        ("started:<6h", {BUSY_, IDLE_}),
        ('failure:"no machine"', {OLD_}),
        ("warning:disk", {OLD_}),
        ("has:failure", {OLD_}),
        ("-has:failure,unpushed", {IDLE_}),
        ("unpushed:>0", {BUSY_}),
        ("unpushed:2", {BUSY_}),
        ("changed:>=11", {BUSY_, IDLE_}),
        ("port:3000", {BUSY_, IDLE_}),
        ("port:>9000", set()),
        ("archived:yes", {KEPT_}),
        ("archived:any", {BUSY_, IDLE_, OLD_, KEPT_}),
        ("lockdown:yes", {OLD_}),
        ("is:mine", {BUSY_}),
        ("is:idle", {IDLE_}),
        ("is:failed", {OLD_}),
        ("is:stale", {OLD_}),
        ("is:exempt", {OLD_}),
        ("is:mine,exempt", {BUSY_, OLD_}),
        ("-is:mine", {IDLE_, OLD_}),
        ("otter basket", {BUSY_}),
        ("\uff41\uff44\uff41", {BUSY_}),
        ("otter,machine", {BUSY_, OLD_}),
        ("-acme", {OLD_}),
    ],
)
def test_environments_by_field(text, names):
    assert found(Kind.ENVIRONMENT, text) == names


@pytest.mark.parametrize(
    ("kind", "text", "names"),
    [
        (Kind.SERVICE, "", {"Web", "Database"}),
        (Kind.SERVICE, "platform:any", {"Web", "Database", "Editor"}),
        (Kind.SERVICE, "role:editor", {"Editor"}),
        (Kind.SERVICE, "-role:editor", {"Web", "Database"}),
        (Kind.SERVICE, "phase:failed is:failed", {"Database"}),
        (Kind.SERVICE, "reference:db failure:taken", {"Database"}),
        (Kind.SERVICE, "environment:otter", {"Web"}),
        (Kind.SERVICE, "project:=web", {"Web", "Database"}),
        (Kind.SERVICE, "class:large creator:bob", {"Web"}),
        (Kind.SERVICE, "platform:any trigger:manual", {"Editor"}),
        (Kind.SERVICE, "is:mine", {"Web"}),
        (Kind.SERVICE, "is:exempt", {"Database"}),
        (Kind.TASK, "trigger:prebuild", {"Build"}),
        (Kind.TASK, "last:failed", {"Test"}),
        (Kind.TASK, "ran:<1h", {"Build"}),
        (Kind.TASK, "branch:basket is:mine", {"Build"}),
        (Kind.EXECUTION, "phase:running duration:>9m", {"Build"}),
        (Kind.EXECUTION, "duration:<1m", {"Test"}),
        (Kind.EXECUTION, "task:test failure:137", {"Test"}),
        (Kind.EXECUTION, "started-by:manual", {"Build"}),
        (Kind.EXECUTION, "started_by:manual", {"Build"}),
        (Kind.EXECUTION, "is:moving", {"Build"}),
        (Kind.EXECUTION, "repo:acme creator:ada", {"Build"}),
    ],
)
def test_other_kinds_by_field(kind, text, names):
    assert found(kind, text) == names


@pytest.mark.parametrize(
    ("text", "place", "words", "instead"),
    [
        ("otter fase:running", "fase", "no field fase", "phase"),
        ("otter -proyect:web", "proyect", "no field proyect", "project"),
        ("zzzz:1", "zzzz", "no field zzzz", ""),
        ("phase:runing,stopped", "runing", "There is no runing", "running"),
        ("role:pre", "pre", "Known: ", ""),
        ("is:idel", "idel", "There is no idel", "idle"),
        ("has:phase", "phase", "There is no phase", ""),
        ("idle:2", "2", "30m, 2h or 7d", "2h"),
        ("idle:=2h", "=2h", "compared", ">2h"),
        ("age:1y", "1y", "30m, 2h or 7d", ""),
        ("port:web", "web", "whole number", ""),
        ("port:²", "²", "whole number", ""),
        ("archived:maybe", "maybe", "yes, no or any", ""),
        ("name:>otter", ">otter", "by size", "otter"),
        ("phase:<running", "<running", "by size", "running"),
        ("duration:>1h", "duration", "no field duration", ""),
    ],
)
def test_a_mistake_is_named_with_the_nearest_word(text, place, words, instead):
    (problem,) = select(FLEET, Kind.ENVIRONMENT, text, ADA).problems
    assert text[problem.start : problem.end] == place
    assert words in problem.message
    assert problem.instead == instead


def test_what_is_wrong_is_left_out_and_the_rest_selects():
    selection = select(FLEET, Kind.ENVIRONMENT, 'phase:runing name:owl "x', ADA)
    assert len(selection.problems) == 2
    assert [row.name for row in FLEET.environments.values() if selection.holds(row)] == [IDLE_]


def test_a_phase_that_this_version_does_not_know_can_be_asked_for_when_it_is_there():
    odd = of(replace(BUSY, phase="hibernating"))
    assert not select(odd, Kind.ENVIRONMENT, "phase:hibernating", ADA).problems
    assert select(FLEET, Kind.ENVIRONMENT, "phase:hibernating", ADA).problems


def test_nobody_owns_nothing():
    assert found(Kind.ENVIRONMENT, "is:mine", Context(NOW)) == set()


def test_an_environment_in_which_a_task_runs_is_not_idle():
    assert BUSY_ not in found(Kind.ENVIRONMENT, "is:idle")


def test_one_moment_counts_for_a_whole_evaluation():
    later = replace(ADA, now=NOW + 10 * HOUR)
    assert found(Kind.ENVIRONMENT, "idle:>13h") == {OLD_}
    assert found(Kind.ENVIRONMENT, "idle:>13h", later) == {BUSY_, IDLE_, OLD_}


@pytest.mark.parametrize("kind", FIELDS)
def test_every_example_of_every_field_is_right(kind):
    for field in FIELDS[kind].values():
        assert field.examples
        for example in field.examples:
            assert example.lstrip("-").startswith(f"{field.name}:")
            assert not select(FLEET, kind, example, ADA).problems, example
    for name in flags_of(kind):
        assert not select(FLEET, kind, f"is:{name}", ADA).problems


def test_every_flag_is_of_a_listed_kind():
    listed = {kind for kind in Kind if kind in FIELDS}
    assert len(listed) == len(get_args(Listed))
    assert all(flag.kinds <= listed for flag in FLAGS.values())


ATOMS = st.sampled_from(
    ["phase:running", "phase:failed,stopped", "project:=web", "creator:b", "idle:>4h", "unpushed:>0", "has:failure",
     "is:mine", "otter", "owl,machine", "archived:any", "name:o", "age:<7d"]
)  # fmt: skip
TERMS = st.lists(st.tuples(st.booleans(), ATOMS), max_size=6)


@given(TERMS)
def test_and_or_and_not_agree_with_asking_each_value_of_each_row_alone(terms):
    text = " ".join("-" * negated + atom for negated, atom in terms)
    lifted = any("archived" in atom for _, atom in terms)

    def alone(row, negated, atom):
        (term,) = parse(atom).terms
        head = f"{term.field}:" if term.field else ""
        parts = [f"{head}{value.operator}{value.text}" for value in term.values]
        own = [select(FLEET, Kind.ENVIRONMENT, f"{part} archived:any", ADA).holds(row) for part in parts]
        return any(own) is not negated

    naive = {
        row.id
        for row in FLEET.environments.values()
        if (lifted or row.archived is None) and all(alone(row, *term) for term in terms)
    }
    result = run(FLEET, Kind.ENVIRONMENT, Query(text, "name"), ADA)
    assert {row.id for row in result.rows} == naive
    selection = select(FLEET, Kind.ENVIRONMENT, text, ADA)
    assert {row.id for row in FLEET.environments.values() if selection.holds(row)} == naive


@given(st.sampled_from(list(FIELDS)), st.text(max_size=80))
def test_any_text_selects_or_says_what_is_wrong(kind, text):
    selection = select(FLEET, kind, text, ADA)
    assert all(0 <= one.start < one.end <= len(text) and one.message for one in selection.problems)
    for row in FLEET.of(kind).values():
        assert selection.holds(row) in {True, False}


@given(
    st.sampled_from(["phase", "project", "creator", "class"]),
    st.sampled_from(["running", "web", "ada", "x", "failed"]),
)
def test_a_condition_on_an_indexed_field_is_decided_by_the_raw_value_alone(name, value):
    for condition in select(FLEET, Kind.ENVIRONMENT, f"{name}:{value}", ADA).conditions:
        assert condition.index == name
        read = FIELDS[Kind.ENVIRONMENT][name].read
        for row in FLEET.environments.values():
            assert condition.accepts(read(None, row)) == condition.holds(row)


def test_the_longest_query_over_ten_thousand_rows_takes_no_more_than_a_moment():
    many = of(*(replace(BUSY, id=f"e-{n}", name=f"Näme {n}") for n in range(10_000)), *DIRECTORY)
    text = " ".join(f"-a{n},b{n},c{n}ß,d{n}" for n in range(32))[:1_000]
    began = time.process_time()
    run(many, Kind.ENVIRONMENT, Query(text, "name"), ADA)
    assert time.process_time() - began < 5
