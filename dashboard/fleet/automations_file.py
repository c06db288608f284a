"""The automations file of an environment: what its services and tasks are, written as such a file says it.

There is no call that reads the file. It is put together from the lists of services and tasks, which have all of
it but the values of variables. A value that is there is written as KEPT, and stays what it is when the file is
sent back. What a file has no words for is told beside it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import KEPT, TOO_LONG, CurrentFile, FileEntry
from dashboard.fleet.entities import Kind
from dashboard.fleet.marking import marked as _
from dashboard.fleet.sentences import sentence
from dashboard.ona import Ona, ServiceFilter, TaskFilter, schema
from dashboard.ona.schema import short
from dashboard.ona.schema.automation import EnvironmentVariable, RunsOn
from dashboard.ona.schema.environment_spec import Trigger
from dashboard.ona.send import duration
from dashboard.ona.send.rules import FILE_TRIGGERS

MOST_ENTRIES = 500
REFERENCE = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
ROLES = {"": "", "default": "", "editor": "editor", "ai_agent": "ai-agent"}
"""The API's words for roles, and a file's; an ordinary service says nothing."""
SKIPPED = _("Some of its services or tasks could not be read, so the file would not be whole.")

Item = schema.Service | schema.Task


def read(ona: Ona, environment_id: str, asked: float) -> tuple[CurrentFile, list[Item]]:
    """The file as it is now, and the services and tasks it was put together from. Raises OnaError.

    With `trouble` it is not whole, and must be neither edited nor sent.
    """
    items, skipped = _listed(ona, environment_id)
    if skipped:
        return CurrentFile(environment_id, asked, trouble=SKIPPED), items
    if len(items) > MOST_ENTRIES or sum(map(_size, items)) > LONGEST_FILE:
        return CurrentFile(environment_id, asked, trouble=TOO_LONG), items
    references = {item.id: item.metadata.reference for item in items}
    return CurrentFile(environment_id, asked, tuple(_entry(item, references) for item in items)), items


def _listed(ona: Ona, environment_id: str) -> tuple[list[Item], int]:
    """Services, then tasks, each in the order they were made, and how many could not be read."""
    only, items, skipped = (environment_id,), list[Item](), 0
    for pages in (
        ona.automations.service_pages(ServiceFilter(environment_ids=only)),
        ona.automations.task_pages(TaskFilter(environment_ids=only)),
    ):
        found: list[Item] = []
        for page in pages:
            found += page.items
            skipped += len(page.skipped)
        items += sorted(found, key=_age)
    return items, skipped


def _age(item: Item) -> tuple[float, str]:
    created = item.metadata.created_at
    return (created.timestamp() if created else 0.0, item.id)


def _size(item: Item) -> int:
    """Roughly the characters it takes in a file. Of a platform's own service nothing is written."""
    if isinstance(item, schema.Task):
        return len(item.spec.command) + len(item.metadata.description)
    if _by_platform(item):
        return 0
    commands = item.spec.commands
    return len(commands.start + commands.ready + commands.stop + item.metadata.description)


def _by_platform(service: schema.Service) -> bool:
    return short(service.metadata.role, "SERVICE_ROLE_") not in {"", "default"}


def _entry(item: Item, references: Mapping[str, str]) -> FileEntry:
    meta = item.metadata
    kind = Kind.SERVICE if isinstance(item, schema.Service) else Kind.TASK
    if not REFERENCE.fullmatch(meta.reference):
        return FileEntry(kind, meta.reference[:128], item.id, left_out=_("its reference fits in no file"))
    if isinstance(item, schema.Service) and _by_platform(item):
        return FileEntry(kind, meta.reference, item.id, left_out=_("the platform made it"))
    said = _service(item) if isinstance(item, schema.Service) else _task(item, references)
    return FileEntry(kind, meta.reference, item.id, _given(said), tuple(_unsaid(item, references)))


def _service(seen: schema.Service) -> dict[str, Any]:
    commands, limit = seen.spec.commands, seen.spec.readiness_timeout
    return {
        "name": seen.metadata.name,
        "description": seen.metadata.description,
        "commands": _given({"start": commands.start, "ready": commands.ready, "stop": commands.stop}),
        "triggeredBy": _triggers(seen.metadata.triggered_by)[0],
        "runsOn": _runs_on(seen.spec.runs_on),
        "role": ROLES.get(short(seen.metadata.role, "SERVICE_ROLE_"), ""),
        "readinessTimeout": "" if limit is None else duration(limit),
    }


def _task(seen: schema.Task, references: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": seen.metadata.name,
        "description": seen.metadata.description,
        "command": seen.spec.command,
        "dependsOn": [references[need] for need in seen.depends_on if need in references],
        "triggeredBy": _triggers(seen.metadata.triggered_by)[0],
        "runsOn": _runs_on(seen.spec.runs_on),
        "prebuildRequiresSuccess": seen.spec.prebuild_requires_success,
    }


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value}


def _triggers(found: Iterable[Trigger]) -> tuple[list[str], list[str]]:
    """Those that a file can say, and the others."""
    words = [to_camel(trigger.word) for trigger in found]
    return [word for word in words if word in FILE_TRIGGERS], [
        word for word in words if word not in FILE_TRIGGERS
    ]


def _runs_on(where: RunsOn) -> dict[str, Any]:
    if where.docker is None:
        return {} if where.machine is None else {"machine": {}}
    kept = [f"{name}={KEPT}" for name in where.docker.environment_names]
    return {"docker": _given({"image": where.docker.image, "environment": kept})}


def _unsaid(item: Item, references: Mapping[str, str]) -> Iterator[str]:
    """What it has and a file cannot say, in words."""
    names = ", ".join(_names(item.spec.env))
    if names:
        yield sentence("the variables {names}", names=names)
    for word in _triggers(item.metadata.triggered_by)[1]:
        yield (
            sentence("the trigger {word}", word=word)
            if word
            else _("a trigger that this dashboard does not know")
        )
    if isinstance(item, schema.Task) and any(need not in references for need in item.depends_on):
        yield _("a dependency on something that is not visible here")


def _names(variables: Iterable[EnvironmentVariable]) -> Iterator[str]:
    return (variable.name or "without a name" for variable in variables)
