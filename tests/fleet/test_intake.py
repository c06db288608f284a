"""From what the API said to lean rows."""

import json

import pytest

from dashboard.fleet import intake, intake_details
from dashboard.fleet.entities import Port
from dashboard.ona import schema

ID = "0197c3a0-5b1e-7d34-9a51-3f0c5d9e7a11"


def read(model, document):
    return model.model_validate_json(json.dumps({"id": ID} | document))


def environment(**parts):
    return intake.environment(read(schema.Environment, parts))


def cloned(address, branch=""):
    return {"content": {"git": {"cloneUrl": address, "branch": branch}}}


def started_from(**initializer):
    return {"content": {"initializer": {"specs": [initializer]}}}


def test_an_environment_without_anything_is_still_a_row():
    row = environment()
    assert (row.id, row.name, row.phase, row.failures, row.created) == (ID, "5d9e7a11", "", (), None)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"metadata": {"name": "  sunny\n otter "}, "status": cloned("https://h/o/shop.git")}, "sunny otter"),
        ({"status": cloned("https://h/o/shop.git", "feat/x")}, "shop @ feat/x"),
        ({"status": cloned("https://h/o/shop.git")}, "shop"),
        ({"spec": started_from(git={"remoteUri": "https://h/o/shop", "cloneTarget": "dev"})}, "shop @ dev"),
        ({"metadata": {"originalContextUrl": "https://h/o/shop/tree/dev"}}, "shop"),
        ({}, "5d9e7a11"),
    ],
)
def test_what_has_no_name_is_called_by_its_repository_and_branch(parts, name):
    assert environment(**parts).name == name


@pytest.mark.parametrize(
    ("parts", "repository"),
    [
        ({"status": cloned("https://github.com/o/shop.git")}, "o/shop"),
        ({"status": cloned("git@github.com:o/shop.git")}, "o/shop"),
        ({"status": cloned("ssh://git@github.com/o/shop.git")}, "o/shop"),
        ({"status": cloned("https://gitlab.com/group/sub/shop.git")}, "group/sub/shop"),
        ({"status": cloned("https://h/o/a%20b.git")}, "o/a b"),
        ({"status": cloned("")}, ""),
        ({"status": cloned("https://[broken")}, ""),
        ({"spec": started_from(git={"remoteUri": "https://h/o/spec.git"})}, "o/spec"),
        ({"spec": started_from(contextUrl={"url": "https://h/o/page/pull/7"})}, "o/page"),
        (
            {"spec": started_from(contextUrl={"url": "https://h/g/s/lab/-/merge_requests/7"})},
            "g/s/lab",
        ),
        ({"metadata": {"originalContextUrl": "https://h/o/context/tree/a/b"}}, "o/context"),
        (
            {"status": cloned("https://h/o/copy"), "metadata": {"originalContextUrl": "https://h/o/other"}},
            "o/copy",
        ),
    ],
)
def test_the_repository_comes_from_the_best_source(parts, repository):
    assert environment(**parts).repository == repository


@pytest.mark.parametrize(
    ("parts", "branch"),
    [
        (
            {"status": cloned("https://h/o/shop", "now"), "spec": started_from(git={"cloneTarget": "a"})},
            "now",
        ),
        ({"status": cloned("https://h/o/shop", ""), "spec": started_from(git={"cloneTarget": "a"})}, "a"),
        ({"spec": started_from(git={"cloneTarget": "a"})}, "a"),
        ({}, ""),
    ],
)
def test_the_branch_is_that_of_the_working_copy_else_the_wanted_one(parts, branch):
    assert environment(**parts).branch == branch


def test_failures_and_warnings_are_kept_once_and_apart():
    row = environment(
        status={
            "failureMessage": ["no machine ", "no machine", " "],
            "machine": {"failureMessage": "no machine"},
            "warningMessage": ["disk is full"],
            "devcontainer": {"failureMessage": "did not build", "warningMessage": "disk is full"},
            "automationsFile": {"failureMessage": "line 3"},
        }
    )
    assert row.failures == ("no machine",)
    assert row.warnings == ("disk is full", "did not build", "line 3")
    assert row.failed


def test_words_of_enums_that_nobody_knows_yet_survive():
    row = environment(
        status={"phase": "ENVIRONMENT_PHASE_HIBERNATING"},
        spec={"desiredPhase": "SOMETHING_ELSE"},
        metadata={"role": 7, "creator": {"principal": "PRINCIPAL_ROBOT_DOG"}},
    )
    assert (row.phase, row.desired, row.role, row.creator_kind) == (
        "hibernating",
        "something_else",
        "7",
        "robot_dog",
    )


def test_unspecified_is_nothing():
    assert environment(status={"phase": "ENVIRONMENT_PHASE_UNSPECIFIED"}).phase == ""
    assert environment(status={"phase": 0}).phase == ""


def test_times_are_epoch_seconds_and_never_is_none():
    row = environment(
        metadata={"createdAt": "2026-09-21T14:13:20.500Z", "lastStartedAt": "0001-01-01T00:00:00Z"},
        status={"activitySignal": {"source": "VS Code", "timestamp": "2026-09-21T14:15:00Z"}},
        spec={"timeout": {"disconnected": "0s"}},
    )
    assert (row.created, row.started) == (1_790_000_000.5, None)
    assert (row.signal_source, row.signal_at) == ("VS Code", 1_790_000_100.0)
    assert row.timeout == 0.0


def test_a_timeout_nobody_set_is_not_zero():
    assert environment().timeout is None


