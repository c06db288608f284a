"""What a migration does to the version that is still running while it is applied.

    python -m scripts.upgrades     # every finding

A new version's tables come first, then its processes, one after another. So for some minutes the version before works
on the new tables: it must find all it reads, and may not be stopped by what it does not fill. On PostgreSQL an
operation may also lock a table for as long as it takes to read it all.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import operations as ops
from django.db.migrations.state import ProjectState
from django.db.models import Field, ManyToManyField
from django.db.models.fields import NOT_PROVIDED

APP = "control"
RELEASED = ""
"""The newest migration of the newest release; "" before the first. What came with it or earlier has no version before
it that could still run.
"""
ALLOWED: dict[str, str] = {}
"""Migration after RELEASED → how the version before gets by all the same."""
FIX = {
    "unfilled": "give it null=True or db_default=…, and drop that in a later version",
    "gone": "stop using it in one version, remove it in the next",
    "renamed": "add the new one, write both in one version, remove the old one in the next",
    "narrowed": "widen first, narrow when no version writes the old values",
    "locks": "say in ALLOWED how long that takes at 10,000 environments, or make it concurrently on PostgreSQL",
    "checked": "say in ALLOWED why no row of the version before breaks it and why the table stays small",
    "unknown": "say in ALLOWED what it does to a version that runs",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is a key of FIX."""

    migration: str
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.what}: {FIX[self.kind]}"


def findings(name: str, operations: Iterable[Any], state: ProjectState) -> list[Finding]:
    """Of one migration of the app, before which the models are those of `state` (which is changed)."""
    found, made = [], set[str]()
    for operation in operations:
        found += [Finding(name, kind, what) for kind, what in _of(operation, state, made)]
        operation.state_forwards(APP, state)
    return found


def _of(operation: Any, state: ProjectState, made: set[str]) -> Iterator[tuple[str, str]]:
    """(kind, what). `made`: models that this migration has made, which nobody uses yet."""
    if isinstance(operation, ops.CreateModel):
        made.add(operation.name_lower)
        return
    model = str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower()
    if model in made:
        return
    if isinstance(operation, ops.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _of(inner, state, made)
    elif isinstance(operation, ops.AddField):
        yield from _added(model, operation.name, operation.field)
    elif isinstance(operation, ops.AlterField):
        was = state.models[APP, model].fields[operation.name]
        yield from _altered(f"{model}.{operation.name}", was, operation.field)
    elif type(operation) in SIMPLE:
        kind, words = SIMPLE[type(operation)]
        yield kind, f"{words} {model}{_named(operation)}"
    elif type(operation) not in HARMLESS:
        yield "unknown", f"{type(operation).__name__} {model}{_named(operation)}"


SIMPLE: dict[type, tuple[str, str]] = {
    ops.RemoveField: ("gone", "removes"),
    ops.DeleteModel: ("gone", "removes"),
    ops.RenameField: ("renamed", "renames"),
    ops.RenameModel: ("renamed", "renames"),
    ops.AlterModelTable: ("renamed", "renames"),
    ops.AddIndex: ("locks", "locks while it makes an index on"),
    ops.AddConstraint: ("checked", "checks every row of"),
    ops.AlterUniqueTogether: ("checked", "checks every row of"),
    ops.RunSQL: ("unknown", "runs SQL"),
}
HARMLESS = {
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ops.AlterModelOptions,
    ops.AlterModelManagers,
    ops.AlterModelTableComment,
    ops.RemoveIndex,
    ops.RenameIndex,
    ops.RemoveConstraint,
    ops.RunPython,
}
"""RunPython takes rows, not the table; that it goes back is tested by going back."""


def _named(operation: Any) -> str:
    if isinstance(operation, ops.AddIndex):
        return f" ({operation.index.name})"
    if isinstance(operation, ops.AddConstraint):
        return f" ({operation.constraint.name})"
    if isinstance(operation, ops.RenameField):
        return f".{operation.old_name}"
    return f".{operation.name}" if isinstance(operation, ops.RemoveField) else ""


def _added(model: str, name: str, field: "Field[Any, Any]") -> Iterator[tuple[str, str]]:
    """Django drops a `default` again after filling the rows; only `db_default` stays in the table."""
    if isinstance(field, ManyToManyField):
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield "unfilled", f"adds {model}.{name}, which the version before leaves out of each INSERT"
    if field.unique:
        yield "checked", f"adds {model}.{name}, unique in every row"


def _altered(name: str, was: "Field[Any, Any]", now: "Field[Any, Any]") -> Iterator[tuple[str, str]]:
    if was.null and not now.null:
        yield "narrowed", f"{name} may be NULL no longer"
    if type(was) is not type(now):
        yield "narrowed", f"{name} becomes a {type(now).__name__}"
    elif (now.max_length or 10**9) < (was.max_length or 10**9):
        yield "narrowed", f"{name} becomes shorter"
    if now.unique and not was.unique:
        yield "checked", f"{name} becomes unique"
    elif getattr(now, "db_index", False) and not getattr(was, "db_index", False):
        yield "locks", f"locks while it makes an index on {name}"


def all_findings() -> list[Finding]:
    """Of every migration of the app, in order."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    names = sorted(name for app, name in loader.disk_migrations if app == APP)
    found = []
    for name in names:
        migration = loader.disk_migrations[APP, name]
        state = loader.project_state(
            [parent for parent in migration.dependencies if parent in loader.graph.nodes]
        )
        found += findings(name, migration.operations, state)
    return found


def failures() -> list[Finding]:
    """What a version that people run would trip over."""
    return [
        one
        for one in all_findings()
        if one.migration > RELEASED and RELEASED and one.migration not in ALLOWED
    ]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    import django

    django.setup()
    found, failed = all_findings(), failures()
    for one in found:
        print(f"{'FAILED ' if one in failed else 'allowed'}  {one}")
    if not RELEASED:
        print("Nothing is released yet, so all of it came before the first release.")
    print(f"{len(found) - len(failed)} allowed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
