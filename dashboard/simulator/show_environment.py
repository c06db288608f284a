"""Environments as JSON. What never changes for an environment (commits, keys, addresses) is worked out from its id."""

from dashboard.simulator import addresses, catalog, enums, names
from dashboard.simulator.ids import dashed, fingerprint
from dashboard.simulator.models import Environment, Given, Subject
from dashboard.simulator.wire import Json, duration, int64, maybe, message, tidy, timestamp

LONGEST_GIT_LIST = 101
_CHANGE_TYPES = ("ADDED", "MODIFIED", "MODIFIED", "DELETED", "RENAMED", "UNTRACKED")
_PARTS_UP = {
    enums.CREATING: ("PHASE_CREATING", "CONTENT_PHASE_CREATING"),
    enums.STARTING: ("PHASE_STARTING", "CONTENT_PHASE_INITIALIZING"),
    enums.RUNNING: ("PHASE_RUNNING", "CONTENT_PHASE_READY"),
    enums.UPDATING: ("PHASE_RUNNING", "CONTENT_PHASE_UPDATING"),
    enums.STOPPING: ("PHASE_STOPPING", "CONTENT_PHASE_READY"),
    enums.STOPPED: ("PHASE_STOPPED", "CONTENT_PHASE_UNAVAILABLE"),
    enums.DELETING: ("PHASE_DELETING", "CONTENT_PHASE_UNAVAILABLE"),
    enums.DELETED: ("PHASE_DELETED", "CONTENT_PHASE_UNAVAILABLE"),
}


def subject(who: Subject) -> Json:
    """A Subject."""
    return {"id": who.id, "principal": who.principal}


def environment(item: Environment, organization_id: str, origin: str) -> Json:
    """An Environment; its logs are found at `origin`."""
    return {
        "id": item.id,
        "metadata": _metadata(item, organization_id),
        "spec": _spec(item) if item.given is None else {**_spec(item), **_asked_for(item.given)},
        "status": _status(item, origin),
    }


def _asked_for(given: Given) -> Json:
    return {name: tidy(part) for name, part in given.spec.items() if part or isinstance(part, dict)}


def _metadata(item: Environment, organization_id: str) -> Json:
    return message(
        organizationId=organization_id,
        name=item.name,
        creator=subject(item.creator),
        annotations=maybe(item.given.annotations) if item.given else None,
        originalContextUrl=_context_url(item),
        createdAt=timestamp(item.created),
        projectId=item.project.id if item.from_project else "",
        runnerId=item.runner.id,
        lastStartedAt=timestamp(item.last_started),
        archivedAt=timestamp(item.archived_at),
        role=item.role,
        lockdownAt=timestamp(item.lockdown_at),
        sessionId=item.session_id,
    )


def _context_url(item: Environment) -> str:
    if item.given is not None:
        return item.given.context_url
    return names.context_url(item.project.repository, item.branch)


def _ports(item: Environment) -> list[Json]:
    given = item.given.spec.get("ports") if item.given else None
    if isinstance(given, list):
        return [port for port in given if isinstance(port, dict)]
    return [
        message(port=port.number, name=port.name, admission=port.admission, protocol=port.protocol)
        for port in item.project.ports
    ]


def ssh_keys(item: Environment) -> list[Json]:
    """The keys that are let in."""
    given = item.given.spec.get("sshPublicKeys") if item.given else None
    if isinstance(given, list):
        return [key for key in given if isinstance(key, dict)]
    keep = fingerprint(item.id)
    return [_ssh_key(keep, number) for number in range(keep % 3)]


def _spec(item: Environment) -> Json:
    keep = fingerprint(item.id)
    session = _session(item)
    git = message(
        remoteUri=item.project.repository,
        targetMode="CLONE_TARGET_MODE_REMOTE_BRANCH",
        cloneTarget=item.branch,
        checkoutLocation=item.project.name,
    )
    return message(
        specVersion=int64(item.spec_version),
        desiredPhase=item.desired,
        machine=message(session=session, **{"class": item.machine_class.id}),
        content=message(session=session, initializer={"specs": [{"git": git}]}),
        secrets=[_secret(name, keep) for name in catalog.SPEC_SECRETS[: keep % 4]],
        ports=_ports(item),
        timeout={"disconnected": duration(item.idle_limit)},
        admission="ADMISSION_LEVEL_CREATOR_ONLY",
        devcontainer=message(session=session),
        sshPublicKeys=ssh_keys(item),
        automationsFile=message(session=session),
        workflowActionId=dashed(keep << 64 | 0x7A1) if item.role == enums.WORKFLOW_ROLE else "",
    )


def _session(item: Environment) -> str:
    return dashed(fingerprint(item.id) << 72 | item.spec_version)


def _secret(name: str, keep: int) -> Json:
    """Name and target only; the API never sends a value here."""
    identifier = dashed(keep << 70 | len(name))
    mount = (
        {"containerRegistryBasicAuthHost": "ghcr.io"}
        if name.startswith("ghcr")
        else {"environmentVariable": name}
    )
    return message(
        id=identifier,
        name=name,
        source="managementplane",
        sourceRef=identifier,
        scope="SCOPE_PROJECT",
        **mount,
    )


