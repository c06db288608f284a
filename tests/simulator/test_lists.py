"""Paging and filters of the lists."""

from urllib.parse import quote

import pytest

from dashboard.simulator import environments, life
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire

LIST = f"{ENVIRONMENTS}/ListEnvironments"
ALL = {"archivalStatus": "ARCHIVAL_STATUS_ALL"}
DELETED = "ENVIRONMENT_PHASE_DELETED"


@pytest.fixture(scope="module")
def wire():
    return Wire(environments=140)


def ids(answer, name="environments"):
    return [row["id"] for row in answer.get(name, [])]


def alive(wire):
    return [row for row in wire.world.environments.values() if row.phase != DELETED]


def test_pages_hold_25_by_default_and_zero_means_the_default(wire):
    sizes = [len(ids(wire.call(LIST, **body))) for body in ({}, {"pagination": {"pageSize": 0}})]
    assert sizes == [25, 25]


def test_size_and_token_in_the_address_win_over_those_in_the_body(wire):
    first = wire.call(LIST, pagination={"pageSize": 10})
    token = first["pagination"]["nextToken"]
    second = wire.call(
        LIST, query=f"pageSize=5&token={quote(token, safe='')}", pagination={"pageSize": 10, "token": "?"}
    )
    assert len(ids(second)) == 5
    assert ids(second)[0] < ids(first)[-1]


def test_a_token_that_was_percent_encoded_twice_is_still_read(wire):
    token = wire.call(LIST)["pagination"]["nextToken"]
    once = wire.call(LIST, pagination={"token": token})
    assert wire.call(LIST, pagination={"token": quote(token, safe="")}) == once


def test_tokens_of_other_lists_and_made_up_ones_are_refused(wire):
    token = wire.call(f"{AUTOMATIONS}/ListTasks")["pagination"]["nextToken"]
    for wrong in (token, "made-up", "AAAA", token[:-4]):
        assert wire.refused(LIST, pagination={"token": wrong})[:2] == (400, "invalid_argument")


def test_the_last_page_has_no_token_and_an_empty_list_has_no_key(wire):
    everyone = wire.call(LIST, filter={"statusPhases": ["ENVIRONMENT_PHASE_CREATING"]})
    assert everyone["pagination"] == {}
    nothing = wire.call(LIST, filter={"search": "no such text"})
    assert nothing == {"pagination": {}}


def test_nothing_is_missed_or_repeated_while_environments_come_and_go():
    wire = Wire(environments=90)
    before = {row.id for row in wire.world.environments.values() if row.phase != DELETED}
    seen, gone, token = [], set(), ""
    while True:
        answer = wire.call(LIST, filter=ALL, pagination={"pageSize": 10, "token": token})
        seen += ids(answer)
        token = answer["pagination"].get("nextToken", "")
        if not token:
            break
        last = wire.world.environment_table.get(seen[-1])
        assert last is not None
        gone.add(last.id)
        wire.world.environment_table.remove(last.id)  # the very one that the token points at
        life._create(wire.world, wire.world.advance())
    assert seen == sorted(set(seen), reverse=True)
    assert set(seen) == before
    assert len(gone) == 8


def test_created_before_is_exclusive_and_walks_through_the_whole_fleet(wire):
    rows = sorted(alive(wire), key=lambda row: row.created)
    middle = wire.environment(rows[60].id)["metadata"]["createdAt"]
    answer = wire.call(LIST, filter={**ALL, "createdBefore": middle}, pagination={"pageSize": 100})
    assert ids(answer) == [row.id for row in reversed(rows[:60])]
    following = wire.call(LIST, filter={**ALL, "createdBefore": middle}, pagination={"pageSize": 7})
    assert ids(following) == ids(answer)[:7]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({}, lambda row: row.archived_at is None),
        ({"archivalStatus": "ARCHIVAL_STATUS_UNSPECIFIED"}, lambda row: row.archived_at is None),
        ({"archivalStatus": "ARCHIVAL_STATUS_ACTIVE"}, lambda row: row.archived_at is None),
        ({"archivalStatus": "ARCHIVAL_STATUS_ARCHIVED"}, lambda row: row.archived_at is not None),
        (ALL, lambda _: True),
        (
            {**ALL, "roles": ["ENVIRONMENT_ROLE_WORKFLOW"]},
            lambda row: row.role == "ENVIRONMENT_ROLE_WORKFLOW",
        ),
        ({**ALL, "runnerKinds": ["RUNNER_KIND_REMOTE"]}, lambda _: True),
        ({**ALL, "runnerKinds": ["RUNNER_KIND_LOCAL"]}, lambda _: False),
        ({**ALL, "search": "WEB-shop"}, lambda row: row.project.name == "web-shop"),
        ({**ALL, "search": "alert(1)"}, lambda row: "alert" in row.name),
        ({**ALL, "lockdownBefore": "2100-01-01T00:00:00Z"}, lambda row: row.lockdown_at is not None),
        ({**ALL, "statusPhases": ["ENVIRONMENT_PHASE_STOPPED"]}, lambda row: row.phase.endswith("STOPPED")),
    ],
)
def test_a_filter_leaves_exactly_what_fits(wire, asked, fits):
    found = ids(wire.call(LIST, filter=asked, pagination={"pageSize": 100}))
    expected = sorted((row.id for row in alive(wire) if fits(row)), reverse=True)
    assert found == expected[:100]


