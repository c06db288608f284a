"""Free words: where in a row they are looked for."""

from collections.abc import Callable
from typing import Any

from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.fleet.query.fields import person_names
from dashboard.fleet.query.reading import At
from dashboard.fleet.query.values import Answers, fold
from dashboard.fleet.snapshot import Fleet

Holds = Callable[[Any], bool]


def word_in_row(at: At, kind: Kind, word: str) -> Holds:
    """Whether the word occurs in a row's id or name, its person, project or environment, or in what it says of itself.

    What many rows share (people, projects, environments, repositories) is compared once.
    """
    wanted, fleet = fold(word), at.fleet
    people = Answers(lambda key: any(wanted in fold(name) for name in person_names(fleet, key)))
    kinds = Answers(lambda principal: wanted in principal.replace("_", " "))
    projects = Answers(lambda key: wanted in fold(fleet.project(key)))
    shared = Answers(lambda text: wanted in fold(text))
    own: Callable[[Any], bool] = _OWN[kind](wanted, shared)
    place = _place(fleet, wanted, projects)

    def holds(row: Any) -> bool:
        return (
            wanted in fold(row.name)
            or wanted in row.id
            or own(row)
            or people[row.creator_id]
            or kinds[row.creator_kind]
            or (projects[row.project_id] if kind is Kind.ENVIRONMENT else place[row.environment_id])
        )

    return holds


def _place(fleet: Fleet, wanted: str, projects: Answers) -> Answers:
    """Of an environment's id: whether its name or its project's has the word."""

    def asked(identifier: str) -> bool:
        environment = fleet.environments.get(identifier)
        project = environment.project_id if environment is not None else ""
        return wanted in fold(fleet.environment_name(identifier)) or projects[project]

    return Answers(asked)


def _of_environment(wanted: str, shared: Answers) -> Holds:
    def holds(row: Environment) -> bool:
        failed = bool(row.failures) and any(wanted in fold(text) for text in row.failures)
        return shared[row.repository] or shared[row.branch] or failed

    return holds


def _of_service(wanted: str, shared: Answers) -> Holds:
    def holds(row: Service) -> bool:
        return shared[row.reference] or (bool(row.failure) and wanted in fold(row.failure))

    return holds


def _of_task(_: str, shared: Answers) -> Holds:
    def holds(row: Task) -> bool:
        return shared[row.reference]

    return holds


def _of_execution(wanted: str, shared: Answers) -> Holds:
    def holds(row: Execution) -> bool:
        return shared[row.started_by] or (bool(row.failure) and wanted in fold(row.failure))

    return holds


_OWN: dict[Kind, Callable[[str, Answers], Any]] = {
    Kind.ENVIRONMENT: _of_environment,
    Kind.SERVICE: _of_service,
    Kind.TASK: _of_task,
    Kind.EXECUTION: _of_execution,
}
