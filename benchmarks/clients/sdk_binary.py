"""gitpod-sdk 1.2.0 (generated, Connect, binary protobuf) pages through everything of a kind, in its own environment."""

import importlib
from operator import attrgetter

from gitpod.v1 import pagination_pb2
from meter import measured, order, tell

CALLS = {
    "environments": ("environment", "EnvironmentService", "ListEnvironments", "list_environments"),
    "services": ("environment_automation", "EnvironmentAutomationService", "ListServices", "list_services"),
    "tasks": ("environment_automation", "EnvironmentAutomationService", "ListTasks", "list_tasks"),
}

KEPT = attrgetter(
    "id",
    *("metadata.name", "metadata.creator.id", "metadata.creator.principal", "metadata.original_context_url"),
    *("metadata.created_at.seconds", "metadata.last_started_at.seconds", "metadata.archived_at.seconds"),
    *("metadata.lockdown_at.seconds", "metadata.project_id", "metadata.runner_id", "metadata.role"),
    *("spec.spec_version", "spec.desired_phase", "spec.timeout.disconnected.seconds", "spec.ports"),
    *("spec.content.initializer.specs", "status.status_version", "status.phase", "status.failure_message"),
    *("status.warning_message", "status.machine.failure_message", "status.machine.warning_message"),
    *("status.content.failure_message", "status.content.warning_message", "status.machine.timeout"),
    *("status.devcontainer.failure_message", "status.devcontainer.warning_message"),
    *("status.automations_file.failure_message", "status.automations_file.warning_message"),
    *("status.activity_signal.source", "status.activity_signal.timestamp.seconds"),
    *("status.content.git.clone_url", "status.content.git.branch"),
    *("status.content.git.total_unpushed_commits", "status.content.git.total_changed_files"),
    "status.environment_urls.ports",
)
"""What the dashboard keeps of an environment, read once. Until it is read, it is no value of Python."""


def read(environment) -> None:
    KEPT(environment)
    getattr(environment.spec.machine, "class")
    for port in environment.spec.ports:
        _ = port.port, port.name, port.admission, port.protocol
    for address in environment.status.environment_urls.ports:
        _ = address.port, address.url
    for part in environment.spec.content.initializer.specs:
        _ = part.git.remote_uri, part.git.clone_target, part.context_url.url
    _ = list(environment.status.failure_message), list(environment.status.warning_message)


def main() -> None:
    asked = order()
    module, service, method, function = CALLS[asked["kind"]]
    messages = importlib.import_module(f"gitpod.v1.{module}_pb2")
    request_type = getattr(messages, f"{method}Request")
    client = getattr(importlib.import_module(f"gitpod.v1.{module}_connect"), f"{service}ClientSync")(
        asked["base_url"]
    )
    headers = {"authorization": "Bearer key"}

    def page(token: str, size: int = 100):
        pagination = pagination_pb2.PaginationRequest(token=token, page_size=size)
        return getattr(client, function)(request_type(pagination=pagination), headers=headers)

    page("", 1)  # connect, and build what is built at the first call

    def work() -> dict[str, float]:
        items, pages, token = 0, 0, ""
        while True:
            answer = page(token)
            pages += 1
            found = getattr(answer, asked["kind"])
            items += len(found)
            if asked.get("read"):
                for item in found:
                    read(item)
            token = answer.pagination.next_token
            if not token:
                return {"items": items, "requests": pages}

    tell(measured(work))


main()