def _ssh_key(keep: int, number: int) -> Json:
    blob = f"{keep * 7919 + number:028x}"
    return {
        "id": dashed(keep << 60 | number),
        "value": f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{blob} laptop-{number}",
    }


def _status(item: Environment, origin: str) -> Json:
    keep = fingerprint(item.id)
    signal = message(source=item.signal_source, timestamp=timestamp(item.signal_at))
    return message(
        statusVersion=int64(item.status_version),
        runnerAck=message(specVersion=int64(item.spec_version), statusCode="STATUS_CODE_OK"),
        phase=item.phase,
        failureMessage=list(item.failures),
        environmentUrls=_urls(item, origin),
        machine=_machine(item),
        secrets=[
            message(id=dashed(keep << 70 | len(name)), secretName=name, phase="CONTENT_PHASE_READY")
            for name in catalog.SPEC_SECRETS[: keep % 4]
            if item.usable
        ],
        content=_content(item, keep),
        devcontainer=_devcontainer(item),
        sshPublicKeys=[{"id": key["id"], "phase": "CONTENT_PHASE_READY"} for key in ssh_keys(item)],
        warningMessage=list(item.warnings) if item.usable else None,
        automationsFile=_automations_file(item),
        activitySignal=signal if item.signal_at is not None else None,
    )


def _machine(item: Environment) -> Json:
    return message(
        session=_session(item),
        phase=_PARTS_UP[item.phase][0],
        timeout=item.timed_out,
        failureMessage=item.failures[0] if item.failures else "",
        versions={"supervisorVersion": "20261104.288", "amiId": f"ami-{item.runner.region}"},
    )


def _content(item: Environment, keep: int) -> Json:
    return message(
        session=_session(item),
        phase=_PARTS_UP[item.phase][1],
        git=None if item.phase == enums.CREATING else _git(item, keep),
        contentLocationInMachine=f"/workspaces/{item.project.name}",
    )


def _git(item: Environment, keep: int) -> Json:
    subjects, listed = names.COMMIT_SUBJECTS, min(item.changed, LONGEST_GIT_LIST)
    return message(
        cloneUrl=item.project.repository,
        branch=item.branch,
        latestCommit=f"{keep * 2654435761 + item.unpushed:040x}"[-40:],
        unpushedCommits=[
            f"{keep * 40503 + number:07x}"[-7:] + ": " + subjects[(keep + number) % len(subjects)]
            for number in range(min(item.unpushed, LONGEST_GIT_LIST))
        ],
        totalUnpushedCommits=item.unpushed,
        changedFiles=[_changed_file(keep + number, number) for number in range(listed)],
        totalChangedFiles=item.changed,
    )


def _changed_file(pick: int, number: int) -> Json:
    path = names.FILES[pick % len(names.FILES)]
    kind = _CHANGE_TYPES[pick % len(_CHANGE_TYPES)]
    if number >= len(names.FILES):
        path = f"generated/{number:03d}/{path}"
    return message(
        path=path, changeType=f"CHANGE_TYPE_{kind}", oldPath=f"old/{path}" if kind == "RENAMED" else ""
    )


def _devcontainer(item: Environment) -> Json | None:
    """Absent unless the machine is up, as seen on the platform."""
    if not item.usable and item.phase != enums.STARTING:
        return None
    phase = "PHASE_RUNNING" if item.usable else "PHASE_CREATING"
    return message(
        session=_session(item),
        phase="PHASE_FAILED" if item.devcontainer_failure and item.usable else phase,
        failureMessage=item.devcontainer_failure if item.usable else "",
        devcontainerFilePath=f"/workspaces/{item.project.name}/.devcontainer/devcontainer.json",
        devcontainerFilePresence="PRESENCE_DISCOVERED",
        devcontainerconfigInSync=True,
        secretsInSync=True,
        remoteUser="vscode",
        remoteWorkspaceFolder=f"/workspaces/{item.project.name}",
    )


def _automations_file(item: Environment) -> Json:
    if not item.from_project and item.given is None:
        return {"automationsFilePresence": "PRESENCE_ABSENT"}
    return {
        "automationsFilePath": ".ona/automations.yaml",
        "automationsFilePresence": "PRESENCE_DISCOVERED",
        "phase": "CONTENT_PHASE_READY" if item.usable else "CONTENT_PHASE_UNAVAILABLE",
    }


def _urls(item: Environment, origin: str) -> Json:
    """Addresses; logs, SSH and support bundle stay when it is stopped, ports and ops do not.

    Logs move from the machine to the runner's archive with the stop. Both are this simulator.
    """
    host = f"{item.id}.{item.runner.domain}"
    archive = f"https://{item.runner.id}.{item.runner.domain}"
    return message(
        ssh={"url": f"ssh://{host}"},
        logs=addresses.environment(origin, item),
        supportBundle=f"{archive}/support/{item.id}",
        ops=f"https://22997--{host}" if item.usable else "",
        ports=[
            {"port": port["port"], "url": f"https://{port['port']}--{host}"}
            for port in _ports(item)
            if item.usable
        ],
    )
