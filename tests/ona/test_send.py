"""What is sent: only what is given, where it belongs, and nothing that breaks a documented rule."""

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ona import Secret, errors, schema, send
from dashboard.ona.send.base import duration
from dashboard.ona.words import seconds

ID = "07e03a28-65a5-4d98-b532-8ea67b188048"


def refused(message):
    with pytest.raises(errors.Unsendable) as caught:
        message.json()
    return caught.value.field, caught.value.rule


def test_an_update_sends_only_what_is_given():
    assert send.EnvironmentChange().json() == {}
    assert send.ServiceChange().json() == send.TaskChange().json() == {}
    assert send.EnvironmentChange(name="web").json() == {"metadata": {"name": "web"}}


def test_clearing_is_not_leaving():
    change = send.EnvironmentChange(name="", git_email="", timeout=0)
    assert change.json() == {
        "metadata": {"name": ""},
        "spec": {"content": {"gitEmail": ""}, "timeout": {"disconnected": "0s"}},
    }
    assert send.ServiceChange(triggers=()).json() == {"metadata": {"triggeredBy": {"trigger": []}}}
    assert send.ServiceChange(runs_on=send.RunsOn()).json() == {"spec": {"runsOn": {}}}
    assert send.TaskChange(prebuild_requires_success=False).json() == {
        "spec": {"prebuildRequiresSuccess": False}
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (send.EnvironmentChange(ports=()), "ports"),
        (send.EnvironmentChange(ssh_keys=()), "ssh_keys"),
        (send.ServiceChange(env=()), "env"),
        (send.TaskChange(depends_on=()), "depends_on"),
    ],
)
def test_a_list_that_cannot_be_cleared_says_so(change, field):
    assert refused(change) == (field, "must not be empty: the API takes an empty list for no change")


def test_everything_that_can_change_of_an_environment():
    change = send.EnvironmentChange(
        name="web",
        lockdown_at=datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1))),
        git_username="Ann",
        git_email="ann@acme.test",
        content=(send.ContextUrl(url="https://github.com/acme/web"),),
        content_session="c2",
        ssh_keys=(send.SSHKey(id="k1", value="ssh-ed25519 AAAA"), send.SSHKey(id="k2")),
        devcontainer_file_path=".devcontainer.json",
        devcontainer_session="d2",
        ports=(send.Port(port=3000, name="web", admission="organization", protocol="https"),),
        timeout=1800.5,
        automations_file_path=".ona/automations.yaml",
        automations_file_session="a2",
    )
    assert change.json() == {
        "metadata": {"name": "web", "lockdownAt": "2026-03-01T12:00:00.000000Z"},
        "spec": {
            "content": {
                "gitUsername": "Ann",
                "gitEmail": "ann@acme.test",
                "initializer": {"specs": [{"contextUrl": {"url": "https://github.com/acme/web"}}]},
                "session": "c2",
            },
            "sshPublicKeys": [{"id": "k1", "value": "ssh-ed25519 AAAA"}, {"id": "k2"}],
            "devcontainer": {"devcontainerFilePath": ".devcontainer.json", "session": "d2"},
            "ports": [
                {
                    "port": 3000,
                    "name": "web",
                    "admission": "ADMISSION_LEVEL_ORGANIZATION",
                    "protocol": "PROTOCOL_HTTPS",
                }
            ],
            "timeout": {"disconnected": "1800.5s"},
            "automationsFile": {"automationsFilePath": ".ona/automations.yaml", "session": "a2"},
        },
    }


def test_a_new_environment_is_wanted_running():
    git = send.Git(remote_uri="https://github.com/acme/web", target_mode="remote_branch", clone_target="dev")
    new = send.NewEnvironment(class_id="large", annotations={"team": "web"}, content=(git,))
    assert new.json() == {
        "annotations": {"team": "web"},
        "spec": {
            "machine": {"class": "large"},
            "content": {
                "initializer": {
                    "specs": [
                        {
                            "git": {
                                "remoteUri": "https://github.com/acme/web",
                                "targetMode": "CLONE_TARGET_MODE_REMOTE_BRANCH",
                                "cloneTarget": "dev",
                            }
                        }
                    ]
                }
            },
            "desiredPhase": "ENVIRONMENT_PHASE_RUNNING",
        },
    }


def test_a_service_and_a_task_as_they_are_created():
    service = send.NewService(
        reference="web",
        name="Web",
        start="npm run dev",
        triggers=("post_devcontainer_start", "manual"),
        role="ai_agent",
        runs_on=send.RunsOn(docker=send.Docker(image="node", environment=(Secret("A=b"),))),
        env=(send.Variable(name="A", value=Secret("b")), send.Variable(name="C", secret_id=ID)),
        readiness_timeout=90,
    )
    assert service.json() == {
        "metadata": {
            "reference": "web",
            "name": "Web",
            "triggeredBy": [{"postDevcontainerStart": True}, {"manual": True}],
            "role": "SERVICE_ROLE_AI_AGENT",
        },
        "spec": {
            "commands": {"start": "npm run dev"},
            "runsOn": {"docker": {"image": "node", "environment": ["A=b"]}},
            "env": [{"name": "A", "value": "b"}, {"name": "C", "valueFrom": {"secretRef": {"id": ID}}}],
            "readinessTimeout": "90s",
        },
    }
    task = send.NewTask(reference="t", name="T", triggers=("beforeSnapshot",), depends_on=(ID,))
    assert task.json() == {
        "metadata": {"reference": "t", "name": "T", "triggeredBy": [{"beforeSnapshot": True}]},
        "dependsOn": [ID],
    }


