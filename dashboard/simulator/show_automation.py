"""Services, tasks and executions as JSON."""

from dashboard.simulator import addresses, enums
from dashboard.simulator.executions import label
from dashboard.simulator.models import EnvItem, Execution, Service, ServiceRecipe, Step, Task, TaskRecipe
from dashboard.simulator.show_environment import subject
from dashboard.simulator.wire import Json, duration, int64, maybe, message, timestamp


def service(item: Service, at: float, origin: str) -> Json:
    """A Service as answered at `at`: its specVersion is that moment in microseconds, and it has no statusVersion."""
    return {
        "id": item.id,
        "environmentId": item.environment.id,
        "metadata": message(**_metadata(item), role=item.recipe.role or "SERVICE_ROLE_DEFAULT"),
        "spec": _service_spec(item, at),
        "status": _service_status(item, origin),
    }


def _metadata(item: Service | Task) -> Json:
    recipe = item.recipe
    return message(
        reference=recipe.reference,
        name=recipe.name,
        description=recipe.description,
        createdAt=timestamp(item.created),
        creator=subject(item.creator),
        triggeredBy=[{trigger: True} for trigger in recipe.triggers],
    )


def _service_spec(item: Service, at: float) -> Json:
    recipe = item.recipe
    return message(
        specVersion=int64(int(at * 1_000_000)),
        desiredPhase="" if item.desired == enums.SERVICE_UNKNOWN else item.desired,
        commands=message(start=recipe.start, ready=recipe.ready, stop=recipe.stop),
        session=item.session,
        runsOn=_runs_on(recipe),
        env=[_env_item(pair) for pair in recipe.env],
        readinessTimeout="" if recipe.readiness_timeout is None else duration(recipe.readiness_timeout),
    )


def _service_status(item: Service, origin: str) -> Json:
    begun = item.phase != enums.SERVICE_UNKNOWN
    return message(
        phase=item.phase if begun else "",
        failureMessage=item.failure if item.phase == enums.SERVICE_FAILED else "",
        logUrl=addresses.service(origin, item) if begun else "",
        session=item.running_session,
        output=maybe(dict(item.output)),
    )


def _runs_on(recipe: ServiceRecipe | TaskRecipe) -> Json | None:
    if recipe.runs_on == "machine":
        return {"machine": {}}
    if recipe.runs_on == "docker":
        return {"docker": message(image=recipe.image, environment=list(recipe.image_env))}
    return None


def _env_item(item: EnvItem) -> Json:
    if item.reference:
        return {"name": item.name, "valueFrom": {"secretRef": {"id": item.reference}}}
    return {"name": item.name, "value": item.value}


def task(item: Task) -> Json:
    """A Task."""
    return message(
        id=item.id,
        environmentId=item.environment.id,
        metadata=_metadata(item),
        spec=_task_spec(item.recipe),
        dependsOn=[need.id for need in item.depends_on],
    )


def _task_spec(recipe: TaskRecipe) -> Json:
    return message(
        command=recipe.command,
        runsOn=_runs_on(recipe),
        env=[_env_item(pair) for pair in recipe.env],
        prebuildRequiresSuccess=recipe.prebuild_requires_success,
    )


def execution(item: Execution, origin: str) -> Json:
    """A TaskExecution as answered by the simulator at `origin`."""
    return {
        "id": item.id,
        "metadata": message(
            taskId=item.task.id,
            environmentId=item.environment.id,
            createdAt=timestamp(item.created),
            creator=subject(item.creator),
            startedBy=item.started_by,
            startedAt=timestamp(item.started),
            completedAt=timestamp(item.completed),
        ),
        "spec": message(
            plan=[{"steps": [_planned(step) for step in group]} for group in item.plan],
            desiredPhase=item.desired,
        ),
        "status": _execution_status(item, origin),
    }


def _planned(step: Step) -> Json:
    target = step.target
    what: Json
    if isinstance(step.recipe, TaskRecipe):
        what = {"task": {"id": target.id, "spec": _task_spec(step.recipe)}}
    else:
        what = {"serviceId": target.id}
    return message(id=step.id, dependsOn=list(step.depends_on), label=label(step), **what)


def _execution_status(item: Execution, origin: str) -> Json:
    return message(
        statusVersion=int64(item.status_version),
        phase=item.phase,
        failureMessage=item.failure,
        steps=[
            message(id=step.id, phase=step.phase, failureMessage=step.failure)
            for step in item.steps
            if step.phase != enums.STEP_WAITING
        ],
        logUrl=addresses.execution(origin, item) if item.started is not None else "",
    )
