"""Every method over the simulator's wire: two independent readings of the same API have to agree."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.ona import EnvironmentFilter, ExecutionFilter, Ona, ServiceFilter, TaskFilter, errors, schema
from dashboard.simulator import World, create_app, serve
from tests.ona.wire import Time

NOBODY = "01900000-0000-7000-8000-00000000dead"


@contextmanager
def speaking(key="some-key", environments=120, **options):
    """A client of a fresh world that stands still until its time is moved."""
    time = Time()
    world = World(environments=environments, seed=3, now=time)
    with (
        serve(create_app(world, **options)) as base,
        Ona.open(base, key, sleep=time.sleep, clock=time) as ona,
    ):
        yield ona, world, time


@pytest.fixture(scope="module")
def fleet():
    """For tests that only read."""
    with speaking() as (ona, world, _):
        yield ona, world


def everything(pages):
    """All items; nothing that the simulator says may be unreadable."""
    read = list(pages)
    assert [page.skipped for page in read] == [()] * len(read)
    return [item for page in read for item in page.items]


def first(items, phase):
    return next(item for item in items if item.phase == phase)


@pytest.mark.method("ListEnvironments")
def test_all_environments_are_read_in_pages(fleet):
    ona, world = fleet
    before = ona.requests
    environments = everything(ona.environments.pages(EnvironmentFilter(archival_status="all"), page_size=50))
    assert ona.requests - before == 3
    there = {one.id: one.phase for one in world.environments.values() if not one.phase.endswith("_DELETED")}
    assert [one.id for one in environments] == sorted(there, reverse=True)
    assert {one.id: one.status.phase for one in environments} == there


@pytest.mark.method("GetEnvironment")
def test_an_environment_reads_alike_in_a_list_and_alone(fleet):
    ona, _ = fleet
    for one in everything(ona.environments.pages(EnvironmentFilter(status_phases=("running",))))[:5]:
        alone = ona.environments.get(one.id)
        assert alone == one
        assert alone.metadata.created_at is not None
        assert alone.metadata.creator.id
        assert alone.status.content.git is not None


def test_filters_mean_the_same_on_both_sides(fleet):
    ona, world = fleet
    running = everything(ona.environments.pages(EnvironmentFilter(status_phases=("running",))))
    assert {one.phase for one in running} == {"running"}
    creator = running[0].metadata.creator.id
    own = everything(ona.environments.pages(EnvironmentFilter(creator_ids=(creator,), archival_status="all")))
    assert {one.metadata.creator.id for one in own} == {creator}
    whole = everything(ona.environments.pages(EnvironmentFilter(archival_status="all")))
    middle = whole[60].metadata.created_at
    older = everything(
        ona.environments.pages(EnvironmentFilter(created_before=middle, archival_status="all"))
    )
    assert {one.id for one in older} == {one.id for one in whole if one.metadata.created_at < middle}
    future = EnvironmentFilter(created_before=datetime.fromtimestamp(0, UTC) + timedelta(days=36500))
    assert len(everything(ona.environments.pages(future))) <= len(world.environments)


@pytest.mark.method(
    "GetAuthenticatedIdentity", "ListMembers", "ListProjects", "ListRunners", "ListEnvironmentClasses"
)
def test_classes_people_projects_and_runners_explain_the_ids(fleet):
    ona, _ = fleet
    identity = ona.directory.identity()
    people = {one.id: one for one in everything(ona.directory.member_pages(identity.organization_id))}
    projects = {one.id for one in everything(ona.directory.project_pages())}
    runners = {one.id for one in everything(ona.directory.runner_pages())}
    classes = {one.id for one in everything(ona.environments.class_pages())}
    assert all(one.full_name for one in people.values())
    for one in everything(ona.environments.pages()):
        assert one.metadata.runner_id in runners
        assert one.spec.machine.class_id in classes
        assert one.metadata.project_id in projects | {""}
        if schema.short(one.metadata.creator.principal, "PRINCIPAL_") == "user":
            assert one.metadata.creator.id in people
    assert [
        one.id for one in everything(ona.directory.member_pages(identity.organization_id, tuple(people)[:1]))
    ] == [next(iter(people))]


@pytest.mark.method(
    "ListServices", "ListTasks", "ListTaskExecutions", "GetService", "GetTask", "GetTaskExecution"
)
def test_services_tasks_and_executions_read_alike_in_lists_and_alone(fleet):
    ona, world = fleet
    services = everything(ona.automations.service_pages())
    tasks = everything(ona.automations.task_pages())
    executions = everything(ona.automations.execution_pages())
    assert {one.id for one in services} == set(world.services)
    assert {one.id for one in tasks} == set(world.tasks)
    assert {one.id for one in executions} == set(world.executions)
    own = {"spec": {"spec_version"}}
    service = ona.automations.get_service(services[0].id)
    assert service.model_dump(exclude=own) == services[0].model_dump(exclude=own)
    assert ona.automations.get_task(tasks[0].id) == tasks[0]
    assert ona.automations.get_execution(executions[0].id) == executions[0]


def test_filters_of_automations_mean_the_same_on_both_sides(fleet):
    ona, _ = fleet
    service = everything(ona.automations.service_pages())[0]
    here = (service.environment_id,)
    for one in everything(ona.automations.service_pages(ServiceFilter(environment_ids=here))):
        assert one.environment_id == service.environment_id
    assert service.id in {
        one.id for one in everything(ona.automations.service_pages(ServiceFilter(service_ids=(service.id,))))
    }
    task = everything(ona.automations.task_pages())[0]
    assert [one.id for one in everything(ona.automations.task_pages(TaskFilter(task_ids=(task.id,))))] == [
        task.id
    ]
    live = ExecutionFilter(phases=("pending", "running"))
    assert {one.phase for one in everything(ona.automations.execution_pages(live))} <= {"pending", "running"}


def test_threads_share_one_client(fleet):
    ona, _ = fleet
    before = ona.requests
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda _: len(everything(ona.automations.service_pages())), range(16)))
    assert len(set(counts)) == 1
    assert ona.requests - before == 16 * -(-counts[0] // 100)


@pytest.mark.method("StopEnvironment", "StartEnvironment")
def test_an_environment_is_stopped_and_started():
    with speaking() as (ona, world, time):
        target = first(everything(ona.environments.pages()), "running").id
        ona.environments.stop(target)
        time.now += 600
        assert ona.environments.get(target).phase == "stopped"
        assert ona.environments.get(target).spec.desired_phase == "ENVIRONMENT_PHASE_STOPPED"
        ona.environments.start(target)
        time.now += 900
        assert ona.environments.get(target).phase == "running"
        assert [call.method for call in world.calls] == ["StopEnvironment", "StartEnvironment"]


@pytest.mark.method("StopService", "StartService")
def test_a_service_is_stopped_and_started():
    with speaking() as (ona, world, time):
        target = first(everything(ona.automations.service_pages()), "running").id
        ona.automations.stop_service(target)
        time.now += 180
        assert ona.automations.get_service(target).phase == "stopped"
        ona.automations.start_service(target)
        assert [call.method for call in world.calls] == ["StopService", "StartService"]


@pytest.mark.method("StartTask", "StopTaskExecution")
def test_a_task_is_started_and_its_execution_stopped():
    with speaking() as (ona, world, _):
        running = {
            one.id
            for one in everything(ona.environments.pages(EnvironmentFilter(status_phases=("running",))))
        }
        task = next(one for one in everything(ona.automations.task_pages()) if one.environment_id in running)
        execution = ona.automations.start_task(task.id)
        assert (execution.metadata.task_id, execution.phase) == (task.id, "pending")
        ona.automations.stop_execution(execution.id)
        assert ona.automations.get_execution(execution.id).id == execution.id
        assert [call.method for call in world.calls] == ["StartTask", "StopTaskExecution"]


def test_what_the_api_refuses_has_the_right_type(fleet):
    ona, _ = fleet
    for call in (
        ona.environments.get,
        ona.environments.stop,
        ona.automations.get_service,
        ona.automations.start_task,
    ):
        with pytest.raises(errors.NotFound):
            call(NOBODY)
        with pytest.raises(errors.InvalidRequest, match="UUID"):
            call("no-uuid")


def test_a_wrong_key_a_reading_key_and_a_wrong_address():
    with speaking("wrong", 10, api_keys=("right",)) as (ona, _, _), pytest.raises(errors.Unauthenticated):
        ona.directory.identity()
    with speaking("readonly-key", 10) as (ona, world, _):
        with pytest.raises(errors.PermissionDenied, match="read-only"):
            ona.environments.stop(next(iter(world.environments)))
        base = str(ona._transport.base).removesuffix("/api")
        with Ona.open(base, "key") as lost, pytest.raises(errors.Unimplemented):
            lost.directory.identity()


def test_a_rate_limit_is_waited_out_by_reads_and_handed_over_by_writes():
    with speaking(environments=10, rate=1.0) as (ona, world, time):
        for _ in range(6):
            ona.directory.identity()
        assert ona.requests > 6
        assert time.slept
        with pytest.raises(errors.RateLimited, match="StopEnvironment"):
            stop_often(ona, next(iter(world.environments)))
        assert {call.outcome for call in world.calls} >= {"resource_exhausted"}


def stop_often(ona, target):
    for _ in range(6):
        ona.environments.stop(target)