@pytest.mark.parametrize(
    ("message", "field", "rule"),
    [
        (send.EnvironmentChange(name="x" * 129), "name", "0 to 128 characters"),
        (send.NewEnvironment(name="x" * 81), "name", "0 to 80 characters"),
        (send.NewEnvironment(session_id="x"), "session_id", "UUID"),
        (send.EnvironmentChange(timeout=1799), "timeout", "0 (never) or at least 1800"),
        (send.EnvironmentChange(timeout=float("nan")), "timeout", "0 (never)"),
        (send.EnvironmentChange(timeout=float("inf")), "timeout", "0 (never)"),
        (send.EnvironmentChange(timeout=-1), "timeout", "0 (never)"),
        (send.EnvironmentChange(automations_file_path="/a"), "automations_file_path", "not start with /"),
        (send.EnvironmentChange(devcontainer_file_path="/a"), "devcontainer_file_path", "not start with /"),
        (send.EnvironmentChange(lockdown_at=datetime(2026, 1, 1)), "lockdown_at", "time zone"),
        (send.EnvironmentChange(ports=(send.Port(port=1023, name="a"),)), "ports.0.port", "1024 to 65535"),
        (send.EnvironmentChange(ports=(send.Port(port=3000, name=""),)), "ports.0.name", "1 to 100"),
        (
            send.NewEnvironment(ports=(send.Port(port=3000, name="a", admission="all"),)),
            "ports.0.admission",
            "must be one of owner_only, everyone, organization, creator_only",
        ),
        (send.NewEnvironment(content=(send.ContextUrl(url="acme/web"),)), "content.0.url", "address"),
        (send.Activity(source="ab"), "source", "3 to 80"),
        (send.NewService(reference="a b", name="a", start="a"), "reference", "letters, digits, _ or -"),
        (send.NewService(reference="a", name="", start="a"), "name", "not be empty"),
        (send.NewService(reference="a", name="a", start=""), "start", "not be empty"),
        (send.ServiceChange(name=""), "name", "not be empty"),
        (send.ServiceChange(triggers=("before_snapshot",)), "triggers", "must be one of manual"),
        (send.ServiceChange(role="boss"), "role", "must be one of default, editor"),
        (send.ServiceChange(readiness_timeout=86401), "readiness_timeout", "86400"),
        (send.ServiceChange(env=(send.Variable(name=""),)), "env.0.name", "not be empty"),
        (
            send.ServiceChange(env=(send.Variable(name="a", value=Secret("b"), secret_id=ID),)),
            "env.0.value",
            "together with a secret",
        ),
        (
            send.ServiceChange(runs_on=send.RunsOn(docker=send.Docker(image="a"), machine=send.OnMachine())),
            "runs_on.docker",
            "together with the machine",
        ),
        (
            send.TaskChange(runs_on=send.RunsOn(docker=send.Docker(image=""))),
            "runs_on.docker.image",
            "empty",
        ),
        (send.TaskChange(depends_on=(ID, "x")), "depends_on", "UUID"),
        (send.TaskChange(command="half \ud83d"), "command", "half a character"),
    ],
)
def test_what_breaks_a_rule_is_refused_at_its_field(message, field, rule):
    where, why = refused(message)
    assert where.startswith(field)
    assert rule in why


def test_a_refusal_is_an_ona_error_a_value_error_and_never_quotes_the_value():
    with pytest.raises(errors.Unsendable) as caught:
        send.ServiceChange(env=(send.Variable(name="A", value=Secret("top-\ud83d")),)).json()
    error = caught.value
    assert isinstance(error, errors.OnaError)
    assert isinstance(error, ValueError)
    assert not error.maybe_received
    assert str(error) == "env.0.value: must not contain half a character"
    assert "top" not in repr(error)
    assert error.__context__ is None
    assert str(copy.copy(error)) == str(error)


def test_a_secret_shows_itself_only_when_asked():
    secret = Secret("hunter2")
    variable = send.Variable(name="A", value=secret)
    assert "hunter2" not in f"{secret} {secret!r} {variable!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")
    assert len({secret, Secret("hunter2")}) == 1
    assert not Secret("")
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            attempt(secret)


@given(st.floats(0, 1e11))
def test_durations_come_back_as_they_went(value):
    assert seconds(duration(value)) == pytest.approx(value, abs=1e-9)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_timeout_is_sent_exactly_when_it_is_allowed(value):
    allowed = value == 0 or 1800 <= value <= 315_576_000_000
    try:
        sent = send.EnvironmentChange(timeout=value).json()
    except errors.Unsendable:
        assert not allowed
    else:
        assert allowed
        read = schema.Environment.model_validate({"id": "e", "spec": sent["spec"]})
        assert read.spec.timeout.disconnected == pytest.approx(value)


@given(st.text(max_size=200))
def test_a_name_is_sent_as_it_is_or_refused(name):
    try:
        sent = send.EnvironmentChange(name=name).json()
    except errors.Unsendable:
        assert len(name) > 128
    else:
        assert sent == {"metadata": {"name": name}}


def test_moments_keep_their_microseconds():
    at = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    assert send.Activity(source="web page", timestamp=at).json() == {
        "activitySignal": {"source": "web page", "timestamp": "2026-03-01T12:00:00.000005Z"}
    }
