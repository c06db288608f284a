"""Carries out calls with the official client. Runs in an environment of its own, outside the project.

Reads orders from stdin, one a line: `{"base_url", "key", "steps": [...]}`. Answers each with a line on stdout: a list
with one result per step. A step:

    {"call": "environments.retrieve", "args": {...}}      → {"value": <the answer as JSON>}
    {"call": "environments.list", "args": {...}, "pages": true}
                                                          → {"items": [...], "pages": <number of pages>}
    {"call": ..., "args": ..., "watch": "environment.status.phase", "until": [...], "seconds": 20}
                                                          → {"seen": [values in the order they appeared]}

    {"call": "events.watch", "args": {...}, "take": 2, "meanwhile": [steps]}
                                                          → {"events": [the first two], "meanwhile": [results]}

An error of the client becomes `{"error": <class name>, "status": <HTTP status>, "body": <its body>}`.
"""

import json
import sys
import time
from typing import Any

from gitpod import APIStatusError, Gitpod

WATCH_EVERY_SECONDS = 0.05


def carry_out(client: Gitpod, step: dict[str, Any]) -> dict[str, Any]:
    """One step's result; every error of the client is a result too."""
    method: Any = client
    for name in step["call"].split("."):
        method = getattr(method, name)
    try:
        if "take" in step:
            return _events(client, method, step)
        if "watch" in step:
            return {"seen": _watch(method, step)}
        answer = method(**step.get("args", {}))
        if step.get("pages"):
            return _all_pages(answer)
        return {"value": answer if isinstance(answer, dict) else _plain(answer)}
    except APIStatusError as error:
        return {"error": type(error).__name__, "status": error.status_code, "body": error.body}


def _plain(answer: Any) -> Any:
    return answer.to_dict(mode="json") if hasattr(answer, "to_dict") else answer


def _all_pages(first: Any) -> dict[str, Any]:
    """Items in the order the client's own paging yields them."""
    pages = 0
    items: list[Any] = []
    for page in first.iter_pages():
        pages += 1
        items.extend(_plain(item) for item in page._get_page_items())
    return {"items": items, "pages": pages}


def _events(client: Gitpod, method: Any, step: dict[str, Any]) -> dict[str, Any]:
    """The first events of a stream, opened before the steps `meanwhile` are carried out."""
    stream = method(**step["args"])
    try:
        meanwhile = [carry_out(client, one) for one in step.get("meanwhile", ())]
        return {"events": [_plain(next(stream)) for _ in range(step["take"])], "meanwhile": meanwhile}
    finally:
        stream.close()


def _watch(method: Any, step: dict[str, Any]) -> list[Any]:
    seen: list[Any] = []
    deadline = time.monotonic() + step["seconds"]
    while time.monotonic() < deadline and (not seen or seen[-1] not in step["until"]):
        value: Any = _plain(method(**step["args"]))
        for name in step["watch"].split("."):
            value = (value or {}).get(name)
        if not seen or seen[-1] != value:
            seen.append(value)
        time.sleep(WATCH_EVERY_SECONDS)
    return seen


def main() -> None:
    """Carry out orders until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        with Gitpod(
            bearer_token=order["key"], base_url=order["base_url"], max_retries=0, timeout=20
        ) as client:
            results = [carry_out(client, step) for step in order["steps"]]
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
