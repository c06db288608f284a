"""What can be made: environments, and services and tasks in them. None of it may be sent twice.

From the API's documentation: a new environment starts at once, and may not be found for a moment; a new service
does not start by itself; a reference is unique in its environment.
"""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, Outcome, Params, Rule, Verb
from dashboard.control.rules.environments import GOING
from dashboard.control.rules.words import changes, named, timeout
from dashboard.fleet.entities import Environment, Kind, Row, Service, Task
from dashboard.fleet.sentences import sentence
from dashboard.ona.send import ContextUrl, NewEnvironment, NewService, NewTask

if TYPE_CHECKING:
    from dashboard.ona import Ona


def _triggers(params: Params) -> tuple[str, ...] | None:
    return tuple(params.get("triggers") or ()) or None


def new_environment(params: Params) -> NewEnvironment:
    repository = params.get("repository")
    return NewEnvironment(
        name=params.get("name"),
        class_id=params.get("class_id"),
        content=(ContextUrl(url=repository),) if repository else None,
        timeout=params.get("timeout"),
    )


def _create(ona: "Ona", _: str, params: Params) -> str:
    if project := params.get("project"):
        return ona.environments.create_from_project(project, new_environment(params)).id
    return ona.environments.create(new_environment(params)).id


def _came_up(row: Environment, _: Params) -> Outcome | None:
    if row.phase in {"running", "updating"}:
        return CONFIRMED
    if row.failures:
        return Outcome(
            "failed", sentence("It was made, but did not come up: {failures}", failures=row.failures[0])
        )
    if row.phase in {"stopping", "stopped", *GOING}:
        return Outcome("confirmed", sentence("It was made, and is {phase} since.", phase=row.phase))
    return None


def _environment_words(params: Params) -> str:
    said: dict[str, Any] = {}
    if "repository" in params:
        said["from"] = params["repository"]
    if "timeout" in params:
        said["timeout"] = timeout(params["timeout"])
    return changes(said) if said else ""


def new_service(params: Params) -> NewService:
    return NewService(
        reference=params.get("reference", ""),
        name=params.get("name", ""),
        start=params.get("start", ""),
        ready=params.get("ready") or None,
        stop=params.get("stop") or None,
        description=params.get("description") or None,
        triggers=_triggers(params),
    )


def new_task(params: Params) -> NewTask:
    return NewTask(
        reference=params.get("reference", ""),
        name=params.get("name", ""),
        command=params.get("command") or None,
        description=params.get("description") or None,
        triggers=_triggers(params),
    )


def _add_service(ona: "Ona", key: str, params: Params) -> str:
    return ona.automations.create_service(key, new_service(params)).id


def _add_task(ona: "Ona", key: str, params: Params) -> str:
    return ona.automations.create_task(key, new_task(params)).id


def _is_there(row: Row, _: Params) -> Outcome | None:
    return CONFIRMED if isinstance(row, Service | Task) else None


def _going(row: Environment) -> str:
    return GOING.get(row.phase, "")


RULES = (
    Rule(
        verb=Verb.CREATE_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Create"),
        send=_create,
        ended=_came_up,
        patience=900,
        repeatable=False,
        makes=Kind.ENVIRONMENT,
        rowless=True,
        look_first=_("Look at the list of environments before you make another one."),
        words=_environment_words,
        message=new_environment,
    ),
    Rule(
        verb=Verb.ADD_SERVICE,
        kind=Kind.ENVIRONMENT,
        label=_("Add a service"),
        send=_add_service,
        pointless=_going,
        ended=_is_there,
        patience=120,
        repeatable=False,
        makes=Kind.SERVICE,
        menu=True,
        look_first=_("Look at the environment's services before you ask again."),
        words=named,
        message=new_service,
    ),
    Rule(
        verb=Verb.ADD_TASK,
        kind=Kind.ENVIRONMENT,
        label=_("Add a task"),
        send=_add_task,
        pointless=_going,
        ended=_is_there,
        patience=120,
        repeatable=False,
        makes=Kind.TASK,
        menu=True,
        look_first=_("Look at the environment's tasks before you ask again."),
        words=named,
        message=new_task,
    ),
)
