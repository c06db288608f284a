"""What a key can and cannot do, found out by asking the API; nothing is changed by it.

A list is asked for one page. Everything else is asked of an id that nothing has: only a key that may do it is told
that there is no such thing. To make an environment is not asked, since the answer could be one.
"""

from collections.abc import Callable, Mapping
from uuid import uuid4

from dashboard.ona import Ona, errors, send

Ask = Callable[[Ona, str], object]
STREAM_SECONDS = 2.0
"""For which a stream of events may stay silent while it is tried."""

LISTS: Mapping[str, Ask] = {
    "environments": lambda ona, _: next(ona.environments.pages(page_size=1)),
    "services": lambda ona, _: next(ona.automations.service_pages(page_size=1)),
    "tasks": lambda ona, _: next(ona.automations.task_pages(page_size=1)),
    "executions": lambda ona, _: next(ona.automations.execution_pages(page_size=1)),
    "classes": lambda ona, _: next(ona.environments.class_pages(page_size=1)),
    "one environment": lambda ona, nobody: ona.environments.get(nobody),
    "one service": lambda ona, nobody: ona.automations.get_service(nobody),
    "one task": lambda ona, nobody: ona.automations.get_task(nobody),
    "one execution": lambda ona, nobody: ona.automations.get_execution(nobody),
}
"""What the pages need."""

NAMES: Mapping[str, Ask] = {
    "people": lambda ona, _: next(ona.directory.member_pages(ona.directory.identity().organization_id)),
    "projects": lambda ona, _: next(ona.directory.project_pages(page_size=1)),
    "runners": lambda ona, _: next(ona.directory.runner_pages(page_size=1)),
}
"""Without which short ids are shown."""

EVENTS: Mapping[str, Ask] = {"events": lambda ona, _: ona.events.organization(idle=STREAM_SECONDS).close()}

ACTIONS: Mapping[str, Ask] = {
    "start environments": lambda ona, nobody: ona.environments.start(nobody),
    "stop environments": lambda ona, nobody: ona.environments.stop(nobody),
    "make environments": lambda ona, nobody: ona.environments.create_from_project(nobody),
    "change environments": lambda ona, nobody: ona.environments.update(
        nobody, send.EnvironmentChange(name="doctor")
    ),
    "keep environments awake": lambda ona, nobody: ona.environments.mark_active(nobody, "doctor"),
    "unarchive environments": lambda ona, nobody: ona.environments.unarchive(nobody),
    "delete environments": lambda ona, nobody: ona.environments.delete(nobody),
    "read logs": lambda ona, nobody: ona.environments.create_logs_token(nobody),
    "make access tokens": lambda ona, nobody: ona.environments.create_access_token(nobody),
    "settle automations files": lambda ona, nobody: ona.automations.upsert_file(
        nobody, send.AutomationsFile()
    ),
    "add services": lambda ona, nobody: ona.automations.create_service(
        nobody, send.NewService(reference="doctor", name="doctor", start="true")
    ),
    "change services": lambda ona, nobody: ona.automations.update_service(
        nobody, send.ServiceChange(name="doctor")
    ),
    "delete services": lambda ona, nobody: ona.automations.delete_service(nobody),
    "start services": lambda ona, nobody: ona.automations.start_service(nobody),
    "stop services": lambda ona, nobody: ona.automations.stop_service(nobody),
    "add tasks": lambda ona, nobody: ona.automations.create_task(
        nobody, send.NewTask(reference="doctor", name="doctor", command="true")
    ),
    "change tasks": lambda ona, nobody: ona.automations.update_task(nobody, send.TaskChange(name="doctor")),
    "delete tasks": lambda ona, nobody: ona.automations.delete_task(nobody),
    "run tasks": lambda ona, nobody: ona.automations.start_task(nobody),
    "stop executions": lambda ona, nobody: ona.automations.stop_execution(nobody),
}
"""What actions and logs need."""


def refusals(ona: Ona, asked: Mapping[str, Ask]) -> dict[str, errors.OnaError]:
    """What the key may not do, or what could not be found out: what was asked → the API's answer."""
    found = {what: _refusal(ona, ask) for what, ask in asked.items()}
    return {what: error for what, error in found.items() if error is not None}


def _refusal(ona: Ona, ask: Ask) -> errors.OnaError | None:
    try:
        ask(ona, str(uuid4()))
    except (errors.NotFound, errors.FailedPrecondition):
        return None
    except errors.OnaError as error:
        return error
    return None