def test_ports_carry_their_address_where_there_is_one():
    row = environment(
        spec={
            "ports": [{"port": 3000, "name": "web", "admission": "ADMISSION_LEVEL_EVERYONE"}, {"port": 9229}]
        },
        status={"environmentUrls": {"ports": [{"port": 3000, "url": "https://3000--x"}]}},
    )
    assert row.ports == (Port(3000, "web", "everyone", "https://3000--x"), Port(9229))


@pytest.mark.parametrize(
    ("git", "unpushed", "changed"),
    [
        ({"totalUnpushedCommits": 7, "totalChangedFiles": 140}, 7, 140),
        ({"unpushedCommits": ["a", "b"], "changedFiles": [{"path": "x"}]}, 2, 1),
        ({"unpushedCommits": ["a"] * 101, "totalUnpushedCommits": 300}, 300, 0),
        ({"totalUnpushedCommits": -4}, 0, 0),
    ],
)
def test_unpushed_and_changed_are_totals(git, unpushed, changed):
    row = environment(status={"content": {"git": git}})
    assert (row.unpushed, row.changed) == (unpushed, changed)


LONG = "x" * 100_000


def longest(row):
    texts = [getattr(row, name) for name in row.__dataclass_fields__]
    flat = [
        text for one in texts for text in (one if isinstance(one, tuple) else (one,)) if isinstance(text, str)
    ]
    return max(len(text) for text in flat), max(len(one) for one in texts if isinstance(one, tuple))


SUBJECT = {"id": LONG, "principal": LONG}
TRIGGERS = [{"manual": True}, {"prebuild": True}] * 1_000


@pytest.mark.parametrize(
    "row",
    [
        environment(
            metadata={
                "name": LONG,
                "creator": SUBJECT,
                "projectId": LONG,
                "runnerId": LONG,
                "role": LONG,
                "originalContextUrl": "https://h/o/" + LONG,
            },
            spec={
                "desiredPhase": LONG,
                "machine": {"class": LONG},
                "ports": [{"port": n, "name": LONG} for n in range(1_000)],
            },
            status={
                "phase": LONG,
                "failureMessage": [f"{n} {LONG}" for n in range(200)],
                "warningMessage": [f"{n} {LONG}" for n in range(200)],
                "machine": {"timeout": LONG},
                "activitySignal": {"source": LONG},
            }
            | cloned("https://h/o/" + LONG, LONG),
        ),
        intake.service(
            read(
                schema.Service,
                {
                    "environmentId": LONG,
                    "metadata": {
                        "name": LONG,
                        "reference": LONG,
                        "description": LONG,
                        "creator": SUBJECT,
                        "role": LONG,
                        "triggeredBy": TRIGGERS,
                    },
                    "spec": {"desiredPhase": LONG},
                    "status": {"phase": LONG, "failureMessage": LONG},
                },
            )
        ),
        intake.task(
            read(
                schema.Task,
                {
                    "environmentId": LONG,
                    "metadata": {
                        "name": LONG,
                        "description": LONG,
                        "creator": SUBJECT,
                        "triggeredBy": TRIGGERS,
                    },
                    "dependsOn": [LONG] * 1_000,
                },
            )
        ),
    ],
    ids=lambda row: type(row).__name__,
)
def test_every_text_and_every_list_is_bounded(row):
    text, items = longest(row)
    assert text <= intake.LONGEST_MESSAGE
    assert items <= 100


def test_an_execution_counts_its_steps_and_names_its_task():
    seen = read(
        schema.TaskExecution,
        {
            "metadata": {"taskId": "t-1"},
            "spec": {
                "plan": [
                    {"steps": [{"id": "a", "label": "Install"}]},
                    {"steps": [{"id": "b", "label": "Build"}, {"id": "c", "label": "Test"}]},
                ]
            },
            "status": {
                "phase": "TASK_EXECUTION_PHASE_FAILED",
                "steps": [
                    {"id": "a", "phase": "TASK_EXECUTION_PHASE_SUCCEEDED"},
                    {"id": "b", "phase": "TASK_EXECUTION_PHASE_FAILED", "failureMessage": "exit 1"},
                    {"id": "stranger", "phase": "TASK_EXECUTION_PHASE_FAILED"},
                ],
            },
        },
    )
    row = intake.execution(seen, "Run tests")
    assert (row.name, row.phase, row.failure) == ("Run tests", "failed", "exit 1")
    assert (row.steps_done, row.steps_total, row.steps_failed) == (2, 3, 1)
    assert intake.execution(seen).name == "Test"


def test_steps_of_a_plan_have_ids_of_their_own():
    said = ["a", "", "a", "a:2", "a", None, "x" * 500, "x" * 500]
    plan = [{"steps": [{"id": one, "label": str(n)}]} for n, one in enumerate(said)]
    states = [{"id": "a", "phase": "TASK_EXECUTION_PHASE_FAILED"}]
    seen = read(schema.TaskExecution, {"spec": {"plan": plan}, "status": {"steps": states}})
    steps = [step for group in intake_details.execution(seen, 1.0).groups for step in group]
    ids = [step.id for step in steps]
    assert ids[:6] == ["a", "step", "a:2", "a:2:2", "a:3", "step:2"]
    assert len(set(ids)) == len(said)
    assert max(map(len, ids)) <= 200
    assert [step.label for step in steps if step.failed] == ["0", "2", "4"]


def test_also_thousands_of_one_id_are_told_apart():
    plan = [{"steps": [{"id": "a"}] * 5_000}]
    steps = intake_details.execution(read(schema.TaskExecution, {"spec": {"plan": plan}}), 1.0).groups[0]
    assert len({step.id for step in steps}) == 5_000
