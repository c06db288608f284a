"""Reading resources: recorded-like answers, and what odd values become."""

from datetime import UTC, datetime

import pytest

from dashboard.ona import schema
from tests.ona.wire import answer, talk

ENVIRONMENT = {
    "id": "019c9619-0000-7000-8000-000000000001",
    "metadata": {
        "organizationId": "019c0000-0000-7000-8000-000000000002",
        "creator": {"id": "019c0000-0000-7000-8000-000000000003", "principal": "PRINCIPAL_USER"},
        "originalContextUrl": "https://oauth2:ghp_secret@github.com/acme/web",
        "createdAt": "2026-02-25T17:16:15.245025Z",
        "lastStartedAt": "2026-02-28T17:05:00Z",
        "role": "ENVIRONMENT_ROLE_BASE_SNAPSHOT_BUILD",
        "annotations": {"team": "web", "odd": 5},
    },
    "spec": {
        "specVersion": "18446744073709551615",
        "desiredPhase": "ENVIRONMENT_PHASE_RUNNING",
        "machine": {"class": "c1"},
        "timeout": {"disconnected": "1800s"},
        "sshPublicKeys": [{"id": "k1", "value": "ssh-ed25519 AAAA-key-body"}],
        "secrets": [{"name": "TOKEN", "environmentVariable": "TOKEN", "sourceRef": "ref-secret"}],
        "ports": [{"port": 3000, "admission": "ADMISSION_LEVEL_EVERYONE", "authNonce": "77"}],
        "content": {"initializer": {"specs": [{"git": {"remoteUri": "https://ghp_secret@github.com/acme/web"}}]}},
    },
    "status": {
        "statusVersion": 2602,
        "phase": "ENVIRONMENT_PHASE_HIBERNATING",
        "failureMessage": ["clone of https://u:ghp_secret@github.com/acme/web failed", 3],
        "machine": {"phase": "PHASE_STOPPED", "timeout": "Timed out due to no activity detected for 30 minutes"},
        "content": {"git": {"branch": "main", "changedFiles": [{"path": "a", "changeType": "CHANGE_TYPE_ADDED"}]}},
        "environmentUrls": {"ssh": {"url": "ssh://env:ghp_secret@host"}, "ports": [{"port": 3000, "url": "https://p"}]},
        "activitySignal": {"source": "Starting", "timestamp": "2026-06-22T01:02:35.396174112Z"},
        "fieldOfTomorrow": {"a": 1},
    },
}  # fmt: skip


def read(body):
    ona, _ = talk(answer({"environment": body}))
    return ona.environments.get("x")


def test_a_recorded_environment_reads_as_typed_values():
    environment = read(ENVIRONMENT)
    assert environment.phase == "hibernating"
    assert environment.metadata.created_at == datetime(2026, 2, 25, 17, 16, 15, 245025, tzinfo=UTC)
    assert environment.metadata.last_started_at == datetime(2026, 2, 28, 17, 5, tzinfo=UTC)
    assert environment.metadata.annotations == {"team": "web", "odd": ""}
    assert environment.spec.spec_version == 2**64 - 1
    assert environment.spec.machine.class_id == "c1"
    assert environment.spec.timeout.disconnected == 1800.0
    assert environment.status.status_version == 2602
    assert len(environment.status.failure_message) == 1
    assert environment.status.content.git.branch == "main"
    assert environment.status.activity_signal.timestamp == datetime(2026, 6, 22, 1, 2, 35, 396174, tzinfo=UTC)


def test_an_environment_of_nothing_but_an_id_has_zero_values_everywhere():
    environment = read({"id": "e1"})
    assert environment.phase == ""
    assert environment.status.failure_message == ()
    assert environment.spec.timeout.disconnected is None
    assert environment.metadata.created_at is None
    assert environment.status.content.git is None
    assert environment == schema.Environment(id="e1")


@pytest.mark.parametrize("odd", [None, 5, True, "text", [], [1], {"a": []}, 1e400])
def test_an_odd_part_or_leaf_costs_only_itself(odd):
    parts = {"metadata": {"name": odd, "createdAt": odd, "creator": odd, "role": odd}, "spec": odd}
    status = {
        "phase": odd,
        "machine": odd,
        "failureMessage": odd,
        "statusVersion": odd,
        "content": {"git": odd},
    }
    environment = read({"id": "e1", **parts, "status": status, "extra": odd})
    assert environment.id == "e1"
    assert isinstance(environment.metadata.name, str)


