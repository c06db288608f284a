"""gitpod-sdk 1.2.0 (generated, Connect, binary protobuf) pages through everything of a kind, in its own environment."""

import importlib

from gitpod.v1 import pagination_pb2
from meter import measured, order, tell

CALLS = {
    "environments": ("environment", "EnvironmentService", "ListEnvironments", "list_environments"),
    "services": ("environment_automation", "EnvironmentAutomationService", "ListServices", "list_services"),
    "tasks": ("environment_automation", "EnvironmentAutomationService", "ListTasks", "list_tasks"),
}


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
            items += len(getattr(answer, asked["kind"]))
            token = answer.pagination.next_token
            if not token:
                return {"items": items, "requests": pages}

    tell(measured(work))


main()
