"""What happened in an environment before the simulator started: phases of its services, past and live executions."""

from random import Random

from dashboard.simulator import enums
from dashboard.simulator.executions import aggregate, make_plan
from dashboard.simulator.ids import uuid4, uuid7
from dashboard.simulator.models import Environment, Execution, Service, Task

# Phases of ordinary services in running environments, dealt out in turn.
_DEALT = (
    *[enums.SERVICE_RUNNING] * 5,
    enums.SERVICE_STOPPED,
    *[enums.SERVICE_RUNNING] * 4,
    enums.SERVICE_FAILED,
    *[enums.SERVICE_RUNNING] * 3,
    enums.SERVICE_STARTING,
    enums.SERVICE_STOPPED,
    *[enums.SERVICE_RUNNING] * 2,
    enums.SERVICE_UNKNOWN,
    enums.SERVICE_STOPPING,
)
_FAILURES = (
    "start command exited with code 1",
    "start command exited with code 137",
    "listen tcp :3000: bind: address already in use",
)
_PAST_PHASES = (enums.SUCCEEDED,) * 7 + (enums.FAILED,) * 2 + (enums.CANCELLED,)


def give_history(environment: Environment, rng: Random, at: float) -> None:
    """Settle its services and give it about two executions."""
    start = rng.randrange(len(_DEALT))
    for position, service in enumerate(environment.services):
        _settle_service(service, rng, _DEALT[(start + position) % len(_DEALT)])
    if environment.tasks and environment.phase not in enums.COMING_UP:
        _past_executions(environment, rng, at)


def _settle_service(service: Service, rng: Random, dealt: str) -> None:
    environment = service.environment
    if environment.phase == enums.CREATING:
        return
    service.session = service.running_session = uuid4(rng)
    service.desired = enums.SERVICE_RUNNING
    if environment.usable:
        service.phase = _phase_while_running(service, dealt)
    elif environment.phase == enums.STOPPING:
        service.phase = enums.SERVICE_STOPPING
    else:
        service.phase = enums.SERVICE_STOPPED
    if service.phase == enums.SERVICE_FAILED:
        service.failure = rng.choice(_FAILURES)
    elif service.phase == enums.SERVICE_UNKNOWN:
        service.session = service.running_session = ""
        service.desired = enums.SERVICE_UNKNOWN
    if environment.usable and service.phase in {enums.SERVICE_STOPPED, enums.SERVICE_STOPPING}:
        service.desired = enums.SERVICE_STOPPED
    if service.recipe.role == "SERVICE_ROLE_AI_AGENT" and service.phase == enums.SERVICE_RUNNING:
        service.output = (("agent-service-ref", service.recipe.reference), ("port", "22777"))


def _phase_while_running(service: Service, dealt: str) -> str:
    if service.recipe.breaks:
        return enums.SERVICE_FAILED
    if service.recipe.role == "SERVICE_ROLE_EDITOR":
        return enums.SERVICE_RUNNING
    return dealt


def _past_executions(environment: Environment, rng: Random, at: float) -> None:
    begun = environment.created + 30
    until = at - 300 if environment.usable else min(at - 300, (environment.signal_at or at))
    for _ in range(rng.choice((0, 1, 2, 2, 3, 4))):
        created = begun + max(0.0, until - begun) * rng.random()
        _past(rng.choice(environment.tasks), rng, created, rng.choice(_PAST_PHASES))
    if environment.usable and rng.random() < 0.12:
        _live(rng.choice(environment.tasks), rng, at - rng.uniform(1, 20))
    environment.executions.sort(key=lambda run: run.id)


def _execution(task: Task, rng: Random, created: float) -> Execution:
    environment = task.environment
    created = round(created, 6)
    trigger = task.recipe.triggers[0]
    run = Execution(
        uuid7(created, rng), task, environment, created, environment.creator, trigger, make_plan(task, rng)
    )
    environment.executions.append(run)
    return run


def _past(task: Task, rng: Random, created: float, phase: str) -> None:
    run = _execution(task, rng, created)
    run.status_version = rng.randint(4, 12)
    steps = run.steps
    last = len(steps) if phase == enums.SUCCEEDED else rng.randrange(len(steps))
    for step in steps[:last]:
        step.phase = enums.SUCCEEDED
    if last < len(steps):
        steps[last].phase = phase
    if phase == enums.FAILED:
        steps[last].failure = "task command exited with code 1"
        run.failure = f"{steps[last].target.recipe.name}: task command exited with code 1"
    if phase == enums.CANCELLED:
        run.desired = enums.CANCELLED
    run.started = round(run.created + rng.uniform(0.4, 2), 6)
    run.completed = round(run.started + task.recipe.seconds * rng.uniform(0.5, 2.0), 6)
    run.phase = aggregate(step.phase for step in steps)


def _live(task: Task, rng: Random, created: float) -> None:
    """One under way: its first group runs, or nothing has begun yet."""
    run = _execution(task, rng, created)
    if rng.random() < 0.2:
        return
    run.started = round(run.created + 0.8, 6)
    for step in run.plan[0]:
        step.phase = enums.EXECUTING
    run.phase = enums.EXECUTING
