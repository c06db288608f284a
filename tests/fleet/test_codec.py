"""Rows and details to bytes and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet import codec, details
from dashboard.fleet.entities import ROW_TYPES, Environment, Kind, Port, Service, kind_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def one_of(types):
    """Any value of these dataclasses, every field drawn from its type."""
    return st.one_of([st.from_type(one) for one in types])


st.register_type_strategy(str, TEXT)
JSON = st.recursive(
    TEXT | st.booleans(), lambda below: st.lists(below) | st.dictionaries(TEXT, below), max_leaves=5
)
st.register_type_strategy(
    details.FileEntry,
    st.builds(
        details.FileEntry,
        st.sampled_from(Kind),
        TEXT,
        TEXT,
        st.dictionaries(TEXT, JSON),
        st.tuples(TEXT),
        TEXT,
    ),
)
ROWS = one_of(ROW_TYPES.values())
DETAILS = st.sampled_from(sorted(details.DETAIL_TYPES)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.from_type(details.DETAIL_TYPES[kind]))
)


@given(ROWS)
def test_every_row_survives_the_round_trip(row):
    assert codec.decode_row(kind_of(row), codec.encode_row(row)) == row


@given(DETAILS)
def test_every_detail_survives_the_round_trip(drawn):
    kind, detail = drawn
    assert codec.decode_detail(kind, codec.encode_detail(detail)) == detail


def test_what_has_its_default_takes_no_room():
    assert json.loads(codec.encode_row(Environment("e-1", phase="running", unpushed=0))) == {
        "id": "e-1",
        "phase": "running",
    }


def test_nested_rows_come_back_as_themselves():
    row = Environment("e-1", ports=(Port(3000, "web"),), failures=("broken",))
    assert codec.decode_row(Kind.ENVIRONMENT, codec.encode_row(row)) == row


def test_a_field_that_a_newer_version_added_is_ignored():
    blob = b'{"id": "s-1", "phase": "running", "mood": {"of": ["tomorrow"]}}'
    assert codec.decode_row(Kind.SERVICE, blob) == Service("s-1", phase="running")


@pytest.mark.parametrize(
    "blob",
    [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'{"id": 7}', b'{"id": "s-1", "triggers": "manual"}'],
)
def test_what_cannot_be_read_is_none(blob):
    assert codec.decode_row(Kind.SERVICE, blob) is None
    assert codec.decode_detail(Kind.ENVIRONMENT, blob + b"x") is None
