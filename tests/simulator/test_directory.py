"""Names instead of ids: members, projects, runners, machine classes, and who calls."""

import pytest

from tests.simulator.wire import ENVIRONMENTS, Wire

MEMBERS, PROJECTS = "gitpod.v1.OrganizationService/ListMembers", "gitpod.v1.ProjectService/ListProjects"
RUNNERS, CLASSES = "gitpod.v1.RunnerService/ListRunners", f"{ENVIRONMENTS}/ListEnvironmentClasses"


@pytest.fixture(scope="module")
def wire():
    return Wire(environments=1000)


def members(wire, query="", **body):
    return wire.call(MEMBERS, query, organizationId=wire.world.directory.organization_id, **body)


def test_the_caller_is_a_service_account_of_the_organisation(wire):
    identity = wire.call("gitpod.v1.IdentityService/GetAuthenticatedIdentity")
    assert identity["subject"]["principal"] == "PRINCIPAL_SERVICE_ACCOUNT"
    assert identity["organizationId"] == wire.world.directory.organization_id


def test_members_are_found_by_id_mail_and_text(wire):
    first, second = wire.world.directory.members[:2]
    for asked, expected in (
        ({"userIds": [first.id, second.id]}, {first.name, second.name}),
        ({"email": "Operator@example.com"}, {"Oda Perera"}),
        ({"search": "oda per"}, {"Oda Perera"}),
        ({"search": "nobody of that name"}, set()),
    ):
        assert {row["fullName"] for row in members(wire, filter=asked).get("members", [])} == expected


def test_members_sort_by_name_over_several_pages(wire):
    seen, token = [], ""
    while True:
        sort = {"field": "SORT_FIELD_NAME", "order": "SORT_ORDER_ASC"}
        answer = members(wire, sort=sort, pagination={"pageSize": 7, "token": token})
        seen += [row["fullName"] for row in answer["members"]]
        if not (token := answer["pagination"].get("nextToken", "")):
            break
    assert seen == sorted((row.name for row in wire.world.directory.members), key=str.casefold)


@pytest.mark.parametrize("method", [MEMBERS, PROJECTS])
def test_totals_come_on_request(wire, method):
    directory = wire.world.directory
    answer = wire.call(method, organizationId=directory.organization_id, count={"include": True})
    expected = len(directory.members if method == MEMBERS else directory.projects)
    assert answer["count"] == {"value": expected, "relation": "COUNT_RESPONSE_RELATION_EQ"}


def test_members_need_an_organisation_that_is_ones_own(wire):
    assert "organization_id: value is required [required]" in wire.refused(MEMBERS)[2]
    other = "01900000-0000-7000-8000-000000000000"
    assert wire.refused(MEMBERS, organizationId=other)[:2] == (403, "permission_denied")


def test_projects_name_themselves_and_lack_their_deprecated_class(wire):
    rows = wire.call(PROJECTS, filter={"search": "web-shop"})["projects"]
    assert [row["metadata"]["name"] for row in rows] == ["web-shop"]
    assert "environmentClass" not in rows[0]
    first = wire.call(PROJECTS, filter={"projectIds": [rows[0]["id"]]})["projects"]
    assert first == rows


def test_runners_report_with_nanoseconds_a_region_and_a_capability_nobody_knows(wire):
    rows = wire.call(RUNNERS)["runners"]
    assert len(rows) == 4
    assert len({row["status"]["region"] for row in rows}) == 4
    assert {row["provider"].removeprefix("RUNNER_PROVIDER_") for row in rows} == {"MANAGED", "AWS_EC2", "GCP"}
    for row in rows:
        assert len(row["status"]["updatedAt"]) == len("2026-06-22T01:02:35.396174112Z")
        assert "RUNNER_CAPABILITY_FROM_THE_FUTURE" in row["status"]["capabilities"]
    managed = wire.call(RUNNERS, filter={"providers": ["RUNNER_PROVIDER_MANAGED"]})["runners"]
    assert len(managed) == 2


@pytest.mark.parametrize(
    ("asked", "total"),
    [
        ({}, 6),
        ({"enabled": True}, 5),
        ({"enabled": False}, 1),
        ({"canCreateEnvironments": True}, 5),
        ({"runnerProviders": ["RUNNER_PROVIDER_GCP"]}, 1),
        ({"runnerKinds": ["RUNNER_KIND_LOCAL"]}, 0),
    ],
)
def test_machine_classes_are_filtered_and_a_disabled_one_lacks_the_flag(wire, asked, total):
    rows = wire.call(CLASSES, filter=asked).get("environmentClasses", [])
    assert len(rows) == total
    for row in rows:
        assert row.get("enabled") in (None, True)
        assert "vCPU" in row["description"]
