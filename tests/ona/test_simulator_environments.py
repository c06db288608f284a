"""Creating, changing and deleting environments over the simulator's wire."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.ona import EnvironmentFilter, errors, send
from tests.ona.test_simulator import NOBODY, everything, first, speaking

ALL = EnvironmentFilter(archival_status="all")


@pytest.fixture(scope="module")
def talking():
    """For tests that do not mind each other's environments."""
    with speaking(environments=60) as (ona, _, time):
        yield ona, time


def some(ona, phase):
    """The id of an environment in this phase."""
    return first(everything(ona.environments.pages()), phase).id


def class_id(ona):
    return next(one.id for one in everything(ona.environments.class_pages()) if one.enabled)


@pytest.mark.method("CreateEnvironment")
def test_an_environment_is_created_and_comes_up(talking):
    ona, time = talking
    new = send.NewEnvironment(
        name="demo",
        annotations={"team": "web"},
        class_id=class_id(ona),
        content=(send.ContextUrl(url="https://github.com/acme/web"),),
        git_username="Ann",
        timeout=7200,
        ports=(send.Port(port=3000, name="web", admission="organization"),),
        ssh_keys=(send.SSHKey(id="k1", value="ssh-ed25519 AAAA"),),
        automations_file_path=".ona/automations.yaml",
        automations_trigger_filter=("post_environment_start",),
    )
    created = ona.environments.create(new)
    assert (created.phase, created.metadata.name) == ("creating", "demo")
    time.now += 1800
    read = ona.environments.get(created.id)
    assert read.phase == "running"
    assert read.metadata.annotations == {"team": "web"}
    assert read.spec.machine.class_id == new.class_id
    assert read.spec.timeout.disconnected == 7200.0
    assert [(one.port, one.name, one.admission) for one in read.spec.ports] == [
        (3000, "web", "ADMISSION_LEVEL_ORGANIZATION")
    ]
    assert [one.id for one in read.spec.ssh_public_keys] == ["k1"]


@pytest.mark.method("CreateEnvironmentFromProject")
def test_an_environment_is_created_from_a_project(talking):
    ona, _ = talking
    project = everything(ona.directory.project_pages())[0]
    created = ona.environments.create_from_project(project.id, send.NewEnvironment(name="mine"))
    assert (created.metadata.project_id, created.metadata.name) == (project.id, "mine")
    with pytest.raises(errors.NotFound):
        ona.environments.create_from_project(NOBODY)


def test_a_class_that_is_none_is_refused(talking):
    ona, _ = talking
    with pytest.raises(errors.ApiError) as caught:
        ona.environments.create(send.NewEnvironment(class_id=NOBODY))
    assert type(caught.value) in {errors.InvalidRequest, errors.NotFound}


def test_a_host_that_is_not_connected_is_a_failed_precondition(talking):
    ona, _ = talking
    elsewhere = send.ContextUrl(url="https://git.elsewhere.test/a/b")
    with pytest.raises(errors.FailedPrecondition):
        ona.environments.create(send.NewEnvironment(class_id=class_id(ona), content=(elsewhere,)))


@pytest.mark.method("UpdateEnvironment")
def test_an_update_changes_what_is_given_and_leaves_the_rest(talking):
    ona, time = talking
    content = (send.ContextUrl(url="https://github.com/acme/web"),)
    new = send.NewEnvironment(class_id=class_id(ona), content=content, git_username="Ann")
    target = ona.environments.create(new).id
    time.now += 1800
    before = ona.environments.get(target)
    ona.environments.update(target, send.EnvironmentChange(name="renamed"))
    assert ona.environments.get(target).metadata.name == "renamed"
    change = send.EnvironmentChange(
        timeout=0, git_email="ann@acme.test", ports=(send.Port(port=8080, name="api"),)
    )
    ona.environments.update(target, change)
    time.now += 120
    after = ona.environments.get(target)
    assert (after.phase, after.metadata.name) == ("running", "renamed")
    assert after.spec.timeout.disconnected == 0.0
    assert (after.spec.content.git_username, after.spec.content.git_email) == ("Ann", "ann@acme.test")
    assert after.spec.content.initializer == before.spec.content.initializer
    assert [one.port for one in after.spec.ports] == [8080]
    ona.environments.update(target, send.EnvironmentChange(name=""))
    assert ona.environments.get(target).metadata.name == ""
    with pytest.raises(errors.NotFound):
        ona.environments.update(NOBODY, send.EnvironmentChange(name="a"))


