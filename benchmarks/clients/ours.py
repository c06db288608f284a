"""The dashboard's own sweeps, from the API into Redis: `python -m benchmarks.clients.ours`, order on stdin.

Into an empty Redis, `kinds` only. `before`: sweeps of the same process that go before the one that is measured;
`change`: the share of the environments that changes before each sweep but the first.
"""

import time

import httpx
import redis

from benchmarks.clients.meter import measured, order, tell
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, connect
from dashboard.fleet.sync import Sync
from dashboard.ona import Ona


def main() -> None:
    asked = order()
    client = redis.Redis.from_url(asked["redis_url"])
    if not asked.get("keep"):
        client.flushall()
    store = Store(connect(asked["redis_url"]), "bench")
    with Ona.open(asked["base_url"], "key") as ona:
        sync = Sync(ona, store, Snapshot(store, time.monotonic), time.time)
        next(ona.environments.pages(page_size=1))  # connect, as the others do
        store.position()
        kinds = [Kind(kind) for kind in asked.get("kinds", ())]

        def work() -> dict[str, float]:
            sweep = sync.full(kinds) if kinds else sync.full()
            if sweep.error:
                raise RuntimeError(sweep.error)
            return {"items": sum(sweep.counts.values()), "requests": sweep.requests, "changed": sweep.changed}

        for _ in range(asked.get("before", 0)):
            work()
            if share := asked.get("change"):
                httpx.post(asked["base_url"].removesuffix("/api") + "/standin", json={"change": share})
        tell(measured(work))


if __name__ == "__main__":
    main()
