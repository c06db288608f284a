"""The client's own paging and filters, compared with what the world holds."""

from typing import Any

import pytest

from dashboard.simulator import World
from tests.referee.conftest import Drive

pytestmark = pytest.mark.referee
ALL = {"archival_status": "ARCHIVAL_STATUS_ALL"}


def ids(result: dict[str, Any]) -> list[str]:
    return [item["id"] for item in result["items"]]


@pytest.mark.parametrize(("page_size", "pages"), [(100, 3), (25, 10), (115, None), (None, 10)])
def test_automatic_paging_sees_every_environment_once_and_newest_first(
    drive: Drive, world: World, base_url: str, page_size: int | None, pages: int | None
) -> None:
    size = {} if page_size is None else {"page_size": page_size}
    [result] = drive(base_url, {"call": "environments.list", "args": {"filter": ALL, **size}, "pages": True})
    if pages is None:
        assert result["error"] == "BadRequestError"
        return
    expected = [row.id for row in world.environments.values() if row.phase != "ENVIRONMENT_PHASE_DELETED"]
    assert ids(result) == sorted(expected, reverse=True)
    assert result["pages"] == pages


def test_archived_and_deleted_environments_are_left_out_unless_asked_for(
    drive: Drive, world: World, base_url: str
) -> None:
    deleted = {"status_phases": ["ENVIRONMENT_PHASE_DELETED"]}
    active, archived, gone = drive(
        base_url,
        {"call": "environments.list", "args": {"page_size": 100}, "pages": True},
        {
            "call": "environments.list",
            "args": {"filter": {"archival_status": "ARCHIVAL_STATUS_ARCHIVED"}},
            "pages": True,
        },
        {"call": "environments.list", "args": {"filter": deleted}, "pages": True},
    )
    rows = [row for row in world.environments.values() if row.phase != "ENVIRONMENT_PHASE_DELETED"]
    assert set(ids(active)) == {row.id for row in rows if row.archived_at is None}
    assert set(ids(archived)) == {row.id for row in rows if row.archived_at is not None} != set()
    assert set(ids(gone)) == set(world.environments) - {row.id for row in rows} != set()


def test_filters_by_phase_creator_project_runner_and_role_agree_with_the_world(
    drive: Drive, world: World, base_url: str
) -> None:
    rows = [row for row in world.environments.values() if row.phase != "ENVIRONMENT_PHASE_DELETED"]
    creator = world.directory.operator.id
    project, runner = world.directory.projects[0].id, world.directory.runners[0].id
    expected = {
        "status_phases": ["ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_UPDATING"],
        "creator_ids": [creator],
        "project_ids": [project],
        "runner_ids": [runner],
        "roles": ["ENVIRONMENT_ROLE_PREBUILD"],
    }
    facts = [
        {row.id for row in rows if row.usable},
        {row.id for row in rows if row.creator.id == creator},
        {row.id for row in rows if row.project.id == project and row.from_project},
        {row.id for row in rows if row.runner.id == runner},
        {row.id for row in rows if row.role == "ENVIRONMENT_ROLE_PREBUILD"},
    ]
    steps = [
        {
            "call": "environments.list",
            "args": {"filter": {**ALL, name: values}, "page_size": 100},
            "pages": True,
        }
        for name, values in expected.items()
    ]
    for result, fact in zip(drive(base_url, *steps), facts, strict=True):
        assert set(ids(result)) == fact != set()


def test_services_tasks_and_executions_page_through_everything(
    drive: Drive, world: World, base_url: str
) -> None:
    automations = "environments.automations"
    results = drive(
        base_url,
        {"call": f"{automations}.services.list", "args": {"page_size": 100}, "pages": True},
        {"call": f"{automations}.tasks.list", "args": {"page_size": 100}, "pages": True},
        {"call": f"{automations}.tasks.executions.list", "args": {"page_size": 100}, "pages": True},
    )
    for result, rows in zip(results, (world.services, world.tasks, world.executions), strict=True):
        assert ids(result) == sorted(rows, reverse=True)
        assert result["pages"] == -(-len(rows) // 100) > 1


def test_automations_of_one_environment_are_found_by_filter(
    drive: Drive, world: World, base_url: str
) -> None:
    home = next(row for row in world.environments.values() if row.executions)
    automations, chosen = "environments.automations", {"environment_ids": [home.id]}
    services, tasks, runs, failed = drive(
        base_url,
        {"call": f"{automations}.services.list", "args": {"filter": chosen}, "pages": True},
        {"call": f"{automations}.tasks.list", "args": {"filter": chosen}, "pages": True},
        {"call": f"{automations}.tasks.executions.list", "args": {"filter": chosen}, "pages": True},
        {
            "call": f"{automations}.tasks.executions.list",
            "args": {"filter": {"phases": ["TASK_EXECUTION_PHASE_FAILED"]}, "page_size": 100},
            "pages": True,
        },
    )
    assert set(ids(services)) == {row.id for row in home.services}
    assert set(ids(tasks)) == {row.id for row in home.tasks}
    assert set(ids(runs)) == {row.id for row in home.executions}
    assert set(ids(failed)) == {
        row.id for row in world.executions.values() if row.phase == "TASK_EXECUTION_PHASE_FAILED"
    }


def test_machine_classes_list_and_filter(drive: Drive, world: World, base_url: str) -> None:
    everything, enabled = drive(
        base_url,
        {"call": "environments.classes.list", "pages": True},
        {"call": "environments.classes.list", "args": {"filter": {"enabled": True}}, "pages": True},
    )
    assert set(ids(everything)) == {row.id for row in world.directory.classes}
    assert set(ids(enabled)) == {row.id for row in world.directory.classes if row.enabled}
    assert len(enabled["items"]) < len(everything["items"])


def test_names_come_from_identity_members_projects_and_runners(
    drive: Drive, world: World, base_url: str
) -> None:
    organization = world.directory.organization_id
    identity, members, projects, runners = drive(
        base_url,
        {"call": "identity.get_authenticated_identity"},
        {"call": "organizations.list_members", "args": {"organization_id": organization}, "pages": True},
        {"call": "projects.list", "pages": True},
        {"call": "runners.list", "pages": True},
    )
    assert identity["value"]["organizationId"] == organization
    people = {item["userId"]: (item["fullName"], item["email"]) for item in members["items"]}
    assert people == {row.id: (row.name, row.email) for row in world.directory.members}
    assert ("Oda Perera", "operator@example.com") in people.values()
    assert {item["metadata"]["name"] for item in projects["items"]} == {
        row.name for row in world.directory.projects
    }
    assert {item["runnerId"] for item in runners["items"]} == {row.id for row in world.directory.runners}
