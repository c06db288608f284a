"""What the API has and this dashboard does not deal with, and why: the one place for such decisions.

Keys are `Message.field`, by protobuf name and JSON name. A test holds both tables, the models and the messages
against the descriptors of the official client: a field that nobody decided about fails it, and so does an entry
for a field that is no more. What is unread has no field in the models, so it cannot travel further.

Of three things only the keys are read, because the values may be secrets: `output` of services and of steps,
and `environment` of containers, whose values `values` reads for the one call that sends them back. User parts are
cut out of web addresses.
"""

LEADS_TO_A_VALUE = "tells how to get at a secret's value"
SET_UP_OF_A_PROJECT = "set-up of a project; environments carry what came of it"
SET_UP_OF_A_RUNNER = "set-up of a runner, not the state of its environments"
A_RUNNERS_OWN = "for those who operate the runner itself"
KERNEL = "tells what is watched and what is not; it is the administrators' business"
ANOTHER_RUN = "restarts something, which a thing that is new does not need"
SET_BY_THE_API = "the API sets it; what a client sends is ignored"
SORTED_HERE = "the dashboard has the whole list and sorts and counts by itself"
WHOLE_LIST = "the dashboard reads the whole list and looks things up in it"

UNREAD: dict[str, str] = {
    "EnvironmentVariableItem.value": "a literal value is often a secret; only the name is read",
    "EnvironmentVariableItem.valueFrom": "which secret feeds a variable is nobody's business on a dashboard",
    "EnvironmentSpec.SSHPublicKey.value": "the body of a key; its id is enough to show its state",
    "EnvironmentSpec.Secret.credentialProxy": LEADS_TO_A_VALUE,
    "EnvironmentSpec.Secret.sourceDetails": LEADS_TO_A_VALUE,
    "EnvironmentSpec.Secret.sourceRef": LEADS_TO_A_VALUE,
    "EnvironmentSpec.EnvironmentPort.authNonce": "part of how a port is protected",
    "EnvironmentSpec.kernelControlsConfig": KERNEL,
    "ListEnvironmentsResponse.count": SORTED_HERE,
    "ListMembersResponse.count": SORTED_HERE,
    "ListProjectsResponse.count": SORTED_HERE,
    "Project.automationsFilePath": SET_UP_OF_A_PROJECT,
    "Project.desiredPhase": "says no more than that a listed project is there",
    "Project.devcontainerFilePath": SET_UP_OF_A_PROJECT,
    "Project.environmentClass": "one class, of old; the list of classes has it too",
    "Project.initializer": SET_UP_OF_A_PROJECT,
    "Project.prebuildConfiguration": SET_UP_OF_A_PROJECT,
    "Project.recommendedEditors": SET_UP_OF_A_PROJECT,
    "Project.technicalDescription": "kilobytes of prose for agents, not for people",
    "Project.usedBy": "who uses it can be seen from its environments",
    "Runner.runnerManagerId": A_RUNNERS_OWN,
    "Runner.spec": SET_UP_OF_A_RUNNER,
    "Runner.updatedAt": "when its set-up changed; its status has a time of its own",
    "RunnerStatus.additionalInfo": A_RUNNERS_OWN,
    "RunnerStatus.capabilities": "what its version can do; nothing here depends on it",
    "RunnerStatus.gatewayInfo": A_RUNNERS_OWN,
    "RunnerStatus.llmUrl": A_RUNNERS_OWN,
    "RunnerStatus.logUrl": A_RUNNERS_OWN,
    "RunnerStatus.publicKey": A_RUNNERS_OWN,
    "RunnerStatus.supportBundleUrl": A_RUNNERS_OWN,
    "RunnerStatus.systemDetails": A_RUNNERS_OWN,
}
"""In answers, never read."""

UNSENT: dict[str, str] = {
    "EnvironmentSpec.AutomationsFile.session": ANOTHER_RUN,
    "EnvironmentSpec.Content.session": ANOTHER_RUN,
    "EnvironmentSpec.DevContainer.session": ANOTHER_RUN,
    "EnvironmentSpec.Machine.session": ANOTHER_RUN,
    "EnvironmentSpec.DevContainer.lifecycleStage": "for prebuilds, which the API makes by itself",
    "EnvironmentSpec.EnvironmentPort.authNonce": SET_BY_THE_API,
    "EnvironmentSpec.kernelControlsConfig": KERNEL,
    "EnvironmentSpec.secrets": "secrets are given to projects and people, not to a single environment",
    "EnvironmentSpec.securityPolicyId": "administrators set policies for the organization",
    "EnvironmentSpec.specVersion": SET_BY_THE_API,
    "EnvironmentSpec.workflowActionId": "for environments that a workflow creates",
    "ListEnvironmentClassesRequest.filter": WHOLE_LIST,
    "ListEnvironmentsRequest.count": SORTED_HERE,
    "ListEnvironmentsRequest.sort": SORTED_HERE,
    "ListMembersRequest.Filter.email": WHOLE_LIST,
    "ListMembersRequest.Filter.excludeGroupIds": WHOLE_LIST,
    "ListMembersRequest.Filter.excludeMembersInAnyTeam": WHOLE_LIST,
    "ListMembersRequest.Filter.loginProvider": WHOLE_LIST,
    "ListMembersRequest.Filter.roles": WHOLE_LIST,
    "ListMembersRequest.Filter.search": WHOLE_LIST,
    "ListMembersRequest.Filter.statuses": WHOLE_LIST,
    "ListMembersRequest.count": SORTED_HERE,
    "ListMembersRequest.sort": SORTED_HERE,
    "ListProjectsRequest.count": SORTED_HERE,
    "ListProjectsRequest.filter": WHOLE_LIST,
    "ListProjectsRequest.sort": SORTED_HERE,
    "ListRunnersRequest.filter": WHOLE_LIST,
    "ServiceMetadata.createdAt": SET_BY_THE_API,
    "ServiceMetadata.creator": SET_BY_THE_API,
    "ServiceSpec.desiredPhase": "StartService and StopService set it",
    "ServiceSpec.session": ANOTHER_RUN,
    "ServiceSpec.specVersion": SET_BY_THE_API,
    "TaskMetadata.createdAt": SET_BY_THE_API,
    "TaskMetadata.creator": SET_BY_THE_API,
    "UpdateEnvironmentRequest.Spec.kernelControlsConfig": KERNEL,
    "UpdateServiceRequest.status": "only the environment that runs the service may report its status",
}
"""In requests, never sent."""
