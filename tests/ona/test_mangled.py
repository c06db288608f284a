"""Whatever comes over the wire, nothing but an OnaError leaves the package."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug import Response

from dashboard.ona import errors
from tests.ona.test_schema import ENVIRONMENT
from tests.ona.wire import talk

SETTINGS = settings(max_examples=100, deadline=None)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
LISTS = {
    "environments": lambda ona: ona.environments.pages(),
    "environmentClasses": lambda ona: ona.environments.class_pages(),
    "services": lambda ona: ona.automations.service_pages(),
    "tasks": lambda ona: ona.automations.task_pages(),
    "taskExecutions": lambda ona: ona.automations.execution_pages(),
    "members": lambda ona: ona.directory.member_pages("o1"),
    "projects": lambda ona: ona.directory.project_pages(),
    "runners": lambda ona: ona.directory.runner_pages(),
}


@st.composite
def mangled(draw, value=ENVIRONMENT):
    """The recorded environment with some of its values, at any depth, replaced by junk or left out."""
    choice = draw(st.integers(0, 12))
    if choice == 0:
        return draw(JUNK)
    if isinstance(value, dict):
        return {key: draw(mangled(item)) for key, item in value.items() if draw(st.integers(0, 9))}
    if isinstance(value, list):
        return [draw(mangled(item)) for item in value]
    return value


def attempts():
    """Every kind of call."""
    for pages in LISTS.values():
        yield lambda ona, pages=pages: list(pages(ona))
    yield lambda ona: ona.environments.get("e1")
    yield lambda ona: ona.environments.stop("e1")
    yield lambda ona: ona.automations.start_task("t1")
    yield lambda ona: ona.directory.identity()


def message_of(call, ona):
    """What the call's OnaError says, "" when it succeeds; any other exception fails the test."""
    try:
        call(ona)
    except errors.OnaError as error:
        return str(error)
    return ""


def only_ona_errors(body, status):
    for call in attempts():
        ona, _ = talk(Response(body, status, {"Retry-After": "1"}))
        told = message_of(call, ona)
        assert told.isprintable()


@SETTINGS
@given(st.binary(max_size=60), st.sampled_from([200, 200, 204, 302, 400, 404, 429, 500, 503]))
def test_any_bytes(body, status):
    only_ona_errors(body, status)


@SETTINGS
@given(JUNK, st.sampled_from(sorted(LISTS)), st.sampled_from([200, 200, 403, 429, 500]))
def test_any_json(junk, key, status):
    for value in (
        junk,
        {key: junk},
        {key: [junk], "pagination": {}},
        {"code": junk, "details": junk, "message": junk},
    ):
        only_ona_errors(json.dumps(value), status)


@SETTINGS
@given(st.lists(mangled(), max_size=4))
def test_a_mangled_item_never_costs_a_good_one(items):
    good = {"id": "good"}
    ona, _ = talk(Response(json.dumps({"environments": [good, *items, good]}), 200))
    (page,) = ona.environments.pages()
    assert [page.items[0].id, page.items[-1].id] == ["good", "good"]
    assert len(page.items) + len(page.skipped) == len(items) + 2


@SETTINGS
@given(st.integers(0, 400), mangled())
def test_an_answer_cut_anywhere(at, item):
    whole = json.dumps({"environments": [item], "pagination": {"nextToken": ""}})
    only_ona_errors(whole[:at].encode(), 200)


def test_nesting_without_end():
    for body in (b"[" * 200_000, b'{"environments":' + b"[" * 200_000, b'{"a":' * 100_000):
        only_ona_errors(body, 200)
        only_ona_errors(body, 500)
