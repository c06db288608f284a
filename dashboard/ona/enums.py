"""The enum values that this version knows, by the protobuf name of the enum.

For choices in forms and for checking what is sent. What is read is never checked against it: a newer value
survives as its own word. Source: the descriptors of gitpod-sdk 1.2.0, against which a test compares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """An enum: what its names start with, and its words, apart from "unspecified", one space between them."""

    prefix: str
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.text.split())

    @property
    def names(self) -> tuple[str, ...]:
        """As on the wire."""
        return tuple(self.prefix + word.upper() for word in self.words)


KNOWN: Mapping[str, Known] = {
    "AdmissionLevel": Known("ADMISSION_LEVEL_", "owner_only everyone organization creator_only"),
    "EnvironmentPhase": Known(
        "ENVIRONMENT_PHASE_",
        "creating starting running updating stopping stopped deleting deleted",
    ),
    "EnvironmentRole": Known("ENVIRONMENT_ROLE_", "default prebuild workflow"),
    "EnvironmentSpec.DevContainer.LifecycleStage": Known("LIFECYCLE_STAGE_", "full prebuild"),
    "EnvironmentSpec.EnvironmentPort.Protocol": Known("PROTOCOL_", "http https"),
    "EnvironmentSpec.Secret.Scope": Known("SCOPE_", "organization project user service_account runner"),
    "EnvironmentStatus.AutomationsFile.Presence": Known("PRESENCE_", "absent discovered specified"),
    "EnvironmentStatus.ContentPhase": Known(
        "CONTENT_PHASE_",
        "creating initializing ready updating failed unavailable",
    ),
    "EnvironmentStatus.DevContainer.Phase": Known("PHASE_", "creating running stopped failed"),
    "EnvironmentStatus.DevContainer.Presence": Known("PRESENCE_", "generated discovered specified"),
    "EnvironmentStatus.Machine.Phase": Known(
        "PHASE_",
        "creating starting running stopping stopped deleting deleted",
    ),
    "EnvironmentStatus.RunnerACK.StatusCode": Known(
        "STATUS_CODE_",
        "ok invalid_resource failed_precondition",
    ),
    "FileChange.ChangeType": Known(
        "CHANGE_TYPE_",
        "added modified deleted renamed copied updated_but_unmerged untracked",
    ),
    "GitInitializer.CloneTargetMode": Known(
        "CLONE_TARGET_MODE_",
        "remote_head remote_commit remote_branch local_branch remote_tag",
    ),
    "ListEnvironmentsRequest.ArchivalStatus": Known("ARCHIVAL_STATUS_", "active archived all"),
    "OrganizationRole": Known("ORGANIZATION_ROLE_", "admin member"),
    "Principal": Known("PRINCIPAL_", "account user runner environment service_account runner_manager"),
    "ResourceOperation": Known("RESOURCE_OPERATION_", "create update delete update_status"),
    "ResourceType": Known(
        "RESOURCE_TYPE_",
        "environment runner project task task_execution service organization user environment_class "
        "runner_scm_integration host_authentication_token group personal_access_token "
        "user_preference service_account secret sso_config domain_verification agent_execution "
        "runner_llm_integration agent environment_session user_secret organization_policy "
        "organization_secret project_environment_class billing prompt coupon coupon_redemption "
        "account integration workflow workflow_execution workflow_execution_action snapshot "
        "prebuild organization_llm_integration custom_domain role_assignment_changed "
        "group_membership_changed webhook scim_configuration service_account_secret "
        "announcement_banner service_account_token role_assignment warm_pool notification "
        "security_policy",
    ),
    "RunnerKind": Known("RUNNER_KIND_", "local remote local_configuration"),
    "RunnerPhase": Known("RUNNER_PHASE_", "created inactive active deleting deleted degraded"),
    "RunnerProvider": Known("RUNNER_PROVIDER_", "aws_ec2 linux_host desktop_mac managed gcp dev_agent"),
    "ServicePhase": Known("SERVICE_PHASE_", "starting running stopping stopped failed deleted"),
    "ServiceRole": Known("SERVICE_ROLE_", "default editor ai_agent security_agent"),
    "TaskExecutionPhase": Known("TASK_EXECUTION_PHASE_", "pending running succeeded failed stopped"),
    "UserStatus": Known("USER_STATUS_", "active suspended left"),
}
