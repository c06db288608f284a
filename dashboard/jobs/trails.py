"""The id of a click goes along with the job that it leads to; a job that nobody asked for has one of its own."""

from contextlib import AbstractContextManager, ExitStack
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from dashboard import trail
from dashboard.tracing import span

_running: dict[str, AbstractContextManager[Any]] = {}


@before_task_publish.connect
def hand_along(headers: dict[str, Any], **_: object) -> None:
    if identifier := trail.current():
        headers[trail.HEADER] = identifier


@task_prerun.connect
def begin(task_id: str, task: Any, **_: object) -> None:
    given = getattr(task.request, trail.HEADER, None)
    stack = ExitStack()
    stack.enter_context(trail.following(trail.taken(given if isinstance(given, str) else "")))
    stack.enter_context(span(task.name, {"messaging.system": "celery"}))
    _running[task_id] = stack


@task_postrun.connect
def end(task_id: str, **_: object) -> None:
    if (stack := _running.pop(task_id, None)) is not None:
        stack.__exit__(None, None, None)