@pytest.mark.method("DeleteEnvironment")
def test_an_environment_is_deleted_after_its_stop_or_at_once():
    with speaking(environments=40) as (ona, _, time):
        gently, at_once = some(ona, "running"), some(ona, "stopped")
        ona.environments.delete(gently)
        assert ona.environments.get(gently).phase != "deleted"
        time.now += 600
        ona.environments.delete(at_once, force=True)
        listed = {one.id for one in everything(ona.environments.pages(ALL)) if one.phase != "deleted"}
        assert not {gently, at_once} & listed
        with pytest.raises(errors.NotFound):
            ona.environments.delete(NOBODY)


@pytest.mark.method("UnarchiveEnvironment")
def test_an_archived_environment_comes_back(talking):
    ona, _ = talking
    archived = everything(ona.environments.pages(EnvironmentFilter(archival_status="archived")))[0]
    ona.environments.unarchive(archived.id)
    read = ona.environments.get(archived.id)
    assert (read.phase, read.metadata.archived_at) == ("stopped", None)
    with pytest.raises(errors.NotFound):
        ona.environments.unarchive(NOBODY)


@pytest.mark.method("MarkEnvironmentActive")
def test_a_sign_of_use_is_seen(talking):
    ona, time = talking
    target = some(ona, "running")
    ona.environments.mark_active(target, "Dashboard", datetime.fromtimestamp(time.now, UTC))
    assert ona.environments.get(target).status.activity_signal.source == "Dashboard"
    with pytest.raises(errors.NotFound):
        ona.environments.mark_active(NOBODY, "Dashboard")


@pytest.mark.method("CreateEnvironmentAccessToken", "CreateEnvironmentLogsToken")
def test_tokens_differ_and_are_only_for_those_who_may_write(talking):
    ona, _ = talking
    target = some(ona, "running")
    access, logs = ona.environments.create_access_token(target), ona.environments.create_logs_token(target)
    assert access.reveal() != logs.reveal()
    with pytest.raises(errors.NotFound):
        ona.environments.create_logs_token(NOBODY)
    with (
        speaking("readonly-key", 10) as (reader, world, _),
        pytest.raises(errors.PermissionDenied, match="read-only"),
    ):
        reader.environments.create_logs_token(next(iter(world.environments)))


# Both sides were written apart from the same documentation: what one lets pass the other must accept.
PATHS = st.text(max_size=30).filter(lambda path: not path.startswith("/"))
PORTS = st.builds(
    send.Port,
    port=st.integers(1024, 65535),
    name=st.text(min_size=1, max_size=100),
    protocol=st.sampled_from([None, "http", "https"]),
)
NAMES = st.text(max_size=128).map(lambda name: name.replace("\0", ""))
"""A NUL is left out of what comes back."""
CHANGES = st.builds(
    send.EnvironmentChange,
    name=st.none() | NAMES,
    git_email=st.none() | st.text(max_size=50),
    timeout=st.none() | st.just(0) | st.floats(1800, 1e9),
    automations_file_path=st.none() | PATHS,
    devcontainer_file_path=st.none() | PATHS,
    ports=st.none() | st.lists(PORTS, min_size=1, max_size=3, unique_by=lambda one: one.port).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(change=CHANGES)
def test_what_the_client_lets_pass_the_api_accepts(talking, change):
    ona, _ = talking
    target = some_running(ona)
    ona.environments.update(target, change)
    if change.name is not None:
        assert ona.environments.get(target).metadata.name == change.name


def some_running(ona):
    pages = ona.environments.pages(EnvironmentFilter(status_phases=("running", "updating")))
    return everything(pages)[0].id
