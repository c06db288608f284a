"""What is offered where the caret is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.entities import Kind
from dashboard.fleet.query import select
from dashboard.fleet.query.completion import MOST, complete, place_of
from dashboard.fleet.query.fields import FIELDS
from dashboard.fleet.query.guide import markdown
from scripts.filter_guide import PAGE
from tests.fleet.test_language import TEXTS
from tests.fleet.test_selection import ADA, FLEET


def offered(before, kind=Kind.ENVIRONMENT):
    return [(one.text, one.before) for one in complete(FLEET, kind, before, ADA)]


@pytest.mark.parametrize(
    ("before", "place"),
    [
        ("", ("", "", "")),
        ("otter pha", ("otter ", "", "pha")),
        ("otter -pha", ("otter -", "", "pha")),
        ("phase:", ("phase:", "phase", "")),
        ("phase:running,sto", ("phase:running,", "phase", "sto")),
        ("-phase:sto", ("-phase:", "phase", "sto")),
        ('project:="web s', ("project:=", "project", "web s")),
        ('project:"a b",we', ('project:"a b",', "project", "we")),
        ("idle:>2", ("idle:>", "idle", "2")),
        ('"free te', ("", "", "free te")),
        ('"a b" ph', ('"a b" ', "", "ph")),
        ("it\u2019s a:b:c", ("it\u2019s a:", "a", "b:c")),
    ],
)
def test_what_is_being_typed(before, place):
    found = place_of(before)
    assert (found.kept, found.field, found.typed) == place


@pytest.mark.parametrize(
    ("before", "first"),
    [
        ("otter pha", ("phase:", "otter phase:")),
        ("phase:ru", ("running", "phase:running")),
        ("-phase:running,fai", ("failed", "-phase:running,failed")),
        ("runn", ("runner:", "runner:")),
        ("stopp", ("phase:stopping", "phase:stopping")),
        ("-idl", ("idle:", "-idle:")),
        ("is:", ("mine", "is:mine")),
        ("has:unp", ("unpushed", "has:unpushed")),
        ("project:sh", ("Web shop", 'project:"Web shop"')),
        ('project:="Web s', ("Web shop", 'project:="Web shop"')),
        ("creator:a", ("Ada \u0141o\u015b", 'creator:"Ada \u0141o\u015b"')),
        ("class:", ("Large", "class:Large")),
        ("branch:bas", ("feat/Basket", "branch:feat/Basket")),
        ("idle:", (">30m", "idle:>30m")),
        ("port:", ("3000", "port:3000")),
        ("archived:", ("yes", "archived:yes")),
    ],
)
def test_fields_values_and_flags_are_offered(before, first):
    assert offered(before)[0] == first


def test_nothing_is_offered_for_what_is_complete_or_unknown():
    assert ("phase:running", "phase:running") not in offered("phase:running")
    assert offered("phase:running") == []
    assert offered("nonsense:x") == []
    assert offered("x" * 1_000) == []


@given(st.sampled_from(list(FIELDS)), TEXTS)
def test_whatever_is_typed_few_things_are_offered_and_they_keep_what_was_there(kind, before):
    found = complete(FLEET, kind, before, ADA)
    assert len(found) <= MOST
    kept = place_of(before).kept
    assert before.startswith(kept)
    assert all(one.before.startswith(kept) for one in found)


@pytest.mark.parametrize("kind", FIELDS)
def test_every_value_offered_is_right(kind):
    for field in [*FIELDS[kind], "is", "has"]:
        for one in complete(FLEET, kind, f"{field}:", ADA):
            assert not select(FLEET, kind, one.before, ADA).problems, one


def test_the_guide_says_what_the_table_of_fields_says():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m scripts.filter_guide"
