"""The stand-in that both sides of a comparison page through: `python -m benchmarks.standin --environments 10000`.

The simulated fleet, rendered once as JSON and as binary protobuf, so that the server costs the same little for
either and the measured side is what takes the time. It holds back every answer by the latency it is told:

    POST /standin {"latency_ms": 50}     from now on
    POST /standin {"change": 0.01}       this share of the environments changes

Prints its address, then serves until it is ended. Run in a process of its own.
"""

import argparse
import base64
import gzip
import json
import signal
import struct
import subprocess
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.simulator import World, show_automation, show_environment
from dashboard.simulator.server import Server, bind
from tests.referee import venv

GENERATED = Path(venv.__file__).with_name("requirements-generated.txt")
TO_BINARY = Path(__file__).with_name("clients") / "to_binary.py"
LISTS = {
    "ListEnvironments": "environments",
    "ListServices": "services",
    "ListTasks": "tasks",
    "ListTaskExecutions": "taskExecutions",
}
START = 1_790_000_000.0
PHASE = "ENVIRONMENT_PHASE_"


class List:
    """The items of one method, newest first, each as JSON and as binary protobuf."""

    def __init__(self, name: str, items: list[dict[str, Any]]) -> None:
        self.name = name
        self.items = items
        self.ids = [item["id"] for item in reversed(items)]  # ascending, for bisect
        self.texts = [encoded(item) for item in items]
        self.binaries: list[bytes] = []
        self.field = self.pagination_field = 0
        self.inside: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            home = item.get("environmentId") or item["metadata"].get("environmentId", "")
            self.inside.setdefault(home, []).append(place)
        self.created = [moment(item) for item in items]

    def places(self, restriction: dict[str, Any]) -> list[int] | range:
        """Which items pass a filter, in order."""
        found: Iterable[int] | range = range(len(self.items))
        if homes := restriction.get("environmentIds"):
            found = sorted(place for home in homes for place in self.inside.get(home, ()))
        if "createdBefore" in restriction:
            bound = datetime.fromisoformat(restriction["createdBefore"]).timestamp()
            found = range(bisect_left(self.created, -bound, key=lambda at: -at), len(self.items))
            while found and self.created[found[0]] >= bound:
                found = found[1:]  # type: ignore[index]
        if phases := restriction.get("statusPhases") or restriction.get("phases"):
            found = [place for place in found if self.items[place]["status"].get("phase") in phases]
        if restriction.get("archivalStatus") == "ARCHIVAL_STATUS_ARCHIVED":
            found = []
        return found if isinstance(found, range) else list(found)

    def change(self, places: Iterable[int]) -> None:
        """These have changed: a higher version, one more file."""
        for place in places:
            item = self.items[place]
            item["status"]["statusVersion"] = str(int(item["status"].get("statusVersion", "0")) + 1)
            signal_ = item["status"].setdefault("activitySignal", {"source": "VS Code"})
            signal_["timestamp"] = datetime.fromtimestamp(
                START + int(item["status"]["statusVersion"])
            ).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.texts[place] = encoded(item)


