"""Speaks to the simulator in-process, as a client without any help would, with a clock that tests move."""

import json
from typing import Any

from werkzeug.test import Client

from dashboard.simulator import World, create_app

START = 1_790_000_000.0
ENVIRONMENTS = "gitpod.v1.EnvironmentService"
AUTOMATIONS = "gitpod.v1.EnvironmentAutomationService"


class Time:
    """Real time as a test tells it, in epoch seconds."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += seconds


class Wire:
    """A world, its clock, and calls to it."""

    def __init__(self, *, app: dict[str, Any] | None = None, **options: Any) -> None:
        self.time = Time()
        self.world = World(now=self.time, **{"life": False, **options})
        self.http = Client(create_app(self.world, **(app or {})))

    def raw(
        self, method: str, body: bytes = b"{}", query: str = "", verb: str = "POST", **headers: str
    ) -> Any:
        """The HTTP answer. Header names use _ for -."""
        sent = {"Authorization": "Bearer key", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return self.http.open(f"/api/{method}", method=verb, data=body, query_string=query, headers=sent)

    def post(self, method: str, body: Any) -> Any:
        """The HTTP answer to a JSON body."""
        return self.raw(method, json.dumps(body).encode())

    def call(self, method: str, query: str = "", **body: Any) -> Any:
        """The JSON of a call that has to succeed."""
        answer = self.raw(method, json.dumps(body).encode(), query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def refused(self, method: str, query: str = "", **body: Any) -> tuple[int, str, str]:
        """(HTTP status, code, message) of a call that has to fail."""
        answer = self.raw(method, json.dumps(body).encode(), query)
        assert answer.status_code != 200, answer.text
        return answer.status_code, answer.json["code"], answer.json.get("message", "")

    def environment(self, identifier: str) -> Any:
        return self.call(f"{ENVIRONMENTS}/GetEnvironment", environmentId=identifier)["environment"]

    def service(self, identifier: str) -> Any:
        return self.call(f"{AUTOMATIONS}/GetService", id=identifier)["service"]

    def execution(self, identifier: str) -> Any:
        return self.call(f"{AUTOMATIONS}/GetTaskExecution", id=identifier)["taskExecution"]

    def phases_until(self, last: str, read: Any, limit: float = 150) -> list[str]:
        """The phases seen by looking four times a (simulated) second until one ends with `last`."""
        seen: list[str] = []
        for _ in range(int(limit * 4)):
            phase = read().rpartition("PHASE_")[2]
            if not seen or seen[-1] != phase:
                seen.append(phase)
            if phase == last:
                return seen
            self.time.passes(0.25)
        raise AssertionError(f"{last} did not come; seen: {seen}")
