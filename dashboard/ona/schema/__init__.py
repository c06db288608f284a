"""The API's resources as typed, frozen values. Import the module and write `schema.Environment`.

Secrets stop here: what `OMITTED` lists is on the wire and has no field in these models, so it
cannot travel further.
"""

from dashboard.ona.schema.automation import Service, ServiceStatus, Task, TaskExecution
from dashboard.ona.schema.base import Model, enum_name, short, without_credentials
from dashboard.ona.schema.directory import Identity, Member, Project, Runner
from dashboard.ona.schema.environment import Environment, EnvironmentClass, EnvironmentStatus, Subject
from dashboard.ona.schema.environment_spec import EnvironmentSpec, Trigger

OMITTED = {
    "spec.env[].value": "a literal value of an environment variable is often a secret; only the name is read",
    "spec.env[].valueFrom": "which secret feeds a variable is nobody's business on a dashboard",
    "spec.runsOn.docker.environment[]": "KEY=VALUE texts; only the keys are read",
    "spec.sshPublicKeys[].value": "the body of a key; its id is enough to show its state",
    "spec.secrets[].credentialProxy, sourceRef, sourceDetails": "tell how to get at a secret's value",
    "spec.kernelControlsConfig": "tells what is watched and what is not",
    "spec.ports[].authNonce": "part of a port's authentication",
    "status.output values": "whatever a script published, up to 4 kB each; only the keys are read",
    "runner.status.publicKey, llmUrl, additionalInfo, spec.configuration": "set-up of a runner, no state",
}
"""Fields deliberately not declared, and why. User parts of web addresses are cut out too."""

__all__ = [
    "OMITTED",
    "Environment",
    "EnvironmentClass",
    "EnvironmentSpec",
    "EnvironmentStatus",
    "Identity",
    "Member",
    "Model",
    "Project",
    "Runner",
    "Service",
    "ServiceStatus",
    "Subject",
    "Task",
    "TaskExecution",
    "Trigger",
    "enum_name",
    "short",
    "without_credentials",
]