def encoded(item: dict[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def moment(item: dict[str, Any]) -> float:
    return datetime.fromisoformat(item["metadata"].get("createdAt", "1970-01-01T00:00:00Z")).timestamp()


class StandIn:
    """The WSGI application."""

    def __init__(self, environments: int) -> None:
        world = World(environments=environments, seed=7, life=False, speed=0, now=lambda: START)
        home, origin = world.directory.organization_id, "http://stand-in"
        rows = [row for row in world.environment_table.descending() if row.archived_at is None]
        rows = [row for row in rows if not row.phase.endswith(("DELETED", "DELETING"))]
        shown = {
            "ListEnvironments": [show_environment.environment(row, home, origin) for row in rows],
            "ListServices": [
                show_automation.service(row, START, origin) for row in world.service_table.descending()
            ],
            "ListTasks": [show_automation.task(row) for row in world.task_table.descending()],
            "ListTaskExecutions": [
                show_automation.execution(row, origin) for row in world.execution_table.descending()
            ],
        }
        self.lists = {method: List(LISTS[method], items) for method, items in shown.items()}
        self.latency, self.turn, self.requests = 0.0, 0, 0

    def add_binaries(self, methods: Iterable[str]) -> None:
        """Have the official client's own classes turn the items into protobuf."""
        with subprocess.Popen(
            [venv.python(GENERATED), TO_BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as converter:
            assert converter.stdin is not None
            assert converter.stdout is not None
            for method in methods:
                chosen = self.lists[method]
                texts = [text.decode() for text in chosen.texts]
                converter.stdin.write(json.dumps([method, texts]) + "\n")
                converter.stdin.flush()
                chosen.field, chosen.pagination_field, packed = json.loads(converter.stdout.readline())
                chosen.binaries = [base64.b64decode(one) for one in packed]
            converter.stdin.close()

    def __call__(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":  # as the generated client sends it
            body = gzip.decompress(body)
        path = environ["PATH_INFO"]
        if path == "/standin":
            return self.told(json.loads(body), start_response)
        method = path.rpartition("/")[2]
        binary = environ.get("CONTENT_TYPE") == "application/proto"
        time.sleep(self.latency)
        self.requests += 1
        answer = self.binary(method, body) if binary else self.json(method, environ, body)
        kind = "application/proto" if binary else "application/json"
        start_response("200 OK", [("Content-Type", kind)])
        return iter([answer])

    def told(self, order: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        if "latency_ms" in order:
            self.latency = order["latency_ms"] / 1000
        if "change" in order:
            total = len(self.lists["ListEnvironments"].items)
            self.turn += 1
            step = max(1, round(1 / order["change"]))
            self.lists["ListEnvironments"].change(range(self.turn % step, total, step))
        start_response("200 OK", [("Content-Type", "application/json")])
        return iter([json.dumps({"requests": self.requests}).encode()])

    def json(self, method: str, environ: Any, body: bytes) -> bytes:
        if method not in self.lists:
            return b'{"pagination":{}}'
        asked, chosen = json.loads(body or b"{}"), self.lists[method]
        query = dict(part.split("=", 1) for part in environ.get("QUERY_STRING", "").split("&") if "=" in part)
        pagination = asked.get("pagination", {})
        size = int(query.get("pageSize") or pagination.get("pageSize") or 25)
        token = query.get("token") or pagination.get("token") or ""
        places = chosen.places(asked.get("filter", {}))
        start = int(token) if token else 0
        page = [chosen.texts[place] for place in places[start : start + size]]
        more = b'"nextToken":"%d"' % (start + size) if start + size < len(places) else b""
        return b'{"%s":[%s],"pagination":{%s}}' % (chosen.name.encode(), b",".join(page), more)

    def binary(self, method: str, body: bytes) -> bytes:
        """By hand: of the request the pagination alone is read, of the answer every item is ready."""
        chosen, size, start = self.lists[method], 25, 0
        for number, value in fields(body):
            if number == 1 and isinstance(value, bytes):
                for inner, content in fields(value):
                    if isinstance(content, bytes):
                        start = int(content or b"0")
                    elif isinstance(content, int) and inner:
                        size = content
        end = start + size
        answer = bytearray()
        for item in chosen.binaries[start:end]:
            answer += nested(chosen.field, item)
        token = str(end).encode() if end < len(chosen.binaries) else b""
        return bytes(answer + nested(chosen.pagination_field, nested(1, token)))


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and nested bytes of a protobuf message."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        value, at = varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            yield tag >> 3, value


def varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def nested(field: int, content: bytes) -> bytes:
    return written(field << 3 | 2) + written(len(content)) + content


def written(number: int) -> bytes:
    parts = bytearray()
    while number >= 0x80:
        parts += struct.pack("B", number & 0x7F | 0x80)
        number >>= 7
    return bytes(parts + struct.pack("B", number))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--environments", type=int, default=10_000)
    parser.add_argument("--binary", nargs="*", default=["ListEnvironments"])
    options = parser.parse_args()
    stand_in = StandIn(options.environments)
    stand_in.add_binaries(options.binary)
    server = Server(stand_in, bind(0))

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    sizes = {chosen.name: len(chosen.items) for chosen in stand_in.lists.values()}
    print(json.dumps({"address": server.address, "sizes": sizes}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
