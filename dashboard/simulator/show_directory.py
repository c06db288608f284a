"""People, projects, runners and machine classes as JSON."""

from dashboard.simulator.ids import fingerprint
from dashboard.simulator.models import MachineClass, Member, Project, Runner
from dashboard.simulator.show_environment import subject
from dashboard.simulator.wire import Json, message, timestamp, timestamp_nanos


def member(item: Member) -> Json:
    """An OrganizationMember."""
    return message(
        userId=item.id,
        role=item.role,
        memberSince=timestamp(item.since),
        fullName=item.name,
        email=item.email,
        status=item.status,
        loginProvider=item.login,
    )


def project(item: Project, organization_id: str) -> Json:
    """A Project; its deprecated `environmentClass` is absent, as seen on the platform."""
    return message(
        id=item.id,
        metadata=message(
            organizationId=organization_id,
            name=item.name,
            creator=subject(item.creator),
            createdAt=timestamp(item.created),
            updatedAt=timestamp(item.created),
        ),
        initializer={"specs": [{"git": {"remoteUri": item.repository}}]},
        environmentClasses=[
            message(environmentClassId=machine.id, order=order) for order, machine in enumerate(item.classes)
        ],
        automationsFilePath=".ona/automations.yaml",
        desiredPhase="PROJECT_PHASE_ACTIVE",
    )


def runner(item: Runner, at: float) -> Json:
    """A Runner; it reported its status half a minute ago, with nanoseconds."""
    return message(
        runnerId=item.id,
        createdAt=timestamp(item.created),
        name=item.name,
        kind=item.kind,
        provider=item.provider,
        spec={"desiredPhase": "RUNNER_PHASE_ACTIVE"},
        status=message(
            updatedAt=timestamp_nanos(at - at % 30, fingerprint(item.id) % 1000),
            version="20261118.1204",
            phase=item.phase,
            message=item.message,
            region=item.region,
            capabilities=list(item.capabilities),
        ),
    )


def machine_class(item: MachineClass) -> Json:
    """An EnvironmentClass; a disabled one lacks `enabled`."""
    return message(
        id=item.id,
        displayName=item.name,
        description=item.description,
        configuration=[{"key": key, "value": value} for key, value in item.settings],
        runnerId=item.runner.id,
        enabled=item.enabled,
    )
