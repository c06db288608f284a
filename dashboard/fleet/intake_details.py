"""What a resource's own page shows beyond its row, from what the API said. Names only where values may be secret."""

from collections import Counter

from dashboard.fleet import details
from dashboard.fleet.bounds import LONGEST_COMMAND, LONGEST_MESSAGE, LONGEST_NAME
from dashboard.fleet.marking import marked as _
from dashboard.ona import schema
from dashboard.ona.schema import short
from dashboard.ona.schema.automation import ExecutionStep, PlannedStep, RunsOn
from dashboard.ona.schema.environment_spec import SecretSpec

MOST_ITEMS = 101


def environment(seen: schema.Environment, read_at: float) -> details.EnvironmentDetail:
    git = seen.status.content.git
    return details.EnvironmentDetail(
        id=seen.id,
        read_at=read_at,
        parts=_parts(seen.status),
        secrets=_secrets(seen),
        commits=() if git is None else tuple(text[:200] for text in git.unpushed_commits[:MOST_ITEMS]),
        files=()
        if git is None
        else tuple(_file(item.path, item.change_type) for item in git.changed_files[:MOST_ITEMS]),
        commit="" if git is None else git.latest_commit[:64],
    )


def _file(path: str, change: str) -> details.ChangedFile:
    return details.ChangedFile(path[:255], short(change, "CHANGE_TYPE_").replace("_", " "))


def _parts(status: schema.EnvironmentStatus) -> tuple[details.Part, ...]:
    machine, content, container, automations = (
        status.machine,
        status.content,
        status.devcontainer,
        status.automations_file,
    )
    found = (
        _part(
            _("Machine"),
            short(machine.phase, "PHASE_"),
            machine.timeout,
            machine.failure_message,
            machine.warning_message,
        ),
        _part(
            _("Content"),
            short(content.phase, "CONTENT_PHASE_"),
            content.content_location_in_machine,
            content.failure_message,
            content.warning_message,
        ),
        _part(
            _("Dev container"),
            short(container.phase, "PHASE_"),
            container.devcontainer_file_path,
            container.failure_message,
            container.warning_message,
        ),
        _part(
            _("Automations file"),
            short(automations.phase, "CONTENT_PHASE_"),
            automations.automations_file_path,
            automations.failure_message,
            automations.warning_message,
        ),
    )
    return tuple(part for part in found if part.phase or part.failure or part.warning)


def _part(name: str, phase: str, note: str, failure: str, warning: str) -> details.Part:
    return details.Part(
        name, phase, note[:LONGEST_MESSAGE], failure[:LONGEST_MESSAGE], warning[:LONGEST_MESSAGE]
    )


def _secrets(seen: schema.Environment) -> tuple[details.SecretName, ...]:
    states = {state.secret_name or state.id: state for state in seen.status.secrets}
    found = []
    for secret in seen.spec.secrets[:MOST_ITEMS]:
        state = states.get(secret.name) or states.get(secret.id)
        phase = "" if state is None else short(state.phase, "CONTENT_PHASE_")
        failure = "" if state is None else state.failure_message[:LONGEST_MESSAGE]
        found.append(details.SecretName(secret.name[:200], _mount(secret)[:LONGEST_MESSAGE], phase, failure))
    return tuple(found)


def _mount(secret: SecretSpec) -> str:
    if secret.environment_variable:
        return f"variable {secret.environment_variable}"
    if secret.file_path:
        return f"file {secret.file_path}"
    if secret.git_credential_host:
        return f"git credential for {secret.git_credential_host}"
    if secret.container_registry_basic_auth_host:
        return f"registry login for {secret.container_registry_basic_auth_host}"
    return "API only" if secret.api_only else ""


def service(seen: schema.Service, read_at: float) -> details.ServiceDetail:
    commands = seen.spec.commands
    return details.ServiceDetail(
        id=seen.id,
        read_at=read_at,
        start=commands.start[:LONGEST_COMMAND],
        ready=commands.ready[:LONGEST_COMMAND],
        stop=commands.stop[:LONGEST_COMMAND],
        runs_on=_runs_on(seen.spec.runs_on),
        variables=tuple(item.name[:200] for item in seen.spec.env[:MOST_ITEMS]),
        outputs=tuple(name[:200] for name in seen.status.output_names[:MOST_ITEMS]),
    )


def task(seen: schema.Task, read_at: float) -> details.TaskDetail:
    return details.TaskDetail(
        id=seen.id,
        read_at=read_at,
        command=seen.spec.command[:LONGEST_COMMAND],
        runs_on=_runs_on(seen.spec.runs_on),
        variables=tuple(item.name[:200] for item in seen.spec.env[:MOST_ITEMS]),
    )


def _runs_on(where: RunsOn) -> str:
    if where.docker is not None:
        return f"container {where.docker.image}"[:LONGEST_MESSAGE]
    return "machine" if where.machine is not None else "dev container"


def execution(seen: schema.TaskExecution, read_at: float) -> details.ExecutionDetail:
    states = {state.id: state for state in seen.status.steps}
    ids = _Ids()
    groups = tuple(
        tuple(_step(step, ids.own(step.id), states.get(step.id)) for step in group.steps)
        for group in seen.spec.plan
    )
    return details.ExecutionDetail(id=seen.id, read_at=read_at, groups=groups)


class _Ids:
    """Ids of a plan's steps: each a step's own, never "", at most LONGEST_NAME characters."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._more: Counter[str] = Counter()

    def own(self, said: str) -> str:
        """What the plan says, with a number where another step has that already."""
        short = found = said[: LONGEST_NAME - 10] or "step"
        while found in self._taken:
            self._more[short] += 1
            found = f"{short}:{self._more[short] + 1}"
        self._taken.add(found)
        return found


def _step(step: PlannedStep, own_id: str, state: ExecutionStep | None) -> details.Step:
    kind, target = ("task", step.task.id) if step.task is not None else ("service", step.service_id)
    return details.Step(
        id=own_id,
        label=step.label[:200],
        kind=kind,
        target=target,
        phase="" if state is None else short(state.phase, "TASK_EXECUTION_PHASE_"),
        failure="" if state is None else state.failure_message[:LONGEST_MESSAGE],
        depends_on=step.depends_on[:MOST_ITEMS],
        outputs=() if state is None else tuple(name[:200] for name in state.output_names[:MOST_ITEMS]),
    )
