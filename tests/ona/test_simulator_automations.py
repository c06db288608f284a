"""Defining services and tasks over the simulator's wire."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ona import EnvironmentFilter, Secret, ServiceFilter, errors, send
from tests.ona.test_simulator import NOBODY, everything, speaking

FILE = {
    "services": {
        "site": {
            "name": "Site",
            "commands": {"start": "npm run dev", "ready": "true"},
            "triggeredBy": ["manual"],
            "runsOn": {"docker": {"image": "node", "environment": ["TOKEN=top-secret"]}},
            "role": "editor",
            "readinessTimeout": "90s",
        }
    },
    "tasks": {
        "compile": {
            "name": "Compile",
            "command": "make",
            "dependsOn": ["site"],
            "prebuildRequiresSuccess": True,
        }
    },
}


@pytest.fixture(scope="module")
def talking():
    with speaking(environments=60) as (ona, _, time):
        home = everything(ona.environments.pages(EnvironmentFilter(status_phases=("running",))))[0].id
        yield ona, time, home


@pytest.mark.method("CreateService", "UpdateService", "DeleteService")
def test_a_service_is_created_changed_and_deleted(talking):
    ona, time, home = talking
    new = send.NewService(
        reference="redis",
        name="Redis",
        description="cache",
        start="redis-server",
        ready="redis-cli ping",
        triggers=("post_environment_start", "manual"),
        role="default",
        runs_on=send.RunsOn(docker=send.Docker(image="redis", environment=(Secret("A=top-secret"),))),
        env=(send.Variable(name="PASSWORD", value=Secret("top-secret")),),
        readiness_timeout=30,
    )
    service = ona.automations.create_service(home, new)
    assert (service.environment_id, service.metadata.reference, service.phase) == (home, "redis", "")
    assert [one.word for one in service.metadata.triggered_by] == ["post_environment_start", "manual"]
    assert service.spec.runs_on.docker.environment_names == ("A",)
    assert [one.name for one in service.spec.env] == ["PASSWORD"]
    assert service.spec.readiness_timeout == 30.0
    with pytest.raises(errors.Conflict):
        ona.automations.create_service(home, new)

    change = send.ServiceChange(
        name="Cache", description="", triggers=(), ready="", runs_on=send.RunsOn(), readiness_timeout=0
    )
    ona.automations.update_service(service.id, change)
    read = ona.automations.get_service(service.id)
    assert (read.metadata.name, read.metadata.description) == ("Cache", "")
    assert read.metadata.triggered_by == ()
    assert (read.spec.commands.start, read.spec.commands.ready) == ("redis-server", "")
    assert read.spec.runs_on.docker is None
    assert [one.name for one in read.spec.env] == ["PASSWORD"]

    ona.automations.start_service(service.id)
    time.now += 60
    with pytest.raises(errors.FailedPrecondition, match="stopped"):
        ona.automations.update_service(service.id, send.ServiceChange(start="other"))
    ona.automations.update_service(service.id, send.ServiceChange(name="Any time"))

    ona.automations.delete_service(service.id, force=True)
    assert service.id not in references(ona, home)
    with pytest.raises(errors.NotFound):
        ona.automations.delete_service(NOBODY)


def references(ona, home):
    services = everything(ona.automations.service_pages(ServiceFilter(environment_ids=(home,))))
    return {one.id for one in services if one.phase != "deleted"}


def test_a_running_service_is_deleted_after_its_stop(talking):
    ona, time, home = talking
    service = ona.automations.create_service(home, send.NewService(reference="web", name="W", start="run"))
    ona.automations.start_service(service.id)
    time.now += 60
    ona.automations.delete_service(service.id)
    time.now += 180
    assert service.id not in references(ona, home)


@pytest.mark.method("CreateTask", "UpdateTask", "DeleteTask")
def test_a_task_is_created_changed_and_deleted(talking):
    ona, _, home = talking
    first = ona.automations.create_task(home, send.NewTask(reference="a", name="A", command="make a"))
    new = send.NewTask(
        reference="b",
        name="B",
        command="make b",
        triggers=("before_snapshot",),
        depends_on=(first.id,),
        prebuild_requires_success=True,
    )
    task = ona.automations.create_task(home, new)
    assert task.depends_on == (first.id,)
    assert [one.word for one in task.metadata.triggered_by] == ["before_snapshot"]
    assert task.spec.prebuild_requires_success
    with pytest.raises(errors.Conflict):
        ona.automations.create_task(home, new)
    ona.automations.update_task(
        task.id, send.TaskChange(command="make c", triggers=(), prebuild_requires_success=False)
    )
    read = ona.automations.get_task(task.id)
    assert (read.metadata.name, read.spec.command) == ("B", "make c")
    assert (read.metadata.triggered_by, read.depends_on) == ((), (first.id,))
    assert not read.spec.prebuild_requires_success
    with pytest.raises(errors.NotFound):
        ona.automations.update_task(NOBODY, send.TaskChange(name="a"))
    ona.automations.delete_task(task.id)
    for gone in (ona.automations.get_task, ona.automations.delete_task):
        with pytest.raises(errors.NotFound):
            gone(task.id)


@pytest.mark.method("UpsertAutomationsFile")
def test_a_file_settles_services_and_tasks_and_a_second_time_changes_nothing(talking):
    ona, _, home = talking
    changed = ona.automations.upsert_file(home, FILE)
    (service,) = (ona.automations.get_service(one) for one in changed.service_ids)
    (task,) = (ona.automations.get_task(one) for one in changed.task_ids)
    assert (service.metadata.reference, service.metadata.role) == ("site", "SERVICE_ROLE_EDITOR")
    assert service.spec.readiness_timeout == 90.0
    assert (task.spec.command, task.depends_on) == ("make", (service.id,))
    again = ona.automations.upsert_file(home, send.automations_file(FILE))
    assert (again.service_ids, again.task_ids) == ((), ())
    with pytest.raises(errors.NotFound):
        ona.automations.upsert_file(NOBODY, FILE)


# Both sides were written apart from the same documentation: what one lets pass the other must accept.
TEXTS = st.text(min_size=1, max_size=12)
WORDS = st.sampled_from(["manual", "prebuild", "post_devcontainer_start", "post_machine_start"])
VARIABLES = st.one_of(
    st.builds(send.Variable, name=TEXTS, value=st.builds(Secret, st.text(max_size=12))),
    st.builds(send.Variable, name=TEXTS, secret_id=st.just(NOBODY)),
)
TARGETS = st.one_of(
    st.just(send.RunsOn()),
    st.just(send.RunsOn(machine=send.OnMachine())),
    st.builds(send.RunsOn, docker=st.builds(send.Docker, image=TEXTS)),
)
SERVICES = st.builds(
    send.NewService,
    reference=st.text("abcXYZ019_-", min_size=1, max_size=128),
    name=TEXTS,
    start=TEXTS,
    stop=st.none() | st.text(max_size=12),
    triggers=st.none() | st.lists(WORDS, max_size=2).map(tuple),
    role=st.sampled_from([None, "default", "ai_agent", "security_agent"]),
    runs_on=st.none() | TARGETS,
    env=st.none() | st.lists(VARIABLES, max_size=2).map(tuple),
    readiness_timeout=st.none() | st.floats(0, 86400),
)


def kept(sent):
    """What is read of it: a NUL is left out on arrival."""
    return sent.replace("\0", "")


@settings(max_examples=80, deadline=None)
@given(new=SERVICES)
def test_a_service_that_the_client_lets_pass_is_taken_and_reads_as_it_was_sent(talking, new):
    ona, _, home = talking
    try:
        service = ona.automations.create_service(home, new)
    except errors.Conflict:
        return
    assert (service.metadata.reference, service.metadata.name) == (new.reference, kept(new.name))
    assert service.spec.commands.start == kept(new.start)
    assert [one.name for one in service.spec.env] == [kept(one.name) for one in new.env or ()]
    assert [one.word for one in service.metadata.triggered_by] == list(new.triggers or ())
    assert service.spec.readiness_timeout == pytest.approx(new.readiness_timeout, abs=1e-6)


@pytest.mark.parametrize("fault", ["502", "reset", "truncate", "html"])
def test_a_write_whose_answer_is_lost_was_carried_out_once(fault):
    with speaking(environments=20) as (ona, world, _):
        home = everything(ona.environments.pages())[0].id
        world.faults.set(fault, 1.0)
        with pytest.raises(errors.OnaError) as caught:
            ona.automations.create_task(home, send.NewTask(reference="once", name="Once"))
        assert caught.value.maybe_received
        assert [call.method for call in world.calls] == ["CreateTask"]
        world.faults.clear()
        tasks = everything(ona.automations.task_pages())
        assert [one.environment_id for one in tasks if one.metadata.reference == "once"] == [home]
