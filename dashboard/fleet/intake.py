"""From what the API said to what we keep: lean rows, bounded texts, names for what has none.

Commands of a service or task are kept for its own page alone, bounded; of variables, secrets and outputs only
the names.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

from dashboard.fleet import entities as rows
from dashboard.fleet.bounds import (
    LONGEST_ID,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_MESSAGES,
    MOST_NEEDS,
    MOST_PORTS,
)
from dashboard.ona import schema
from dashboard.ona.schema import short

if TYPE_CHECKING:
    from dashboard.ona.schema.listed import GitStatus, ListedEnvironment, Status

LONGEST_ADDRESS = 2_000
REMEMBERED = 2_000
"""Addresses and enum texts of which the outcome is kept: a fleet has few different ones."""
Seen: TypeAlias = "schema.Environment | ListedEnvironment"
_NO_GIT = schema.GitStatus()


def environment(seen: Seen) -> rows.Environment:
    meta, spec, status = seen.metadata, seen.spec, seen.status
    git = status.content.git or _NO_GIT
    clone_url, creator, signal = git.clone_url, meta.creator, status.activity_signal
    repository, branch = _repository(seen, clone_url), _branch(seen, git)
    failures = _messages(status.failure_message) if status.failure_message else ()
    return rows.Environment(
        id=seen.id,
        name=_line(meta.name) or _repository_and_branch(repository, branch) or rows.short_id(seen.id),
        phase=_word(status.phase, "ENVIRONMENT_PHASE_"),
        desired=_word(spec.desired_phase, "ENVIRONMENT_PHASE_"),
        status_version=status.status_version,
        spec_version=spec.spec_version,
        repository=repository,
        branch=branch,
        context_url=meta.original_context_url[:LONGEST_MESSAGE],
        project_id=meta.project_id[:LONGEST_ID],
        creator_id=creator.id[:LONGEST_ID],
        creator_kind=_word(creator.principal, "PRINCIPAL_"),
        runner_id=meta.runner_id[:LONGEST_ID],
        class_id=spec.machine.class_id[:LONGEST_ID],
        role=_word(meta.role, "ENVIRONMENT_ROLE_"),
        created=_epoch(meta.created_at),
        started=_epoch(meta.last_started_at),
        archived=_epoch(meta.archived_at),
        lockdown=_epoch(meta.lockdown_at),
        failures=failures,
        warnings=_warnings(status, failures),
        signal_source=_line(signal.source),
        signal_at=_epoch(signal.timestamp),
        timeout=spec.timeout.disconnected,
        timed_out=status.machine.timeout[:LONGEST_MESSAGE],
        unpushed=max(git.total_unpushed_commits, len(git.unpushed_commits)),
        changed=max(git.total_changed_files, len(git.changed_files)),
        git_seen=bool(clone_url or git.branch),
        ports=_ports(seen) if spec.ports else (),
    )


def _warnings(status: "schema.EnvironmentStatus | Status", failures: tuple[str, ...]) -> tuple[str, ...]:
    """Its own, and what is wrong with a part of an environment that as a whole goes on, such as a dev container that
    did not build.
    """
    own, machine, content = status.warning_message, status.machine, status.content
    container, automations = status.devcontainer, status.automations_file
    parts = (
        *(machine.failure_message, machine.warning_message, content.failure_message, content.warning_message),
        *(container.failure_message, container.warning_message),
        *(automations.failure_message, automations.warning_message),
    )
    if not own and not any(parts):
        return ()
    return tuple(message for message in _messages((*own, *parts)) if message not in failures)


def _ports(seen: Seen) -> tuple[rows.Port, ...]:
    known = seen.status.environment_urls.ports
    addresses = {port.port: url[:LONGEST_MESSAGE] for port in known if (url := port.url)}
    return tuple(
        rows.Port(made.number, made.name, made.admission, address, made.protocol)
        if (address := addresses.get(port.port))
        else made
        for port in seen.spec.ports[:MOST_PORTS]
        for made in (
            _port(port.port, _bounded(port.name), _bounded(port.admission), _bounded(port.protocol)),
        )
    )


def _bounded(text: str) -> str:
    """Of a text that is to become a line or a word, as much as may matter."""
    return text[: 4 * LONGEST_NAME]


@lru_cache(REMEMBERED)
def _port(number: int, name: str, admission: str, protocol: str) -> rows.Port:
    """Without its address: the ports of a fleet are mostly the same few."""
    admission, protocol = _word(admission, "ADMISSION_LEVEL_"), _word(protocol, "PROTOCOL_")
    return rows.Port(number, _line(name), admission, "", protocol)


def _repository(seen: Seen, clone_url: str) -> str:
    """`owner/name` of the repository, from the working copy, else from the initializer, else from the address
    it came from.
    """
    if found := _path_of(clone_url[:LONGEST_ADDRESS]):
        return found
    for part in seen.spec.content.initializer.specs:
        if part.git is not None and (found := _path_of(part.git.remote_uri[:LONGEST_ADDRESS])):
            return found
        if part.context_url is not None and (found := _path_of_page(part.context_url.url[:LONGEST_ADDRESS])):
            return found
    return _path_of_page(seen.metadata.original_context_url[:LONGEST_ADDRESS])


@lru_cache(REMEMBERED)
def _path_of(address: str) -> str:
    """`owner/name`, or `group/subgroup/name`, of an address that git clones from, also of `git@host:owner/name`."""
    try:
        path = urlsplit(address).path if "://" in address else address.rpartition(":")[2]
    except ValueError:
        return ""
    return _line("/".join(part for part in unquote(path).split("/") if part).removesuffix(".git"))


@lru_cache(REMEMBERED)
def _path_of_page(address: str) -> str:
    """The same of a page in the browser: what follows the name is a branch, a merge request, a file."""
    project, gitlab, _ = address.partition("/-/")
    path = _path_of(project)
    return path if gitlab else "/".join(path.split("/")[:2]).removesuffix(".git")


def _branch(seen: Seen, git: "schema.GitStatus | GitStatus") -> str:
    if git.branch:
        return _line(git.branch)
    parts = seen.spec.content.initializer.specs
    return next((_line(part.git.clone_target) for part in parts if part.git is not None), "")


def _repository_and_branch(repository: str, branch: str) -> str:
    name = repository.rpartition("/")[2]
    return f"{name} @ {branch}" if name and branch else name


def service(seen: schema.Service) -> rows.Service:
    meta, commands = seen.metadata, seen.spec.commands
    return rows.Service(
        id=seen.id,
        environment_id=seen.environment_id[:LONGEST_ID],
        name=_line(meta.name) or _line(meta.reference) or rows.short_id(seen.id),
        reference=_line(meta.reference),
        description=meta.description[:LONGEST_MESSAGE],
        role=_word(meta.role, "SERVICE_ROLE_"),
        phase=seen.phase[:LONGEST_ID],
        desired=_word(seen.spec.desired_phase, "SERVICE_PHASE_"),
        failure=seen.status.failure_message[:LONGEST_MESSAGE],
        triggers=_triggers(meta.triggered_by),
        creator_id=meta.creator.id[:LONGEST_ID],
        creator_kind=_word(meta.creator.principal, "PRINCIPAL_"),
        created=_epoch(meta.created_at),
        marks=(rows.mark(commands.start), rows.mark(commands.ready), rows.mark(commands.stop)),
    )


def task(seen: schema.Task) -> rows.Task:
    meta = seen.metadata
    return rows.Task(
        id=seen.id,
        environment_id=seen.environment_id[:LONGEST_ID],
        name=_line(meta.name) or _line(meta.reference) or rows.short_id(seen.id),
        reference=_line(meta.reference),
        description=meta.description[:LONGEST_MESSAGE],
        triggers=_triggers(meta.triggered_by),
        depends_on=tuple(need[:LONGEST_ID] for need in seen.depends_on[:MOST_NEEDS]),
        creator_id=meta.creator.id[:LONGEST_ID],
        creator_kind=_word(meta.creator.principal, "PRINCIPAL_"),
        created=_epoch(meta.created_at),
        mark=rows.mark(seen.spec.command),
    )


def execution(seen: schema.TaskExecution, name: str = "") -> rows.Execution:
    """`name` is the task's, which an execution does not carry; without it the plan's last label serves."""
    meta, status = seen.metadata, seen.status
    steps = [step for group in seen.spec.plan for step in group.steps]
    ended = {
        step.id
        for step in status.steps
        if _word(step.phase, "TASK_EXECUTION_PHASE_") in rows.FINISHED_EXECUTION
    }
    failed = {
        step.id
        for step in status.steps
        if step.failure_message or _word(step.phase, "TASK_EXECUTION_PHASE_") == "failed"
    }
    return rows.Execution(
        id=seen.id,
        task_id=meta.task_id[:LONGEST_ID],
        environment_id=meta.environment_id[:LONGEST_ID],
        name=name or (_line(steps[-1].label) if steps else "") or rows.short_id(seen.id),
        phase=seen.phase[:LONGEST_ID],
        desired=_word(seen.spec.desired_phase, "TASK_EXECUTION_PHASE_"),
        failure=_failure_of(seen)[:LONGEST_MESSAGE],
        started_by=_line(meta.started_by),
        creator_id=meta.creator.id[:LONGEST_ID],
        creator_kind=_word(meta.creator.principal, "PRINCIPAL_"),
        created=_epoch(meta.created_at),
        started=_epoch(meta.started_at),
        completed=_epoch(meta.completed_at),
        steps_done=sum(step.id in ended for step in steps),
        steps_total=len(steps),
        steps_failed=sum(step.id in failed for step in steps),
    )


def _failure_of(seen: schema.TaskExecution) -> str:
    return seen.status.failure_message or next(
        (step.failure_message for step in seen.status.steps if step.failure_message), ""
    )


def environment_class(seen: schema.EnvironmentClass) -> rows.EnvironmentClass:
    return rows.EnvironmentClass(
        seen.id,
        _line(seen.display_name),
        seen.description[:LONGEST_MESSAGE],
        seen.runner_id[:LONGEST_ID],
        seen.enabled,
    )


def person(seen: schema.Member) -> rows.Person:
    return rows.Person(seen.id, _line(seen.full_name), _line(seen.email))


def project(seen: schema.Project) -> rows.Project:
    return rows.Project(seen.id, _line(seen.name))


def runner(seen: schema.Runner) -> rows.Runner:
    return rows.Runner(
        id=seen.id,
        name=_line(seen.name),
        runner_kind=_word(seen.kind, "RUNNER_KIND_"),
        provider=_word(seen.provider, "RUNNER_PROVIDER_"),
        phase=_word(seen.status.phase, "RUNNER_PHASE_"),
        region=_line(seen.status.region),
    )


def _triggers(seen: Iterable[schema.Trigger]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(trigger.word for trigger in seen if trigger.word))


def _messages(seen: Iterable[str]) -> tuple[str, ...]:
    """Each message once, in order, bounded."""
    unique = dict.fromkeys(message.strip()[:LONGEST_MESSAGE] for message in seen if message.strip())
    return tuple(unique)[:MOST_MESSAGES]


def _line(text: str) -> str:
    """One line of text, bounded."""
    return text and " ".join(text[: 4 * LONGEST_NAME].split())[:LONGEST_NAME]


def _word(text: str, prefix: str) -> str:
    """An enum's word, also one that nobody knows yet, bounded."""
    return text and _cut_word(text[: 2 * LONGEST_ID], prefix)


@lru_cache(REMEMBERED)
def _cut_word(text: str, prefix: str) -> str:
    return short(text, prefix)[:LONGEST_ID]


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
