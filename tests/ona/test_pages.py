"""Walking a list: tokens, filters, malformed items."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.ona import EnvironmentFilter, ExecutionFilter, ServiceFilter, TaskFilter, errors
from dashboard.ona.transport import ATTEMPTS_AT_ACCIDENTS
from tests.ona.wire import Time, answer, refusal, talk


def page(*ids, token=None):
    body = {"environments": [{"id": one} for one in ids], "pagination": {}}
    return answer(body | ({"pagination": {"nextToken": token}} if token is not None else {}))


def test_pages_follow_the_token_in_the_body_until_it_is_empty():
    ona, script = talk(page("a", "b", token="t/1=="), page("c", token=""))
    assert [[one.id for one in page.items] for page in ona.environments.pages()] == [["a", "b"], ["c"]]
    assert [message["pagination"] for message in script.messages] == [
        {"pageSize": 100},
        {"pageSize": 100, "token": "t/1=="},
    ]


def test_pages_are_asked_for_one_at_a_time():
    ona, script = talk(page("a", token="t"), page("b"))
    pages = ona.environments.pages()
    assert script.asked == []
    next(pages)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "body", [{"pagination": {}}, {}, {"environments": None, "pagination": None}, {"count": {"value": 0}}]
)
def test_an_absent_list_is_an_empty_page(body):
    ona, _ = talk(answer(body))
    (only,) = ona.environments.pages()
    assert (only.items, only.skipped) == ([], ())


def test_a_token_that_comes_twice_ends_in_an_error():
    ona, script = talk(page("a", token="x"), page("b", token="y"), page("a", token="x"))
    with pytest.raises(errors.BadAnswer, match="token"):
        list(ona.environments.pages())
    assert len(script.asked) == 2 + ATTEMPTS_AT_ACCIDENTS


@pytest.mark.parametrize(
    "accident",
    [
        refusal(500, "internal"),
        answer("<html>"),
        answer('{"environments": [{"id": "b"'),
        answer({"environments": [], "pagination": {"nextToken": 5}}),
        page("b", token="x"),
        page("a", token="y"),
    ],
    ids=["internal error", "HTML", "cut", "token that is none", "token that loops", "page that came before"],
)
def test_a_page_that_had_an_accident_is_asked_for_again(accident):
    time = Time()
    ona, script = talk(page("a", token="x"), accident, page("b", token="y"), page("c"), time=time)
    assert [one.id for some in ona.environments.pages() for one in some.items] == ["a", "b", "c"]
    assert [asked["pagination"].get("token") for asked in script.messages] == [None, "x", "x", "y"]
    assert time.slept == [0.5]


def test_a_page_that_never_makes_sense_ends_the_walk_after_a_few_attempts():
    ona, script = talk(page("a", token="x"), refusal(500, "internal", "the database is down"))
    with pytest.raises(errors.ServerError, match="database"):
        list(ona.environments.pages())
    assert len(script.asked) == 1 + ATTEMPTS_AT_ACCIDENTS


@pytest.mark.parametrize(
    "body",
    [
        {"environments": [], "pagination": {"nextToken": 5}},
        {"environments": [], "pagination": "x"},
        {"environments": [{"id": 5}], "pagination": {"nextToken": ["x"]}},
        {"environments": {"id": "a"}},
        {"environments": "abc"},
        {"status": "ok"},
        {"code": "internal", "message": "200 it is not"},
        [],
        "null",
        "",
        "<html>",
    ],
)
def test_what_is_no_list_answer_never_looks_like_the_end_of_the_list(body):
    ona, _ = talk(answer(body))
    with pytest.raises(errors.BadAnswer) as caught:
        list(ona.environments.pages())
    assert caught.value.maybe_received


def test_a_malformed_item_is_skipped_and_told_without_its_value():
    values = [
        {"id": "a"},
        {"id": 7},
        "secret-text",
        None,
        {},
        {"id": "b", "status": 3},
        {"id": "no good/secret"},
    ]
    ona, _ = talk(answer({"environments": values, "pagination": {"nextToken": "t"}}), page("z"))
    first, last = ona.environments.pages()
    assert [one.id for one in first.items] == ["a", "b"]
    assert [(one.index, one.reason) for one in first.skipped] == [
        (1, "id: string_type"),
        (2, "item: model_type"),
        (3, "item: model_type"),
        (4, "id: missing"),
        (6, "id: string_pattern_mismatch"),
    ]
    assert "secret" not in "".join(one.reason for one in first.skipped)
    assert [one.id for one in last.items] == ["z"]


def test_one_item_that_breaks_the_fast_decoder_costs_nothing_else():
    digits = "9" * 5000
    body = f'{{"environments": [{{"id": "a", "metadata": {{"name": "\\ud800"}}}}, {{"id": {digits}}}, {{"id": "b"}}]}}'
    ona, _ = talk(answer(body.encode()[:-1] + b', "x": "\xff"}'))
    (only,) = ona.environments.pages()
    assert [one.id for one in only.items] == ["a", "b"]
    assert only.items[0].metadata.name == "?"
    assert len(only.skipped) == 1


@pytest.mark.parametrize("more", ["", ', {"id": 5}'])
def test_what_no_database_stores_is_left_out_of_texts(more):
    body = rf'{{"environments": [{{"id": "a", "metadata": {{"name": "\u0000x\\u0000y\\\u0000"}}}}{more}]}}'
    ona, _ = talk(answer(body))
    (only,) = ona.environments.pages()
    assert only.items[0].metadata.name == "x\\u0000y\\"
    ona, _ = talk(answer('{"environment": {"id": "a", "metadata": {"name": "x\\u0000y"}}}'))
    assert ona.environments.get("a").metadata.name == "xy"


def test_filters_become_the_request():
    moment = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    ona, script = talk(answer({}))
    list(
        ona.environments.pages(
            EnvironmentFilter(
                status_phases=("running", "ENVIRONMENT_PHASE_STOPPING"),
                creator_ids=("u1",),
                archival_status="all",
                created_before=moment,
                search="web",
            ),
            page_size=7,
        )
    )
    list(ona.automations.service_pages(ServiceFilter(environment_ids=("e1",), roles=("ai_agent",))))
    list(ona.automations.task_pages(TaskFilter(references=("build",))))
    list(ona.automations.execution_pages(ExecutionFilter(phases=("pending",))))
    list(ona.directory.member_pages("o1", user_ids=("u1",)))
    assert [message.get("filter") for message in script.messages] == [
        {
            "statusPhases": ["ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_STOPPING"],
            "creatorIds": ["u1"],
            "archivalStatus": "ARCHIVAL_STATUS_ALL",
            "createdBefore": "2026-03-01T10:00:00.000005Z",
            "search": "web",
        },
        {"environmentIds": ["e1"], "roles": ["SERVICE_ROLE_AI_AGENT"]},
        {"references": ["build"]},
        {"phases": ["TASK_EXECUTION_PHASE_PENDING"]},
        {"userIds": ["u1"]},
    ]
    assert script.messages[0]["pagination"] == {"pageSize": 7}
    assert script.messages[-1]["organizationId"] == "o1"


def test_an_empty_filter_is_left_out():
    ona, script = talk(answer({}))
    list(ona.environments.pages(EnvironmentFilter()))
    assert script.messages == [{"pagination": {"pageSize": 100}}]


def test_more_than_25_values_are_refused_before_anything_is_sent():
    assert ServiceFilter(environment_ids=("e",) * 25).json()
    with pytest.raises(ValueError, match=r"environment_ids: 26 values.*batches"):
        ServiceFilter(environment_ids=("e",) * 26)


def test_a_moment_without_a_zone_and_a_senseless_page_size_are_refused():
    ona, _ = talk(answer({}))
    with pytest.raises(ValueError, match="time zone"):
        EnvironmentFilter(created_before=datetime(2026, 1, 1)).json()
    for size in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            ona.environments.pages(page_size=size)


def test_early_years_keep_four_digits():
    assert EnvironmentFilter(created_before=datetime(1, 1, 1, tzinfo=UTC)).json() == {
        "createdBefore": "0001-01-01T00:00:00.000000Z"
    }


def test_a_page_of_a_hundred_decodes_quickly_in_one_go():
    body = {"environments": [{"id": f"e{n}", "status": {"phase": "X"}} for n in range(100)], "pagination": {}}
    ona, _ = talk(answer(json.dumps(body)))
    (only,) = ona.environments.pages()
    assert len(only.items) == 100
