"""Old and new versions side by side: what a migration does to the version before, and what old processes read."""

import re
from pathlib import Path

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import models
from django.db.migrations import operations as ops
from django.db.migrations.state import ModelState, ProjectState

from scripts import upgrades
from scripts.upgrades import ALLOWED, RELEASED, all_findings, failures, findings

CHANGES = Path(__file__).parent.parent / "CHANGELOG.md"

CHAR = models.CharField(max_length=20, null=True)


@pytest.fixture
def state() -> ProjectState:
    """Before it there was a table with a name in it."""
    known = ProjectState()
    known.add_model(
        ModelState("control", "Thing", [("id", models.BigAutoField(primary_key=True)), ("name", CHAR)])
    )
    return known


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (ops.AddField("thing", "more", models.CharField(max_length=9, default="")), "unfilled"),
        (ops.AddField("thing", "more", models.IntegerField(null=True, unique=True)), "checked"),
        (ops.RemoveField("thing", "name"), "gone"),
        (ops.DeleteModel("Thing"), "gone"),
        (ops.RenameField("thing", "name", "title"), "renamed"),
        (ops.RenameModel("Thing", "Object"), "renamed"),
        (ops.AlterModelTable("Thing", "things"), "renamed"),
        (ops.AlterField("thing", "name", models.CharField(max_length=20, default="")), "narrowed"),
        (ops.AlterField("thing", "name", models.CharField(max_length=10, null=True)), "narrowed"),
        (ops.AlterField("thing", "name", models.TextField(null=True)), "narrowed"),
        (ops.AlterField("thing", "name", models.CharField(max_length=20, null=True, unique=True)), "checked"),
        (ops.AlterField("thing", "name", models.CharField(max_length=20, null=True, db_index=True)), "locks"),
        (ops.AddIndex("thing", models.Index(fields=["name"], name="by_name")), "locks"),
        (ops.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="once")), "checked"),
        (ops.RunSQL("SELECT 1"), "unknown"),
        (ops.SeparateDatabaseAndState([ops.RemoveField("thing", "name")]), "gone"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.describe(),
)
def test_what_the_version_before_would_trip_over_is_found(state: ProjectState, operation, kind: str) -> None:
    assert [one.kind for one in findings("0002_more", [operation], state)] == [kind]


@pytest.mark.parametrize(
    "operation",
    [
        ops.AddField("thing", "more", models.CharField(max_length=9, null=True)),
        ops.AddField("thing", "more", models.CharField(max_length=9, db_default="")),
        ops.AlterField("thing", "name", models.CharField(max_length=40, null=True)),
        ops.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
        ops.RunPython(ops.RunPython.noop, ops.RunPython.noop),
        AddIndexConcurrently("thing", models.Index(fields=["name"], name="by_name")),
    ],
    ids=lambda value: value.describe(),
)
def test_what_it_gets_by_with_is_let_through(state: ProjectState, operation) -> None:
    assert findings("0002_more", [operation], state) == []


def test_a_table_that_the_migration_itself_makes_may_be_changed_at_will(state: ProjectState) -> None:
    made = ops.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])
    more = ops.AddField("other", "more", models.IntegerField(default=0))
    assert findings("0002_more", [made, more], state) == []


def test_no_migration_breaks_the_version_before_without_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [str(one) for one in failures()] == []
    assert set(ALLOWED) <= {one.migration for one in all_findings()}, "a reason for nothing"
    monkeypatch.setattr(upgrades, "RELEASED", "0014_reports")
    assert "0015_action_trail" in {one.migration for one in failures()}
    assert "0013_warnings" not in {one.migration for one in failures()}


def test_a_release_says_where_the_next_one_begins() -> None:
    versions = re.findall(r"^## (\S+) \((.+)\)$", CHANGES.read_text(encoding="utf-8"), re.MULTILINE)
    assert bool(RELEASED) is any(when != "unreleased" for _, when in versions)
