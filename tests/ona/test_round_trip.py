"""Arbitrary answers of every type: valid ones read as what was sent, mangled ones cost at most themselves."""

from datetime import UTC, datetime
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ona import schema
from dashboard.ona.decode import ListShape, Skipped
from dashboard.ona.schema import base
from tests.ona.test_mangled import mangled

SETTINGS = settings(max_examples=40, deadline=None)
TYPES = (
    schema.Environment,
    schema.EnvironmentClass,
    schema.Service,
    schema.Task,
    schema.TaskExecution,
    schema.Member,
    schema.Project,
    schema.Runner,
    schema.Identity,
    schema.UpdatedAutomations,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@"), max_size=12)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))
PLAIN = (
    (base.Id, st.from_regex(r"[A-Za-z0-9_.:-]{1,40}", fullmatch=True), None),
    (base.Text, TEXT, None),
    (base.Prose, TEXT, None),
    (base.Enum, TEXT, None),
    (base.Flag, st.booleans(), None),
    (base.Int, st.integers(-(2**31), 2**31 - 1), None),
    (base.Version, st.integers(0, 2**64 - 1), str),
    (base.Time, MOMENTS, lambda moment: moment.isoformat().replace("+00:00", "Z")),
    (base.Seconds, st.integers(0, 10**9).map(float), lambda seconds: f"{seconds:.0f}s"),
    (base.Texts, st.lists(TEXT, max_size=3).map(tuple), list),
    (base.Proses, st.lists(TEXT, max_size=3).map(tuple), list),
    (
        base.Names,
        st.lists(TEXT.filter(lambda text: "=" not in text), unique=True, max_size=3).map(tuple),
        list,
    ),
)
"""(kind of field, its values, how one is written on the wire)."""


def model_in(hint: Any) -> type[schema.Model] | None:
    """The model that a field holds, bare, optional or in a tuple."""
    if isinstance(hint, type) and issubclass(hint, schema.Model):
        return hint
    parts = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    found = (model_in(part) for part in parts if get_origin(hint) in {Annotated, tuple, UnionType} or parts)
    return next((one for one in found if one is not None), None)


@st.composite
def answers(draw: Any, model: type[schema.Model], depth: int = 4) -> tuple[dict[str, Any], dict[str, Any]]:
    """A message as it is on the wire, and the values that have to be read from it."""
    wire, expected = {}, {}
    for name, hint in get_type_hints(model, include_extras=True).items():
        field = model.model_fields.get(name)
        if field is None or (not field.is_required() and not draw(st.booleans())):
            continue
        alias = field.alias or name
        kept = field.annotation if not field.metadata else Annotated[(field.annotation, *field.metadata)]
        plain = next((one for one in PLAIN if one[0] in (hint, kept)), None)
        if plain is not None:
            value = draw(plain[1])
            wire[alias], expected[name] = plain[2](value) if plain[2] else value, value
        elif depth and (inner := model_in(hint)) is not None:
            if "tuple" in str(hint):
                found = draw(st.lists(answers(inner, depth - 1), max_size=2))
                wire[alias], expected[name] = [one[0] for one in found], [one[1] for one in found]
            else:
                wire[alias], expected[name] = draw(answers(inner, depth - 1))
    return wire, expected


def reads_as(read: Any, expected: Any) -> bool:
    """Whether every value that was sent is there."""
    if isinstance(expected, dict) and isinstance(read, schema.Model):
        return all(reads_as(getattr(read, name), value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(read) == len(expected) and all(map(reads_as, read, expected))
    return bool(read == expected)


@pytest.mark.parametrize("model", TYPES, ids=lambda model: model.__name__)
def test_what_is_modelled_reads_as_it_was_sent(model: type[schema.Model]) -> None:
    covered: set[str] = set()

    @SETTINGS
    @given(answers(model))
    def check(answer: tuple[dict[str, Any], dict[str, Any]]) -> None:
        wire, expected = answer
        covered.update(expected)
        assert reads_as(model.model_validate(wire), expected)

    check()
    assert covered


@pytest.mark.parametrize("model", TYPES, ids=lambda model: model.__name__)
def test_a_mangled_item_is_read_or_skipped_and_never_raises(model: type[schema.Model]) -> None:
    @SETTINGS
    @given(answers(model).flatmap(lambda answer: mangled(answer[0])))
    def check(item: Any) -> None:
        read = ListShape("items", model).read(0, item)
        assert isinstance(read, model | Skipped)
        assert not isinstance(read, Skipped) or read.reason

    check()