def test_no_secret_survives_reading():
    service = {
        "id": "s1",
        "spec": {
            "env": [
                {"name": "PASSWORD", "value": "top-secret"},
                {"name": "B", "valueFrom": {"secretRef": {"id": "top-secret"}}},
            ],
            "runsOn": {"docker": {"image": "redis", "environment": ["TOKEN=top-secret", "FLAG", 5]}},
        },
        "status": {"output": {"url": "top-secret"}},
    }  # fmt: skip
    ona, _ = talk(answer({"service": service}))
    read_service = ona.automations.get_service("s1")
    assert [one.name for one in read_service.spec.env] == ["PASSWORD", "B"]
    assert read_service.spec.runs_on.docker.environment_names == ("TOKEN", "FLAG")
    assert read_service.status.output_names == ("url",)
    text = repr(read_service) + repr(read(ENVIRONMENT)) + read(ENVIRONMENT).model_dump_json()
    for secret in ("top-secret", "key-body", "ghp_secret", "ref-secret", "77"):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-28T17:05:00Z", datetime(2026, 2, 28, 17, 5, tzinfo=UTC)),
        ("2026-02-28T17:05:00.123Z", datetime(2026, 2, 28, 17, 5, 0, 123000, tzinfo=UTC)),
        ("2026-02-28T17:05:00.123456789Z", datetime(2026, 2, 28, 17, 5, 0, 123456, tzinfo=UTC)),
        ("2026-02-28T19:05:00+02:00", datetime(2026, 2, 28, 17, 5, tzinfo=UTC)),
        ("2026-02-28T17:05:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_timestamps(text, moment):
    assert read({"id": "e1", "metadata": {"createdAt": text}}).metadata.created_at == moment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1800s", 1800.0),
        ("0s", 0.0),
        ("0.5s", 0.5),
        (None, None),
        ("30m", None),
        (1800, None),
        ("s", None),
        ("1e9s", None),
        ("-5s", None),
    ],
)
def test_durations_are_seconds_and_zero_is_not_absence(value, expected):
    assert (
        read({"id": "e1", "spec": {"timeout": {"disconnected": value}}}).spec.timeout.disconnected == expected
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("8", 8), (8, 8), ("1871", 1871), ("-1", 0), ("x", 0), (None, 0), (1.5, 0), ("9" * 5000, 0)],
)
def test_versions_are_integers(value, expected):
    assert read({"id": "e1", "status": {"statusVersion": value}}).status.status_version == expected


@pytest.mark.parametrize(
    ("wire", "word"),
    [
        ("ENVIRONMENT_PHASE_RUNNING", "running"),
        ("ENVIRONMENT_PHASE_HIBERNATING", "hibernating"),
        ("ENVIRONMENT_PHASE_UNSPECIFIED", ""),
        ("PHASE_OTHER", "phase_other"),
        (99, "99"),
        (0, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_phases_survive_as_words(wire, word):
    assert read({"id": "e1", "status": {"phase": wire}}).phase == word


def test_words_turn_back_into_wire_names():
    assert schema.enum_name("running", "SERVICE_PHASE_") == "SERVICE_PHASE_RUNNING"
    assert schema.enum_name("SERVICE_PHASE_RUNNING", "SERVICE_PHASE_") == "SERVICE_PHASE_RUNNING"
    assert schema.enum_name("99", "SERVICE_PHASE_") == "99"
    assert schema.enum_name("", "SERVICE_PHASE_") == ""


def test_resources_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        read({"id": "e1"}).id = "e2"


def test_names_of_people_projects_and_runners():
    ona, script = talk(
        answer({"subject": {"id": "u1", "principal": "PRINCIPAL_USER"}, "organizationId": "o1"}),
        answer({"members": [{"userId": "u1", "fullName": "Ann", "email": "a@x"}, {"fullName": "Nobody"}]}),
        answer({"projects": [{"id": "p1", "metadata": {"name": "web"}}]}),
        answer({"runners": [{"runnerId": "r1", "name": "Cloud (US01)", "status": {"region": "us"}}]}),
    )
    assert ona.directory.identity().organization_id == "o1"
    (members,) = ona.directory.member_pages("o1")
    assert [(one.id, one.full_name) for one in members.items] == [("u1", "Ann")]
    assert [one.reason for one in members.skipped] == ["userId: missing"]
    (projects,) = ona.directory.project_pages()
    assert projects.items[0].name == "web"
    (runners,) = ona.directory.runner_pages()
    assert (runners.items[0].id, runners.items[0].status.region) == ("r1", "us")
    assert [path.rpartition(".")[2] for path in script.paths] == [
        "IdentityService/GetAuthenticatedIdentity",
        "OrganizationService/ListMembers",
        "ProjectService/ListProjects",
        "RunnerService/ListRunners",
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://tok@host/a", "https://host/a"),
        ("https://a@b:tok@host/a@b", "https://host/a@b"),
        ("HTTP://u:p@host", "HTTP://host"),
        ("ssh://user:p@ss@host", "ssh://user@host"),
        ("ssh://user@host", "ssh://user@host"),
        ("git@github.com:a/b", "git@github.com:a/b"),
        ("https://host?mail=a@b", "https://host?mail=a@b"),
        (
            "cannot clone https://x:tok@host/a: ask ops@acme.test",
            "cannot clone https://host/a: ask ops@acme.test",
        ),
    ],
)
def test_credentials_are_cut_out_of_addresses(text, kept):
    assert schema.without_credentials(text) == kept
