"""Plays the worker for a crowd: every three seconds one percent of the environments is in another phase."""

import os
import time
from random import Random

from benchmarks.rows import changed, write
from dashboard.fleet.snapshot import load
from dashboard.fleet.store import Store, Sweep, connect, namespace

EVERY, SHARE = 3.0, 0.01


def main() -> None:
    store = Store(
        connect(os.environ["REDIS_URL"]), namespace(os.environ["ONA_BASE_URL"], os.environ["ONA_API_KEY"])
    )
    fleet, rng = dict(load(store).environments), Random(2)
    while True:
        some = changed(list(fleet.values()), SHARE, rng)
        write(store, some)
        fleet |= {row.id: row for row in some}
        for name in ("hot", "full"):
            store.record(Sweep(name, time.time()))
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
