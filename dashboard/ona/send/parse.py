"""Reads an automations file that was already parsed (from YAML or JSON) into `AutomationsFile`.

Fields are checked by name and type, because the API would drop silently what it does not know.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from dashboard.ona.errors import Unsendable
from dashboard.ona.secret import Secret
from dashboard.ona.send.automation import Docker, OnMachine, RunsOn
from dashboard.ona.send.automations_file import AutomationsFile, FileService, FileTask
from dashboard.ona.send.base import below
from dashboard.ona.words import seconds

T = TypeVar("T")
WORDS = {str: "a text", bool: "true or false", list: "a list", dict: "a mapping"}
BOTH = {"name", "description", "triggeredBy", "runsOn"}
SERVICE_FIELDS = BOTH | {"commands", "role", "readinessTimeout"}
TASK_FIELDS = BOTH | {"command", "dependsOn", "prebuildRequiresSuccess"}


def automations_file(value: object) -> AutomationsFile:
    """The file as a message; Unsendable, naming the place (`services.web.name`), when it is none."""
    file = known(value, "", {"services", "tasks"})
    services, tasks = entries(file, "services"), entries(file, "tasks")
    return AutomationsFile(
        services=services and {key: service(one, f"services.{key}") for key, one in services.items()},
        tasks=tasks and {key: task(one, f"tasks.{key}") for key, one in tasks.items()},
    )


def service(value: object, where: str) -> FileService:
    entry = known(value, where, SERVICE_FIELDS)
    commands = known(entry.get("commands") or {}, f"{where}.commands", {"start", "ready", "stop"})
    inside = f"{where}.commands"
    return FileService(
        name=of(str, entry, "name", where) or "",
        description=of(str, entry, "description", where),
        start=of(str, commands, "start", inside) or "",
        ready=of(str, commands, "ready", inside),
        stop=of(str, commands, "stop", inside),
        triggers=texts(entry, "triggeredBy", where),
        runs_on=runs_on(entry, where),
        role=of(str, entry, "role", where),
        readiness_timeout=timeout(entry, where),
    )


def task(value: object, where: str) -> FileTask:
    entry = known(value, where, TASK_FIELDS)
    return FileTask(
        name=of(str, entry, "name", where) or "",
        description=of(str, entry, "description", where),
        command=of(str, entry, "command", where) or "",
        depends_on=texts(entry, "dependsOn", where),
        triggers=texts(entry, "triggeredBy", where),
        runs_on=runs_on(entry, where),
        prebuild_requires_success=of(bool, entry, "prebuildRequiresSuccess", where),
    )


def runs_on(entry: Mapping[str, Any], where: str) -> RunsOn | None:
    if entry.get("runsOn") is None:
        return None
    inside = f"{where}.runsOn"
    target = known(entry["runsOn"], inside, {"docker", "machine"})
    machine = "machine" in target and known(target["machine"] or {}, f"{inside}.machine", set())
    docker = docker_of(target["docker"], f"{inside}.docker") if "docker" in target else None
    return RunsOn(docker=docker, machine=None if machine is False else OnMachine())


def docker_of(value: object, where: str) -> Docker:
    entry = known(value, where, {"image", "environment"})
    pairs = texts(entry, "environment", where)
    environment = None if pairs is None else tuple(map(Secret, pairs))
    return Docker(image=of(str, entry, "image", where) or "", environment=environment)


def timeout(entry: Mapping[str, Any], where: str) -> float | None:
    text = of(str, entry, "readinessTimeout", where)
    if text is not None and seconds(text) is None:
        raise Unsendable(f"{where}.readinessTimeout", "must be a duration such as 90s")
    return seconds(text)


def known(value: object, where: str, names: set[str]) -> Mapping[str, Any]:
    """`value` as a mapping that has no other fields than these."""
    if not isinstance(value, Mapping):
        raise Unsendable(where or "file", "must be a mapping")
    for name in value:
        if name not in names:
            raise Unsendable(below(where, str(name)), "is not a field of an automations file")
    return value


def entries(file: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The services or the tasks; YAML makes other things than texts of keys such as 8080."""
    value = of(dict, file, name, "")
    for key in value or {}:
        if not isinstance(key, str):
            raise Unsendable(f"{name}.{key}", "must be a text: put it in quotes")
    return value


def of(kind: type[T], entry: Mapping[str, Any], name: str, where: str) -> T | None:
    """A field of this type, None when it is not given."""
    value = entry.get(name)
    if value is not None and not isinstance(value, kind):
        raise Unsendable(below(where, name), f"must be {WORDS[kind]}")
    return value


def texts(entry: Mapping[str, Any], name: str, where: str) -> tuple[str, ...] | None:
    values = of(list, entry, name, where)
    for index, value in enumerate(values or ()):
        if not isinstance(value, str):
            raise Unsendable(f"{below(where, name)}.{index}", "must be a text")
    return None if values is None else tuple(values)
