"""New environments on request: what a caller asked for, what a project adds, and what is refused."""

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from dashboard.simulator import catalog, enums, environments, names
from dashboard.simulator.errors import ConnectError, listing_detail
from dashboard.simulator.ids import uuid7
from dashboard.simulator.models import Environment, Given, MachineClass, Project, Subject
from dashboard.simulator.show_environment import ssh_keys
from dashboard.simulator.wire import Json

if TYPE_CHECKING:
    from dashboard.simulator.world import World

# Hosts that the caller has connected; for others the platform has no credentials.
CONNECTED_HOSTS = frozenset({"github.com", "gitlab.com", "bitbucket.org"})
DEFAULT_IDLE_LIMIT = 3600
_SHOWN = (
    "ports", "secrets", "admission", "devcontainer", "sshPublicKeys", "automationsFile", "kernelControlsConfig",
    "securityPolicyId",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked request: the spec in canonical form and what stands beside it."""

    spec: Json
    name: str
    annotations: Json
    session_id: str
    creator: Subject

    @classmethod
    def of(cls, document: Json, creator: Subject) -> "Wanted":
        """From a request's canonical form."""
        return cls(
            part(document, "spec"),
            str(document.get("name", "")),
            part(document, "annotations"),
            str(document.get("sessionId", "")),
            creator,
        )


def part(document: Json, name: str) -> Json:
    """A message inside a canonical document; an unset one reads as empty."""
    return cast("Json", document.get(name) or {})


def create(world: "World", wanted: Wanted, at: float) -> Environment:
    """A new environment of its own; it goes through CREATING and STARTING by itself."""
    machine = _machine_class(world, part(wanted.spec, "machine"))
    if machine is None:
        raise ConnectError("invalid_argument", "spec.machine.class is required")
    return _settle(world, wanted, machine, None, at)


def create_from_project(world: "World", wanted: Wanted, project: Project, at: float) -> Environment:
    """One based on a project: what the caller says beats the project, which beats the defaults."""
    machine = _machine_class(world, part(wanted.spec, "machine")) or project.classes[0]
    if machine not in project.classes:
        ids = [one.id for one in project.classes]
        detail = listing_detail(
            "gitpod.v1.CreateEnvironmentFromProjectBadRequestEnvironmentClassDetails",
            "environmentClassIds",
            ids,
        )
        raise ConnectError(
            "invalid_argument", "environment class is not one of the project's", details=(detail,)
        )
    return _settle(world, wanted, machine, project, at)


def _machine_class(world: "World", machine: Json) -> MachineClass | None:
    chosen = str(machine.get("class", "")).lower()
    if not chosen:
        return None
    found = next((row for row in world.directory.classes if row.id == chosen), None)
    if found is None:
        raise ConnectError("invalid_argument", "environment class not found")
    if not found.enabled:
        raise ConnectError("failed_precondition", "environment class is disabled")
    return found


def _settle(
    world: "World", wanted: Wanted, machine: MachineClass, project: Project | None, at: float
) -> Environment:
    remote, branch = _source(part(wanted.spec, "content"))
    _refuse_unconnected(remote)
    home = project or _loose_project(world.rng, remote, machine, wanted.creator, at)
    if project is not None and remote:
        home = replace(project, repository=remote)
    environment = Environment(
        id=uuid7(at, world.rng),
        created=round(at, 6),
        creator=wanted.creator,
        project=home,
        from_project=project is not None,
        runner=machine.runner,
        machine_class=machine,
        role=enums.DEFAULT_ROLE,
        name=wanted.name,
        branch=branch,
        phase=enums.CREATING,
        desired=enums.RUNNING,
        idle_limit=DEFAULT_IDLE_LIMIT,
        last_started=round(at, 6),
        session_id=wanted.session_id,
        handled_at=at,
        given=_given(wanted, remote or home.repository, branch),
    )
    limit = part(wanted.spec, "timeout").get("disconnected")
    if isinstance(limit, float):
        environment.idle_limit = int(limit)
    world.settle(environment, at)
    environments.begin_creating(world, environment, at)
    return environment


def _given(wanted: Wanted, remote: str, branch: str) -> Given:
    spec = {name: wanted.spec[name] for name in _SHOWN if name in wanted.spec}
    content = part(wanted.spec, "content")
    if content:
        spec["content"] = content
    address = remote.removesuffix(".git")
    return Given(spec, wanted.annotations, f"{address}/tree/{branch}" if address and branch else address)


def _source(content: Json) -> tuple[str, str]:
    """(remote, branch) of the first initializer; both empty for a scratch environment."""
    specs = cast("list[Json]", part(content, "initializer").get("specs") or [])
    if not specs:
        return "", ""
    git = part(specs[0], "git")
    if git:
        return str(git.get("remoteUri", "")), str(git.get("cloneTarget", "")) or "main"
    address = str(part(specs[0], "contextUrl").get("url", ""))
    for mark in ("/-/tree/", "/tree/", "/src/"):
        before, found, branch = address.partition(mark)
        if found:
            return before, branch
    return address, "main"


def _refuse_unconnected(remote: str) -> None:
    host = _host(remote)
    if host and host not in CONNECTED_HOSTS:
        detail = listing_detail(
            "gitpod.v1.CreateEnvironmentPreconditionFailureDetails",
            "missingAuthenticationTokensForHosts",
            [host],
        )
        raise ConnectError("failed_precondition", f"authentication required for {host}", details=(detail,))


def _host(remote: str) -> str:
    if "://" in remote:
        return (urlsplit(remote).hostname or "").lower()
    user_and_host, found, _ = remote.partition(":")
    return user_and_host.rpartition("@")[2].lower() if found else ""


def _loose_project(rng: Random, remote: str, machine: MachineClass, by: Subject, at: float) -> Project:
    """What a repository without project brings along: believable services and tasks, fixed by its address."""
    pick = Random(remote)
    name = remote.rstrip("/").rpartition("/")[2].removesuffix(".git") or "scratch"
    services = pick.sample(catalog.SERVICES[:5], pick.randint(2, 3)) if remote else []
    tasks = pick.sample(catalog.TASKS, pick.randint(3, 5)) if remote else []
    return Project(
        uuid7(at, rng), name, remote, by, round(at, 6), (machine,), tuple(services),
        tuple(sorted(tasks, key=catalog.TASKS.index)), catalog.PORTS[:1] if remote else (),
    )  # fmt: skip


def change(environment: Environment, spec: Json) -> Given:
    """What an update leaves of the spec: absent fields stay, a key without value goes, empty lists change nothing."""
    old = environment.given or Given(
        context_url=names.context_url(environment.project.repository, environment.branch)
    )
    new = dict(old.spec)
    for name in ("content", "devcontainer", "automationsFile", "kernelControlsConfig"):
        if name in spec:
            new[name] = {**part(new, name), **part(spec, name)}
    if spec.get("ports"):
        new["ports"] = spec["ports"]
    keys = cast("list[Json]", spec.get("sshPublicKeys") or [])
    if keys:
        kept = {str(key.get("id", "")): key for key in ssh_keys(environment)}
        for key in keys:
            kept[str(key.get("id", ""))] = key
        new["sshPublicKeys"] = [key for key in kept.values() if "value" in key]
    return Given(new, old.annotations, old.context_url)