def test_ids_in_filters_are_joined_by_or_and_filters_by_and(wire):
    one, two = wire.world.directory.projects[:2]
    runner = wire.world.directory.runners[0]
    asked = {**ALL, "projectIds": [one.id, two.id.upper()], "runnerIds": [runner.id]}
    found = ids(wire.call(LIST, filter=asked, pagination={"pageSize": 100}))
    assert set(found) == {
        row.id
        for row in alive(wire)
        if row.from_project and row.project in {one, two} and row.runner == runner
    }


def test_session_ids_find_their_environments(wire):
    row = next(row for row in alive(wire) if row.session_id)
    assert ids(wire.call(LIST, filter={**ALL, "sessionIds": [row.session_id]})) == [row.id]


def test_deleted_environments_are_listed_only_by_phase(wire):
    deleted = {row.id for row in wire.world.environments.values() if row.phase == DELETED}
    assert deleted
    assert set(ids(wire.call(LIST, filter={"statusPhases": [DELETED]}))) == deleted


def test_sorting_by_archiving_time_pages_in_that_order(wire):
    body = {
        "filter": {"archivalStatus": "ARCHIVAL_STATUS_ARCHIVED"},
        "sort": {"field": "SORT_FIELD_ARCHIVED_AT"},
    }
    expected = sorted(
        (row for row in alive(wire) if row.archived_at), key=lambda row: -(row.archived_at or 0)
    )
    seen, token = [], ""
    for _ in expected:
        answer = wire.call(LIST, **body, pagination={"pageSize": 2, "token": token})
        seen += ids(answer)
        if not (token := answer["pagination"].get("nextToken", "")):
            break
    assert seen == [row.id for row in expected]


def test_ascending_order_is_the_reverse_of_the_default(wire):
    up = wire.call(LIST, filter=ALL, sort={"order": "SORT_ORDER_ASC"}, pagination={"pageSize": 3})
    assert ids(up) == sorted(row.id for row in alive(wire))[:3]
    following = {"pageSize": 3, "token": up["pagination"]["nextToken"]}
    more = wire.call(LIST, filter=ALL, sort={"order": "SORT_ORDER_ASC"}, pagination=following)
    assert ids(more)[0] > ids(up)[-1]


def test_a_count_comes_only_on_request_and_only_with_the_first_page(wire):
    first = wire.call(LIST, filter=ALL, count={"include": True})
    assert first["count"] == {"value": 140, "relation": "COUNT_RESPONSE_RELATION_EQ"}
    again = {"token": first["pagination"]["nextToken"]}
    assert "count" not in wire.call(LIST, filter=ALL, count={"include": True}, pagination=again)
    assert "count" not in wire.call(LIST, filter=ALL)


def test_a_large_count_is_bounded():
    wire = Wire(environments=1100)
    assert wire.call(LIST, count={"include": True})["count"] == {
        "value": 1000,
        "relation": "COUNT_RESPONSE_RELATION_GTE",
    }


def test_services_are_found_by_environment_reference_id_and_role(wire):
    home = next(row for row in alive(wire) if len(row.services) > 3)
    service = home.services[2]
    for asked, expected in (
        ({"environmentIds": [home.id]}, {row.id for row in home.services}),
        ({"serviceIds": [service.id]}, {service.id}),
        ({"environmentIds": [home.id], "references": [service.recipe.reference]}, {service.id}),
        (
            {"environmentIds": [home.id], "roles": ["SERVICE_ROLE_EDITOR", "SERVICE_ROLE_AI_AGENT"]},
            {row.id for row in home.services[:2]},
        ),
    ):
        assert set(ids(wire.call(f"{AUTOMATIONS}/ListServices", filter=asked), "services")) == expected


@pytest.mark.parametrize("phases", [["RUNNING", "PENDING"], ["FAILED"], ["RUNNING", "FAILED"]])
def test_executions_are_found_by_phase(wire, phases):
    names = [f"TASK_EXECUTION_PHASE_{phase}" for phase in phases]
    answer = wire.call(
        f"{AUTOMATIONS}/ListTaskExecutions", filter={"phases": names}, pagination={"pageSize": 100}
    )
    expected = sorted((row.id for row in wire.world.executions.values() if row.phase in names), reverse=True)
    assert ids(answer, "taskExecutions") == expected


def test_a_deleted_environment_takes_its_automations_with_it():
    wire = Wire()
    row = next(row for row in wire.world.environments.values() if row.phase.endswith("STOPPED") and row.tasks)
    service = row.services[0].id
    environments.begin_deleting(wire.world, row, wire.world.advance())
    seen = wire.phases_until("DELETED", lambda: wire.environment(row.id)["status"]["phase"])
    assert seen == ["DELETING", "DELETED"]
    assert wire.refused(f"{AUTOMATIONS}/GetService", id=service)[0] == 404
    assert wire.refused(f"{ENVIRONMENTS}/StartEnvironment", environmentId=row.id)[0] == 404
