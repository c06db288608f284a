"""gitpod-sdk 0.11.0 (httpx, pydantic, JSON) pages through everything of a kind. Runs in an environment of its own."""

from gitpod import Gitpod
from meter import measured, order, tell

CALLS = {
    "environments": lambda client: client.environments.list(page_size=100),
    "services": lambda client: client.environments.automations.services.list(page_size=100),
    "tasks": lambda client: client.environments.automations.tasks.list(page_size=100),
}


def main() -> None:
    asked = order()
    with Gitpod(bearer_token="key", base_url=asked["base_url"], max_retries=0) as client:
        client.environments.list(page_size=1)  # connect, and build what is built at the first call

        def work() -> dict[str, float]:
            items = pages = 0
            for page in CALLS[asked["kind"]](client).iter_pages():
                pages += 1
                items += len(page._get_page_items())
            return {"items": items, "requests": pages}

        tell(measured(work))


main()
